use crate::lint::{Findings, Level, Pass, RouteSetContext};
use edgeroute_lang::diagnostic::Code;

lint! {
    /// No route for messages of leaf devices.
    ///
    /// # Why
    /// Devices that use the hub as their gateway send from `/messages`, without a module.
    /// Routes from `/messages/modules/...` do not select their messages, and the hub drops messages that no route takes.
    /// This lint is off by default, because many deployments have no leaf devices.
    ///
    /// # Example
    /// ```json W0311
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": { "up": "FROM /messages/modules/* INTO $upstream" },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Use instead
    /// ```json
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": {
    ///     "up": "FROM /messages/modules/* INTO $upstream",
    ///     "leaves": "FROM /messages/* WHERE NOT IS_DEFINED($connectionModuleId) INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::UnservedLeafDevices,
        name: "unserved-leaf-devices",
        level: Level::Allow,
        fixes: None,
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let Some((_, topology)) = set.manifest.filter(|_| set.is_complete) else {
        return;
    };
    if topology.flows().any(|(_, flow)| flow.takes_from_leaf_devices()) {
        return;
    }
    let Some((subject, source)) = set.subjects.first().and_then(|first| Some((first, first.tree.source.as_ref()?)))
    else {
        return;
    };
    let diagnostic = findings
        .diagnostic(source.span, "no route takes messages from leaf devices")
        .with_label("no route matches messages from leaf devices")
        .with_help("to take them, use `FROM /messages/* WHERE not is_defined($connectionModuleId)`");
    findings.add(subject.index, diagnostic);
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{linter, said};
    use edgeroute_lang::hir::Shadowing;

    /// Regression found by `lints_are_sound`: for a hub where application properties take precedence over stamps, the
    /// linter treated `$connectionModuleId` as the stamp, which leaf devices do not have. A leaf device can send a property
    /// with that name, and the route then matches.
    #[test]
    fn leaf_devices_may_pass_for_modules_where_stamps_can_be_shadowed() {
        let json = r#"{"schemaVersion": "1.0", "storeAndForwardConfiguration": {}, "routes": {
            "up": "FROM /messages/* WHERE $connectionModuleId = 'm' INTO $upstream" }}"#;
        let found =
            |shadowing| linter("unserved-leaf-devices").shadowing(shadowing).lint_manifest(json).findings().len();
        assert_eq!((found(Shadowing::Deny), found(Shadowing::Reference)), (1, 0));
    }

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let fires = |route: &str| said("unserved-leaf-devices", None, &[route]);
        assert_eq!(
            fires("a: FROM /messages/modules/* INTO $upstream"),
            ["a: no route takes messages from leaf devices"]
        );
        assert_eq!(
            fires("a: FROM /messages/* WHERE is_defined($connectionModuleId) INTO $upstream"),
            ["a: no route takes messages from leaf devices"]
        );
        assert_eq!(fires("a: FROM /messages/* WHERE level = 'x' INTO $upstream"), [""; 0]);
    }
}
