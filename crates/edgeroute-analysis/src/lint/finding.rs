//! What lints have found.

use super::{Level, Lint};
use crate::diagnostic::{self, Diagnostic};
use crate::span::Span;

/// One thing that a lint has found in routes.
#[derive(Clone, Debug)]
pub struct Finding {
    pub(super) lint: &'static Lint,
    pub(super) level: Level,
    pub(super) place: Place,
    pub(super) diagnostic: Diagnostic,
    pub(super) related: Vec<Related>,
}

/// Which text the spans of a finding are in.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// The text of the route at this index.
    Route(usize),
    /// The text of the manifest.
    Manifest,
}

/// A place in the text of another route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Related {
    /// The index of the route.
    pub route: usize,
    /// Where in its text.
    pub span: Span,
    /// What is there.
    pub text: String,
}

impl Finding {
    /// The lint that found it.
    #[must_use]
    pub const fn lint(&self) -> &'static Lint {
        self.lint
    }

    /// The level of the lint: never [`Level::Allow`].
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Where it is.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// What was found. Its spans are in bytes of the text that [`place`](Self::place) says; its severity is that of the
    /// level.
    #[must_use]
    pub const fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }

    /// Further places, in the texts of other routes.
    #[must_use]
    pub fn related(&self) -> &[Related] {
        &self.related
    }
}

/// What was found in routes.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub(super) findings: Vec<Finding>,
    pub(super) hints: Vec<&'static Lint>,
    pub(super) undecided: usize,
}

impl Report {
    /// The findings, in the order of the routes and within a route of its text; those of no route last.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Lints that are off by default, about which nothing was said, and which would have found something.
    #[must_use]
    pub fn hints(&self) -> &[&'static Lint] {
        &self.hints
    }

    /// How many questions about conditions were given up because they would have taken too long: what they might have
    /// led to is not found.
    #[must_use]
    pub const fn undecided(&self) -> usize {
        self.undecided
    }
}

/// What was found in a manifest.
#[derive(Clone, Debug, Default)]
pub struct ManifestReport {
    pub(super) findings: Vec<diagnostic::Finding>,
    pub(super) hints: Vec<&'static Lint>,
    pub(super) undecided: usize,
}

impl ManifestReport {
    /// The findings in the order of the text, with the names of their routes. All spans are in bytes of the manifest's
    /// text. [`Lint::of`] tells the lint of a finding's code.
    #[must_use]
    pub fn findings(&self) -> &[diagnostic::Finding] {
        &self.findings
    }

    /// The findings, to keep.
    #[must_use]
    pub fn into_findings(self) -> Vec<diagnostic::Finding> {
        self.findings
    }

    /// As [`Report::hints`].
    #[must_use]
    pub fn hints(&self) -> &[&'static Lint] {
        &self.hints
    }

    /// As [`Report::undecided`].
    #[must_use]
    pub const fn undecided(&self) -> usize {
        self.undecided
    }
}
