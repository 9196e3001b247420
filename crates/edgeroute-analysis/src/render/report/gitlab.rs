//! Writes findings as a code quality report, which GitLab compares between branches and shows in merge requests.
//!
//! The report is an array of findings. GitLab recognizes a finding by its fingerprint, which therefore does not contain
//! the line.

use serde::Serialize;

use super::identity::{Fingerprinted, fingerprint, path_of};
use super::{Report, Unreadable};
use edgeroute_lang::diagnostic::Severity;

#[derive(Serialize)]
struct Item<'r> {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'r>,
}

#[derive(Serialize)]
struct Location<'r> {
    path: &'r str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// The name of the check for files that could not be read.
const UNREADABLE: &str = "unreadable";

impl Report<'_> {
    /// Writes one JSON document on one line, without a line break at its end.
    #[must_use]
    pub fn gitlab(&self) -> String {
        let items: Vec<Item<'_>> =
            self.fingerprinted().map(|found| item(&found)).chain(self.unreadable.iter().map(unreadable)).collect();
        // The document has only strings as keys, so serializing it cannot fail.
        serde_json::to_string(&items).unwrap_or_default()
    }
}

fn item<'r>(found: &Fingerprinted<'_, 'r>) -> Item<'r> {
    let Fingerprinted { file, finding, fingerprint } = found;
    let diagnostic = &finding.diagnostic;
    let (start, end) = file.positions(diagnostic.primary.span);
    let route = finding.route.as_ref().map(|route| format!(" (in route `{route}`)"));
    Item {
        description: diagnostic.message.clone() + &route.unwrap_or_default(),
        check_name: diagnostic.code.as_str(),
        fingerprint: fingerprint.clone(),
        severity: match diagnostic.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
        },
        location: Location { path: path_of(file.name), lines: Lines { begin: start.line, end: end.line } },
    }
}

fn unreadable<'r>(file: &Unreadable<'r>) -> Item<'r> {
    let path = path_of(file.name);
    Item {
        description: file.message.to_owned(),
        check_name: UNREADABLE,
        fingerprint: fingerprint(&[path, UNREADABLE]),
        severity: "critical",
        location: Location { path, lines: Lines { begin: 1, end: 1 } },
    }
}
