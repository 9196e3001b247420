//! A message: a line of JSON, or a part of a document.
//!
//! All keys are optional: `origin` (the sender), `properties`, `systemProperties`, `body` or `bodyBase64`, `source`.
//! Without an origin, the system properties are assumed to carry the stamps already, as in a message that a hub passes
//! on. A string as `body` is the body; the source text of any other JSON value is the body. No defaults are filled in:
//! a body query needs `contentType` and `contentEncoding` here as in a hub.

mod monitored;

use core::str;
use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgeroute_lang::message::{Message, Origin, Properties};
use edgeroute_lang::text::fold;

use crate::document::{Fields, Language, Problem, Value, parse, quoted};
use crate::record::yaml;

/// A message that owns the data that the library borrows.
#[derive(Debug)]
pub(crate) struct MessageLine {
    sender: Option<Sender>,
    source: Option<String>,
    properties: PropertyList,
    system_properties: PropertyList,
    body: Vec<u8>,
}

/// The reason why a line is not a valid message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidMessage {
    /// The position if it is known: the number of lines before it, and the column in bytes, counted from 1.
    pub(crate) place: Option<(usize, usize)>,
    pub(crate) reason: String,
}

/// The sender of a message.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) device: String,
    pub(crate) module: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) twin_change: bool,
}

/// The parts of a message that is not read from JSON.
#[derive(Debug)]
pub(crate) struct MessageParts {
    pub(crate) sender: Option<Sender>,
    pub(crate) source: Option<String>,
    pub(crate) properties: Vec<(String, Option<String>)>,
    pub(crate) system_properties: Vec<(String, Option<String>)>,
    pub(crate) body: Vec<u8>,
}

/// Properties in the order of the line. No two names differ only in case.
#[derive(Debug, Default)]
struct PropertyList(Vec<(String, Option<String>)>);

impl MessageLine {
    /// Creates a message from its parts.
    pub(crate) fn new(parts: MessageParts) -> Result<Self, InvalidMessage> {
        let MessageParts { sender, source, properties, system_properties, body } = parts;
        let list = |properties: Vec<(String, Option<String>)>| match twice(properties.iter().map(|(name, _)| name)) {
            Some(name) => Err(InvalidMessage::new(&given_twice(name))),
            None => Ok(PropertyList(properties)),
        };
        let (properties, system_properties) = (list(properties)?, list(system_properties)?);
        let message = Self { sender, source, properties, system_properties, body };
        message.origin()?;
        Ok(message)
    }

    /// Parses a message. Allocates its content.
    pub(crate) fn parse(record: &[u8]) -> Result<Self, InvalidMessage> {
        let text = str::from_utf8(record).map_err(|error| InvalidMessage {
            place: Some(place(record, error.valid_up_to())),
            reason: "not valid UTF-8".to_owned(),
        })?;
        parse(text, Language::Json).and_then(Self::from_value).map_err(|problem| {
            let help = problem.help.map(|help| format!("; {help}")).unwrap_or_default();
            InvalidMessage { place: Some(place(record, problem.span.start)), reason: problem.message + &help }
        })
    }

    /// Reads a message from a part of a document.
    pub(crate) fn from_value(value: Value<'_>) -> Result<Self, Problem> {
        let span = value.span();
        let members = value.members()?;
        if let [only] = &*members
            && only.key == "event"
        {
            return monitored::read(only.value.clone());
        }
        let known = ["origin", "source", "properties", "systemProperties", "body", "bodyBase64"];
        let mut fields = Fields::new(members, span.clone(), &known)?;
        let base64_span = fields.key_span("bodyBase64");
        let body = match (fields.take("body"), fields.take("bodyBase64")) {
            (Some(_), Some(_)) => {
                return Err(Problem::new(
                    base64_span.unwrap_or(span),
                    "`body` and `bodyBase64` cannot be given together",
                ));
            }
            (None, None) => Vec::new(),
            (Some(body), None) if body.is_text() => body.text()?.into_owned().into_bytes(),
            (Some(body), None) => body.to_json().into_owned().into_bytes(),
            (None, Some(encoded)) => {
                let span = encoded.span();
                let decoded = STANDARD.decode(encoded.text()?.as_bytes());
                decoded.map_err(|error| Problem::new(span, format!("`bodyBase64` is not valid Base64: {error}")))?
            }
        };
        let properties = fields.take("properties").map(PropertyList::from_value).transpose()?;
        let system_properties = fields.take("systemProperties").map(PropertyList::from_value).transpose()?;
        let origin = fields.take("origin");
        let origin_span = origin.as_ref().map_or(span, Value::span);
        let message = Self {
            sender: origin.map(Sender::from_value).transpose()?,
            source: fields.take("source").map(|source| source.text().map(String::from)).transpose()?,
            properties: properties.unwrap_or_default(),
            system_properties: system_properties.unwrap_or_default(),
            body,
        };
        // Checks the origin now, so that using the message cannot fail.
        message.origin().map_err(|why| Problem::new(origin_span, why.reason))?;
        Ok(message)
    }

