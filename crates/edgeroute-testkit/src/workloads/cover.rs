//! *cover*: five conjuncts each, from any source, and only the one whose name sorts last distinguishes routes.
//!
//! N routes; four keys with four values each, and `zserial` with N values. The conjuncts are in random order, so that
//! only an engine that knows the selectivity of a test starts with the right one.

use super::Aim;
use super::condition::Condition;
use super::message::WorkMessage;
use super::random::Random;
use super::route::{Source, WorkRoute};
use super::{equality, vocabulary};

const COMMON: [&str; 4] = ["area", "building", "class", "department"];
const COMMON_VALUES: usize = 4;
const SELECTIVE: &str = "zserial";

fn serial(index: usize) -> String {
    format!("serial{index}")
}

pub fn routes(count: usize, random: &mut Random) -> Vec<WorkRoute> {
    (0..count)
        .map(|index| {
            let mut terms: Vec<_> = COMMON
                .iter()
                .map(|name| Condition::equals(name, vocabulary::value(random.below(COMMON_VALUES))))
                .collect();
            terms.push(Condition::equals(SELECTIVE, serial(random.below(count))));
            random.shuffle(&mut terms);
            WorkRoute::generated(index, Source::Any, Condition::All(terms), random)
        })
        .collect()
}

pub fn message(routes: &[WorkRoute], aim: Aim, random: &mut Random) -> WorkMessage {
    let mut message = WorkMessage::new(vocabulary::module(random.below(10)), vocabulary::output(random), random);
    if aim == Aim::Hit {
        message.satisfy(random.pick(routes), random);
    } else {
        for name in COMMON {
            message.push(name, vocabulary::value(random.below(COMMON_VALUES)));
        }
        message.push(SELECTIVE, serial(random.below(routes.len())));
    }
    equality::fill(&mut message, 10, random);
    message
}
