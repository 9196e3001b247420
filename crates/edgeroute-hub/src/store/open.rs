//! Opening and closing a store.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tempfile::TempDir;

use super::disk::OpenDisk;
use super::engine::{Engine, Open, OpenError};
use super::group::Group;
use super::layout;
use super::recovery::{Recovered, recover};
use super::salvage;
use super::shared::Shared;
use super::thread::{Flushing, Writer};
use super::time::TimeKeeper;
use super::witness::Witness;
use super::{Durability, StoreError, StoreOptions};

/// The directory of the database inside that of the store.
pub(super) const DATABASE: &str = "db";
/// The file with the number of the last flushed group.
pub(super) const FLUSHED: &str = "flushed";
/// The time between two looks at the size of the files.
const TIDY_EVERY: Duration = Duration::from_secs(2);
/// Looks without a write after which only every tenth is taken.
const IDLE: u32 = 5;

/// An open store: closes it when dropped.
pub(super) struct Handle {
    pub(super) shared: Arc<Shared>,
    threads: Mutex<Option<Threads>>,
    /// Removed after the threads have ended.
    temporary: Option<TempDir>,
}

struct Threads {
    writer: JoinHandle<()>,
    tidier: JoinHandle<()>,
    /// Ends the tidier when it is dropped.
    stop: Sender<()>,
}

impl Handle {
    pub(super) fn close(&self) {
        let Some(threads) = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let Threads { writer, tidier, stop } = threads;
        self.shared.inbox.close();
        drop(stop);
        // The last clone may be dropped by a completion, on the thread itself.
        for thread in [writer, tidier] {
            if thread.thread().id() != thread::current().id() && thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
        drop(self.temporary.take());
    }
}

/// Opens a store in its directory.
pub(super) fn open(options: &StoreOptions) -> Result<Handle, StoreError> {
    let directory = &options.directory;
    std::fs::create_dir_all(directory).map_err(|error| StoreError::Database {
        directory: directory.clone(),
        problem: format!("the directory cannot be created: {error}"),
    })?;
    let flushing = match options.durability {
        Durability::Flush => Flushing::EachGroup,
        Durability::Interval(interval) => Flushing::Every(interval),
    };
    let opened = match open_with(options, disk(directory), flushing, None) {
        Err(OpenError::Damaged(problem)) if options.salvage => {
            salvage::salvage(options, &problem)?;
            open_with(options, disk(directory), flushing, None)
        }
        Err(OpenError::Damaged(problem)) => Err(OpenError::Damaged(format!(
            "{problem}; start the hub with --salvage to move it aside and keep what can be read"
        ))),
        opened => opened,
    };
    opened.map_err(|error| error.into_store_error(directory))
}

fn disk(directory: &Path) -> Box<dyn Open> {
    Box::new(OpenDisk { directory: directory.join(DATABASE) })
}

/// Opens a store in a temporary directory.
pub(super) fn ephemeral(options: &StoreOptions) -> Result<Handle, StoreError> {
    let temporary = tempfile::Builder::new().prefix("edgeroute-hub-").tempdir().map_err(|error| {
        let problem = format!("a temporary directory cannot be created: {error}");
        StoreError::Database { directory: std::env::temp_dir(), problem }
    })?;
    let options = StoreOptions { directory: temporary.path().to_owned(), ..options.clone() };
    open_with(&options, disk(&options.directory), Flushing::Never, Some(temporary))
        .map_err(|error| error.into_store_error(&options.directory))
}

/// Opens a store on a given database.
pub(super) fn open_with(
    options: &StoreOptions,
    opener: Box<dyn Open>,
    flushing: Flushing,
    temporary: Option<TempDir>,
) -> Result<Handle, OpenError> {
    let directory = &options.directory;
    let witness = Witness::at(&directory.join(FLUSHED));
    layout::prepare(&directory.join(DATABASE), witness.read() > 0)?;
    let engine = opener.open(false)?;
    let recovered = recover(engine.as_ref(), witness.read())?;
    let shared = Shared::new(directory.clone(), Arc::clone(&options.hub_device), options.max_bytes);
    let shared = Arc::new(shared);
    let keeper = TimeKeeper::new(options.clock.clone(), recovered.head.time);
    let writer = Writer::new(Arc::clone(&shared), opener, witness, keeper, options.when_full, flushing);
    start(shared, writer, &engine, recovered, temporary).map_err(OpenError::Failed)
}

fn start(
    shared: Arc<Shared>,
    mut writer: Writer,
    engine: &Arc<dyn Engine>,
    recovered: Recovered,
    temporary: Option<TempDir>,
) -> Result<Handle, String> {
    writer.begin(engine, recovered)?;
    let spawn = |name: &str| thread::Builder::new().name(name.to_owned());
    let no_thread = |error| format!("a thread cannot be started: {error}");
    let (stop, stopped) = mpsc::channel();
    let tidied = Arc::clone(&shared);
    let tidier = spawn("store-tidy").spawn(move || tidy(&tidied, &stopped)).map_err(no_thread)?;
    let writer = spawn("store").spawn(move || writer.run()).map_err(no_thread)?;
    Ok(Handle { shared, threads: Mutex::new(Some(Threads { writer, tidier, stop })), temporary })
}

impl Writer {
    /// Takes over a database that was opened first, and writes a group without content: a directory that cannot be
    /// written is found at the start.
    fn begin(&mut self, engine: &Arc<dyn Engine>, recovered: Recovered) -> Result<(), String> {
        self.install(Arc::clone(engine), recovered);
        self.keeper.look(std::time::Instant::now());
        let mut group = Group::new(self.head.next_sequence);
        self.gather_meta(&mut group);
        self.put(engine.as_ref(), &mut group).map_err(|failure| failure.error.0)?;
        self.is_new = false;
        self.shared.figures.disk_bytes.store(engine.disk_bytes(), Ordering::Relaxed);
        Ok(())
    }
}

/// Keeps an eye on the size of the files, until the sender is dropped.
fn tidy(shared: &Shared, stopped: &mpsc::Receiver<()>) {
    let mut last_groups = u64::MAX;
    let mut idle = 0_u32;
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TIDY_EVERY) {
        let groups = shared.figures.groups.load(Ordering::Relaxed);
        idle = if groups == last_groups { idle.wrapping_add(1) } else { 0 };
        last_groups = groups;
        if idle > IDLE && !idle.is_multiple_of(10) {
            continue;
        }
        let Some(engine) = shared.engine() else { continue };
        if let Err(error) = engine.tidy(shared.figures.live_bytes.load(Ordering::Relaxed)) {
            tracing::warn!(%error, "cannot compact the store");
        }
        shared.figures.disk_bytes.store(engine.disk_bytes(), Ordering::Relaxed);
    }
}
