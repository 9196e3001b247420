use crate::lint::{Findings, Fixes, Level, Pass, RouteSetContext};
use crate::topology::{Flow, Outputs, Selection};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::span::Span;

lint! {
    /// No route for messages that a module sends without an output.
    ///
    /// # Why
    /// `/messages/modules/sensor/outputs/*` selects what `sensor` sends to any named output.
    /// A message that it sends without naming an output comes from `/messages/modules/sensor` and is dropped.
    /// The lint reports this only if no other route takes such messages.
    /// This lint is off by default, because many modules always name an output.
    ///
    /// # Example
    /// ```json W0304
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": { "up": "FROM /messages/modules/sensor/outputs/* INTO $upstream" },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Use instead
    /// ```json
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": { "up": "FROM /messages/modules/sensor/* INTO $upstream" },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Fix
    /// Takes all messages of the module, which changes the meaning.
    Lint {
        code: Code::MissingDefaultOutput,
        name: "missing-default-output",
        level: Level::Allow,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let Some((_, topology)) = set.manifest.filter(|_| set.is_complete) else {
        return;
    };
    // For each module, whether a route selects the messages it sends without an output.
    let mut is_taken = vec![false; topology.modules().len()];
    let is_wide = |flow: &Flow| flow.selection().is_wide();
    let wide: Vec<&Flow> = topology.flows().map(|(_, flow)| flow).filter(|flow| is_wide(flow)).collect();
    for (_, flow) in topology.flows() {
        if let Selection::Module { modules, outputs: Outputs::Any } = flow.selection() {
            for module in modules.iter().filter(|module| flow.takes_from(**module)) {
                if let Some(is_taken) = is_taken.get_mut(module.index()) {
                    *is_taken = true;
                }
            }
        }
    }
    for (_, flow) in topology.flows() {
        let Selection::Module { modules, outputs: Outputs::Named } = flow.selection() else {
            continue;
        };
        let mut is_new = false;
        for module in modules {
            if let Some(is_taken @ false) = is_taken.get_mut(module.index())
                && !wide.iter().any(|flow| flow.takes_from(*module))
            {
                // Reported only once per module.
                *is_taken = true;
                is_new = true;
            }
        }
        let (Some(subject), true) = (set.subject_at(flow.position()), is_new) else {
            continue;
        };
        let Some(source) = &subject.tree.source else {
            continue;
        };
        let name = modules.first().and_then(|id| topology.module(*id)).map_or("", |module| module.name());
        let message = format!("no route takes messages that `{name}` sends without an output");
        let diagnostic = findings
            .diagnostic(source.span, message)
            .with_label("takes only messages sent to a named output")
            .with_help(format!("to take all messages of the module, write `/messages/modules/{name}/*`"));
        let text = subject.slice(source.span);
        let stem = text.trim_end_matches('*').trim_end_matches('/');
        let diagnostic = match stem.len().checked_sub("outputs".len()).and_then(|at| text.get(..at)) {
            Some(before) if before.ends_with('/') => {
                let place = Span::new(source.span.start() + Span::from_range(0..before.len()).len(), source.span.end());
                findings.fix(subject, diagnostic, place, "*")
            }
            _ => diagnostic,
        };
        findings.add(subject.index, diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::said;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let named = "r: FROM /messages/modules/a/outputs/* INTO $upstream";
        assert_eq!(
            said("missing-default-output", None, &[named]),
            [
                "r: no route takes messages that `a` sends without an output -> FROM /messages/modules/a/* INTO $upstream"
            ]
        );
        for other in [
            "s: FROM /messages/* INTO $upstream",
            "s: FROM /messages/modules/A/* WHERE level = 'x' INTO $upstream",
            "s: FROM /messages/modules/* WHERE $connectionModuleId = 'a' INTO $upstream",
        ] {
            assert_eq!(said("missing-default-output", None, &[named, other]), [""; 0], "{other}");
        }
        assert_eq!(
            said("missing-default-output", None, &["r: FROM /messages/modules/a/outputs/o INTO $upstream"]),
            [""; 0]
        );
    }
}
