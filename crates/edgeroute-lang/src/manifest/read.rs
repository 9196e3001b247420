//! Reads the hub's properties, key by key.
//!
//! Keys ignore case, except `schemaVersion` and the names of routes; unknown keys are ignored
//! (SEMANTICS#manifest-keys). Of duplicate keys the last counts, and a route keeps the place of the first key of its
//! name (SEMANTICS#manifest-duplicates). A value that a later duplicate replaces is checked if the reference converts
//! it before it drops it.

use std::collections::HashMap;

use super::document::{Extent, HubProperties, ROUTE_FIELDS, ROUTES, SCHEMA_VERSION, STORE_AND_FORWARD};
use super::json::Kind;
use super::layered::{Entry, Layered};
use super::number::lenient_integer;
use super::placeholder::placeholder_of;
use super::problem::Problems;
use super::{Manifest, RouteSpec, SchemaVersion, StoreAndForward};
use crate::diagnostic::{Code, Diagnostic, closest};
use crate::priority::{Priority, TimeToLive};
use crate::span::Span;

/// How a schema writes routes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum RouteForm {
    /// 1.0: a string, or null for no route; a blank string is skipped.
    Text {
        /// The place where the manifest declares 1.0.
        version: Span,
    },
    /// From 1.1: a string or an object.
    TextOrObject,
}

/// The routes of a manifest.
#[derive(Default)]
struct Routes {
    sound: Vec<RouteSpec>,
    /// The routes that have a problem and still have a text.
    faulty: Vec<RouteSpec>,
}

/// Reads the routes. Problems go to `problems`; a route with a problem is left out, and returned second if it has a
/// text.
pub(super) fn read(hub: HubProperties<'_>, problems: &mut Problems) -> (Manifest, Vec<RouteSpec>) {
    let opening = hub.properties.opening();
    let entries = hub.properties.members();
    let mut manifest = Manifest { modules: hub.modules, ..Manifest::default() };
    let mut routes = Routes::default();
    let mut form = RouteForm::TextOrObject;
    if let Some(version) = entries.iter().rev().find(|entry| is_key(entry, SCHEMA_VERSION)) {
        match read_schema_version(&version.value) {
            Ok(read) => {
                if read.minor() == 0 {
                    form = RouteForm::Text { version: version.value.span() };
                }
                manifest.schema_version = Some(read);
            }
            Err(diagnostic) => problems.add(*diagnostic),
        }
    }
    if hub.extent == Extent::Complete {
        let required = match form {
            RouteForm::Text { .. } => &[SCHEMA_VERSION, STORE_AND_FORWARD][..],
            RouteForm::TextOrObject => &[SCHEMA_VERSION, ROUTES, STORE_AND_FORWARD],
        };
        for key in required {
            if !entries.iter().any(|entry| is_key(entry, key)) {
                let message = format!("the manifest has no `{key}`");
                problems.add(missing_key(key, message, opening, &entries));
            }
        }
    }
    for entry in entries {
        if is_key(&entry, ROUTES) {
            routes = read_routes(entry.value, form, hub.extent, problems);
        } else if is_key(&entry, STORE_AND_FORWARD) {
            manifest.store_and_forward = Some(StoreAndForward::read(entry.value, problems));
        }
    }
    manifest.routes = routes.sound;
    (manifest, routes.faulty)
}

fn read_schema_version(value: &Layered<'_>) -> Result<SchemaVersion, Box<Diagnostic>> {
    let Some(node) = value.node() else {
        let what = "a string such as \"1.2\"";
        return Err(Box::new(expected(Code::UnsupportedSchemaVersion, SCHEMA_VERSION, what, value)));
    };
    SchemaVersion::read(node)
}

