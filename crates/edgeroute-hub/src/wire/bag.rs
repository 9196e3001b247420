//! Property bags: the properties of a message, in the last segment of its topic.
//!
//! A bag is a list of `key=value` joined by `&`, both percent-encoded. Keys of a fixed table are system properties, all
//! others are properties of the application. Reading takes time proportional to the length of the bag.

use std::collections::HashSet;

use edgeroute::{OwnedProperties, Properties};
use edgeroute_lang::text::fold;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::TopicError;
use super::error::Excerpt;
use crate::message::{Message, stamps};

/// The most properties of one bag.
pub const MOST_PROPERTIES: usize = 1_000;

/// The most bytes of a bag that the hub writes: what is left of a topic, which has at most 65,535, for the ids and the
/// name of an input.
pub const LONGEST_BAG: usize = 65_535 - 1_024;

/// The key of the output that a module sends to.
const OUTPUT: &str = "$.on";
/// The key of the sender's device, on delivery.
const SENDER_DEVICE: &str = "$.cdid";
/// The key of the sender's module, on delivery.
const SENDER_MODULE: &str = "$.cmid";

/// The keys of system properties, each with the names that routes know it by.
const SYSTEM_KEYS: [(&str, &[&str]); 13] = [
    ("$.mid", &["messageId"]),
    ("$.cid", &["cid", "correlationId"]),
    ("$.uid", &["userId"]),
    ("$.to", &["to"]),
    ("$.ct", &["contentType"]),
    ("$.ce", &["contentEncoding"]),
    ("$.exp", &["absolute-expiry-time"]),
    (INTERFACE, &["iothub-interface-id"]),
    ("$.sub", &["dt-subject"]),
    ("$.schema", &["messageSchema"]),
    ("$.ctime", &["creationTime"]),
    ("ack", &["ack"]),
    ("iothub-operation", &["operation"]),
];

/// The key of the interface of a security message. Not sent on delivery.
const INTERFACE: &str = "$.ifid";

/// The name of `ack` in a message from the cloud.
const CLOUD_ACK: (&str, &str) = ("ack", "iothub-ack");

/// The names that only the hub sets, beside its [`stamps`].
const HUB_NAMES: [&str; 2] = ["outputName", "inputName"];

/// What is encoded: all but the characters that RFC 3986 leaves unreserved, as the SDK for Python does.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The properties that a client sent with a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bag {
    /// The output that the message is sent to.
    pub output: Option<String>,
    /// The properties of the application.
    pub properties: OwnedProperties,
    /// The system properties, by the names that routes use.
    pub system: OwnedProperties,
    /// The number of keys that were removed because only the hub may set them.
    pub stripped: usize,
}

impl Bag {
    /// Reads a bag.
    ///
    /// Of keys that differ at most by case, which routes do not distinguish, the last one counts. A key without `=` has
    /// no value. A `%` without two hexadecimal digits after it is a `%`, and a `+` is a `+`. Keys that look like the
    /// hub's own stamps are removed: `$.cdid`, `$.cmid`, and the names of stamps with a `$` in front.
    ///
    /// # Errors
    /// Fails if there are more than [`MOST_PROPERTIES`], if a key or value is not UTF-8, or if `$.on` is blank.
    pub fn read(text: &str) -> Result<Self, TopicError> {
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == MOST_PROPERTIES {
                return Err(TopicError::malformed(format_args!("more than {MOST_PROPERTIES} properties")));
            }
            let (key, value) = match pair.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (pair, None),
            };
            pairs.push((decode(key)?, value.map(decode).transpose()?));
        }

        let mut seen = HashSet::with_capacity(pairs.len());
        pairs.reverse();
        pairs.retain(|(key, _)| seen.insert(fold(key).into_owned()));

        let mut bag = Self::default();
        for (key, value) in pairs.into_iter().rev() {
            let value = value.as_deref();
            if key == OUTPUT {
                let output = value.filter(|output| !output.trim().is_empty());
                let output = output.ok_or_else(|| TopicError::malformed("the output `$.on` is blank"))?;
                bag.output = Some(output.to_owned());
            } else if let Some((_, names)) = SYSTEM_KEYS.iter().find(|(known, _)| *known == key) {
                names.iter().for_each(|name| bag.system.push(name, value));
            } else if is_stamp(&key) {
                bag.stripped += 1;
            } else {
                bag.properties.push(&key, value);
            }
        }
        Ok(bag)
    }
}

