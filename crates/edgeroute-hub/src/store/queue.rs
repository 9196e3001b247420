use std::fmt;
use std::sync::Arc;

use edgeroute::{Endpoint, Priority};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Where a delivery goes. Each destination has one queue for each [`Level`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Destination {
    /// Whatever the hub has upstream.
    Upstream,
    /// An input of a module of the hub's device.
    Input {
        /// The id of the module.
        module: Arc<str>,
        /// The name of the input.
        input: Arc<str>,
    },
    /// A downstream device, for messages from the cloud.
    Device(Arc<str>),
}

impl Destination {
    /// Returns who takes the messages of the destination.
    pub fn consumer(&self) -> Consumer {
        match self {
            Self::Upstream => Consumer::Upstream,
            Self::Input { module, .. } => Consumer::Module(Arc::clone(module)),
            Self::Device(device) => Consumer::Device(Arc::clone(device)),
        }
    }
}

impl From<&Endpoint> for Destination {
    fn from(endpoint: &Endpoint) -> Self {
        match endpoint {
            Endpoint::Upstream => Self::Upstream,
            Endpoint::Module { module, input } => Self::Input { module: (**module).into(), input: (**input).into() },
        }
    }
}

impl fmt::Display for Destination {
    /// Writes `$upstream`, `module/input`, or `devices/device`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream => f.write_str("$upstream"),
            Self::Input { module, input } => write!(f, "{module}/{input}"),
            Self::Device(device) => write!(f, "devices/{device}"),
        }
    }
}

/// Who takes messages: one consumer takes those of several destinations, as a module does those of all its inputs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consumer {
    /// The upstream connection.
    Upstream,
    /// A module of the hub's device.
    Module(Arc<str>),
    /// A downstream device.
    Device(Arc<str>),
}

/// The number of a destination in one store. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QueueId(pub u32);

/// The rank of a priority, 0 for the best: 0 to 9 for the priorities of routes, 10 for routes without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// The number of levels.
    pub const COUNT: usize = 11;

    /// Returns the rank of a route's priority.
    pub fn of(priority: Priority) -> Self {
        Self(u8::try_from(priority.get()).map_or(10, |priority| priority.min(10)))
    }

    /// Returns the level with a rank, or `None` above 10.
    pub const fn new(rank: u8) -> Option<Self> {
        if rank <= 10 { Some(Self(rank)) } else { None }
    }

    /// Returns the rank.
    pub const fn rank(self) -> u8 {
        self.0
    }

    /// Returns all levels, the best first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=10).map(Self)
    }

    /// Returns the number that metrics show: that of the route's priority, 2000000000 for routes without one.
    pub const fn number(self) -> u32 {
        if self.0 < 10 { self.0 as u32 } else { Priority::DEFAULT.get() }
    }
}

/// The number of a stored message: later messages have greater numbers. Never reused.
pub type Sequence = u64;

/// A delivery that waits in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The queue's destination.
    pub queue: QueueId,
    /// The queue's level.
    pub level: Level,
    /// The message.
    pub sequence: Sequence,
    /// When the delivery expires.
    pub expires: Timestamp,
}

/// A delivery to store with its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The destination.
    pub queue: QueueId,
    /// The level.
    pub level: Level,
    /// When the delivery expires.
    pub expires: Timestamp,
}
