use edgeroute::{Origin, OwnedMessage};
use uuid::Uuid;

use super::topic::check_deliverable;
use super::{Bag, TopicError};
use crate::clock::Timestamp;
use crate::identity::ClientId;
use crate::message::{Message, stamps};

/// The property that a message with the flag RETAIN gets. The hub retains nothing.
const RETAIN: &str = "mqtt-retain";

impl Bag {
    /// Adds the property `mqtt-retain=true`, for a PUBLISH packet with the flag RETAIN.
    #[must_use]
    pub fn retained(mut self) -> Self {
        self.properties = self.properties.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(RETAIN)).collect();
        self.properties.push(RETAIN, Some("true"));
        self
    }
}

/// Makes a message of what a client published, with the hub's stamps. Its origin is the authenticated client; a device
/// has no outputs.
///
/// # Errors
/// Fails if the properties are too large for the topic of a delivery. The size of the body is not checked.
pub fn telemetry(client: &ClientId, bag: Bag, body: Vec<u8>, received: Timestamp) -> Result<Message, TopicError> {
    let origin = match (client.module_id(), &bag.output) {
        (Some(module), Some(output)) => Origin::module(client.device_id(), module).output(output),
        (Some(module), None) => Origin::module(client.device_id(), module),
        (None, _) => Origin::device(client.device_id()),
    };
    let mut content = OwnedMessage::new(origin).with_body(body);
    *content.properties_mut() = bag.properties;
    *content.system_properties_mut() = bag.system;
    let system = content.system_properties_mut();
    system.push(stamps::DEVICE, Some(client.device_id()));
    if let Some(module) = client.module_id() {
        system.push(stamps::MODULE, Some(module));
    }
    system.push(stamps::EDGE_MESSAGE_ID, Some(&Uuid::new_v4().to_string()));
    let interface = if client.module_id().is_some() { "internal" } else { "downstream" };
    system.push(stamps::ORIGIN_INTERFACE, Some(interface));
    system.push(stamps::ENQUEUED_TIME, Some(&received.to_rfc3339()));

    let message = Message { sender: client.clone(), received, content };
    check_deliverable(&message)?;
    Ok(message)
}
