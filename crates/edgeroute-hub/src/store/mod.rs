//! The messages that wait for delivery, and the state that outlives the hub: twins and sessions.
//!
//! One thread writes. It takes whatever is waiting, commits it as one atomic batch, flushes once, and then reports each
//! submission as stored. Reads come from any thread.
//!
//! A message is one record, however many queues it is in. Each delivery has a record in its queue and one in the index
//! by expiry; the last delivery to be removed takes the message along. Nothing is kept in memory for a stored message,
//! except for the recent ones in a cache of 32 MiB.
//!
//! After a failed write nothing of its group is acknowledged, and the database is opened again before anything else is
//! written: what is in memory is read anew from what the disk really has.

mod cache;
mod disk;
mod engine;
mod group;
mod inbox;
mod index;
mod keys;
mod layout;
mod limits;
mod open;
mod queue;
mod read;
mod recovery;
mod reopen;
mod salvage;
mod shared;
mod sweep;
mod thread;
mod time;
mod witness;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::message::Message;

use engine::Space;
use inbox::{Clear, Item};
use open::Handle;

pub use queue::{Consumer, Destination, Entry, Level, NewDelivery, QueueId, Sequence};

/// How the store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The directory of the database. Created if it is missing.
    pub directory: PathBuf,
    /// The device of the hub.
    pub hub_device: Arc<str>,
    /// When a submission counts as stored.
    pub durability: Durability,
    /// The most bytes of live records: keys and values. `None` means as many as the disk holds.
    ///
    /// In either case 5 % of the file system, or 1 GiB if that is less, is left free.
    pub max_bytes: Option<u64>,
    /// What happens to a message when the store is full.
    pub when_full: WhenFull,
    /// Moves a database that cannot be read aside, and keeps what can be read of it.
    pub salvage: bool,
    /// The clock, for expiry.
    pub clock: Clock,
}

/// When a submission counts as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// After the flush to the disk.
    Flush,
    /// After the write to the operating system, with a flush at this interval: survives the end of the process, not the
    /// loss of power.
    Interval(Duration),
}

/// What happens to a message when the store is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// Its sender waits: the message is not acknowledged before there is space.
    Wait,
    /// The oldest deliveries of the worst priority are dropped.
    DropOldest,
}

/// What happened to a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored, as durably as the options say. Has the number of the message, if there was one.
    Stored(Option<Sequence>),
    /// It is not stored: the disk failed, or whoever waited for it has gone. Must not be acknowledged.
    Failed,
    /// It is not stored, because it is larger than the store may ever be. Sending it again is of no use.
    TooLarge,
}

/// Things to write in one atomic step.
pub struct Submission {
    /// Records of state to write, or with `None` to remove.
    pub state: Vec<(StateKey, Option<Vec<u8>>)>,
    /// A message with at least one delivery.
    pub message: Option<(Arc<Message>, Vec<NewDelivery>)>,
    /// Called once on the store's thread when the outcome is known. Must not block.
    pub completed: Completion,
    /// Who waits for it. `None` if the submission is wanted whatever happens.
    pub sender: Option<Arc<Sender>>,
}

/// Who waits for submissions, and sends them again if they are not stored: one connection, for example.
#[derive(Debug, Default)]
pub struct Sender(AtomicU8);

impl Sender {
    const GONE: u8 = 1;
    const FAILED: u8 = 2;

    /// Says that the sender has gone. What already waits for space, because the store is full, is not stored any more:
    /// the sender sends it again when it comes back.
    pub fn leave(&self) {
        self.0.fetch_or(Self::GONE, Ordering::Relaxed);
    }

    /// Says that a submission of the sender failed. Nothing else of it is stored, because it would overtake what failed,
    /// which the sender sends again. To be called by [`Submission::completed`] with [`Outcome::Failed`].
    pub fn fail(&self) {
        self.0.fetch_or(Self::FAILED, Ordering::Relaxed);
    }

    fn is_waiting(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    fn has_failed(&self) -> bool {
        self.0.load(Ordering::Relaxed) & Self::FAILED != 0
    }
}

/// A sender that withdraws what waits for space when it is dropped: a request, for example, whose client does not wait any
/// more.
#[derive(Debug, Default)]
pub struct Wanted(Arc<Sender>);

impl Wanted {
    /// Returns the sender, for [`Submission::sender`].
    pub fn sender(&self) -> Arc<Sender> {
        Arc::clone(&self.0)
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Receives the outcome of a submission.
pub type Completion = Box<dyn FnOnce(Outcome) + Send>;

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission").field("state", &self.state).field("message", &self.message).finish_non_exhaustive()
    }
}

/// Receives deliveries that left their queues undelivered.
pub type Observer = Box<dyn Fn(&Entry, Removal) + Send + Sync>;

/// Receives the number of submissions of each group that was written, and the time that it took.
pub type CommitObserver = Box<dyn Fn(usize, Duration) + Send + Sync>;

/// The key of a record of state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateKey {
    /// The kind of the record, such as `twin`.
    pub kind: &'static str,
    /// The id within the kind, such as a client id.
    pub id: String,
}

