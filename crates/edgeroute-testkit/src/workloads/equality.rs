//! *equality*: every route names a module and two or three equalities.
//!
//! N routes over N/10 modules; 20 attributes with 50 values each, distributed by Zipf's law; a message has 10
//! attributes.

use super::Aim;
use super::condition::Condition;
use super::message::WorkMessage;
use super::random::Random;
use super::route::{Source, WorkRoute};
use super::vocabulary::{self, ATTRIBUTES, Attributes};

fn modules(routes: usize) -> usize {
    (routes / 10).max(1)
}

pub fn routes(count: usize, random: &mut Random) -> Vec<WorkRoute> {
    let attributes = Attributes::new();
    (0..count)
        .map(|index| {
            let source = Source::Module(vocabulary::module(random.below(modules(count))));
            let terms = random.between(2, 4);
            let terms = random
                .distinct(terms, ATTRIBUTES.len())
                .into_iter()
                .map(|attribute| Condition::equals(ATTRIBUTES[attribute], attributes.value(random)));
            let condition = Condition::All(terms.collect());
            WorkRoute::generated(index, source, condition, random)
        })
        .collect()
}

pub fn message(routes: &[WorkRoute], aim: Aim, random: &mut Random) -> WorkMessage {
    let module = vocabulary::module(random.below(modules(routes.len())));
    let mut message = WorkMessage::new(module, vocabulary::output(random), random);
    if aim == Aim::Hit {
        message.satisfy(random.pick(routes), random);
    }
    fill(&mut message, 10, random);
    message
}

/// Adds attributes to the message until it has `total` properties.
pub fn fill(message: &mut WorkMessage, total: usize, random: &mut Random) {
    let attributes = Attributes::new();
    for attribute in random.distinct(ATTRIBUTES.len(), ATTRIBUTES.len()) {
        if message.properties.len() >= total {
            break;
        }
        let name = ATTRIBUTES[attribute];
        if !message.has(name) {
            message.push(name, attributes.value(random));
        }
    }
    random.shuffle(&mut message.properties);
}
