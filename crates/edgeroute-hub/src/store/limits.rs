//! What the store does when there is no space.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use super::engine::{Engine, EngineError, Room};
use super::group::{Group, message_bytes};
use super::inbox::{Item, Place};
use super::sweep::first_deliveries;
use super::thread::Writer;
use super::{Level, Outcome, Removal, Sequence, WhenFull};

/// The free space below which a file system has little left, unless it is small.
const LITTLE_ROOM: u64 = 1024 * 1024 * 1024;
/// The part of a file system that is left free, as a divisor: 5 %.
const FREE_PART: u64 = 20;
/// Deliveries of a queue that are chosen for dropping at once.
const CHOSEN: usize = 256;

/// Whether a file system has less than 5 % of its space left, and less than 1 GiB.
pub(super) fn is_crowded(room: Option<Room>) -> bool {
    room.is_some_and(|room| room.free < (room.total / FREE_PART).min(LITTLE_ROOM))
}

/// What can be done with a submission.
enum Fit {
    /// It can be stored.
    Now,
    /// It has to wait.
    Later,
    /// It can never be stored.
    Never,
    /// It can never be stored, because it is larger than the store may be.
    TooLarge,
}

impl Writer {
    /// Adds submissions to a group, as many as it takes and as there is space for.
    pub(super) fn gather_items(&mut self, engine: &dyn Engine, group: &mut Group) {
        let mut victims = VecDeque::new();
        let mut blocked = false;
        for _ in 0..self.staged.len() {
            // What waited for space and is not wanted any more is not stored when there is space.
            let Some(item) = self.staged.pop_front().filter(|item| !item.has_failed() && item.is_wanted()) else {
                continue;
            };
            if blocked || group.is_full() {
                self.again |= !blocked;
                blocked = true;
                self.staged.push_back(item);
            } else if let Some(item) = self.place(engine, group, item, &mut victims) {
                blocked = true;
                self.staged.push_back(item);
            }
        }
        while !group.is_full() {
            let Some(item) = self.next_item() else { return };
            if item.has_failed() {
                continue;
            }
            if let Some(flush) = item.flush {
                group.flushes.push(flush);
            } else if item.message.is_some() && !self.staged.is_empty() {
                self.staged.push_back(item);
            } else if let Some(item) = self.place(engine, group, item, &mut victims) {
                self.staged.push_back(item);
            }
        }
        self.again = true;
    }

    /// Takes the next submission, or a flush if everything before it is in this group.
    fn next_item(&mut self) -> Option<Item> {
        let mut waiting = self.shared.inbox.lock();
        let rest = !waiting.removals.is_empty() || !waiting.clears.is_empty() || !self.clears.is_empty();
        if rest && waiting.items.front().is_some_and(|item| item.flush.is_some()) {
            self.again = true;
            return None;
        }
        waiting.items.pop_front()
    }

    /// Adds a submission to a group. Returns it if it has to wait.
    fn place(
        &mut self,
        engine: &dyn Engine,
        group: &mut Group,
        item: Item,
        victims: &mut VecDeque<Place>,
    ) -> Option<Item> {
        match self.fit(engine, group, &item, victims) {
            Fit::Now => {
                group.store(engine, item);
                None
            }
            Fit::Later if item.is_wanted() => Some(item),
            Fit::Later | Fit::Never => None,
            Fit::TooLarge => {
                item.completed.call(Outcome::TooLarge);
                None
            }
        }
    }

    fn fit(&mut self, engine: &dyn Engine, group: &mut Group, item: &Item, victims: &mut VecDeque<Place>) -> Fit {
        let Some(message) = &item.message else { return Fit::Now };
        if let Some(queue) = self.unknown_queue(item) {
            tracing::error!(queue, "a message is for a queue that does not exist");
            return Fit::Never;
        }
        if self.crowded {
            return Fit::Later;
        }
        let bytes = message_bytes(message);
        let max = self.shared.max_bytes.load(Ordering::Relaxed);
        while group.live(self.live).saturating_add(bytes) > max {
            let stored = self.messages > 0 || !group.fresh.is_empty();
            if !stored || bytes > max {
                tracing::error!(bytes, max, "a message does not fit into the store even when that is empty");
                return Fit::TooLarge;
            }
            if self.when_full == WhenFull::Wait {
                return Fit::Later;
            }
            match self.drop_oldest(engine, group, victims) {
                Ok(true) => {}
                Ok(false) => {
                    // What fills the store is in this group, or is being removed: the next one sees it.
                    self.again |= !group.is_empty();
                    return Fit::Later;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot drop the oldest delivery");
                    return Fit::Later;
                }
            }
        }
        Fit::Now
    }

    fn unknown_queue(&self, item: &Item) -> Option<u32> {
        let index = self.shared.index();
        let mut deliveries = item.message.iter().flat_map(|message| &message.deliveries);
        deliveries.find(|delivery| index.destination(delivery.queue).is_none()).map(|delivery| delivery.queue.0)
    }

    /// Drops the oldest delivery of the worst level. Returns `false` if no delivery is left.
    fn drop_oldest(
        &mut self,
        engine: &dyn Engine,
        group: &mut Group,
        victims: &mut VecDeque<Place>,
    ) -> Result<bool, EngineError> {
        loop {
            if victims.is_empty() {
                *victims = self.victims(engine, group)?;
            }
            let Some(victim) = victims.pop_front() else { return Ok(false) };
            if group.remove(engine, self.shift.as_ref(), victim, Removal::Full)? {
                return Ok(true);
            }
        }
    }

    /// Chooses deliveries to drop: the oldest of the worst level that has any.
    fn victims(&self, engine: &dyn Engine, group: &Group) -> Result<VecDeque<Place>, EngineError> {
        let mut filled: Vec<_> = self.shared.index().filled().collect();
        filled.sort_by_key(|&(queue, level, _)| (std::cmp::Reverse(level), queue));
        let visible = self.visible();
        for same_level in filled.chunk_by(|(_, a, _), (_, b, _)| a == b) {
            let mut found: Vec<(Sequence, super::QueueId, Level)> = Vec::new();
            // Beyond the last one of a queue that was not read to its end, others of it may be older.
            let mut end = Sequence::MAX;
            for &(queue, level, index) in same_level {
                let skip = |sequence| group.removes((queue, level, sequence));
                let first = first_deliveries(engine, (queue, level), index.first, visible, CHOSEN, skip)?;
                if let (CHOSEN, Some((last, _))) = (first.len(), first.last()) {
                    end = end.min(last.sequence);
                }
                found.extend(first.iter().map(|(entry, _)| (entry.sequence, queue, level)));
            }
            found.retain(|&(sequence, ..)| sequence <= end);
            found.sort_unstable();
            if !found.is_empty() {
                return Ok(found.into_iter().map(|(sequence, queue, level)| (queue, level, sequence)).collect());
            }
        }
        Ok(VecDeque::new())
    }
}