/// Writes the bag of a message that is delivered to an input: with its sender, and without output and interface.
pub(super) fn write_delivery(message: &Message) -> String {
    let mut bag = Writer::default();
    bag.system(message, |key| (key != INTERFACE).then_some(key));
    bag.properties(message, |_| true);
    bag.pair(SENDER_DEVICE, Some(message.sender.device_id()));
    if let Some(module) = message.sender.module_id() {
        bag.pair(SENDER_MODULE, Some(module));
    }
    bag.text
}

/// Writes the bag of a message as its sender would.
pub(super) fn write_telemetry(message: &Message) -> String {
    let mut bag = Writer::default();
    if let Some(output) = message.output() {
        bag.pair(OUTPUT, Some(output));
    }
    bag.system(message, Some);
    bag.properties(message, |_| true);
    bag.text
}

/// Writes the bag of a message from the cloud to a device.
pub(super) fn write_devicebound(message: &Message) -> String {
    let mut bag = Writer::default();
    bag.system(message, |key| Some(if key == CLOUD_ACK.0 { CLOUD_ACK.1 } else { key }));
    bag.properties(message, |name| name != CLOUD_ACK.1);
    bag.text
}

/// Percent-encodes a key, a value, or a segment of a topic.
pub(super) fn encode(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, ENCODED)
}

fn decode(text: &str) -> Result<String, TopicError> {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(TopicError::malformed(format_args!("`{}` is not UTF-8 when decoded", Excerpt(text)))),
    }
}

/// Whether a key is one that a hub sets on delivery, or one that routes could read as a stamp.
fn is_stamp(key: &str) -> bool {
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    is(SENDER_DEVICE)
        || is(SENDER_MODULE)
        || key
            .strip_prefix('$')
            .is_some_and(|name| stamps::ALL.iter().chain(&HUB_NAMES).any(|stamp| stamp.eq_ignore_ascii_case(name)))
}

/// Whether a key has a meaning of its own, so that no property of the application can have it as a name.
fn is_reserved(key: &str) -> bool {
    key == OUTPUT || is_stamp(key) || SYSTEM_KEYS.iter().any(|(known, _)| *known == key)
}

#[derive(Default)]
struct Writer {
    text: String,
}

impl Writer {
    /// Adds a property. Always writes `=`, without which the SDK for Node reads the value `undefined`.
    fn pair(&mut self, key: &str, value: Option<&str>) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.extend(encode(key));
        self.text.push('=');
        self.text.extend(value.into_iter().flat_map(encode));
    }

    /// Adds the system properties that have a key, in their order and under the key that `keep` returns. A key that
    /// several names have is written once.
    fn system(&mut self, message: &Message, keep: impl Fn(&'static str) -> Option<&'static str>) {
        let mut written = Vec::new();
        message.content.system_properties().visit(|name, value| {
            let known = SYSTEM_KEYS.iter().find(|(_, names)| names.contains(&name));
            if let Some(key) = known.and_then(|(key, _)| keep(key))
                && !written.contains(&key)
            {
                written.push(key);
                self.pair(key, value);
            }
        });
    }

    /// Adds the properties of the application. Those that would be read as something else are left out: they cannot
    /// come from a client, only from someone who injects a message.
    fn properties(&mut self, message: &Message, keep: impl Fn(&str) -> bool) {
        message.content.properties().visit(|name, value| {
            if !is_reserved(name) && keep(name) {
                self.pair(name, value);
            }
        });
    }
}

#[cfg(test)]
mod tests;
