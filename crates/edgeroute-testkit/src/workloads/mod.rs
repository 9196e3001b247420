//! The workloads for measuring edgeroute: routes and messages, the same on every machine.
//!
//! A workload is data ([`WorkRoute`], [`WorkMessage`]). The text of the routes and the input of each contender are
//! derived from the same values, and nothing depends on time, addresses or the order of a hash map. A workload knows
//! nothing about edgeroute, so that the competitors in `benches/peers` and the tests can share it.

pub mod condition;
mod message;
pub mod random;
pub mod route;
mod vocabulary;

mod adversarial;
mod cover;
mod equality;
mod mixed;
mod typical;

pub use adversarial::Shape;
pub use message::WorkMessage;
pub use route::WorkRoute;

use random::Random;

/// The number of messages in a set that does not repeat soon, so that caches are cold.
pub const COLD: usize = 2_000;

/// The number of messages in a set that is sent repeatedly, so that caches are warm.
pub const WARM: usize = 200;

/// The kind of workload.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Typical,
    Equality,
    Mixed,
    Cover,
    Adversarial(Shape),
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Typical => "typical",
            Self::Equality => "equality",
            Self::Mixed => "mixed",
            Self::Cover => "cover",
            Self::Adversarial(_) => "adversarial",
        }
    }

    /// The kind of attack, for a workload that is one.
    pub const fn shape(self) -> Option<&'static str> {
        match self {
            Self::Adversarial(shape) => Some(shape.name()),
            _ => None,
        }
    }
}

/// What happens to the messages of a set.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Seven of ten are made to satisfy a random route; the others, and all of *typical*, are left to chance.
    Mixed,
    /// Drawn from the same names and values, but matched by no route.
    Miss,
    /// No route names their module, and none tests their properties.
    Foreign,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Miss => "miss",
            Self::Foreign => "foreign",
        }
    }
}

/// The aim in generating a message.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Aim {
    /// Satisfy a random route.
    Hit,
    /// Leave the result to chance.
    Chance,
}

/// A table of routes with matching messages.
#[derive(Clone, Debug)]
pub struct Workload {
    pub kind: Kind,
    pub routes: Vec<WorkRoute>,
}

impl Workload {
    /// Generates `count` routes; *typical* always has its twelve.
    pub fn generate(kind: Kind, count: usize) -> Self {
        let mut random = Random::new(1);
        let routes = match kind {
            Kind::Typical => typical::routes(),
            Kind::Equality => equality::routes(count, &mut random),
            Kind::Mixed => mixed::routes(count, &mut random),
            Kind::Cover => cover::routes(count, &mut random),
            Kind::Adversarial(shape) => adversarial::routes(shape, count, &mut random),
        };
        Self { kind, routes }
    }

    /// Generates `count` messages. `delivers` determines whether any route matches a message.
    ///
    /// Misses are found by drawing until no route matches the message. Returns `None` if they are too rare: fewer than
    /// one message in 40.
    pub fn messages(
        &self,
        outcome: Outcome,
        count: usize,
        mut delivers: impl FnMut(&WorkMessage) -> bool,
    ) -> Option<Vec<WorkMessage>> {
        const DRAWS_FOR_A_MISS: usize = 40;
        let mut random = Random::new(2);
        match outcome {
            Outcome::Mixed => {
                let aimed = |random: &mut Random| if random.chance(70) { Aim::Hit } else { Aim::Chance };
                Some((0..count).map(|_| self.message(aimed(&mut random), &mut random)).collect())
            }
            Outcome::Miss => {
                let mut misses = Vec::with_capacity(count);
                let mut draws = 0;
                while misses.len() < count {
                    if draws > DRAWS_FOR_A_MISS * (misses.len() + 5) {
                        return None;
                    }
                    draws += 1;
                    let message = self.message(Aim::Chance, &mut random);
                    if !delivers(&message) {
                        misses.push(message);
                    }
                }
                Some(misses)
            }
            Outcome::Foreign => Some((0..count).map(|_| foreign(&mut random)).collect()),
        }
    }

    fn message(&self, aim: Aim, random: &mut Random) -> WorkMessage {
        match self.kind {
            Kind::Typical => typical::message(random),
            Kind::Equality => equality::message(&self.routes, aim, random),
            Kind::Mixed => mixed::message(&self.routes, aim, random),
            Kind::Cover => cover::message(&self.routes, aim, random),
            Kind::Adversarial(shape) => adversarial::message(shape, &self.routes, aim, random),
        }
    }
}

fn foreign(random: &mut Random) -> WorkMessage {
    let mut message = WorkMessage::new("stranger".to_owned(), vocabulary::output(random), random);
    for name in vocabulary::ATTRIBUTES.iter().take(10) {
        message.push(format!("{name}Name"), vocabulary::value(random.below(vocabulary::VALUES)));
    }
    random.shuffle(&mut message.properties);
    message
}
