//! Runs lints.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::{
    CheckedRoute, DocumentContext, Finding, Findings, Level, Levels, ManifestReport, Pass, Place, Report,
    RouteSetContext, Suppressions, all,
};
use crate::topology::Topology;
use edgeroute_lang::diagnostic;
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, Parsed, RouteSpec, survey};
use edgeroute_lang::prove::{Prover, SourceFacts};
use edgeroute_lang::route::Route;
use edgeroute_lang::syntax::parse_route;

/// Runs lints with given levels and settings.
#[derive(Clone, Debug, Default)]
pub struct Linter {
    levels: Levels,
    /// By the name of the route, including the levels of all routes.
    route_levels: BTreeMap<String, Levels>,
    limits: Limits,
    shadowing: Shadowing,
}

/// Where routes come from.
#[derive(Copy, Clone, Debug, Default)]
struct Origin<'m> {
    manifest: Option<(&'m Manifest, &'m Topology)>,
    document: Option<&'m DocumentContext<'m>>,
    /// Whether there may be routes besides the given ones.
    may_have_more: bool,
}

/// What applies to the findings in one route.
#[derive(Debug)]
struct Local<'l> {
    levels: &'l Levels,
    suppressions: Suppressions,
}

/// Settings.
impl Linter {
    /// Creates a linter with these levels and default settings otherwise.
    #[must_use]
    pub fn with_levels(levels: Levels) -> Self {
        Self { levels, ..Self::default() }
    }

    /// Sets levels for the findings about the route with this name, which override those of all routes.
    #[must_use]
    pub fn route_levels(mut self, route: impl Into<String>, levels: Levels) -> Self {
        self.route_levels.insert(route.into(), self.levels.clone().overridden_by(levels));
        self
    }

    /// Sets the limits. A route that exceeds one is not linted.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the shadowing rule of the hub, which decides what ambiguous names mean.
    #[must_use]
    pub fn shadowing(self, shadowing: Shadowing) -> Self {
        Self { shadowing, ..self }
    }
}

impl Linter {
    pub(super) const fn shadowing_of_names(&self) -> Shadowing {
        self.shadowing
    }

    pub(super) const fn limits_of_routes(&self) -> &Limits {
        &self.limits
    }
}

/// Entry points.
impl Linter {
    /// Lints routes, given in the order of their declaration. Skips routes with errors. Allocates.
    #[must_use]
    pub fn lint_routes(&self, routes: &[Route]) -> Report {
        self.lint(routes.iter(), Origin::default())
    }

    /// Lints the routes of a manifest, also as a whole and together with its modules. Skips routes with errors. A text
    /// that is not a manifest has no findings; [`Manifest::parse`] reports its errors. Allocates.
    ///
    /// ```
    /// use edgeroute_analysis::lint::Linter;
    ///
    /// let json = r#"{"schemaVersion": "1.0", "storeAndForwardConfiguration": {}, "routes": {
    ///     "up": "FROM /messages/* INTO $upstream; -- all of them" }}"#;
    /// let report = Linter::default().lint_manifest(json);
    /// let found = &report.findings()[0];
    /// assert_eq!(found.route.as_deref(), Some("up"));
    /// assert_eq!(found.diagnostic.message, "text after the sink is ignored");
    /// assert_eq!(found.diagnostic.primary.span.slice(json), "; -- all of them");
    /// ```
    #[must_use]
    pub fn lint_manifest(&self, text: &str) -> ManifestReport {
        let Parsed { manifest: Some(manifest), unusable_routes, problems, .. } = Manifest::parse(text) else {
            return ManifestReport::default();
        };
        let topology = Topology::with_shadowing(&manifest, &self.limits, self.shadowing);
        let is_layer = manifest.schema_version().is_none();
        let may_have_more = is_layer || !unusable_routes.is_empty() || !problems.is_empty();
        let routes = manifest.routes().iter().map(RouteSpec::route);
        let route_count = manifest.routes().len() + unusable_routes.len();
        let document = DocumentContext { text, survey: survey(text), route_count };
        let origin = Origin { manifest: Some((&manifest, &topology)), document: Some(&document), may_have_more };
        let report = self.lint(routes, origin);
        let mut findings: Vec<diagnostic::Finding> =
            report.findings.into_iter().map(|finding| located(&manifest, finding)).collect();
        findings.sort_by_key(|finding| finding.diagnostic.primary.span);
        ManifestReport { findings, hints: report.hints, undecided: report.undecided }
    }

