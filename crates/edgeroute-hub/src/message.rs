//! A message as the hub holds it, and its record in the store.

use edgeroute::{MessageSource, Origin, OwnedMessage, Properties};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::identity::ClientId;

/// The system properties with which the hub stamps every message. Those a sender sets itself are removed first.
pub mod stamps {
    /// The device of the sender.
    pub const DEVICE: &str = "connectionDeviceId";
    /// The module of the sender.
    pub const MODULE: &str = "connectionModuleId";
    /// A UUID for each message.
    pub const EDGE_MESSAGE_ID: &str = "edgeMessageId";
    /// `internal` for modules, `downstream` for devices.
    pub const ORIGIN_INTERFACE: &str = "edgeHubOriginInterface";
    /// The time at which the hub received the message, in RFC 3339.
    pub const ENQUEUED_TIME: &str = "enqueuedTime";

    /// Every stamp.
    pub const ALL: [&str; 5] = [DEVICE, MODULE, EDGE_MESSAGE_ID, ORIGIN_INTERFACE, ENQUEUED_TIME];
}

/// A message that the hub has accepted: who sent it, when, and what routes see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The authenticated client that sent the message. For a twin change, the client whose twin changed.
    pub sender: ClientId,
    /// The time at which the hub received it.
    pub received: Timestamp,
    /// Origin, properties, system properties with the hub's stamps, and body.
    pub content: OwnedMessage,
}

/// The bytes that a record usually has besides those that the sender sent.
const ROOM_FOR_STAMPS: usize = 384;

impl Message {
    /// Returns the output that a module sent the message to.
    pub fn output(&self) -> Option<&str> {
        match self.content.origin().source() {
            MessageSource::Module { output, .. } => output,
            _ => None,
        }
    }

    /// Returns the value of a system property.
    pub fn system_property(&self, name: &str) -> Option<&str> {
        self.content.system_properties().get(name).flatten()
    }

    /// Returns the bytes of body, properties and system properties without the hub's stamps: what the limit of a message
    /// counts.
    pub fn size(&self) -> usize {
        let mut size = self.content.body().len();
        let mut add = |name: &str, value: Option<&str>| size += name.len() + value.map_or(0, str::len);
        self.content.properties().visit(&mut add);
        let sent = self.content.system_properties().iter().filter(|(name, _)| !stamps::ALL.contains(name));
        sent.for_each(|(name, value)| add(name, value));
        size
    }

    /// Returns the record of the store.
    pub fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        let origin = self.content.origin();
        let source = match origin.source() {
            MessageSource::Telemetry => SourceRecord::Telemetry,
            MessageSource::Module { output, .. } => SourceRecord::Module { output },
            MessageSource::TwinChange => SourceRecord::TwinChange,
            MessageSource::Other(path) => SourceRecord::Other(path),
        };
        let record = Record {
            device: self.sender.device_id(),
            module: self.sender.module_id(),
            source,
            received: self.received,
            properties: self.content.properties().iter().collect(),
            system: self.content.system_properties().iter().collect(),
            body: self.content.body(),
        };
        // Properties have a few bytes more than `size` counts, and the hub's stamps have less than this.
        postcard::to_extend(&record, Vec::with_capacity(self.size().saturating_add(ROOM_FOR_STAMPS)))
    }

    /// Reads a record of the store. `hub_device` is the device of the hub, from which twin changes come.
    pub fn decode(record: &[u8], hub_device: &str) -> Result<Self, postcard::Error> {
        let record: Record<'_> = postcard::from_bytes(record)?;
        let sender = match record.module {
            Some(module) => ClientId::module(record.device, module),
            None => ClientId::device(record.device),
        };
        let origin = match record.source {
            SourceRecord::Telemetry => Origin::device(record.device),
            SourceRecord::Module { output } => {
                let origin = Origin::module(record.device, record.module.unwrap_or_default());
                output.map_or(origin, |output| origin.output(output))
            }
            SourceRecord::TwinChange => Origin::twin_change(hub_device),
            SourceRecord::Other(path) => Origin::device(record.device).with_source(path),
        };
        let mut content = OwnedMessage::new(origin).with_body(record.body);
        record.properties.iter().for_each(|(name, value)| content.properties_mut().push(name, *value));
        record.system.iter().for_each(|(name, value)| content.system_properties_mut().push(name, *value));
        Ok(Self { sender, received: record.received, content })
    }
}

/// The record of a message. Fields may only be added at the end, with a new version of the store.
#[derive(Serialize, Deserialize)]
struct Record<'r> {
    #[serde(borrow)]
    device: &'r str,
    module: Option<&'r str>,
    source: SourceRecord<'r>,
    received: Timestamp,
    properties: Vec<(&'r str, Option<&'r str>)>,
    system: Vec<(&'r str, Option<&'r str>)>,
    body: &'r [u8],
}

#[derive(Serialize, Deserialize)]
enum SourceRecord<'r> {
    Telemetry,
    Module {
        #[serde(borrow)]
        output: Option<&'r str>,
    },
    TwinChange,
    Other(&'r str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_all_of_a_message() {
        let sender = ClientId::module("edge-1", "sensor");
        for origin in [
            Origin::module("edge-1", "sensor").output("out1"),
            Origin::module("edge-1", "sensor"),
            Origin::twin_change("edge-1"),
        ] {
            let content = OwnedMessage::new(origin)
                .with_body([0, 159, 255])
                .with_property("a", "1")
                .with_property("none", None::<&str>)
                .with_system_property("messageId", "m");
            let message = Message { sender: sender.clone(), received: Timestamp(5), content };
            let record = message.encode().expect("it can be written");
            assert_eq!(Message::decode(&record, "edge-1"), Ok(message));
        }
    }
}
