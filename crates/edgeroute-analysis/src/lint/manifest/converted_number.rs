use crate::lint::{DocumentContext, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::{Code, quoted};
use edgeroute_lang::manifest::ConvertedNumber;

lint! {
    /// A number that the hub converts from another form.
    ///
    /// # Why
    /// The hub accepts a string, a fraction or a Boolean value where it expects a whole number.
    /// It rounds 2.5 to 2 and 3.5 to 4, and reads `true` as 1.
    /// Other tools, such as the validation in the Azure CLI, refuse such values.
    /// A schema version must be a string there, although the hub also reads a number.
    ///
    /// # Example
    /// ```json W0403
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": {
    ///     "alerts": { "route": "FROM /messages/* WHERE level = 'critical' INTO $upstream", "priority": "1" }
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
    ///     "alerts": { "route": "FROM /messages/* WHERE level = 'critical' INTO $upstream", "priority": 1 }
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Fix
    /// Writes the value that the hub reads.
    Lint {
        code: Code::ConvertedNumber,
        name: "converted-number",
        level: Level::Warn,
        fixes: Some(Fixes::KeepMeaning),
        pass: Pass::Manifest(check),
    }
}

fn check(document: &DocumentContext<'_>, findings: &mut Findings<'_>) {
    for ConvertedNumber { route, key, span, read, .. } in &document.survey.converted_numbers {
        let found = quoted(span.slice(document.text));
        let message = format!("`{key}` is written as {found}; the hub reads {read}");
        let diagnostic =
            findings.diagnostic(*span, message).with_help(format!("write `{read}`")).with_fix(*span, read.as_str());
        findings.add_about(route.as_ref(), diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::Fixes;
    use crate::lint::testing::{fixed_manifest, manifest_findings};
    use edgeroute_lang::manifest::Manifest;

    fn hub(version: &str, priority: &str, store: &str) -> String {
        format!(
            r#"{{"schemaVersion": {version}, "storeAndForwardConfiguration": {{"timeToLiveSecs": {store}}},
                "routes": {{"r": {{"route": "FROM /messages/* INTO $upstream", "priority": {priority}}}}}}}"#
        )
    }

    #[test]
    fn it_reports_numbers_in_other_forms_and_writes_what_is_read() {
        for (text, expected) in [
            (hub("\"1.1\"", "\"1\"", "1"), "r: `priority` is written as \"1\"; the hub reads 1: write `1`"),
            (hub("\"1.1\"", "1.5", "1"), "r: `priority` is written as 1.5; the hub reads 2: write `2`"),
            (hub("\"1.1\"", "true", "1"), "r: `priority` is written as true; the hub reads 1: write `1`"),
            (hub("\"1.1\"", "1", "\"60\""), "`timeToLiveSecs` is written as \"60\"; the hub reads 60: write `60`"),
            (hub("1.2", "1", "1"), "`schemaVersion` is written as 1.2; the hub reads \"1.2\": write `\"1.2\"`"),
        ] {
            assert_eq!(manifest_findings("converted-number", &text), [expected]);
            let fixed = fixed_manifest("converted-number", &text, Fixes::KeepMeaning);
            assert_eq!(manifest_findings("converted-number", &fixed), [""; 0]);
            let read = |text| {
                let manifest = Manifest::from_json(text).unwrap();
                let store = manifest.store_and_forward().copied();
                (manifest.routes()[0].priority(), store, manifest.schema_version().unwrap().minor())
            };
            assert_eq!(read(&fixed), read(&text));
        }
    }

    #[test]
    fn whole_numbers_are_not_reported() {
        for text in [hub("\"1.1\"", "0", "-1"), hub("\"1.0.0\"", "9", "7200").replace("1.0.0", "1.1.0")] {
            assert_eq!(manifest_findings("converted-number", &text), [""; 0]);
        }
    }
}
