//! The database on the disk: `fjall`, an LSM tree with a journal.
//!
//! Memory is bounded: [`CACHE`] for blocks, and the write buffers of [`buffer`], of which the current one and one that
//! is being written exist as a rule. The journal is renewed when it has 64 MB, a figure of the library; all buffers
//! are then written out, so that the old journal can go.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use fjall::compaction::Leveled;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::engine::{Batch, Bytes, Engine, EngineError, Open, OpenError, Room, Space, Visit};

const MIB: u64 = 1024 * 1024;
/// Bytes of cached blocks.
const CACHE: u64 = 24 * MIB;
/// The size at which the library starts a new journal, and a little more.
const FULL_JOURNAL: u64 = 64_000_000 + 64 * 1024;
/// Bytes written between two looks at the size of the journal.
const JOURNAL_LOOK: u64 = MIB;
/// The garbage that is always allowed.
const GARBAGE: u64 = 2 * MIB;
/// What journal and garbage may take together.
const OVERHEAD: u64 = 62 * MIB;
/// How long a commit waits for the library to write out its buffers before it fails.
const BACKLOG_WAIT: Duration = Duration::from_secs(60);
/// How long tidying waits for the library to write out its buffers.
const ROLL_WAIT: Duration = Duration::from_secs(60);

/// The time after which tidying is tried again even if it seems of no use.
const TIDY_AGAIN: Duration = Duration::from_secs(600);

/// A key that is never there: removing it is a write without an effect.
const TIDIED: &[u8] = b"tidied";

/// The write buffer of a keyspace, in bytes.
const fn buffer(space: Space) -> u64 {
    match space {
        Space::Message => 8 * MIB,
        Space::Queue | Space::Expiry => 2 * MIB,
        Space::Pending | Space::State | Space::Meta => MIB,
    }
}

/// Opens `fjall` in a directory.
#[derive(Clone, Debug)]
pub(super) struct OpenDisk {
    pub(super) directory: PathBuf,
}

impl Open for OpenDisk {
    fn open(&self, suspect: bool) -> Result<Arc<dyn Engine>, OpenError> {
        if suspect {
            rewrite_journals(&self.directory)
                .map_err(|error| OpenError::Failed(format!("the journal cannot be copied: {error}")))?;
        }
        let opened = catch_unwind(AssertUnwindSafe(|| Disk::open(&self.directory)));
        match opened {
            Ok(Ok(disk)) => Ok(Arc::new(disk)),
            Ok(Err(fjall::Error::Locked)) => Err(OpenError::InUse),
            Ok(Err(error)) if is_circumstance(&error) => Err(OpenError::Failed(words(&error))),
            Ok(Err(error)) => Err(OpenError::Damaged(words(&error))),
            Err(_) => Err(OpenError::Damaged("its files contradict each other".to_owned())),
        }
    }
}

/// Copies each journal to a new file. After a failed flush the operating system may have marked lost pages as written,
/// and would never write them again.
fn rewrite_journals(directory: &Path) -> io::Result<()> {
    for journal in journals(directory) {
        let copy = journal.with_extension("copy");
        fs::copy(&journal, &copy)?;
        fs::File::open(&copy)?.sync_all()?;
        fs::rename(&copy, &journal)?;
    }
    if directory.exists() { fs::File::open(directory)?.sync_all() } else { Ok(()) }
}

/// Returns the journals of a database, the oldest first.
pub(super) fn journals(directory: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(directory).into_iter().flatten().flatten().map(|file| file.path());
    let mut journals: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "jnl"))
        .filter_map(|path| Some((path.file_stem()?.to_str()?.parse::<u64>().ok()?, path)))
        .collect();
    journals.sort();
    journals.into_iter().map(|(_, path)| path).collect()
}

/// Whether an error is not one of the files themselves.
fn is_circumstance(error: &fjall::Error) -> bool {
    let (fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error))) = error else { return false };
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::OutOfMemory
    )
}

/// Returns what an error of the library means.
fn words(error: &fjall::Error) -> String {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => match error.kind() {
            io::ErrorKind::PermissionDenied => "this user may not read and write its files".to_owned(),
            io::ErrorKind::NotFound => "one of its files is missing".to_owned(),
            _ => error.to_string(),
        },
        fjall::Error::JournalRecovery(_) | fjall::Error::InvalidTrailer | fjall::Error::InvalidTag(_) => {
            "its journal is damaged".to_owned()
        }
        fjall::Error::InvalidVersion(_) => "its format is not that of this version".to_owned(),
        fjall::Error::Poisoned => "an earlier write failed".to_owned(),
        other => format!("its files are damaged ({other:?})"),
    }
}

