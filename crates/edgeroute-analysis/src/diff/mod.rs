//! Compares two sets of routes: what changed in the declarations, and whether any message is delivered differently.
//!
//! Routes are paired by name, then by canonical text. A pair that differs, or a route without a partner, is a
//! [`Change`]. For each change two questions are asked: is there a message that the old route delivers and the new set
//! delivers differently (*lost*), and the reverse (*gained*)? Together they cover every message, because the winner for
//! an endpoint can differ only where a changed route wins in its own set.
//!
//! A question is answered by proof ([`edgeroute_lang::prove`]) or by a witness. The prover's open cases are turned into
//! messages, and the interpreter delivers each with both sets. If another route takes such a message first, the
//! question is asked again without the messages of that route. Where neither a proof nor a witness is found, the answer
//! is *undecided*.
//!
//! The proofs assume messages of hubs: the source follows from the sender, and names of modules and outputs contain no
//! slash and no white space at their ends.

mod body;
mod compare;
mod declared;
mod messages;
mod pairing;
mod question;
mod side;
mod witness;

pub use compare::Comparer;
pub use declared::{Declared, Setting, SettingChange};
pub use messages::{MessageComparer, MessageDifference};

use edgeroute_lang::diagnostic::Diagnostic;
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::message::OwnedMessage;
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::route::Route;

/// The difference between two sets of routes.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    settings: Vec<SettingChange>,
    changes: Vec<Change>,
    broken: Vec<Broken>,
    unchanged: usize,
    keeps_otherwise: bool,
}

impl Diff {
    /// The settings that differ.
    #[must_use]
    pub fn settings(&self) -> &[SettingChange] {
        &self.settings
    }

    /// The routes that differ: first those of the new set, in its order, then the removed ones, then the fallback.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The routes of either set that do not compile. They deliver nothing here; a hub may refuse the whole set.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// The number of routes that are the same in both sets.
    #[must_use]
    pub const fn unchanged(&self) -> usize {
        self.unchanged
    }

    /// Whether nothing differs, not even the layout of a route.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty() && self.changes.is_empty()
    }

    /// Whether the hub keeps messages of some route for another time, because its own time to live differs.
    #[must_use]
    pub const fn keeps_otherwise(&self) -> bool {
        self.keeps_otherwise
    }

    /// Whether any message is delivered differently.
    #[must_use]
    pub fn answer(&self) -> Summary {
        if self.keeps_otherwise {
            return Summary::Different;
        }
        let broken = if self.broken.is_empty() { Summary::Same } else { Summary::Undecided };
        self.changes.iter().map(Change::answer).fold(broken, Summary::max)
    }
}

/// Whether any message is delivered differently, without the evidence.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Summary {
    /// Every message is delivered the same: this is proved.
    Same,
    /// Neither was a proof found that all messages are delivered the same, nor a message that is not.
    Undecided,
    /// Some message is delivered differently: there is a witness.
    Different,
}

/// A route that differs.
#[derive(Clone, Debug)]
pub struct Change {
    pub(in crate::diff) kind: ChangeKind,
    pub(in crate::diff) is_fallback: bool,
    pub(in crate::diff) old: Option<Place>,
    pub(in crate::diff) new: Option<Place>,
    pub(in crate::diff) edits: Edits,
    pub(in crate::diff) lost: Answer,
    pub(in crate::diff) gained: Answer,
}

impl Change {
    /// What happened to the route.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        self.kind
    }

    /// Whether it is the fallback of the hub.
    #[must_use]
    pub const fn is_fallback(&self) -> bool {
        self.is_fallback
    }

    /// The route in the old set; `None` if it was added.
    #[must_use]
    pub const fn before(&self) -> Option<&Place> {
        self.old.as_ref()
    }

    /// The route in the new set; `None` if it was removed.
    #[must_use]
    pub const fn after(&self) -> Option<&Place> {
        self.new.as_ref()
    }

    /// What differs between the two.
    #[must_use]
    pub const fn edits(&self) -> Edits {
        self.edits
    }

    /// Whether there is a message that the old route delivers and that the new set delivers differently.
    #[must_use]
    pub const fn lost(&self) -> &Answer {
        &self.lost
    }

    /// Whether there is a message that the new route delivers and that the old set delivered differently.
    #[must_use]
    pub const fn gained(&self) -> &Answer {
        &self.gained
    }

    /// Both answers together.
    #[must_use]
    pub fn answer(&self) -> Summary {
        self.lost.summary().max(self.gained.summary())
    }

    /// The name in the new set, or in the old one if the route was removed.
    #[must_use]
    pub fn name(&self) -> &str {
        self.new.as_ref().or(self.old.as_ref()).map(|place| place.route.name()).unwrap_or_default()
    }
}

