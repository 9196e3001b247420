//! One message from one line of JSON.
//!
//! The keys, all optional: `origin` (who sent it), `properties`, `systemProperties`, `body` or `bodyBase64`, `source`.
//! Without an origin the system properties are taken to be stamped already, as a hub hands them on. A text as `body` is
//! the body; any other JSON there is the body as it is written. Nothing is filled in: a body query needs `contentType`
//! and `contentEncoding` here as it does in a hub.

use core::fmt;
use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgeroute::message::{Message, Origin, Properties};
use edgeroute::text::fold;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// A message that owns what the library borrows.
#[derive(Debug)]
pub(crate) struct MessageLine {
    origin: Option<OriginRecord>,
    source: Option<String>,
    properties: PropertyList,
    system_properties: PropertyList,
    body: Vec<u8>,
}

/// Why a line is no message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidMessage {
    /// Counted from 1, in bytes, where the place is known.
    pub(crate) column: Option<usize>,
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'l> {
    origin: Option<OriginRecord>,
    source: Option<String>,
    #[serde(default)]
    properties: PropertyList,
    #[serde(default, rename = "systemProperties")]
    system_properties: PropertyList,
    #[serde(borrow)]
    body: Option<&'l RawValue>,
    #[serde(rename = "bodyBase64")]
    body_base64: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginRecord {
    device: String,
    module: Option<String>,
    output: Option<String>,
    #[serde(default, rename = "twinChange")]
    twin_change: bool,
}

/// Properties in the order of the line. No two names differ only by case.
#[derive(Debug, Default)]
struct PropertyList(Vec<(String, Option<String>)>);

impl MessageLine {
    /// Reads a line. Allocates what the message holds.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, InvalidMessage> {
        let text = core::str::from_utf8(line).map_err(|error| InvalidMessage {
            column: Some(error.valid_up_to() + 1),
            reason: "not valid UTF-8".to_owned(),
        })?;
        // A struct is also read from an array, which nobody means.
        if !text.trim_start().starts_with('{') {
            return Err(InvalidMessage { column: Some(1), reason: "expected a JSON object".to_owned() });
        }
        let record: Record<'_> = serde_json::from_str(text).map_err(|error| InvalidMessage::from_json(&error))?;
        let body = match (record.body.map(RawValue::get), record.body_base64) {
            (Some(_), Some(_)) => return Err(InvalidMessage::new("both `body` and `bodyBase64` are given")),
            (None | Some("null"), None) => Vec::new(),
            (Some(json), None) if json.starts_with('"') => {
                let text: String = serde_json::from_str(json)
                    .map_err(|error| InvalidMessage::new(&format!("`body`: {}", without_place(&error))))?;
                text.into_bytes()
            }
            (Some(json), None) => json.as_bytes().to_vec(),
            (None, Some(encoded)) => STANDARD
                .decode(encoded)
                .map_err(|error| InvalidMessage::new(&format!("`bodyBase64` is no base64: {error}")))?,
        };
        let message = Self {
            origin: record.origin,
            source: record.source,
            properties: record.properties,
            system_properties: record.system_properties,
            body,
        };
        // An origin that does not hold together is found now, so that using the message cannot fail.
        message.origin()?;
        Ok(message)
    }

    fn origin(&self) -> Result<Origin<'_>, InvalidMessage> {
        let origin = match &self.origin {
            None => Origin::from_system_properties(&self.system_properties)
                .map_err(|error| InvalidMessage::new(&error.to_string()))?,
            Some(OriginRecord { device, module: None, output: None, twin_change: false }) => Origin::device(device),
            Some(OriginRecord { device, module: None, output: None, twin_change: true }) => Origin::twin_change(device),
            Some(OriginRecord { device, module: Some(module), output, twin_change: false }) => {
                let origin = Origin::module(device, module);
                output.as_ref().map_or(origin, |output| origin.output(output))
            }
            Some(OriginRecord { module: None, output: Some(_), .. }) => {
                return Err(InvalidMessage::new("an `origin` with `output` needs `module`"));
            }
            Some(OriginRecord { twin_change: true, .. }) => {
                return Err(InvalidMessage::new("an `origin` with `twinChange` takes `device` alone"));
            }
        };
        Ok(self.source.as_ref().map_or(origin, |source| origin.with_source(source)))
    }

    /// The message, borrowed.
    pub(crate) fn message(&self) -> Result<Message<'_, impl Properties, impl Properties>, InvalidMessage> {
        Ok(Message::new(self.origin()?)
            .properties(&self.properties)
            .system_properties(&self.system_properties)
            .body(&self.body))
    }
}

impl InvalidMessage {
    fn new(reason: &str) -> Self {
        Self { column: None, reason: reason.to_owned() }
    }

    fn from_json(error: &serde_json::Error) -> Self {
        Self { column: (error.column() > 0).then(|| error.column()), reason: without_place(error) }
    }
}

