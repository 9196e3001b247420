use crate::lint::{DocumentContext, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::{Code, closest, quoted};
use edgeroute_lang::manifest::UnknownKey;

/// Other names of keys, in lower case.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("ttl", "timeToLiveSecs"),
    ("ttlsecs", "timeToLiveSecs"),
    ("time_to_live", "timeToLiveSecs"),
    ("time_to_live_secs", "timeToLiveSecs"),
    ("prio", "priority"),
    ("maxsize", "maxSizeBytes"),
];
/// Keys that are written for readers, in lower case.
const NOTES: [&str; 6] = ["comment", "comments", "description", "note", "notes", "remarks"];

lint! {
    /// A key that the hub ignores.
    ///
    /// # Why
    /// The hub ignores keys that it does not know.
    /// A misspelled optional key is therefore lost without an error:
    /// the priority or the time to live does not apply, or a layered deployment adds no route at all.
    ///
    /// Keys for readers are not reported: `comment`, `description`, `note`, and keys that start with `_`, `$`, `#` or `//`.
    ///
    /// # Example
    /// ```json W0402
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": {
    ///     "alerts": { "route": "FROM /messages/* WHERE level = 'critical' INTO $upstream", "prority": 0 }
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
    ///     "alerts": { "route": "FROM /messages/* WHERE level = 'critical' INTO $upstream", "priority": 0 }
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Fix
    /// Renames a key that is almost certainly misspelled.
    /// The setting then applies, which it did not before.
    Lint {
        code: Code::UnknownKey,
        name: "unknown-key",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Manifest(check),
    }
}

fn check(document: &DocumentContext<'_>, findings: &mut Findings<'_>) {
    // Two misspelled keys may be meant for one setting, and only one can become it.
    let mut given: Vec<(&UnknownKey, &str)> = Vec::new();
    for unknown in &document.survey.unknown_keys {
        let UnknownKey { section, route, key, span, name_span, missing, .. } = unknown;
        if is_note(key) {
            continue;
        }
        let place = name_span.unwrap_or(*span);
        let mut diagnostic = findings.diagnostic(place, format!("unknown key `{}` in {section}", quoted(key)));
        if let Some(meant) = meant(key, missing) {
            diagnostic = diagnostic.with_label("the hub ignores it").with_help(format!("did you mean `{meant}`?"));
            let is_free = given.last().is_none_or(|(last, last_meant)| {
                *last_meant != meant || (last.section, &last.route) != (*section, route)
            });
            if let Some(name) = name_span.filter(|_| is_free) {
                diagnostic = diagnostic.with_fix(name, meant);
                given.push((unknown, meant));
            }
        } else {
            diagnostic = diagnostic.with_label("the hub ignores it").with_help("remove it, or correct its name");
        }
        findings.add_about(route.as_ref(), diagnostic);
    }
}

/// Returns the key that is meant, of those that are not there.
fn meant(key: &str, missing: &[&'static str]) -> Option<&'static str> {
    let lower = key.to_ascii_lowercase();
    let other = OTHER_NAMES.iter().find(|(other, name)| *other == lower && missing.contains(name));
    let is_beginning = |name: &&str| key.len() >= 3 && name.to_ascii_lowercase().starts_with(&lower);
    let beginning = || missing.iter().copied().find(is_beginning);
    other.map(|(_, name)| *name).or_else(beginning).or_else(|| closest(key, missing.iter().copied()))
}

fn is_note(key: &str) -> bool {
    key.starts_with(['_', '$', '#']) || key.starts_with("//") || NOTES.iter().any(|note| note.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use crate::lint::Fixes;
    use crate::lint::testing::{fixed_manifest, manifest_findings};

    fn hub(route: &str, store: &str) -> String {
        format!(
            r#"{{"schemaVersion": "1.1", "routes": {{"r": {{"route": "FROM /messages/* INTO $upstream"{route}}}}},
                "storeAndForwardConfiguration": {{{store}}}}}"#
        )
    }

    #[test]
    fn it_reports_keys_that_nothing_reads() {
        for (text, expected) in [
            (hub(r#", "prority": 1"#, ""), "r: unknown key `prority` in a route: did you mean `priority`?"),
            (hub(r#", "ttl": 1"#, ""), "r: unknown key `ttl` in a route: did you mean `timeToLiveSecs`?"),
            (hub(r#", "input": 1"#, ""), "r: unknown key `input` in a route: remove it, or correct its name"),
            (
                hub("", r#""timeToLive": 1"#),
                "unknown key `timeToLive` in `storeAndForwardConfiguration`: did you mean `timeToLiveSecs`?",
            ),
            (
                r#"{"$edgeHub": {"properties.desired.route.up": "FROM /* INTO $upstream"}}"#.to_owned(),
                "unknown key `route` in the hub's properties: did you mean `routes`?",
            ),
        ] {
            assert_eq!(manifest_findings("unknown-key", &text), [expected]);
            let fixed = fixed_manifest("unknown-key", &text, Fixes::ChangeMeaning);
            assert_eq!(fixed != text, expected.contains("did you mean"), "{fixed}");
            if fixed != text {
                assert_eq!(manifest_findings("unknown-key", &fixed), [""; 0], "{fixed}");
            }
            assert_eq!(fixed_manifest("unknown-key", &text, Fixes::KeepMeaning), text);
        }
    }

    #[test]
    fn what_is_there_is_not_suggested() {
        let text = hub(r#", "priority": 1, "priorty": 1"#, "");
        assert_eq!(
            manifest_findings("unknown-key", &text),
            ["r: unknown key `priorty` in a route: remove it, or correct its name"]
        );
        let text = hub(r#", "priorty": 1, "prority": 2"#, "");
        let fixed = fixed_manifest("unknown-key", &text, Fixes::ChangeMeaning);
        assert_eq!(fixed, text.replace("priorty", "priority"));
    }

    #[test]
    fn known_keys_and_notes_are_not_reported() {
        for text in [
            hub(r#", "Priority": 1, "comment": "c", "_note": 1, "//": "n""#, r#""timetolivesecs": 1"#),
            r#"{"schemaVersion": "1.2", "routes": {}, "storeAndForwardConfiguration": {}, "mqttBroker": {},
                "integrity": {}, "$version": 1, "$metadata": {}}"#
                .to_owned(),
            r#"{"id": 1, "modulesContent": {"a": {}, "$edgeHub": {"properties.desired.routes.up": "FROM /* INTO $upstream"}}}"#
                .to_owned(),
        ] {
            assert_eq!(manifest_findings("unknown-key", &text), [""; 0], "{text}");
        }
    }
}
