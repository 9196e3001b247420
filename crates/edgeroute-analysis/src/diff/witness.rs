//! Turns models into messages.

use std::collections::{BTreeMap, BTreeSet};

use super::body::BodyBuilder;
use edgeroute_lang::hir::{Condition, NodeKind, Property};
use edgeroute_lang::message::{Origin, OwnedMessage, SYSTEM_PROPERTIES};
use edgeroute_lang::predicate::SlotKind;
use edgeroute_lang::prove::{Model, SlotValue, SlotValues};
use edgeroute_lang::source::normalized;
use edgeroute_lang::text::fold;

/// The maximum number of messages of a model whose slots are independent.
const MESSAGES: usize = 12;

/// The maximum number of messages of a model with expressions.
const MESSAGES_FOR_EXPRESSIONS: usize = 128;

/// The maximum number of values of one slot that are tried while the others have their first value.
const SINGLE: usize = 20;

/// The maximum number of senders that are tried with the same values.
const SENDERS: usize = 3;

/// Messages from a source, except those from other sources within it. Sources are in upper case and end with a slash.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Region {
    pub(super) source: String,
    /// The source as spelled in a route.
    pub(super) spelled: String,
    pub(super) excluded: Vec<String>,
}

impl Region {
    fn contains(&self, origin: &Origin<'_>) -> bool {
        let source: String = normalized(origin.source()).collect();
        source.starts_with(&self.source) && !self.excluded.iter().any(|excluded| source.starts_with(excluded))
    }
}

/// How routes spell the names of properties, by upper-cased name.
#[derive(Clone, Debug, Default)]
pub(super) struct Spellings(BTreeMap<String, String>);

impl Spellings {
    /// Adds the names in a condition; those that were added before take precedence.
    pub(super) fn add(&mut self, condition: &Condition<'_>) {
        for (_, node) in condition.nodes() {
            if let NodeKind::Property(property) = node.kind {
                let name = match property {
                    Property::Application(name) | Property::System(name) => name,
                    Property::ApplicationOrSystem(name) => name.strip_prefix('$').unwrap_or(name),
                };
                self.0.entry(fold(name).into_owned()).or_insert_with(|| name.to_owned());
            }
        }
    }

    fn of<'s>(&'s self, folded: &'s str) -> &'s str {
        self.0.get(folded).map_or(folded, String::as_str)
    }

    fn of_system<'s>(&'s self, folded: &'s str) -> &'s str {
        let known = SYSTEM_PROPERTIES.iter().find(|known| *fold(known.name()) == *folded);
        known.map_or_else(|| self.of(folded), |known| known.name())
    }
}

/// Iterates over messages from the region that may meet the requirements of the model, the most likely first.
pub(super) fn messages<'m>(
    model: &'m Model,
    region: &'m Region,
    spellings: &'m Spellings,
    max_depth: usize,
) -> impl Iterator<Item = OwnedMessage> + 'm {
    let has_body = model.slots().iter().any(|slot| matches!(slot.kind, SlotKind::Body { .. }));
    let slots: Vec<(&SlotKind, Vec<&SlotValue>)> =
        model.slots().iter().map(|slot| (&slot.kind, ordered(slot, has_body))).collect();
    let most = if model.has_expressions() { MESSAGES_FOR_EXPRESSIONS } else { MESSAGES };
    let lengths: Vec<usize> = slots.iter().map(|(_, values)| values.len()).collect();
    selections(&lengths, most).into_iter().enumerate().flat_map(move |(place, chosen)| {
        let chosen = slots.iter().zip(chosen);
        let values: Vec<(&SlotKind, &SlotValue)> =
            chosen.filter_map(|((kind, values), index)| Some((*kind, *values.get(index)?))).collect();
        let senders = senders(&values, region).into_iter().take(if place == 0 { SENDERS } else { 1 });
        senders.map(|message| with_values(message, &values, spellings, max_depth)).collect::<Vec<OwnedMessage>>()
    })
}