    fn origin(&self) -> Result<Origin<'_>, InvalidMessage> {
        let origin = match &self.sender {
            None => Origin::from_system_properties(&self.system_properties)
                .map_err(|error| InvalidMessage::new(&error.to_string()))?,
            Some(Sender { device, module: None, output: None, twin_change: false }) => Origin::device(device),
            Some(Sender { device, module: None, output: None, twin_change: true }) => Origin::twin_change(device),
            Some(Sender { device, module: Some(module), output, twin_change: false }) => {
                let origin = Origin::module(device, module);
                output.as_ref().map_or(origin, |output| origin.output(output))
            }
            Some(Sender { module: None, output: Some(_), .. }) => {
                return Err(InvalidMessage::new("an `origin` with `output` must have `module`"));
            }
            Some(Sender { twin_change: true, .. }) => {
                return Err(InvalidMessage::new("an `origin` with `twinChange` can only have `device`"));
            }
        };
        Ok(self.source.as_ref().map_or(origin, |source| origin.with_source(source)))
    }

    /// Borrows the message.
    pub(crate) fn message(&self) -> Result<Message<'_, impl Properties, impl Properties>, InvalidMessage> {
        Ok(Message::new(self.origin()?)
            .properties(&self.properties)
            .system_properties(&self.system_properties)
            .body(&self.body))
    }
}

impl MessageLine {
    /// Writes the message in YAML, as the lines of an object that [`from_value`](Self::from_value) reads. Empty if the
    /// message has no keys.
    pub(crate) fn to_yaml(&self) -> String {
        let mut out = String::new();
        let mut add = |key: &str, value: String| out.extend([key, ": ", &value, "\n"]);
        if let Some(sender) = &self.sender {
            add("origin", sender.to_yaml());
        }
        if let Some(source) = &self.source {
            add("source", yaml(source));
        }
        for (key, properties) in [("properties", &self.properties), ("systemProperties", &self.system_properties)] {
            if !properties.0.is_empty() {
                add(key, properties.to_yaml());
            }
        }
        match str::from_utf8(&self.body) {
            Ok("") => {}
            Ok(body) if is_same_in_yaml(body) => add("body", body.to_owned()),
            Ok(body) => add("body", yaml(body)),
            Err(_) => add("bodyBase64", yaml(&STANDARD.encode(&self.body))),
        }
        out
    }
}

/// Whether a body can be written as a JSON object or array in YAML, and reading it gives the same bytes.
fn is_same_in_yaml(body: &str) -> bool {
    let is_container = body.starts_with(['{', '[']) && !body.contains(['\n', '\r']);
    is_container && parse(body, Language::Yaml).is_ok_and(|value| value.to_json() == body)
}

impl InvalidMessage {
    fn new(reason: &str) -> Self {
        Self { place: None, reason: reason.to_owned() }
    }
}

/// The number of lines before a byte of a record, and its column in bytes, counted from 1.
fn place(record: &[u8], at: usize) -> (usize, usize) {
    let before = record.get(..at).unwrap_or(record);
    let lines = before.split(|&byte| byte == b'\n').count() - 1;
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    (lines, before.len() - start + 1)
}

/// The first name that is in the list twice, ignoring case.
fn twice<'n>(mut names: impl Iterator<Item = &'n String>) -> Option<&'n str> {
    let mut seen = HashSet::new();
    names.find(|name| !seen.insert(fold(name).into_owned())).map(String::as_str)
}

