//! What waits for the thread that writes.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::message::Message;

use super::{
    Completion, Destination, Entry, Level, NewDelivery, Outcome, QueueId, Removal, Sender, Sequence, StateKey,
    Submission,
};

/// How long removals wait for a group to ride with.
const REMOVAL_WAIT: Duration = Duration::from_millis(100);
/// The longest key of state, in bytes.
const LONGEST_STATE_KEY: usize = 4 * 1024;
/// The longest record of state, in bytes.
const LONGEST_STATE: usize = 16 * 1024 * 1024;

/// A completion that is called exactly once: with [`Outcome::Failed`] if it is dropped.
pub(super) struct Complete(Option<Completion>);

impl Complete {
    pub(super) fn call(mut self, outcome: Outcome) {
        if let Some(completion) = self.0.take() {
            completion(outcome);
        }
    }
}

impl Drop for Complete {
    fn drop(&mut self) {
        if let Some(completion) = self.0.take() {
            completion(Outcome::Failed);
        }
    }
}

/// A message to store, with its record.
pub(super) struct NewMessage {
    pub(super) message: Arc<Message>,
    pub(super) record: Vec<u8>,
    pub(super) deliveries: Vec<NewDelivery>,
}

/// A submission, or a call of [`super::Store::flush`].
pub(super) struct Item {
    pub(super) state: Vec<(StateKey, Option<Vec<u8>>)>,
    /// The number of the submission, which distinguishes records of state.
    pub(super) ticket: u64,
    pub(super) message: Option<NewMessage>,
    pub(super) completed: Complete,
    sender: Option<Arc<Sender>>,
    /// Receives nothing, but ends when everything before is flushed.
    pub(super) flush: Option<SyncSender<()>>,
}

impl Item {
    /// Checks and encodes a submission. Returns `None`, having completed it, if it can never be stored.
    pub(super) fn new(submission: Submission) -> Option<Self> {
        let Submission { state, message, completed, sender } = submission;
        let completed = Complete(Some(completed));
        for (key, value) in &state {
            let length = value.as_ref().map_or(0, Vec::len);
            if key.kind.len() + key.id.len() > LONGEST_STATE_KEY || length > LONGEST_STATE {
                tracing::error!(kind = key.kind, bytes = length, "a record of state is too large to store");
                return None;
            }
        }
        let message = match message {
            Some((message, deliveries)) if !deliveries.is_empty() => match message.encode() {
                Ok(record) => Some(NewMessage { message, record, deliveries: distinct(deliveries) }),
                Err(error) => {
                    tracing::error!(%error, "a message cannot be encoded");
                    return None;
                }
            },
            _ => None,
        };
        Some(Self { state, ticket: 0, message, completed, sender, flush: None })
    }

    fn flush(sender: SyncSender<()>) -> Self {
        let completed = Complete(None);
        Self { state: Vec::new(), ticket: 0, message: None, completed, sender: None, flush: Some(sender) }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.sender.as_ref().is_none_or(|sender| sender.is_waiting())
    }

    /// Whether an earlier submission of the same sender failed, so that this one must not overtake it.
    pub(super) fn has_failed(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| sender.has_failed())
    }

    /// Returns about how many bytes the item adds to a group.
    pub(super) fn bytes(&self) -> usize {
        let state: usize =
            self.state.iter().map(|(key, value)| key.id.len() + value.as_ref().map_or(0, Vec::len)).sum();
        let message = self.message.as_ref().map_or(0, |message| message.record.len() + 64 * message.deliveries.len());
        state.saturating_add(message)
    }
}

/// Keeps the first delivery of each queue and level: a queue holds a message once.
fn distinct(deliveries: Vec<NewDelivery>) -> Vec<NewDelivery> {
    let mut seen = BTreeSet::new();
    deliveries.into_iter().filter(|delivery| seen.insert((delivery.queue, delivery.level))).collect()
}

/// A queue to be emptied up to a message.
#[derive(Clone, Debug)]
pub(super) struct Clear {
    pub(super) queue: QueueId,
    pub(super) level: Level,
    pub(super) through: Sequence,
}

/// Submissions, removals and everything else that callers hand over.
#[derive(Default)]
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

/// A delivery without its expiry.
pub(super) type Place = (QueueId, Level, Sequence);

pub(super) const fn place(entry: &Entry) -> Place {
    (entry.queue, entry.level, entry.sequence)
}

