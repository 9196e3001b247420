use super::senders::Senders;
use crate::lint::{Findings, Level, Pass, RouteSetContext};
use crate::topology::Target;
use edgeroute_lang::diagnostic::Code;

lint! {
    /// A module that receives its own messages.
    ///
    /// # Why
    /// Whatever the module sends comes back to it.
    /// If it answers each message with another, the loop never ends and fills the device's processor and the hub's store.
    /// A route from `/messages/*` does this too, because it also selects the messages of the module that it sends to.
    /// The lint reports only modules that some route names as a source; a route from a single output is assumed to be
    /// intentional.
    ///
    /// # Example
    /// ```json W0302
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": {
    ///     "in": "FROM /messages/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")",
    ///     "out": "FROM /messages/modules/filter/* INTO $upstream"
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
    ///     "in": "FROM /messages/* WHERE NOT IS_DEFINED($connectionModuleId) INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")",
    ///     "out": "FROM /messages/modules/filter/* INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::SelfLoop,
        name: "self-loop",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let Some((_, topology)) = set.manifest else {
        return;
    };
    let senders = Senders::of(topology);
    for (_, flow) in topology.flows() {
        let Target::Input(target, _) = flow.target() else {
            continue;
        };
        if !senders.of_flow(flow).is_some_and(|senders| senders.contains(target)) {
            continue;
        }
        let (Some(subject), Some(module)) = (set.subject_at(flow.position()), topology.module(target)) else {
            continue;
        };
        let (Some(source), Some(sink)) = (&subject.tree.source, &subject.tree.sink) else {
            continue;
        };
        let name = module.name();
        let message = match subject.tree.condition {
            Some(_) => format!("the module `{name}` receives its own messages that satisfy the condition"),
            None => format!("the module `{name}` receives its own messages"),
        };
        let diagnostic = findings
            .diagnostic(sink.span, message)
            .with_label(format!("into `{name}`"))
            .with_secondary(source.span, format!("also takes what `{name}` sends"));
        let help = if flow.selection().is_wide() {
            format!(
                "exclude them: `$connectionModuleId != '{name}'`, or `not is_defined($connectionModuleId)` for leaf devices only"
            )
        } else {
            "if you intend this, name the output that the messages are sent to".to_owned()
        };
        findings.add(subject.index, diagnostic.with_help(help));
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{into_module, said};

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let into = into_module("filter");
        let up = "up: FROM /messages/modules/filter/outputs/o INTO $upstream";
        let fires = |source: &str| said("self-loop", None, &[&format!("r: FROM {source} {into}"), up]);
        for source in [
            "/*",
            "/messages/*",
            "/messages/modules/*",
            "/messages/modules/Filter/*",
            "/messages/modules/filter/outputs/*",
        ] {
            let source_text = format!("; also takes what `filter` sends: {source}");
            assert_eq!(fires(source), [format!("r: the module `filter` receives its own messages{source_text}")]);
        }
        assert_eq!(
            fires("/messages/* WHERE level = 'x'"),
            ["r: the module `filter` receives its own messages that satisfy the condition; also takes what `filter` \
              sends: /messages/*"]
        );
        for source in [
            "/messages/modules/filter/outputs/again",
            "/messages/modules/other/*",
            "/messages/* WHERE not is_defined($connectionModuleId)",
            "/messages/modules/* WHERE $connectionModuleId != 'filter'",
            "/twinChangeNotifications",
        ] {
            assert_eq!(fires(source), [""; 0], "{source}");
        }
        // Nothing shows that the module sends.
        assert_eq!(said("self-loop", None, &[&format!("r: FROM /messages/* {into}")]), [""; 0]);
    }
}
