use crate::lint::{DocumentContext, Findings, Level, Pass};
use edgeroute_lang::diagnostic::Code;

lint! {
    /// A deployment without routes.
    ///
    /// # Why
    /// A hub without routes drops every message of its modules and leaf devices.
    /// A deployment whose layers add the routes is right; allow this lint there.
    ///
    /// # Example
    /// ```json W0405
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": {},
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Use instead
    /// ```json
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": { "up": "FROM /messages/* INTO $upstream" },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::NoRoutes,
        name: "no-routes",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Manifest(check),
    }
}

fn check(document: &DocumentContext<'_>, findings: &mut Findings<'_>) {
    if document.survey.is_complete && document.route_count == 0 {
        let diagnostic = findings
            .diagnostic(document.survey.routes_place, "the deployment has no routes")
            .with_label("without routes, the hub drops every message")
            .with_help("add a route such as `\"up\": \"FROM /messages/* INTO $upstream\"`");
        findings.add_to_manifest(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::manifest_findings;

    #[test]
    fn it_reports_a_whole_deployment_without_routes() {
        let said = |text: &str| manifest_findings("no-routes", text).len();
        let hub =
            |routes: &str| format!(r#"{{"schemaVersion": "1.0", {routes} "storeAndForwardConfiguration": {{}}}}"#);
        for routes in ["", r#""routes": {},"#, r#""routes": null,"#, r#""routes": {"a": " "},"#] {
            assert_eq!(said(&hub(routes)), 1, "{routes}");
        }
        // A layer leaves its routes to the base, and a route with an error is a route.
        assert_eq!(said(&hub(r#""routes": {"a": "FROM /* INTO $upstream"},"#)), 0);
        assert_eq!(said(&hub(r#""routes": {"a": "FROM"},"#)), 0);
        assert_eq!(said(r#"{"$edgeHub": {"properties.desired.routes": {}}}"#), 0);
    }
}
