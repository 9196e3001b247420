use super::relations::RelationKind;
use crate::lint::{Findings, Level, Pass, Related, RouteSetContext};
use edgeroute_lang::diagnostic::Code;

lint! {
    /// A route made superfluous by another.
    ///
    /// # Why
    /// Another route to the same endpoint takes every message that this one takes,
    /// and either takes precedence or delivers on the same terms.
    /// So this route changes no delivery.
    /// This is proved from the conditions, the sources and the priorities.
    ///
    /// # Example
    /// ```json W0306
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": {
    ///     "hot": "FROM /messages/* WHERE as_number(temp) > 80 INTO $upstream",
    ///     "hotter": "FROM /messages/* WHERE as_number(temp) > 90 and site = 'plant1' INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Use instead
    /// Give the route its own priority if its messages should be sent first; otherwise remove it:
    /// ```json
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": {
    ///     "hot": "FROM /messages/* WHERE as_number(temp) > 80 INTO $upstream",
    ///     "hotter": {
    ///       "route": "FROM /messages/* WHERE as_number(temp) > 90 and site = 'plant1' INTO $upstream",
    ///       "priority": 0
    ///     }
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::SubsumedRoute,
        name: "subsumed-route",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let is_meant = |kind| matches!(kind, RelationKind::Superfluous | RelationKind::Outranked);
    for (loser, winner, kind) in set.related(findings.reasoner, is_meant) {
        let (message, label) = match kind {
            RelationKind::Outranked => {
                (format!("`{}` takes every message of this route at a higher priority", winner.name), "never delivers")
            }
            _ => (
                format!("`{}` takes every message of this route to the same endpoint", winner.name),
                "delivers nothing of its own",
            ),
        };
        let diagnostic = findings.diagnostic(loser.route_span(), message).with_label(label);
        let related =
            Related { route: winner.index, span: winner.route_span(), text: "takes all of its messages".to_owned() };
        let help = match kind {
            RelationKind::Outranked => "give it a higher priority (a lower number), or remove it",
            _ => "remove it, or give it a higher priority if its messages should be sent first",
        };
        findings.add_related(loser.index, diagnostic.with_help(help), vec![related]);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{linter, numbered, said};
    use edgeroute_lang::route::Route;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let wide = "wide: 3: FROM /messages/* WHERE as_number(t) > 5 INTO $upstream";
        let fires = |narrow: &str| said("subsumed-route", None, &[wide, narrow]);
        let all = "takes all of its messages: /messages/* WHERE as_number(t) > 5 INTO $upstream";
        for narrow in [
            "narrow: 3: FROM /messages/* WHERE as_number(t) > 6 INTO $upstream",
            "narrow: 3: FROM /messages/modules/m WHERE as_number(t) = 6 and a = 'x' INTO $upstream",
            "narrow: 3: FROM /messages/* WHERE (as_number(t) = 6 or as_number(t) = 7) and a = 'x' INTO $upstream",
        ] {
            let expected = format!("narrow: `wide` takes every message of this route to the same endpoint; {all}");
            assert_eq!(fires(narrow), [expected], "{narrow}");
        }
        assert_eq!(
            fires("narrow: 4: 60: FROM /messages/* WHERE as_number(t) > 6 INTO $upstream"),
            [format!("narrow: `wide` takes every message of this route at a higher priority; {all}")]
        );
        for narrow in [
            "narrow: 3: FROM /messages/modules/* WHERE as_number(t) > 4 INTO $upstream",
            "narrow: 3: FROM /* WHERE as_number(t) > 6 INTO $upstream",
            "narrow: 3: FROM /messages/modules/* WHERE as_number(t) > 6 or a = 'x' INTO $upstream",
            "narrow: 2: FROM /messages/* WHERE as_number(t) > 6 INTO $upstream",
            "narrow: 3: 60: FROM /messages/* WHERE as_number(t) > 6 INTO $upstream",
            "narrow: 3: FROM /messages/* WHERE as_number(t) > 6 INTO BrokeredEndpoint('/modules/m/inputs/i')",
            "narrow: 3: FROM /messages/* WHERE as_number(t) > 6 and as_number(t) < 6 INTO $upstream",
        ] {
            assert_eq!(fires(narrow), [""; 0], "{narrow}");
        }
    }

    /// Regression found by `lints_are_sound`: among equal priorities the first route delivers. Without `early`, `other`
    /// would deliver instead of `wide`, and the message would be kept for a minute.
    #[test]
    fn a_route_before_others_with_another_time_to_live_is_not_superfluous() {
        let early = "early: 3: FROM /messages/* WHERE as_number(t) > 6 INTO $upstream";
        let other = "other: 3: 60: FROM /messages/* WHERE a = 'x' INTO $upstream";
        let wide = "wide: 3: FROM /messages/* WHERE as_number(t) > 5 INTO $upstream";
        assert_eq!(said("subsumed-route", None, &[early, other, wide]), [""; 0]);
        for order in [[early, wide, other], [other, early, wide], [wide, other, early]] {
            assert_eq!(said("subsumed-route", None, &order).len(), 1, "{order:?}");
        }
    }

    #[test]
    fn routes_that_were_not_compared_with_all_others_are_counted() {
        for (count, undecided) in [(32, 0), (40, 40)] {
            let texts = numbered("starts_with(id, '#.')", 0..count);
            let routes: Vec<Route> = texts.iter().map(|text| Route::new("r", text)).collect();
            let linter = linter("subsumed-route");
            let report = linter.lint_routes(&routes);
            assert!(report.findings().is_empty());
            assert_eq!(report.undecided(), undecided);
        }
    }
}
