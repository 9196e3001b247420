//! The system properties that the hub and its protocols know (SEMANTICS#known-system-properties).
//!
//! A condition may name any system property (SEMANTICS#system-properties).

/// A known system property.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct SystemProperty {
    name: &'static str,
    description: &'static str,
}

impl SystemProperty {
    /// The name, without the `$`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// A one-line description.
    #[must_use]
    pub const fn description(&self) -> &'static str {
        self.description
    }
}

/// Every known system property, sorted by name.
pub const SYSTEM_PROPERTIES: &[SystemProperty] = &[
    property("absolute-expiry-time", "Time after which the message expires, set by the sender."),
    property("ack", "Feedback that the sender of a cloud-to-device message asks for."),
    property("cid", "Correlation id, under its short name."),
    property("connectionAuthMethod", "How the sender authenticated, as JSON."),
    property("connectionDeviceGenerationId", "Generation id of the sending device."),
    property("connectionDeviceId", "Id of the sending device, stamped by the hub."),
    property("connectionModuleId", "Id of the sending module, stamped by the hub; missing for leaf devices."),
    property("contentEncoding", "Encoding of the body; body queries require `utf-8`, `utf-16` or `utf-32`."),
    property("contentType", "Media type of the body; body queries require `application/json`."),
    property("correlationId", "Id that relates the message to another, such as a request, set by the sender."),
    property("creationTime", "Time at which the message was created, set by the sender."),
    property("deliveryCount", "Number of times that delivery was attempted."),
    property("dt-dataschema", "Schema of the data, for IoT Plug and Play."),
    property("dt-subject", "Component that sent the message, for IoT Plug and Play."),
    property("edgeHubOriginInterface", "Protocol interface by which the message entered the hub."),
    property("edgeMessageId", "Id that the hub gives to the message."),
    property("enqueuedTime", "Time at which the hub received the message."),
    property("inputName", "Input to which the message is delivered, set on delivery; never defined while routing."),
    property("iothub-interface-id", "Interface of the device model, for IoT Plug and Play."),
    property("lockToken", "Token that acknowledges a received message."),
    property("messageId", "Id of the message, set by the sender."),
    property("messageSchema", "Schema of the message, set by the sender."),
    property("messageType", "Kind of message; `twinChangeNotification` for a twin change."),
    property("modelId", "Device model id, for IoT Plug and Play."),
    property("operation", "Operation that the message is about."),
    property("outBoundURI", "Address of the outgoing message."),
    property("outputName", "Output by which a module sent the message, stamped by the hub."),
    property("sequenceNumber", "Number that the hub assigned to the message in its queue."),
    property("statusCode", "Status code of a response."),
    property("to", "Destination that the sender named."),
    property("userId", "User that sent the message, set by the sender."),
    property("version", "Version of the twin or resource that the message is about."),
];

const fn property(name: &'static str, description: &'static str) -> SystemProperty {
    SystemProperty { name, description }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Stamp;

    #[test]
    fn names_are_sorted_and_distinct() {
        assert!(SYSTEM_PROPERTIES.is_sorted_by(|a, b| a.name.to_lowercase() < b.name.to_lowercase()));
    }

    #[test]
    fn every_stamp_is_known() {
        for stamp in Stamp::ALL {
            assert!(SYSTEM_PROPERTIES.iter().any(|property| property.name == stamp.name()), "{stamp:?}");
        }
    }
}
