//! What people look at: recent messages with their routes, and events as they happen.
//!
//! Everything is bounded: the last 10,000 messages, as many of their bodies as fit into 32 MiB, and the last 1,000
//! messages that went upstream. Recording takes a lock for about a microsecond and never waits for who looks.

mod ring;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast;

use crate::clock::Clock;
use crate::identity::ClientId;
use crate::message::Message;
use crate::metrics::DropReason;
use crate::store::{Destination, Level, Sequence};

pub use summary::{DeliverySummary, Dropped, Progress, Summary};

use ring::Ring;

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

/// Something that happened. Serializes as an object with the key `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Event {
    /// A client connected.
    Connected {
        /// The client.
        client: ClientId,
        /// The address of the peer.
        address: String,
    },
    /// The connection of a client ended.
    Disconnected {
        /// The client.
        client: ClientId,
        /// Why, in words.
        reason: String,
    },
    /// A client was refused.
    Refused {
        /// The id that the client claims.
        client: String,
        /// The address of the peer.
        address: String,
        /// Why, in words.
        reason: String,
    },
    /// Two connections use the same identity again and again.
    Contested {
        /// The identity.
        client: ClientId,
        /// The addresses of the two peers.
        addresses: [String; 2],
    },
    /// A delivery was acknowledged by its receiver.
    Delivered {
        /// The message.
        sequence: Sequence,
        /// Where it was delivered.
        #[serde(serialize_with = "summary::displayed")]
        destination: Destination,
    },
    /// A delivery was lost.
    Lost {
        /// The message.
        sequence: Sequence,
        /// Where it was to be delivered.
        #[serde(serialize_with = "summary::displayed")]
        destination: Destination,
        /// The reason.
        #[serde(serialize_with = "summary::reason")]
        reason: DropReason,
    },
    /// A new manifest is in force.
    Reloaded {
        /// The number of its routes.
        routes: usize,
    },
    /// A new manifest was refused. Has the findings as text.
    ReloadRefused {
        /// The findings, as `edgeroute check` prints them.
        findings: String,
    },
}

/// Something for those who look on.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A message was recorded.
    Message(Arc<Summary>),
    /// A delivery of a recent message was acknowledged or lost.
    Delivery {
        /// The number of the message in the list of recent messages.
        id: u64,
        /// The destination.
        destination: Destination,
        /// How far the delivery is now.
        state: Progress,
    },
    /// A message went upstream; its number is that of [`Observer::upstream_after`].
    Upstream(u64),
    /// Anything else.
    Event(Arc<Event>),
}

/// Which messages [`Observer::messages`] returns.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only messages with greater ids.
    pub since: u64,
    /// Only messages of this sender: a client id, or the id of a module of any device.
    pub sender: Option<String>,
    /// At most this many: the oldest of them if `since` is not 0, else the newest.
    pub limit: usize,
}

/// A message that went upstream.
#[derive(Clone, Debug)]
pub struct Upstreamed {
    /// The number of the message in the list of those that went upstream.
    pub id: u64,
    /// The message, as long as it fits.
    pub message: Option<Arc<Message>>,
}

/// Keeps recent messages and events, within a fixed number of bytes, and passes them on as they happen.
#[derive(Debug)]
pub struct Observer {
    clock: Clock,
    recent: Mutex<Recent>,
    upstream: Mutex<Ring<()>>,
    notices: broadcast::Sender<Notice>,
    record: broadcast::Sender<Arc<Message>>,
}

#[derive(Debug)]
struct Recent {
    messages: Ring<Summary>,
    /// The id of each stored message in the ring.
    by_sequence: HashMap<Sequence, u64>,
    /// What became of deliveries before their message was recorded, by sequence.
    early: BTreeMap<Sequence, Vec<(Destination, Progress)>>,
    newest: Sequence,
    hits: BTreeMap<Arc<str>, u64>,
}

/// The most messages.
const MOST_MESSAGES: usize = 10_000;
/// The most bytes of messages.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// The most messages that went upstream, and their bytes.
const MOST_UPSTREAM: usize = 1_000;
const MOST_UPSTREAM_BYTES: usize = 8 * 1024 * 1024;
/// How many notices a reader may not have read yet.
const BACKLOG: usize = 1_024;
/// How many whole messages a reader may not have read yet.
const RECORD_BACKLOG: usize = 64;
/// The most messages for which early deliveries are remembered.
const MOST_EARLY: usize = 1_024;
/// The most routes that are counted.
const MOST_ROUTES: usize = 10_000;

impl Default for Observer {
    fn default() -> Self {
        Self::new(Clock::default())
    }
}

