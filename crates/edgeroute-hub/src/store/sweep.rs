//! What leaves the queues by itself: what has expired, what is cleared, and how expiry moves with the clock.

use std::ops::ControlFlow;
use std::time::Instant;

use crate::clock::Timestamp;

use super::engine::{Engine, EngineError, Space};
use super::group::Group;
use super::inbox::place;
use super::keys::{self, QueueValue, Shift};
use super::thread::{Failure, Writer};
use super::{Entry, Level, QueueId, Removal, Sequence};

/// Deliveries that a group removes for one reason.
const MOST: usize = 1024;
/// Bytes of messages that a group removes without their being delivered: an observer can read them.
const MOST_LOST: usize = 8 * 1024 * 1024;

/// Reads the first deliveries of a queue from a message on, as stored, up to and with another message.
pub(super) fn first_deliveries(
    engine: &dyn Engine,
    (queue, level): (QueueId, Level),
    from: Sequence,
    through: Sequence,
    limit: usize,
    mut skip: impl FnMut(Sequence) -> bool,
) -> Result<Vec<(Entry, QueueValue)>, EngineError> {
    let mut found = Vec::new();
    let start = keys::queue_key(queue, level, from);
    // The key after the last one.
    let mut end = keys::queue_key(queue, level, through).to_vec();
    end.push(0);
    engine.scan(Space::Queue, &start, Some(&end), &mut |key, value| {
        if found.len() >= limit {
            return ControlFlow::Break(());
        }
        if let (Some((queue, level, sequence)), Some(value)) = (keys::read_queue_key(key), QueueValue::read(value))
            && !skip(sequence)
        {
            found.push((Entry { queue, level, sequence, expires: value.expires }, value));
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

impl Writer {
    /// Removes deliveries of queues that are to be emptied.
    pub(super) fn gather_clears(&mut self, engine: &dyn Engine, group: &mut Group) -> Result<(), EngineError> {
        let mut left = MOST;
        while left > 0 && group.lost_bytes < MOST_LOST {
            let Some(clear) = self.clears.front().cloned() else { return Ok(()) };
            let queue = (clear.queue, clear.level);
            let skip = |sequence| group.removes((clear.queue, clear.level, sequence));
            let found = first_deliveries(engine, queue, 0, clear.through, left, skip)?;
            let removes = group
                .removed
                .iter()
                .any(|(entry, _)| (entry.queue, entry.level) == queue && entry.sequence <= clear.through);
            // A queue is done only when a later group finds nothing: this one may fail.
            if found.is_empty() && !removes {
                self.clears.pop_front();
                continue;
            }
            self.again = true;
            if found.is_empty() {
                return Ok(());
            }
            left = left.saturating_sub(found.len());
            for (entry, _) in found {
                group.remove(engine, self.shift.as_ref(), place(&entry), Removal::Cleared)?;
                if group.lost_bytes >= MOST_LOST {
                    break;
                }
            }
        }
        self.again |= !self.clears.is_empty();
        Ok(())
    }

    /// Removes deliveries that have expired. Does nothing while expiry moves.
    pub(super) fn gather_expired(&mut self, engine: &dyn Engine, group: &mut Group) -> Result<(), EngineError> {
        if self.shift.is_some() || !self.jumps.is_empty() {
            return Ok(());
        }
        let end = self.keeper.now().plus_millis(1).0.to_be_bytes();
        let mut expired = Vec::new();
        engine.scan(Space::Expiry, &[], Some(&end), &mut |key, _| {
            expired.push(key.to_vec());
            if expired.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut done = 0_usize;
        for key in &expired {
            if group.lost_bytes >= MOST_LOST {
                break;
            }
            done += 1;
            match keys::read_expiry_key(key) {
                Some(entry) if group.removes(place(&entry)) => {}
                Some(entry) if group.remove(engine, None, place(&entry), Removal::Expired)? => {}
                _ => group.remove_stray(key),
            }
        }
        if done == MOST || done < expired.len() {
            // There is more: look again at once.
            self.next_tick = Instant::now();
            self.again = true;
        }
        Ok(())
    }

    /// Notes that the wall clock jumped forward: what was stored before expires later by as much.
    pub(super) fn clock_jumped(&mut self, millis: u64) {
        tracing::warn!(seconds = millis / 1_000, "the clock jumped forward: stored messages expire later by as much");
        let through = self.head.next_sequence.saturating_sub(1);
        self.jumps.push_back(Shift { millis, through, cursor: Vec::new() });
        self.again = true;
    }

    /// Moves the expiry of some deliveries, if the clock jumped.
    ///
    /// The move has a record from before its first step to its last step, so that each delivery is moved once.
    pub(super) fn move_expiry(&mut self, engine: &dyn Engine) -> Result<(), Failure> {
        if self.shift.is_none() {
            let Some(jump) = self.jumps.front().cloned() else { return Ok(()) };
            let mut group = Group::new(self.head.next_sequence);
            group.batch.put(Space::Meta, keys::SHIFT, jump.to_bytes());
            self.put(engine, &mut group)?;
            self.jumps.pop_front();
            self.set_shift(Some(jump));
        }
        let Some(shift) = self.shift.clone() else { return Ok(()) };
        let mut group = Group::new(self.head.next_sequence);
        let next = move_some(engine, &mut group, shift).map_err(|error| Failure { error, suspect: false })?;
        match &next {
            Some(shift) => group.batch.put(Space::Meta, keys::SHIFT, shift.to_bytes()),
            None => group.batch.delete(Space::Meta, keys::SHIFT),
        }
        self.put(engine, &mut group)?;
        self.live = group.live(self.live);
        self.again = true;
        self.set_shift(next);
        Ok(())
    }

    pub(super) fn set_shift(&mut self, shift: Option<Shift>) {
        self.shift.clone_from(&shift);
        self.shared.set_shift(shift);
    }
}

/// Moves the expiry of the next deliveries. Returns what is left to do.
fn move_some(engine: &dyn Engine, group: &mut Group, mut shift: Shift) -> Result<Option<Shift>, EngineError> {
    let mut from = shift.cursor.clone();
    if !from.is_empty() {
        from.push(0);
    }
    let mut found = Vec::new();
    engine.scan(Space::Queue, &from, None, &mut |key, value| {
        found.push((key.to_vec(), QueueValue::read(value)));
        if found.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    for (key, value) in &found {
        let (Some((queue, level, sequence)), Some(value)) = (keys::read_queue_key(key), *value) else { continue };
        if sequence > shift.through || value.expires == Timestamp::NEVER {
            continue;
        }
        let before = Entry { queue, level, sequence, expires: value.expires };
        let after = Entry { expires: value.expires.plus_millis(shift.millis), ..before };
        if let Some(key) = keys::expiry_key(&before) {
            group.batch.delete(Space::Expiry, key);
            group.freed_bytes = group.freed_bytes.saturating_add(21);
        }
        if let Some(key) = keys::expiry_key(&after) {
            group.batch.put(Space::Expiry, key, []);
            group.added_bytes = group.added_bytes.saturating_add(21);
        }
        let value = QueueValue { expires: after.expires, ..value };
        group.batch.put(Space::Queue, key.as_slice(), value.to_bytes());
    }
    Ok(match found.pop() {
        Some((key, _)) if found.len() + 1 == MOST => {
            shift.cursor = key;
            Some(shift)
        }
        _ => None,
    })
}
