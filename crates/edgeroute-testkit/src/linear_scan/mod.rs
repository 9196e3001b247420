//! The baseline: a linear scan, hand-written with care for performance.
//!
//! When the scan is built, conditions are parsed and brought into a form without negations, and each string is stored
//! once. Matching a message does not allocate. A property is looked up when the first predicate needs it and then
//! remembered for the message, a number is parsed once, the case of the source is folded once, and a mark on each
//! endpoint makes deliveries unique. Every route is examined in the order of declaration, which makes the scan linear.
//!
//! It supports only the part of the hub's language that the workloads use. Numbers are plain decimals, and names are
//! ASCII.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::workloads::condition::{Formula, Key, Test};
use crate::workloads::route::Source;
use crate::workloads::{WorkMessage, WorkRoute};

/// The routes, ready to be scanned.
#[derive(Debug)]
pub struct LinearScan {
    routes: Vec<Route>,
    keys: Vec<Key>,
    endpoints: usize,
}

#[derive(Debug)]
struct Route {
    source: FoldedSource,
    predicate: Predicate,
    endpoint: usize,
    /// The lowest wins.
    priority: u32,
}

/// A source with its names in upper case, because sources ignore case.
#[derive(Debug)]
enum FoldedSource {
    Any,
    Module(Rc<str>),
    Output { module: Rc<str>, output: Rc<str> },
}

#[derive(Debug)]
enum Predicate {
    True,
    /// The property of the key with this index is present, and the test has the wanted outcome.
    Test {
        key: usize,
        wanted: bool,
        comparison: Comparison,
    },
    All(Box<[Predicate]>),
    Any(Box<[Predicate]>),
}

#[derive(Debug)]
enum Comparison {
    Equals(Rc<str>),
    OneOf(Box<[Rc<str>]>),
    StartsWith(Rc<str>),
    Within(f64, f64),
    Above(f64),
    Below(f64),
}

/// The state of a scan while it matches a message, and the deliveries of the last message. The routes determine its
/// size.
#[derive(Debug)]
pub struct Scratch {
    slots: Vec<Slot>,
    module: String,
    output: String,
    marks: Vec<Mark>,
    /// Counts the messages, so that marks need no clearing.
    stamp: u64,
    deliveries: Vec<usize>,
}

#[derive(Copy, Clone, Debug)]
struct Slot {
    place: Place,
    number: Number,
}

/// The location of a key's property in the message.
#[derive(Copy, Clone, Debug)]
enum Place {
    NotLookedUp,
    Missing,
    Application(usize),
    System(usize),
}

#[derive(Copy, Clone, Debug)]
enum Number {
    NotParsed,
    Parsed(Option<f64>),
}

/// A mark on an endpoint. `delivery` is the endpoint's index among the deliveries of the message counted by `stamp`.
#[derive(Copy, Clone, Debug)]
struct Mark {
    stamp: u64,
    delivery: usize,
}

const UNREAD: Slot = Slot { place: Place::NotLookedUp, number: Number::NotParsed };

/// The longest module and output name that a message may have without an allocation.
const NAME_CAPACITY: usize = 256;

impl LinearScan {
    pub fn new(routes: &[WorkRoute]) -> Self {
        let mut keys = BTreeMap::new();
        let mut texts = Texts::default();
        let mut endpoints = BTreeMap::new();
        let routes = routes
            .iter()
            .map(|route| {
                let next = endpoints.len();
                let endpoint = *endpoints.entry(&route.endpoint).or_insert(next);
                Route {
                    source: fold(&route.source, &mut texts),
                    predicate: match &route.condition {
                        None => Predicate::True,
                        Some(condition) => lower(&condition.is_true(), &mut keys, &mut texts),
                    },
                    endpoint,
                    priority: route.priority.unwrap_or(2_000_000_000),
                }
            })
            .collect();
        let mut by_index: Vec<_> = keys.into_iter().collect();
        by_index.sort_by_key(|(_, index)| *index);
        let keys = by_index.into_iter().map(|(key, _)| key).collect();
        Self { routes, keys, endpoints: endpoints.len() }
    }

    /// Creates a scratch. Allocates.
    pub fn create_scratch(&self) -> Scratch {
        Scratch {
            slots: vec![UNREAD; self.keys.len()],
            module: String::with_capacity(NAME_CAPACITY),
            output: String::with_capacity(NAME_CAPACITY),
            marks: vec![Mark { stamp: 0, delivery: 0 }; self.endpoints],
            stamp: 0,
            deliveries: Vec::with_capacity(self.endpoints),
        }
    }

    /// Returns the routes that deliver `message`, one for each endpoint that gets it: the one with the lowest priority
    /// number, or among equals the one declared first. Does not allocate.
    pub fn matches<'s>(&self, scratch: &'s mut Scratch, message: &WorkMessage) -> &'s [usize] {
        let Scratch { slots, module, output, marks, stamp, deliveries } = scratch;
        slots.fill(UNREAD);
        fold_into(module, &message.module);
        fold_into(output, &message.output);
        *stamp += 1;
        deliveries.clear();
        let mut properties = Lookup { keys: &self.keys, slots, message };
        for (index, route) in self.routes.iter().enumerate() {
            let from_here = match &route.source {
                FoldedSource::Any => true,
                FoldedSource::Module(wanted) => **wanted == **module,
                FoldedSource::Output { module: wanted, output: wanted_output } => {
                    **wanted == **module && **wanted_output == **output
                }
            };
            if from_here && route.predicate.is_true(&mut properties) {
                let mark = &mut marks[route.endpoint];
                if mark.stamp != *stamp {
                    *mark = Mark { stamp: *stamp, delivery: deliveries.len() };
                    deliveries.push(index);
                } else if route.priority < self.routes[deliveries[mark.delivery]].priority {
                    deliveries[mark.delivery] = index;
                }
            }
        }
        deliveries
    }
}

