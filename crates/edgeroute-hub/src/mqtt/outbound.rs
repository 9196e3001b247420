//! What a connection sends: deliveries, acknowledgements, and answers.

use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::{JoinError, spawn_blocking};

use super::connection::{Connection, Fetched, MOST_BUFFERED, Response, Stored};
use super::ending::Ending;
use super::requests::Request;
use crate::clients::Push;
use crate::observe::Event;
use crate::outbox::{Due, Sent};
use crate::store::{Destination, Outcome, Removal};
use crate::wire::{self, Filter};

/// The most deliveries to a client that it has not acknowledged.
const OUTBOUND_WINDOW: usize = 16;

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection<S> {
    /// Starts to read the client's queues, if it takes deliveries and there may be some.
    pub(super) fn start_fetch(&mut self) {
        let room = OUTBOUND_WINDOW.saturating_sub(self.mailbox.sent.len());
        if !self.may_have_deliveries || room == 0 || !self.may_fetch() {
            return;
        }
        let Some(mut outbox) = self.mailbox.outbox.take() else { return };
        if !outbox.may_have_more() {
            self.may_have_deliveries = false;
            self.mailbox.outbox = Some(outbox);
            return;
        }
        let now = self.hub.clock.now();
        self.fetch = Some(spawn_blocking(move || {
            let result = outbox.next(room, now);
            (outbox, result)
        }));
    }

    /// Whether nothing is in the way of reading the client's queues.
    pub(super) fn may_fetch(&self) -> bool {
        self.fetch.is_none() && self.mailbox.ready.is_empty() && self.listens()
    }

    /// Takes what was read from the queues.
    pub(super) fn fetched(&mut self, fetched: Result<Fetched, JoinError>) {
        match fetched {
            Ok((outbox, result)) => {
                self.mailbox.outbox = Some(outbox);
                match result {
                    Ok(due) => {
                        self.may_have_deliveries &= !due.is_empty();
                        self.mailbox.ready.extend(due);
                    }
                    Err(error) => {
                        self.may_have_deliveries = false;
                        tracing::error!(client = %self.session.client(), "cannot read the messages of a client: {error}");
                    }
                }
            }
            // The reader is lost with the thread that panicked: the next connection starts with a new one.
            Err(error) => {
                self.mailbox.outbox = Some(self.session.new_outbox(&self.hub.clients));
                tracing::error!(client = %self.session.client(), "reading the messages of a client failed: {error}");
            }
        }
    }

    /// Sends what was read, as far as the window of the client goes.
    pub(super) fn send_ready(&mut self) -> Result<(), Ending> {
        while self.mailbox.sent.len() < OUTBOUND_WINDOW
            && self.socket.codec.out().len() < MOST_BUFFERED
            && let Some(due) = self.mailbox.ready.pop_front()
        {
            if due.entry.expires <= self.hub.clock.now() {
                self.hub.store.remove(vec![due.entry], Removal::Expired);
                continue;
            }
            let Some(topic) = self.topic_of(&due) else { continue };
            let (body, at) = (due.message.content.body(), Instant::now());
            if self.quality(&due) == 0 {
                // Nothing will say that it arrived.
                self.socket.codec.publish_once(&topic, body)?;
                self.done(Sent { due, at });
            } else {
                let id = self.socket.codec.publish(&topic, body)?;
                self.mailbox.sent.push((id, Sent { due, at }));
            }
        }
        self.session.set_unacknowledged(self.mailbox.sent.len());
        Ok(())
    }

    /// Sends what an earlier connection sent and the client did not acknowledge, under the same packet identifiers.
    pub(super) fn send_again(&mut self) -> Result<(), Ending> {
        let now = self.hub.clock.now();
        for (id, mut sent) in std::mem::take(&mut self.mailbox.sent) {
            if sent.due.entry.expires <= now {
                self.hub.store.remove(vec![sent.due.entry], Removal::Expired);
                continue;
            }
            let Some(topic) = self.topic_of(&sent.due) else { continue };
            self.hub.metrics.unacknowledged("disconnected", &sent.due.message.sender, sent.due.message.output());
            self.socket.codec.publish_again(id, &topic, sent.due.message.content.body())?;
            sent.at = Instant::now();
            self.mailbox.sent.push((id, sent));
        }
        Ok(())
    }

    /// The quality of service that the client asked for.
    fn quality(&self, due: &Due) -> u8 {
        let filter = match &due.destination {
            Destination::Input { .. } => Filter::Inputs,
            Destination::Device(_) | Destination::Upstream => Filter::Devicebound,
        };
        self.session.state().filters.quality(filter).unwrap_or(1)
    }

    /// The topic of a delivery. Drops a delivery that no topic can hold.
    fn topic_of(&self, due: &Due) -> Option<String> {
        let client = self.session.client();
        let topic = match &due.destination {
            Destination::Input { input, .. } => wire::input_topic(client, input, &due.message),
            Destination::Device(_) | Destination::Upstream => wire::devicebound_topic(client, &due.message),
        };
        match topic {
            Ok(topic) => Some(topic),
            Err(error) => {
                tracing::error!(%client, "dropped a delivery: {error}");
                self.hub.store.remove(vec![due.entry], Removal::Undeliverable);
                None
            }
        }
    }

    /// Takes the acknowledgement of a delivery.
    pub(super) fn delivered(&mut self, id: u16) {
        let Some(index) = self.mailbox.sent.iter().position(|(sent, _)| *sent == id) else { return };
        let (_, sent) = self.mailbox.sent.remove(index);
        self.done(sent);
    }

    /// Removes a delivery that is done from its queue, and counts and shows it.
    fn done(&self, Sent { due, at }: Sent) {
        let since_received = self.hub.clock.now().millis_since(due.message.received);
        self.hub.metrics.sent(
            &due.message.sender,
            due.message.output(),
            &due.destination,
            due.entry.level,
            std::time::Duration::from_millis(since_received),
            at.elapsed(),
        );
        self.hub
            .observer
            .event(Event::Delivered { sequence: due.entry.sequence, destination: due.destination.clone() });
        self.hub.store.remove(vec![due.entry], Removal::Delivered);
    }

    /// Takes the outcome of storing something of the client, and answers.
    pub(super) fn acknowledge(&mut self, stored: &Stored) -> Result<(), Ending> {
        match stored {
            Stored::Message { number, outcome } => self.stored(*number, *outcome),
            Stored::Filters { outcome: Outcome::Failed | Outcome::TooLarge, .. } => Err(Ending::StoreFailed),
            Stored::Filters { id, granted, outcome: Outcome::Stored(_) } => {
                self.subscribing -= 1;
                self.socket.codec.suback(*id, granted)?;
                Ok(())
            }
        }
    }

    /// Takes the outcome of storing a message of the client, and acknowledges all messages that are stored in order.
    pub(super) fn stored(&mut self, number: u64, outcome: Outcome) -> Result<(), Ending> {
        if outcome == Outcome::Failed {
            return Err(Ending::StoreFailed);
        }
        let index = usize::try_from(number - self.first).unwrap_or(usize::MAX);
        if let Some((_, is_stored)) = self.pending.get_mut(index) {
            *is_stored = true;
        }
        while let Some((id, true)) = self.pending.front() {
            if let Some(id) = id {
                self.socket.codec.puback(*id)?;
            }
            self.pending.pop_front();
            self.first += 1;
        }
        Ok(())
    }

    /// Sends something that others have for the client.
    pub(super) fn push(&mut self, push: Push) -> Result<(), Ending> {
        match push {
            Push::Method { request, name, payload } => {
                self.socket.codec.publish_once(&wire::method_request_topic(&name, &request), &payload)?;
            }
            Push::DesiredPatch { version, patch } => {
                self.socket.codec.publish_once(&wire::desired_patch_topic(version), &patch)?;
                self.proof.sent(version);
                self.request(Request::Sent { version });
            }
        }
        Ok(())
    }

    /// Sends the answer to a request of the client.
    pub(super) fn respond(&mut self, response: &Response) -> Result<(), Ending> {
        self.socket.codec.publish_once(&response.topic, &response.payload)?;
        Ok(())
    }
}
