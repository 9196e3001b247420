use crate::lint::{DocumentContext, Findings, Level, Pass};
use edgeroute_lang::diagnostic::{Code, quoted};
use edgeroute_lang::manifest::RouteKey;

lint! {
    /// A route name that IoT Hub refuses.
    ///
    /// # Why
    /// The name of a route is a key of a twin.
    /// IoT Hub refuses keys with control characters, `.`, `$`, `#` or spaces, so the manifest cannot be deployed.
    /// The hub on the device itself accepts such names.
    ///
    /// In a dotted key of a layered deployment, a dot starts a new level:
    /// `properties.desired.routes.site.up` sets the member `up` of a route called `site`, which is not a route.
    ///
    /// # Example
    /// ```json W0404
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": { "site.up": "FROM /messages/* INTO $upstream" },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Use instead
    /// ```json
    /// {
    ///   "schemaVersion": "1.1",
    ///   "routes": { "siteUp": "FROM /messages/* INTO $upstream" },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::RefusedRouteName,
        name: "refused-route-name",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Manifest(check),
    }
}

fn check(document: &DocumentContext<'_>, findings: &mut Findings<'_>) {
    for RouteKey { name, span, is_dotted, .. } in &document.survey.route_keys {
        let Some(refused) = name.chars().find(|&c| c.is_control() || ". $#".contains(c)) else { continue };
        let shown = quoted(name);
        let message = match refused {
            '.' if *is_dotted => format!("the dot in the route name `{shown}` starts a new level"),
            ' ' => format!("IoT Hub refuses the route name `{shown}`: it has a space"),
            c if c.is_control() => format!("IoT Hub refuses the route name `{shown}`: it has a control character"),
            c => format!("IoT Hub refuses the route name `{shown}`: it has the character `{c}`"),
        };
        let diagnostic = findings.diagnostic(*span, message).with_help(
            "use a name without control characters, `.`, `$`, `#` and spaces, such as `siteUp` or `site-up`",
        );
        findings.add_about(Some(name), diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{manifest_findings, said};

    #[test]
    fn it_reports_the_characters_that_the_service_refuses() {
        let route = "FROM /messages/* INTO $upstream";
        let said = |names: &[&str]| {
            let routes: Vec<String> = names.iter().map(|name| format!("{name}: {route}")).collect();
            said("refused-route-name", None, &routes.iter().map(String::as_str).collect::<Vec<_>>())
        };
        assert_eq!(
            said(&["my route", "site.up", "cost$", "line#1", "a\tb"]),
            [
                "my route: IoT Hub refuses the route name `my route`: it has a space",
                "site.up: IoT Hub refuses the route name `site.up`: it has the character `.`",
                "cost$: IoT Hub refuses the route name `cost$`: it has the character `$`",
                "line#1: IoT Hub refuses the route name `line#1`: it has the character `#`",
                "a\tb: IoT Hub refuses the route name `a b`: it has a control character",
            ]
        );
        assert_eq!(said(&["siteUp", "site-up", "site_up", "Straße", "1", "a/b", "a+b"]), [""; 0]);
    }

    #[test]
    fn a_dotted_key_has_a_name_without_dots() {
        let layer =
            |name: &str| format!(r#"{{"$edgeHub": {{"properties.desired.routes.{name}": "FROM /* INTO $upstream"}}}}"#);
        let found = manifest_findings("refused-route-name", &layer("site.up"));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("site.up: the dot in the route name `site.up` starts a new level"), "{found:?}");
        assert_eq!(manifest_findings("refused-route-name", &layer("up")), [""; 0]);
        let fields = layer("up.route");
        assert_eq!(manifest_findings("refused-route-name", &fields), [""; 0]);
    }
}
