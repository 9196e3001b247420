//! The thread that writes: it gathers groups, commits them, and reports what came of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::engine::{Engine, EngineError, Open, Space};
use super::group::Group;
use super::inbox::{Clear, Item, place};
use super::keys::{self, Head, Shift};
use super::recovery::Recovered;
use super::shared::Shared;
use super::time::TimeKeeper;
use super::witness::Witness;
use super::{Destination, QueueId, Removal, Sequence, WhenFull};

/// Removals that are taken into a group.
const MOST_REMOVALS: usize = 4096;
/// Removals that are kept while the disk fails.
const MOST_RETURNED: usize = 100_000;
/// The most bytes of messages that are kept readable while their loss is reported.
const MOST_DEPARTING: usize = 16 * 1024 * 1024;
/// The time between two looks for expired deliveries.
const TICK: Duration = Duration::from_secs(1);

/// When the thread flushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushing {
    /// After each group, before it is reported.
    EachGroup,
    /// At an interval.
    Every(Duration),
    /// Never: the directory is temporary.
    Never,
}

/// The state of the thread.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) opener: Box<dyn Open>,
    pub(super) witness: Witness,
    pub(super) keeper: TimeKeeper,
    pub(super) when_full: WhenFull,
    pub(super) flushing: Flushing,
    pub(super) head: Head,
    pub(super) live: u64,
    pub(super) messages: u64,
    /// The move of expiry under way: it has a record.
    pub(super) shift: Option<Shift>,
    /// Moves of expiry that have not begun.
    pub(super) jumps: VecDeque<Shift>,
    /// Messages for which there was no space, and those after them.
    pub(super) staged: VecDeque<Item>,
    /// Destinations that are not written yet.
    pub(super) registrations: Vec<(QueueId, Destination)>,
    pub(super) clears: VecDeque<Clear>,
    pub(super) is_new: bool,
    /// Whether the file system has little space left.
    pub(super) crowded: bool,
    /// Whether there is more to do at once.
    pub(super) again: bool,
    /// When the oldest group that is not flushed was committed.
    unflushed: Option<Instant>,
    pub(super) next_tick: Instant,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        opener: Box<dyn Open>,
        witness: Witness,
        keeper: TimeKeeper,
        when_full: WhenFull,
        flushing: Flushing,
    ) -> Self {
        Self {
            shared,
            opener,
            witness,
            keeper,
            when_full,
            flushing,
            head: Head::default(),
            live: 0,
            messages: 0,
            shift: None,
            jumps: VecDeque::new(),
            staged: VecDeque::new(),
            registrations: Vec::new(),
            clears: VecDeque::new(),
            is_new: false,
            crowded: false,
            again: false,
            unflushed: None,
            next_tick: Instant::now(),
        }
    }

    /// Takes over what a database holds, and lets callers read it.
    pub(super) fn install(&mut self, engine: Arc<dyn Engine>, recovered: Recovered) {
        self.head = Head {
            next_sequence: recovered.head.next_sequence.max(self.head.next_sequence).max(1),
            next_queue: recovered.head.next_queue,
            ..recovered.head
        };
        (self.live, self.messages, self.is_new) = (recovered.live_bytes, recovered.messages, recovered.is_new);
        // A move whose beginning failed may have begun all the same.
        if let (Some(shift), Some(jump)) = (&recovered.shift, self.jumps.front())
            && (shift.millis, shift.through) == (jump.millis, jump.through)
        {
            self.jumps.pop_front();
        }
        self.set_shift(recovered.shift);
        self.shared.cache.clear();
        let shared = Arc::clone(&self.shared);
        let mut index = shared.index_mut();
        self.registrations =
            index.destinations().filter(|(queue, _)| !recovered.destinations.contains_key(queue)).collect();
        for (queue, destination) in recovered.destinations {
            index.insert(queue, destination);
        }
        index.reserve(recovered.head.next_queue);
        index.replace_levels(&recovered.levels, self.head.next_sequence.saturating_sub(1));
        let waiting = shared.inbox.lock();
        for clear in self.clears.iter().chain(&waiting.clears) {
            if let Some(level) = index.level_mut(clear.queue, clear.level) {
                level.first = level.first.max(clear.through.saturating_add(1));
            }
        }
        drop(waiting);
        drop(index);
        self.shared.set_engine(Some(engine));
        self.publish_figures();
        self.shared.index().notify_all();
    }

    /// Works until the store is closed.
    pub(super) fn run(mut self) {
        let _end = Ending(Arc::clone(&self.shared));
        loop {
            if !self.again {
                self.shared.inbox.wait(self.wake_at());
            }
            self.again = false;
            let now = Instant::now();
            if let Some(jump) = self.keeper.look(now) {
                self.clock_jumped(jump);
            }
            let closed = self.shared.inbox.lock().closed();
            if let Err(failure) = self.step(now) {
                if !self.recover_from(&failure) {
                    return;
                }
                continue;
            }
            if closed && !self.again && !self.has_work() {
                self.flush_at_last();
                return;
            }
        }
    }

    fn wake_at(&self) -> Instant {
        match (self.flushing, self.unflushed) {
            (Flushing::Every(interval), Some(since)) => {
                since.checked_add(interval).map_or(self.next_tick, |due| self.next_tick.min(due))
            }
            _ => self.next_tick,
        }
    }

    /// Whether something waits that can be written.
    fn has_work(&self) -> bool {
        let waiting = self.shared.inbox.lock();
        let inbox = waiting.items.is_empty() && waiting.removals.is_empty() && waiting.clears.is_empty();
        !inbox || !waiting.registrations.is_empty() || !self.registrations.is_empty() || !self.clears.is_empty()
    }

    /// Writes what there is to write.
    fn step(&mut self, now: Instant) -> Result<(), Failure> {
        let Some(engine) = self.shared.engine() else {
            return Err(Failure { error: EngineError("it is not open".to_owned()), suspect: false });
        };
        let engine = engine.as_ref();
        let tick = now >= self.next_tick;
        if tick {
            self.next_tick = now + TICK;
            self.look_at_room(engine);
        }
        self.move_expiry(engine)?;
        let mut group = Group::new(self.head.next_sequence);
        self.gather(engine, &mut group);
        if tick && let Err(error) = self.gather_expired(engine, &mut group) {
            tracing::error!(%error, "cannot remove what has expired");
        }
        self.gather_items(engine, &mut group);
        if !group.is_empty() {
            self.write(engine, group)?;
        }
        self.publish_figures();
        self.flush_if_due(engine, now)
    }

    /// Puts into a group what waits, except submissions.
    fn gather(&mut self, engine: &dyn Engine, group: &mut Group) {
        let (removals, clears) = {
            let mut waiting = self.shared.inbox.lock();
            self.registrations.append(&mut waiting.registrations);
            (waiting.take_removals(MOST_REMOVALS), std::mem::take(&mut waiting.clears))
        };
        self.clears.extend(clears);
        self.gather_meta(group);
        self.again |= removals.len() == MOST_REMOVALS;
        for (entry, why) in &removals {
            if let Err(error) = group.remove(engine, self.shift.as_ref(), place(entry), *why) {
                tracing::error!(%error, sequence = entry.sequence, "cannot remove a delivery");
            }
        }
        group.asked = removals;
        if let Err(error) = self.gather_clears(engine, group) {
            tracing::error!(%error, "cannot empty a queue");
            self.clears.pop_front();
        }
    }

    /// Puts into a group the version of the format and the destinations, where they are not written yet.
    pub(super) fn gather_meta(&mut self, group: &mut Group) {
        if self.is_new {
            group.batch.put(Space::Meta, keys::VERSION, keys::FORMAT_VERSION.to_be_bytes());
        }
        for (queue, destination) in &self.registrations {
            match postcard::to_stdvec(destination) {
                Ok(record) => group.batch.put(Space::Meta, keys::destination_key(*queue), record),
                Err(error) => tracing::error!(%error, %destination, "a destination cannot be encoded"),
            }
        }
        group.registered = self.registrations.len();
    }

    /// Commits a group, flushes it, and reports what came of it.
    fn write(&mut self, engine: &dyn Engine, mut group: Group) -> Result<(), Failure> {
        self.keep_departing(engine, &group);
        let start = Instant::now();
        if let Err(failure) = self.put(engine, &mut group) {
            // Before anybody hears of the failure: what is read from now on comes from the disk.
            self.shared.figures.failed.store(true, Ordering::Relaxed);
            self.shared.set_engine(None);
            self.abandon(group);
            return Err(failure);
        }
        if let Some(observe) = self.shared.commits.get()
            && group.submissions > 0
        {
            observe(group.submissions, start.elapsed());
        }
        self.is_new = false;
        self.registrations.drain(..group.registered.min(self.registrations.len()));
        self.live = group.live(self.live);
        let fresh = u64::try_from(group.fresh.len()).unwrap_or(u64::MAX);
        let gone = u64::try_from(group.gone.len()).unwrap_or(u64::MAX);
        self.messages = self.messages.saturating_add(fresh).saturating_sub(gone);
        self.report(group);
        Ok(())
    }

    /// Commits a batch with new counters, and flushes it where that is asked for.
    pub(super) fn put(&mut self, engine: &dyn Engine, group: &mut Group) -> Result<(), Failure> {
        let next_queue = self.shared.index().next_queue();
        let head = Head {
            group: self.head.group.saturating_add(1),
            time: self.keeper.now(),
            next_sequence: group.next_sequence,
            next_queue,
        };
        let mut batch = std::mem::take(&mut group.batch);
        batch.put(Space::Meta, keys::HEAD, head.to_bytes());
        // Numbers that a failed group used are not used again: the group may be in the database all the same.
        self.head.next_sequence = group.next_sequence;
        engine.commit(batch).map_err(|error| Failure { error, suspect: false })?;
        self.head = head;
        if self.flushing == Flushing::EachGroup || !group.flushes.is_empty() {
            self.flush(engine)
        } else {
            self.unflushed.get_or_insert_with(Instant::now);
            Ok(())
        }
    }

    fn flush(&mut self, engine: &dyn Engine) -> Result<(), Failure> {
        self.unflushed = None;
        if self.flushing != Flushing::Never {
            engine.persist().map_err(|error| Failure { error, suspect: true })?;
            self.witness.write(self.head.group);
        }
        Ok(())
    }

    fn flush_if_due(&mut self, engine: &dyn Engine, now: Instant) -> Result<(), Failure> {
        match (self.flushing, self.unflushed) {
            (Flushing::Every(interval), Some(since)) if now.saturating_duration_since(since) >= interval => {
                self.flush(engine)
            }
            _ => Ok(()),
        }
    }

    fn flush_at_last(&mut self) {
        if let (Some(engine), Some(_)) = (self.shared.engine(), self.unflushed)
            && let Err(failure) = self.flush(engine.as_ref())
        {
            tracing::error!(error = %failure.error, "the last flush of the store failed");
        }
    }

    /// Makes a written group visible, and calls whoever waits for it.
    fn report(&mut self, group: Group) {
        let notifies: Vec<_> = {
            let mut index = self.shared.index_mut();
            let mut queues = Vec::new();
            for &(queue, level, sequence) in &group.added {
                if let Some(level) = index.level_mut(queue, level) {
                    level.add(sequence);
                }
                queues.push(queue);
            }
            for (entry, _) in &group.removed {
                if let Some(level) = index.level_mut(entry.queue, entry.level) {
                    level.length = level.length.saturating_sub(1);
                    if entry.sequence < level.first {
                        level.clearing = level.clearing.saturating_sub(1);
                    }
                }
            }
            index.visible = group.next_sequence.saturating_sub(1);
            queues.sort_unstable();
            queues.dedup();
            queues.into_iter().filter_map(|queue| index.notify(queue)).collect()
        };
        {
            let mut waiting = self.shared.inbox.lock();
            for (key, ticket) in &group.tickets {
                if waiting.overlay.get(key).is_some_and(|(last, _)| last == ticket) {
                    waiting.overlay.remove(key);
                }
            }
            for (entry, _) in group.asked.iter().chain(&group.removed) {
                waiting.removed.remove(&place(entry));
            }
        }
        let figures = &self.shared.figures;
        figures.failed.store(false, Ordering::Relaxed);
        figures.groups.fetch_add(1, Ordering::Relaxed);
        figures.submissions.fetch_add(u64::try_from(group.submissions).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.publish_figures();
        self.shared.cache.insert(group.fresh);
        for (completed, outcome) in group.completions {
            completed.call(outcome);
        }
        for notify in notifies {
            notify.notify_one();
        }
        if let Some(observe) = self.shared.observer() {
            let lost = group.removed.iter().filter(|(_, why)| *why != Removal::Delivered);
            lost.for_each(|(entry, why)| observe(entry, *why));
        }
        self.shared.cache.remove(&group.gone);
        self.shared.cache.departed();
        drop(group.flushes);
    }

    /// Keeps messages readable whose loss will be reported.
    fn keep_departing(&self, engine: &dyn Engine, group: &Group) {
        if self.shared.observer().is_none() {
            return;
        }
        let mut bytes = 0_usize;
        for (entry, _) in group.removed.iter().filter(|(_, why)| *why != Removal::Delivered) {
            let sequence = entry.sequence;
            let message = self.shared.cache.get(sequence);
            let message = message.or_else(|| self.shared.read_message(engine, sequence).ok().flatten());
            if let Some(message) = message {
                bytes = bytes.saturating_add(message.size());
                self.shared.cache.departing(sequence, message);
            }
            if bytes > MOST_DEPARTING {
                return;
            }
        }
    }

    /// Gives up a group that could not be written.
    pub(super) fn abandon(&mut self, group: Group) {
        self.shared.cache.departed();
        let mut waiting = self.shared.inbox.lock();
        for (key, ticket) in &group.tickets {
            if waiting.overlay.get(key).is_some_and(|(last, _)| last == ticket) {
                waiting.overlay.remove(key);
            }
        }
        waiting.return_removals(group.asked, MOST_RETURNED);
        drop(waiting);
        // Dropped completions report the failure.
        drop(group.completions);
    }

    fn look_at_room(&mut self, engine: &dyn Engine) {
        let crowded = super::limits::is_crowded(engine.room());
        if crowded != self.crowded {
            self.crowded = crowded;
            if crowded {
                tracing::error!("the disk is almost full: the store takes no messages until there is space");
            } else {
                tracing::info!("the disk has space again");
            }
        }
    }

    pub(super) fn publish_figures(&self) {
        let figures = &self.shared.figures;
        figures.live_bytes.store(self.live, Ordering::Relaxed);
        figures.messages.store(self.messages, Ordering::Relaxed);
        figures.full.store(self.crowded || !self.staged.is_empty(), Ordering::Relaxed);
    }

    /// The last message that can be seen.
    pub(super) fn visible(&self) -> Sequence {
        self.shared.index().visible
    }
}

/// A group, or a flush, failed.
pub(super) struct Failure {
    pub(super) error: EngineError,
    /// Whether it was a flush: the operating system may have forgotten what it did not write.
    pub(super) suspect: bool,
}

/// Closes the store when the thread ends, however it ends: nobody must wait for it.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.inbox.close();
        let items = std::mem::take(&mut self.0.inbox.lock().items);
        drop(items);
        self.0.set_engine(None);
        self.0.set_observer(None);
    }
}
