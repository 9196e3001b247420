//! Reports the findings in files, for people and for machines.
//!
//! A [`Report`] borrows texts and their findings. It is written in one of these forms: text in the style of a compiler
//! (feature `pretty`), one line per finding, JSON, SARIF 2.1.0, which code scanning services read, workflow commands of
//! GitHub Actions, and code quality reports of GitLab. Each form takes time linear in the number of findings, however
//! long the lines are.

mod github;
mod gitlab;
mod identity;
mod json;
mod sarif;
mod short;
#[cfg(feature = "pretty")]
mod text;

pub use identity::FindingIdentity;

use std::collections::BTreeSet;

use edgeroute_lang::diagnostic::{Applicability, Code, Finding, Label, Severity};
use edgeroute_lang::span::{LineIndex, Position, Span};

/// A text with its name and its findings.
#[derive(Clone, Debug)]
pub struct FileReport<'r> {
    name: &'r str,
    text: &'r str,
    lines: LineIndex,
    routes: usize,
    findings: &'r [Finding],
}

impl<'r> FileReport<'r> {
    /// Creates the report of a file. `findings` are in bytes of `text`, in the order in which they are shown. `routes`
    /// is the number of routes that were examined. Makes one pass over the text; allocates.
    #[must_use]
    pub fn new(name: &'r str, text: &'r str, routes: usize, findings: &'r [Finding]) -> Self {
        Self { name, text, lines: LineIndex::new(text), routes, findings }
    }

    /// The findings.
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

/// A file that could not be read.
#[derive(Clone, Debug)]
pub struct Unreadable<'r> {
    /// The name of the file.
    pub name: &'r str,
    /// Why it could not be read.
    pub message: &'r str,
}

/// The findings in files.
///
/// ```
/// use edgeroute_lang::diagnostic::{Code, Diagnostic, Finding};
/// use edgeroute_analysis::render::{FileReport, Report};
/// use edgeroute_lang::span::Span;
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
    marks_fixes: bool,
}

impl<'r> Report<'r> {
    /// Creates a report on these files.
    #[must_use]
    pub const fn new(files: Vec<FileReport<'r>>) -> Self {
        Self { files, unreadable: Vec::new(), marks_fixes: false }
    }

    /// Adds files that could not be read. Only the forms for machines list them.
    #[must_use]
    pub fn with_unreadable(mut self, unreadable: Vec<Unreadable<'r>>) -> Self {
        self.unreadable = unreadable;
        self
    }

    /// Notes in the text form which findings `--fix` can fix.
    #[must_use]
    pub const fn marking_fixes(mut self) -> Self {
        self.marks_fixes = true;
        self
    }

    /// The numbers of errors and warnings.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let findings = self.findings();
        let errors = findings.clone().filter(|(_, finding)| finding.diagnostic.severity == Severity::Error).count();
        (errors, findings.count() - errors)
    }

    /// The numbers of findings whose fix is safe, and of those whose fix is unsafe.
    #[must_use]
    pub fn fixable(&self) -> (usize, usize) {
        let fixes = self.findings().filter_map(|(_, finding)| finding.diagnostic.fix.as_ref());
        let safe = fixes.clone().filter(|fix| fix.applicability == Applicability::Safe).count();
        (safe, fixes.count() - safe)
    }

    /// The number of routes in the files.
    #[must_use]
    pub fn routes(&self) -> usize {
        self.files.iter().map(|file| file.routes).sum()
    }

    /// The codes of all findings, in order and without duplicates.
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

/// The message of a label. A label without a message still marks a place.
fn message_of(label: &Label) -> Option<&str> {
    Some(label.text.as_str()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
