use std::collections::BTreeMap;

use crate::lint::{CheckedRoute, Findings, Level, Pass, Related, RouteSetContext};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::priority::TimeToLive;
use edgeroute_lang::prove::{Answer, SourceFacts};

lint! {
    /// Routes to one endpoint with equal priorities and different times to live.
    ///
    /// # Why
    /// If both routes take a message, it is delivered once, and the hub picks at random which of them delivers it.
    /// How long the message is kept is then a matter of chance.
    /// The lint reports a pair of routes unless it is proved that no message satisfies both.
    ///
    /// # Example
    /// ```json W0308
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": {
    ///     "alarms": {
    ///       "route": "FROM /messages/* WHERE level = 'critical' INTO $upstream",
    ///       "priority": 5, "timeToLiveSecs": 86400
    ///     },
    ///     "rest": { "route": "FROM /messages/* INTO $upstream", "priority": 5 }
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
    ///     "alarms": {
    ///       "route": "FROM /messages/* WHERE level = 'critical' INTO $upstream",
    ///       "priority": 0, "timeToLiveSecs": 86400
    ///     },
    ///     "rest": { "route": "FROM /messages/* INTO $upstream", "priority": 5 }
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::ConflictingTimeToLive,
        name: "conflicting-time-to-live",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Set(check),
    }
}

/// The most earlier routes that a route is compared with.
const COMPARED: usize = 32;

/// The most earlier routes whose sources are compared with a route's source.
const LOOKED_AT: usize = 1024;

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let mut groups: BTreeMap<(String, u32), Vec<(&CheckedRoute<'_>, String)>> = BTreeMap::new();
    for subject in set.subjects {
        let key = (subject.typed.endpoint.to_string(), subject.priority.get());
        groups.entry(key).or_default().push((subject, subject.typed.source.folded().collect()));
    }
    for group in groups.into_values() {
        if group.windows(2).all(|pair| matches!(pair, [(one, _), (other, _)] if one.time_to_live == other.time_to_live))
        {
            continue;
        }
        for (index, (subject, source)) in group.iter().enumerate() {
            let earlier = group.iter().take(index.min(LOOKED_AT));
            let earlier = earlier.filter(|(other, _)| other.time_to_live != subject.time_to_live);
            // If two sources overlap, one of them contains the other.
            let mut overlapping =
                earlier.filter(|(_, other)| source.starts_with(&**other) || other.starts_with(&**source));
            let mut found = None;
            for (other, _) in overlapping.by_ref().take(COMPARED) {
                if !is_apart(subject, other, findings) {
                    found = Some(*other);
                    break;
                }
            }
            let Some(other) = found else {
                if index > LOOKED_AT || overlapping.next().is_some() {
                    findings.reasoner.give_up();
                }
                continue;
            };
            let message = format!("`{}` has the same endpoint and priority but a different time to live", other.name);
            let diagnostic = findings
                .diagnostic(subject.route_span(), message)
                .with_label(format!("{} here", shown(subject.time_to_live)))
                .with_help("give one of them another priority; if both take a message, the hub picks one at random");
            let text = format!("{} here", shown(other.time_to_live));
            let related = Related { route: other.index, span: other.route_span(), text };
            findings.add_related(subject.index, diagnostic, vec![related]);
        }
    }
}

/// Whether it is proved that no message satisfies both conditions.
fn is_apart(one: &CheckedRoute<'_>, other: &CheckedRoute<'_>, findings: &mut Findings<'_>) -> bool {
    let claims = [(one.formula, true), (other.formula, true)];
    let is_impossible = |facts: &SourceFacts, findings: &mut Findings<'_>| {
        findings.reasoner.refute(&claims, facts) == Answer::Impossible
    };
    is_impossible(&one.facts, findings) || is_impossible(&other.facts, findings)
}

fn shown(time_to_live: TimeToLive) -> String {
    match time_to_live.as_secs() {
        0 => "the hub's default".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::said;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let one = "one: 5: 60: FROM /messages/* WHERE a = 'x' INTO $upstream";
        let fires = |other: &str| said("conflicting-time-to-live", None, &[one, other]);
        for other in [
            "two: 5: FROM /messages/* INTO $upstream",
            "two: 5: 90: FROM /messages/modules/m/* WHERE b = 'y' INTO $upstream",
        ] {
            let expected = "two: `one` has the same endpoint and priority but a different time to live; 60 seconds here: \
                            /messages/* WHERE a = 'x' INTO $upstream";
            assert_eq!(fires(other), [expected], "{other}");
        }
        for other in [
            "two: 5: 60: FROM /messages/* INTO $upstream",
            "two: 4: FROM /messages/* INTO $upstream",
            "two: 5: FROM /twinChangeNotifications INTO $upstream",
            "two: 5: FROM /messages/* WHERE a = 'y' INTO $upstream",
            "two: 5: FROM /messages/* INTO BrokeredEndpoint('/modules/m/inputs/i')",
        ] {
            assert_eq!(fires(other), [""; 0], "{other}");
        }
    }
}
