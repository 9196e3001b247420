//! Moves a damaged database aside and keeps what can be read of it.
//!
//! The damaged files are not changed. What can be read is found on a copy, in which tables are links: they are never
//! written twice. Of a damaged journal the part before the damage is kept; it is found by trying lengths.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::message::Message;

use super::disk::{OpenDisk, journals};
use super::engine::{Batch, Engine, Open, OpenError, Space};
use super::keys::{self, Head, QueueValue};
use super::layout::{self, KEYSPACES, LOCK, VERSION};
use super::open::DATABASE;
use super::{Entry, Level, QueueId, Sequence, StoreError, StoreOptions};

/// Writes after which a batch is committed.
const BATCH: usize = 4_000;

/// What was kept.
#[derive(Debug, Default)]
struct Kept {
    messages: u64,
    deliveries: u64,
    state: u64,
}

/// Moves the directory of a store aside and makes a new one of what can be read.
pub(super) fn salvage(options: &StoreOptions, problem: &str) -> Result<(), StoreError> {
    let directory = &options.directory;
    if is_locked(&directory.join(DATABASE)) {
        return Err(StoreError::InUse { directory: directory.clone() });
    }
    let failed = |error: io::Error| StoreError::Database {
        directory: directory.clone(),
        problem: format!("{problem}; moving it aside failed, too: {error}"),
    };
    let aside = free_name(directory);
    fs::rename(directory, &aside).map_err(failed)?;
    fs::create_dir_all(directory).map_err(failed)?;
    tracing::warn!(problem, aside = %aside.display(), "the store is damaged and was moved aside");
    let work = directory.join("salvage");
    let kept = match readable(&aside.join(DATABASE), &work) {
        Ok(Some(engine)) => keep(engine.as_ref(), &directory.join(DATABASE), &options.hub_device),
        Ok(None) => Err("its tables cannot be opened".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = fs::remove_dir_all(&work) {
        tracing::warn!(%error, "cannot remove the copy of the damaged store");
    }
    match kept {
        Ok(Kept { messages, deliveries, state }) => {
            tracing::warn!(messages, deliveries, state, "kept what can be read of the store");
        }
        Err(problem) => {
            let aside = aside.display();
            tracing::error!(problem, %aside, "nothing of the store can be read: starting with an empty one");
            let database = directory.join(DATABASE);
            if database.exists() {
                fs::remove_dir_all(database).map_err(failed)?;
            }
        }
    }
    Ok(())
}

/// Whether another process has a database open.
fn is_locked(database: &Path) -> bool {
    let lock = File::open(database.join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

/// Returns a name for the damaged directory that does not exist.
fn free_name(directory: &Path) -> PathBuf {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let name = |number: u32| {
        let mut name = directory.file_name().unwrap_or_default().to_owned();
        name.push(format!(".damaged-{seconds}"));
        if number > 0 {
            name.push(format!("-{number}"));
        }
        directory.with_file_name(name)
    };
    (0..u32::MAX).map(name).find(|name| !name.exists()).unwrap_or_else(|| name(u32::MAX))
}

/// Opens as much of a database as can be opened, on a copy in a directory.
///
/// The description of a keyspace may be damaged although everything is in the journals. So the database is also tried
/// without the tables of each keyspace in turn, and without all of them.
fn readable(database: &Path, work: &Path) -> io::Result<Option<Arc<dyn Engine>>> {
    let empty = work.join("empty");
    fs::create_dir_all(work)?;
    match (OpenDisk { directory: empty.clone() }).open(false) {
        Ok(engine) => drop(engine),
        Err(error) => return Err(io::Error::other(error.to_string())),
    }
    let keyspaces: Vec<_> =
        fs::read_dir(empty.join(KEYSPACES))?.map(|it| Ok(it?.file_name())).collect::<io::Result<_>>()?;
    let copy = Copying { database, empty, to: work.join("copy"), journals: journals(database) };
    let each = keyspaces.iter().map(std::slice::from_ref);
    for without in [[].as_slice()].into_iter().chain(each).chain([keyspaces.as_slice()]) {
        if let Some(engine) = copy.open_most(without)? {
            if !without.is_empty() {
                tracing::warn!(keyspaces = ?without, "the tables of these keyspaces cannot be read");
            }
            return Ok(Some(engine));
        }
    }
    Ok(None)
}

/// Makes and opens copies of a database.
struct Copying<'d> {
    database: &'d Path,
    /// A new database.
    empty: PathBuf,
    to: PathBuf,
    journals: Vec<PathBuf>,
}

impl Copying<'_> {
    /// Opens the database without the tables of some keyspaces, with as much of the journals as can be read.
    fn open_most(&self, without: &[OsString]) -> io::Result<Option<Arc<dyn Engine>>> {
        // The journals before the first damaged one.
        let mut whole = self.journals.len();
        loop {
            if let Some(engine) = self.open(without, whole, 0)? {
                if whole == self.journals.len() {
                    return Ok(Some(engine));
                }
                break;
            }
            match whole.checked_sub(1) {
                Some(fewer) => whole = fewer,
                None => return Ok(None),
            }
        }
        // The part before the damage: every shorter part opens, no longer one does.
        let length = |journal: &PathBuf| fs::metadata(journal).map_or(0, |it| it.len());
        let (mut good, mut bad) = (0, self.journals.get(whole).map_or(0, length));
        while good + 1 < bad {
            let middle = good.midpoint(bad);
            if self.open(without, whole, middle)?.is_some() {
                good = middle;
            } else {
                bad = middle;
            }
        }
        self.open(without, whole, good)
    }

    /// Copies the database with some of its journals and a part of the next, and opens the copy.
    fn open(&self, without: &[OsString], whole: usize, length: u64) -> io::Result<Option<Arc<dyn Engine>>> {
        let to = &self.to;
        if to.exists() {
            fs::remove_dir_all(to)?;
        }
        copy_files(self.database, to, 8)?;
        // These two hold nothing of the store.
        for name in [VERSION, LOCK] {
            fs::copy(self.empty.join(name), to.join(name))?;
        }
        for keyspace in without {
            let keyspace = Path::new(KEYSPACES).join(keyspace);
            let replaced = to.join(&keyspace);
            if replaced.exists() {
                fs::remove_dir_all(&replaced)?;
            }
            copy_files(&self.empty.join(keyspace), &replaced, 8)?;
        }
        for (number, journal) in self.journals.iter().enumerate() {
            let Some(name) = journal.file_name() else { continue };
            let part = if number < whole { u64::MAX } else { length };
            if number <= whole && part > 0 {
                let mut copy = File::create(to.join(name))?;
                io::copy(&mut io::Read::take(File::open(journal)?, part), &mut copy)?;
            }
        }
        if layout::prepare(to, true).is_err() {
            return Ok(None);
        }
        match (OpenDisk { directory: to.clone() }).open(false) {
            Ok(engine) => Ok(Some(engine)),
            Err(OpenError::InUse) => Err(io::Error::other("the copy is in use")),
            Err(OpenError::Damaged(_)) => Ok(None),
            Err(OpenError::Failed(problem)) => Err(io::Error::other(problem)),
        }
    }
}

/// Copies all files but journals. Links tables.
fn copy_files(from: &Path, to: &Path, depth: u8) -> io::Result<()> {
    let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        let (from, to) = (file.path(), to.join(file.file_name()));
        if file.file_type()?.is_dir() {
            copy_files(&from, &to, depth)?;
        } else if from.extension().is_none_or(|extension| extension != "jnl") {
            let is_table = from.parent().is_some_and(|parent| parent.ends_with("tables"));
            if !is_table || fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to)?;
            }
        }
    }
    Ok(())
}