/// The message of an error, without the line and column behind it.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

impl Properties for PropertyList {
    fn visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>)) {
        self.0.visit(visit);
    }
}

impl<'de> Deserialize<'de> for PropertyList {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PropertyVisitor;

        impl<'de> Visitor<'de> for PropertyVisitor {
            type Value = PropertyList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings and nulls")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PropertyList, A::Error> {
                let mut seen = HashSet::new();
                let mut properties = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !seen.insert(fold(&name).into_owned()) {
                        let reason = format!("property `{name}` is given twice (names ignore case)");
                        return Err(serde::de::Error::custom(reason));
                    }
                    properties.push((name, map.next_value()?));
                }
                Ok(PropertyList(properties))
            }
        }

        deserializer.deserialize_map(PropertyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        match MessageLine::parse(line.as_bytes()) {
            Err(error) => error.reason,
            Ok(line) => {
                let message = line.message().unwrap();
                let mut shown = vec![message.origin().source().to_string()];
                let mut add = |name: &str, value: Option<&str>| {
                    shown.push(format!("{name}={}", value.unwrap_or("null")));
                };
                message.visit_properties(&mut add);
                message.visit_system_properties(&mut add);
                shown.push(format!("[{}]", String::from_utf8_lossy(message.body_bytes())));
                shown.join(" ")
            }
        }
    }

    #[test]
    fn an_origin_gives_source_and_stamps() {
        assert_eq!(
            shown(r#"{"origin": {"device": "d", "module": "m", "output": "o"}, "properties": {"a": "1", "b": null}}"#),
            "/messages/modules/m/outputs/o a=1 b=null connectionDeviceId=d connectionModuleId=m outputName=o []"
        );
        assert_eq!(
            shown(r#"{"origin": {"device": "d", "twinChange": true}}"#),
            "/twinChangeNotifications connectionDeviceId=d []"
        );
        assert_eq!(
            shown(r#"{"origin": {"device": "d"}, "systemProperties": {"CONNECTIONMODULEID": "forged"}}"#),
            "/messages connectionDeviceId=d []"
        );
    }

    #[test]
    fn without_an_origin_system_properties_are_stamped_already() {
        assert_eq!(
            shown(r#"{"systemProperties": {"connectionModuleId": "m"}}"#),
            "/messages/modules/m connectionModuleId=m []"
        );
        assert_eq!(shown("{}"), "/messages []");
        assert_eq!(shown(r#"{"source": "/deviceLifecycleEvents"}"#), "/deviceLifecycleEvents []");
    }

    #[test]
    fn a_body_is_text_or_json_as_written_or_base64() {
        assert_eq!(shown(r#"{"body": "h\u00e9"}"#), "/messages [hé]");
        assert_eq!(shown(r#"{"body": {"a": [1.50 , null]}}"#), r#"/messages [{"a": [1.50 , null]}]"#);
        assert_eq!(shown(r#"{"body": 5}"#), "/messages [5]");
        assert_eq!(shown(r#"{"body": null}"#), "/messages []");
        assert_eq!(shown(r#"{"bodyBase64": "aGk="}"#), "/messages [hi]");
    }

    #[test]
    fn a_bad_line_says_what_and_where() {
        let at = |line: &[u8]| MessageLine::parse(line).unwrap_err();
        assert_eq!(
            at(b"{\"body\": \"\xFF\"}"),
            InvalidMessage { column: Some(11), reason: "not valid UTF-8".to_owned() }
        );
        assert_eq!(at(b"{\"propertes\": {}}").column, Some(12));
        assert!(shown(r#"{"propertes": {}}"#).starts_with("unknown field `propertes`, expected one of `origin`"));
        assert!(shown(r#"{"properties": {"a": 5}}"#).contains("invalid type: integer `5`, expected a string"));
        assert!(shown(r#"{"properties": {"a": "1", "A": "2"}}"#).contains("property `A` is given twice"));
        assert!(shown(r#"{"body": "x", "bodyBase64": ""}"#).contains("both `body` and `bodyBase64`"));
        assert!(shown(r#"{"bodyBase64": "!"}"#).contains("`bodyBase64` is no base64"));
        assert!(shown(r#"{"origin": {"device": "d", "output": "o"}}"#).contains("needs `module`"));
        assert!(shown(r#"{"origin": {"device": "d", "module": "m", "twinChange": true}}"#).contains("`device` alone"));
        assert!(shown(r#"{"systemProperties": {"connectionModuleId": " "}}"#).contains("null or blank"));
        assert_eq!(shown("[]"), "expected a JSON object");
        assert!(shown("{").contains("EOF"));
    }

    #[test]
    fn a_deep_body_is_taken_as_it_is() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(shown(&format!(r#"{{"body": {deep}}}"#)).ends_with(&format!("[{deep}]")));
        assert!(!shown(&format!(r#"{{"properties": {deep}}}"#)).is_empty());
    }
}
