use std::sync::Arc;
use std::time::Duration;

use super::lane::Shared;
use super::queue::Queue;
use crate::observe::Event;
use crate::outbox::Due;
use crate::store::Removal;

/// Takes every message at once, and shows it to those who look on.
pub(super) struct Window<Q> {
    shared: Arc<Shared<Q>>,
}

impl<Q: Queue> Window<Q> {
    pub(super) const fn new(shared: Arc<Shared<Q>>) -> Self {
        Self { shared }
    }

    pub(super) fn show(&self, due: &Due) {
        self.shared.arrived(due, Duration::ZERO);
        self.shared.queue.remove(vec![due.entry], Removal::Delivered);
    }
}

impl<Q: Queue> Shared<Q> {
    /// Records that a message is upstream.
    pub(super) fn arrived(&self, due: &Due, since_sent: Duration) {
        let message = &due.message;
        let since_received = Duration::from_millis(self.clock.now().millis_since(message.received));
        self.board.acknowledged(1);
        self.metrics.sent(
            &message.sender,
            message.output(),
            &due.destination,
            due.entry.level,
            since_received,
            since_sent,
        );
        self.observer.event(Event::Delivered { sequence: due.entry.sequence, destination: due.destination.clone() });
        self.observer.upstream(message);
    }
}
