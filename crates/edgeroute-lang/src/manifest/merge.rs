//! Merges a deployment and the layered deployments on top of it.

use core::fmt;
use core::fmt::Write as _;

use super::document::{CONTENT, DESIRED, HUB, MODULES, dotted_path, is_hub_property, reversed_path};
use super::json::{Key, Kind, Member, Node, escaped, parse};
use super::layered::{Layered, Setting};
use crate::diagnostic::{Code, Diagnostic};

/// A text that [`merge`] cannot use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MergeError {
    index: usize,
    diagnostic: Box<Diagnostic>,
}

impl MergeError {
    /// Returns the index of the text.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Returns the problem. Its spans are in bytes of that text.
    #[must_use]
    pub fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }
}

/// Prints the code and the message.
impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.diagnostic.code, self.diagnostic.message)
    }
}

impl core::error::Error for MergeError {}

/// Merges a deployment with layered deployments, given in the order in which they apply, the lowest priority first.
/// Returns the JSON text of the deployment that the device receives. Allocates.
///
/// Every module's desired properties are merged as IoT Hub does it for layered deployments: `properties.desired`
/// replaces what the texts before it set, `properties.desired.PATH` sets the value at this path, and null removes it.
/// A text may also be the hub's desired properties alone. Values are not checked: read the result with
/// [`Manifest::parse`](super::Manifest::parse). Linear in the texts, without recursion.
///
/// # Errors
/// A text that is not JSON, or in which there are no modules.
///
/// ```
/// use edgeroute_lang::manifest::{Manifest, merge};
///
/// let base = r#"{"modulesContent": {"$edgeHub": {"properties.desired": {
///     "schemaVersion": "1.1", "routes": {"up": "FROM /* INTO $upstream"}, "storeAndForwardConfiguration": {}}}}}"#;
/// let layer = r#"{"modulesContent": {"$edgeHub": {
///     "properties.desired.routes.up.priority": 1,
///     "properties.desired.routes.up.route": "FROM /messages/* INTO $upstream"}}}"#;
/// let merged = Manifest::from_json(&merge(&[base, layer])?)?;
/// assert_eq!(merged.routes()[0].text(), "FROM /messages/* INTO $upstream");
/// assert_eq!(merged.routes()[0].priority().get(), 1);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub fn merge(texts: &[&str]) -> Result<String, MergeError> {
    let mut modules: Vec<Module<'_>> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        for (name, desired) in modules_of(text).map_err(|diagnostic| MergeError { index, diagnostic })? {
            if let Some(module) = modules.iter_mut().find(|module| module.name == name) {
                module.add(desired);
            } else {
                modules.push(Module { name, base: desired.base, settings: desired.settings });
            }
        }
    }
    Ok(written(modules))
}

/// A module with its desired properties.
struct Module<'t> {
    name: String,
    base: Option<Node<'t>>,
    settings: Vec<Setting<'t>>,
}

/// What a text adds to the desired properties of a module.
struct Desired<'t> {
    base: Option<Node<'t>>,
    settings: Vec<Setting<'t>>,
}

impl<'t> Module<'t> {
    fn add(&mut self, desired: Desired<'t>) {
        if desired.base.is_some() {
            self.base = desired.base;
            self.settings.clear();
        }
        self.settings.extend(desired.settings);
    }
}

/// The modules of a document, each with its desired properties.
fn modules_of(text: &str) -> Result<Vec<(String, Desired<'_>)>, Box<Diagnostic>> {
    let root = parse(text)?;
    let members = root.members();
    let inner = last(&members, CONTENT).map(Node::members).unwrap_or_default();
    if let Some(modules) = last(&members, MODULES).or_else(|| last(&inner, MODULES)) {
        return Ok(named(modules));
    }
    if members.iter().any(|member| is_hub_property(&member.key.name)) {
        return Ok(vec![(HUB.to_owned(), Desired { base: Some(root), settings: Vec::new() })]);
    }
    if members.iter().any(|member| member.key.name == DESIRED || dotted_path(&member.key.name).is_some()) {
        return Ok(vec![(HUB.to_owned(), desired(HUB, &members))]);
    }
    if members.iter().any(|member| member.key.name.starts_with('$') && member.value.is_object()) {
        return Ok(named(root));
    }
    let message = "this is neither a deployment manifest nor the hub's desired properties";
    Err(Box::new(Diagnostic::new(Code::NoHubProperties, root.opening(), message)))
}