/// Recording.
impl Observer {
    /// Creates an observer that has seen nothing.
    pub fn new(clock: Clock) -> Self {
        let recent = Recent {
            messages: Ring::new(MOST_MESSAGES, MOST_BYTES),
            by_sequence: HashMap::new(),
            early: BTreeMap::new(),
            newest: 0,
            hits: BTreeMap::new(),
        };
        Self {
            clock,
            recent: Mutex::new(recent),
            upstream: Mutex::new(Ring::new(MOST_UPSTREAM, MOST_UPSTREAM_BYTES)),
            notices: broadcast::Sender::new(BACKLOG),
            record: broadcast::Sender::new(RECORD_BACKLOG),
        }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a message with its fate. `message` is `None` if it could not be read.
    pub fn message(&self, sender: &ClientId, message: Option<&Arc<Message>>, fate: Fate) {
        let now = self.clock.now();
        let mut recent = self.recent();
        let summary = Summary::new(recent.messages.next(), now, sender, message.map(AsRef::as_ref), fate);
        let summary = recent.add(summary, message);
        // Sent under the lock, so that notices come in the order of ids. Sending does not wait. No receiver is no error.
        if let Some(summary) = summary
            && self.notices.receiver_count() > 0
        {
            let _ = self.notices.send(Notice::Message(Arc::new(summary.clone())));
        }
        if let Some(message) = message
            && self.record.receiver_count() > 0
        {
            let _ = self.record.send(Arc::clone(message));
        }
    }

    /// Records an event.
    pub fn event(&self, event: Event) {
        let progress = match &event {
            Event::Delivered { sequence, destination } => Some((*sequence, destination, Progress::Delivered)),
            Event::Lost { sequence, destination, reason: DropReason::TimeToLive } => {
                Some((*sequence, destination, Progress::Expired))
            }
            Event::Lost { sequence, destination, .. } => Some((*sequence, destination, Progress::Dropped)),
            _ => None,
        };
        let Some((sequence, destination, state)) = progress else {
            let _ = self.notices.send(Notice::Event(Arc::new(event)));
            return;
        };
        let id = self.recent().progress(sequence, destination, state);
        if let Some(id) = id
            && self.notices.receiver_count() > 0
        {
            let _ = self.notices.send(Notice::Delivery { id, destination: destination.clone(), state });
        }
    }

    /// Records a message that went upstream where upstream only shows messages.
    pub fn upstream(&self, message: &Arc<Message>) {
        let mut ring = self.upstream.lock().unwrap_or_else(PoisonError::into_inner);
        let id = ring.next();
        ring.push((), size_of::<Upstreamed>(), Some(Arc::clone(message)), |()| ());
        let _ = self.notices.send(Notice::Upstream(id));
    }
}

/// Looking.
impl Observer {
    /// Returns recent messages, the oldest first.
    pub fn messages(&self, query: &Query) -> Vec<Summary> {
        let recent = self.recent();
        let matches = |summary: &&Summary| {
            query
                .sender
                .as_deref()
                .is_none_or(|sender| summary.sender.module_id() == Some(sender) || summary.sender.to_string() == sender)
        };
        let found = recent.messages.after(query.since).map(|(_, item)| &item.value).filter(matches);
        if query.since > 0 {
            return found.take(query.limit).cloned().collect();
        }
        let mut newest: Vec<_> = found.rev().take(query.limit).cloned().collect();
        newest.reverse();
        newest
    }

    /// Returns a recent message and, as long as it fits, its content.
    pub fn find(&self, id: u64) -> Option<(Summary, Option<Arc<Message>>)> {
        self.recent().messages.get(id).map(|item| (item.value.clone(), item.message.clone()))
    }

    /// Returns the id of the recent message with a number of the store.
    pub fn id_of(&self, sequence: Sequence) -> Option<u64> {
        self.recent().by_sequence.get(&sequence).copied()
    }

    /// Returns how many messages each route took since the start, by route.
    pub fn hits(&self) -> BTreeMap<Arc<str>, u64> {
        self.recent().hits.clone()
    }

    /// Returns the messages that went upstream after one of them, the oldest first: the last `limit` if `since` is 0.
    pub fn upstream_after(&self, since: u64, limit: usize) -> Vec<Upstreamed> {
        let ring = self.upstream.lock().unwrap_or_else(PoisonError::into_inner);
        let found = ring.after(since).map(|(id, item)| Upstreamed { id, message: item.message.clone() });
        if since > 0 {
            return found.take(limit).collect();
        }
        let mut newest: Vec<_> = found.rev().take(limit).collect();
        newest.reverse();
        newest
    }

    /// Returns notices from now on. A reader that has more than 1,024 to read learns how many it missed.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// Returns the messages from now on, whole. A reader that has more than 64 to read learns how many it missed.
    pub fn record(&self) -> broadcast::Receiver<Arc<Message>> {
        self.record.subscribe()
    }
}

impl Recent {
    /// Adds a message. Returns its summary with the progress that came early.
    fn add(&mut self, mut summary: Summary, message: Option<&Arc<Message>>) -> Option<&Summary> {
        if let Some(sequence) = summary.sequence {
            self.newest = self.newest.max(sequence);
            for (destination, state) in self.early.remove(&sequence).unwrap_or_default() {
                summary.set(&destination, state);
            }
            self.by_sequence.insert(sequence, summary.id);
        }
        for delivery in &summary.deliveries {
            if let Some(hits) = self.hits.get_mut(&delivery.route) {
                *hits += 1;
            } else if self.hits.len() < MOST_ROUTES {
                self.hits.insert(Arc::clone(&delivery.route), 1);
            }
        }
        let (id, bytes, by_sequence) = (summary.id, summary.bytes(), &mut self.by_sequence);
        self.messages.push(summary, bytes, message.cloned(), |removed: Summary| {
            if let Some(sequence) = removed.sequence {
                by_sequence.remove(&sequence);
            }
        });
        self.messages.get(id).map(|item| &item.value)
    }

    /// Sets how far a delivery is. Returns the id of the message if it is in the ring.
    fn progress(&mut self, sequence: Sequence, destination: &Destination, state: Progress) -> Option<u64> {
        let Some(id) = self.by_sequence.get(&sequence).copied() else {
            // The receiver may be faster than the record. Messages of an earlier run never come.
            if sequence > self.newest {
                self.early.entry(sequence).or_default().push((destination.clone(), state));
                if self.early.len() > MOST_EARLY {
                    self.early.pop_first();
                }
            }
            return None;
        };
        self.messages.get_mut(id).is_some_and(|summary| summary.set(destination, state)).then_some(id)
    }
}
