//! A database whose writes fail when a test says so.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::store::disk::OpenDisk;
use crate::store::engine::{Batch, Bytes, Engine, EngineError, Open, OpenError, Room, Space, Visit};
use crate::store::open::DATABASE;

/// What fails, and what has happened so far. Shared by all handles.
#[derive(Default)]
pub(super) struct Faults {
    /// The commits that still succeed, or a negative number for all.
    pub(super) commits_left: AtomicI64,
    /// The flushes that still succeed, or a negative number for all.
    pub(super) flushes_left: AtomicI64,
    /// Whether opening fails.
    pub(super) no_open: AtomicBool,
    /// Whether opening ends the other faults.
    pub(super) heals: AtomicBool,
    /// How often the database was opened.
    pub(super) opened: AtomicU64,
    /// Commits on handles on which a write had failed before.
    pub(super) written_after_failure: AtomicU64,
    /// The space on the file system.
    pub(super) room: Mutex<Option<Room>>,
}

impl Faults {
    pub(super) fn none() -> Arc<Self> {
        let all = || AtomicI64::new(-1);
        Arc::new(Self { commits_left: all(), flushes_left: all(), ..Self::default() })
    }

    pub(super) fn set_room(&self, free: u64, total: u64) {
        *self.room.lock().expect("a lock") = Some(Room { free, total });
    }
}

/// Whether an operation of a kind succeeds.
fn succeeds(left: &AtomicI64) -> bool {
    let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| (left > 0).then_some(left - 1));
    before.map_or_else(|left| left < 0, |_| true)
}

pub(super) struct FaultyOpen {
    disk: OpenDisk,
    faults: Arc<Faults>,
}

impl FaultyOpen {
    pub(super) fn boxed(directory: &std::path::Path, faults: &Arc<Faults>) -> Box<dyn Open> {
        let disk = OpenDisk { directory: directory.join(DATABASE) };
        Box::new(Self { disk, faults: Arc::clone(faults) })
    }
}

impl Open for FaultyOpen {
    fn open(&self, suspect: bool) -> Result<Arc<dyn Engine>, OpenError> {
        if self.faults.no_open.load(Ordering::SeqCst) {
            return Err(OpenError::Failed("injected".to_owned()));
        }
        self.faults.opened.fetch_add(1, Ordering::SeqCst);
        if self.faults.heals.load(Ordering::SeqCst) {
            self.faults.commits_left.store(-1, Ordering::SeqCst);
            self.faults.flushes_left.store(-1, Ordering::SeqCst);
        }
        let engine = self.disk.open(suspect)?;
        let failed = AtomicBool::new(false);
        Ok(Arc::new(Faulty { engine, faults: Arc::clone(&self.faults), failed }))
    }
}

struct Faulty {
    engine: Arc<dyn Engine>,
    faults: Arc<Faults>,
    failed: AtomicBool,
}

impl Faulty {
    fn write(&self, left: &AtomicI64, what: impl FnOnce() -> Result<(), EngineError>) -> Result<(), EngineError> {
        if self.failed.load(Ordering::SeqCst) {
            self.faults.written_after_failure.fetch_add(1, Ordering::SeqCst);
        }
        if succeeds(left) {
            what()
        } else {
            self.failed.store(true, Ordering::SeqCst);
            Err(EngineError("injected".to_owned()))
        }
    }
}

impl Engine for Faulty {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.engine.get(space, key)
    }

    fn scan(&self, space: Space, from: &[u8], end: Option<&[u8]>, visit: Visit<'_>) -> Result<(), EngineError> {
        self.engine.scan(space, from, end, visit)
    }

    fn commit(&self, batch: Batch) -> Result<(), EngineError> {
        self.write(&self.faults.commits_left, || self.engine.commit(batch))
    }

    fn persist(&self) -> Result<(), EngineError> {
        self.write(&self.faults.flushes_left, || self.engine.persist())
    }

    fn disk_bytes(&self) -> u64 {
        self.engine.disk_bytes()
    }

    fn room(&self) -> Option<Room> {
        self.faults.room.lock().expect("a lock").or_else(|| self.engine.room())
    }

    fn tidy(&self, live: u64) -> Result<(), EngineError> {
        self.engine.tidy(live)
    }
}