/// A new database that is written in batches.
struct Copy {
    engine: Arc<dyn Engine>,
    batch: Batch,
}

impl Copy {
    fn commit_if(&mut self, enough: usize) -> Result<(), String> {
        if self.batch.len() < enough {
            return Ok(());
        }
        self.engine.commit(std::mem::take(&mut self.batch)).map_err(|error| error.0)
    }
}

/// Writes what can be read of a database into a new one.
fn keep(from: &dyn Engine, database: &Path, hub_device: &str) -> Result<Kept, String> {
    let opener = OpenDisk { directory: database.to_owned() };
    let engine = opener.open(false).map_err(|error| error.to_string())?;
    let mut to = Copy { engine, batch: Batch::default() };
    let mut kept = Kept::default();
    let mut queues = Vec::new();
    let mut head = Head::default();
    visit(from, Space::Meta, &[], None, |key, value| {
        if let Some(queue) = keys::read_destination_key(key) {
            queues.push(queue);
        } else if key == keys::HEAD {
            head = Head::read(value).unwrap_or_default();
            return;
        }
        to.batch.put(Space::Meta, key, value);
    });
    visit(from, Space::State, &[], None, |key, value| {
        kept.state += 1;
        to.batch.put(Space::State, key, value);
    });
    to.commit_if(1)?;
    let messages = deliveries(from, &queues);
    for (sequence, deliveries) in messages {
        head.next_sequence = head.next_sequence.max(sequence.saturating_add(1));
        let Ok(Some(record)) = from.get(Space::Message, &keys::message_key(sequence)) else { continue };
        let (Ok(_), Ok(length)) = (Message::decode(&record, hub_device), u32::try_from(record.len())) else { continue };
        kept.messages += 1;
        let pending = u32::try_from(deliveries.len()).unwrap_or(u32::MAX);
        for entry in deliveries {
            kept.deliveries += 1;
            let value = QueueValue { expires: entry.expires, record: length };
            to.batch.put(Space::Queue, keys::queue_key(entry.queue, entry.level, sequence), value.to_bytes());
            if let Some(key) = keys::expiry_key(&entry) {
                to.batch.put(Space::Expiry, key, []);
            }
        }
        if pending > 1 {
            to.batch.put(Space::Pending, keys::message_key(sequence), keys::pending_value(pending));
        }
        to.batch.put(Space::Message, keys::message_key(sequence), record);
        to.commit_if(BATCH)?;
    }
    // Groups are counted anew: there is no file with the number of the last one.
    to.batch.put(Space::Meta, keys::HEAD, Head { group: 0, ..head }.to_bytes());
    to.batch.put(Space::Meta, keys::VERSION, keys::FORMAT_VERSION.to_be_bytes());
    to.commit_if(1)?;
    to.engine.persist().map_err(|error| error.0)?;
    Ok(kept)
}

