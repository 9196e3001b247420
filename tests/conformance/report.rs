//! Counts rows and prints disagreements.

use std::collections::BTreeMap;

use crate::compare::Difference;
use crate::corpus::{Delivery, Question, Row, VectorMessage};
use crate::deviations;

/// The most disagreements of a run that are printed.
const SHOWN: usize = 50;

/// The state of a run.
#[derive(Default)]
pub(crate) struct Report {
    disagreements: usize,
    /// The number of rows that each deviation explains, by id, for the current engine configuration.
    taken: BTreeMap<&'static str, usize>,
}

/// The rows of one file.
#[derive(Default)]
pub(crate) struct Tally {
    total: usize,
    disagree: usize,
    deviate: usize,
}

impl Report {
    /// Counts a row, and prints how it disagrees.
    pub(crate) fn row(&mut self, tally: &mut Tally, file: &str, row: &Row, differences: &[Difference<'_>]) {
        tally.total += 1;
        let (mut ids, unexplained) = explain(row, differences);
        if !unexplained.is_empty() {
            tally.disagree += 1;
            self.disagreements += 1;
            if self.disagreements <= SHOWN {
                show(file, row, &unexplained);
            }
        } else if !ids.is_empty() {
            tally.deviate += 1;
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                *self.taken.entry(id).or_default() += 1;
            }
        }
    }

    /// Prints how many rows each deviation explains, and resets the counts.
    pub(crate) fn deviations(&mut self) {
        for (id, rows) in std::mem::take(&mut self.taken) {
            println!("deviation {id}: {rows} {}", if rows == 1 { "row" } else { "rows" });
        }
    }

    /// The number of rows that disagree, over all files and configurations.
    pub(crate) fn disagreements(&self) -> usize {
        self.disagreements
    }

    /// Prints a note if some were not printed.
    pub(crate) fn finish(&self) {
        if let Some(more) = self.disagreements.checked_sub(SHOWN).filter(|&more| more > 0) {
            println!("{more} more disagreements are not shown");
        }
    }
}

/// The ids of the deviations that explain differences, and the differences that nothing explains.
pub(crate) fn explain<'d, 'c>(
    row: &Row,
    differences: &'d [Difference<'c>],
) -> (Vec<&'static str>, Vec<&'d Difference<'c>>) {
    let mut ids = Vec::new();
    let mut unexplained = Vec::new();
    for difference in differences {
        match deviations::recognise(row, difference) {
            Some(id) => ids.push(id),
            None if difference.is_rejected_by_both() => {}
            None => unexplained.push(difference),
        }
    }
    (ids, unexplained)
}

impl Tally {
    /// The line of a file.
    pub(crate) fn line(&self, file: &str) -> String {
        let agree = self.total - self.disagree;
        let aside = if self.deviate > 0 { format!(" ({} by deviation)", self.deviate) } else { String::new() };
        format!("{file}: {agree} / {}{aside}", self.total)
    }
}

fn show(file: &str, row: &Row, differences: &[&Difference<'_>]) {
    println!("{file}:{}: disagrees", row.line);
    match &row.question {
        Err(_) => {}
        Ok(Question::Message(message)) => show_message(message),
        Ok(Question::Condition(row)) => {
            println!("    condition {:?}", row.condition);
            println!("    compiled for {:?}", row.source);
        }
        Ok(Question::Route(row)) => println!("    route {:?}", row.route),
        Ok(Question::RouteSet(row)) => {
            for route in row.routes.iter().chain(&row.fallback) {
                let id = route.id.as_deref().unwrap_or("-");
                println!("    route {id} priority {:?} ttl {:?} {:?}", route.priority, route.ttl, route.route);
            }
        }
        Ok(Question::Manifest(row)) => println!("    json {}", row.json),
        Ok(Question::SourceMatch(row)) => {
            println!("    route source {:?}, message source {:?}", row.route_source, row.message_source);
        }
    }
    for difference in differences {
        match difference {
            Difference::Unreadable(reason) => println!("    unreadable: {reason}"),
            Difference::NotRefused => println!("    expected a refusal, accepted"),
            Difference::Refused(refusal) => println!("    expected to be accepted, refused: {refusal}"),
            Difference::Crashed(None) => println!("    the reference crashed, accepted"),
            Difference::Crashed(Some(refusal)) => println!("    the reference crashed, refused: {refusal}"),
            Difference::Pointless(why) => println!("    {why}"),
            Difference::Verdict { message, expected, found } => {
                println!("    expected {expected}, found {found}, for");
                show_message(message);
            }
            Difference::Deliveries { message, expected, found } => {
                let list = |all: &[Delivery]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                println!("    expected [{}]", list(expected));
                println!("    found    [{}], for", list(found));
                show_message(message);
            }
            Difference::Part { what, expected, found } => {
                println!("    {what}: expected {expected:?}, found {found:?}");
            }
        }
    }
}

fn show_message(message: &VectorMessage) {
    println!("        properties {:?}", message.properties);
    println!("        system properties {:?}", message.system_properties);
    println!("        body {:?}", String::from_utf8_lossy(&message.body));
    if let Some(source) = &message.source {
        println!("        source {source:?}");
    }
}