    fn lint<'r>(&'r self, routes: impl ExactSizeIterator<Item = &'r Route>, origin: Origin<'r>) -> Report {
        let routes: Vec<&Route> = routes.collect();
        let local: Vec<Local<'_>> = routes.iter().map(|route| self.local(route)).collect();
        let by_name: BTreeMap<&str, usize> =
            routes.iter().enumerate().map(|(index, route)| (route.name(), index)).collect();
        let mut reasoner = Prover::new();
        let subjects: Vec<CheckedRoute<'_>> =
            routes.iter().enumerate().filter_map(|(index, route)| self.subject(index, route, &mut reasoner)).collect();
        let is_complete = subjects.len() == routes.len() && !origin.may_have_more;
        let set =
            RouteSetContext { subjects: &subjects, is_complete, manifest: origin.manifest, relations: OnceCell::new() };
        let (mut found, mut hints) = (Vec::new(), Vec::new());
        for lint in all() {
            let level = self.levels.of(lint);
            let is_on_somewhere = local.iter().any(|local| local.levels.of(lint) != Level::Allow);
            if level == Level::Allow && !is_on_somewhere && !self.levels.leave_off(lint) {
                continue;
            }
            let mut all_found = Vec::new();
            let mut findings = Findings { lint, level, reasoner: &mut reasoner, found: &mut all_found };
            match lint.pass {
                Pass::Route(pass) => subjects.iter().for_each(|subject| pass(subject, &mut findings)),
                Pass::Set(pass) => pass(&set, &mut findings),
                Pass::Manifest(pass) => origin.document.into_iter().for_each(|document| pass(document, &mut findings)),
            }
            let mut is_left_off = false;
            for finding in all_found {
                let local = match (finding.place, &finding.route) {
                    (Place::Route(index), _) => local.get(index),
                    (Place::Manifest, Some(name)) => by_name.get(name.as_ref()).and_then(|index| local.get(*index)),
                    (Place::Manifest, None) => None,
                };
                let levels = local.map_or(&self.levels, |local| local.levels);
                let level = levels.of(lint);
                if local.is_some_and(|local| local.suppressions.allow(lint, level)) {
                    continue;
                }
                if level == Level::Allow {
                    is_left_off |= levels.leave_off(lint);
                } else {
                    found.push(finding.at_level(level));
                }
            }
            if is_left_off {
                hints.push(lint);
            }
        }
        found.sort_by_key(|finding| (finding.place, finding.diagnostic.primary.span));
        Report { findings: found, hints, undecided: reasoner.given_up() }
    }

    fn local(&self, route: &Route) -> Local<'_> {
        Local {
            levels: self.route_levels.get(route.name()).unwrap_or(&self.levels),
            suppressions: Suppressions::of(route.text()),
        }
    }

    /// Prepares a route for linting in every form; `None` if it has errors.
    fn subject<'r>(&'r self, index: usize, route: &'r Route, reasoner: &mut Prover) -> Option<CheckedRoute<'r>> {
        let parsed = parse_route(route.text(), &self.limits);
        let typed = TypedRoute::check(&parsed.tree, parsed.errors, self.shadowing).ok()?;
        Some(CheckedRoute {
            index,
            name: route.name(),
            text: route.text(),
            priority: route.priority(),
            time_to_live: route.time_to_live(),
            formula: reasoner.add(&typed.condition),
            facts: SourceFacts::of(&typed.source),
            tree: parsed.tree,
            typed,
            shadowing: self.shadowing,
            limits: &self.limits,
        })
    }
}

/// Moves a finding from the text of a route to that of the manifest.
fn located(manifest: &Manifest, finding: Finding) -> diagnostic::Finding {
    let route_at = |index: usize| manifest.routes().get(index);
    let Place::Route(index) = finding.place else {
        return match finding.route {
            Some(name) => diagnostic::Finding::in_route(name, finding.diagnostic),
            None => diagnostic::Finding::new(finding.diagnostic),
        };
    };
    let Some(route) = route_at(index) else {
        return diagnostic::Finding::new(finding.diagnostic);
    };
    let mut diagnostic = route.locate_diagnostic(finding.diagnostic);
    for related in finding.related {
        if let Some(route) = route_at(related.route) {
            diagnostic = diagnostic.with_secondary(route.locate(related.span), related.text);
        }
    }
    diagnostic::Finding::in_route(route.route().shared_name(), diagnostic)
}
