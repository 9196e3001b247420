//! The most recent items, within a number of items and a number of bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::message::Message;

/// An item of a ring and what it costs.
#[derive(Clone, Debug)]
pub(super) struct Item<T> {
    pub(super) value: T,
    /// The message, until its space was needed.
    pub(super) message: Option<Arc<Message>>,
    /// Bytes of the value, and of the message as long as it is here.
    bytes: usize,
}

/// Recent items with consecutive numbers from 1. When there is no space, the oldest messages go first, and then the
/// oldest items.
#[derive(Debug)]
pub(super) struct Ring<T> {
    items: VecDeque<Item<T>>,
    /// The number of the first item.
    first: u64,
    /// The number of the first item that still has a message, or a smaller one.
    first_with_message: u64,
    bytes: usize,
    most_items: usize,
    most_bytes: usize,
}

impl<T> Ring<T> {
    pub(super) const fn new(most_items: usize, most_bytes: usize) -> Self {
        Self { items: VecDeque::new(), first: 1, first_with_message: 1, bytes: 0, most_items, most_bytes }
    }

    /// The number of the next item.
    pub(super) fn next(&self) -> u64 {
        self.first.saturating_add(number(self.items.len()))
    }

    /// Adds an item and calls `removed` with each one that is removed for it. `own_bytes` is what the value costs
    /// without the message.
    pub(super) fn push(
        &mut self,
        value: T,
        own_bytes: usize,
        message: Option<Arc<Message>>,
        mut removed: impl FnMut(T),
    ) {
        let bytes = own_bytes.saturating_add(message.as_ref().map_or(0, |message| message.size()));
        self.bytes = self.bytes.saturating_add(bytes);
        self.items.push_back(Item { value, message, bytes });
        self.forget_messages();
        while self.items.len() > self.most_items || (self.bytes > self.most_bytes && !self.items.is_empty()) {
            let Some(item) = self.items.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(item.bytes);
            self.first = self.first.saturating_add(1);
            removed(item.value);
        }
    }

    fn forget_messages(&mut self) {
        self.first_with_message = self.first_with_message.max(self.first);
        while self.bytes > self.most_bytes && self.first_with_message < self.next() {
            let index = self.index(self.first_with_message);
            if let Some(item) = index.and_then(|index| self.items.get_mut(index))
                && let Some(message) = item.message.take()
            {
                let size = message.size();
                item.bytes = item.bytes.saturating_sub(size);
                self.bytes = self.bytes.saturating_sub(size);
            }
            self.first_with_message = self.first_with_message.saturating_add(1);
        }
    }

    fn index(&self, id: u64) -> Option<usize> {
        usize::try_from(id.checked_sub(self.first)?).ok()
    }

    pub(super) fn get(&self, id: u64) -> Option<&Item<T>> {
        self.items.get(self.index(id)?)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut T> {
        let index = self.index(id)?;
        self.items.get_mut(index).map(|item| &mut item.value)
    }

    /// Returns the items after an id, the oldest first.
    pub(super) fn after(&self, id: u64) -> impl DoubleEndedIterator<Item = (u64, &Item<T>)> {
        let skipped = usize::try_from(id.saturating_add(1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        let skipped = skipped.min(self.items.len());
        let first = self.first.saturating_add(number(skipped));
        self.items.range(skipped..).enumerate().map(move |(index, item)| (first.saturating_add(number(index)), item))
    }

    #[cfg(test)]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

fn number(index: usize) -> u64 {
    u64::try_from(index).unwrap_or(u64::MAX)
}