#[derive(Default)]
pub(super) struct Waiting {
    pub(super) items: VecDeque<Item>,
    /// Records of state that were submitted and are not written, each with the number of the last submission.
    pub(super) overlay: HashMap<StateKey, (u64, Option<Vec<u8>>)>,
    ticket: u64,
    pub(super) removals: VecDeque<(Entry, Removal)>,
    first_removal: Option<Instant>,
    /// All deliveries whose removal was asked for and is not written.
    pub(super) removed: BTreeSet<Place>,
    pub(super) registrations: Vec<(QueueId, Destination)>,
    pub(super) clears: Vec<Clear>,
    /// Something else changed, such as the limit.
    poked: bool,
    closed: bool,
}

impl Waiting {
    /// Takes removals, at most a number.
    pub(super) fn take_removals(&mut self, limit: usize) -> Vec<(Entry, Removal)> {
        let taken: Vec<_> = self.removals.drain(..self.removals.len().min(limit)).collect();
        if self.removals.is_empty() {
            self.first_removal = None;
        }
        taken
    }

    /// Removals that were not written wait again, at most a number: what is beyond may be delivered again.
    pub(super) fn return_removals(&mut self, removals: Vec<(Entry, Removal)>, limit: usize) {
        for removal in removals.into_iter().rev() {
            self.removals.push_front(removal);
        }
        while self.removals.len() > limit {
            if let Some((entry, _)) = self.removals.pop_front() {
                self.removed.remove(&place(&entry));
            }
        }
        if !self.removals.is_empty() {
            self.first_removal.get_or_insert_with(Instant::now);
        }
    }

    /// Returns how many deliveries of a queue are being removed.
    pub(super) fn removing(&self, queue: QueueId, level: Level) -> u64 {
        let places = self.removed.range((queue, level, 0)..=(queue, level, Sequence::MAX));
        u64::try_from(places.count()).unwrap_or(u64::MAX)
    }

    pub(super) fn closed(&self) -> bool {
        self.closed
    }

    fn is_due(&self, now: Instant) -> bool {
        let removals = self.first_removal.is_some_and(|first| first + REMOVAL_WAIT <= now);
        removals || self.closed || self.poked || !self.items.is_empty() || !self.clears.is_empty()
    }
}

impl Inbox {
    pub(super) fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a submission. Fails it if the store is closed.
    pub(super) fn submit(&self, mut item: Item) {
        let mut waiting = self.lock();
        if waiting.closed {
            drop(waiting);
            return;
        }
        waiting.ticket += 1;
        item.ticket = waiting.ticket;
        for (key, value) in &item.state {
            waiting.overlay.insert(key.clone(), (item.ticket, value.clone()));
        }
        waiting.items.push_back(item);
        drop(waiting);
        self.wake.notify_one();
    }

    /// Adds a call of `flush`. The receiver ends when it is done.
    pub(super) fn flush(&self, sender: SyncSender<()>) {
        self.submit(Item::flush(sender));
    }

    /// Adds removals, except those that wait already.
    pub(super) fn remove(&self, entries: Vec<Entry>, why: Removal) {
        let mut waiting = self.lock();
        if waiting.closed {
            return;
        }
        for entry in entries {
            if waiting.removed.insert(place(&entry)) {
                waiting.removals.push_back((entry, why));
            }
        }
        if !waiting.removals.is_empty() && waiting.first_removal.is_none() {
            waiting.first_removal = Some(Instant::now());
            drop(waiting);
            self.wake.notify_one();
        }
    }

    /// Adds queues to empty.
    pub(super) fn clear(&self, clears: impl IntoIterator<Item = Clear>) {
        self.lock().clears.extend(clears);
        self.wake.notify_one();
    }

    /// Adds a destination. It is written before anything that is submitted later.
    pub(super) fn register(&self, queue: QueueId, destination: Destination) {
        self.lock().registrations.push((queue, destination));
        self.poke();
    }

    /// Wakes the thread.
    pub(super) fn poke(&self) {
        self.lock().poked = true;
        self.wake.notify_one();
    }

    /// Takes nothing more. The thread ends when it has written what waits.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// Waits until there is something to do, or until a time.
    pub(super) fn wait(&self, until: Instant) {
        let mut waiting = self.lock();
        loop {
            let now = Instant::now();
            if now >= until || waiting.is_due(now) {
                waiting.poked = false;
                return;
            }
            let until = waiting.first_removal.map_or(until, |first| until.min(first + REMOVAL_WAIT));
            let timeout = until.saturating_duration_since(now);
            waiting = self.wake.wait_timeout(waiting, timeout).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for a time, or until the store is closed.
    pub(super) fn sleep(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut waiting = self.lock();
        while !waiting.closed {
            let timeout = until.saturating_duration_since(Instant::now());
            if timeout.is_zero() {
                return;
            }
            waiting = self.wake.wait_timeout(waiting, timeout).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
