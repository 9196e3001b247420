//! *adversarial*: tables and messages designed to break an index.

use super::Aim;
use super::condition::{Condition, Test};
use super::equality;
use super::message::WorkMessage;
use super::random::Random;
use super::route::{Source, WorkRoute};
use super::vocabulary::{self, ATTRIBUTES, Attributes, VALUES};

/// The kind of attack.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each route tests each of 20 keys, in order, with even chance; each key has four values. Copying a route into
    /// every branch that it does not restrict gives 5^20 branches.
    Wildcards,
    /// Every route has the same source and the same condition.
    OneValue,
    /// Every route is a range on one number, and all ranges have a point in common.
    Overlaps,
    /// Every condition is an `or` of 50 equalities over 20 keys.
    Disjunctions,
    /// Every condition is a `not`, so most routes match most messages.
    Negations,
    /// The routes of *equality*, and messages with 1,000 properties.
    ManyProperties,
}

impl Shape {
    pub const ALL: [Self; 6] =
        [Self::Wildcards, Self::OneValue, Self::Overlaps, Self::Disjunctions, Self::Negations, Self::ManyProperties];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Wildcards => "wildcards",
            Self::OneValue => "one value",
            Self::Overlaps => "overlaps",
            Self::Disjunctions => "disjunctions",
            Self::Negations => "negations",
            Self::ManyProperties => "many properties",
        }
    }
}

const MODULE: &str = "module0";
const NUMBER: &str = "temperature";
const MIDDLE: usize = 5_000;
const WILDCARD_VALUES: usize = 4;
const MANY: usize = 1_000;

pub fn routes(shape: Shape, count: usize, random: &mut Random) -> Vec<WorkRoute> {
    if shape == Shape::ManyProperties {
        return equality::routes(count, random);
    }
    let attributes = Attributes::new();
    (0..count)
        .map(|index| {
            let (source, condition) = match shape {
                Shape::Wildcards => (Source::Any, wildcards(random)),
                Shape::OneValue => {
                    (Source::Module(MODULE.to_owned()), Condition::equals("level", vocabulary::value(0)))
                }
                Shape::Overlaps => {
                    let bound = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
                    let low = random.below(MIDDLE);
                    let high = random.between(MIDDLE + 1, 2 * MIDDLE + 1);
                    (Source::Any, Condition::test(NUMBER, Test::Within(bound(low), bound(high))))
                }
                Shape::Disjunctions => {
                    let equality =
                        |pair| Condition::equals(ATTRIBUTES[pair / VALUES], vocabulary::value(pair % VALUES));
                    let pairs = random.distinct(50, ATTRIBUTES.len() * VALUES);
                    (Source::Any, Condition::Any(pairs.into_iter().map(equality).collect()))
                }
                Shape::Negations | Shape::ManyProperties => {
                    let equality =
                        Condition::equals(ATTRIBUTES[random.below(ATTRIBUTES.len())], attributes.value(random));
                    (Source::Any, Condition::Not(Box::new(equality)))
                }
            };
            WorkRoute::generated(index, source, condition, random)
        })
        .collect()
}

fn wildcards(random: &mut Random) -> Condition {
    loop {
        let tested: Vec<_> = ATTRIBUTES.iter().filter(|_| random.chance(50)).collect();
        let terms: Vec<_> = tested
            .into_iter()
            .map(|name| Condition::equals(name, vocabulary::value(random.below(WILDCARD_VALUES))))
            .collect();
        if !terms.is_empty() {
            return Condition::All(terms);
        }
    }
}

pub fn message(shape: Shape, routes: &[WorkRoute], aim: Aim, random: &mut Random) -> WorkMessage {
    let mut message = WorkMessage::new(MODULE.to_owned(), vocabulary::output(random), random);
    match shape {
        Shape::Wildcards => {
            if aim == Aim::Hit {
                message.satisfy(random.pick(routes), random);
            }
            for name in ATTRIBUTES {
                if !message.has(name) {
                    message.push(name, vocabulary::value(random.below(WILDCARD_VALUES)));
                }
            }
            random.shuffle(&mut message.properties);
        }
        Shape::OneValue => {
            let rank = if aim == Aim::Hit { 0 } else { random.between(1, VALUES) };
            message.push("level", vocabulary::value(rank));
            equality::fill(&mut message, 10, random);
        }
        Shape::Overlaps => {
            let number = if aim == Aim::Hit { random.below(2 * MIDDLE) } else { random.between(20_000, 30_000) };
            message.push(NUMBER, number.to_string());
            equality::fill(&mut message, 10, random);
        }
        Shape::Disjunctions | Shape::Negations => {
            if aim == Aim::Hit {
                equality::fill(&mut message, 10, random);
            } else {
                // Values and keys that no route names.
                for name in ATTRIBUTES.iter().take(10) {
                    match shape {
                        Shape::Negations => message.push(format!("{name}Id"), vocabulary::value(random.below(VALUES))),
                        _ => message.push(*name, vocabulary::value(VALUES + random.below(VALUES))),
                    }
                }
            }
        }
        Shape::ManyProperties => {
            message = equality::message(routes, aim, random);
            for number in message.properties.len()..MANY {
                // Names with the same lengths and beginnings as the tested ones.
                message
                    .push(format!("{}{}", &ATTRIBUTES[number % 20][..3], number), vocabulary::value(number % VALUES));
            }
            random.shuffle(&mut message.properties);
        }
    }
    message
}
