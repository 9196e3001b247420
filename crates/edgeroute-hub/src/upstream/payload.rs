use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::config::Properties;
use crate::message::Message;
use crate::wire::{self, Template, TopicError};

/// The most bytes of a topic in MQTT.
const LONGEST_TOPIC: usize = 65_535;

/// A message as a broker gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Publication<'m> {
    pub(super) topic: String,
    pub(super) payload: Cow<'m, [u8]>,
}

/// Why a message fits into no packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsendable(String);

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<TopicError> for Unsendable {
    fn from(error: TopicError) -> Self {
        Self(error.to_string())
    }
}

/// Makes the publication of a message for a broker: with the properties as the last level of the topic,
/// `?key=value&..`, percent-encoded as the SDKs do, or with a JSON object that has sender, properties, and the body in
/// base64. Without properties there is no such level.
///
/// # Errors
/// Fails if the properties do not fit into a topic.
pub(super) fn for_broker<'m>(
    message: &'m Message,
    template: &Template,
    properties: Properties,
) -> Result<Publication<'m>, Unsendable> {
    let mut topic = template.topic(message);
    let payload = match properties {
        Properties::Envelope => Cow::Owned(envelope(message)),
        Properties::Topic => {
            let events = wire::events_topic(message)?;
            // A bag has no slash: it is encoded.
            if let Some((_, bag)) = events.rsplit_once('/')
                && !bag.is_empty()
            {
                topic.push_str("/?");
                topic.push_str(bag);
            }
            Cow::Borrowed(message.content.body())
        }
    };
    if topic.len() > LONGEST_TOPIC {
        return Err(Unsendable(format!("its topic has {} bytes, more than {LONGEST_TOPIC}", topic.len())));
    }
    Ok(Publication { topic, payload })
}

/// Makes the publication of a message for another hub: what its sender would send.
///
/// # Errors
/// Fails if the properties do not fit into a topic.
pub(super) fn for_hub(message: &Message) -> Result<Publication<'_>, Unsendable> {
    Ok(Publication { topic: wire::events_topic(message)?, payload: Cow::Borrowed(message.content.body()) })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'m> {
    device: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'m str>,
    /// Milliseconds since 1970-01-01 UTC.
    received: u64,
    properties: BTreeMap<&'m str, Option<&'m str>>,
    system_properties: BTreeMap<&'m str, Option<&'m str>>,
    body: String,
}

