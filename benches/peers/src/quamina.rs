//! quamina: a single automaton over the fields of JSON events.
//!
//! A pattern is a conjunction, so a route becomes one pattern for each of its disjuncts, under the same name. Events
//! are converted to JSON when messages are loaded, which is not timed, with numbers where routes ask for numbers. So
//! quamina is measured as if the hub received its messages in this form.

use ::quamina::{Quamina, QuaminaBuilder};
use serde_json::{Map, Value, json};

use crate::Refusal;
use crate::dialect::{Deadline, MODULE, OUTPUT, Reads};
use edgeroute_testkit::harness::{Contender, Winners};
use edgeroute_testkit::workloads::condition::{Formula, Key, Test};
use edgeroute_testkit::workloads::route::Source;
use edgeroute_testkit::workloads::{WorkMessage, WorkRoute};

/// The maximum number of disjuncts; a route with more is refused.
const MOST_PATTERNS: usize = 64;

/// The objects of an event that contain the properties.
const APPLICATION: &str = "p";
const SYSTEM: &str = "s";

pub(crate) struct Automaton {
    quamina: Quamina<usize>,
    /// The keys that routes test as numbers.
    reads: Reads,
    events: Vec<Vec<u8>>,
    winners: Winners,
}

/// A conjunction: each key once, with the matchers of which one must hold.
type Pattern = Vec<(Key, Vec<Value>)>;

impl Automaton {
    pub(crate) fn new(routes: &[WorkRoute], deadline: Deadline) -> Result<Self, Refusal> {
        let unsupported = |error: ::quamina::QuaminaError| Refusal::Unsupported(error.to_string());
        // The default limits protect against untrusted patterns. The patterns of the workloads may exceed them.
        let builder = QuaminaBuilder::new().with_arena_byte_budget(1 << 30).with_max_states_per_pattern(1 << 20);
        let mut quamina = builder.build().map_err(unsupported)?;
        for (index, route) in routes.iter().enumerate() {
            deadline.check(index)?;
            for pattern in patterns(route)? {
                quamina.add_pattern(index, &pattern.to_string()).map_err(unsupported)?;
            }
        }
        Ok(Self { quamina, reads: Reads::of(routes), events: Vec::new(), winners: Winners::new(routes) })
    }

    fn event(&self, message: &WorkMessage) -> Value {
        let object = |pairs: &[(String, String)], key: fn(&String) -> Key| -> Map<String, Value> {
            let value = |name: &String, text: &String| match text.parse::<i64>() {
                Ok(number) if self.reads.numbers.contains(&key(name)) => json!(number),
                _ => json!(text),
            };
            pairs.iter().map(|(name, text)| (name.clone(), value(name, text))).collect()
        };
        json!({
            MODULE: message.module,
            OUTPUT: message.output,
            APPLICATION: object(&message.properties, |name| Key::Application(name.clone())),
            SYSTEM: object(&message.system_properties, |name| Key::System(name.clone())),
        })
    }

    fn winners(&mut self, index: usize) -> &[usize] {
        self.winners.clear();
        // The event is valid JSON.
        if let Ok(matches) = self.quamina.matches_for_event(&self.events[index]) {
            for route in matches {
                self.winners.add(route);
            }
        }
        self.winners.get()
    }
}

fn patterns(route: &WorkRoute) -> Result<Vec<Value>, Refusal> {
    let disjuncts = match &route.condition {
        None => vec![Vec::new()],
        Some(condition) => disjuncts(&condition.is_true())?,
    };
    Ok(disjuncts
        .into_iter()
        .map(|conjunction| {
            let mut event = Map::new();
            match &route.source {
                Source::Any => {}
                Source::Module(module) => {
                    event.insert(MODULE.to_owned(), json!([module]));
                }
                Source::Output { module, output } => {
                    event.insert(MODULE.to_owned(), json!([module]));
                    event.insert(OUTPUT.to_owned(), json!([output]));
                }
            }
            for (key, matchers) in conjunction {
                let (object, name) = match key {
                    Key::Application(name) => (APPLICATION, name),
                    Key::System(name) => (SYSTEM, name),
                };
                if let Value::Object(fields) = event.entry(object).or_insert_with(|| json!({})) {
                    fields.insert(name, Value::Array(matchers));
                }
            }
            Value::Object(event)
        })
        .collect())
}

/// Converts the formula to a disjunction of conjunctions.
fn disjuncts(formula: &Formula) -> Result<Vec<Pattern>, Refusal> {
    match formula {
        Formula::Leaf { key, test, wanted } => Ok(vec![vec![(key.clone(), matchers(test, *wanted)?)]]),
        Formula::Any(formulas) => {
            let parts = formulas.iter().map(disjuncts).collect::<Result<Vec<_>, _>>()?;
            Ok(parts.into_iter().flatten().collect())
        }
        Formula::All(formulas) => formulas.iter().try_fold(vec![Vec::new()], |done: Vec<Pattern>, formula| {
            let more = disjuncts(formula)?;
            if done.len() * more.len() > MOST_PATTERNS {
                return Err(Refusal::Unsupported("too many disjuncts".to_owned()));
            }
            let mut product = Vec::new();
            for left in &done {
                for right in &more {
                    if right.iter().any(|(key, _)| left.iter().any(|(other, _)| key == other)) {
                        return Err(Refusal::Unsupported("two tests of one field in a conjunction".to_owned()));
                    }
                    product.push([left.as_slice(), right].concat());
                }
            }
            Ok(product)
        }),
    }
}

fn matchers(predicate: &Test, wanted: bool) -> Result<Vec<Value>, Refusal> {
    let numeric = |parts: Value| json!({ "numeric": parts });
    Ok(match (predicate, wanted) {
        (Test::Equals(text), true) => vec![json!(text)],
        (Test::Equals(text), false) => vec![json!({ "anything-but": [text] })],
        (Test::OneOf(texts), true) => texts.iter().map(|text| json!(text)).collect(),
        (Test::OneOf(texts), false) => vec![json!({ "anything-but": texts })],
        (Test::StartsWith(prefix), true) => vec![json!({ "prefix": prefix })],
        (Test::StartsWith(_), false) => return Err(Refusal::Unsupported("a negated prefix".to_owned())),
        (Test::Within(low, high), true) => vec![numeric(json!([">=", low, "<", high]))],
        (Test::Within(low, high), false) => vec![numeric(json!(["<", low])), numeric(json!([">=", high]))],
        (Test::Above(bound), true) => vec![numeric(json!([">", bound]))],
        (Test::Above(bound), false) => vec![numeric(json!(["<=", bound]))],
        (Test::Below(bound), true) => vec![numeric(json!(["<", bound]))],
        (Test::Below(bound), false) => vec![numeric(json!([">=", bound]))],
    })
}

impl<'m> Contender<'m> for Automaton {
    fn load(&mut self, messages: &'m [WorkMessage]) {
        self.events = messages.iter().map(|message| self.event(message).to_string().into_bytes()).collect();
    }

    fn count(&mut self, index: usize) -> usize {
        self.winners(index).len()
    }

    fn deliveries(&mut self, index: usize, into: &mut Vec<usize>) {
        into.extend(self.winners(index));
    }
}
