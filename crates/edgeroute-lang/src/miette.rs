//! Reports errors through the crate `miette` (feature `miette`).
//!
//! The spans of a manifest's problem refer to the manifest's text, which the reporting program adds:
//! `miette::Report::new(error).with_source_code(text)`.

use core::fmt::Display;

use miette::{LabeledSpan, Severity, SourceSpan};

use crate::diagnostic::{self, Diagnostic};
use crate::manifest::{ManifestError, ManifestProblem};
use crate::span::Span;

type Related<'a> = Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>;
/// The labels of a diagnostic, the primary one first.
pub type Labels<'a> = Box<dyn Iterator<Item = LabeledSpan> + 'a>;

/// Returns the severity of a diagnostic.
#[must_use]
pub fn severity(of: &Diagnostic) -> Severity {
    match of.severity {
        diagnostic::Severity::Warning => Severity::Warning,
        diagnostic::Severity::Error => Severity::Error,
    }
}

/// Returns the help of a diagnostic, if it has any.
#[must_use]
pub fn help(of: &Diagnostic) -> Option<Box<dyn Display + '_>> {
    of.help.as_ref().map(|help| Box::new(help) as Box<dyn Display>)
}

/// Returns the labels of a diagnostic.
#[must_use]
pub fn labels(of: &Diagnostic) -> Labels<'_> {
    Box::new(of.labels().enumerate().map(|(index, label)| {
        let text = Some(label.text.clone()).filter(|text| !text.is_empty());
        let span = source_span(label.span);
        if index == 0 { LabeledSpan::new_primary_with_span(text, span) } else { LabeledSpan::new_with_span(text, span) }
    }))
}

fn source_span(span: Span) -> SourceSpan {
    let range = span.range();
    SourceSpan::new(range.start.into(), range.len())
}

/// The text is the manifest's, which the reporting program provides.
impl miette::Diagnostic for ManifestProblem {
    fn code(&self) -> Option<Box<dyn Display + '_>> {
        Some(Box::new(self.diagnostic().code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(severity(self.diagnostic()))
    }

    fn help(&self) -> Option<Box<dyn Display + '_>> {
        help(self.diagnostic())
    }

    fn labels(&self) -> Option<Labels<'_>> {
        Some(labels(self.diagnostic()))
    }
}

/// Returns all problems as related diagnostics.
impl miette::Diagnostic for ManifestError {
    fn related(&self) -> Option<Related<'_>> {
        Some(Box::new(self.problems().iter().map(|problem| problem as &dyn miette::Diagnostic)))
    }
}
