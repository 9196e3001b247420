use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass, RouteSetContext};
use crate::topology::{ModuleId, Selection, Target, Topology};
use edgeroute_lang::diagnostic::{Code, closest};
use edgeroute_lang::manifest::ModuleSpec;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::SinkKind;

lint! {
    /// A module that the deployment does not install.
    ///
    /// # Why
    /// A route from a missing module takes nothing, and a route into one stores messages that nobody will ever receive.
    /// Module names in endpoints are case-sensitive.
    /// The lint runs only if the deployment declares its modules.
    ///
    /// # Example
    /// ```json W0301
    /// {
    ///   "$edgeAgent": { "properties.desired": { "modules": { "sensor": {} } } },
    ///   "$edgeHub": { "properties.desired": {
    ///     "schemaVersion": "1.0",
    ///     "routes": { "up": "FROM /messages/modules/sensr/* INTO $upstream" },
    ///     "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    ///   } }
    /// }
    /// ```
    ///
    /// # Use instead
    /// ```json
    /// {
    ///   "$edgeAgent": { "properties.desired": { "modules": { "sensor": {} } } },
    ///   "$edgeHub": { "properties.desired": {
    ///     "schemaVersion": "1.0",
    ///     "routes": { "up": "FROM /messages/modules/sensor/* INTO $upstream" },
    ///     "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    ///   } }
    /// }
    /// ```
    ///
    /// # Fix
    /// Writes the name that was probably meant, which changes the meaning.
    Lint {
        code: Code::UnknownModule,
        name: "unknown-module",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Set(check),
    }
}

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let Some((manifest, topology)) = set.manifest else {
        return;
    };
    let Some(declared) = manifest.modules() else {
        return;
    };
    let known: Vec<&str> = declared.iter().map(ModuleSpec::name).collect();
    for (_, flow) in topology.flows() {
        let Some(subject) = set.subject_at(flow.position()) else {
            continue;
        };
        if let (Selection::Module { modules, .. }, Some(source)) = (flow.selection(), &subject.tree.source)
            && let Some(name) = unknown(topology, modules)
            && name != "*"
        {
            report(subject, source.span, name, &known, findings);
        }
        if let (Target::Input(module, _), Some(sink)) = (flow.target(), &subject.tree.sink)
            && let SinkKind::Function { address_span, .. } = sink.kind
            && let Some(name) = unknown(topology, &[module])
        {
            report(subject, address_span, name, &known, findings);
        }
    }
}

/// The name of the modules if the deployment installs none of them.
fn unknown<'t>(topology: &'t Topology, modules: &[ModuleId]) -> Option<&'t str> {
    let mut named = modules.iter().filter_map(|id| topology.module(*id));
    let first = named.next()?;
    (first.declared().is_none() && named.all(|module| module.declared().is_none())).then_some(first.name())
}

/// `place` must span a path whose second or third segment is the module's name.
fn report(subject: &CheckedRoute<'_>, place: Span, name: &str, known: &[&str], findings: &mut Findings<'_>) {
    let path = subject.slice(place);
    let segment = segments(path).find(|(_, segment)| segment.eq_ignore_ascii_case(name));
    let span = segment.map_or(place, |(at, segment)| Span::from_range(at..at + segment.len()).shifted(place.start()));
    let message = format!("the deployment does not install a module `{name}`");
    let diagnostic = findings.diagnostic(span, message).with_label("no such module");
    let diagnostic = match closest(name, known.iter().copied()) {
        Some(meant) => {
            let help = format!("did you mean `{meant}`?");
            let diagnostic = diagnostic.with_help(help);
            if segment.is_some() { findings.fix(subject, diagnostic, span, meant) } else { diagnostic }
        }
        None => diagnostic,
    };
    findings.add(subject.index, diagnostic);
}

/// The segments of a path from the second one on, with their positions.
fn segments(path: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    let parts = path.split('/').map(move |segment| {
        let start = at;
        at += segment.len() + 1;
        (start, segment)
    });
    parts.filter(|(_, segment)| !segment.is_empty()).skip(1)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::said;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let modules: Option<&[&str]> = Some(&["sensor", "filter"]);
        let routes = [
            "a: FROM /messages/modules/Sensr/outputs/* INTO $upstream",
            "b: FROM /messages/modules/SENSOR/* INTO BrokeredEndpoint('/modules/Filter/inputs/in')",
            "c: FROM /messages/modules/other/* INTO BrokeredEndpoint('/modules/filter/inputs/in')",
        ];
        assert_eq!(
            said("unknown-module", modules, &routes),
            [
                "a: the deployment does not install a module `Sensr` -> FROM /messages/modules/sensor/outputs/* INTO $upstream",
                "b: the deployment does not install a module `Filter` -> FROM /messages/modules/SENSOR/* INTO \
                 BrokeredEndpoint('/modules/filter/inputs/in')",
                "c: the deployment does not install a module `other`",
            ]
        );
        assert_eq!(said("unknown-module", None, &routes), [""; 0]);
        let known = [
            "a: FROM /messages/modules/SENSOR/* INTO BrokeredEndpoint('/modules/filter/inputs/in')",
            "b: FROM /messages/modules/*/x INTO $upstream",
        ];
        assert_eq!(said("unknown-module", modules, &known), [""; 0]);
    }
}