fn named(modules: Node<'_>) -> Vec<(String, Desired<'_>)> {
    let modules = modules.members().into_iter();
    modules.map(|Member { key, value }| (key.name.to_string(), desired(&key.name, &value.members()))).collect()
}

fn desired<'t>(module: &str, members: &[Member<'t>]) -> Desired<'t> {
    let dotted = members.iter().filter_map(|member| Some((dotted_path(&member.key.name)?, member)));
    let settings = dotted.map(|(path, member)| Setting {
        reversed_path: if module == HUB { reversed_path(path) } else { path.rsplit('.').map(str::to_owned).collect() },
        key: member.key.clone(),
        value: member.value,
    });
    Desired { base: last(members, DESIRED), settings: settings.collect() }
}

fn last<'t>(members: &[Member<'t>], name: &str) -> Option<Node<'t>> {
    members.iter().rev().find(|member| member.key.name == name).map(|member| member.value)
}

/// What is left to write.
enum Step<'t> {
    Value(Layered<'t>, usize),
    Text(String),
}

/// Writes a deployment of these modules.
fn written(modules: Vec<Module<'_>>) -> String {
    let mut out = "{\n  \"modulesContent\": {".to_owned();
    let mut separator = "";
    for Module { name, base, settings } in modules {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{separator}\n    \"{}\": {{\n      \"{DESIRED}\": ", escaped(&name));
        separator = ",";
        let value = match (base, settings.is_empty()) {
            (None, true) => Step::Text("{}".to_owned()),
            _ => Step::Value(Layered::new(base, settings), 3),
        };
        write_value(&mut out, value);
        out.push_str("\n    }");
    }
    out.push_str("\n  }\n}\n");
    out
}

/// Writes a value: merged objects with one member a line, others verbatim.
fn write_value<'t>(out: &mut String, value: Step<'t>) {
    let mut open = vec![value];
    while let Some(step) = open.pop() {
        let (value, depth) = match step {
            Step::Text(text) => {
                out.push_str(&text);
                continue;
            }
            Step::Value(value, depth) => (value, depth),
        };
        if let Some(node) = value.node() {
            out.push_str(node.json());
            continue;
        }
        let indent = |depth: usize| "  ".repeat(depth.min(MAX_INDENT));
        let mut steps: Vec<Step<'t>> = Vec::new();
        for entry in value.members().into_iter().filter(|entry| entry.value.kind() != Kind::Null) {
            let separator = if steps.is_empty() { "{" } else { "," };
            let Key { name, .. } = &entry.key;
            steps.push(Step::Text(format!("{separator}\n{}\"{}\": ", indent(depth + 1), escaped(name))));
            steps.push(Step::Value(entry.value, depth + 1));
        }
        let end = if steps.is_empty() { "{}".to_owned() } else { format!("\n{}}}", indent(depth)) };
        steps.push(Step::Text(end));
        open.extend(steps.into_iter().rev());
    }
}

