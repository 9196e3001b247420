//! The cache of recent messages.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::message::Message;

use super::Sequence;

/// The most bytes of cached messages.
const CAPACITY: usize = 32 * 1024 * 1024;
/// What a message takes besides its content.
const OVERHEAD: usize = 512;

/// Messages that were stored or read last, up to 32 MiB, and those that are being removed.
#[derive(Debug, Default)]
pub(super) struct Cache {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    messages: HashMap<Sequence, Arc<Message>>,
    /// In the order of insertion. May name messages that were removed.
    order: VecDeque<Sequence>,
    bytes: usize,
    /// Messages whose removal is being reported: the observer may still read them.
    departing: HashMap<Sequence, Arc<Message>>,
}

fn weight(message: &Message) -> usize {
    message.size().saturating_add(OVERHEAD)
}

impl Inner {
    fn remove(&mut self, sequence: Sequence) {
        if let Some(message) = self.messages.remove(&sequence) {
            self.bytes = self.bytes.saturating_sub(weight(&message));
        }
    }

    fn insert(&mut self, sequence: Sequence, message: Arc<Message>) {
        let bytes = weight(&message);
        if self.messages.insert(sequence, message).is_some() {
            return;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.order.push_back(sequence);
        while self.bytes > CAPACITY {
            let Some(oldest) = self.order.pop_front() else { break };
            self.remove(oldest);
        }
        // Most messages are removed before they are the oldest: forget them here, too.
        if self.order.len() > 2 * self.messages.len() + 1024 {
            let messages = &self.messages;
            self.order.retain(|sequence| messages.contains_key(sequence));
        }
    }
}

impl Cache {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, sequence: Sequence) -> Option<Arc<Message>> {
        let inner = self.lock();
        inner.messages.get(&sequence).or_else(|| inner.departing.get(&sequence)).cloned()
    }

    pub(super) fn insert(&self, messages: impl IntoIterator<Item = (Sequence, Arc<Message>)>) {
        let mut inner = self.lock();
        messages.into_iter().for_each(|(sequence, message)| inner.insert(sequence, message));
    }

    pub(super) fn remove(&self, sequences: &[Sequence]) {
        let mut inner = self.lock();
        for &sequence in sequences {
            inner.remove(sequence);
        }
    }

    /// Keeps a message readable until [`Cache::departed`].
    pub(super) fn departing(&self, sequence: Sequence, message: Arc<Message>) {
        self.lock().departing.insert(sequence, message);
    }

    pub(super) fn departed(&self) {
        self.lock().departing.clear();
    }

    pub(super) fn clear(&self) {
        *self.lock() = Inner::default();
    }
}

#[cfg(test)]
mod tests {
    use edgeroute::{Origin, OwnedMessage};

    use super::*;
    use crate::clock::Timestamp;
    use crate::identity::ClientId;

    fn message(bytes: usize) -> Arc<Message> {
        let content = OwnedMessage::new(Origin::device("leaf-1")).with_body(vec![0; bytes]);
        Arc::new(Message { sender: ClientId::device("leaf-1"), received: Timestamp(0), content })
    }

    #[test]
    fn the_oldest_messages_leave_when_it_is_full() {
        let cache = Cache::default();
        let message = message(1024 * 1024);
        cache.insert((0..40).map(|sequence| (sequence, Arc::clone(&message))));
        assert!(cache.get(0).is_none() && cache.get(39).is_some());
        assert!(cache.lock().bytes <= CAPACITY && cache.lock().messages.len() >= 30);
    }

    #[test]
    fn it_holds_nothing_of_removed_messages() {
        let cache = Cache::default();
        let message = message(10);
        for sequence in 0..100_000 {
            cache.insert([(sequence, Arc::clone(&message))]);
            cache.remove(&[sequence]);
        }
        let inner = cache.lock();
        assert_eq!((inner.bytes, inner.messages.len()), (0, 0));
        assert!(inner.order.len() <= 2048, "{}", inner.order.len());
    }

    #[test]
    fn departing_messages_are_readable_until_they_have_left() {
        let cache = Cache::default();
        cache.departing(1, message(1));
        cache.remove(&[1]);
        assert!(cache.get(1).is_some());
        cache.departed();
        assert!(cache.get(1).is_none());
    }
}
