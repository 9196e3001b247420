//! What the store needs of a database. The trait lets tests put faults between the store and the disk.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::StoreError;

/// Bytes of a key or value. Short ones are held inline.
pub(super) type Bytes = fjall::Slice;

/// A keyspace of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Space {
    /// Records of messages, by sequence.
    Message,
    /// Deliveries, by destination, level and sequence.
    Queue,
    /// Deliveries by the time at which they expire.
    Expiry,
    /// The number of deliveries that a message still has, if more than one.
    Pending,
    /// Records of state.
    State,
    /// Format, counters and destinations.
    Meta,
}

impl Space {
    pub(super) const ALL: [Self; 6] =
        [Self::Message, Self::Queue, Self::Expiry, Self::Pending, Self::State, Self::Meta];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Queue => "queue",
            Self::Expiry => "expiry",
            Self::Pending => "pending",
            Self::State => "state",
            Self::Meta => "meta",
        }
    }
}

/// Writes that take effect together. The last write of a key wins.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    writes: BTreeMap<(Space, Bytes), Option<Bytes>>,
}

impl Batch {
    pub(super) fn put(&mut self, space: Space, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.writes.insert((space, key.into()), Some(value.into()));
    }

    pub(super) fn delete(&mut self, space: Space, key: impl Into<Bytes>) {
        self.writes.insert((space, key.into()), None);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.writes.len()
    }

    pub(super) fn into_writes(self) -> impl Iterator<Item = (Space, Bytes, Option<Bytes>)> {
        self.writes.into_iter().map(|((space, key), value)| (space, key, value))
    }
}

/// The database failed. Says how, in words.
#[derive(Clone, Debug)]
pub(super) struct EngineError(pub(super) String);

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a database does not open.
#[derive(Clone, Debug)]
pub(super) enum OpenError {
    /// Another process, or a handle that is still being closed, has it open.
    InUse,
    /// Its files are damaged.
    Damaged(String),
    /// It cannot be used, though it may be whole.
    Failed(String),
}

impl OpenError {
    /// Returns the error for callers of the store.
    pub(super) fn into_store_error(self, directory: &Path) -> StoreError {
        let directory = directory.to_owned();
        match self {
            Self::InUse => StoreError::InUse { directory },
            Self::Damaged(problem) | Self::Failed(problem) => StoreError::Database { directory, problem },
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("it is still in use"),
            Self::Damaged(problem) | Self::Failed(problem) => f.write_str(problem),
        }
    }
}

impl From<EngineError> for OpenError {
    fn from(error: EngineError) -> Self {
        Self::Damaged(error.0)
    }
}

/// The space on the file system of a database, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) free: u64,
    pub(super) total: u64,
}

/// Receives keys and values of a scan.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// An open database. After a failed commit or persist only reads are defined.
pub(super) trait Engine: Send + Sync {
    /// Reads a record.
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Visits the records from a key on, in order, up to a key (excluded).
    fn scan(&self, space: Space, from: &[u8], end: Option<&[u8]>, visit: Visit<'_>) -> Result<(), EngineError>;

    /// Writes a batch to the operating system.
    fn commit(&self, batch: Batch) -> Result<(), EngineError>;

    /// Flushes everything committed to the disk.
    fn persist(&self) -> Result<(), EngineError>;

    /// Returns the bytes of all files.
    fn disk_bytes(&self) -> u64;

    /// Returns the space on the file system, or `None` where it is not known.
    fn room(&self) -> Option<Room>;

    /// Rewrites tables if they hold much more than `live` bytes. Takes as long as reading and writing `live` bytes.
    fn tidy(&self, live: u64) -> Result<(), EngineError>;
}

/// Opens a database, for the first time and after a failure.
pub(super) trait Open: Send + Sync {
    /// Opens or creates the database. `suspect` says that the last flush failed: what the operating system has in
    /// memory may not be on the disk.
    fn open(&self, suspect: bool) -> Result<Arc<dyn Engine>, OpenError>;
}
