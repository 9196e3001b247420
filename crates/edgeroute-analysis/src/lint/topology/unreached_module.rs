use crate::lint::{Findings, Level, Pass, RouteSetContext};
use edgeroute_lang::diagnostic::Code;

lint! {
    /// A module that no route takes from or sends to.
    ///
    /// # Why
    /// The module is installed, but no message from it or to it passes through the hub.
    /// This lint is off by default, because many modules, such as databases, do not use the hub.
    ///
    /// # Example
    /// ```json W0310
    /// {
    ///   "$edgeAgent": { "properties.desired": { "modules": { "sensor": {}, "filter": {} } } },
    ///   "$edgeHub": { "properties.desired": {
    ///     "schemaVersion": "1.0",
    ///     "routes": { "up": "FROM /messages/modules/sensor/* INTO $upstream" },
    ///     "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    ///   } }
    /// }
    /// ```
    ///
    /// # Use instead
    /// ```json
    /// {
    ///   "$edgeAgent": { "properties.desired": { "modules": { "sensor": {}, "filter": {} } } },
    ///   "$edgeHub": { "properties.desired": {
    ///     "schemaVersion": "1.0",
    ///     "routes": {
    ///       "in": "FROM /messages/modules/sensor/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")",
    ///       "up": "FROM /messages/modules/filter/* INTO $upstream",
    ///       "leaves": "FROM /messages/* WHERE NOT IS_DEFINED($connectionModuleId) INTO $upstream"
    ///     },
    ///     "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    ///   } }
    /// }
    /// ```
    Lint {
        code: Code::UnreachedModule,
        name: "unreached-module",
        level: Level::Allow,
        fixes: None,
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let Some((_, topology)) = set.manifest.filter(|_| set.is_complete) else {
        return;
    };
    for (id, module) in topology.modules() {
        let Some(declared) = module.declared().filter(|_| module.inputs().is_empty()) else {
            continue;
        };
        if topology.flows_from(id).next().is_none() {
            let message = format!("no route takes messages from the module `{}` or sends any to it", module.name());
            let diagnostic = findings.diagnostic(declared, message).with_label("installed here");
            findings.add_to_manifest(diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{into_module, said};

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let modules: Option<&[&str]> = Some(&["a", "b", "c"]);
        let routes = [&*format!("x: FROM /messages/modules/A/* {}", into_module("b"))];
        assert_eq!(
            said("unreached-module", modules, &routes),
            ["no route takes messages from the module `c` or sends any to it"]
        );
        assert_eq!(said("unreached-module", modules, &["x: FROM /messages/* INTO $upstream"]), [""; 0]);
        assert_eq!(said("unreached-module", None, &routes), [""; 0]);
    }
}
