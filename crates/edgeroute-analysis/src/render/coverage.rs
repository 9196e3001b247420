//! Writes the coverage of a set of routes by many messages, as text and JSON.

use core::fmt::Write as _;

use serde::Serialize;

use super::explanation_json::{NoteRecord, verdict_name};
use super::paint::{Color, Ink, printable};
use crate::explain::{Coverage, Lost, LostWhy, RouteCoverage, Unmatched};
use edgeroute_lang::interpret::Verdict;

/// The greatest width of the column of names.
const NAME_WIDTH: usize = 40;
/// The most sources of messages that go nowhere that the text lists.
const SOURCES: usize = 10;

/// Writes a report for people: counts, a line for each route, and the messages that went nowhere. Every line ends with
/// a line break.
#[must_use]
pub fn coverage_text(coverage: &Coverage<'_, '_>, color: Color) -> String {
    let (messages, deliveries, nowhere) = (coverage.messages(), coverage.deliveries(), coverage.nowhere());
    if messages == 0 {
        return "no messages were read\n".to_owned() + &routes_text(coverage, color);
    }
    let mut out = format!(
        "{} of {} delivered ({}); {}\n",
        number(messages - nowhere),
        counted(messages, "message"),
        counted(deliveries, "delivery"),
        color.paint(if nowhere == 0 { Ink::Good } else { Ink::Odd }, &format!("{} went nowhere", number(nowhere))),
    );
    out.push_str(&routes_text(coverage, color));
    if nowhere > 0 {
        out.push_str(&lost_text(coverage, color));
    }
    out
}

fn routes_text(coverage: &Coverage<'_, '_>, color: Color) -> String {
    let names: Vec<String> = coverage.routes().iter().map(|route| printable(route.route().name())).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(5, NAME_WIDTH);
    let mut out = format!("\n{:width$}  {:>9}  {:>9}\n", "route", "matched", "delivered");
    for (route, name) in coverage.routes().iter().zip(names) {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{name:width$}  {:>9}  {:>9}", route.matched(), route.delivered());
        if let Some(unmatched) = route.unmatched().filter(|_| coverage.messages() > 0) {
            let _ = write!(out, "  {}", color.paint(Ink::Odd, &format!("never matched{}", unmatched_text(unmatched))));
        } else if route.matched() > 0 && route.delivered() == 0 {
            let _ = write!(out, "  {}", color.paint(Ink::Odd, "always outranked"));
        }
        out.push('\n');
    }
    out
}

/// Describes why a route matched nothing, to follow another phrase.
fn unmatched_text(unmatched: &Unmatched) -> String {
    if unmatched.looked_into() == 0 {
        return String::new();
    }
    let mut reasons = Vec::new();
    if unmatched.other_source() > 0 {
        reasons.push(format!("{} from other sources", number(unmatched.other_source())));
    }
    if unmatched.is_false() > 0 {
        reasons.push(format!("{} false", number(unmatched.is_false())));
    }
    if unmatched.undefined() > 0 {
        let example = unmatched
            .example()
            .map(|(message, note)| format!(" (message {message}: {})", printable(&note.to_string())));
        reasons.push(format!("{} undefined{}", number(unmatched.undefined()), example.unwrap_or_default()));
    }
    format!(": {}", reasons.join(", "))
}

fn lost_text(coverage: &Coverage<'_, '_>, color: Color) -> String {
    let mut out = String::from("\nwent nowhere\n");
    let more = coverage.nowhere().saturating_sub(u64::try_from(coverage.lost().len()).unwrap_or(u64::MAX));
    if more > 0 {
        let by_source = coverage.lost_by_source();
        for (source, count) in by_source.iter().take(SOURCES) {
            let _ = writeln!(out, "  {} from {}", counted(*count, "message"), printable(source));
        }
        let others = by_source.iter().skip(SOURCES).map(|(_, count)| count).sum::<u64>() + coverage.of_other_sources();
        if others > 0 {
            let _ = writeln!(out, "  {} from elsewhere", counted(others, "message"));
        }
    }
    for lost in coverage.lost() {
        let head = color.paint(Ink::Strong, &format!("message {}", lost.message()));
        let _ = writeln!(out, "  {head} from {}: {}", printable(lost.source()), why_text(lost));
    }
    if more > 0 {
        let _ = writeln!(out, "  and {} more", number(more));
    }
    out
}