/// Strings, each stored once, so that strings that many routes share stay in the caches.
#[derive(Default)]
struct Texts(BTreeSet<Rc<str>>);

impl Texts {
    fn store(&mut self, text: &str) -> Rc<str> {
        if let Some(stored) = self.0.get(text) {
            return Rc::clone(stored);
        }
        let stored: Rc<str> = Rc::from(text);
        self.0.insert(Rc::clone(&stored));
        stored
    }
}

fn fold(source: &Source, texts: &mut Texts) -> FoldedSource {
    let mut upper = |name: &str| texts.store(&name.to_ascii_uppercase());
    match source {
        Source::Any => FoldedSource::Any,
        Source::Module(module) => FoldedSource::Module(upper(module)),
        Source::Output { module, output } => FoldedSource::Output { module: upper(module), output: upper(output) },
    }
}

fn fold_into(folded: &mut String, name: &str) {
    folded.clear();
    folded.push_str(name);
    folded.make_ascii_uppercase();
}

fn lower(formula: &Formula, keys: &mut BTreeMap<Key, usize>, texts: &mut Texts) -> Predicate {
    match formula {
        Formula::Leaf { key, test, wanted } => {
            let next = keys.len();
            let key = *keys.entry(key.clone()).or_insert(next);
            Predicate::Test { key, wanted: *wanted, comparison: Comparison::new(test, texts) }
        }
        Formula::All(formulas) => Predicate::All(formulas.iter().map(|formula| lower(formula, keys, texts)).collect()),
        Formula::Any(formulas) => Predicate::Any(formulas.iter().map(|formula| lower(formula, keys, texts)).collect()),
    }
}

impl Comparison {
    fn new(comparison: &Test, texts: &mut Texts) -> Self {
        let mut store = |text: &String| texts.store(text);
        match comparison {
            Test::Equals(text) => Self::Equals(store(text)),
            Test::OneOf(choice) => Self::OneOf(choice.iter().map(store).collect()),
            Test::StartsWith(prefix) => Self::StartsWith(store(prefix)),
            Test::Within(low, high) => Self::Within(f64::from(*low), f64::from(*high)),
            Test::Above(bound) => Self::Above(f64::from(*bound)),
            Test::Below(bound) => Self::Below(f64::from(*bound)),
        }
    }

    /// The outcome; `None` if it is undefined.
    fn outcome(&self, key: usize, properties: &mut Lookup<'_>) -> Option<bool> {
        match self {
            Self::Equals(text) => properties.text(key).map(|value| *value == **text),
            Self::OneOf(texts) => properties.text(key).map(|value| texts.iter().any(|text| *value == **text)),
            Self::StartsWith(prefix) => properties.text(key).map(|value| value.starts_with(&**prefix)),
            Self::Within(low, high) => properties.number(key).map(|number| *low <= number && number < *high),
            Self::Above(bound) => properties.number(key).map(|number| number > *bound),
            Self::Below(bound) => properties.number(key).map(|number| number < *bound),
        }
    }
}

impl Predicate {
    fn is_true(&self, properties: &mut Lookup<'_>) -> bool {
        match self {
            Self::True => true,
            Self::Test { key, wanted, comparison } => comparison.outcome(*key, properties) == Some(*wanted),
            Self::All(predicates) => predicates.iter().all(|predicate| predicate.is_true(properties)),
            Self::Any(predicates) => predicates.iter().any(|predicate| predicate.is_true(properties)),
        }
    }
}

/// A message's properties by key.
struct Lookup<'a> {
    keys: &'a [Key],
    slots: &'a mut [Slot],
    message: &'a WorkMessage,
}

impl<'a> Lookup<'a> {
    fn text(&mut self, key: usize) -> Option<&'a str> {
        let slot = &mut self.slots[key];
        if matches!(slot.place, Place::NotLookedUp) {
            slot.place = find(&self.keys[key], self.message);
        }
        match slot.place {
            Place::Application(index) => Some(&self.message.properties[index].1),
            Place::System(index) => Some(&self.message.system_properties[index].1),
            Place::NotLookedUp | Place::Missing => None,
        }
    }

    fn number(&mut self, key: usize) -> Option<f64> {
        if let Number::Parsed(number) = self.slots[key].number {
            return number;
        }
        let number = self.text(key).and_then(|text| text.parse().ok());
        self.slots[key].number = Number::Parsed(number);
        number
    }
}

/// The location of the key's property in the message. An application property with the name of a system property,
/// including the `$`, shadows it.
fn find(key: &Key, message: &WorkMessage) -> Place {
    let position = |pairs: &[(String, String)], name: &str| {
        pairs.iter().position(|(candidate, _)| candidate.eq_ignore_ascii_case(name))
    };
    match key {
        Key::Application(name) => position(&message.properties, name).map_or(Place::Missing, Place::Application),
        Key::System(name) => {
            let shadow = message.properties.iter().position(|(candidate, _)| {
                candidate.strip_prefix('$').is_some_and(|candidate| candidate.eq_ignore_ascii_case(name))
            });
            match shadow {
                Some(index) => Place::Application(index),
                None => position(&message.system_properties, name).map_or(Place::Missing, Place::System),
            }
        }
    }
}
