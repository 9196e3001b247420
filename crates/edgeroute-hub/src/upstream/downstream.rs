use std::fmt;

use tokio::sync::mpsc;

use crate::identity::ClientId;
use crate::wire::Bag;

/// What comes down from another hub for a client of this one. Calls must not block.
pub trait Downstream: Send + Sync + 'static {
    /// A message from the cloud for a device. Acknowledged when it is stored; if `stored` is dropped, the other hub sends
    /// the message again on the next connection.
    fn message(&self, device: &ClientId, bag: Bag, body: Vec<u8>, stored: Acknowledge);

    /// A change of the desired properties, in JSON, and their version after it.
    fn desired(&self, client: &ClientId, version: Option<u64>, patch: Vec<u8>);

    /// A request of a direct method, with a payload in JSON. If `respond` is dropped, the caller waits until its time is
    /// over.
    fn method(&self, client: &ClientId, name: &str, payload: Vec<u8>, respond: Respond);
}

/// Takes nothing: messages from the cloud stay there, methods are not answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Downstream for Nowhere {
    fn message(&self, _device: &ClientId, _bag: Bag, _body: Vec<u8>, _stored: Acknowledge) {}

    fn desired(&self, _client: &ClientId, _version: Option<u64>, _patch: Vec<u8>) {}

    fn method(&self, _client: &ClientId, _name: &str, _payload: Vec<u8>, _respond: Respond) {}
}

/// Something to send beside the messages of the queue.
#[derive(Debug)]
pub(super) enum Extra {
    /// The acknowledgement of a message that came by a connection.
    Puback { connection: u64, id: u16 },
    /// A message at quality of service 0: lost without a connection.
    Publish { topic: String, payload: Vec<u8> },
}

/// Takes what a lane sends beside the messages of the queue.
pub(super) type Sender = mpsc::Sender<Extra>;

/// Acknowledges a message of another hub.
pub struct Acknowledge {
    connection: u64,
    id: Option<u16>,
    sender: Sender,
}

impl Acknowledge {
    pub(super) const fn new(connection: u64, id: Option<u16>, sender: Sender) -> Self {
        Self { connection, id, sender }
    }

    /// Acknowledges the message, if its connection is still there.
    pub fn now(self) {
        if let Some(id) = self.id {
            // A full channel means that the other hub does not read. It sends the message again.
            let _ = self.sender.try_send(Extra::Puback { connection: self.connection, id });
        }
    }
}

impl fmt::Debug for Acknowledge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acknowledge").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Responds to a direct method.
pub struct Respond {
    request: String,
    sender: Sender,
}

impl Respond {
    pub(super) const fn new(request: String, sender: Sender) -> Self {
        Self { request, sender }
    }

    /// Sends the status and the payload, in JSON.
    pub fn with(self, status: i32, payload: Vec<u8>) {
        let topic = format!("$iothub/methods/res/{status}/?$rid={}", self.request);
        // The caller has given up by the time a hub reads again that does not read now.
        let _ = self.sender.try_send(Extra::Publish { topic, payload });
    }
}

impl fmt::Debug for Respond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Respond").field("request", &self.request).finish_non_exhaustive()
    }
}