fn why_text(lost: &Lost<'_>) -> String {
    if lost.is_false() + lost.undefined() == 0 {
        return "no route takes its source".to_owned();
    }
    let named = |why: &LostWhy<'_>| {
        let note = why.note().map(|note| format!(" ({})", printable(&note.to_string())));
        format!("`{}` is {}{}", printable(why.route()), verdict_name(why.verdict()), note.unwrap_or_default())
    };
    let mut reasons: Vec<String> = lost.why().iter().map(named).collect();
    let named = |verdict| lost.why().iter().filter(|why| why.verdict() == verdict).count();
    for (count, verdict) in [(lost.undefined(), Verdict::Undefined), (lost.is_false(), Verdict::False)] {
        let more = count.saturating_sub(named(verdict));
        if more > 0 {
            reasons.push(format!("{more} more {}", verdict_name(verdict)));
        }
    }
    reasons.join(", ")
}

/// Writes a number with its noun: `1 message`, `2 deliveries`.
fn counted(count: u64, what: &str) -> String {
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{} {stem}ies", number(count)),
        (_, None) => format!("{} {what}s", number(count)),
    }
}

/// Writes a number with commas between thousands.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Writes a report for programs, on one line without a line break.
#[must_use]
pub fn coverage_json(coverage: &Coverage<'_, '_>) -> String {
    let sources = coverage.lost_by_source().into_iter().map(|(source, messages)| SourceRecord { source, messages });
    let record = CoverageRecord {
        messages: coverage.messages(),
        deliveries: coverage.deliveries(),
        nowhere: NowhereRecord {
            messages: coverage.nowhere(),
            sources: sources.collect(),
            of_other_sources: coverage.of_other_sources(),
            first: coverage.lost().iter().map(LostRecord::from).collect(),
        },
        routes: coverage.routes().iter().map(RouteRecord::from).collect(),
    };
    // Serializing these records cannot fail.
    serde_json::to_string(&record).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CoverageRecord<'c> {
    messages: u64,
    deliveries: u64,
    nowhere: NowhereRecord<'c>,
    routes: Vec<RouteRecord<'c>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NowhereRecord<'c> {
    messages: u64,
    sources: Vec<SourceRecord<'c>>,
    /// Messages from sources that are not counted separately because there are too many.
    of_other_sources: u64,
    first: Vec<LostRecord<'c>>,
}

#[derive(Serialize)]
struct SourceRecord<'c> {
    source: &'c str,
    messages: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LostRecord<'c> {
    message: usize,
    source: &'c str,
    /// The number of routes that select other sources. The other counts are alike.
    other_source: usize,
    r#false: usize,
    undefined: usize,
    why: Vec<WhyRecord<'c>>,
}

#[derive(Serialize)]
struct WhyRecord<'c> {
    route: &'c str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<NoteRecord>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RouteRecord<'c> {
    name: &'c str,
    endpoint: String,
    matched: u64,
    delivered: u64,
    /// Present if the route matched nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    unmatched: Option<UnmatchedRecord>,
}

/// Counts of the examined messages, such as the number that were from other sources.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnmatchedRecord {
    looked_into: u64,
    other_source: u64,
    r#false: u64,
    undefined: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<ExampleRecord>,
}

#[derive(Serialize)]
struct ExampleRecord {
    message: usize,
    note: NoteRecord,
}

impl<'c> From<&'c Lost<'_>> for LostRecord<'c> {
    fn from(lost: &'c Lost<'_>) -> Self {
        Self {
            message: lost.message(),
            source: lost.source(),
            other_source: lost.other_source(),
            r#false: lost.is_false(),
            undefined: lost.undefined(),
            why: (lost.why().iter())
                .map(|why| WhyRecord {
                    route: why.route(),
                    verdict: verdict_name(why.verdict()),
                    note: why.note().map(NoteRecord::from),
                })
                .collect(),
        }
    }
}

impl<'c> From<&'c RouteCoverage<'_, '_>> for RouteRecord<'c> {
    fn from(route: &'c RouteCoverage<'_, '_>) -> Self {
        Self {
            name: route.route().name(),
            endpoint: route.endpoint().to_string(),
            matched: route.matched(),
            delivered: route.delivered(),
            unmatched: route.unmatched().map(|unmatched| UnmatchedRecord {
                looked_into: unmatched.looked_into(),
                other_source: unmatched.other_source(),
                r#false: unmatched.is_false(),
                undefined: unmatched.undefined(),
                example: unmatched
                    .example()
                    .map(|(message, note)| ExampleRecord { message, note: NoteRecord::from(note) }),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_between_thousands() {
        let shown = [0, 999, 1000, 1_234_567].map(number);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