fn envelope(message: &Message) -> Vec<u8> {
    let envelope = Envelope {
        device: message.sender.device_id(),
        module: message.sender.module_id(),
        output: message.output(),
        received: message.received.0,
        properties: message.content.properties().iter().collect(),
        system_properties: message.content.system_properties().iter().collect(),
        body: STANDARD.encode(message.content.body()),
    };
    // Strings and numbers in maps with string keys always serialize.
    serde_json::to_vec(&envelope).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use edgeroute::{Origin, OwnedMessage};
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Timestamp;
    use crate::identity::ClientId;
    use crate::wire::Bag;

    fn message(properties: &[(String, Option<String>)], body: &[u8]) -> Message {
        let mut content = OwnedMessage::new(Origin::module("edge-1", "sensor").output("out1")).with_body(body);
        for (key, value) in properties {
            content.properties_mut().push(key, value.as_deref());
        }
        content.system_properties_mut().push("messageId", Some("m-1"));
        Message { sender: ClientId::module("edge-1", "sensor"), received: Timestamp(7), content }
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect()
    }

    #[test]
    fn properties_are_the_last_level_of_the_topic() {
        let message = message(&owned(&[("odd key", "a&b=c/d%+#")]), b"\0\xff");
        let publication = for_broker(&message, &Template::default(), Properties::Topic).expect("it fits");
        assert_eq!(
            publication.topic,
            "edge/edge-1/sensor/out1/?%24.on=out1&%24.mid=m-1&odd%20key=a%26b%3Dc%2Fd%25%2B%23"
        );
        assert_eq!(&*publication.payload, b"\0\xff");
    }

    #[test]
    fn a_message_without_properties_has_the_topic_of_the_template() {
        let content = OwnedMessage::new(Origin::device("leaf-1")).with_body("1");
        let message = Message { sender: ClientId::device("leaf-1"), received: Timestamp(0), content };
        let publication = for_broker(&message, &Template::default(), Properties::Topic).expect("it fits");
        assert_eq!((publication.topic.as_str(), &*publication.payload), ("edge/leaf-1", &b"1"[..]));
    }

    #[test]
    fn an_envelope_has_all_of_a_message() {
        let mut properties = owned(&[("z", "1"), ("a", "2")]);
        properties.push(("none".to_owned(), None));
        let message = message(&properties, b"\0\xff");
        let publication = for_broker(&message, &Template::default(), Properties::Envelope).expect("it fits");
        assert_eq!(publication.topic, "edge/edge-1/sensor/out1");
        assert_eq!(
            std::str::from_utf8(&publication.payload).expect("JSON"),
            r#"{"device":"edge-1","module":"sensor","output":"out1","received":7,"properties":{"a":"2","none":null,"z":"1"},"systemProperties":{"messageId":"m-1"},"body":"AP8="}"#
        );
    }

    #[test]
    fn another_hub_gets_the_topic_of_the_sender() {
        let message = message(&owned(&[("seq", "0")]), b"1");
        let publication = for_hub(&message).expect("it fits");
        assert_eq!(publication.topic, "devices/edge-1/modules/sensor/messages/events/%24.on=out1&%24.mid=m-1&seq=0");
    }

    #[test]
    fn properties_that_fit_into_no_topic_are_refused() {
        let message = message(&owned(&[("k", &"x".repeat(70_000))]), b"");
        assert!(for_broker(&message, &Template::default(), Properties::Topic).is_err());
        assert!(for_broker(&message, &Template::default(), Properties::Envelope).is_ok());
        let template: Template = "x".repeat(1_000).parse().expect("valid");
        let message = self::message(&owned(&[("k", &"x".repeat(65_000))]), b"");
        let error = for_broker(&message, &template, Properties::Topic).expect_err("it is too long");
        assert!(error.to_string().ends_with("bytes, more than 65535"), "{error}");
    }

    proptest! {
        #[test]
        fn a_subscriber_reads_the_same_properties(
            // Keys with `$` are the hub's own.
            properties in proptest::collection::btree_map("[^$A-Z]{1,12}", proptest::option::of(any::<String>()), 0..8),
            body in any::<Vec<u8>>(),
        ) {
            let properties: Vec<_> = properties.into_iter()
                .filter(|(key, _)| !matches!(key.as_str(), "ack" | "iothub-operation"))
                .collect();
            let message = message(&properties, &body);
            let publication = for_broker(&message, &Template::default(), Properties::Topic).expect("it fits");
            prop_assert!(publication.topic.is_ascii() && !publication.topic.contains(['+', '#']));
            prop_assert!(!publication.topic.chars().any(char::is_control));
            prop_assert_eq!(publication.topic.split('/').count(), 5);
            let (topic, bag) = publication.topic.split_once("/?").expect("there is a bag");
            prop_assert_eq!(topic, "edge/edge-1/sensor/out1");
            let bag = Bag::read(bag).expect("it can be read");
            prop_assert_eq!(bag.output.as_deref(), Some("out1"));
            prop_assert_eq!(
                bag.properties.iter().map(|(key, value)| (key.to_owned(), value.unwrap_or_default().to_owned())).collect::<BTreeMap<_, _>>(),
                properties.iter().map(|(key, value)| (key.clone(), value.clone().unwrap_or_default())).collect()
            );
            prop_assert_eq!(&*publication.payload, &body);
        }
    }
}
