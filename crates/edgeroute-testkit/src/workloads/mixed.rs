//! *mixed*: ranges, prefixes, inequalities and disjunctions as well as equalities, from any source, a module or an
//! output.
//!
//! N routes over N/50 modules; N/5 devices; paths of four levels, 10,000 prefixes of three; five numbers below 10,000.
//! A message has 12 properties: `device`, `topic`, the five numbers and five of the 20 attributes.

use super::Aim;
use super::condition::{Condition, Test};
use super::equality;
use super::message::WorkMessage;
use super::random::Random;
use super::route::{Source, WorkRoute};
use super::vocabulary::{self, ATTRIBUTES, Attributes, OUTPUTS, VALUES};

const NUMBERS: [&str; 5] = ["temperature", "pressure", "humidity", "current", "speed"];
const NUMBER_BOUND: usize = 10_000;

fn modules(routes: usize) -> usize {
    (routes / 50).max(1)
}

fn devices(routes: usize) -> usize {
    (routes / 5).max(1)
}

fn device(index: usize) -> String {
    format!("device{index}")
}

pub fn routes(count: usize, random: &mut Random) -> Vec<WorkRoute> {
    let attributes = Attributes::new();
    (0..count)
        .map(|index| {
            let module = vocabulary::module(random.below(modules(count)));
            let source = match random.below(100) {
                0..30 => Source::Any,
                30..60 => Source::Module(module),
                _ => Source::Output { module, output: (*random.pick(&OUTPUTS)).to_owned() },
            };
            let selective = source == Source::Any;
            let mut disjunct = || {
                let mut conjunction = Conjunction { terms: Vec::new(), attributes: &attributes };
                if selective {
                    conjunction.push_selective(devices(count), random);
                }
                for _ in 0..random.between(1, 4) {
                    conjunction.push_clause(random);
                }
                (Condition::All(conjunction.terms), random.chance(25))
            };
            let condition = match disjunct() {
                (first, true) => Condition::Any(vec![first, disjunct().0]),
                (first, false) => first,
            };
            WorkRoute::generated(index, source, condition, random)
        })
        .collect()
}

/// A disjunct under construction. It names no property twice, so that it can be satisfied.
struct Conjunction<'a> {
    terms: Vec<Condition>,
    attributes: &'a Attributes,
}

impl Conjunction<'_> {
    fn names(&self, name: &str) -> bool {
        self.terms.iter().any(|term| match term {
            Condition::Test(key, _) | Condition::Differs(key, _) => key.to_string() == name,
            Condition::All(_) | Condition::Any(_) | Condition::Not(_) => false,
        })
    }

    /// One of `names` that no conjunct names yet.
    fn fresh(&self, names: &[&'static str], random: &mut Random) -> &'static str {
        loop {
            let name = *random.pick(names);
            if !self.names(name) {
                return name;
            }
        }
    }

    /// Adds a conjunct that few messages satisfy, for routes from any source.
    fn push_selective(&mut self, devices: usize, random: &mut Random) {
        match random.below(100) {
            0..45 => self.terms.push(Condition::equals("device", device(random.below(devices)))),
            45..70 => {
                let prefix = vocabulary::path_prefix(3, random);
                self.terms.push(Condition::test("topic", Test::StartsWith(prefix)));
            }
            70..90 => self.push_range(10, random),
            _ => {
                for _ in 0..2 {
                    let rare = vocabulary::value(random.between(VALUES / 2, VALUES));
                    self.terms.push(Condition::equals(self.fresh(&ATTRIBUTES, random), rare));
                }
            }
        }
    }

    fn push_clause(&mut self, random: &mut Random) {
        match random.below(100) {
            0..50 => {
                let value = self.attributes.value(random);
                self.terms.push(Condition::equals(self.fresh(&ATTRIBUTES, random), value));
            }
            50..65 => {
                let value = self.attributes.value(random);
                self.terms.push(Condition::differs(self.fresh(&ATTRIBUTES, random), value));
            }
            65..75 => {
                let values = random.distinct(3, VALUES).into_iter().map(vocabulary::value).collect();
                self.terms.push(Condition::test(self.fresh(&ATTRIBUTES, random), Test::OneOf(values)));
            }
            // A second prefix on the path could contradict the first.
            90.. if !self.names("topic") => {
                let prefix = vocabulary::path_prefix(1, random);
                self.terms.push(Condition::test("topic", Test::StartsWith(prefix)));
            }
            _ => {
                let width = random.between(1_000, 8_001);
                self.push_range(width, random);
            }
        }
    }

    fn push_range(&mut self, width: usize, random: &mut Random) {
        let low = random.below(NUMBER_BOUND - width + 1);
        let bound = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let range = Test::Within(bound(low), bound(low + width));
        self.terms.push(Condition::test(self.fresh(&NUMBERS, random), range));
    }
}

pub fn message(routes: &[WorkRoute], aim: Aim, random: &mut Random) -> WorkMessage {
    let module = vocabulary::module(random.below(modules(routes.len())));
    let mut message = WorkMessage::new(module, vocabulary::output(random), random);
    if aim == Aim::Hit {
        message.satisfy(random.pick(routes), random);
    }
    if !message.has("device") {
        message.push("device", device(random.below(devices(routes.len()))));
    }
    if !message.has("topic") {
        message.push("topic", vocabulary::path_under("", random));
    }
    for number in NUMBERS {
        if !message.has(number) {
            message.push(number, random.below(NUMBER_BOUND).to_string());
        }
    }
    equality::fill(&mut message, 12, random);
    message
}
