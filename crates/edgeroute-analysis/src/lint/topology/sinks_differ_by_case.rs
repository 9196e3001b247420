use std::collections::BTreeMap;

use crate::lint::{CheckedRoute, Findings, Level, Pass, Related, RouteSetContext};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::text::fold;

lint! {
    /// Endpoints that differ only by case.
    ///
    /// # Why
    /// Module ids and input names in endpoints are case-sensitive, although sources and keywords are not.
    /// A module almost certainly listens to only one of `inputs/In` and `inputs/in`; messages for the other are stored for
    /// nobody.
    ///
    /// # Example
    /// ```json W0312
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": {
    ///     "a": "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")",
    ///     "b": "FROM /messages/modules/b/* INTO BrokeredEndpoint(\"/modules/filter/inputs/In\")",
    ///     "up": "FROM /messages/modules/filter/* INTO $upstream"
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
    ///     "a": "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")",
    ///     "b": "FROM /messages/modules/b/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")",
    ///     "up": "FROM /messages/modules/filter/* INTO $upstream"
    ///   },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    Lint {
        code: Code::SinksDifferByCase,
        name: "sinks-differ-by-case",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    // Maps the upper-cased endpoint to its spellings, each with its first route.
    let mut spellings: BTreeMap<String, Vec<&CheckedRoute<'_>>> = BTreeMap::new();
    for subject in set.subjects {
        if subject.typed.endpoint == Endpoint::Upstream {
            continue;
        }
        let folded = fold(&subject.typed.endpoint.to_string()).into_owned();
        let known = spellings.entry(folded).or_default();
        if !known.iter().any(|other| other.typed.endpoint == subject.typed.endpoint) {
            known.push(subject);
        }
    }
    for known in spellings.into_values() {
        let Some((first, others)) = known.split_first() else {
            continue;
        };
        for other in others {
            let (Some(sink), Some(first_sink)) = (&other.tree.sink, &first.tree.sink) else {
                continue;
            };
            let (one, two) = (&other.typed.endpoint, &first.typed.endpoint);
            let message = format!("`{one}` and `{two}` are different endpoints");
            let diagnostic = findings.diagnostic(sink.span, message).with_label("differs only by case");
            let related = Related { route: first.index, span: first_sink.span, text: "the other endpoint".to_owned() };
            findings.add_related(other.index, diagnostic, vec![related]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::said;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let route =
            |name: &str, sink: &str| format!("{name}: FROM /messages/modules/{name} INTO BrokeredEndpoint('{sink}')");
        let one = route("a", "/modules/m/inputs/in");
        assert_eq!(
            said("sinks-differ-by-case", None, &[&one, &route("b", "/modules/M/inputs/In")]),
            ["b: `/modules/M/inputs/In` and `/modules/m/inputs/in` are different endpoints; the other endpoint: \
              BrokeredEndpoint('/modules/m/inputs/in')"]
        );
        for sink in ["/modules/m/inputs/in", "modules/m/INPUTS/in/", "/modules/m/inputs/in2"] {
            assert_eq!(said("sinks-differ-by-case", None, &[&one, &route("b", sink)]), [""; 0], "{sink}");
        }
    }
}
