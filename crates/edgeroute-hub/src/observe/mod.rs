//! What people look at: recent messages with their routes, and events as they happen.

use std::sync::Arc;

use crate::identity::ClientId;
use crate::message::Message;
use crate::metrics::DropReason;
use crate::store::{Destination, Level, Sequence};

/// A route that took a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The name of the route.
    pub route: Arc<str>,
    /// Where the route sends the message.
    pub destination: Destination,
    /// With which level.
    pub level: Level,
}

/// What the hub did with a message when it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is stored for these routes.
    Stored {
        /// The number of the message in the store.
        sequence: Sequence,
        /// The routes, one for each destination.
        taken: Vec<Taken>,
    },
    /// It was acknowledged and dropped.
    Dropped {
        /// The reason.
        reason: DropReason,
        /// The reason in words, with details.
        detail: String,
    },
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A client connected.
    Connected { client: ClientId, address: String },
    /// The connection of a client ended.
    Disconnected { client: ClientId, reason: String },
    /// A client was refused.
    Refused { client: String, address: String, reason: String },
    /// Two connections use the same identity again and again.
    Contested { client: ClientId, addresses: [String; 2] },
    /// A delivery was acknowledged by its receiver.
    Delivered { sequence: Sequence, destination: Destination },
    /// A delivery was lost.
    Lost { sequence: Sequence, destination: Destination, reason: DropReason },
    /// A new manifest is in force.
    Reloaded { routes: usize },
    /// A new manifest was refused. Has the findings as text.
    ReloadRefused { findings: String },
}

/// Keeps recent messages and events, within a fixed number of bytes, and passes them on as they happen.
#[derive(Debug, Default)]
pub struct Observer {}

#[expect(unused_variables, reason = "to do")]
impl Observer {
    /// Records a message with its fate. `message` is `None` if it could not be read.
    pub fn message(&self, sender: &ClientId, message: Option<&Arc<Message>>, fate: Fate) {}

    /// Records an event.
    pub fn event(&self, event: Event) {}
}
