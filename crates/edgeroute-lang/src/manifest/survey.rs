//! Facts about a manifest that reading it passes over: keys that do not count, keys that nothing reads, and numbers in
//! other forms.
//!
//! The survey looks at the objects that the reader looks at. It is separate, so that a hub that only routes does not
//! pay for it. It costs a few more passes over the text.

use core::fmt;
use std::collections::HashMap;
use std::sync::Arc;

use super::document::{
    CONTENT, DESIRED, Extent, HUB, MODULES, ROUTE_FIELDS, ROUTES, SCHEMA_VERSION, STORE_AND_FORWARD, dotted_path,
    hub_properties, last, reversed_path,
};
use super::json::{Kind, Member, Node, parse};
use super::layered::{Entry, Layered};
use super::module_spec::AGENT;
use super::number::{lenient_integer, shortest_form, strict_integer};
use super::read::is_key;
use crate::span::Span;

/// The maximum number of facts of each kind.
const MAX_FACTS: usize = 10_000;

const TIME_TO_LIVE: &str = "timeToLiveSecs";
const STORE_LIMITS: &str = "storeLimits";
const MAX_SIZE: &str = "maxSizeBytes";
/// The keys of the hub's properties. The last two are for other parts of the hub.
const HUB_KEYS: [&str; 5] = [SCHEMA_VERSION, ROUTES, STORE_AND_FORWARD, "mqttBroker", "integrity"];

/// What [`survey`] finds in a manifest. Each list is in the order of the walk, and has at most 10,000 entries.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Survey {
    /// Keys that do not count, because the same key occurs again.
    pub repeated_keys: Vec<RepeatedKey>,
    /// Keys that nothing reads.
    pub unknown_keys: Vec<UnknownKey>,
    /// Numbers that the hub converts from another form.
    pub converted_numbers: Vec<ConvertedNumber>,
    /// The keys that name routes.
    pub route_keys: Vec<RouteKey>,
    /// Where the manifest has routes or should have them: the key `routes`, or the opening brace of the hub's properties.
    pub routes_place: Span,
    /// Whether the document has all of the hub's properties; a layered deployment leaves some to its base.
    pub is_complete: bool,
}

/// An object of a manifest.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Section {
    /// The whole document.
    Document,
    /// The value of `content`.
    Content,
    /// The value of `modulesContent`.
    ModulesContent,
    /// The value of `$edgeAgent`, or a part of it.
    Agent,
    /// The value of `$edgeHub`.
    Hub,
    /// The desired properties of the hub.
    HubProperties,
    /// The value of `routes`.
    Routes,
    /// The value of one route.
    Route,
    /// The value of `storeAndForwardConfiguration`.
    StoreAndForward,
    /// The value of `storeLimits`.
    StoreLimits,
}

/// Prints what a message calls the object: "a route", "`routes`".
impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Document => "the document",
            Self::Content => "`content`",
            Self::ModulesContent => "`modulesContent`",
            Self::Agent => "`$edgeAgent`",
            Self::Hub => "`$edgeHub`",
            Self::HubProperties => "the hub's properties",
            Self::Routes => "`routes`",
            Self::Route => "a route",
            Self::StoreAndForward => "`storeAndForwardConfiguration`",
            Self::StoreLimits => "`storeLimits`",
        })
    }
}

/// A key that does not count, because the same key occurs again in its object.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RepeatedKey {
    /// The object.
    pub section: Section,
    /// The name of the route whose object it is, or whose name the key is.
    pub route: Option<Arc<str>>,
    /// The key. It is a dotted path for a setting of a layered deployment.
    pub key: String,
    /// The span of the key, with its quotes.
    pub span: Span,
    /// The span of the key that counts. It may differ in case, or name the same setting by a dotted path.
    pub counts: Span,
}

/// A key that nothing reads.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct UnknownKey {
    /// The object.
    pub section: Section,
    /// The name of the route whose object it is.
    pub route: Option<Arc<str>>,
    /// The key; for a dotted path, the name in it that is unknown.
    pub key: String,
    /// The span of the key, with its quotes; for a dotted path, of the whole path.
    pub span: Span,
    /// The span of the bytes to replace to rename the key. `None` if it is written with escapes.
    pub name_span: Option<Span>,
    /// The keys that the object may have and does not have.
    pub missing: Vec<&'static str>,
}

