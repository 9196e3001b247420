//! A group: submissions and removals that are written as one batch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use crate::clock::Timestamp;
use crate::message::Message;

use super::engine::{Batch, Engine, EngineError, Space};
use super::inbox::{Complete, Item, NewMessage, Place, place};
use super::keys::{self, QueueValue, Shift};
use super::{Entry, Outcome, Removal, Sequence, StateKey};

/// The most submissions of a group.
pub(super) const MOST_SUBMISSIONS: usize = 1024;
/// The bytes after which a group takes no more.
pub(super) const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What is to be written, and what follows when it is.
#[derive(Default)]
pub(super) struct Group {
    pub(super) batch: Batch,
    /// Live bytes that the group adds.
    pub(super) added_bytes: u64,
    /// Live bytes that the group frees.
    pub(super) freed_bytes: u64,
    pub(super) next_sequence: Sequence,
    /// Deliveries that the group stores.
    pub(super) added: Vec<Place>,
    /// Deliveries that the group removes.
    pub(super) removed: Vec<(Entry, Removal)>,
    removed_places: HashSet<Place>,
    /// Removals that callers asked for, whether or not the delivery exists.
    pub(super) asked: Vec<(Entry, Removal)>,
    /// The new number of pending deliveries, by message.
    pending: HashMap<Sequence, u32>,
    /// The new length of records of state, by key.
    state: HashMap<Vec<u8>, Option<usize>>,
    pub(super) tickets: Vec<(StateKey, u64)>,
    pub(super) completions: Vec<(Complete, Outcome)>,
    pub(super) fresh: Vec<(Sequence, Arc<Message>)>,
    pub(super) gone: Vec<Sequence>,
    pub(super) flushes: Vec<SyncSender<()>>,
    pub(super) registered: usize,
    pub(super) submissions: usize,
    pub(super) bytes: usize,
    /// The bytes of messages that lose a delivery other than by its being delivered.
    pub(super) lost_bytes: usize,
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// The live bytes of a delivery.
pub(super) fn delivery_bytes(expires: Timestamp) -> u64 {
    let expiry = if expires == Timestamp::NEVER { 0 } else { keys::EXPIRY_KEY };
    length(keys::QUEUE_KEY + keys::QUEUE_VALUE + expiry)
}

/// The live bytes of a message and its deliveries.
pub(super) fn message_bytes(message: &NewMessage) -> u64 {
    let deliveries: u64 = message.deliveries.iter().map(|delivery| delivery_bytes(delivery.expires)).sum();
    let pending = if message.deliveries.len() > 1 { keys::PENDING } else { 0 };
    length(8 + message.record.len() + pending).saturating_add(deliveries)
}

impl Group {
    pub(super) fn new(next_sequence: Sequence) -> Self {
        Self { next_sequence, ..Self::default() }
    }

    /// Whether there is nothing to write and nobody to answer.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.completions.is_empty() && self.flushes.is_empty() && self.asked.is_empty()
    }

    /// Whether the group takes no more.
    pub(super) fn is_full(&self) -> bool {
        self.submissions >= MOST_SUBMISSIONS || self.bytes >= MOST_BYTES
    }

    /// Returns the live bytes once the group is written.
    pub(super) fn live(&self, before: u64) -> u64 {
        before.saturating_add(self.added_bytes).saturating_sub(self.freed_bytes)
    }

    pub(super) fn removes(&self, place: Place) -> bool {
        self.removed_places.contains(&place)
    }

    /// Adds a submission.
    pub(super) fn store(&mut self, engine: &dyn Engine, item: Item) {
        self.submissions += 1;
        self.bytes = self.bytes.saturating_add(item.bytes());
        for (key, value) in item.state {
            self.put_state(engine, &key, value);
            self.tickets.push((key, item.ticket));
        }
        let sequence = item.message.map(|message| self.put_message(message));
        self.completions.push((item.completed, Outcome::Stored(sequence)));
    }

