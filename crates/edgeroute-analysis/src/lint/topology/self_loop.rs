use super::senders::Senders;
use crate::lint::editing::string_literal;
use crate::lint::{Findings, Fixes, Level, Pass, RouteSetContext};
use crate::topology::{Target, holds_for_module};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::TypedRoute;

lint! {
    /// A module that receives its own messages.
    ///
    /// # Why
    /// Whatever the module sends comes back to it.
    /// If it answers each message with another, the loop never ends and fills the device's processor and the hub's store.
    /// A route from `/messages/*` does this too, because it also selects the messages of the module that it sends to.
    /// The lint reports only modules that some route names as a source.
    /// A route from a single output, or with a condition that asks for more than the sender, is assumed to be intentional.
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
    ///     "in": "FROM /messages/* WHERE ($connectionModuleId ?? '') != 'filter' INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")",
    ///     "out": "FROM /messages/modules/filter/* INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// A leaf device has no `$connectionModuleId`, and a comparison with nothing is undefined.
    /// `?? ''` lets the messages of leaf devices pass.
    ///
    /// # Fix
    /// Adds a condition that excludes the module, which changes the meaning.
    /// The messages of all other senders are delivered as before.
    Lint {
        code: Code::SelfLoop,
        name: "self-loop",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let Some((_, topology)) = set.manifest else {
        return;
    };
    let senders = Senders::of(set, topology);
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
        let diagnostic = findings
            .diagnostic(sink.span, format!("the module `{name}` receives its own messages"))
            .with_label(format!("into `{name}`"))
            .with_secondary(source.span, format!("also takes what `{name}` sends"));
        let id = string_literal(name);
        // A comparison with the missing id of a leaf device is undefined.
        let exclusion = if flow.takes_from_leaf_devices() || flow.takes_twin_changes() || flow.takes_other_sources() {
            format!("($connectionModuleId ?? '') != {id}")
        } else {
            format!("$connectionModuleId != {id}")
        };
        let excluded = || {
            let (span, text) = subject.requiring(&exclusion)?;
            let fixed = subject.with(span, &text);
            let fixed = TypedRoute::compile(&fixed, subject.shadowing, subject.limits).ok()?;
            (!holds_for_module(&fixed.condition, name)).then_some((span, text))
        };
        let diagnostic = match flow.selection().is_wide().then(excluded).flatten() {
            Some((span, text)) => {
                let diagnostic = diagnostic.with_help(format!("exclude them: `{exclusion}`"));
                findings.fix(subject, diagnostic, span, &text)
            }
            None => diagnostic.with_help("name the intended source, as in /messages/modules/NAME/outputs/OUTPUT"),
        };
        findings.add(subject.index, diagnostic);
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
        for (source, fixed) in [
            ("/*", "/* WHERE ($connectionModuleId ?? '') != 'filter'"),
            ("/messages/*", "/messages/* WHERE ($connectionModuleId ?? '') != 'filter'"),
            ("/messages/modules/*", "/messages/modules/* WHERE $connectionModuleId != 'filter'"),
            (
                "/messages/* WHERE is_defined($connectionModuleId)",
                "/messages/* WHERE is_defined($connectionModuleId) and $connectionModuleId != 'filter'",
            ),
            (
                "/messages/* WHERE $connectionModuleId = 'a' or lower($connectionModuleId) = 'filter'",
                "/messages/* WHERE ($connectionModuleId = 'a' or lower($connectionModuleId) = 'filter') and \
                 $connectionModuleId != 'filter'",
            ),
            (
                "/messages/* WHERE ($connectionModuleId ?? '') != 'Filter'",
                "/messages/* WHERE ($connectionModuleId ?? '') != 'Filter' and ($connectionModuleId ?? '') != 'filter'",
            ),
            (
                "/messages/* WHERE $connectionDeviceId != 'leaf-1'",
                "/messages/* WHERE $connectionDeviceId != 'leaf-1' and ($connectionModuleId ?? '') != 'filter'",
            ),
            ("/messages/modules/Filter/*", ""),
            ("/messages/modules/filter/outputs/*", ""),
        ] {
            let path = source.split(" WHERE").next().unwrap();
            let fix = if fixed.is_empty() { String::new() } else { format!(" -> FROM {fixed} {into}") };
            let expected = format!(
                "r: the module `filter` receives its own messages; also takes what `filter` sends: {path}{fix}"
            );
            assert_eq!(fires(source), [expected], "{source}");
            if !fixed.is_empty() {
                assert_eq!(fires(fixed), [""; 0], "{fixed}");
            }
        }
        for source in [
            "/messages/modules/filter/outputs/again",
            "/messages/modules/other/*",
            "/messages/* WHERE not is_defined($connectionModuleId)",
            "/messages/modules/* WHERE $connectionModuleId != 'filter'",
            "/messages/* WHERE not (($connectionModuleId ?? '') = 'filter')",
            "/messages/* WHERE lower($connectionModuleId ?? '') != 'filter'",
            "/messages/* WHERE not starts_with($connectionModuleId ?? '', 'filter')",
            "/messages/* WHERE ('' || $connectionModuleId) != 'filter'",
            "/messages/* WHERE concat($connectionModuleId, '!') != 'filter!'",
            "/messages/* WHERE length($connectionModuleId ?? '') != 6",
            "/messages/* WHERE $connectionDeviceId = 'leaf-1'",
            "/messages/* WHERE starts_with($connectionDeviceId, 'leaf-')",
            "/* WHERE topic = 'alarms'",
            "/twinChangeNotifications",
        ] {
            assert_eq!(fires(source), [""; 0], "{source}");
        }
        // Nothing shows that the module sends.
        assert_eq!(said("self-loop", None, &[&format!("r: FROM /messages/* {into}")]), [""; 0]);
    }

    #[test]
    fn a_quote_in_the_name_is_escaped() {
        let routes = [
            "r: FROM /messages/* INTO BrokeredEndpoint(\"/modules/it's/inputs/in\")",
            "up: FROM /messages/modules/it's/* INTO $upstream",
        ];
        let found = said("self-loop", None, &routes);
        assert!(
            found[0].contains(r"-> FROM /messages/* WHERE ($connectionModuleId ?? '') != 'it\'s' INTO"),
            "{found:?}"
        );
    }
}
