//! What the store keeps in memory of its queues: a few numbers for each queue and level, nothing for a message.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::Notify;

use super::{Consumer, Destination, Level, QueueId, Sequence};

/// The queues, their consumers, and which messages can be seen.
#[derive(Debug, Default)]
pub(super) struct Index {
    queues: BTreeMap<QueueId, Queue>,
    numbers: HashMap<Destination, QueueId>,
    consumers: HashMap<Consumer, Connection>,
    next_queue: u32,
    /// The last message that was committed. Later ones may be in the database, but are not shown.
    pub(super) visible: Sequence,
}

#[derive(Debug)]
struct Queue {
    destination: Destination,
    levels: [LevelIndex; Level::COUNT],
}

#[derive(Debug, Default)]
struct Connection {
    queues: Vec<QueueId>,
    notify: Arc<Notify>,
}

/// A queue at a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LevelIndex {
    /// The number of deliveries in the database.
    pub(super) length: u64,
    /// How many of them are to be cleared.
    pub(super) clearing: u64,
    /// The last delivery ever stored, 0 for none.
    pub(super) last: Sequence,
    /// No delivery waits before this message.
    pub(super) first: Sequence,
}

impl LevelIndex {
    /// Counts a delivery.
    pub(super) fn add(&mut self, sequence: Sequence) {
        self.length = self.length.saturating_add(1);
        self.last = self.last.max(sequence);
    }

    fn may_have(&self, after: Option<Sequence>) -> bool {
        self.length > 0 && self.last >= self.first && after.is_none_or(|after| self.last > after)
    }
}

impl Index {
    /// Returns the number of a destination, and whether it is new.
    pub(super) fn register(&mut self, destination: &Destination) -> (QueueId, bool) {
        if let Some(&queue) = self.numbers.get(destination) {
            return (queue, false);
        }
        let queue = QueueId(self.next_queue);
        self.insert(queue, destination.clone());
        (queue, true)
    }

    pub(super) fn number(&self, destination: &Destination) -> Option<QueueId> {
        self.numbers.get(destination).copied()
    }

    /// Inserts a destination with its number.
    pub(super) fn insert(&mut self, queue: QueueId, destination: Destination) {
        self.next_queue = self.next_queue.max(queue.0.saturating_add(1));
        let consumer = self.consumers.entry(destination.consumer()).or_default();
        if !consumer.queues.contains(&queue) {
            consumer.queues.push(queue);
        }
        self.numbers.insert(destination.clone(), queue);
        self.queues
            .entry(queue)
            .or_insert_with(|| Queue { destination, levels: [LevelIndex::default(); Level::COUNT] });
    }

    pub(super) fn next_queue(&self) -> u32 {
        self.next_queue
    }

    /// Makes sure that no number below this one is given out.
    pub(super) fn reserve(&mut self, next_queue: u32) {
        self.next_queue = self.next_queue.max(next_queue);
    }

    /// Returns all destinations with their numbers.
    pub(super) fn destinations(&self) -> impl Iterator<Item = (QueueId, Destination)> + '_ {
        self.queues.iter().map(|(&number, queue)| (number, queue.destination.clone()))
    }

    pub(super) fn destination(&self, queue: QueueId) -> Option<&Destination> {
        self.queues.get(&queue).map(|queue| &queue.destination)
    }

    pub(super) fn queues_of(&self, consumer: &Consumer) -> Vec<QueueId> {
        self.consumers.get(consumer).map(|consumer| consumer.queues.clone()).unwrap_or_default()
    }

    pub(super) fn notify_of(&mut self, consumer: &Consumer) -> Arc<Notify> {
        Arc::clone(&self.consumers.entry(consumer.clone()).or_default().notify)
    }

    /// Returns what is notified of deliveries in a queue.
    pub(super) fn notify(&self, queue: QueueId) -> Option<Arc<Notify>> {
        let consumer = self.queues.get(&queue)?.destination.consumer();
        self.consumers.get(&consumer).map(|consumer| Arc::clone(&consumer.notify))
    }

    pub(super) fn may_have(&self, queue: QueueId, level: Level, after: Option<Sequence>) -> bool {
        self.level(queue, level).is_some_and(|level| level.may_have(after))
    }

    pub(super) fn level(&self, queue: QueueId, level: Level) -> Option<&LevelIndex> {
        self.queues.get(&queue)?.levels.get(usize::from(level.rank()))
    }

    pub(super) fn level_mut(&mut self, queue: QueueId, level: Level) -> Option<&mut LevelIndex> {
        self.queues.get_mut(&queue)?.levels.get_mut(usize::from(level.rank()))
    }

    /// Returns the queues at all levels that have deliveries, by number and level.
    pub(super) fn filled(&self) -> impl Iterator<Item = (QueueId, Level, LevelIndex)> + '_ {
        self.queues.iter().flat_map(|(&number, queue)| {
            let levels = Level::all().zip(queue.levels.iter().copied());
            levels.filter(|(_, index)| index.length > 0).map(move |(level, index)| (number, level, index))
        })
    }

    /// Hides all deliveries of a queue that can be seen. Returns how many there are at each level that has any.
    pub(super) fn clear(&mut self, queue: QueueId) -> Vec<(Level, u64)> {
        let next = self.visible.saturating_add(1);
        let Some(queue) = self.queues.get_mut(&queue) else { return Vec::new() };
        let mut cleared = Vec::new();
        for (level, index) in Level::all().zip(queue.levels.iter_mut()) {
            let waiting = index.length.saturating_sub(index.clearing);
            if waiting > 0 {
                index.clearing = index.length;
                index.first = index.first.max(next);
                cleared.push((level, waiting));
            }
        }
        cleared
    }

    /// Replaces what is known of deliveries, as after the database was opened again. Keeps destinations and consumers.
    pub(super) fn replace_levels(&mut self, levels: &BTreeMap<(QueueId, Level), LevelIndex>, visible: Sequence) {
        for (&number, queue) in &mut self.queues {
            for (level, index) in Level::all().zip(queue.levels.iter_mut()) {
                *index = levels.get(&(number, level)).copied().unwrap_or_default();
            }
        }
        self.visible = self.visible.max(visible);
    }

    /// Notifies all consumers.
    pub(super) fn notify_all(&self) {
        self.consumers.values().for_each(|consumer| consumer.notify.notify_one());
    }
}
