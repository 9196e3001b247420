use crate::lint::{Findings, Level, Pass, RouteSetContext};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::endpoint::Endpoint;

lint! {
    /// No route to the cloud.
    ///
    /// # Why
    /// Without a route into `$upstream` no message leaves the device.
    /// That may be intended on a device that works alone.
    /// Otherwise the route was forgotten, or a partial manifest was deployed as a whole one.
    /// The lint is off by default, because modules may have connections of their own.
    ///
    /// # Example
    /// ```json W0309
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": { "in": "FROM /messages/modules/sensor/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")" },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Use instead
    /// ```json
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": {
    ///     "in": "FROM /messages/modules/sensor/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")",
    ///     "up": "FROM /messages/modules/filter/* INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::NoWayUpstream,
        name: "no-way-upstream",
        level: Level::Allow,
        fixes: None,
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let is_upstream = |endpoint: &Endpoint| *endpoint == Endpoint::Upstream;
    if set.manifest.is_none()
        || !set.is_complete
        || set.subjects.iter().any(|subject| is_upstream(&subject.typed.endpoint))
    {
        return;
    }
    let Some((subject, sink)) = set.subjects.first().and_then(|first| Some((first, first.tree.sink.as_ref()?))) else {
        return;
    };
    let label = match set.subjects.len() {
        1 => "the only route delivers on the device".to_owned(),
        2 => "this route and one other deliver on the device".to_owned(),
        count => format!("this route and {} others deliver on the device", count - 1),
    };
    let diagnostic = findings
        .diagnostic(sink.span, "no route leads to the cloud")
        .with_label(label)
        .with_help("add a route INTO $upstream; without one, no message leaves the device");
    findings.add(subject.index, diagnostic);
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{into_module, linter, said};

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let local = format!("a: FROM /messages/* {}", into_module("m"));
        assert_eq!(said("no-way-upstream", None, &[&local]), ["a: no route leads to the cloud"]);
        assert_eq!(said("no-way-upstream", None, &[&local, "up: FROM /messages/* INTO $upstream"]), [""; 0]);
        assert_eq!(said("no-way-upstream", None, &[]), [""; 0]);
        // A layer may leave it to its base, and a route with an error may be the missing one.
        let route =
            serde_json::Value::from("FROM /messages/* INTO BrokeredEndpoint('/modules/m/inputs/i')").to_string();
        let layer = format!(r#"{{"$edgeHub": {{"properties.desired.routes.a": {route}}}}}"#);
        assert_eq!(linter("no-way-upstream").lint_manifest(&layer).findings(), []);
        let broken = format!(
            r#"{{"schemaVersion": "1.1", "storeAndForwardConfiguration": {{}}, "routes": {{"a": {route}, "up": "FROM /messages/* INTO upstream"}}}}"#
        );
        assert_eq!(linter("no-way-upstream").lint_manifest(&broken).findings(), []);
    }
}