/// Why a delivery left its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Removal {
    /// It was delivered and acknowledged.
    Delivered,
    /// Its time to live was over.
    Expired,
    /// The store was full.
    Full,
    /// An operator emptied the queue.
    Cleared,
    /// It cannot be sent to its receiver.
    Undeliverable,
}

/// A queue and what is in it.
#[derive(Clone, Debug)]
pub struct QueueStatus {
    /// The destination.
    pub destination: Destination,
    /// The number of the destination.
    pub queue: QueueId,
    /// The level.
    pub level: Level,
    /// The number of deliveries that wait.
    pub length: u64,
    /// The first message that waits.
    pub oldest: Option<Sequence>,
}

/// Figures of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStatus {
    /// Bytes of live records: what `max_bytes` limits.
    pub live_bytes: u64,
    /// Bytes on the disk.
    pub disk_bytes: u64,
    /// Messages stored now.
    pub messages: u64,
    /// Whether the store takes messages: `false` while it is full or its disk fails.
    pub writable: bool,
    /// Whether the last write failed.
    pub failed: bool,
    /// Groups committed since the start.
    pub groups: u64,
    /// Submissions in those groups.
    pub submissions: u64,
}

/// The store. Cheap to clone; the database closes when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    handle: Arc<Handle>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &self.handle.shared;
        f.debug_struct("Store").field("directory", &shared.directory).field("status", &self.status()).finish()
    }
}

/// The store cannot be opened or read. Displays what to do about it.
#[derive(Debug)]
pub enum StoreError {
    /// The database cannot be opened or read.
    Database {
        /// The directory of the store.
        directory: PathBuf,
        /// What is wrong, and what to do about it.
        problem: String,
    },
    /// Another process has the database open.
    InUse {
        /// The directory of the store.
        directory: PathBuf,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { directory, problem } => {
                write!(f, "cannot use the store `{}`: {problem}", directory.display())
            }
            Self::InUse { directory } => write!(f, "the store `{}` is in use by another hub", directory.display()),
        }
    }
}

impl std::error::Error for StoreError {}

/// Opening and closing.
impl Store {
    /// Opens or creates the database and starts the thread that writes.
    ///
    /// Reads all records once: about a second for a million messages.
    pub fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        open::open(options).map(|handle| Self { handle: Arc::new(handle) })
    }

    /// Opens a database in a temporary directory that is removed when the store is dropped. The directory and the
    /// durability in the options are ignored: nothing is flushed.
    pub fn ephemeral(options: &StoreOptions) -> Result<Self, StoreError> {
        open::ephemeral(options).map(|handle| Self { handle: Arc::new(handle) })
    }

    /// Writes what is pending and closes the database, whatever clones there are. Submissions that wait for space fail,
    /// as do later ones. Forgets the function of [`Store::on_removed`]. Blocks.
    ///
    /// Dropping the last clone does the same; a function that holds a clone keeps that from happening.
    pub fn close(&self) {
        self.handle.close();
    }
}

/// Writing.
impl Store {
    /// Hands a submission to the thread that writes. Does not block. Submissions are stored in the order of the calls.
    ///
    /// While messages wait for space, submissions without a message overtake them. A message that is larger than the
    /// limit of the store fails, as do records of state above 16 MiB.
    pub fn submit(&self, submission: Submission) {
        if let Some(item) = Item::new(submission) {
            self.handle.shared.inbox.submit(item);
        }
    }

    /// Returns the number of a destination. Registers it when it is new; the registration is stored before the first
    /// message for it. Never fails: it only changes memory and submits.
    pub fn queue(&self, destination: &Destination) -> QueueId {
        let shared = &self.handle.shared;
        if let Some(queue) = shared.index().number(destination) {
            return queue;
        }
        let mut index = shared.index_mut();
        let (queue, is_new) = index.register(destination);
        if is_new {
            shared.inbox.register(queue, destination.clone());
            if let Some(notify) = index.notify(queue) {
                notify.notify_one();
            }
        }
        queue
    }

    /// Removes deliveries. Written with the next group, at the latest after 100 ms, without anybody waiting for it.
    /// Removing what was removed already does nothing.
    pub fn remove(&self, entries: Vec<Entry>, why: Removal) {
        self.handle.shared.inbox.remove(entries, why);
    }

    /// Removes all deliveries of a destination. Returns how many there were.
    ///
    /// They are out of sight at once, and are written like other removals. Does not block.
    pub fn clear(&self, queue: QueueId) -> u64 {
        let shared = &self.handle.shared;
        let mut index = shared.index_mut();
        let through = index.visible;
        let cleared = index.clear(queue);
        let waiting = shared.inbox.lock();
        let removing: u64 = cleared.iter().map(|&(level, _)| waiting.removing(queue, level)).sum();
        drop(waiting);
        shared.inbox.clear(cleared.iter().map(|&(level, _)| Clear { queue, level, through }));
        cleared.iter().map(|(_, count)| count).sum::<u64>().saturating_sub(removing)
    }

