use std::collections::BTreeSet;

use super::{message_loop, self_loop};
use crate::lint::{Finding, Findings, Level, Lint, Pass, Place, Related, RouteSetContext};
use edgeroute_lang::diagnostic::Code;

lint! {
    /// Modules whose messages may loop.
    ///
    /// # Why
    /// Routes lead from these modules, directly or through others, back to them.
    /// Whether messages loop depends on the modules: they do if each module answers what it receives,
    /// by the output that the route takes.
    /// The pictures of `edgeroute graph` show these loops too.
    ///
    /// This lint is off by default, because a module that receives from `/messages/*` may send nothing.
    /// The lints `self-loop` and `message-loop`, which are on, report the loops that are almost certainly mistakes;
    /// this lint reports the others.
    ///
    /// # Example
    /// ```json W0315
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": {
    ///     "retry": "FROM /messages/modules/notifier/outputs/failed INTO BrokeredEndpoint(\"/modules/notifier/inputs/in\")",
    ///     "up": "FROM /messages/modules/notifier/* INTO $upstream"
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
    ///     "retry": "FROM /messages/modules/notifier/outputs/failed INTO BrokeredEndpoint(\"/modules/queue/inputs/in\")",
    ///     "up": "FROM /messages/modules/notifier/* INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::PossibleLoop,
        name: "possible-loop",
        level: Level::Allow,
        fixes: None,
        pass: Pass::Set(check),
    }
}

/// The most steps of a loop that are shown.
const SHOWN: usize = 8;

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let Some((_, topology)) = set.manifest.filter(|(_, topology)| !topology.loops().is_empty()) else {
        return;
    };
    let reported = reported_routes(set, findings);
    for found in topology.loops() {
        let position = |flow| topology.flow(flow).map(crate::topology::Flow::position);
        if found.flows.iter().filter_map(|flow| position(*flow)).any(|position| reported.contains(&position)) {
            continue;
        }
        let hops: Vec<(&str, usize)> = found
            .example
            .iter()
            .filter_map(|hop| Some((topology.module(hop.module)?.name(), position(hop.flow)?)))
            .collect();
        let (Some(&(start, _)), Some(&(_, last))) = (hops.first(), hops.last()) else {
            continue;
        };
        let Some(subject) = set.subject_at(last) else {
            continue;
        };
        let message = if hops.len() == 1 {
            format!("messages may loop: `{start}` receives what it sends")
        } else {
            let mut way: Vec<String> = hops.iter().take(SHOWN).map(|(module, _)| format!("`{module}`")).collect();
            if hops.len() > SHOWN {
                way.push("...".to_owned());
            }
            format!("messages may loop: {}, `{start}`", way.join(", "))
        };
        let sink = subject.tree.sink.as_ref().map(|sink| sink.span).unwrap_or_default();
        let diagnostic = findings
            .diagnostic(sink, message)
            .with_label("this closes the loop")
            .with_help("make sure that a module on this way does not answer what it receives, or that the loop ends");
        let others = hops.iter().map(|(_, position)| *position).filter(|position| *position != last).take(SHOWN);
        let related = others.filter_map(|position| {
            let other = set.subject_at(position)?;
            let span = other.tree.sink.as_ref()?.span;
            Some(Related { route: other.index, span, text: "part of the loop".to_owned() })
        });
        findings.add_related(subject.index, diagnostic, related.collect());
    }
}

/// The routes in which other lints report a loop.
fn reported_routes(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) -> BTreeSet<usize> {
    let mut found: Vec<Finding> = Vec::new();
    let others: [&'static Lint; 2] = [&self_loop::LINT, &message_loop::LINT];
    for lint in others {
        if let Pass::Set(pass) = lint.pass {
            pass(set, &mut Findings { lint, level: Level::Warn, reasoner: &mut *findings.reasoner, found: &mut found });
        }
    }
    found
        .iter()
        .flat_map(|finding| {
            let here = match finding.place {
                Place::Route(index) => Some(index),
                Place::Manifest => None,
            };
            here.into_iter().chain(finding.related.iter().map(|related| related.route))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{into_module, said};

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let [a, b] = ["a", "b"].map(into_module);
        let fires = |routes: &[&str]| said("possible-loop", None, routes);
        assert_eq!(
            fires(&[&format!("r: FROM /messages/modules/a/outputs/again {a}")]),
            ["r: messages may loop: `a` receives what it sends"]
        );
        // No route names the module as a source.
        assert_eq!(fires(&[&format!("r: FROM /messages/* {a}")]), ["r: messages may loop: `a` receives what it sends"]);
        assert_eq!(
            fires(&[
                &format!("there: FROM /messages/modules/a/outputs/request {b}"),
                &format!("back: FROM /messages/modules/b/* {a}"),
            ]),
            ["there: messages may loop: `b`, `a`, `b`; part of the loop: BrokeredEndpoint('/modules/a/inputs/in')"]
        );
        for routes in [
            vec![
                format!("r: FROM /messages/modules/a/* {b}"),
                "up: FROM /messages/modules/b/* INTO $upstream".to_owned(),
            ],
            vec![format!("r: FROM /messages/* WHERE not is_defined($connectionModuleId) {a}")],
            vec!["r: FROM /messages/* INTO $upstream".to_owned()],
            // Other lints report these.
            vec![format!("r: FROM /messages/modules/a/* {a}")],
            vec![format!("there: FROM /messages/modules/a/* {b}"), format!("back: FROM /messages/modules/b/* {a}")],
        ] {
            assert_eq!(fires(&routes.iter().map(String::as_str).collect::<Vec<_>>()), [""; 0], "{routes:?}");
        }
    }
}
