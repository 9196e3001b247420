//! What a connection receives: messages, subscriptions, acknowledgements, and requests about the twin.

use std::sync::Arc;

use mqtt_protocol_core::mqtt::packet::{Qos, v3_1_1};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::codec::Packet;
use super::connection::{Connection, MOST_BUFFERED, REQUESTS, SUBSCRIPTIONS, Stored};
use super::ending::Ending;
use super::requests::{self, Request};
use crate::clients::Clients;
use crate::message::Message;
use crate::store::{Completion, Outcome, Submission};
use crate::wire::{self, Filter, Inbound};

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection<S> {
    /// Whether the connection reads on. It does not while the client leaves what it is sent unread, or while as many
    /// messages as it may have are being stored, unless the store takes none: then it reads on, because acknowledgements
    /// of deliveries are what makes space.
    pub(super) fn may_read(&mut self) -> bool {
        let limits = &self.hub.limits;
        let may_take = self.pending.len() < limits.unacknowledged && self.hub.inbound.bytes() < limits.inbound_bytes;
        (may_take || !self.hub.store.is_writable())
            && !self.socket.has_packets()
            && self.socket.codec.out().len() < MOST_BUFFERED
    }

    /// Whether there is room for another request about the twin, and for another subscription to be stored.
    pub(super) fn has_room(&self) -> bool {
        self.subscribing < SUBSCRIPTIONS
            && self.requests.as_ref().is_none_or(|requests| requests.capacity() > 0 || requests.is_closed())
    }

    /// Handles the packets that were read, as far as there is room for what they ask.
    pub(super) fn handle_packets(&mut self) -> Result<(), Ending> {
        while self.has_room()
            && let Some(packet) = self.socket.next_packet()?
        {
            match packet {
                Packet::Publish(publish) => self.publish(&publish)?,
                Packet::Puback(id) => {
                    self.delivered(id);
                    self.may_have_deliveries = true;
                }
                Packet::Subscribe(subscribe) => self.subscribe(&subscribe)?,
                Packet::Unsubscribe(unsubscribe) => self.unsubscribe(&unsubscribe)?,
                Packet::Ping => self.socket.codec.pingresp()?,
                Packet::Disconnect => return Err(Ending::Disconnect),
                Packet::Connect(_) => return Err(Ending::NotConnect),
            }
        }
        Ok(())
    }

    fn publish(&mut self, publish: &v3_1_1::Publish) -> Result<(), Ending> {
        if publish.qos() == Qos::ExactlyOnce {
            return Err(Ending::QualityTwo);
        }
        let limits = &self.hub.limits;
        let is_over =
            self.pending.len() >= 2 * limits.unacknowledged || self.hub.inbound.bytes() >= 2 * limits.inbound_bytes;
        if is_over && !self.hub.store.is_writable() {
            return Err(Ending::TooManyUnstored);
        }
        let id = publish.packet_id();
        let client = self.session.client().clone();
        let payload = publish.payload().as_slice();
        let refused = match wire::parse_publish(publish.topic_name(), &client) {
            Ok(Inbound::Telemetry(mut bag)) => {
                if publish.retain() {
                    bag = bag.retained();
                }
                match wire::telemetry(&client, bag, payload.to_vec(), self.hub.clock.now()) {
                    Ok(message) => {
                        self.accept(id, message);
                        return Ok(());
                    }
                    Err(error) => Some(error),
                }
            }
            Ok(Inbound::TwinGet { rid }) => {
                self.request(Request::Get { rid: rid.to_owned() });
                None
            }
            Ok(Inbound::TwinReport { rid }) => {
                self.request(Request::Report { rid: rid.to_owned(), patch: payload.to_vec() });
                None
            }
            Ok(Inbound::MethodResponse { rid, status }) => {
                self.hub.methods.answer(&client, rid, status, payload);
                None
            }
            Err(error) => Some(error),
        };
        if let Some(error) = refused {
            self.hub.ingest.drop_message(&client, None, error.reason(), error.to_string());
        }
        self.acknowledge_in_order(id)
    }

    /// Takes a message in, which is acknowledged when it is stored.
    fn accept(&mut self, id: Option<u16>, message: Message) {
        let number = self.first + self.pending.len() as u64;
        self.pending.push_back((id, false));
        let acknowledge = self.acknowledge.clone();
        let counted = self.hub.inbound.add(message.size());
        let sender = Arc::clone(&self.sender);
        let completed = Box::new(move |outcome| {
            drop(counted);
            if outcome == Outcome::Failed {
                sender.fail();
            }
            // The connection may have ended.
            let _ = acknowledge.send(Stored::Message { number, outcome });
        });
        self.hub.ingest.accept(message, Some(Arc::clone(&self.sender)), completed);
    }

    /// Acknowledges a message that is not stored, after those before it.
    fn acknowledge_in_order(&mut self, id: Option<u16>) -> Result<(), Ending> {
        let number = self.first + self.pending.len() as u64;
        self.pending.push_back((id, false));
        self.stored(number, Outcome::Stored(None))
    }

    /// Passes a request to the task that answers them.
    pub(super) fn request(&mut self, request: Request) {
        let requests = self.requests.get_or_insert_with(|| {
            let (requests, received) = mpsc::channel(REQUESTS);
            let (hub, client) = (Arc::clone(&self.hub), self.session.client().clone());
            tokio::spawn(requests::answer(hub, client, received, self.responses.clone()));
            requests
        });
        if requests.try_send(request).is_err() {
            // Whoever calls this sees to it that there is room, but for what a client missed while it was away.
            tracing::warn!(client = %self.session.client(), "dropped a request about a twin: too many at once");
        }
    }

    /// Has the client sent what it missed of its desired properties, if it is subscribed to their changes.
    pub(super) fn catch_up(&mut self) {
        if self.session.listens_to(Filter::DesiredPatches) {
            self.request(Request::CatchUp);
        }
    }

    fn subscribe(&mut self, subscribe: &v3_1_1::Subscribe) -> Result<(), Ending> {
        let client = self.session.client().clone();
        let mut filters = self.session.state().filters;
        let before = filters;
        let mut granted = Vec::new();
        for entry in subscribe.entries() {
            let filter = Filter::parse(entry.topic_filter(), &client);
            let quality = u8::from(entry.sub_opts().qos() != Qos::AtMostOnce);
            if let Some(filter) = filter {
                filters.insert(filter, quality);
            } else {
                let filter = super::shortened(entry.topic_filter());
                tracing::warn!(%client, filter, "refused a subscription: the hub serves no such topics");
            }
            granted.push(filter.map(|_| quality));
        }
        self.may_have_deliveries = true;
        self.session.update(|state| state.filters = filters);
        if before.quality(Filter::DesiredPatches).is_none() {
            self.catch_up();
        }
        let id = subscribe.packet_id();
        if filters == before || !self.durable {
            self.socket.codec.suback(id, &granted)?;
            return Ok(());
        }
        self.subscribing += 1;
        let acknowledge = self.acknowledge.clone();
        self.store_filters(Box::new(move |outcome| {
            // The connection may have ended.
            let _ = acknowledge.send(Stored::Filters { id, granted, outcome });
        }));
        Ok(())
    }

    fn unsubscribe(&mut self, unsubscribe: &v3_1_1::Unsubscribe) -> Result<(), Ending> {
        let client = self.session.client();
        let mut filters = self.session.state().filters;
        let before = filters;
        for entry in unsubscribe.entries() {
            if let Some(filter) = Filter::parse(entry.as_str(), client) {
                filters.remove(filter);
            }
        }
        self.session.update(|state| state.filters = filters);
        if filters != before && self.durable {
            self.store_filters(Box::new(|_| ()));
        }
        self.socket.codec.unsuback(unsubscribe.packet_id())?;
        Ok(())
    }

    fn store_filters(&self, completed: Completion) {
        let state = vec![Clients::record(self.session.client(), Some(self.session.state().filters))];
        self.hub.store.submit(Submission { state, message: None, sender: None, completed });
    }

    /// Publishes the client's last will, which its CONNECT holds, if its topic is one for messages of the client.
    pub(super) fn publish_will(&self, topic: &str, payload: &[u8]) {
        let client = self.session.client();
        let message = match wire::parse_publish(topic, client) {
            Ok(Inbound::Telemetry(bag)) => wire::telemetry(client, bag, payload.to_vec(), self.hub.clock.now()).ok(),
            _ => None,
        };
        match message {
            Some(message) => self.hub.ingest.accept_if_space(message),
            None => {
                tracing::info!(%client, "the last will of a client is not a message of the client, so it is ignored");
            }
        }
    }
}
