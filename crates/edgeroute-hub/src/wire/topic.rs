//! Topics: which of them a client may publish to, and those that the hub sends.

use std::fmt::Write;

use super::TopicError;
use super::bag::{self, Bag, LONGEST_BAG};
use super::error::Excerpt;
use crate::identity::ClientId;
use crate::message::Message;

/// The most bytes of a request id.
const LONGEST_REQUEST_ID: usize = 128;

/// The most bytes of a topic in MQTT.
const LONGEST_TOPIC: usize = 65_535;

/// What a client publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound<'t> {
    /// A message to route.
    Telemetry(Bag),
    /// A request for the client's twin.
    TwinGet {
        /// The request id, to be sent back as it is.
        rid: &'t str,
    },
    /// A patch of the client's reported properties.
    TwinReport {
        /// The request id, to be sent back as it is.
        rid: &'t str,
    },
    /// The response to a direct method.
    MethodResponse {
        /// The status that the method returned. `None` if it is not an integer of 32 bits.
        status: Option<i32>,
        /// The id of the request.
        rid: &'t str,
    },
}

/// Reads the topic of a PUBLISH packet of an authenticated client.
///
/// # Errors
/// Fails if the topic is unknown or malformed, if its bag is (see [`Bag::read`]), or if it names another client. Ids are
/// compared exactly.
pub fn parse_publish<'t>(topic: &'t str, client: &ClientId) -> Result<Inbound<'t>, TopicError> {
    if let Some(rest) = topic.strip_prefix("devices/")
        && let Some((device, module, bag)) = events(rest)
    {
        if device != client.device_id() || module != client.module_id() {
            return Err(TopicError::forged(format_args!("`{client}` publishes to the topic `{}`", Excerpt(topic))));
        }
        return Bag::read(bag.strip_suffix('/').unwrap_or(bag)).map(Inbound::Telemetry);
    }
    if let Some(rest) = topic.strip_prefix("$iothub/twin/GET") {
        return request_id(rest, topic).map(|rid| Inbound::TwinGet { rid });
    }
    if let Some(rest) = topic.strip_prefix("$iothub/twin/PATCH/properties/reported") {
        return request_id(rest, topic).map(|rid| Inbound::TwinReport { rid });
    }
    if let Some(rest) = topic.strip_prefix("$iothub/methods/res/") {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (status, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let status = status.parse().ok();
        return request_id(rest, topic).map(|rid| Inbound::MethodResponse { status, rid });
    }
    Err(TopicError::malformed(format_args!("clients cannot publish to the topic `{}`", Excerpt(topic))))
}

/// Splits what follows `devices/` into device, module and bag.
fn events(rest: &str) -> Option<(&str, Option<&str>, &str)> {
    let (device, rest) = rest.split_once('/')?;
    let (module, rest) = match rest.strip_prefix("modules/") {
        Some(rest) => rest.split_once('/').map(|(module, rest)| (Some(module), rest))?,
        None => (None, rest),
    };
    let rest = rest.strip_prefix("messages/events")?;
    let bag = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
    Some((device, module, bag))
}

/// Reads the request id from `/?$rid=ID`, among other parameters.
fn request_id<'t>(rest: &'t str, topic: &str) -> Result<&'t str, TopicError> {
    let is_permitted = |byte: u8| byte.is_ascii_graphic() && !b"/+#".contains(&byte);
    let rid = rest.strip_prefix('/').unwrap_or(rest).strip_prefix('?').and_then(|parameters| {
        let rid = parameters.split('&').find_map(|parameter| parameter.strip_prefix("$rid="))?;
        (!rid.is_empty() && rid.len() <= LONGEST_REQUEST_ID && rid.bytes().all(is_permitted)).then_some(rid)
    });
    rid.ok_or_else(|| {
        TopicError::malformed(format_args!(
            "expected `/?$rid=` and 1 to {LONGEST_REQUEST_ID} characters at the end of `{}`",
            Excerpt(topic)
        ))
    })
}

/// Writes the topic by which a message is delivered to an input of a module: the slash after the input's name and the
/// sender are always there.
///
/// # Errors
/// Fails if the topic has more than 65,535 bytes. Messages of clients never reach that with an input's name of at most
/// 200 bytes.
pub fn input_topic(client: &ClientId, input: &str, message: &Message) -> Result<String, TopicError> {
    let mut topic = devices(client);
    topic.push_str("/inputs/");
    topic.extend(bag::encode(input));
    topic.push('/');
    topic.push_str(&bag::write_delivery(message));
    check(topic)
}

/// Writes the topic by which a message from the cloud is delivered to a device.
///
/// # Errors
/// Fails if the topic has more than 65,535 bytes.
pub fn devicebound_topic(device: &ClientId, message: &Message) -> Result<String, TopicError> {
    let mut topic = devices(device);
    topic.push_str("/messages/devicebound/");
    topic.push_str(&bag::write_devicebound(message));
    check(topic)
}

/// Writes the topic by which the sender of a message would send it, for another hub upstream.
///
/// # Errors
/// Fails if the topic has more than 65,535 bytes.
pub fn events_topic(message: &Message) -> Result<String, TopicError> {
    let mut topic = devices(&message.sender);
    topic.push_str("/messages/events/");
    topic.push_str(&bag::write_telemetry(message));
    check(topic)
}

/// Writes the topic of a response about the twin. `version` is that of the reported properties after a patch.
pub fn twin_response_topic(status: u16, rid: &str, version: Option<u64>) -> String {
    let mut topic = format!("$iothub/twin/res/{status}/?$rid={rid}");
    if let Some(version) = version {
        // Writing to a string never fails.
        _ = write!(topic, "&$version={version}");
    }
    topic
}

/// Writes the topic of a change of the desired properties.
pub fn desired_patch_topic(version: u64) -> String {
    format!("$iothub/twin/PATCH/properties/desired/?$version={version}")
}

/// Writes the topic of a request of a direct method.
pub fn method_request_topic(name: &str, rid: &str) -> String {
    format!("$iothub/methods/POST/{name}/?$rid={rid}")
}

/// Checks that a message of a client can be delivered to every input.
pub(super) fn check_deliverable(message: &Message) -> Result<(), TopicError> {
    // What is added: `&%24.cdid=` and `&%24.cmid=`, with ids of 128 bytes at most.
    const SENDER: usize = 2 * (10 + 3 * 128);
    // Encoding makes three bytes of one at most, and a property has two separators.
    let properties = message.content.properties().len() + message.content.system_properties().len();
    if 3 * (message.size() - message.content.body().len()) + 2 * properties + SENDER <= LONGEST_BAG {
        return Ok(());
    }
    let length = bag::write_delivery(message).len();
    if length > LONGEST_BAG {
        return Err(TopicError::too_large(format_args!(
            "the properties have {length} bytes when encoded, and {LONGEST_BAG} fit into the topic of a delivery"
        )));
    }
    Ok(())
}

fn devices(client: &ClientId) -> String {
    match client.module_id() {
        Some(module) => format!("devices/{}/modules/{module}", client.device_id()),
        None => format!("devices/{}", client.device_id()),
    }
}

fn check(topic: String) -> Result<String, TopicError> {
    if topic.len() > LONGEST_TOPIC {
        return Err(TopicError::too_large(format_args!(
            "the topic has {} bytes, more than {LONGEST_TOPIC}",
            topic.len()
        )));
    }
    Ok(topic)
}

#[cfg(test)]
mod tests;
