//! Writes conditions in the language of a peer, and finds what they read from a message.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::Refusal;
use edgeroute_testkit::workloads::condition::{Formula, Key, Test};
use edgeroute_testkit::workloads::route::Source;
use edgeroute_testkit::workloads::{WorkMessage, WorkRoute};

/// How a peer writes tests; `and`, `or` and parentheses are the same for all peers.
pub(crate) trait Dialect {
    const AND: &'static str;
    const OR: &'static str;

    /// Writes that the variable `name` equals this string.
    fn equals(&self, name: &str, text: &str) -> String;

    /// Writes that the property is present and that the test has the wanted outcome.
    fn leaf(&self, key: &Key, predicate: &Test, wanted: bool) -> String;
}

/// The variables that contain the source of the message.
pub(crate) const MODULE: &str = "module";
pub(crate) const OUTPUT: &str = "output";

/// Returns the variable that contains the string of a property.
pub(crate) fn text_variable(key: &Key) -> String {
    match key {
        Key::Application(name) => format!("p_{name}"),
        Key::System(name) => format!("s_{name}"),
    }
}

/// Returns the variable that contains a property as a number.
pub(crate) fn number_variable(key: &Key) -> String {
    format!("n_{}", text_variable(key))
}

/// Writes a whole route as one condition: its source and its tests of the properties.
pub(crate) fn condition<D: Dialect>(dialect: &D, route: &WorkRoute) -> Result<String, Refusal> {
    let mut parts = match &route.source {
        Source::Any => Vec::new(),
        Source::Module(module) => vec![dialect.equals(MODULE, module)],
        Source::Output { module, output } => vec![dialect.equals(MODULE, module), dialect.equals(OUTPUT, output)],
    };
    parts.extend(route.condition.iter().map(|condition| write(dialect, &condition.is_true())));
    match parts.as_slice() {
        [] => Err(Refusal::Unsupported("a route without any test".to_owned())),
        _ => Ok(parts.join(D::AND)),
    }
}

fn write<D: Dialect>(dialect: &D, formula: &Formula) -> String {
    let joined = |formulas: &[Formula], operator| {
        let parts: Vec<_> = formulas.iter().map(|formula| write(dialect, formula)).collect();
        format!("({})", parts.join(operator))
    };
    match formula {
        Formula::Leaf { key, test, wanted } => dialect.leaf(key, test, *wanted),
        Formula::All(formulas) => joined(formulas, D::AND),
        Formula::Any(formulas) => joined(formulas, D::OR),
    }
}

/// The properties that the routes of a table read from a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reads {
    pub(crate) texts: BTreeSet<Key>,
    pub(crate) numbers: BTreeSet<Key>,
    /// The paths that are tested for a prefix, each with the number of segments of the prefixes.
    pub(crate) prefixes: BTreeSet<(Key, usize)>,
}

impl Reads {
    pub(crate) fn of(routes: &[WorkRoute]) -> Self {
        let mut reads = Self::default();
        for condition in routes.iter().filter_map(|route| route.condition.as_ref()) {
            reads.add(&condition.is_true());
        }
        reads
    }

    fn add(&mut self, formula: &Formula) {
        match formula {
            Formula::All(formulas) | Formula::Any(formulas) => formulas.iter().for_each(|formula| self.add(formula)),
            Formula::Leaf { key, test, .. } => match test {
                Test::Equals(_) | Test::OneOf(_) => {
                    self.texts.insert(key.clone());
                }
                Test::Within(..) | Test::Above(_) | Test::Below(_) => {
                    self.numbers.insert(key.clone());
                }
                Test::StartsWith(prefix) => {
                    self.prefixes.insert((key.clone(), segments(prefix)));
                }
            },
        }
    }

    /// Returns the keys that are read as strings, for a prefix or otherwise.
    pub(crate) fn texts_and_prefixes(&self) -> BTreeSet<&Key> {
        self.texts.iter().chain(self.prefixes.iter().map(|(key, _)| key)).collect()
    }
}

/// Returns the number of segments of a path prefix. The prefixes of the workloads end with a slash.
pub(crate) fn segments(prefix: &str) -> usize {
    prefix.matches('/').count()
}

/// Returns the property as a string.
pub(crate) fn text<'m>(message: &'m WorkMessage, key: &Key) -> Option<&'m str> {
    let (name, pairs) = match key {
        Key::Application(name) => (name, &message.properties),
        Key::System(name) => (name, &message.system_properties),
    };
    pairs.iter().find_map(|(candidate, value)| (candidate == name).then_some(value.as_str()))
}

/// Returns the property as a number.
pub(crate) fn number(message: &WorkMessage, key: &Key) -> Option<i32> {
    text(message, key)?.parse().ok()
}

/// Stops a build that takes too long.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Deadline(pub(crate) Instant);

impl Deadline {
    pub(crate) fn check(self, built: usize) -> Result<(), Refusal> {
        if Instant::now() < self.0 { Ok(()) } else { Err(Refusal::TooSlow { built }) }
    }
}
