use crate::lint::semantics::system_name;
use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass, RouteSetContext};
use crate::topology::{ModuleId, Selection, Target, Topology};
use edgeroute_lang::diagnostic::{Code, closest, is_slip};
use edgeroute_lang::hir::TypedRoute;
use edgeroute_lang::manifest::ModuleSpec;
use edgeroute_lang::message::Stamp;
use edgeroute_lang::prove::{Answer, SourceFacts};
use edgeroute_lang::source::SourcePattern;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::SinkKind;
use edgeroute_lang::syntax::placeholder::placeholder_in_segment;
use edgeroute_lang::text::eq_ignore_case;

lint! {
    /// A module that the deployment does not install.
    ///
    /// # Why
    /// A route from a missing module takes nothing, and a route into one stores messages that nobody will ever receive.
    /// Module names in endpoints are case-sensitive.
    /// The lint runs only if the deployment declares its modules.
    /// A source may also be a module of a child device, whose messages a parent hub receives too.
    /// The lint assumes so if the condition asks for `$connectionDeviceId`.
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
    /// There is no fix if the result would take what another route takes.
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
            && !asks_for_device(subject)
        {
            let otherwise = "if a child device sends from this module, ask for the device as well: \
                             `$connectionDeviceId = 'CHILD'`";
            report(set, subject, Unknown { place: source.span, name, otherwise }, &known, findings);
        }
        if let (Target::Input(module, _), Some(sink)) = (flow.target(), &subject.tree.sink)
            && let SinkKind::Function { address_span, .. } = sink.kind
            && let Some(name) = unknown(topology, &[module])
        {
            let otherwise = "write a module of `$edgeAgent`";
            report(set, subject, Unknown { place: address_span, name, otherwise }, &known, findings);
        }
    }
}

/// Whether the condition reads the id of the sending device, which may then be a child of this one.
fn asks_for_device(subject: &CheckedRoute<'_>) -> bool {
    subject.nodes().any(|node| system_name(&node.kind).is_some_and(|name| eq_ignore_case(name, Stamp::Device.name())))
}

/// The name of the modules if the deployment installs none of them.
fn unknown<'t>(topology: &'t Topology, modules: &[ModuleId]) -> Option<&'t str> {
    let mut named = modules.iter().filter_map(|id| topology.module(*id));
    let first = named.next()?;
    let is_unknown = first.declared().is_none() && named.all(|module| module.declared().is_none());
    // Another lint reports placeholders.
    Some(first.name()).filter(|name| is_unknown && placeholder_in_segment(name).is_none())
}

/// A module that the deployment does not install.
struct Unknown<'s> {
    /// Spans a path whose second or third segment is the module's name.
    place: Span,
    name: &'s str,
    /// The help if no module has a similar name.
    otherwise: &'s str,
}

fn report(
    set: &RouteSetContext<'_>,
    subject: &CheckedRoute<'_>,
    Unknown { place, name, otherwise }: Unknown<'_>,
    known: &[&str],
    findings: &mut Findings<'_>,
) {
    let path = subject.slice(place);
    let segment = segments(path).find(|(_, segment)| segment.eq_ignore_ascii_case(name));
    let span = segment.map_or(place, |(at, segment)| Span::from_range(at..at + segment.len()).shifted(place.start()));
    let message = format!("the deployment does not install a module `{name}`");
    let diagnostic = findings.diagnostic(span, message).with_label("no such module");
    let diagnostic = match closest(name, known.iter().copied()) {
        Some(meant) => {
            let help = format!("did you mean `{meant}`?");
            let diagnostic = diagnostic.with_help(help);
            if segment.is_some() && is_slip(name, meant) && is_new(set, subject, &subject.with(span, meant), findings) {
                findings.fix(subject, diagnostic, span, meant)
            } else {
                diagnostic
            }
        }
        None => diagnostic.with_help(otherwise),
    };
    findings.add(subject.index, diagnostic);
}

/// Whether `fixed`, in place of a route, neither takes everything that another route takes to the same endpoint, nor
/// nothing else.
fn is_new(set: &RouteSetContext<'_>, subject: &CheckedRoute<'_>, fixed: &str, findings: &mut Findings<'_>) -> bool {
    let Ok(fixed) = TypedRoute::compile(fixed, subject.shadowing, subject.limits) else {
        return false;
    };
    let path = |source: &SourcePattern| source.folded().collect::<String>();
    let ours = path(&fixed.source);
    let mut others = set.subjects.iter().filter(|other| {
        let theirs = path(&other.typed.source);
        other.index != subject.index
            && other.typed.endpoint == fixed.endpoint
            && (ours.starts_with(&theirs) || theirs.starts_with(&ours))
    });
    let formula = findings.reasoner.add(&fixed.condition);
    let compared = others.by_ref().take(COMPARED).all(|other| {
        let mut is_open = |one, another| {
            findings.reasoner.refute(&[(one, true), (another, false)], &SourceFacts::default()) == Answer::Open
        };
        is_open(formula, other.formula) && is_open(other.formula, formula)
    });
    compared && others.next().is_none()
}

/// The most other routes that a fixed route is compared with.
const COMPARED: usize = 64;

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

    #[test]
    fn a_guess_or_a_second_route_of_the_kind_is_no_fix() {
        let modules: Option<&[&str]> = Some(&["camera-capture"]);
        let message = |name: &str| format!("a: the deployment does not install a module `{name}`");
        let up = "b: FROM /messages/modules/camera-capture/* INTO $upstream";
        let guess = "a: FROM /messages/modules/CameraCaptureGA/* INTO $upstream";
        assert_eq!(said("unknown-module", modules, &[guess]), [message("CameraCaptureGA")]);
        let slip = "a: FROM /messages/modules/camera-captur/outputs/o INTO $upstream";
        assert_eq!(said("unknown-module", modules, &[slip, up]), [message("camera-captur")]);
        let other = "b: FROM /messages/modules/camera-capture/outputs/p INTO $upstream";
        let fixed =
            format!("{} -> FROM /messages/modules/camera-capture/outputs/o INTO $upstream", message("camera-captur"));
        assert_eq!(said("unknown-module", modules, &[slip, other]), [fixed]);
    }

    #[test]
    fn a_source_may_be_on_a_child_device() {
        let modules: Option<&[&str]> = Some(&["store"]);
        let from = |condition: &str| {
            format!("a: FROM /messages/modules/reader/*{condition} INTO BrokeredEndpoint('/modules/store/inputs/in')")
        };
        assert_eq!(said("unknown-module", modules, &[&from("")]).len(), 1);
        assert_eq!(said("unknown-module", modules, &[&from(" WHERE $connectionDeviceId = 'child-1'")]), [""; 0]);
    }
}
