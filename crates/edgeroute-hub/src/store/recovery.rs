//! What the store learns from a database when it opens it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::engine::{Engine, EngineError, OpenError, Space};
use super::index::LevelIndex;
use super::keys::{self, Head, Shift};
use super::{Destination, Level, QueueId, Sequence};

/// The contents of a database, counted.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    pub(super) head: Head,
    pub(super) destinations: BTreeMap<QueueId, Destination>,
    pub(super) levels: BTreeMap<(QueueId, Level), LevelIndex>,
    pub(super) shift: Option<Shift>,
    /// The last message that is stored.
    pub(super) last: Sequence,
    pub(super) messages: u64,
    pub(super) live_bytes: u64,
    /// Whether the database is new.
    pub(super) is_new: bool,
}

impl Recovered {
    /// Counts a message or a delivery. Returns whether the key is one.
    fn count(&mut self, space: Space, key: &[u8]) -> bool {
        match space {
            Space::Queue => {
                let Some((queue, level, sequence)) = keys::read_queue_key(key) else { return false };
                let index = self.levels.entry((queue, level)).or_default();
                if index.length == 0 {
                    index.first = sequence;
                }
                index.add(sequence);
            }
            Space::Message => {
                let Some(sequence) = keys::read_message_key(key) else { return false };
                self.messages += 1;
                self.last = sequence;
            }
            _ => {}
        }
        true
    }
}

/// Reads a database. `flushed` is the number of a group that it must hold.
///
/// Reads all keys and values: live bytes are counted, not remembered. Takes about a second for a million messages.
pub(super) fn recover(engine: &dyn Engine, flushed: u64) -> Result<Recovered, OpenError> {
    let mut recovered = Recovered::default();
    read_meta(engine, &mut recovered)?;
    if recovered.head.group < flushed {
        return Err(OpenError::Damaged(format!(
            "it has lost its last writes: it ends at group {}, but group {flushed} was flushed",
            recovered.head.group
        )));
    }
    let mut unknown = 0_u64;
    for space in [Space::Queue, Space::Message, Space::Expiry, Space::Pending, Space::State] {
        scan(engine, space, |key, value| {
            let bytes = u64::try_from(key.len().saturating_add(value.len())).unwrap_or(u64::MAX);
            recovered.live_bytes = recovered.live_bytes.saturating_add(bytes);
            if !recovered.count(space, key) {
                unknown += 1;
            }
        })?;
    }
    if unknown > 0 {
        tracing::warn!(records = unknown, "the store has records that cannot be read; they are ignored");
    }
    let after = recovered.levels.values().map(|level| level.last).max().unwrap_or(0).max(recovered.last);
    recovered.head.next_sequence = recovered.head.next_sequence.max(after.saturating_add(1));
    Ok(recovered)
}

fn read_meta(engine: &dyn Engine, recovered: &mut Recovered) -> Result<(), OpenError> {
    let damaged = |problem: &str| OpenError::Damaged(problem.to_owned());
    let get = |key| engine.get(Space::Meta, key);
    match get(keys::VERSION)? {
        None => recovered.is_new = true,
        Some(version) => match <[u8; 4]>::try_from(&*version).map(u32::from_be_bytes) {
            Ok(version) if version <= keys::FORMAT_VERSION => {}
            Ok(version) => {
                return Err(OpenError::Failed(format!(
                    "a newer hub wrote it, in format {version}; this one reads formats up to {}",
                    keys::FORMAT_VERSION
                )));
            }
            Err(_) => return Err(damaged("the version of its format cannot be read")),
        },
    }
    if let Some(head) = get(keys::HEAD)? {
        recovered.head = Head::read(&head).ok_or_else(|| damaged("its counters cannot be read"))?;
    }
    if let Some(shift) = get(keys::SHIFT)? {
        recovered.shift =
            Some(Shift::read(&shift).ok_or_else(|| damaged("its record of a jump of the clock cannot be read"))?);
    }
    let mut problem = None;
    scan(engine, Space::Meta, |key, value| {
        let Some(queue) = keys::read_destination_key(key) else { return };
        match postcard::from_bytes(value) {
            Ok(destination) => {
                recovered.destinations.insert(queue, destination);
            }
            Err(_) => problem = Some(format!("the name of queue {} cannot be read", queue.0)),
        }
    })?;
    problem.map_or(Ok(()), |problem| Err(OpenError::Damaged(problem)))
}

fn scan(engine: &dyn Engine, space: Space, mut visit: impl FnMut(&[u8], &[u8])) -> Result<(), EngineError> {
    let visit: super::engine::Visit<'_> = &mut |key: &[u8], value: &[u8]| {
        visit(key, value);
        ControlFlow::Continue(())
    };
    engine.scan(space, &[], None, visit)
}
