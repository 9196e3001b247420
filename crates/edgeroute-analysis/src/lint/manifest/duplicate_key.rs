use crate::lint::{DocumentContext, Findings, Level, Pass};
use edgeroute_lang::diagnostic::{Code, quoted};
use edgeroute_lang::manifest::{RepeatedKey, Section};

lint! {
    /// A key that occurs more than once.
    ///
    /// # Why
    /// Of equal keys in an object only one counts, usually the last.
    /// The others, with all routes in them, are lost, and the hub does not report them.
    /// Two routes of one name usually come from copying a route or from merging two manifests.
    /// The names of routes differ if their case differs; most other keys ignore case, so `routes` and `Routes` are equal.
    /// In a layered deployment a dotted key replaces the same setting in `properties.desired`.
    ///
    /// # Example
    /// ```json W0401
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": {
    ///     "up": "FROM /messages/modules/camera/* INTO $upstream",
    ///     "up": "FROM /messages/modules/sensor/* INTO $upstream"
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
    ///     "cameraUp": "FROM /messages/modules/camera/* INTO $upstream",
    ///     "sensorUp": "FROM /messages/modules/sensor/* INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::DuplicateKey,
        name: "duplicate-key",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Manifest(check),
    }
}

fn check(document: &DocumentContext<'_>, findings: &mut Findings<'_>) {
    for RepeatedKey { section, route, key, span, counts, .. } in &document.survey.repeated_keys {
        let (key, counting) = (quoted(key), counts.slice(document.text));
        let is_same = span.slice(document.text) == counting;
        let (message, help) = match section {
            Section::Routes => {
                (format!("the route `{key}` is lost: its name occurs again"), "give each route its own name")
            }
            _ if is_same => (format!("this `{key}` does not count: the key occurs again"), "keep one of the two"),
            _ => {
                let counting = quoted(counting.trim_matches('"'));
                (format!("this `{key}` does not count: `{counting}` is the same key"), "keep one of the two")
            }
        };
        let diagnostic = findings.diagnostic(*span, message).with_secondary(*counts, "this one counts").with_help(help);
        findings.add_about(route.as_ref(), diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::manifest_findings;

    fn said(text: &str) -> Vec<String> {
        manifest_findings("duplicate-key", text)
    }

    #[test]
    fn it_reports_the_keys_that_are_lost() {
        assert_eq!(
            said(
                r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {
                "a": "FROM /messages/modules/x/* INTO $upstream", "a": "FROM /messages/* INTO $upstream"}}"#
            ),
            ["a: the route `a` is lost: its name occurs again; this one counts: \"a\""]
        );
        assert_eq!(
            said(
                r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {}, "Routes": {"r":
                {"route": "FROM /messages/* INTO $upstream", "priority": 1, "priority": 2}}}"#
            ),
            [
                "this `routes` does not count: `Routes` is the same key; this one counts: \"Routes\"",
                "r: this `priority` does not count: the key occurs again; this one counts: \"priority\""
            ]
        );
        assert_eq!(
            said(
                r#"{"$edgeHub": {}, "$edgeHub": {"properties.desired": {"schemaVersion": "1.1", "routes":
                {"a": "FROM /* INTO $upstream"}, "storeAndForwardConfiguration": {}},
                "properties.desired.routes.a": "FROM /messages/* INTO $upstream"}}"#
            ),
            [
                "this `$edgeHub` does not count: the key occurs again; this one counts: \"$edgeHub\"",
                "a: the route `a` is lost: its name occurs again; this one counts: \"properties.desired.routes.a\""
            ]
        );
    }

    #[test]
    fn names_of_routes_that_differ_in_case_are_different() {
        let text = r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "x": 1, "x": 2, "routes": {
            "a": "FROM /messages/* INTO $upstream", "A": "FROM /messages/* INTO $upstream"}}"#;
        assert_eq!(said(text), [""; 0]);
    }
}
