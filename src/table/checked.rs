//! Reads a manifest, compiles its routes, and reports every problem found on the way.

use std::collections::HashSet;

use super::error::{CompileError, ProblemBudget};
use super::{PartialTable, RouteTable};
use edgeroute_lang::diagnostic::{Diagnostic, Finding, Severity};
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, Parsed, RouteSpec};

/// Holds a manifest that was read and compiled: all its problems, and a table of the routes without problems.
///
/// ```
/// use edgeroute::CheckedManifest;
///
/// let json = r#"{
///     "schemaVersion": "1.1",
///     "routes": {
///         "hot": "FROM /messages/* WHERE temperature > 80 INTO $upstream",
///         "all": { "route": "FROM /messages/* INTO $upsteam", "priority": 12 }
///     },
///     "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
/// }"#;
/// let checked = CheckedManifest::from_json(json);
/// let codes: Vec<&str> = checked.findings().iter().map(|finding| finding.diagnostic.code.as_str()).collect();
/// assert_eq!(codes, ["E0201", "E0301", "E0406"]);
/// assert_eq!(checked.bad_routes(), ["hot", "all"]);
/// ```
#[derive(Clone, Debug)]
pub struct CheckedManifest {
    manifest: Option<Manifest>,
    findings: Vec<Finding>,
    routes: usize,
    table: Option<RouteTable>,
}

impl CheckedManifest {
    /// Reads a manifest and compiles its routes. Reports the problems of the manifest and of the routes together: a
    /// route is checked even if the manifest around it is unusable. Allocates; takes time linear in the length of the
    /// JSON.
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        let Parsed { manifest, unusable_routes, problems, .. } = Manifest::parse(text);
        let mut findings: Vec<Finding> = problems.into_iter().map(Finding::from).collect();
        let specs = manifest.as_ref().map(Manifest::routes).unwrap_or_default();
        let table = manifest.as_ref().and_then(|manifest| compile(manifest, &mut findings));
        let mut budget = ProblemBudget::new();
        for spec in &unusable_routes {
            if let Err(errors) = TypedRoute::compile(spec.text(), Shadowing::default(), &Limits::default()) {
                findings.extend(budget.select(errors).into_iter().map(|error| located(spec, error)));
            }
        }
        findings.sort_by_key(|finding| finding.diagnostic.primary.span);
        let names = specs.iter().chain(&unusable_routes).map(RouteSpec::name);
        let names: HashSet<&str> =
            names.chain(findings.iter().filter_map(|finding| finding.route.as_deref())).collect();
        let routes = names.len();
        Self { manifest, findings, routes, table }
    }

    /// Returns all problems in the order of the JSON. After 10,000 problems of routes, only the first problem of each
    /// further route is kept, without its help. Spans are in bytes of the JSON.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns the number of routes in the manifest, with or without problems.
    #[must_use]
    pub const fn route_count(&self) -> usize {
        self.routes
    }

    /// Returns the names of the routes that have problems, each once, in the order of the JSON.
    #[must_use]
    pub fn bad_routes(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let names = self.findings.iter().filter_map(|finding| finding.route.as_deref());
        names.filter(|name| seen.insert(*name)).collect()
    }

    /// Returns the manifest with the routes that could be read, not all of which necessarily compile. `None` if
    /// something other than a route is wrong.
    #[must_use]
    pub const fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// Borrows the table that [`into_table`](Self::into_table) returns.
    #[must_use]
    pub const fn table(&self) -> Option<&RouteTable> {
        self.table.as_ref()
    }

    /// Returns the manifest with the table of all its routes, or, if there is any error, all findings.
    ///
    /// This is what replaces the routes of a running hub: a manifest is in force as a whole or not at all.
    ///
    /// ```
    /// use edgeroute::CheckedManifest;
    ///
    /// let json = r#"{ "schemaVersion": "1.1", "routes": { "all": "FROM /* INTO $upstream" },
    ///     "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 } }"#;
    /// let (manifest, table) = CheckedManifest::from_json(json).into_result().expect("it has no errors");
    /// assert_eq!((manifest.routes().len(), table.len()), (1, 1));
    ///
    /// let findings = CheckedManifest::from_json(&json.replace("$upstream", "$upsteam")).into_result().unwrap_err();
    /// assert_eq!(findings.len(), 1);
    /// ```
    pub fn into_result(self) -> Result<(Manifest, RouteTable), Vec<Finding>> {
        let has_errors = self.findings.iter().any(|finding| finding.diagnostic.severity == Severity::Error);
        match (self.manifest, self.table) {
            (Some(manifest), Some(table)) if !has_errors => Ok((manifest, table)),
            _ => Err(self.findings),
        }
    }

    /// Returns the compiled routes that have no problems. `None` if something other than a route is wrong, because then
    /// even the routes without problems may not mean what they seem to, or if there are too many routes for a table.
    #[must_use]
    pub fn into_table(self) -> Option<RouteTable> {
        self.table
    }
}

/// Converts a problem in the text of a route into a finding in the manifest.
fn located(route: &RouteSpec, diagnostic: Diagnostic) -> Finding {
    Finding::in_route(route.route().shared_name(), route.locate_diagnostic(diagnostic))
}

/// Compiles the routes that can be compiled. Adds the problems to `findings`.
fn compile(manifest: &Manifest, findings: &mut Vec<Finding>) -> Option<RouteTable> {
    let (table, problems) = match RouteTable::builder().manifest(manifest).build_partial() {
        Ok(PartialTable { table, skipped }) => (Some(table), skipped),
        Err(CompileError { problems }) => (None, problems),
    };
    let routes = manifest.routes();
    findings.extend(
        problems.into_iter().filter_map(|problem| Some(located(routes.get(problem.index)?, problem.diagnostic))),
    );
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(checked: &CheckedManifest) -> Vec<&str> {
        checked.findings().iter().map(|finding| finding.diagnostic.code.as_str()).collect()
    }

    #[test]
    fn a_manifest_with_a_problem_of_its_own_has_no_table_and_still_reports_all_routes() {
        let checked = CheckedManifest::from_json(
            r#"{"schemaVersion": "1.1", "routes": {"a": "FROM /* WHERE b > 1 INTO $upstream", "c": "FROM /* INTO $upstream"}}"#,
        );
        assert_eq!(codes(&checked), ["E0402", "E0201"]);
        assert_eq!((checked.route_count(), checked.bad_routes()), (2, vec!["a"]));
        assert!(checked.manifest().is_none());
        assert!(checked.into_table().is_none());
    }

    #[test]
    fn good_routes_beside_bad_ones_make_a_table() {
        let checked = CheckedManifest::from_json(
            r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {
                "a": "FROM /* WHERE b > 1 INTO $upstream", "c": "FROM /* INTO $upstream", "d": 5}}"#,
        );
        assert_eq!(codes(&checked), ["E0201", "E0403"]);
        assert_eq!((checked.route_count(), checked.bad_routes()), (3, vec!["a", "d"]));
        assert_eq!(checked.into_table().unwrap().len(), 1);
    }

    #[test]
    fn spans_are_those_of_the_manifest() {
        let json = "{\"schemaVersion\": \"1.0\", \"storeAndForwardConfiguration\": {}, \
                    \"routes\": {\"a\": \"FROM /* WHERE \\\"x\\\" = 1 INTO $upstream\"}}";
        let checked = CheckedManifest::from_json(json);
        let found = &checked.findings()[0].diagnostic;
        assert_eq!(found.primary.span.slice(json), "=");
        assert_eq!(found.secondary[0].span.slice(json), "\\\"x\\\"");
    }
}