/// The deepest indentation, so that a long path does not take quadratic space.
const MAX_INDENT: usize = 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manifest::{Manifest, ModuleSpec};

    const BASE: &str = r#"{"content": {"modulesContent": {
        "$edgeAgent": {"properties.desired": {"modules": {"a": {"type": "docker"}, "b": {}}}},
        "$edgeHub": {"properties.desired": {"schemaVersion": "1.1",
            "routes": {"r": "FROM /* INTO $upstream", "s": {"route": "FROM /a INTO $upstream", "priority": 2}},
            "storeAndForwardConfiguration": {"timeToLiveSecs": 10}}}}}}"#;

    fn hub(members: &str) -> String {
        format!(r#"{{"modulesContent": {{"$edgeHub": {{{members}}}}}}}"#)
    }

    fn merged(layers: &[&str]) -> Manifest {
        let texts: Vec<&str> = std::iter::once(BASE).chain(layers.iter().copied()).collect();
        let text = merge(&texts).unwrap();
        Manifest::from_json(&text).unwrap_or_else(|error| panic!("{text}\n{error}"))
    }

    fn routes(manifest: &Manifest) -> Vec<String> {
        let shown = |route: &crate::manifest::RouteSpec| format!("{} {}", route.name(), route.priority());
        manifest.routes().iter().map(shown).collect()
    }

    #[test]
    fn a_base_alone_stays_the_same() {
        let alone = merged(&[]);
        assert_eq!(alone.fingerprint(), Manifest::from_json(BASE).unwrap().fingerprint());
        let names: Vec<&str> = alone.modules().into_iter().flatten().map(ModuleSpec::name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_layer_adds_replaces_and_removes() {
        let layer = hub(r#""properties.desired.routes.t": "FROM /b INTO $upstream",
            "properties.desired.routes.s.priority": 4,
            "properties.desired.routes.r": null,
            "properties.desired.storeAndForwardConfiguration.timeToLiveSecs": 20"#);
        let manifest = merged(&[&layer]);
        assert_eq!(routes(&manifest).len(), 2);
        assert_eq!(manifest.routes()[0].name(), "s");
        assert_eq!((manifest.routes()[0].priority().get(), manifest.routes()[1].name()), (4, "t"));
        assert_eq!(manifest.store_and_forward().unwrap().time_to_live_secs(), 20);
    }

    #[test]
    fn a_later_layer_overrides_an_earlier_one() {
        let layer = |priority: u32| hub(&format!(r#""properties.desired.routes.s.priority": {priority}"#));
        assert_eq!(merged(&[&layer(4), &layer(5)]).routes()[1].priority().get(), 5);
        assert_eq!(merged(&[&layer(5), &layer(4)]).routes()[1].priority().get(), 4);
    }

    #[test]
    fn complete_properties_replace_everything_before_them() {
        let layer = hub(r#""properties.desired.routes.t": "FROM /b INTO $upstream""#);
        let whole = r#"{"schemaVersion": "1.2", "routes": {"x": "FROM /* INTO $upstream"}, "storeAndForwardConfiguration": {}}"#;
        let manifest = merged(&[&layer, whole]);
        assert_eq!((manifest.routes().len(), manifest.routes()[0].name()), (1, "x"));
    }

    #[test]
    fn a_layer_without_the_hub_adds_modules() {
        let layer = r#"{"modulesContent": {"$edgeAgent": {"properties.desired.modules.c": {"type": "docker"}},
            "d": {"properties.desired": {"x": 1}}}}"#;
        let manifest = merged(&[layer]);
        let names: Vec<&str> = manifest.modules().into_iter().flatten().map(ModuleSpec::name).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_text_that_is_not_a_manifest_is_named() {
        let error = merge(&[BASE, "{\"a\": 1}"]).unwrap_err();
        assert_eq!((error.index(), error.diagnostic().code), (1, Code::NoHubProperties));
        let error = merge(&["{"]).unwrap_err();
        assert_eq!((error.index(), error.diagnostic().code), (0, Code::InvalidJson));
        assert!(error.to_string().starts_with("E0401: not valid JSON"), "{error}");
    }

    #[test]
    fn a_deep_path_costs_no_stack() {
        let layer =
            format!(r#"{{"modulesContent": {{"m": {{"properties.desired.{}": 1}}}}}}"#, "a.".repeat(50_000) + "b");
        let text = merge(&[BASE, &layer]).unwrap();
        assert!(text.len() < 50_000 * (4 * MAX_INDENT + 20) + 2_000, "{}", text.len());
        assert!(Manifest::from_json(&text).is_ok());
    }

    /// A change by a layered deployment.
    #[derive(Clone, Debug)]
    enum Change {
        Route(usize, Option<u8>),
        Field(usize, u8),
        TimeToLive(u8),
    }

    /// A route in a deployment that is written out.
    #[derive(Clone, Debug, Default)]
    struct Written {
        text: Option<u8>,
        priority: Option<u8>,
    }

    const NAMES: [&str; 4] = ["a", "b c", "d.e", "é\""];

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            (0..NAMES.len(), prop::option::of(0..9_u8)).prop_map(|(name, text)| Change::Route(name, text)),
            (0..NAMES.len(), 0..9_u8).prop_map(|(name, priority)| Change::Field(name, priority)),
            (0..9_u8).prop_map(Change::TimeToLive),
        ]
    }

    fn text(number: u8) -> String {
        format!("\"FROM /messages/{number}/* INTO $upstream\"")
    }

    fn layer(changes: &[Change]) -> String {
        let key = |path: &str| format!("\"properties.desired.{path}\"");
        let name = |index: usize| escaped(NAMES[index]);
        let members = changes.iter().map(|change| match change {
            Change::Route(index, None) => format!("{}: null", key(&format!("routes.{}", name(*index)))),
            Change::Route(index, Some(number)) => {
                format!("{}: {{\"route\": {}}}", key(&format!("routes.{}", name(*index))), text(*number))
            }
            Change::Field(index, priority) => {
                format!("{}: {priority}", key(&format!("routes.{}.priority", name(*index))))
            }
            Change::TimeToLive(seconds) => {
                format!("{}: {seconds}", key("storeAndForwardConfiguration.timeToLiveSecs"))
            }
        });
        hub(&members.collect::<Vec<_>>().join(", "))
    }

    /// The hub's properties after these changes, from a deployment with the first two routes.
    fn written_out(changes: &[Change]) -> String {
        let mut routes: Vec<(usize, Option<Written>)> =
            (0..2).map(|index| (index, Some(Written { text: Some(0), priority: None }))).collect();
        let mut time_to_live = 0;
        for change in changes {
            let (index, written) = match change {
                Change::TimeToLive(seconds) => {
                    time_to_live = *seconds;
                    continue;
                }
                Change::Route(index, number) => {
                    (*index, number.map(|number| Written { text: Some(number), priority: None }))
                }
                Change::Field(index, priority) => {
                    let before =
                        routes.iter().find(|(known, _)| known == index).and_then(|(_, written)| written.clone());
                    (*index, Some(Written { priority: Some(*priority), ..before.unwrap_or_default() }))
                }
            };
            match routes.iter_mut().find(|(known, _)| *known == index) {
                Some(route) => route.1 = written,
                None => routes.push((index, written)),
            }
        }
        let routes = routes.iter().filter_map(|(index, written)| {
            let Written { text: number, priority } = written.clone()?;
            let fields = [
                number.map(|number| format!("\"route\": {}", text(number))),
                priority.map(|priority| format!("\"priority\": {priority}")),
            ];
            let fields: Vec<String> = fields.into_iter().flatten().collect();
            Some(format!("\"{}\": {{{}}}", escaped(NAMES[*index]), fields.join(", ")))
        });
        format!(
            r#"{{"schemaVersion": "1.1", "routes": {{{}}}, "storeAndForwardConfiguration": {{"timeToLiveSecs": {time_to_live}}}}}"#,
            routes.collect::<Vec<_>>().join(", ")
        )
    }

    proptest! {
        #[test]
        fn layers_merged_equal_the_deployment_written_out(
            layers in prop::collection::vec(prop::collection::vec(change(), 0..5), 0..5),
        ) {
            let base = written_out(&[]);
            let base = hub(&format!("\"properties.desired\": {base}"));
            let texts: Vec<String> = std::iter::once(base).chain(layers.iter().map(|changes| layer(changes))).collect();
            let merged = merge(&texts.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
            let expected = written_out(&layers.concat());
            match (Manifest::from_json(&merged), Manifest::from_json(&expected)) {
                (Ok(found), Ok(expected)) => {
                    prop_assert_eq!(found.fingerprint(), expected.fingerprint(), "{}", merged);
                    prop_assert_eq!(found.store_and_forward(), expected.store_and_forward());
                }
                (found, expected) => prop_assert_eq!(found.is_ok(), expected.is_ok(), "{}", merged),
            }
        }
    }
}
