//! The JSON form of messages, for the feature `serde`.
//!
//! It is the form that `edgeroute match --messages` reads; `schemas/message.schema.json` describes it.

use core::fmt;
use core::marker::PhantomData;
use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::owned::OwnedOrigin;
use super::{MessageSource, Origin, OwnedMessage, OwnedProperties};
use crate::text::fold;

/// A message to be written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Sender<&'m str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'m str>,
    #[serde(skip_serializing_if = "OwnedProperties::is_empty")]
    properties: &'m OwnedProperties,
    #[serde(skip_serializing_if = "OwnedProperties::is_empty")]
    system_properties: &'m OwnedProperties,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

/// A message that was read. A key with the value null is treated as missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Read {
    origin: Option<Object<Sender<String>>>,
    source: Option<String>,
    properties: Option<OwnedProperties>,
    system_properties: Option<OwnedProperties>,
    body: Option<Box<RawValue>>,
    body_base64: Option<String>,
}

/// The key `origin`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sender<T> {
    device: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    twin_change: Option<bool>,
}

/// Writes the JSON form that `edgeroute match --messages` reads.
///
/// A body that is valid UTF-8 is written as a string, another one in Base64. Empty parts are left out.
///
/// Serializing fails for what the form cannot carry: two properties whose names differ only by case, and an origin that
/// was [read from system properties](Origin::from_system_properties) that have changed since.
impl Serialize for OwnedMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let origin = self.origin();
        let is_twin_change = origin.source() == MessageSource::TwinChange;
        let sender = origin.stamps().map(|[(_, device), (_, module), (_, output)]| Sender {
            device: device.unwrap_or_default(),
            module,
            output,
            twin_change: is_twin_change.then_some(true),
        });
        let source = match origin.source() {
            MessageSource::Other(path) => Some(path),
            _ => None,
        };
        if sender.is_none() {
            let read = Origin::from_system_properties(self.system_properties()).map_err(S::Error::custom)?;
            if source.is_none() && read != origin {
                return Err(S::Error::custom("the system properties do not have the stamps of the message's origin"));
            }
        }
        let body = core::str::from_utf8(self.body());
        let written = Written {
            origin: sender,
            source,
            properties: self.properties(),
            system_properties: self.system_properties(),
            body: body.ok().filter(|body| !body.is_empty()),
            body_base64: body.is_err().then(|| STANDARD.encode(self.body())),
        };
        written.serialize(serializer)
    }
}

/// Reads the JSON form that `edgeroute match --messages` reads, with the same rules.
///
/// Without `origin`, the origin is [read from the system properties](Origin::from_system_properties). A string as `body`
/// is the body; the source text of any other JSON value is the body. Unknown keys and two properties whose names differ
/// only by case are errors. The source text of a value is available only from JSON, so other formats cannot be read.
impl<'de> Deserialize<'de> for OwnedMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read { origin, source, properties, system_properties, body, body_base64 } =
            Object::deserialize(deserializer)?.0;
        let system_properties = system_properties.unwrap_or_default();
        let body = match (body, body_base64) {
            (Some(_), Some(_)) => return Err(D::Error::custom("`body` and `bodyBase64` cannot be given together")),
            (None, None) => Vec::new(),
            (Some(body), None) if body.get().starts_with('"') => {
                serde_json::from_str::<String>(body.get()).map_err(D::Error::custom)?.into_bytes()
            }
            (Some(body), None) => body.get().as_bytes().to_vec(),
            (None, Some(encoded)) => STANDARD
                .decode(encoded)
                .map_err(|error| D::Error::custom(format_args!("`bodyBase64` is not valid Base64: {error}")))?,
        };
        let stamped = match &origin {
            None => Origin::from_system_properties(&system_properties).map_err(D::Error::custom)?,
            Some(Object(sender)) => sender.origin().map_err(D::Error::custom)?,
        };
        let stamped = source.as_ref().map_or(stamped, |source| stamped.with_source(source));
        let origin = OwnedOrigin::new(stamped);
        Ok(Self { origin, properties: properties.unwrap_or_default(), system_properties, body })
    }
}

