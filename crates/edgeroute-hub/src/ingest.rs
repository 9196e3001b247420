//! Takes messages in: decides where each goes, stores it with all its deliveries, and reports when it is safe.

use std::sync::Arc;

use edgeroute::MessageSource;

use crate::clock::Timestamp;
use crate::identity::ClientId;
use crate::message::Message;
use crate::metrics::{DropReason, Metrics};
use crate::observe::{Fate, Observer};
use crate::routing::{Decision, Router};
use crate::store::{Completion, Level, NewDelivery, Outcome, QueueId, Sender, StateKey, Store, Submission, Wanted};

/// The largest message, in bytes: body, properties and system properties. The limit of IoT Hub.
pub const LARGEST_MESSAGE: usize = 256 * 1024;

/// Takes messages in.
#[derive(Clone, Debug)]
pub struct Ingest {
    router: Arc<Router>,
    store: Store,
    observer: Arc<Observer>,
    metrics: Arc<Metrics>,
}

impl Ingest {
    /// Creates the entry of messages.
    pub const fn new(router: Arc<Router>, store: Store, observer: Arc<Observer>, metrics: Arc<Metrics>) -> Self {
        Self { router, store, observer, metrics }
    }

    /// Takes a message in. `completed` is called when the message may be acknowledged: it is stored with all its
    /// deliveries, or nobody wants it. Does not block.
    pub fn accept(&self, message: Message, sender: Option<Arc<Sender>>, completed: Completion) {
        self.accept_with(message, Vec::new(), sender, completed);
    }

    /// Takes a message in that nobody sends again, such as a last will: drops it if there is no space for it.
    pub fn accept_if_space(&self, message: Message) {
        let (metrics, sender, output) =
            (Arc::clone(&self.metrics), message.sender.clone(), message.output().map(str::to_owned));
        let completed = Box::new(move |outcome| {
            if !matches!(outcome, Outcome::Stored(_)) {
                tracing::warn!(client = %sender, "dropped a last will: the store takes no messages");
                metrics.dropped(DropReason::Full, &sender, output.as_deref());
            }
        });
        // Dropped at once: what has nobody who waits for it does not wait for space.
        self.accept(message, Some(Wanted::default().sender()), completed);
    }

    /// Takes a message in and writes records of state in the same atomic step, whether or not a route takes the message.
    pub fn accept_with(
        &self,
        message: Message,
        state: Vec<(StateKey, Option<Vec<u8>>)>,
        sender: Option<Arc<Sender>>,
        completed: Completion,
    ) {
        let size = message.size();
        self.metrics.received(&message.sender, message.output(), size);
        let message = Arc::new(message);
        // Twin changes have no limit.
        let dropped = if size > LARGEST_MESSAGE && state.is_empty() {
            let detail = format!("the message has {size} bytes, more than {LARGEST_MESSAGE}");
            Some((DropReason::TooLarge, detail))
        } else {
            None
        };
        let decision = if dropped.is_none() { self.router.decide(&message) } else { Decision::default() };
        if !decision.deliveries.is_empty() {
            let (ingest, stored) = (self.clone(), Arc::clone(&message));
            let is_alone = state.is_empty();
            self.store.submit(Submission {
                state,
                message: Some((message, decision.deliveries)),
                sender,
                completed: Box::new(move |outcome| match outcome {
                    Outcome::Stored(Some(sequence)) => {
                        for taken in &decision.taken {
                            ingest.metrics.route_hit(&taken.route);
                        }
                        let fate = Fate::Stored { sequence, taken: decision.taken };
                        ingest.observer.message(&stored.sender, Some(&stored), fate);
                        completed(outcome);
                    }
                    Outcome::TooLarge if is_alone => {
                        let detail = "the message is larger than the store may be".to_owned();
                        ingest.drop_message(&stored.sender, Some(&stored), DropReason::TooLarge, detail);
                        completed(Outcome::Stored(None));
                    }
                    Outcome::Stored(None) | Outcome::Failed | Outcome::TooLarge => completed(outcome),
                }),
            });
            return;
        }
        let (reason, detail) = dropped.unwrap_or((DropReason::NoRoute, "no route takes the message".to_owned()));
        // Nobody sent a twin change, so nobody misses one.
        if reason != DropReason::NoRoute || message.content.origin().source() != MessageSource::TwinChange {
            self.drop_message(&message.sender.clone(), Some(&message), reason, detail);
        }
        if state.is_empty() {
            completed(Outcome::Stored(None));
        } else {
            self.store.submit(Submission { state, message: None, sender: None, completed });
        }
    }

    /// Stores a message for one destination, past the routes: messages from the cloud to a device.
    pub fn deliver(
        &self,
        message: Message,
        queue: QueueId,
        expires: Timestamp,
        sender: Option<Arc<Sender>>,
        completed: Completion,
    ) {
        let level = Level::of(edgeroute::Priority::DEFAULT);
        self.store.submit(Submission {
            state: Vec::new(),
            message: Some((Arc::new(message), vec![NewDelivery { queue, level, expires }])),
            sender,
            completed,
        });
    }

    /// Counts and shows a message that is acknowledged and not routed on.
    pub fn drop_message(&self, from: &ClientId, message: Option<&Arc<Message>>, reason: DropReason, detail: String) {
        let output = message.and_then(|message| message.output());
        self.metrics.dropped(reason, from, output);
        if reason != DropReason::NoRoute {
            tracing::warn!(client = %from, reason = reason.as_str(), "dropped a message: {detail}");
        }
        self.observer.message(from, message, Fate::Dropped { reason, detail });
    }
}
