//! What a consumer gets next: reads its queues in the order of delivery, and remembers what it has not acknowledged.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::message::Message;
use crate::store::{Consumer, Destination, Entry, Level, QueueId, Removal, Sequence, Store, StoreError};

/// The queues that are held back: what is in them waits. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Paused(Arc<RwLock<BTreeMap<QueueId, Timestamp>>>);

impl Paused {
    /// Holds a queue back, but for the messages that were received before a time. Whoever calls this notifies the
    /// consumer.
    pub fn pause(&self, queue: QueueId, but_before: Timestamp) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(queue, but_before);
    }

    /// Lets a queue go on. Whoever calls this notifies the consumer.
    pub fn resume(&self, queue: QueueId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&queue);
    }

    /// Whether a queue is held back.
    pub fn contains(&self, queue: QueueId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(&queue)
    }

    /// Up to when a queue delivers.
    fn end(&self, queue: QueueId) -> Timestamp {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&queue).copied().unwrap_or(Timestamp::NEVER)
    }
}

/// Reads the queues of one consumer: the best level first, and within a level by the number of the message.
///
/// Lives as long as the hub. What it has handed out and was not acknowledged is handed out again only after
/// [`Outbox::rewind`].
#[derive(Debug)]
pub struct Outbox {
    store: Store,
    consumer: Consumer,
    paused: Paused,
    /// The last message read of each queue.
    read: BTreeMap<(QueueId, Level), Sequence>,
}

/// A delivery that is due.
#[derive(Clone, Debug)]
pub struct Due {
    /// The delivery.
    pub entry: Entry,
    /// Its destination.
    pub destination: Destination,
    /// Its message.
    pub message: Arc<Message>,
}

/// A delivery that was sent and is not acknowledged.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The delivery.
    pub due: Due,
    /// When it was sent last.
    pub at: Instant,
}

impl Outbox {
    /// Creates the reader of a consumer, at the beginning of all its queues.
    pub const fn new(store: Store, consumer: Consumer, paused: Paused) -> Self {
        Self { store, consumer, paused, read: BTreeMap::new() }
    }

    /// Returns what is notified when there may be something new.
    pub fn notified(&self) -> Arc<Notify> {
        self.store.deliveries_of(&self.consumer)
    }

    /// Whether [`Outbox::next`] may return something. Cheap. May be wrong when it says so, never when it denies it.
    pub fn may_have_more(&self) -> bool {
        let queues = self.queues();
        Level::all().any(|level| queues.iter().any(|(queue, _)| self.may_have(*queue, level)))
    }

    /// The queues of the consumer that are not held back, each with the time up to which it delivers.
    fn queues(&self) -> Vec<(QueueId, Timestamp)> {
        let queues = self.store.queues_of(&self.consumer);
        let ends = queues.into_iter().map(|queue| (queue, self.paused.end(queue)));
        ends.filter(|(_, end)| *end > Timestamp(0)).collect()
    }

    fn may_have(&self, queue: QueueId, level: Level) -> bool {
        self.store.may_have(queue, level, self.position(queue, level))
    }

    fn position(&self, queue: QueueId, level: Level) -> Option<Sequence> {
        self.read.get(&(queue, level)).copied()
    }

    /// Reads the next deliveries, at most `limit`. Removes those that have expired. Blocks on the disk.
    pub fn next(&mut self, limit: usize, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        let mut due = Vec::new();
        let mut expired = Vec::new();
        let queues = self.queues();
        for level in Level::all() {
            let mut open = queues.clone();
            while due.len() < limit {
                open.retain(|(queue, _)| self.may_have(*queue, level));
                let wanted = limit - due.len();
                let mut entries = Vec::new();
                for (queue, end) in &open {
                    let next = self.store.entries(*queue, level, self.position(*queue, level), wanted)?;
                    entries.extend(next.into_iter().map(|entry| (entry, *end)));
                }
                if entries.is_empty() {
                    break;
                }
                entries.sort_unstable_by_key(|(entry, _)| (entry.sequence, entry.queue));
                entries.truncate(wanted);
                for (entry, end) in entries {
                    if !open.iter().any(|(queue, _)| *queue == entry.queue) {
                        continue;
                    }
                    if entry.expires <= now {
                        expired.push(entry);
                    } else if let Some(message) = self.store.message(entry.sequence)?
                        && let Some(destination) = self.store.destination(entry.queue)
                    {
                        if message.received >= end {
                            open.retain(|(queue, _)| *queue != entry.queue);
                            continue;
                        }
                        due.push(Due { entry, destination, message });
                    }
                    self.read.insert((entry.queue, level), entry.sequence);
                }
            }
        }
        if !expired.is_empty() {
            self.store.remove(expired, Removal::Expired);
        }
        Ok(due)
    }

    /// Marks deliveries as done.
    pub fn done(&self, entries: Vec<Entry>) {
        self.store.remove(entries, Removal::Delivered);
    }

    /// Starts again at the beginning of all queues: everything that is not marked as done is handed out again.
    pub fn rewind(&mut self) {
        self.read.clear();
    }
}
