use super::relations::RelationKind;
use crate::lint::{Findings, Level, Pass, Related, RouteSetContext};
use edgeroute_lang::diagnostic::Code;

lint! {
    /// Two routes that take the same messages to the same endpoint.
    ///
    /// # Why
    /// The endpoint gets each message once, so one of the routes does nothing.
    /// Often one of them was meant to have another sink.
    /// This is proved: the conditions are true for the same messages, however they are written.
    ///
    /// # Example
    /// ```json W0305
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": {
    ///     "hot": "FROM /messages/* WHERE level = 'critical' and site = 'plant1' INTO $upstream",
    ///     "urgent": "FROM /messages/* WHERE site = 'plant1' and level = 'critical' INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Use instead
    /// ```json
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": {
    ///     "hot": "FROM /messages/* WHERE level = 'critical' and site = 'plant1' INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::DuplicateRoute,
        name: "duplicate-route",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    for (loser, winner, _) in set.related(findings.reasoner, |kind| kind == RelationKind::Duplicate) {
        let message = format!("this route takes the same messages to the same endpoint as `{}`", winner.name);
        let diagnostic = findings.diagnostic(loser.route_span(), message).with_label("delivers nothing of its own");
        let related =
            Related { route: winner.index, span: winner.route_span(), text: "takes the same messages".to_owned() };
        findings.add_related(loser.index, diagnostic.with_help("remove one of them"), vec![related]);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{linter, numbered, said};
    use edgeroute_lang::route::Route;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let one = "one: FROM /messages/* WHERE a = 'x' and b = 'y' INTO $upstream";
        assert_eq!(
            said("duplicate-route", None, &[one, "two: FROM /MESSAGES WHERE (B = 'y') and a = 'x' INTO $upstream"]),
            [
                "two: this route takes the same messages to the same endpoint as `one`; takes the same messages: /messages/* WHERE a = 'x' \
              and b = 'y' INTO $upstream"
            ]
        );
        for other in [
            "two: FROM /messages/* WHERE a = 'x' and b = 'z' INTO $upstream",
            "two: FROM /messages/* WHERE a = 'x' and b = 'y' INTO BrokeredEndpoint('/modules/m/inputs/i')",
            "two: FROM /messages/modules/* WHERE a = 'x' and b = 'y' INTO $upstream",
            "two: 3: FROM /messages/* WHERE a = 'x' and b = 'y' INTO $upstream",
            "two: : 60: FROM /messages/* WHERE a = 'x' and b = 'y' INTO $upstream",
        ] {
            assert_eq!(said("duplicate-route", None, &[one, other]), [""; 0], "{other}");
        }
    }

    #[test]
    fn a_duplicate_is_found_among_many_routes_that_differ_by_one_test() {
        for condition in ["id = '#'", "site = 's' and id = '#'", "length(id) = #", "site = 's' and length(id) = #"] {
            let texts = numbered(condition, (0..100).chain([50]));
            let routes: Vec<Route> = texts.iter().map(|text| Route::new("r", text)).collect();
            let linter = linter("duplicate-route");
            let report = linter.lint_routes(&routes);
            assert_eq!(report.findings().len(), 1, "{condition}");
            assert_eq!(report.undecided(), 0, "{condition}");
        }
    }
}