/// Turns errors and panics of the library into an [`EngineError`].
fn guarded<T>(what: impl FnOnce() -> fjall::Result<T>) -> Result<T, EngineError> {
    match catch_unwind(AssertUnwindSafe(what)) {
        Ok(done) => done.map_err(|error| EngineError(words(&error))),
        Err(_) => Err(EngineError("the database library panicked".to_owned())),
    }
}

struct Disk {
    database: Database,
    spaces: [Keyspace; 6],
    directory: PathBuf,
    /// Bytes written since the last look at the journal.
    unseen: AtomicU64,
    tidied: Mutex<Option<Tidied>>,
}

/// What came of the last tidying.
#[derive(Clone, Copy)]
struct Tidied {
    at: Instant,
    /// Bytes of tables for a thousand live bytes.
    per_mille: u64,
}

/// Returns the bytes of tables for a thousand live bytes, with some garbage for granted.
fn per_mille(tables: u64, live: u64) -> u64 {
    tables.saturating_mul(1_000) / live.saturating_add(GARBAGE)
}

impl Disk {
    fn open(directory: &Path) -> fjall::Result<Self> {
        let database = Database::builder(directory)
            .cache_size(CACHE)
            .max_journaling_size(64 * MIB)
            .worker_threads(2)
            .max_cached_files(Some(128))
            .open()?;
        let open = |space: Space| {
            database.keyspace(space.name(), || {
                KeyspaceCreateOptions::default()
                    .max_memtable_size(buffer(space))
                    .compaction_strategy(Arc::new(Leveled::default().with_table_target_size(8 * MIB)))
            })
        };
        let [message, queue, expiry, pending, state, meta] = Space::ALL;
        let spaces = [open(message)?, open(queue)?, open(expiry)?, open(pending)?, open(state)?, open(meta)?];
        Ok(Self {
            database,
            spaces,
            directory: directory.to_owned(),
            unseen: AtomicU64::new(0),
            tidied: Mutex::new(None),
        })
    }

    fn space(&self, space: Space) -> &Keyspace {
        let [message, queue, expiry, pending, state, meta] = &self.spaces;
        match space {
            Space::Message => message,
            Space::Queue => queue,
            Space::Expiry => expiry,
            Space::Pending => pending,
            Space::State => state,
            Space::Meta => meta,
        }
    }

