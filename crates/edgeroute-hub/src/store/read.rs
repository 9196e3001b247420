//! Reads, from any thread.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::message::Message;

use super::engine::Space;
use super::keys;
use super::shared::Shared;
use super::sweep::first_deliveries;
use super::{Entry, Level, QueueId, QueueStatus, Sequence, StateKey, StoreError};

/// How often a read is tried again because expiry was being moved meanwhile.
const TRIES: usize = 3;

impl Shared {
    pub(super) fn entries(
        &self,
        queue: QueueId,
        level: Level,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let (first, visible) = {
            let index = self.index();
            match index.level(queue, level) {
                Some(level) if level.length > 0 => (level.first, index.visible),
                _ => return Ok(Vec::new()),
            }
        };
        let from = after.map_or(0, |after| after.saturating_add(1)).max(first);
        // Before the scan: what is removed meanwhile is found missing or is still named here.
        let removed: BTreeSet<Sequence> = {
            let waiting = self.inbox.lock();
            waiting.removed.range((queue, level, from)..=(queue, level, Sequence::MAX)).map(|place| place.2).collect()
        };
        let engine = self.reader()?;
        let mut found = Vec::new();
        for _ in 0..TRIES {
            let shift = self.shift();
            let mut seen = None;
            let skip = |sequence| {
                seen.get_or_insert(sequence);
                removed.contains(&sequence)
            };
            found = first_deliveries(engine.as_ref(), (queue, level), from, visible, limit, skip)
                .map_err(|error| self.problem(error.0))?;
            if let Some(shift) = &shift {
                for (entry, value) in &mut found {
                    let key = keys::queue_key(queue, level, entry.sequence);
                    entry.expires = shift.expires(&key, entry.sequence, value.expires);
                }
            }
            if let (Some(seen), true) = (seen, from == first) {
                self.begins_at(queue, level, seen);
            }
            if self.shift() == shift {
                break;
            }
        }
        Ok(found.into_iter().map(|(entry, _)| entry).collect())
    }

    /// Remembers that nothing waits before a message, so that the next read need not pass over what was removed.
    fn begins_at(&self, queue: QueueId, level: Level, first: Sequence) {
        if self.index().level(queue, level).is_some_and(|level| level.first < first)
            && let Some(level) = self.index_mut().level_mut(queue, level)
        {
            level.first = level.first.max(first);
        }
    }

    pub(super) fn message(&self, sequence: Sequence) -> Result<Option<Arc<Message>>, StoreError> {
        if let Some(message) = self.cache.get(sequence) {
            return Ok(Some(message));
        }
        let engine = self.reader()?;
        let message = self.read_message(engine.as_ref(), sequence).map_err(|error| self.problem(error.0))?;
        if let Some(message) = &message {
            self.cache.insert([(sequence, Arc::clone(message))]);
        }
        Ok(message)
    }

    pub(super) fn states(&self, kind: &'static str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let overlay: Vec<_> = {
            let waiting = self.inbox.lock();
            let of_kind = waiting.overlay.iter().filter(|(key, _)| key.kind == kind);
            of_kind.map(|(key, (_, value))| (key.id.clone(), value.clone())).collect()
        };
        let mut records = BTreeMap::new();
        let start = keys::state_key(&StateKey { kind, id: String::new() });
        let scanned = self.reader()?.scan(Space::State, &start, Some(&keys::state_end(kind)), &mut |key, value| {
            if let Some(id) = keys::read_state_id(kind, key) {
                records.insert(id, value.to_vec());
            }
            ControlFlow::Continue(())
        });
        scanned.map_err(|error| self.problem(error.0))?;
        for (id, value) in overlay {
            match value {
                Some(value) => records.insert(id, value),
                None => records.remove(&id),
            };
        }
        Ok(records.into_iter().collect())
    }

    pub(super) fn queues(&self) -> Vec<QueueStatus> {
        let mut queues = Vec::new();
        {
            let index = self.index();
            let waiting = self.inbox.lock();
            for (queue, level, numbers) in index.filled() {
                let gone = numbers.clearing.saturating_add(waiting.removing(queue, level));
                let length = numbers.length.saturating_sub(gone);
                if let (Some(destination), true) = (index.destination(queue), length > 0) {
                    queues.push(QueueStatus { destination: destination.clone(), queue, level, length, oldest: None });
                }
            }
        }
        for status in &mut queues {
            let first = self.entries(status.queue, status.level, None, 1).unwrap_or_default();
            status.oldest = first.first().map(|entry| entry.sequence);
        }
        queues.sort_by(|a, b| (&a.destination, a.level).cmp(&(&b.destination, b.level)));
        queues
    }
}