/// The values of a slot in the order in which they are tried. A body can be read only with certain system properties.
fn ordered(slot: &SlotValues, has_body: bool) -> Vec<&SlotValue> {
    let mut values: Vec<&SlotValue> = slot.values.iter().collect();
    let (SlotKind::System(name) | SlotKind::ApplicationOrSystem(name)) = &slot.kind else {
        return values;
    };
    if let Some(needed) = readable(name).filter(|_| has_body) {
        values.sort_by_key(|value| !matches!(value, SlotValue::Text(text) if text.eq_ignore_ascii_case(needed)));
    }
    values
}

/// The value of a system property that makes bodies readable.
fn readable(folded: &str) -> Option<&'static str> {
    match folded {
        "CONTENTTYPE" => Some("application/json"),
        "CONTENTENCODING" => Some("utf-8"),
        _ => None,
    }
}

/// Returns selections of one value for each slot: the first of all, then those that differ from it in one slot, then in
/// all slots, then in two.
fn selections(lengths: &[usize], most: usize) -> Vec<Vec<usize>> {
    let first = vec![0; lengths.len()];
    let longest = lengths.iter().copied().max().unwrap_or_default();
    let with = |changes: &[(usize, usize)]| {
        let mut selection = first.clone();
        for (slot, value) in changes {
            if let Some(selected) = selection.get_mut(*slot) {
                *selected = *value;
            }
        }
        selection
    };
    let mut all = vec![first.clone()];
    // Leaves room for pairs.
    for value in 1..longest.min(SINGLE) {
        let slots = (0..lengths.len()).filter(|slot| lengths.get(*slot).is_some_and(|length| value < *length));
        all.extend(slots.map(|slot| with(&[(slot, value)])).take(most.saturating_sub(all.len())));
        if lengths.len() > 1 && all.len() < most {
            all.push(lengths.iter().map(|length| value.min(length.saturating_sub(1))).collect());
        }
    }
    let pairs = (0..lengths.len()).flat_map(|one| (one + 1..lengths.len()).map(move |other| (one, other)));
    for (one, other) in pairs.take(most) {
        let length = |slot: usize| lengths.get(slot).copied().unwrap_or_default();
        let values = (1..length(one)).flat_map(|value| (1..length(other)).map(move |other| (value, other)));
        let room = most.saturating_sub(all.len());
        all.extend(values.take(room.min(16)).map(|(value, with_value)| with(&[(one, value), (other, with_value)])));
    }
    all.truncate(most);
    all
}

