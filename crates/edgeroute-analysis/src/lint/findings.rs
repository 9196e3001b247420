//! Findings as they are found.

use super::{Finding, Fixes, Level, Lint, Place, Related, Subject};
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::Route;
use crate::predicate::{Answer, Reasoner, SourceFacts};
use crate::span::Span;

/// Where lints put what they find, and what they ask about conditions.
pub(super) struct Findings<'l> {
    pub(super) lint: &'static Lint,
    pub(super) level: Level,
    pub(super) reasoner: &'l mut Reasoner,
    pub(super) found: &'l mut Vec<Finding>,
}

impl Findings<'_> {
    /// A finding at `span` of the text of a route.
    pub(super) fn diagnostic(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        let severity = match self.level {
            Level::Deny => Severity::Error,
            Level::Allow | Level::Warn => Severity::Warning,
        };
        Diagnostic::new(self.lint.code(), span, message).with_severity(severity)
    }

    /// Adds an edit, if the route then still compiles and, where the lint says so, means the same.
    pub(super) fn mend(
        &mut self,
        subject: &Subject<'_>,
        found: Diagnostic,
        span: Span,
        replacement: &str,
    ) -> Diagnostic {
        let text = subject.with(span, replacement);
        let Ok(mended) = Route::compile(&text, subject.shadowing, subject.limits) else {
            return found;
        };
        if self.lint.fixes == Some(Fixes::KeepMeaning) && !self.means_the_same(subject, &mended) {
            return found;
        }
        found.with_fix(span, replacement)
    }

    fn means_the_same(&mut self, subject: &Subject<'_>, other: &Route<'_>) -> bool {
        let (ours, theirs) = (subject.formula, self.reasoner.add(&other.condition));
        let mut follows = |from, to| {
            self.reasoner.refute(&[(from, true), (to, false)], &SourceFacts::default()) == Answer::Impossible
        };
        subject.typed.source == other.source
            && subject.typed.endpoint == other.endpoint
            && follows(ours, theirs)
            && follows(theirs, ours)
    }

    /// Reports what was found in the text of the route at `route`.
    pub(super) fn add(&mut self, route: usize, diagnostic: Diagnostic) {
        self.add_related(route, diagnostic, Vec::new());
    }

    /// As [`add`](Self::add), with places in the texts of other routes.
    pub(super) fn add_related(&mut self, route: usize, diagnostic: Diagnostic, related: Vec<Related>) {
        self.push(Place::Route(route), diagnostic, related);
    }

    /// Reports what was found in the manifest, and in no route's text.
    pub(super) fn add_to_manifest(&mut self, diagnostic: Diagnostic) {
        self.push(Place::Manifest, diagnostic, Vec::new());
    }

    fn push(&mut self, place: Place, diagnostic: Diagnostic, related: Vec<Related>) {
        self.found.push(Finding { lint: self.lint, level: self.level, place, diagnostic, related });
    }
}
