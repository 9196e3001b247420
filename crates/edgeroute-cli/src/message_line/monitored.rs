//! Messages as `az iot hub monitor-events --output json` prints them.
//!
//! They come from the cloud, which knows the device and the module, but not the module's output. With `--properties all`
//! they have the properties that conditions need; the body is decoded if its content type is JSON.

use super::{MessageLine, MessageParts, Sender};
use crate::document::{Fields, Problem, Value};

/// Reads the value of `event`.
pub(super) fn read(event: Value<'_>) -> Result<MessageLine, Problem> {
    let span = event.span();
    let mut fields = Fields::any_of(event)?;
    let device = fields.require("origin")?.text()?.into_owned();
    let module = fields.take("module").map(Value::text).transpose()?.filter(|module| !module.is_empty());
    let body = match fields.take("payload") {
        Some(payload) if payload.is_text() => payload.text()?.into_owned(),
        Some(payload) => payload.to_json().into_owned(),
        None => String::new(),
    };
    let mut properties = fields.take("properties").map(Fields::any_of).transpose()?;
    let mut take = |key: &str| properties.as_mut().and_then(|properties| properties.take(key));
    let (application, system) = (take("application"), take("system"));
    let mut system_properties = all_of(system)?;
    for (name, _) in &mut system_properties {
        *name = in_camel_case(name);
    }
    let parts = MessageParts {
        sender: Some(Sender { device, module: module.map(String::from), output: None, twin_change: false }),
        source: None,
        properties: all_of(application)?,
        system_properties,
        body: body.into_bytes(),
    };
    MessageLine::new(parts).map_err(|invalid| Problem::new(span, invalid.reason))
}

/// Properties with their values as text.
fn all_of(properties: Option<Value<'_>>) -> Result<Vec<(String, Option<String>)>, Problem> {
    let members = properties.map(Value::members).transpose()?.unwrap_or_default();
    let members = members.into_iter().map(|member| {
        let value = match member.value {
            null if null.is_null() => None,
            text if text.is_text() => Some(text.text()?.into_owned()),
            other => Some(other.to_json().into_owned()),
        };
        Ok((member.key.into_owned(), value))
    });
    members.collect()
}

/// `content_type` as `contentType`.
fn in_camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        out.push_str(letters.as_str());
    }
    match &*out {
        "absoluteExpiryTime" => "expiryTimeUtc".to_owned(),
        "creationTime" => "creationTimeUtc".to_owned(),
        _ => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monitored_event_becomes_a_message() {
        let event = r#"{"event": {"origin": "edge-1", "module": "sensor", "interface": "", "component": "",
            "properties": {"system": {"content_type": "application/json", "content_encoding": "utf-8"},
                           "application": {"level": "hot", "count": 3}},
            "annotations": {"iothub-connection-device-id": "edge-1"},
            "payload": {"t": 81.50}}}"#;
        let expected = r#"{"origin": {"device": "edge-1", "module": "sensor"},
            "properties": {"level": "hot", "count": "3"},
            "systemProperties": {"contentType": "application/json", "contentEncoding": "utf-8"},
            "body": {"t": 81.50}}"#;
        let owned = |text: &str| MessageLine::parse(text.as_bytes()).unwrap().message().unwrap().to_owned_message();
        assert_eq!(owned(event), owned(expected));
        let leaf = r#"{"event": {"origin": "leaf", "module": "", "payload": "hi"}}"#;
        assert_eq!(owned(leaf), owned(r#"{"origin": {"device": "leaf"}, "body": "hi"}"#));
    }

    #[test]
    fn an_event_without_a_device_is_not_a_message() {
        let reason = |text: &str| MessageLine::parse(text.as_bytes()).unwrap_err().reason;
        assert_eq!(reason(r#"{"event": {"payload": 1}}"#), "missing key `origin`");
        assert_eq!(reason(r#"{"event": 5}"#), "expected an object, found the number 5");
        assert!(reason(r#"{"event": {}, "body": 1}"#).contains("unknown key `event`"));
    }
}