fn given_twice(name: &str) -> String {
    format!("property {} is given twice (names are case-insensitive)", quoted(name))
}

impl Sender {
    fn to_yaml(&self) -> String {
        let Self { device, module, output, twin_change } = self;
        let texts = [("device", Some(device)), ("module", module.as_ref()), ("output", output.as_ref())];
        let texts = texts.into_iter().filter_map(|(key, text)| Some(format!("{key}: {}", yaml(text?))));
        let twin_change = twin_change.then(|| "twinChange: true".to_owned());
        format!("{{{}}}", texts.chain(twin_change).collect::<Vec<_>>().join(", "))
    }

    fn from_value(value: Value<'_>) -> Result<Self, Problem> {
        let mut fields = Fields::of(value, &["device", "module", "output", "twinChange"])?;
        let text = |value: Value<'_>| value.text().map(String::from);
        Ok(Self {
            device: fields.require("device").and_then(text)?,
            module: fields.take("module").map(text).transpose()?,
            output: fields.take("output").map(text).transpose()?,
            twin_change: fields.take("twinChange").map(Value::bool).transpose()?.unwrap_or_default(),
        })
    }
}

impl PropertyList {
    fn to_yaml(&self) -> String {
        let value = |value: &Option<String>| value.as_deref().map_or("null".to_owned(), yaml);
        let members: Vec<String> =
            self.0.iter().map(|(name, text)| format!("{}: {}", yaml(name), value(text))).collect();
        format!("{{{}}}", members.join(", "))
    }

    fn from_value(value: Value<'_>) -> Result<Self, Problem> {
        let mut seen = HashSet::new();
        let mut properties = Vec::new();
        for member in value.members()? {
            if !seen.insert(fold(&member.key).into_owned()) {
                return Err(Problem::new(member.key_span, given_twice(&member.key)));
            }
            let value = if member.value.is_null() { None } else { Some(member.value.text()?.into_owned()) };
            properties.push((member.key.into_owned(), value));
        }
        Ok(Self(properties))
    }
}