/// A number that the hub converts from another form: a string, a fraction or a Boolean value.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ConvertedNumber {
    /// The name of the route whose setting it is.
    pub route: Option<Arc<str>>,
    /// The key of the setting.
    pub key: &'static str,
    /// The span of the value.
    pub span: Span,
    /// The value that the hub reads, as JSON: a whole number, or the string of a schema version.
    pub read: String,
}

/// A key that names a route.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RouteKey {
    /// The name.
    pub name: Arc<str>,
    /// The span of the key, with its quotes; of a dotted path, the whole path.
    pub span: Span,
    /// Whether the key is a dotted path, such as `properties.desired.routes.up`.
    pub is_dotted: bool,
}

/// Collects facts about a manifest that its reading passes over. Empty if the document does not have the hub's
/// properties. Takes time linear in the text, apart from hashing. Allocates.
///
/// ```
/// use edgeroute_lang::manifest::survey;
///
/// let json = r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {
///     "up": { "route": "FROM /messages/* INTO $upstream", "prority": 1 },
///     "up": { "route": "FROM /messages/* INTO $upstream", "priority": "2" } }}"#;
/// let survey = survey(json);
/// assert_eq!(survey.repeated_keys[0].key, "up");
/// assert_eq!(survey.converted_numbers[0].read, "2");
/// // The first `up` does not count, so its fields are not examined.
/// assert!(survey.unknown_keys.is_empty());
/// ```
#[must_use]
pub fn survey(text: &str) -> Survey {
    let mut walk = Walk { text, survey: Survey::default() };
    if let (Ok(root), Ok(hub)) = (parse(text), hub_properties(text)) {
        walk.envelope(root);
        walk.survey.is_complete = hub.extent == Extent::Complete;
        walk.survey.routes_place = hub.properties.opening();
        walk.hub(hub.properties);
    }
    walk.survey
}

struct Walk<'t> {
    text: &'t str,
    survey: Survey,
}

impl<'t> Walk<'t> {
    /// Examines the objects around the hub's properties.
    fn envelope(&mut self, root: Node<'t>) {
        let members = root.members();
        let mut modules = last(&members, MODULES).map(|member| member.value);
        let content = last(&members, CONTENT).map(|content| content.value.members()).unwrap_or_default();
        if modules.is_none() && last(&content, MODULES).is_some() {
            self.repeated_members(Section::Content, &content);
            modules = last(&content, MODULES).map(|member| member.value);
        }
        if let Some(modules) = modules {
            self.repeated_members(Section::Document, &members);
            self.modules(&modules.members());
        } else if HUB_KEYS
            .iter()
            .take(3)
            .any(|key| members.iter().any(|member| member.key.name.eq_ignore_ascii_case(key)))
        {
            // The document is the hub's properties.
        } else if last(&members, HUB).is_some() {
            self.modules(&members);
        } else {
            self.hub_members(&members);
        }
    }

