//! What callers and the threads of the store share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::message::Message;

use super::cache::Cache;
use super::engine::{Engine, EngineError, Space};
use super::inbox::Inbox;
use super::index::Index;
use super::keys::{self, Shift};
use super::{CommitObserver, Entry, Removal, Sequence, StoreError, StoreStatus};

/// Receives deliveries that were lost.
pub(super) type Observer = Arc<dyn Fn(&Entry, Removal) + Send + Sync>;

/// The inside of a store.
///
/// Locks are taken in the order of the fields, and none is held during a write.
pub(super) struct Shared {
    pub(super) directory: PathBuf,
    pub(super) hub_device: Arc<str>,
    pub(super) index: RwLock<Index>,
    pub(super) inbox: Inbox,
    /// The move of expiry under way.
    pub(super) shift: RwLock<Option<Shift>>,
    pub(super) cache: Cache,
    engine: RwLock<Option<Arc<dyn Engine>>>,
    observer: RwLock<Option<Observer>>,
    pub(super) commits: OnceLock<CommitObserver>,
    /// The limit of live bytes, [`u64::MAX`] for none.
    pub(super) max_bytes: AtomicU64,
    pub(super) figures: Figures,
}

/// The figures of [`StoreStatus`].
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) live_bytes: AtomicU64,
    pub(super) disk_bytes: AtomicU64,
    pub(super) messages: AtomicU64,
    pub(super) full: AtomicBool,
    pub(super) failed: AtomicBool,
    pub(super) groups: AtomicU64,
    pub(super) submissions: AtomicU64,
}

impl Figures {
    pub(super) fn status(&self) -> StoreStatus {
        let failed = self.failed.load(Ordering::Relaxed);
        StoreStatus {
            live_bytes: self.live_bytes.load(Ordering::Relaxed),
            disk_bytes: self.disk_bytes.load(Ordering::Relaxed),
            messages: self.messages.load(Ordering::Relaxed),
            writable: !failed && !self.full.load(Ordering::Relaxed),
            failed,
            groups: self.groups.load(Ordering::Relaxed),
            submissions: self.submissions.load(Ordering::Relaxed),
        }
    }
}

impl Shared {
    pub(super) fn new(directory: PathBuf, hub_device: Arc<str>, max_bytes: Option<u64>) -> Self {
        Self {
            directory,
            hub_device,
            index: RwLock::default(),
            inbox: Inbox::default(),
            shift: RwLock::default(),
            cache: Cache::default(),
            engine: RwLock::default(),
            observer: RwLock::default(),
            commits: OnceLock::new(),
            max_bytes: AtomicU64::new(max_bytes.unwrap_or(u64::MAX)),
            figures: Figures::default(),
        }
    }

    pub(super) fn index(&self) -> std::sync::RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn index_mut(&self) -> std::sync::RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shift(&self) -> Option<Shift> {
        self.shift.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_shift(&self, shift: Option<Shift>) {
        *self.shift.write().unwrap_or_else(PoisonError::into_inner) = shift;
    }

    /// Returns the open database, or `None` while it is being opened again.
    pub(super) fn engine(&self) -> Option<Arc<dyn Engine>> {
        self.engine.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_engine(&self, engine: Option<Arc<dyn Engine>>) {
        let old = std::mem::replace(&mut *self.engine.write().unwrap_or_else(PoisonError::into_inner), engine);
        drop(old);
    }

    pub(super) fn observer(&self) -> Option<Observer> {
        self.observer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_observer(&self, observer: Option<Observer>) {
        *self.observer.write().unwrap_or_else(PoisonError::into_inner) = observer;
    }

    /// Turns a problem of the database into an error that names its directory.
    pub(super) fn problem(&self, problem: impl Into<String>) -> StoreError {
        StoreError::Database { directory: self.directory.clone(), problem: problem.into() }
    }

    /// Returns the open database for a read.
    pub(super) fn reader(&self) -> Result<Arc<dyn Engine>, StoreError> {
        self.engine().ok_or_else(|| self.problem("a write failed, and it is being opened again"))
    }

    /// Reads a message from the database.
    pub(super) fn read_message(
        &self,
        engine: &dyn Engine,
        sequence: Sequence,
    ) -> Result<Option<Arc<Message>>, EngineError> {
        let Some(record) = engine.get(Space::Message, &keys::message_key(sequence))? else { return Ok(None) };
        match Message::decode(&record, &self.hub_device) {
            Ok(message) => Ok(Some(Arc::new(message))),
            Err(error) => Err(EngineError(format!("the record of message {sequence} cannot be read: {error}"))),
        }
    }
}