/// A value that must be an object: a derived `Deserialize` also reads the fields from a list.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields))
            }
        }
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

impl Sender<String> {
    fn origin(&self) -> Result<Origin<'_>, &'static str> {
        match (&self.module, &self.output, self.twin_change.unwrap_or_default()) {
            (None, None, false) => Ok(Origin::device(&self.device)),
            (None, None, true) => Ok(Origin::twin_change(&self.device)),
            (Some(module), None, false) => Ok(Origin::module(&self.device, module)),
            (Some(module), Some(output), false) => Ok(Origin::module(&self.device, module).output(output)),
            (None, Some(_), _) => Err("an `origin` with `output` must have `module`"),
            (Some(_), _, true) => Err("an `origin` with `twinChange` can only have `device`"),
        }
    }
}

/// Names that have been seen, ignoring case.
#[derive(Default)]
struct Seen(HashSet<String>);

impl Seen {
    /// Fails if a name that differs only by case has been seen.
    fn add(&mut self, name: &str) -> Result<(), String> {
        if self.0.insert(fold(name).into_owned()) {
            Ok(())
        } else {
            Err(format!("property {name:?} is given twice (names are case-insensitive)"))
        }
    }
}

/// Writes an object from names to strings or null. Fails if two names differ only by case.
impl Serialize for OwnedProperties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seen = Seen::default();
        self.iter().try_for_each(|(name, _)| seen.add(name)).map_err(S::Error::custom)?;
        serializer.collect_map(self.iter())
    }
}