    fn modules(&mut self, members: &[Member<'t>]) {
        self.repeated_members(Section::ModulesContent, members);
        if let Some(agent) = last(members, AGENT) {
            let agent = agent.value.members();
            self.repeated_members(Section::Agent, &agent);
            let desired = last(&agent, DESIRED).map(|desired| desired.value.members()).unwrap_or_default();
            self.repeated_members(Section::Agent, &desired);
            let modules = last(&desired, "modules").map(|modules| modules.value.members()).unwrap_or_default();
            self.repeated_members(Section::Agent, &modules);
        }
        if let Some(hub) = last(members, HUB) {
            self.hub_members(&hub.value.members());
        }
    }

    /// Examines the members of `$edgeHub`.
    fn hub_members(&mut self, members: &[Member<'t>]) {
        let is_dotted = |member: &&Member<'_>| dotted_path(&member.key.name).is_some();
        let plain: Vec<Member<'t>> = members.iter().filter(|member| !is_dotted(member)).cloned().collect();
        self.repeated_members(Section::Hub, &plain);
        let has_desired = plain.iter().any(|member| member.key.name == DESIRED);
        for member in plain.iter().filter(|member| member.key.name != DESIRED) {
            let missing = if has_desired { Vec::new() } else { vec![DESIRED] };
            self.unknown(Section::Hub, None, &member.key.name, member.key.span, missing);
        }
        let dotted: Vec<&Member<'t>> = members.iter().filter(is_dotted).collect();
        if dotted.is_empty() {
            return;
        }
        // A dotted key replaces what is nested, and an earlier dotted key.
        let mut places: HashMap<Vec<String>, (String, Span)> = HashMap::new();
        for member in last(members, DESIRED).map(|desired| desired.value.members()).unwrap_or_default() {
            for route in if member.key.name == ROUTES { member.value.members() } else { Vec::new() } {
                let path = vec![route.key.name.to_string(), ROUTES.to_owned()];
                places.insert(path, (route.key.name.into_owned(), route.key.span));
            }
            places.insert(vec![member.key.name.to_string()], (member.key.name.into_owned(), member.key.span));
        }
        for member in dotted {
            let path = reversed_path(dotted_path(&member.key.name).unwrap_or_default());
            let route =
                (path.len() == 2 && path.last().is_some_and(|key| key == ROUTES)).then(|| path.first().cloned());
            let counts = member.key.span;
            if let Some((key, span)) = places.insert(path, (member.key.name.to_string(), counts)) {
                let section = if route.is_some() { Section::Routes } else { Section::HubProperties };
                let route = route.flatten().map(Arc::from);
                push(&mut self.survey.repeated_keys, RepeatedKey { section, route, key, span, counts });
            }
        }
    }

    /// Examines the desired properties of the hub.
    fn hub(&mut self, properties: Layered<'t>) {
        let entries = properties.members();
        self.keys(Section::HubProperties, None, &HUB_KEYS, &entries);
        let counting = counting(&entries, &HUB_KEYS, false);
        for (entry, key) in entries.into_iter().zip(counting) {
            match key {
                Some(SCHEMA_VERSION) => self.schema_version(&entry.value),
                Some(ROUTES) => {
                    self.survey.routes_place = entry.key.span;
                    self.routes(entry.value);
                }
                Some(STORE_AND_FORWARD) => self.store_and_forward(entry.value),
                _ => {}
            }
        }
    }

    fn schema_version(&mut self, value: &Layered<'t>) {
        if let Some(node) = value.node().filter(|node| node.kind() == Kind::Number) {
            let read = format!("\"{}\"", shortest_form(node.json()));
            self.converted(None, SCHEMA_VERSION, node.span(), read);
        }
    }

    fn routes(&mut self, value: Layered<'t>) {
        let entries = value.members();
        let mut last_of: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            last_of.insert(&entry.key.name, index);
        }
        for (index, entry) in entries.iter().enumerate() {
            let name: Arc<str> = Arc::from(&*entry.key.name);
            let counts = last_of.get(&*entry.key.name).copied().unwrap_or(index);
            if counts != index {
                let (key, span) = (name.to_string(), entry.key.span);
                let counts = entries.get(counts).map_or(span, |entry| entry.key.span);
                let repeated = RepeatedKey { section: Section::Routes, route: Some(name), key, span, counts };
                push(&mut self.survey.repeated_keys, repeated);
                continue;
            }
            let is_dotted = entry.key.span.slice(self.text).get(1..).is_some_and(|key| dotted_path(key).is_some());
            push(&mut self.survey.route_keys, RouteKey { name: name.clone(), span: entry.key.span, is_dotted });
            if entry.value.kind() == Kind::Object {
                self.route(&name, entry.value.clone());
            }
        }
    }

    fn route(&mut self, name: &Arc<str>, value: Layered<'t>) {
        let [_, priority, time_to_live] = ROUTE_FIELDS;
        let fields = value.members();
        self.keys(Section::Route, Some(name), &ROUTE_FIELDS, &fields);
        for (field, key) in fields.iter().zip(counting(&fields, &ROUTE_FIELDS, true)) {
            if let Some(key) = key.filter(|&key| key == priority || key == time_to_live) {
                self.number(Some(name), key, &field.value, lenient_integer);
            }
        }
    }

    fn store_and_forward(&mut self, value: Layered<'t>) {
        let keys = [TIME_TO_LIVE, STORE_LIMITS];
        let entries = value.members();
        self.keys(Section::StoreAndForward, None, &keys, &entries);
        let counting = counting(&entries, &keys, false);
        for (entry, key) in entries.into_iter().zip(counting) {
            match key {
                Some(TIME_TO_LIVE) => self.number(None, TIME_TO_LIVE, &entry.value, strict_integer),
                Some(_) => {
                    let limits = entry.value.members();
                    self.keys(Section::StoreLimits, None, &[MAX_SIZE], &limits);
                    for (limit, key) in limits.iter().zip(self::counting(&limits, &[MAX_SIZE], false)) {
                        if key.is_some() {
                            self.number(None, MAX_SIZE, &limit.value, lenient_integer);
                        }
                    }
                }
                None => {}
            }
        }
    }

    /// Notes the keys of an object that are unknown or do not count. Keys of other tools start with `$`.
    fn keys(&mut self, section: Section, route: Option<&Arc<str>>, known: &[&'static str], entries: &[Entry<'t>]) {
        let counting = counting(entries, known, section == Section::Route);
        let spans: Vec<(&str, Span)> =
            entries.iter().zip(&counting).filter_map(|(entry, key)| Some(((*key)?, entry.key.span))).collect();
        let is_missing = |key: &&&'static str| !spans.iter().any(|(present, _)| present == *key);
        let missing: Vec<&'static str> = known.iter().filter(is_missing).copied().collect();
        for (entry, counts) in entries.iter().zip(&counting) {
            match known.iter().find(|known| is_key(entry, known)) {
                Some(_) if counts.is_some() => {}
                Some(key) => {
                    let counts =
                        spans.iter().find(|(present, _)| present == key).map_or(entry.key.span, |(_, span)| *span);
                    let (key, span) = (entry.key.name.to_string(), entry.key.span);
                    push(
                        &mut self.survey.repeated_keys,
                        RepeatedKey { section, route: route.cloned(), key, span, counts },
                    );
                }
                None if section == Section::HubProperties && entry.key.name.starts_with('$') => {}
                None => self.unknown(section, route, &entry.key.name, entry.key.span, missing.clone()),
            }
        }
    }

    /// Notes the keys of an object that occur again with the same spelling.
    fn repeated_members(&mut self, section: Section, members: &[Member<'t>]) {
        let mut last_of: HashMap<&str, Span> = HashMap::with_capacity(members.len());
        for member in members {
            last_of.insert(&member.key.name, member.key.span);
        }
        for member in members {
            let counts = last_of.get(&*member.key.name).copied().unwrap_or_default();
            if counts != member.key.span {
                let (key, span) = (member.key.name.to_string(), member.key.span);
                push(&mut self.survey.repeated_keys, RepeatedKey { section, route: None, key, span, counts });
            }
        }
    }

    fn unknown(
        &mut self,
        section: Section,
        route: Option<&Arc<str>>,
        key: &str,
        span: Span,
        missing: Vec<&'static str>,
    ) {
        let (key, name_span) = (key.to_owned(), self.name_span(key, span));
        let unknown = UnknownKey { section, route: route.cloned(), key, span, name_span, missing };
        push(&mut self.survey.unknown_keys, unknown);
    }

    /// Returns where `name` is in the key at `span`: the whole key, or a name of a dotted path.
    fn name_span(&self, name: &str, span: Span) -> Option<Span> {
        let quoted = span.slice(self.text);
        let key = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let at = if key == name {
            0
        } else {
            let path = dotted_path(key)?;
            let start = key.len() - path.len();
            match path.strip_prefix(name) {
                Some(rest) if rest.is_empty() || rest.starts_with('.') => start,
                _ => start + path.strip_suffix(name)?.strip_suffix('.')?.len() + 1,
            }
        };
        Some(Span::from_range(at + 1..at + 1 + name.len()).shifted(span.start()))
    }

    /// Notes a number that `convert` reads and that is not written as a whole number.
    fn number(
        &mut self,
        route: Option<&Arc<str>>,
        key: &'static str,
        value: &Layered<'t>,
        convert: fn(Node<'_>) -> Option<i128>,
    ) {
        let Some((node, number)) = value.node().and_then(|node| Some((node, convert(node)?))) else { return };
        if node.kind() != Kind::Number || node.json().parse::<i128>().is_err() {
            self.converted(route, key, node.span(), number.to_string());
        }
    }

    fn converted(&mut self, route: Option<&Arc<str>>, key: &'static str, span: Span, read: String) {
        push(&mut self.survey.converted_numbers, ConvertedNumber { route: route.cloned(), key, span, read });
    }
}

/// Returns for each entry the known key that it is, if it is the one that counts. The last one counts. If
/// `merged_first`, keys of the same spelling are merged before, in the place of the first.
fn counting(entries: &[Entry<'_>], known: &[&'static str], merged_first: bool) -> Vec<Option<&'static str>> {
    let mut keys = vec![None; entries.len()];
    for key in known {
        let mut spellings: HashMap<&str, usize> = HashMap::new();
        let mut counts = None;
        for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| is_key(entry, key)) {
            if !merged_first || !spellings.contains_key(&*entry.key.name) {
                counts = Some(&*entry.key.name);
            }
            spellings.insert(&entry.key.name, index);
        }
        let index = counts.and_then(|name| spellings.get(name));
        if let Some(slot) = index.and_then(|&index| keys.get_mut(index)) {
            *slot = Some(*key);
        }
    }
    keys
}

fn push<T>(facts: &mut Vec<T>, fact: T) {
    if facts.len() < MAX_FACTS {
        facts.push(fact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: &str = "FROM /* INTO $upstream";

    fn hub(routes: &str) -> String {
        format!(r#"{{"schemaVersion": "1.1", "storeAndForwardConfiguration": {{}}, "routes": {{{routes}}}}}"#)
    }

    /// The repeated keys, each with the line and column of the key and of the one that counts.
    fn repeated(text: &str) -> Vec<(Section, String, u32, u32)> {
        let start = |span: Span| span.start();
        let keys = survey(text).repeated_keys.into_iter();
        keys.map(|key| (key.section, key.key, start(key.span), start(key.counts))).collect()
    }

    #[test]
    fn keys_that_occur_again_do_not_count() {
        let text = hub(&format!(r#""a": "{UP}", "A": "{UP}", "a": "{UP}""#));
        let at = |key: &str| u32::try_from(text.find(key).unwrap()).unwrap();
        let last = u32::try_from(text.rfind("\"a\"").unwrap()).unwrap();
        assert_eq!(repeated(&text), [(Section::Routes, "a".to_owned(), at("\"a\""), last)]);
        let text = r#"{"modulesContent": {"$edgeHub": {}, "m": {}, "$edgeHub": {"properties.desired": {
            "schemaVersion": "1.1", "routes": {"a": ""}, "storeAndForwardConfiguration": {"timeToLiveSecs": 1,
            "TIMETOLIVESECS": 2}, "Routes": {}, "SchemaVersion": ""}}, "m": 1}, "modulesContent": 1}"#
            .replace(", \"modulesContent\": 1", "");
        let keys: Vec<String> =
            repeated(&text).into_iter().map(|(section, key, ..)| format!("{section}: {key}")).collect();
        assert_eq!(
            keys,
            [
                "`modulesContent`: $edgeHub",
                "`modulesContent`: m",
                "the hub's properties: routes",
                "`storeAndForwardConfiguration`: timeToLiveSecs"
            ]
        );
    }

    /// The reader merges fields of one spelling in the place of the first, so the last is not always the one that
    /// counts.
    #[test]
    fn the_field_that_counts_is_the_one_that_is_read() {
        for fields in [
            r#""priority": 1, "PRIORITY": 2, "priority": 3"#,
            r#""priority": 1, "priority": 2, "PRIORITY": 3"#,
            r#""PRIORITY": 1, "priority": 2"#,
            r#""priority": 1, "Priority": 2, "PRIORITY": 3, "Priority": 4"#,
        ] {
            let text = hub(&format!(r#""r": {{"route": "{UP}", {fields}}}"#));
            let manifest = super::super::Manifest::from_json(&text).unwrap();
            let read = format!(": {}", manifest.routes()[0].priority().get());
            for key in survey(&text).repeated_keys {
                let counts = &text[key.counts.end() as usize..];
                assert!(counts.starts_with(&read), "{fields}: {read}, {counts}");
                assert_eq!(key.route.as_deref(), Some("r"));
            }
        }
    }

    #[test]
    fn dotted_keys_replace_what_is_nested() {
        let text = format!(
            r#"{{"$edgeHub": {{"properties.desired": {{"schemaVersion": "1.1", "routes": {{"a": "{UP}", "b": "{UP}"}},
                "storeAndForwardConfiguration": {{}}}}, "properties.desired.routes.a": "{UP}",
                "properties.desired.routes.c": "{UP}", "properties.desired.routes.c": "{UP}"}}}}"#
        );
        let keys: Vec<String> = repeated(&text).into_iter().map(|(_, key, ..)| key).collect();
        assert_eq!(keys, ["a", "properties.desired.routes.c"]);
    }

    #[test]
    fn keys_that_nothing_reads_are_unknown() {
        let found = |text: &str| -> Vec<String> {
            let keys = survey(text).unknown_keys.into_iter();
            keys.map(|key| {
                let name = key.name_span.map_or("", |span| span.slice(text));
                assert_eq!(name, key.key);
                format!("{}: {name} ({})", key.section, key.missing.join(" "))
            })
            .collect()
        };
        let text = r#"{"schemaVersion": "1.1", "$version": 3, "mqttBroker": {}, "integrity": {}, "SchemaVersion": "1.1",
            "routes": {"r": {"ROUTE": "x", "prority": 1}}, "storeAndForwardConfiguration": {"timeToLive": 1,
            "storeLimits": {"maxSize": 1}}}"#;
        assert_eq!(
            found(text),
            [
                "the hub's properties: SchemaVersion ()",
                "a route: prority (priority timeToLiveSecs)",
                "`storeAndForwardConfiguration`: timeToLive (timeToLiveSecs)",
                "`storeLimits`: maxSize (maxSizeBytes)",
            ]
        );
        let text = r#"{"$edgeHub": {"properties.desired.route.up": "x", "property.desired": {},
            "properties.desired.storeAndForwardConfiguration.timeToLive": 5}}"#;
        assert_eq!(
            found(text),
            [
                "`$edgeHub`: property.desired (properties.desired)",
                "the hub's properties: route (schemaVersion routes mqttBroker integrity)",
                "`storeAndForwardConfiguration`: timeToLive (timeToLiveSecs storeLimits)",
            ]
        );
    }

    #[test]
    fn numbers_in_other_forms_are_converted() {
        let text = r#"{"schemaVersion": 1.20, "storeAndForwardConfiguration": {"timeToLiveSecs": " 60 ",
            "storeLimits": {"maxSizeBytes": 1e3}}, "routes": {
            "a": {"route": "x", "priority": 1.5, "timeToLiveSecs": true}, "b": {"route": "x", "priority": 3},
            "c": {"route": "x", "priority": null, "timeToLiveSecs": "1.5"}}}"#;
        let found = survey(text).converted_numbers;
        let seen: Vec<String> =
            found.iter().map(|number| format!("{} {} {}", number.key, number.span.slice(text), number.read)).collect();
        assert_eq!(
            seen,
            [
                "schemaVersion 1.20 \"1.2\"",
                "timeToLiveSecs \" 60 \" 60",
                "maxSizeBytes 1e3 1000",
                "priority 1.5 2",
                "timeToLiveSecs true 1",
            ]
        );
    }

    #[test]
    fn routes_and_their_place_are_known() {
        let text = r#"{"$edgeHub": {"properties.desired.routes.site.up": "x"}}"#;
        let found = survey(text);
        assert!(!found.is_complete);
        assert_eq!((&*found.route_keys[0].name, found.route_keys[0].is_dotted), ("site.up", true));
        let text = hub("");
        let found = survey(&text);
        assert_eq!((found.is_complete, found.routes_place.slice(&text)), (true, "\"routes\""));
        assert_eq!(survey("{}"), Survey::default());
        assert_eq!(survey("["), Survey::default());
    }

    #[test]
    fn facts_are_bounded() {
        let fields = (0..=MAX_FACTS).map(|n| format!(r#", "x{n}": 1"#)).collect::<Vec<_>>().concat();
        let text = hub(&format!(r#""r": {{"route": "x"{fields}}}"#));
        assert_eq!(survey(&text).unknown_keys.len(), MAX_FACTS);
        let routes = "\"r\": \"x\",".repeat(MAX_FACTS + 2);
        assert_eq!(survey(&hub(&format!("{routes} \"s\": \"x\""))).repeated_keys.len(), MAX_FACTS);
    }
}
