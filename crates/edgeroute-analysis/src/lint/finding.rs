//! The findings of lints.

use std::sync::Arc;

use super::{Level, Lint};
use edgeroute_lang::diagnostic::{self, Diagnostic, Severity};
use edgeroute_lang::span::Span;

/// One problem that a lint found in routes.
#[derive(Clone, Debug)]
pub struct Finding {
    pub(super) lint: &'static Lint,
    pub(super) level: Level,
    pub(super) place: Place,
    /// The name of the route that a finding in the manifest is about.
    pub(super) route: Option<Arc<str>>,
    pub(super) diagnostic: Diagnostic,
    pub(super) related: Vec<Related>,
}

/// Which text the spans of a finding refer to.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// The text of the route at this index.
    Route(usize),
    /// The text of the manifest.
    Manifest,
}

/// A location in the text of another route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Related {
    /// The index of the route.
    pub route: usize,
    /// The span in its text.
    pub span: Span,
    /// A description of what is there.
    pub text: String,
}

impl Finding {
    /// Sets the level, and the severity that follows from it.
    pub(super) fn at_level(mut self, level: Level) -> Self {
        self.level = level;
        self.diagnostic.severity = match level {
            Level::Deny => Severity::Error,
            Level::Allow | Level::Warn => Severity::Warning,
        };
        self
    }

    /// The lint that produced the finding.
    #[must_use]
    pub const fn lint(&self) -> &'static Lint {
        self.lint
    }

    /// The level of the lint; never [`Level::Allow`].
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The text that the finding is in.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The diagnostic. Its spans are in bytes of the text given by [`place`](Self::place); its severity follows from
    /// the level.
    #[must_use]
    pub const fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }

    /// Related locations in the texts of other routes.
    #[must_use]
    pub fn related(&self) -> &[Related] {
        &self.related
    }
}

/// The findings in a set of routes.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub(super) findings: Vec<Finding>,
    pub(super) hints: Vec<&'static Lint>,
    pub(super) undecided: usize,
}

impl Report {
    /// The findings in the order of the routes, and within a route in the order of its text. Findings that belong to no
    /// route come last.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Lints that are off by default, were not configured, and would have found something.
    #[must_use]
    pub fn hints(&self) -> &[&'static Lint] {
        &self.hints
    }

    /// The number of checks on conditions that exceeded their time budget. Problems that depend on them may not be
    /// reported.
    #[must_use]
    pub const fn undecided(&self) -> usize {
        self.undecided
    }
}

/// The findings in a manifest.
#[derive(Clone, Debug, Default)]
pub struct ManifestReport {
    pub(super) findings: Vec<diagnostic::Finding>,
    pub(super) hints: Vec<&'static Lint>,
    pub(super) undecided: usize,
}

impl ManifestReport {
    /// The findings in the order of the text, with the names of their routes. All spans are in bytes of the manifest's
    /// text. [`Lint::of`] returns the lint for a finding's code.
    #[must_use]
    pub fn findings(&self) -> &[diagnostic::Finding] {
        &self.findings
    }

    /// Returns the findings by value.
    #[must_use]
    pub fn into_findings(self) -> Vec<diagnostic::Finding> {
        self.findings
    }

    /// Same as [`Report::hints`].
    #[must_use]
    pub fn hints(&self) -> &[&'static Lint] {
        &self.hints
    }

    /// Same as [`Report::undecided`].
    #[must_use]
    pub const fn undecided(&self) -> usize {
        self.undecided
    }
}
