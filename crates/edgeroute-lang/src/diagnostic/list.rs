//! Errors as they are found, bounded: a text may be wrong in a million places.

use super::{Code, Diagnostic};
use crate::span::Span;

/// How many errors of one text are kept; one more then tells how many there were besides.
pub const MAX_ERRORS: usize = 100;

/// The errors of one text.
#[derive(Debug, Default)]
pub(crate) struct DiagnosticList {
    /// At most [`MAX_ERRORS`].
    kept: Vec<Diagnostic>,
    uncounted: usize,
}

impl DiagnosticList {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            self.uncounted += 1;
        } else {
            self.kept.push(diagnostic);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether further errors are only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= MAX_ERRORS
    }

    pub(crate) fn last(&self) -> Option<&Diagnostic> {
        self.kept.last()
    }

    pub(crate) fn first(&self) -> Option<&Diagnostic> {
        self.kept.first()
    }

    /// Orders them by their places; those at one place stay in the order in which they were found.
    pub(crate) fn sort(&mut self) {
        self.kept.sort_by_key(|diagnostic| diagnostic.primary.span.start());
    }

    /// All of them, and at `end` how many more there were.
    pub(crate) fn finish(self, end: Span) -> Vec<Diagnostic> {
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