/// Returns empty messages from the region whose stamps have the values, those from likely senders first.
fn senders(values: &[(&SlotKind, &SlotValue)], region: &Region) -> Vec<OwnedMessage> {
    let stamp = |name: &str| {
        values.iter().find_map(|(kind, value)| match kind {
            SlotKind::System(folded) | SlotKind::ApplicationOrSystem(folded) if **folded == *name => Some(*value),
            _ => None,
        })
    };
    let text = |value: Option<&'static str>, wanted: Option<&SlotValue>| match wanted {
        Some(SlotValue::Text(text)) => Some(text.clone()),
        Some(SlotValue::Missing) => None,
        _ => value.map(str::to_owned),
    };
    let device = text(Some("edge-1"), stamp("CONNECTIONDEVICEID")).unwrap_or_default();
    let (module, output) = (stamp("CONNECTIONMODULEID"), stamp("OUTPUTNAME"));
    let mut segments = region.spelled.trim_matches('/').split('/').skip(2);
    let is_of_modules = region.source.starts_with("/MESSAGES/MODULES/");
    let of_source = segments.next().filter(|name| is_of_modules && !name.is_empty());
    let output_of_source = segments.nth(1).filter(|name| is_of_modules && !name.is_empty());
    let mut modules: Vec<String> = Vec::new();
    match module {
        Some(SlotValue::Missing | SlotValue::Null) => {}
        Some(SlotValue::Text(text)) => modules.push(text.clone()),
        _ => {
            modules.extend(of_source.map(str::to_owned));
            modules.push("module".to_owned());
        }
    }
    let outputs: Vec<Option<String>> = match output {
        Some(SlotValue::Text(text)) => vec![Some(text.clone())],
        Some(SlotValue::Missing | SlotValue::Null) => vec![None],
        _ => vec![output_of_source.map(str::to_owned), None, Some("output".to_owned())],
    };
    let mut origins: Vec<Origin<'_>> = Vec::new();
    let is_of_device = !matches!(module, Some(SlotValue::Text(_))) && !matches!(output, Some(SlotValue::Text(_)));
    if is_of_device {
        origins.push(Origin::device(&device));
    }
    for module in &modules {
        for output in &outputs {
            let origin = Origin::module(&device, module);
            origins.push(output.as_ref().map_or(origin, |output| origin.output(output)));
        }
    }
    if is_of_device {
        origins.push(Origin::twin_change(&device));
    }
    origins.retain(|origin| region.contains(origin));
    origins.dedup();
    let path = region.spelled.trim_end_matches('/');
    if origins.is_empty() {
        // A source of the hub's own.
        let stamped = match (modules.first(), outputs.first()) {
            (Some(module), Some(Some(output))) => Origin::module(&device, module).output(output),
            (Some(module), _) if of_source.is_some() || !is_of_device => Origin::module(&device, module),
            _ => Origin::device(&device),
        };
        let paths = [path, "/deviceLifecycleEvents"].map(|path| stamped.with_source(path));
        origins.extend(paths.into_iter().filter(|origin| region.contains(origin)));
    }
    origins.into_iter().map(OwnedMessage::new).collect()
}

/// Adds properties and a body.
fn with_values(
    mut message: OwnedMessage,
    values: &[(&SlotKind, &SlotValue)],
    spellings: &Spellings,
    max_depth: usize,
) -> OwnedMessage {
    let mut body = BodyBuilder::new(max_depth);
    let (mut has_body, mut needs_body) = (false, false);
    let mut set: BTreeSet<&str> = BTreeSet::new();
    for (kind, value) in values {
        let text = match value {
            SlotValue::Text(text) => Some(text.as_str()),
            _ => None,
        };
        let is_missing = **value == SlotValue::Missing;
        match kind {
            SlotKind::Body { path, .. } => {
                has_body = true;
                needs_body |= **value != SlotValue::Undefined;
                body.put(path, value);
            }
            SlotKind::Application(name) if !is_missing => message.properties_mut().push(spellings.of(name), text),
            SlotKind::Application(_) => {}
            SlotKind::System(name) | SlotKind::ApplicationOrSystem(name) => {
                if !set.insert(name) {
                    // The system property is set already, so only a property of the sender can differ from it.
                    if matches!(kind, SlotKind::ApplicationOrSystem(_)) && !is_missing {
                        let shadowing = format!("${}", spellings.of_system(name));
                        message.properties_mut().push(&shadowing, text);
                    }
                    continue;
                }
                if !is_missing && !is_stamp(name) {
                    message.system_properties_mut().push(spellings.of_system(name), text);
                }
            }
        }
    }
    if has_body {
        if needs_body {
            for (name, folded) in [("contentType", "CONTENTTYPE"), ("contentEncoding", "CONTENTENCODING")] {
                if !set.contains(folded) {
                    message.system_properties_mut().push(name, readable(folded));
                }
            }
        }
        message = message.with_body(body.finish());
    }
    message
}

fn is_stamp(folded: &str) -> bool {
    matches!(folded, "CONNECTIONDEVICEID" | "CONNECTIONMODULEID" | "OUTPUTNAME" | "INPUTNAME")
}
