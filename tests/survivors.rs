//! What no test notices is written down, with the reason: `tests/survivors.txt` is kept with the code.

#![expect(clippy::unwrap_used, reason = "tests stop at what should not be")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// A line of source, and a change of it in the words of cargo-mutants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Survivor {
    file: String,
    line: String,
    change: String,
}

/// The survivors that are explained; an error names the line of the list.
fn explained() -> Result<BTreeSet<Survivor>, String> {
    let mut found = BTreeSet::new();
    let mut reasoned = false;
    let mut place: Option<(&str, &str)> = None;
    let list = fs::read_to_string("tests/survivors.txt").unwrap();
    for (number, text) in (1..).zip(list.lines()) {
        let wrong = |why: &str| Err(format!("tests/survivors.txt:{number}: {why}: {text}"));
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(reason) = text.strip_prefix("== ") {
            reasoned = reason.len() > 10;
            place = None;
        } else if let Some(change) = text.strip_prefix("    ") {
            let Some((file, line)) = place else { return wrong("no line of source stands before it") };
            let survivor = Survivor { file: file.to_owned(), line: line.to_owned(), change: change.to_owned() };
            if !found.insert(survivor) {
                return wrong("it stands there twice");
            }
        } else {
            if !reasoned {
                return wrong("no reason stands before it");
            }
            place = text.split_once(": ");
            if place.is_none() {
                return wrong("neither a reason, nor a line of source, nor a change");
            }
        }
    }
    Ok(found)
}

#[test]
fn every_survivor_that_is_explained_stands_in_the_source() {
    let mut sources = BTreeMap::new();
    for Survivor { file, line, change } in explained().unwrap() {
        let source = sources
            .entry(file.clone())
            .or_insert_with(|| fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}")));
        assert!(source.lines().any(|text| text.trim() == line), "{file} has no line: {line}");
        let Some((changed, _)) = change.strip_prefix("replace ").and_then(|change| change.split_once(" with ")) else {
            assert!(change.starts_with("delete "), "no change of cargo-mutants: {change}");
            continue;
        };
        // An operator or a guard is in the line; the name of a function stands before its first line.
        let changed = changed.strip_prefix("match guard ").unwrap_or(changed);
        let name = changed.split(" -> ").next().unwrap().rsplit("::").next().unwrap();
        assert!(line.contains(changed) || source.contains(&format!("fn {name}")), "{file}: {line}: {change}");
    }
}

#[test]
fn a_run_of_mutants_has_missed_nothing_that_is_not_explained() {
    // Nothing is known of a run unless its list is given.
    let Ok(missed) = std::env::var("EDGEROUTE_MISSED") else { return };
    let explained = explained().unwrap();
    let mut news = Vec::new();
    for mutant in fs::read_to_string(missed).unwrap().lines() {
        let mut parts = mutant.splitn(4, ':');
        let (file, number, change) = (parts.next().unwrap(), parts.next().unwrap(), parts.nth(1).unwrap().trim());
        let source = fs::read_to_string(file).unwrap();
        let line = source.lines().nth(number.parse::<usize>().unwrap() - 1).unwrap().trim();
        if !explained.contains(&Survivor { file: file.to_owned(), line: line.to_owned(), change: change.to_owned() }) {
            news.push(mutant.to_owned());
        }
    }
    assert!(news.is_empty(), "{} that nothing explains:\n{}", news.len(), news.join("\n"));
}
