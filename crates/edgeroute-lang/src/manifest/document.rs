//! Finds the hub's desired properties in a document.
//!
//! Four forms are accepted: the properties themselves, as the hub receives them; a deployment manifest, which has them
//! under `modulesContent` -> `$edgeHub` -> `properties.desired`; a deployment as the service returns it, which wraps
//! that in `content`; and the value of `modulesContent` or `$edgeHub` alone. A layered deployment has dotted keys,
//! `"properties.desired.routes.up"`, in `$edgeHub`, next to `properties.desired` or instead of it.

use super::embedded::{EmbeddedForm, embedded_manifests};
use super::json::{Kind, Member, Node, parse};
use super::layered::{Layered, Setting};
use super::module_spec::{self, ModuleSpec};
use crate::diagnostic::{Code, Diagnostic, closest};
use crate::span::Span;

/// The hub's properties, and whether the document has all of them.
#[derive(Debug)]
pub(super) struct HubProperties<'t> {
    /// An object.
    pub(super) properties: Layered<'t>,
    pub(super) extent: Extent,
    /// `None` if the document does not list the modules.
    pub(super) modules: Option<Vec<ModuleSpec>>,
}

/// Whether required properties may be missing.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Extent {
    /// The document has all of the hub's properties: required ones must be present.
    Complete,
    /// The document has only what a layered deployment adds to a base deployment, which has the rest.
    Layer,
}

/// The keys of the hub's properties, which identify a bare document.
pub(super) const SCHEMA_VERSION: &str = "schemaVersion";
pub(super) const ROUTES: &str = "routes";
pub(super) const STORE_AND_FORWARD: &str = "storeAndForwardConfiguration";
/// The keys of a route's object.
pub(super) const ROUTE_FIELDS: [&str; 3] = ["route", "priority", "timeToLiveSecs"];

pub(super) const CONTENT: &str = "content";
pub(super) const MODULES: &str = "modulesContent";
pub(super) const HUB: &str = "$edgeHub";
pub(super) const DESIRED: &str = "properties.desired";

/// Finds the hub's properties in the JSON document `text`.
pub(super) fn hub_properties(text: &str) -> Result<HubProperties<'_>, Box<Diagnostic>> {
    let root = parse(text)?;
    let members = members_of(root, "a manifest").map_err(|found| with_embedded(text, found))?;
    if let Some(modules) = last(&members, MODULES) {
        return in_modules(modules.value, modules.key.span);
    }
    let content = last(&members, CONTENT).map(|content| content.value.members()).unwrap_or_default();
    if let Some(modules) = last(&content, MODULES) {
        return in_modules(modules.value, modules.key.span);
    }
    if members.iter().any(|member| is_hub_property(&member.key.name)) {
        let properties = Layered::new(Some(root), Vec::new());
        return Ok(HubProperties { properties, extent: Extent::Complete, modules: None });
    }
    if last(&members, HUB).is_some() {
        return in_modules(root, root.opening());
    }
    if members.iter().any(|member| member.key.name == DESIRED || dotted_path(&member.key.name).is_some()) {
        return in_hub(root, root.opening());
    }
    let message = "this is neither a deployment manifest nor the hub's desired properties";
    let known = [MODULES, CONTENT, HUB, DESIRED, SCHEMA_VERSION, ROUTES, STORE_AND_FORWARD];
    let in_content = no_hub_properties(root.opening(), message, &content, &[MODULES]);
    let found = no_hub_properties(root.opening(), message, &members, &known);
    Err(if in_content.secondary.is_empty() { with_embedded(text, found) } else { in_content })
}

/// Whether `name` is a key of the hub's properties for the reference, or ignoring case.
pub(super) fn is_hub_property(name: &str) -> bool {
    [SCHEMA_VERSION, ROUTES, STORE_AND_FORWARD].iter().any(|key| key.eq_ignore_ascii_case(name))
}

