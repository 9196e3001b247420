//! Collects errors up to a limit, since a text may be wrong in a million places.

use super::{Code, Diagnostic};
use crate::span::Span;

/// The maximum number of errors kept for one text. A last error then gives the number of the others.
pub const MAX_ERRORS: usize = 100;

/// The errors of one text.
#[derive(Debug, Default)]
pub struct DiagnosticList {
    /// At most [`MAX_ERRORS`].
    kept: Vec<Diagnostic>,
    uncounted: usize,
}

impl DiagnosticList {
    /// Adds an error, or only counts it once the list is full.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            self.uncounted += 1;
        } else {
            self.kept.push(diagnostic);
        }
    }

    /// Whether there are no errors.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether the list is full, so that further errors are only counted.
    pub fn is_full(&self) -> bool {
        self.kept.len() >= MAX_ERRORS
    }

    /// Returns the error that was added last.
    pub fn last(&self) -> Option<&Diagnostic> {
        self.kept.last()
    }

    /// Returns the first error.
    pub fn first(&self) -> Option<&Diagnostic> {
        self.kept.first()
    }

    /// Sorts the errors by position. Errors at the same position keep their order.
    pub fn sort(&mut self) {
        self.kept.sort_by_key(|diagnostic| diagnostic.primary.span.start());
    }

    /// Returns all errors, and at `end` the number of those that were only counted.
    pub fn finish(self, end: Span) -> Vec<Diagnostic> {
        let mut all = self.kept;
        if self.uncounted > 0 {
            let message = match self.uncounted {
                1 => "1 more error is not listed".to_owned(),
                count => format!("{count} more errors are not listed"),
            };
            all.push(Diagnostic::new(Code::TooManyErrors, end, message));
        }
        all
    }
}