impl Properties for PropertyList {
    fn visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>)) {
        self.0.visit(visit);
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
            InvalidMessage { place: Some((0, 11)), reason: "not valid UTF-8".to_owned() }
        );
        assert_eq!(at(b"{\"propertes\": {}}").place, Some((0, 2)));
        assert_eq!(at(b"{\n \"propertes\": {}}").place, Some((1, 2)));
        assert_eq!(shown(r#"{"propertes": {}}"#), "unknown key `propertes`; did you mean `properties`?");
        assert_eq!(
            shown(r#"{"properties": {"a": 5}}"#),
            "expected a string, found the number 5; put it in quotes to make it a string: \"5\""
        );
        assert!(shown(r#"{"properties": {"a": "1", "A": "2"}}"#).contains("property `A` is given twice"));
        assert!(shown(r#"{"body": "x", "bodyBase64": ""}"#).contains("`body` and `bodyBase64` cannot"));
        assert!(shown(r#"{"bodyBase64": "!"}"#).contains("`bodyBase64` is not valid Base64"));
        assert!(shown(r#"{"origin": {"device": "d", "output": "o"}}"#).contains("must have `module`"));
        assert!(
            shown(r#"{"origin": {"device": "d", "module": "m", "twinChange": true}}"#)
                .contains("can only have `device`")
        );
        assert!(shown(r#"{"systemProperties": {"connectionModuleId": " "}}"#).contains("null or blank"));
        assert_eq!(shown("[]"), "expected an object, found a list");
        assert_eq!(shown(r#"{"origin": {"module": "m"}}"#), "missing key `device`");
        assert_eq!(shown("{"), "not valid JSON: the text ends while parsing an object");
        assert!(shown("{a: 1}").ends_with("; put the key in double quotes"), "{}", shown("{a: 1}"));
    }

    /// The library's owned messages have the same JSON form, with the feature `serde`.
    #[test]
    fn owned_messages_are_written_and_read_alike() {
        use edgeroute_lang::message::OwnedMessage;

        for line in [
            "{}",
            r#"{"origin": {"device": "d", "module": "m", "output": "o"}, "properties": {"b": "1", "a": null}}"#,
            r#"{"origin": {"device": "d", "twinChange": true}, "systemProperties": {"messageId": "1"}}"#,
            r#"{"origin": {"device": "d", "module": "m"}, "source": "/x"}"#,
            r#"{"systemProperties": {"connectionModuleId": "m", "outputName": "o"}, "properties": null}"#,
            r#"{"body": {"a": [1.50 , null]}}"#,
            r#"{"body": "h\u00e9 \""}"#,
            r#"{"bodyBase64": "/wA="}"#,
            r#"{"propertes": {}}"#,
            r#"{"properties": {"a": 5}}"#,
            r#"{"properties": {"a": "1", "A": "2"}}"#,
            r#"{"body": "x", "bodyBase64": ""}"#,
            r#"{"bodyBase64": "!"}"#,
            r#"{"bodyBase64": "aGk"}"#,
            r#"{"body": "\ud800"}"#,
            r#"{"body": 1, "body": 2}"#,
            r#"{"origin": {"device": "d", "output": "o"}}"#,
            r#"{"origin": {"device": "d", "module": "m", "twinChange": true}}"#,
            r#"{"origin": {"device": "d", "twinChange": null, "module": null}}"#,
            r#"{"origin": {"device": null}}"#,
            r#"{"systemProperties": {"connectionModuleId": " "}}"#,
            "[]",
            "{",
        ] {
            let (command, library) = (MessageLine::parse(line.as_bytes()), serde_json::from_str::<OwnedMessage>(line));
            assert_eq!(command.is_ok(), library.is_ok(), "{line}: {command:?} {library:?}");
            let (Ok(command), Ok(library)) = (command, library) else {
                continue;
            };
            let message = command.message().unwrap().to_owned_message();
            assert_eq!(message, library, "{line}");
            let written = serde_json::to_string(&message).unwrap();
            let again = MessageLine::parse(written.as_bytes()).unwrap();
            assert_eq!(again.message().unwrap().to_owned_message(), message, "{written}");
        }
    }

    #[test]
    fn what_is_written_in_yaml_is_read_alike() {
        for (line, expected) in [
            ("{}", ""),
            (
                r#"{"origin": {"device": "d", "module": "m", "output": "o"}}"#,
                "origin: {device: \"d\", module: \"m\", output: \"o\"}\n",
            ),
            (r#"{"origin": {"device": "a: b", "twinChange": true}}"#, "origin: {device: \"a: b\", twinChange: true}\n"),
            (
                r#"{"properties": {"b": "1\u0000\u007f\u2028\ufeff \"\\", "a": null}, "source": "/x"}"#,
                "source: \"/x\"\nproperties: {\"b\": \"1\\u0000\\u007f\\u2028\\ufeff \\\"\\\\\", \"a\": null}\n",
            ),
            (
                r#"{"systemProperties": {"contentType": "a"}, "body": {"a": [1, true]}}"#,
                "systemProperties: {\"contentType\": \"a\"}\nbody: {\"a\": [1, true]}\n",
            ),
            (r#"{"body": {"a":1.50}}"#, "body: \"{\\\"a\\\":1.50}\"\n"),
            (r#"{"body": "h\u00e9"}"#, "body: \"hé\"\n"),
            (r#"{"body": 5}"#, "body: \"5\"\n"),
            (r#"{"bodyBase64": "/wA="}"#, "bodyBase64: \"/wA=\"\n"),
        ] {
            let message = MessageLine::parse(line.as_bytes()).unwrap();
            let written = message.to_yaml();
            assert_eq!(written, expected, "{line}");
            let yaml = if written.is_empty() { "{}" } else { &written };
            let again = MessageLine::from_value(parse(yaml, Language::Yaml).unwrap()).unwrap();
            let [first, second] = [&message, &again].map(|line| line.message().unwrap().to_owned_message());
            assert_eq!(first, second, "{line}");
        }
    }

    #[test]
    fn a_deep_body_is_taken_as_it_is() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(shown(&format!(r#"{{"body": {deep}}}"#)).ends_with(&format!("[{deep}]")));
        assert!(!shown(&format!(r#"{{"properties": {deep}}}"#)).is_empty());
    }
}