/// What happened to a route.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ChangeKind {
    /// It is only in the new set.
    Added,
    /// It is only in the old set.
    Removed,
    /// It has another name and the same meaning.
    Renamed,
    /// Its text, priority or time to live differs.
    Changed,
    /// Only its layout differs: white space, comments, parentheses, the case of keywords.
    Reformatted,
    /// Only its position among the routes differs.
    Moved,
}

/// What differs between the old and the new route of a change.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub struct Edits {
    /// The name.
    pub name: bool,
    /// The meaning of the text, as far as its parts are concerned.
    pub text: bool,
    /// The layout of the text.
    pub layout: bool,
    /// The priority.
    pub priority: bool,
    /// The time to live.
    pub time_to_live: bool,
    /// The position relative to the other routes.
    pub position: bool,
}

/// A route in one of the sets.
#[derive(Clone, Debug)]
pub struct Place {
    pub(in crate::diff) route: Route,
    pub(in crate::diff) position: usize,
}

impl Place {
    /// The route as declared.
    #[must_use]
    pub const fn route(&self) -> &Route {
        &self.route
    }

    /// The position among the routes, counted from 1; 0 for the fallback.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }
}

/// The answer to the question whether there is a message of a certain kind.
#[derive(Clone, Debug, Default)]
pub enum Answer {
    /// No such message exists: this is proved.
    #[default]
    Same,
    /// There is one.
    Different(Box<Witness>),
    /// Neither a proof nor a message was found.
    Undecided(Undecided),
}

impl Answer {
    /// The answer without its evidence.
    #[must_use]
    pub const fn summary(&self) -> Summary {
        match self {
            Self::Same => Summary::Same,
            Self::Different(_) => Summary::Different,
            Self::Undecided(_) => Summary::Undecided,
        }
    }

    /// The message, if there is one.
    #[must_use]
    pub fn witness(&self) -> Option<&Witness> {
        match self {
            Self::Different(witness) => Some(witness),
            Self::Same | Self::Undecided(_) => None,
        }
    }
}

/// Why a question is undecided.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Undecided {
    /// The route has errors.
    Broken,
    /// The condition needs more than the prover knows, such as arithmetic.
    NotProved,
    /// The budget is used up: the condition is too large, or there are too many changes.
    TooMany,
}

/// A message that the two sets deliver differently. The interpreter has delivered it with both.
#[derive(Clone, Debug)]
pub struct Witness {
    message: OwnedMessage,
    endpoint: Option<Endpoint>,
    old: Vec<Delivered>,
    new: Vec<Delivered>,
}

impl Witness {
    /// The message.
    #[must_use]
    pub const fn message(&self) -> &OwnedMessage {
        &self.message
    }

    /// The deliveries by the old set.
    #[must_use]
    pub fn before(&self) -> &[Delivered] {
        &self.old
    }

    /// The deliveries by the new set.
    #[must_use]
    pub fn after(&self) -> &[Delivered] {
        &self.new
    }

    /// The endpoint of the route that the question is about.
    #[must_use]
    pub const fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }
}

/// A delivery of a message. Two deliveries are the same if endpoint, priority and time to live are; the name of the
/// route is for readers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivered {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The priority.
    pub priority: Priority,
    /// The time to live.
    pub time_to_live: TimeToLive,
    /// The name of the route that delivers.
    pub route: String,
}

impl Delivered {
    /// What distinguishes a delivery from others.
    pub(crate) const fn key(&self) -> (&Endpoint, Priority, TimeToLive) {
        (&self.endpoint, self.priority, self.time_to_live)
    }
}

/// Whether the deliveries are the same, in any order.
fn is_same(old: &[Delivered], new: &[Delivered]) -> bool {
    // An endpoint gets at most one delivery.
    old.len() == new.len() && old.iter().all(|delivery| new.iter().any(|other| other.key() == delivery.key()))
}

/// One of the two sets.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Which {
    /// The old set.
    Old,
    /// The new set.
    New,
}

/// A route that does not compile.
#[derive(Clone, Debug)]
pub struct Broken {
    pub(in crate::diff) which: Which,
    pub(in crate::diff) route: Route,
    pub(in crate::diff) errors: Vec<Diagnostic>,
}

impl Broken {
    /// The set that has the route.
    #[must_use]
    pub const fn which(&self) -> Which {
        self.which
    }

    /// The route.
    #[must_use]
    pub const fn route(&self) -> &Route {
        &self.route
    }

    /// Its errors, at least one. Spans are in bytes of the route's text.
    #[must_use]
    pub fn errors(&self) -> &[Diagnostic] {
        &self.errors
    }
}

#[cfg(test)]
mod tests;
