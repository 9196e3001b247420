//! What was found in files, for people and for machines.
//!
//! A [`Report`] borrows texts and their findings. It is written in one of four forms: text as a compiler writes it (the
//! feature `pretty`), a line for each finding, JSON, and SARIF 2.1.0, which code scanning services read. Each is made
//! in time linear in the findings, however long the lines are that they are in.

mod json;
mod sarif;
mod short;
#[cfg(feature = "pretty")]
mod text;

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Finding, Label, Severity};
use crate::span::{LineIndex, Position, Span};

/// A text, what it is called, and what was found in it.
#[derive(Clone, Debug)]
pub struct FileReport<'r> {
    name: &'r str,
    text: &'r str,
    lines: LineIndex,
    routes: usize,
    findings: &'r [Finding],
}

impl<'r> FileReport<'r> {
    /// `findings` are in bytes of `text`, in the order in which they are to be shown. `routes` is how many routes were
    /// looked at. One pass over the text; allocates.
    #[must_use]
    pub fn new(name: &'r str, text: &'r str, routes: usize, findings: &'r [Finding]) -> Self {
        Self { name, text, lines: LineIndex::new(text), routes, findings }
    }

    /// What was found.
    #[must_use]
    pub const fn findings(&self) -> &'r [Finding] {
        self.findings
    }

    fn position(&self, offset: u32) -> Position {
        self.lines.position(self.text, offset)
    }

    fn positions(&self, span: Span) -> (Position, Position) {
        (self.position(span.start()), self.position(span.end()))
    }
}

/// A file that could not be looked at.
#[derive(Clone, Debug)]
pub struct Unreadable<'r> {
    /// What it is called.
    pub name: &'r str,
    /// Why it could not be read.
    pub message: &'r str,
}

/// What was found in files.
///
/// ```
/// use edgeroute::diagnostic::{Code, Diagnostic, Finding};
/// use edgeroute::render::{FileReport, Report};
/// use edgeroute::span::Span;
///
/// let text = "FROM /a WHERE level == 'hot' INTO $upstream";
/// let found = Finding::new(Diagnostic::new(Code::UnexpectedToken, Span::new(20, 22), "`==` is not an operator"));
/// let findings = [found];
/// let report = Report::new(vec![FileReport::new("hot.route", text, 1, &findings)]);
/// assert_eq!(report.short(), "hot.route:1:21: error[E0101]: `==` is not an operator\n");
/// assert!(report.json().contains(r#""location":{"start":{"line":1,"column":21},"end":{"line":1,"column":23}}"#));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Report<'r> {
    files: Vec<FileReport<'r>>,
    unreadable: Vec<Unreadable<'r>>,
}

impl<'r> Report<'r> {
    /// A report of these files.
    #[must_use]
    pub const fn new(files: Vec<FileReport<'r>>) -> Self {
        Self { files, unreadable: Vec::new() }
    }

    /// With files that could not be looked at; only the forms for machines tell of them.
    #[must_use]
    pub fn with_unreadable(mut self, unreadable: Vec<Unreadable<'r>>) -> Self {
        self.unreadable = unreadable;
        self
    }

    /// How many findings are errors, and how many are warnings.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let findings = self.findings();
        let errors = findings.clone().filter(|(_, finding)| finding.diagnostic.severity() == Severity::Error).count();
        (errors, findings.count() - errors)
    }

    /// How many routes the files have.
    #[must_use]
    pub fn routes(&self) -> usize {
        self.files.iter().map(|file| file.routes).sum()
    }

    /// The codes of all findings, each once, in order.
    #[must_use]
    pub fn codes(&self) -> Vec<Code> {
        let codes: BTreeSet<Code> = self.findings().map(|(_, finding)| finding.diagnostic.code).collect();
        Vec::from_iter(codes)
    }

    /// Every finding with its file, in order.
    fn findings(&self) -> impl Iterator<Item = (&FileReport<'r>, &'r Finding)> + Clone {
        self.files.iter().flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
    }
}

/// A label that has nothing to say still shows a place.
fn message_of(label: &Label) -> Option<&str> {
    Some(label.text.as_str()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