    fn put_message(&mut self, message: NewMessage) -> Sequence {
        let sequence = self.next_sequence;
        self.next_sequence = self.next_sequence.saturating_add(1);
        self.added_bytes = self.added_bytes.saturating_add(message_bytes(&message));
        let NewMessage { message, record, deliveries } = message;
        let record_length = u32::try_from(record.len()).unwrap_or(u32::MAX);
        for delivery in &deliveries {
            let (queue, level, expires) = (delivery.queue, delivery.level, delivery.expires);
            let entry = Entry { queue, level, sequence, expires };
            let value = QueueValue { expires, record: record_length };
            self.batch.put(Space::Queue, keys::queue_key(queue, level, sequence), value.to_bytes());
            if let Some(key) = keys::expiry_key(&entry) {
                self.batch.put(Space::Expiry, key, []);
            }
            self.added.push(place(&entry));
        }
        if deliveries.len() > 1 {
            let pending = u32::try_from(deliveries.len()).unwrap_or(u32::MAX);
            self.batch.put(Space::Pending, keys::message_key(sequence), keys::pending_value(pending));
        }
        self.batch.put(Space::Message, keys::message_key(sequence), record);
        self.fresh.push((sequence, message));
        sequence
    }

    fn put_state(&mut self, engine: &dyn Engine, key: &StateKey, value: Option<Vec<u8>>) {
        let key = keys::state_key(key);
        let before = match self.state.get(&key) {
            Some(&length) => length,
            None => engine.get(Space::State, &key).map_or_else(
                |error| {
                    tracing::error!(%error, "cannot read a record of state that is being replaced");
                    Some(0)
                },
                |value| value.map(|value| value.len()),
            ),
        };
        if let Some(before) = before {
            self.freed_bytes = self.freed_bytes.saturating_add(length(before.saturating_add(key.len())));
        }
        self.state.insert(key.clone(), value.as_ref().map(Vec::len));
        match value {
            Some(value) => {
                self.added_bytes = self.added_bytes.saturating_add(length(value.len().saturating_add(key.len())));
                self.batch.put(Space::State, key, value);
            }
            None if before.is_some() => self.batch.delete(Space::State, key),
            None => {}
        }
    }

    /// Removes a delivery, and its message if it was the last. Returns whether there was such a delivery.
    pub(super) fn remove(
        &mut self,
        engine: &dyn Engine,
        shift: Option<&Shift>,
        (queue, level, sequence): Place,
        why: Removal,
    ) -> Result<bool, EngineError> {
        let key = keys::queue_key(queue, level, sequence);
        if self.removed_places.contains(&(queue, level, sequence)) {
            return Ok(false);
        }
        let Some(value) = engine.get(Space::Queue, &key)? else { return Ok(false) };
        let Some(value) = QueueValue::read(&value) else {
            tracing::error!(sequence, "the record of a delivery cannot be read; it is removed");
            self.freed_bytes = self.freed_bytes.saturating_add(length(key.len().saturating_add(value.len())));
            self.batch.delete(Space::Queue, key);
            return Ok(false);
        };
        let pending = match self.pending.get(&sequence) {
            Some(&pending) => pending,
            None => engine
                .get(Space::Pending, &keys::message_key(sequence))?
                .and_then(|value| keys::read_pending(&value))
                .unwrap_or(1),
        };
        let stored = Entry { queue, level, sequence, expires: value.expires };
        self.batch.delete(Space::Queue, key);
        if let Some(key) = keys::expiry_key(&stored) {
            self.batch.delete(Space::Expiry, key);
        }
        self.freed_bytes = self.freed_bytes.saturating_add(delivery_bytes(value.expires));
        self.release(sequence, pending, value.record);
        let expires = shift.map_or(value.expires, |shift| shift.expires(&key, sequence, value.expires));
        self.removed_places.insert((queue, level, sequence));
        self.removed.push((Entry { expires, ..stored }, why));
        if why != Removal::Delivered {
            self.lost_bytes = self.lost_bytes.saturating_add(usize::try_from(value.record).unwrap_or(usize::MAX));
        }
        Ok(true)
    }

    /// Takes one delivery off a message that has a number of them.
    fn release(&mut self, sequence: Sequence, pending: u32, record: u32) {
        let key = keys::message_key(sequence);
        let left = pending.saturating_sub(1);
        self.pending.insert(sequence, left);
        match left {
            0 => {
                self.batch.delete(Space::Message, key);
                self.freed_bytes = self.freed_bytes.saturating_add(8 + u64::from(record));
                self.gone.push(sequence);
            }
            // A message without a record has one.
            1 => {
                self.batch.delete(Space::Pending, key);
                self.freed_bytes = self.freed_bytes.saturating_add(length(keys::PENDING));
            }
            _ => self.batch.put(Space::Pending, key, keys::pending_value(left)),
        }
    }

    /// Removes a delivery from the index by expiry alone: it has no other record.
    pub(super) fn remove_stray(&mut self, key: &[u8]) {
        self.batch.delete(Space::Expiry, key);
        self.freed_bytes = self.freed_bytes.saturating_add(length(key.len()));
    }
}