fn read_routes(value: Layered<'_>, form: RouteForm, extent: Extent, problems: &mut Problems) -> Routes {
    match value.kind() {
        Kind::Null => return Routes::default(),
        Kind::Object => {}
        _ => problems.add(expected(Code::InvalidManifestValue, ROUTES, "an object from names to routes", &value)),
    }
    let mut entries = value.members();
    if extent == Extent::Layer {
        // A layer removes a route of its base with null.
        entries.retain(|entry| entry.value.kind() != Kind::Null);
    }
    if let RouteForm::Text { version } = form {
        for entry in &entries {
            if let Some(fault) = not_text(&entry.value, version) {
                problems.add_to_route(&entry.key.name, fault);
            }
        }
    }
    let mut routes = Routes { sound: Vec::with_capacity(entries.len()), faulty: Vec::new() };
    for entry in last_of_each(entries) {
        let mut faults = Vec::new();
        let spec = match form {
            RouteForm::Text { .. } => read_text_route(&entry, &mut faults),
            RouteForm::TextOrObject => read_route(&entry, &mut faults),
        };
        if faults.is_empty() {
            routes.sound.extend(spec);
        } else {
            routes.faulty.extend(spec.filter(|spec| !is_blank(spec.text())));
        }
        for fault in faults {
            problems.add_to_route(&entry.key.name, fault);
        }
    }
    routes
}

/// Reports a value that schema 1.0 does not allow.
fn not_text(value: &Layered<'_>, version: Span) -> Option<Diagnostic> {
    let found = match value.kind() {
        Kind::Text | Kind::Null => return None,
        Kind::Object => Diagnostic::new(
            Code::ObjectRouteInOldSchema,
            value.span(),
            "a route of schema 1.0 must be a string, found an object",
        )
        .with_help("an object route requires schema 1.1 or later; write `\"schemaVersion\": \"1.1\"`")
        .with_fix(version, "\"1.1\""),
        _ => {
            let message = format!("a route must be a string, found {}", value.describe());
            Diagnostic::new(Code::InvalidManifestValue, value.span(), message)
        }
    };
    Some(found.with_secondary(version, "the schema version is given here"))
}

/// Reads a route of schema 1.0. A blank value is skipped, whatever its name (SEMANTICS#manifest-skipped-routes).
fn read_text_route(entry: &Entry<'_>, faults: &mut Vec<Diagnostic>) -> Option<RouteSpec> {
    let node = entry.value.node().filter(|node| node.kind() == Kind::Text)?;
    if is_blank(&node.text().text) {
        return None;
    }
    check_name(entry, faults);
    read_route_text(entry, &entry.value, faults)
}

/// Reads a route from schema 1.1 on.
fn read_route(entry: &Entry<'_>, faults: &mut Vec<Diagnostic>) -> Option<RouteSpec> {
    check_name(entry, faults);
    match entry.value.kind() {
        Kind::Text => read_route_text(entry, &entry.value, faults),
        Kind::Object => read_route_object(entry, faults),
        _ => {
            let message = format!("a route must be a string or an object, found {}", entry.value.describe());
            faults.push(Diagnostic::new(Code::InvalidManifestValue, entry.value.span(), message));
            None
        }
    }
}

fn read_route_object(entry: &Entry<'_>, faults: &mut Vec<Diagnostic>) -> Option<RouteSpec> {
    let [route, priority, time_to_live] = ROUTE_FIELDS;
    let fields = last_of_each(entry.value.clone().members());
    let mut spec = None;
    if let Some(field) = fields.iter().rev().find(|field| is_key(field, route)) {
        spec = read_route_text(entry, &field.value, faults);
    } else {
        let message = format!("the route object has no `{route}`");
        faults.push(missing_key(route, message, entry.value.opening(), &fields));
    }
    let mut terms = (Priority::DEFAULT, TimeToLive::HUB_DEFAULT);
    for field in &fields {
        if is_key(field, priority) {
            match unsigned(&field.value).and_then(Priority::new) {
                Some(number) => terms.0 = number,
                None => faults.push(helped(
                    expected(Code::InvalidRoutePriority, priority, "a whole number from 0 to 9", &field.value),
                    "0 is the highest; a route without `priority` comes after every route that has one",
                )),
            }
        } else if is_key(field, time_to_live) {
            match unsigned(&field.value) {
                Some(seconds) => terms.1 = TimeToLive::from_secs(seconds),
                None => faults.push(helped(
                    expected(
                        Code::InvalidManifestValue,
                        time_to_live,
                        "a whole number of seconds from 0 to 4294967295",
                        &field.value,
                    ),
                    "use 0, or omit `timeToLiveSecs`, to apply the hub's store-and-forward configuration",
                )),
            }
        }
    }
    spec.map(|spec| spec.with_settings(terms.0, terms.1))
}