    /// Removes all deliveries of all destinations of a consumer, as [`clear`](Self::clear) does.
    pub fn clear_consumer(&self, consumer: &Consumer) {
        let is_of =
            |(queue, destination): (QueueId, Destination)| (destination.consumer() == *consumer).then_some(queue);
        let queues: Vec<_> = self.handle.shared.index().destinations().filter_map(is_of).collect();
        for queue in queues {
            self.clear(queue);
        }
    }

    /// Sets the limit of bytes. `None` means as many as the disk holds.
    pub fn set_max_bytes(&self, max_bytes: Option<u64>) {
        self.handle.shared.max_bytes.store(max_bytes.unwrap_or(u64::MAX), Ordering::Relaxed);
        self.handle.shared.inbox.poke();
    }

    /// Calls a function with each delivery that left its queue other than by [`Removal::Delivered`]: those that
    /// expired, those that were dropped because the store was full, and those that a caller removed for such a reason.
    ///
    /// Called on the store's thread after the removal is written; must not block. The message can still be read with
    /// [`Store::message`] during the call, unless a group drops more than 16 MiB.
    pub fn on_removed(&self, observe: Observer) {
        self.handle.shared.set_observer(Some(observe.into()));
    }

    /// Calls a function with each group of submissions that was written, and flushed where the durability asks for it.
    /// Called on the store's thread; must not block. The first function stays.
    pub fn on_committed(&self, observe: CommitObserver) {
        let _ = self.handle.shared.commits.set(observe);
    }

    /// Returns the limit of bytes.
    pub fn max_bytes(&self) -> Option<u64> {
        Some(self.handle.shared.max_bytes.load(Ordering::Relaxed)).filter(|limit| *limit != u64::MAX)
    }

    /// Waits until everything submitted so far, removals included, is written and flushed. Blocks.
    ///
    /// Does not wait for messages for which there is no space, nor for a disk that fails.
    pub fn flush(&self) {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.handle.shared.inbox.flush(sender);
        // Ends when the sender is dropped.
        while receiver.recv().is_ok() {}
    }
}

/// Reading.
impl Store {
    /// Returns the destination with a number.
    pub fn destination(&self, queue: QueueId) -> Option<Destination> {
        self.handle.shared.index().destination(queue).cloned()
    }

    /// Returns all destinations of a consumer, also those that no route names any more.
    pub fn queues_of(&self, consumer: &Consumer) -> Vec<QueueId> {
        self.handle.shared.index().queues_of(consumer)
    }

    /// Returns what is notified (`notify_one`) whenever a delivery was stored for the consumer or a queue of it is new.
    pub fn deliveries_of(&self, consumer: &Consumer) -> Arc<Notify> {
        self.handle.shared.index_mut().notify_of(consumer)
    }

    /// Whether a queue may have deliveries after a message (or any, with `None`). Only looks at memory: cheap. May
    /// answer `true` when the queue is empty, never `false` when there is one.
    pub fn may_have(&self, queue: QueueId, level: Level, after: Option<Sequence>) -> bool {
        self.handle.shared.index().may_have(queue, level, after)
    }

    /// Returns the first deliveries of a queue after a message, at most `limit`, oldest first. Expired ones are
    /// included; those that were removed are not, even where the removal is not written yet. Blocks on the disk.
    pub fn entries(
        &self,
        queue: QueueId,
        level: Level,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.handle.shared.entries(queue, level, after, limit)
    }

    /// Returns a stored message, from the cache of recent ones or from the disk. Blocks on the disk.
    pub fn message(&self, sequence: Sequence) -> Result<Option<Arc<Message>>, StoreError> {
        self.handle.shared.message(sequence)
    }

    /// Reads a record of state, also one that was submitted and is not written yet. Blocks on the disk.
    pub fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StoreError> {
        let shared = &self.handle.shared;
        if let Some((_, value)) = shared.inbox.lock().overlay.get(key) {
            return Ok(value.clone());
        }
        let value = shared.reader()?.get(Space::State, &keys::state_key(key));
        value.map(|value| value.map(|value| value.to_vec())).map_err(|error| shared.problem(error.0))
    }

    /// Reads all records of a kind, by id. Blocks on the disk.
    pub fn states(&self, kind: &'static str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.handle.shared.states(kind)
    }

    /// Returns all queues with deliveries, by destination and level. Blocks on the disk.
    pub fn queues(&self) -> Vec<QueueStatus> {
        self.handle.shared.queues()
    }

    /// Whether the store takes messages: not while it is full or its disk fails. Only looks at memory.
    pub fn is_writable(&self) -> bool {
        self.status().writable
    }

    /// Returns the figures of the store. Bytes on the disk are counted every few seconds. Only looks at memory.
    pub fn status(&self) -> StoreStatus {
        self.handle.shared.figures.status()
    }
}

/// The name of the directory of the database inside the hub's data directory.
pub fn directory_in(data: &Path) -> PathBuf {
    data.join("store")
}
