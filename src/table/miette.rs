//! Implements the diagnostics of `miette` for the error types (the feature `miette`), for programs that report errors
//! with it.
//!
//! A problem of a route carries the text of the route.

use core::fmt::Display;

use miette::{MietteError, MietteSpanContents, Severity, SourceCode, SourceSpan, SpanContents};

use super::{CompileError, RouteProblem};
use edgeroute_lang::miette::{Labels, help, labels, severity};

type Related<'a> = Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>;

/// The source code is the text of the route.
impl miette::Diagnostic for RouteProblem {
    fn code(&self) -> Option<Box<dyn Display + '_>> {
        Some(Box::new(self.diagnostic().code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(severity(self.diagnostic()))
    }

    fn help(&self) -> Option<Box<dyn Display + '_>> {
        help(self.diagnostic())
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Labels<'_>> {
        Some(labels(self.diagnostic()))
    }
}

/// The text of the route, named after the route.
impl SourceCode for RouteProblem {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.text().read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            format!("route {}", self.route()),
            contents.data(),
            *contents.span(),
            contents.line(),
            contents.column(),
            contents.line_count(),
        )))
    }
}

/// Reports a single problem directly, and several problems as related diagnostics.
impl miette::Diagnostic for CompileError {
    fn code(&self) -> Option<Box<dyn Display + '_>> {
        self.only().and_then(miette::Diagnostic::code)
    }

    fn help(&self) -> Option<Box<dyn Display + '_>> {
        self.only().and_then(miette::Diagnostic::help)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.only().and_then(miette::Diagnostic::source_code)
    }

    fn labels(&self) -> Option<Labels<'_>> {
        self.only().and_then(miette::Diagnostic::labels)
    }

    fn related(&self) -> Option<Related<'_>> {
        match self.only() {
            Some(_) => None,
            None => Some(Box::new(self.problems().iter().map(|problem| problem as &dyn miette::Diagnostic))),
        }
    }
}

impl CompileError {
    fn only(&self) -> Option<&RouteProblem> {
        match self.problems() {
            [problem] => Some(problem),
            _ => None,
        }
    }
}