/// Reads an object from names to strings or null. Fails if two names differ only by case.
impl<'de> Deserialize<'de> for OwnedProperties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = OwnedProperties;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object from names of properties to strings or null")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<OwnedProperties, A::Error> {
                let mut properties = OwnedProperties::default();
                let mut seen = Seen::default();
                while let Some((name, value)) = members.next_entry::<String, Option<String>>()? {
                    seen.add(&name).map_err(A::Error::custom)?;
                    properties.push(&name, value.as_deref());
                }
                Ok(properties)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Result<OwnedMessage, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    fn write(message: &OwnedMessage) -> Result<String, String> {
        serde_json::to_string(message).map_err(|error| error.to_string())
    }

    #[test]
    fn messages_are_written_as_the_command_reads_them() {
        let message = OwnedMessage::new(Origin::module("d", "m").output("o").with_source("/x"))
            .with_property("b", "1")
            .with_property("a", None::<&str>)
            .with_system_property("messageId", "7")
            .with_body("{}");
        assert_eq!(
            write(&message).unwrap(),
            r#"{"origin":{"device":"d","module":"m","output":"o"},"source":"/x","properties":{"b":"1","a":null},"systemProperties":{"messageId":"7"},"body":"{}"}"#
        );
        let twin_change = OwnedMessage::new(Origin::twin_change("d")).with_body(vec![0xff]);
        assert_eq!(write(&twin_change).unwrap(), r#"{"origin":{"device":"d","twinChange":true},"bodyBase64":"/w=="}"#);
        let system = [("connectionModuleId", "m")];
        let stamped = OwnedMessage::new(Origin::from_system_properties(&system).unwrap());
        assert_eq!(
            write(&stamped).unwrap_err(),
            "the system properties do not have the stamps of the message's origin"
        );
        let stamped = stamped.with_system_property("connectionModuleId", "m");
        assert_eq!(write(&stamped).unwrap(), r#"{"systemProperties":{"connectionModuleId":"m"}}"#);
        let invalid = stamped.with_system_property("outputName", "");
        assert_eq!(write(&invalid).unwrap_err(), "the system property `outputName` is null or blank");
        let twice = OwnedMessage::new(Origin::device("d")).with_property("a", "1").with_property("A", "2");
        assert_eq!(write(&twice).unwrap_err(), r#"property "A" is given twice (names are case-insensitive)"#);
    }

    #[test]
    fn messages_are_read_as_by_the_command() {
        let body = |json: &str| read(json).map(|message| String::from_utf8(message.into_body()).unwrap());
        assert_eq!(body("{}").unwrap(), "");
        assert_eq!(body(r#"{"body": "h\u00e9"}"#).unwrap(), "hé");
        assert_eq!(body(r#"{"body":  {"a": [1.50 , null]} }"#).unwrap(), r#"{"a": [1.50 , null]}"#);
        assert_eq!(body(r#"{"body": 5, "bodyBase64": null}"#).unwrap(), "5");
        assert_eq!(body(r#"{"body": null, "bodyBase64": "aGk="}"#).unwrap(), "hi");
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(body(&format!(r#"{{"body": {deep}}}"#)).unwrap(), deep);

        let source = |json: &str| read(json).map(|message| message.origin().source().to_string());
        assert_eq!(source(r#"{"origin": null, "properties": null, "systemProperties": null}"#).unwrap(), "/messages");
        assert_eq!(source(r#"{"systemProperties": {"connectionModuleId": "m"}}"#).unwrap(), "/messages/modules/m");
        assert_eq!(source(r#"{"origin": {"device": "d", "module": null}, "source": "/x"}"#).unwrap(), "/x");
        assert_eq!(source(r#"{"origin": {"device": "d", "twinChange": true}}"#).unwrap(), "/twinChangeNotifications");
    }

    #[test]
    fn what_is_not_a_message_is_refused() {
        for (json, reason) in [
            ("[]", "expected an object"),
            (r#"{"origin": ["d", null, null, null]}"#, "expected an object"),
            (r#"{"propertes": {}}"#, "unknown field `propertes`"),
            (r#"{"body": "x", "body": "x"}"#, "duplicate field `body`"),
            (r#"{"properties": {"a": 5}}"#, "expected a string"),
            (r#"{"properties": {"a": "1", "A": "2"}}"#, r#"property "A" is given twice"#),
            (r#"{"body": "x", "bodyBase64": ""}"#, "`body` and `bodyBase64` cannot"),
            (r#"{"bodyBase64": "!"}"#, "`bodyBase64` is not valid Base64"),
            (r#"{"body": "\ud800"}"#, "hex escape"),
            (r#"{"origin": {"device": "d", "output": "o"}}"#, "must have `module`"),
            (r#"{"origin": {"device": "d", "module": "m", "twinChange": true}}"#, "can only have `device`"),
            (r#"{"origin": {"module": "m"}}"#, "missing field `device`"),
            (r#"{"origin": {"device": "d", "devise": "d"}}"#, "unknown field `devise`"),
            (r#"{"systemProperties": {"connectionModuleId": " "}}"#, "null or blank"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            [device, module, output, path] in any::<[String; 4]>(),
            properties in prop::collection::btree_map("[a-c€]{0,3}", prop::option::of(any::<String>()), 0..4),
            stamp in prop::option::of("[a-z]{1,3}"),
            body in prop_oneof![any::<String>().prop_map(String::into_bytes), any::<Vec<u8>>()],
        ) {
            let system: Vec<(&str, &String)> = stamp.iter().map(|stamp| ("connectionModuleId", stamp)).collect();
            let origins = [
                Origin::device(&device),
                Origin::module(&device, &module),
                Origin::module(&device, &module).output(&output),
                Origin::twin_change(&device),
                Origin::from_system_properties(&system).unwrap(),
            ];
            for origin in origins.iter().copied().chain(origins.map(|origin| origin.with_source(&path))) {
                let mut message = OwnedMessage::new(origin).with_body(body.clone());
                message.properties_mut().extend(properties.iter());
                message.system_properties_mut().extend(system.iter().copied());
                let json = write(&message).unwrap();
                prop_assert_eq!(read(&json), Ok(message), "{}", json);
            }
        }
    }
}
