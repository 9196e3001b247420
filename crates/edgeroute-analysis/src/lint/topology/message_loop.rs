use super::senders::Senders;
use crate::lint::{Findings, Level, Pass, Related, RouteSetContext};
use edgeroute_lang::diagnostic::Code;

lint! {
    /// Modules whose messages can loop.
    ///
    /// # Why
    /// Each module receives all messages of the one before it, and the first receives those of the last.
    /// If each answers a message with another, the loop never ends.
    /// The lint reports a loop only if every route in it takes all messages of a module,
    /// because a route that names an output, or asks for a property, separates requests from answers.
    ///
    /// # Example
    /// ```json W0303
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": {
    ///     "there": "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")",
    ///     "back": "FROM /messages/modules/b/* INTO BrokeredEndpoint(\"/modules/a/inputs/in\")",
    ///     "up": "FROM /messages/modules/a/* INTO $upstream"
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
    ///     "there": "FROM /messages/modules/a/outputs/request INTO BrokeredEndpoint(\"/modules/b/inputs/in\")",
    ///     "back": "FROM /messages/modules/b/* INTO BrokeredEndpoint(\"/modules/a/inputs/in\")",
    ///     "up": "FROM /messages/modules/a/* INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::MessageLoop,
        name: "message-loop",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Set(check),
    }
}

/// The most steps of a loop that are shown.
const SHOWN: usize = 8;

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let Some((_, topology)) = set.manifest else {
        return;
    };
    let senders = Senders::of(set, topology);
    // Another lint reports a module that sends to itself.
    for found in topology.loops_of(|flow| senders.of_flow(flow)).iter().filter(|found| found.modules.len() > 1) {
        let hops: Vec<(&str, usize)> = found
            .example
            .iter()
            .filter_map(|hop| Some((topology.module(hop.module)?.name(), topology.flow(hop.flow)?.position())))
            .collect();
        let (Some(&(start, first)), Some(&(_, last))) = (hops.first(), hops.last()) else {
            continue;
        };
        let (Some(subject), false) = (set.subject_at(last), hops.len() < 2) else {
            continue;
        };
        let mut way: Vec<String> = hops.iter().take(SHOWN).map(|(module, _)| format!("`{module}`")).collect();
        if hops.len() > SHOWN {
            way.push("...".to_owned());
        }
        let sink = subject.tree.sink.as_ref().map(|sink| sink.span).unwrap_or_default();
        let message = format!("messages can loop: {}, `{start}`", way.join(", "));
        let diagnostic = findings
            .diagnostic(sink, message)
            .with_label("this closes the loop")
            .with_help("name the intended outputs, as in /messages/modules/NAME/outputs/OUTPUT");
        let related = hops.iter().map(|(_, position)| *position).filter(|position| *position != last || first == last);
        let related = related.take(SHOWN).filter_map(|position| {
            let other = set.subject_at(position)?;
            let span = other.tree.sink.as_ref()?.span;
            Some(Related { route: other.index, span, text: "part of the loop".to_owned() })
        });
        findings.add_related(subject.index, diagnostic, related.collect());
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{into_module, said};

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let [a, b, c] = ["a", "b", "c"].map(into_module);
        let there = format!("there: FROM /messages/modules/a/* {b}");
        let back = |from: &str| format!("back: FROM {from} {a}");
        let fires =
            |back: &str| said("message-loop", None, &[&there, back, "up: FROM /messages/modules/b/* INTO $upstream"]);
        for from in [
            "/messages/modules/b/*",
            "/messages/modules/b/outputs/*",
            "/messages/* WHERE $connectionModuleId = 'b'",
            "/messages/* WHERE ($connectionModuleId ?? '') != 'a'",
            "/messages/* WHERE $connectionDeviceId != 'leaf-1'",
        ] {
            let found = fires(&back(from));
            let way = "part of the loop: BrokeredEndpoint('/modules/a/inputs/in')";
            assert_eq!(found, [format!("there: messages can loop: `b`, `a`, `b`; {way}")], "{from}");
        }
        for from in [
            "/messages/modules/b/outputs/reply",
            "/messages/modules/c/*",
            "/messages/* WHERE $connectionModuleId = 'd'",
            "/messages/* WHERE lower($connectionModuleId) != 'b'",
            "/messages/* WHERE $connectionDeviceId = 'leaf-1'",
            "/messages/modules/b/* WHERE kind = 'request'",
        ] {
            assert_eq!(fires(&back(from)), [""; 0], "{from}");
        }
        let routes = [
            format!("x: FROM /messages/modules/a/* {b}"),
            format!("y: FROM /messages/modules/b/* {c}"),
            format!("z: FROM /messages/modules/c/* {a}"),
        ];
        let found = said("message-loop", None, &routes.each_ref().map(String::as_str));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("x: messages can loop: `b`, `c`, `a`, `b`"), "{found:?}");
    }
}
