//! Collects findings while lints run.

use std::sync::Arc;

use super::{CheckedRoute, Finding, Fixes, Level, Lint, Place, Related};
use edgeroute_lang::diagnostic::{Diagnostic, Severity};
use edgeroute_lang::hir::TypedRoute;
use edgeroute_lang::prove::{Answer, Prover, SourceFacts};
use edgeroute_lang::span::Span;

/// Receives the findings of lints, and answers their questions about conditions.
pub(super) struct Findings<'l> {
    pub(super) lint: &'static Lint,
    pub(super) level: Level,
    pub(super) reasoner: &'l mut Prover,
    pub(super) found: &'l mut Vec<Finding>,
}

impl Findings<'_> {
    /// Creates a diagnostic at `span` of a route's text.
    pub(super) fn diagnostic(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        let severity = match self.level {
            Level::Deny => Severity::Error,
            Level::Allow | Level::Warn => Severity::Warning,
        };
        Diagnostic::new(self.lint.code(), span, message).with_severity(severity)
    }

    /// Adds an edit if the route still compiles with it and, if the lint promises so, keeps its meaning.
    pub(super) fn fix(
        &mut self,
        subject: &CheckedRoute<'_>,
        found: Diagnostic,
        span: Span,
        replacement: &str,
    ) -> Diagnostic {
        let text = subject.with(span, replacement);
        let Ok(fixed) = TypedRoute::compile(&text, subject.shadowing, subject.limits) else {
            return found;
        };
        if self.lint.fixes == Some(Fixes::KeepMeaning) && !self.means_the_same(subject, &fixed) {
            return found;
        }
        found.with_fix(span, replacement)
    }

    fn means_the_same(&mut self, subject: &CheckedRoute<'_>, other: &TypedRoute<'_>) -> bool {
        let (ours, theirs) = (subject.formula, self.reasoner.add(&other.condition));
        let mut follows = |from, to| {
            self.reasoner.refute(&[(from, true), (to, false)], &SourceFacts::default()) == Answer::Impossible
        };
        subject.typed.source == other.source
            && subject.typed.endpoint == other.endpoint
            && follows(ours, theirs)
            && follows(theirs, ours)
    }

    /// Adds a finding in the text of the route at index `route`.
    pub(super) fn add(&mut self, route: usize, diagnostic: Diagnostic) {
        self.add_related(route, diagnostic, Vec::new());
    }

    /// Same as [`add`](Self::add), with locations in the texts of other routes.
    pub(super) fn add_related(&mut self, route: usize, diagnostic: Diagnostic, related: Vec<Related>) {
        self.push(Place::Route(route), None, diagnostic, related);
    }

    /// Adds a finding that is in the manifest but in no route's text.
    pub(super) fn add_to_manifest(&mut self, diagnostic: Diagnostic) {
        self.push(Place::Manifest, None, diagnostic, Vec::new());
    }

    /// Adds a finding in the manifest that is about `route`, if it is about one, but not in the route's text.
    pub(super) fn add_about(&mut self, route: Option<&Arc<str>>, diagnostic: Diagnostic) {
        self.push(Place::Manifest, route.cloned(), diagnostic, Vec::new());
    }

    fn push(&mut self, place: Place, route: Option<Arc<str>>, mut diagnostic: Diagnostic, related: Vec<Related>) {
        if let (Some(fix), Some(fixes)) = (&mut diagnostic.fix, self.lint.fixes) {
            fix.applicability = fixes.applicability();
        }
        self.found.push(Finding { lint: self.lint, level: self.level, place, route, diagnostic, related });
    }
}