/// Reads a number that fits in unsigned 32 bits, in any form that the reference accepts.
fn unsigned(value: &Layered<'_>) -> Option<u32> {
    value.node().and_then(lenient_integer).and_then(|number| u32::try_from(number).ok())
}

/// A blank name is refused in every schema: nothing could be reported about such a route.
fn check_name(entry: &Entry<'_>, faults: &mut Vec<Diagnostic>) {
    if is_blank(&entry.key.name) {
        faults.push(Diagnostic::new(Code::InvalidRouteName, entry.key.span, "the name of a route must not be blank"));
    }
    faults.extend(entry.key.lone_surrogate.map(half_a_character));
}

/// Creates the route whose text is `value`.
fn read_route_text(entry: &Entry<'_>, value: &Layered<'_>, faults: &mut Vec<Diagnostic>) -> Option<RouteSpec> {
    let Some(node) = value.node().filter(|node| node.kind() == Kind::Text) else {
        let message = format!("a route must be a string, found {}", value.describe());
        faults.push(Diagnostic::new(Code::InvalidManifestValue, value.span(), message));
        return None;
    };
    let text = node.text();
    if is_blank(&text.text) {
        faults.push(
            Diagnostic::new(Code::EmptyRoute, node.span(), "the route's text is blank")
                .with_help("write a route such as `FROM /messages/* INTO $upstream`"),
        );
    }
    faults.extend(text.lone_surrogate.map(half_a_character));
    Some(RouteSpec::new(&entry.key.name, entry.key.span, text, node.span()))
}

fn half_a_character(span: Span) -> Diagnostic {
    let message = "a lone surrogate is half a character, which a string cannot contain";
    Diagnostic::new(Code::InvalidManifestValue, span, message)
        .with_help("write characters above U+FFFF as two escapes in JSON, such as `\\ud83d\\ude00`")
}

/// Whether a string is blank as in .NET: empty, or only Unicode white space.
fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// Whether an entry is the setting `key`. Only `schemaVersion` is case-sensitive.
pub(super) fn is_key(entry: &Entry<'_>, key: &str) -> bool {
    if key == SCHEMA_VERSION { entry.key.name == key } else { entry.key.name.eq_ignore_ascii_case(key) }
}

/// Merges entries of the same name: the last value, in the place of the first (SEMANTICS#manifest-duplicates).
fn last_of_each(entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let mut first: HashMap<String, usize> = HashMap::with_capacity(entries.len());
    let mut kept: Vec<Entry<'_>> = Vec::with_capacity(entries.len());
    for entry in entries {
        if let Some(earlier) = first.get(&*entry.key.name).and_then(|&index| kept.get_mut(index)) {
            *earlier = entry;
        } else {
            first.insert(entry.key.name.to_string(), kept.len());
            kept.push(entry);
        }
    }
    kept
}

/// Reports a value that `key` does not accept: a placeholder that was not replaced, or another value.
pub(super) fn expected(code: Code, key: &str, what: &str, value: &Layered<'_>) -> Diagnostic {
    if let Some(left) = placeholder_of(value) {
        return left;
    }
    Diagnostic::new(code, value.span(), format!("`{key}` must be {what}, found {}", value.describe()))
}

/// Adds help to a diagnostic that has none.
fn helped(found: Diagnostic, help: &str) -> Diagnostic {
    if found.help.is_some() { found } else { found.with_help(help) }
}

/// Reports an object without a required key, and suggests a similar name.
fn missing_key(key: &'static str, message: String, opening: Span, entries: &[Entry<'_>]) -> Diagnostic {
    let found = Diagnostic::new(Code::MissingManifestKey, opening, message).with_label("missing from this object");
    match entries.iter().find(|entry| is_near(&entry.key.name, key)) {
        Some(near) if near.key.name.eq_ignore_ascii_case(key) => {
            let key = format!("write `{key}`; this key is case-sensitive");
            found.with_secondary(near.key.span, key)
        }
        Some(near) => found.with_secondary(near.key.span, format!("did you mean `{key}`?")),
        None => found,
    }
}

/// Whether `name` may mean `key`: mistyped, or a prefix of it.
fn is_near(name: &str, key: &str) -> bool {
    let is_beginning = name.len() >= 3 && key.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    is_beginning || closest(name, [key]).is_some()
}
