use std::sync::Arc;

use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::outbox::{Due, Outbox, Paused};
use crate::store::{Consumer, Entry, Removal, Store, StoreError};

/// Where messages for upstream come from: the store, or what tests use instead.
pub(super) trait Queue: Clone + Send + Sync + 'static {
    type Reader: Reader;

    /// Returns a reader, at the beginning.
    fn reader(&self) -> Self::Reader;

    /// Returns what is notified when there may be something new.
    fn notified(&self) -> Arc<Notify>;

    /// Removes deliveries. Does not block.
    fn remove(&self, entries: Vec<Entry>, why: Removal);
}

/// Reads deliveries in the order in which they are due.
pub(super) trait Reader: Send + 'static {
    /// Whether [`Reader::next`] may return something. Cheap.
    fn may_have_more(&self) -> bool;

    /// Reads the next deliveries, at most `limit`. Blocks on the disk.
    fn next(&mut self, limit: usize, now: Timestamp) -> Result<Vec<Due>, StoreError>;
}

/// The queues of `$upstream` in the store.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) store: Store,
    pub(super) paused: Paused,
}

impl Queue for Stored {
    type Reader = Outbox;

    fn reader(&self) -> Outbox {
        Outbox::new(self.store.clone(), Consumer::Upstream, self.paused.clone())
    }

    fn notified(&self) -> Arc<Notify> {
        self.store.deliveries_of(&Consumer::Upstream)
    }

    fn remove(&self, entries: Vec<Entry>, why: Removal) {
        self.store.remove(entries, why);
    }
}

impl Reader for Outbox {
    fn may_have_more(&self) -> bool {
        Self::may_have_more(self)
    }

    fn next(&mut self, limit: usize, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        Self::next(self, limit, now)
    }
}