    /// Waits until the library has few buffers to write out. The library itself would wait for ever if its threads
    /// had ended with an error.
    fn wait_for_backlog(&self) -> Result<(), EngineError> {
        let started = Instant::now();
        while self.spaces.iter().any(|space| space.sealed_memtable_count() >= 2 || space.l0_table_count() >= 16) {
            guarded(|| self.database.persist(PersistMode::Buffer))?;
            if started.elapsed() > BACKLOG_WAIT {
                return Err(EngineError(format!("the disk did not keep up for {} s", BACKLOG_WAIT.as_secs())));
            }
            sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Starts to write out all buffers, after which old journals are removed.
    fn roll(&self) -> Result<(), EngineError> {
        for space in &self.spaces {
            guarded(|| space.rotate_memtable())?;
        }
        Ok(())
    }

    fn roll_if_journal_is_full(&self, written: u64) -> Result<(), EngineError> {
        if self.unseen.fetch_add(written, Ordering::Relaxed).saturating_add(written) < JOURNAL_LOOK {
            return Ok(());
        }
        self.unseen.store(0, Ordering::Relaxed);
        match journals(&self.directory).last() {
            Some(journal) if file_bytes(journal) > FULL_JOURNAL => self.roll(),
            _ => Ok(()),
        }
    }

    /// Returns the bytes of all files but journals, also of tables that are only to be removed.
    fn table_bytes(&self) -> u64 {
        directory_bytes(&self.directory, 8).saturating_sub(self.journal_bytes())
    }

    /// Lets the library remove the tables that a compaction replaced. It does so only when a buffer is written out
    /// after another write.
    fn remove_old_tables(&self) -> Result<(), EngineError> {
        let meta = self.space(Space::Meta);
        guarded(|| meta.remove(TIDIED))?;
        guarded(|| meta.rotate_memtable())?;
        Ok(())
    }

    fn journal_bytes(&self) -> u64 {
        journals(&self.directory).iter().map(|journal| file_bytes(journal)).sum()
    }
}

impl Engine for Disk {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        guarded(|| self.space(space).get(key))
    }

    fn scan(&self, space: Space, from: &[u8], end: Option<&[u8]>, visit: Visit<'_>) -> Result<(), EngineError> {
        guarded(|| {
            let keyspace = self.space(space);
            let records = match end {
                Some(end) if from < end => keyspace.range(from..end),
                Some(_) => return Ok(()),
                None => keyspace.range(from..),
            };
            for record in records {
                let (key, value) = record.into_inner()?;
                if let ControlFlow::Break(()) = visit(&key, &value) {
                    break;
                }
            }
            Ok(())
        })
    }

    fn commit(&self, batch: Batch) -> Result<(), EngineError> {
        self.wait_for_backlog()?;
        let mut written = 0;
        let mut writes = fjall::OwnedWriteBatch::with_capacity(self.database.clone(), batch.len())
            .durability(Some(PersistMode::Buffer));
        for (space, key, value) in batch.into_writes() {
            let bytes = key.len().saturating_add(value.as_ref().map_or(0, |value| value.len()));
            written += u64::try_from(bytes).unwrap_or(u64::MAX);
            match value {
                Some(value) => writes.insert(self.space(space), key, value),
                None => writes.remove(self.space(space), key),
            }
        }
        guarded(|| writes.commit())?;
        self.roll_if_journal_is_full(written)
    }

    fn persist(&self) -> Result<(), EngineError> {
        guarded(|| self.database.persist(PersistMode::SyncData))
    }

    fn disk_bytes(&self) -> u64 {
        directory_bytes(&self.directory, 8)
    }

    fn room(&self) -> Option<Room> {
        room(&self.directory)
    }

    fn tidy(&self, live: u64) -> Result<(), EngineError> {
        let tables = self.table_bytes();
        let allowed = OVERHEAD.saturating_sub(self.journal_bytes()).max(GARBAGE);
        if tables <= live.saturating_mul(2).saturating_add(allowed) {
            return Ok(());
        }
        // Tables of small records are larger than these: tidying again would not help.
        let last = *self.tidied.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|it| it.at.elapsed() < TIDY_AGAIN && per_mille(tables, live) <= it.per_mille / 10 * 11) {
            return Ok(());
        }
        self.roll()?;
        let started = Instant::now();
        while self.spaces.iter().any(|space| space.sealed_memtable_count() > 0) {
            guarded(|| self.database.persist(PersistMode::Buffer))?;
            if started.elapsed() > ROLL_WAIT {
                return Err(EngineError(format!("write buffers were not written out in {} s", ROLL_WAIT.as_secs())));
            }
            sleep(Duration::from_millis(5));
        }
        for space in &self.spaces {
            guarded(|| space.major_compact())?;
        }
        self.remove_old_tables()?;
        let after = self.table_bytes();
        let tidied = Tidied { at: Instant::now(), per_mille: per_mille(after, live) };
        *self.tidied.lock().unwrap_or_else(PoisonError::into_inner) = Some(tidied);
        tracing::debug!(before = tables, after, live, "compacted the store");
        Ok(())
    }
}

/// Returns the bytes that a file takes on the disk: journals are allocated in advance, with a hole.
fn file_bytes(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |metadata| allocated(&metadata))
}

#[cfg(unix)]
fn allocated(metadata: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.blocks().saturating_mul(512)
}

#[cfg(not(unix))]
fn allocated(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}

/// Returns the bytes that the files of a directory take, down to a depth.
fn directory_bytes(directory: &Path, depth: u8) -> u64 {
    let Some(depth) = depth.checked_sub(1) else { return 0 };
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    files
        .map(|file| match file.metadata() {
            Ok(metadata) if metadata.is_dir() => directory_bytes(&file.path(), depth),
            Ok(metadata) => allocated(&metadata),
            Err(_) => 0,
        })
        .fold(0, u64::saturating_add)
}

#[cfg(unix)]
fn room(directory: &Path) -> Option<Room> {
    let space = rustix::fs::statvfs(directory).ok()?;
    Some(Room {
        free: space.f_bavail.saturating_mul(space.f_frsize),
        total: space.f_blocks.saturating_mul(space.f_frsize),
    })
}

#[cfg(not(unix))]
fn room(_: &Path) -> Option<Room> {
    None
}