fn in_modules(modules: Node<'_>, place: Span) -> Result<HubProperties<'_>, Box<Diagnostic>> {
    let members = members_of(modules, "`modulesContent`")?;
    match last(&members, HUB) {
        Some(hub) => Ok(HubProperties { modules: module_spec::read(&members), ..in_hub(hub.value, hub.key.span)? }),
        None => Err(no_hub_properties(place, "the deployment has no `$edgeHub`", &members, &[HUB])),
    }
}

fn in_hub(hub: Node<'_>, place: Span) -> Result<HubProperties<'_>, Box<Diagnostic>> {
    let members = members_of(hub, "`$edgeHub`")?;
    let base = last(&members, DESIRED).map(|member| member.value);
    if let Some(base) = base {
        expect_object(base, "`properties.desired`")?;
    }
    let dotted = members.iter().filter_map(|member| Some((dotted_path(&member.key.name)?, member)));
    let settings: Vec<Setting<'_>> = dotted
        .map(|(path, member)| Setting {
            reversed_path: reversed_path(path),
            key: member.key.clone(),
            value: member.value,
        })
        .collect();
    let extent = match (base, settings.is_empty()) {
        (Some(_), _) => Extent::Complete,
        (None, false) => Extent::Layer,
        (None, true) => {
            let message = "`$edgeHub` has no `properties.desired`";
            return Err(no_hub_properties(place, message, &members, &[DESIRED]));
        }
    };
    Ok(HubProperties { properties: Layered::new(base, settings), extent, modules: None })
}

/// Returns the part of a dotted key after `properties.desired.`.
pub(super) fn dotted_path(key: &str) -> Option<&str> {
    key.strip_prefix(DESIRED)?.strip_prefix('.')
}

/// Splits a dotted path into names, the last first. A route's name may contain dots itself, so only the name of a field
/// can follow it.
pub(super) fn reversed_path(path: &str) -> Vec<String> {
    let Some((first, rest)) = path.split_once('.') else {
        return vec![path.to_owned()];
    };
    if first.eq_ignore_ascii_case(STORE_AND_FORWARD) {
        return path.rsplit('.').map(str::to_owned).collect();
    }
    if first.eq_ignore_ascii_case(ROUTES) {
        let field = rest.rsplit_once('.').filter(|(name, field)| !name.is_empty() && is_route_field(field));
        if let Some((name, field)) = field {
            return vec![field.to_owned(), name.to_owned(), first.to_owned()];
        }
    }
    vec![rest.to_owned(), first.to_owned()]
}

fn is_route_field(name: &str) -> bool {
    ROUTE_FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name))
}

/// Of duplicate keys the last counts.
pub(super) fn last<'m, 't>(members: &'m [Member<'t>], name: &str) -> Option<&'m Member<'t>> {
    members.iter().rev().find(|member| member.key.name == name)
}

fn expect_object(node: Node<'_>, what: &str) -> Result<(), Box<Diagnostic>> {
    match node.kind() {
        Kind::Object => Ok(()),
        kind => {
            let message = format!("expected {what} to be an object, found {kind}");
            Err(Box::new(Diagnostic::new(Code::InvalidManifestValue, node.span(), message)))
        }
    }
}

fn members_of<'t>(node: Node<'t>, what: &str) -> Result<Vec<Member<'t>>, Box<Diagnostic>> {
    expect_object(node, what)?;
    Ok(node.members())
}

/// Adds where the document contains a manifest.
fn with_embedded(text: &str, found: Box<Diagnostic>) -> Box<Diagnostic> {
    let embedded = embedded_manifests(text);
    let Some(first) = embedded.first() else { return found };
    let what = match first.form {
        EmbeddedForm::Deployment => "a deployment",
        EmbeddedForm::Modules => "the content of a deployment",
        EmbeddedForm::HubProperties => "the hub's desired properties",
    };
    let help = match embedded.len() {
        1 => format!("give only the value at `{}`, which is {what}", first.path),
        count => format!("give only one of the {count} manifests in it; the value at `{}` is {what}", first.path),
    };
    let place = Span::new(first.span.start(), first.span.start().saturating_add(1));
    let found = Diagnostic { secondary: Vec::new(), ..*found };
    Box::new(found.with_secondary(place, format!("{what} is here")).with_help(help))
}

/// Reports a document without the key, and suggests a similar name.
fn no_hub_properties(place: Span, message: &str, members: &[Member<'_>], known: &[&'static str]) -> Box<Diagnostic> {
    let found = Diagnostic::new(Code::NoHubProperties, place, message);
    for member in members {
        // A key that is right is not the mistake.
        let is_known = known.contains(&&*member.key.name);
        let near = closest(&member.key.name, known.iter().copied()).filter(|_| !is_known);
        if let Some(meant) = near.filter(|meant| last(members, meant).is_none()) {
            let label = format!("did you mean `{meant}`?");
            return Box::new(found.with_secondary(member.key.span, label));
        }
    }
    Box::new(found.with_help(format!("expected {}", list(known))))
}

/// `a`, `b` or `c`.
fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
