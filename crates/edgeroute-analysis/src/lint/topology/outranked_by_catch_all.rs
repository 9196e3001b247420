use super::relations::RelationKind;
use crate::lint::{Findings, Level, Pass, Related, RouteSetContext};
use edgeroute_lang::diagnostic::Code;

lint! {
    /// A route outranked by one that takes everything.
    ///
    /// # Why
    /// Of the routes to an endpoint that take a message, the one with the lowest priority number delivers it.
    /// A route without a condition and with a lower number than a more specific route leaves nothing to the specific one,
    /// whose priority and time to live never apply.
    ///
    /// # Example
    /// ```json W0307
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": {
    ///     "all": { "route": "FROM /messages/* INTO $upstream", "priority": 0 },
    ///     "alarms": {
    ///       "route": "FROM /messages/* WHERE level = 'critical' INTO $upstream",
    ///       "priority": 5, "timeToLiveSecs": 86400
    ///     }
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Use instead
    /// ```json
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": {
    ///     "all": { "route": "FROM /messages/* INTO $upstream", "priority": 5 },
    ///     "alarms": {
    ///       "route": "FROM /messages/* WHERE level = 'critical' INTO $upstream",
    ///       "priority": 0, "timeToLiveSecs": 86400
    ///     }
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::OutrankedByCatchAll,
        name: "outranked-by-catch-all",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    for (loser, winner, _) in set.related(findings.reasoner, |kind| kind == RelationKind::OutrankedByCatchAll) {
        let message =
            format!("`{}` takes every message of its source at a higher priority than this route", winner.name);
        let diagnostic = findings
            .diagnostic(loser.route_span(), message)
            .with_label(format!("never delivers: its priority is {}", loser.priority))
            .with_help("give the more specific route a lower number; the lowest number wins");
        let text = format!("has priority {}", winner.priority);
        let related = Related { route: winner.index, span: winner.route_span(), text };
        findings.add_related(loser.index, diagnostic, vec![related]);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::said;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let all = "all: 0: FROM /messages/* INTO $upstream";
        assert_eq!(
            said("outranked-by-catch-all", None, &["r: 5: FROM /messages/* WHERE a = 'x' INTO $upstream", all]),
            [
                "r: `all` takes every message of its source at a higher priority than this route; has priority 0: /messages/* INTO $upstream"
            ]
        );
        for route in [
            "r: 0: FROM /messages/* WHERE a = 'x' INTO $upstream",
            "r: 5: FROM /* WHERE a = 'x' INTO $upstream",
            "r: 5: FROM /messages/* WHERE a = 'x' INTO BrokeredEndpoint('/modules/m/inputs/i')",
        ] {
            assert_eq!(said("outranked-by-catch-all", None, &[route, all]), [""; 0], "{route}");
        }
    }
}