/// Reads the deliveries of known queues, each queue and level by itself: damage in one does not hide the others.
fn deliveries(from: &dyn Engine, queues: &[QueueId]) -> BTreeMap<Sequence, Vec<Entry>> {
    let mut messages: BTreeMap<Sequence, Vec<Entry>> = BTreeMap::new();
    for &queue in queues {
        for level in Level::all() {
            let start = keys::queue_key(queue, level, 0);
            let mut end = keys::queue_key(queue, level, Sequence::MAX).to_vec();
            end.push(0);
            visit(from, Space::Queue, &start, Some(&end), |key, value| {
                if let (Some((.., sequence)), Some(value)) = (keys::read_queue_key(key), QueueValue::read(value)) {
                    let entry = Entry { queue, level, sequence, expires: value.expires };
                    messages.entry(sequence).or_default().push(entry);
                }
            });
        }
    }
    messages
}

/// Visits records until the end, or until they cannot be read.
fn visit(from: &dyn Engine, space: Space, start: &[u8], end: Option<&[u8]>, mut visit: impl FnMut(&[u8], &[u8])) {
    let visited = from.scan(space, start, end, &mut |key, value| {
        visit(key, value);
        ControlFlow::Continue(())
    });
    if let Err(error) = visited {
        tracing::warn!(%error, space = space.name(), "some records of the damaged store cannot be read");
    }
}
