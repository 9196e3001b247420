//! Generates messages for routes that satisfy their conditions, nearly satisfy them, or do not.

use std::fmt::Write;

use edgeroute_lang::message::{Message, Origin};

use super::Sketch;
use super::choices::Choices;
use super::conditions::{Hint, NAMES, NUMBERS, Place, TEXTS, Wanted};

type Pairs = Vec<(String, Option<String>)>;

/// The parts of a message, owned.
#[derive(Clone, Debug)]
pub struct MessageParts {
    pub origin: OriginParts,
    pub properties: Pairs,
    pub system_properties: Pairs,
    pub body: Vec<u8>,
}

/// The parts of an origin.
#[derive(Clone, Debug)]
pub enum OriginParts {
    Device(String),
    Module {
        device: String,
        module: String,
        output: Option<String>,
    },
    TwinChange,
    Other(String),
    /// Derived from the system properties; a device if they are not valid.
    SystemProperties,
}

impl MessageParts {
    pub fn message(&self) -> Message<'_, Pairs, Pairs> {
        let origin = match &self.origin {
            OriginParts::Device(device) => Origin::device(device),
            OriginParts::Module { device, module, output: None } => Origin::module(device, module),
            OriginParts::Module { device, module, output: Some(output) } => {
                Origin::module(device, module).output(output)
            }
            OriginParts::TwinChange => Origin::twin_change("device-1"),
            OriginParts::Other(path) => Origin::module("device-1", "m").with_source(path),
            OriginParts::SystemProperties => {
                Origin::from_system_properties(&self.system_properties).unwrap_or(Origin::device("device-1"))
            }
        };
        Message::new(origin).properties(&self.properties).system_properties(&self.system_properties).body(&self.body)
    }
}

const DEVICES: [&str; 4] = ["device-1", "a", "", "crit"];
const MODULES: [&str; 13] =
    ["m", "M", "sensor", "sens/x", "m ", "m/", "é", "É ", "m/outputs/o", "*", "//", "sens/x/outputs/o ", "a"];
const OUTPUTS: [&str; 7] = ["o", "O", "o/p", "o ", "//", "*", "a"];
const PATHS: [&str; 7] =
    ["/deviceLifecycleEvents", "/devicelifecycleevents/ ", "/messages", " /messages/x", "x", "/Messages/modules/m", ""];

/// Generates a message that some route usually matches.
pub fn message(choices: &mut Choices<'_>, sketches: &[Sketch]) -> MessageParts {
    let sketch = choices.pick(sketches);
    let mut parts = MessageParts {
        origin: origin(choices, sketch.source),
        properties: Vec::new(),
        system_properties: Vec::new(),
        body: Vec::new(),
    };
    if choices.one_in(2) {
        // Comes first, so that names occur in an order other than the one in which routes read them.
        parts.properties.push((spelled(choices, NAMES[6]), Some("0".to_owned())));
    }
    let mut body = Members::default();
    for hint in &sketch.hints {
        if !choices.one_in(8) {
            follow(choices, hint, &mut parts, &mut body);
        }
    }
    for _ in 0..choices.below(4) {
        let sketch = choices.pick(sketches);
        if let Some(hint) = sketch.hints.get(choices.below(sketch.hints.len())) {
            follow(choices, hint, &mut parts, &mut body);
        }
    }
    if choices.one_in(4) {
        duplicate(choices, &mut parts.properties);
        duplicate(choices, &mut parts.system_properties);
    }
    if choices.one_in(8) {
        parts.properties.push((choices.raw_text(), Some(choices.raw_text())));
        parts.properties.push(("nobody reads this".to_owned(), None));
    }
    if choices.one_in(8) {
        parts.properties.reverse();
    }
    parts.body = body.finish(choices, &mut parts.system_properties);
    parts
}

/// Generates an origin that a route with this source selects, or another one.
fn origin(choices: &mut Choices<'_>, source: &str) -> OriginParts {
    let device = (*choices.pick(&DEVICES)).to_owned();
    if !choices.one_in(3) {
        let mut segments = source.trim_end_matches(['*', '/']).splitn(4, '/').skip(1);
        return match (segments.next(), segments.next(), segments.next()) {
            (Some("messages"), Some("modules"), Some(rest)) => {
                let (module, output) = rest.split_once("/outputs").unwrap_or((rest, ""));
                let output = output.trim_start_matches('/');
                let output = if output.is_empty() { *choices.pick(&OUTPUTS) } else { output };
                let (module, output) = (spelled(choices, module), spelled(choices, output));
                OriginParts::Module { device, module, output: (!choices.one_in(6)).then_some(output) }
            }
            (Some("twinChangeNotifications"), ..) => OriginParts::TwinChange,
            (Some("deviceLifecycleEvents"), ..) => OriginParts::Other(spelled(choices, source)),
            (Some("messages"), Some("modules"), None) => OriginParts::Module {
                device,
                module: (*choices.pick(&MODULES)).to_owned(),
                output: choices.one_in(2).then(|| (*choices.pick(&OUTPUTS)).to_owned()),
            },
            _ => OriginParts::Device(device),
        };
    }
    match choices.byte() % 6 {
        0..=1 => OriginParts::Module {
            device,
            module: (*choices.pick(&MODULES)).to_owned(),
            output: choices.one_in(2).then(|| (*choices.pick(&OUTPUTS)).to_owned()),
        },
        2 => OriginParts::Device(device),
        3 => OriginParts::TwinChange,
        4 => OriginParts::Other((*choices.pick(&PATHS)).to_owned()),
        _ => OriginParts::SystemProperties,
    }
}

/// Writes a name in some combination of cases.
fn spelled(choices: &mut Choices<'_>, name: &str) -> String {
    match choices.byte() % 8 {
        0..=4 => name.to_owned(),
        5 => name.to_uppercase(),
        6 => name.to_lowercase(),
        _ => {
            let flip = |(index, character): (usize, char)| {
                if index % 2 == 0 { character.to_ascii_uppercase() } else { character }
            };
            name.chars().enumerate().map(flip).collect()
        }
    }
}

/// Adds the value that a hint requires, or a similar one, in the place it requires or a similar one.
fn follow(choices: &mut Choices<'_>, hint: &Hint, parts: &mut MessageParts, body: &mut Members) {
    match hint.place {
        Place::Property(name) => {
            let value = property_value(choices, &hint.wanted);
            let bare = name.trim_matches(['{', '}', '$']);
            let is_system =
                if name.starts_with('{') { !choices.one_in(8) } else { name.starts_with('$') && !choices.one_in(3) };
            // Makes conditions on stamps come true.
            if let (Some(value), Some(place)) = (&value, stamp(bare, &mut parts.origin)) {
                value.clone_into(place);
            }
            if is_system {
                parts.system_properties.push((spelled(choices, bare), value));
            } else {
                let name = if name.starts_with(['$', '{']) { format!("${bare}") } else { bare.to_owned() };
                parts.properties.push((spelled(choices, &name), value));
            }
        }
        Place::Body(path) => {
            if choices.one_in(8) {
                let value = property_value(choices, &hint.wanted);
                parts.properties.push((spelled(choices, &format!("$body.{path}")), value));
            } else {
                body.put(path, json(choices, &hint.wanted));
            }
        }
    }
}

/// The field of an origin that holds the stamp with this name.
fn stamp<'o>(name: &str, origin: &'o mut OriginParts) -> Option<&'o mut String> {
    match (name.to_lowercase().as_str(), origin) {
        ("connectiondeviceid", OriginParts::Device(device) | OriginParts::Module { device, .. }) => Some(device),
        _ => None,
    }
}

fn property_value(choices: &mut Choices<'_>, wanted: &Wanted) -> Option<String> {
    Some(match wanted {
        Wanted::Text(text) => near_text(choices, text),
        Wanted::Number(number) => number_text(choices, *number),
        Wanted::Bool(truth) => truth.to_string(),
        Wanted::Null if choices.one_in(3) => String::new(),
        Wanted::Null => return None,
    })
}

/// Usually returns the string, otherwise one that differs slightly.
fn near_text(choices: &mut Choices<'_>, text: &str) -> String {
    let mut shorter = text.chars();
    match choices.byte() % 16 {
        0..=7 => text.to_owned(),
        8 => format!("{text}x"),
        9 => format!("x{text}"),
        10 => {
            shorter.next_back();
            shorter.as_str().to_owned()
        }
        11 => {
            shorter.next();
            shorter.as_str().to_owned()
        }
        12 => text.to_uppercase(),
        13 => format!("x{text}x"),
        14 => (*choices.pick(&TEXTS)).to_owned(),
        _ => text.replace('é', "e\u{301}"),
    }
}

/// Returns the number or a neighbouring one.
fn near_number(choices: &mut Choices<'_>, number: f64) -> f64 {
    match choices.byte() % 10 {
        0..=3 => number,
        4 => number.next_up(),
        5 => number.next_down(),
        6 => number + 1.0,
        7 => number - 1.0,
        8 => -number,
        _ => *choices.pick(&NUMBERS),
    }
}

fn number_text(choices: &mut Choices<'_>, number: f64) -> String {
    let number = near_number(choices, number);
    match choices.byte() % 10 {
        0..=3 => format!("{number:e}"),
        4..=5 => format!(" {number} "),
        6 => format!("({})", number.abs()),
        7 => format!("{number}-"),
        8 => "NaN".to_owned(),
        _ => "1,0".to_owned(),
    }
}

fn json(choices: &mut Choices<'_>, wanted: &Wanted) -> String {
    if choices.one_in(10) {
        let odd = ["{\"y\": 1}", "[]", "[1, \"a\"]", "\"\\uD800\"", "\"2024-01-01T00:00:00Z\"", "-0", "1e400", "null"];
        return (*choices.pick(&odd)).to_owned();
    }
    match wanted {
        Wanted::Text(text) => {
            let text = near_text(choices, text);
            string(choices, &text)
        }
        Wanted::Number(number) => {
            let number = near_number(choices, *number);
            match (number.is_finite(), choices.one_in(8)) {
                (false, _) => if number > 0.0 { "1e400" } else { "-1e400" }.to_owned(),
                (true, true) => string(choices, &number.to_string()),
                (true, false) => format!("{number:e}"),
            }
        }
        Wanted::Bool(truth) => (truth ^ choices.one_in(4)).to_string(),
        Wanted::Null => "null".to_owned(),
    }
}

/// Writes a JSON string, with more or fewer escapes.
fn string(choices: &mut Choices<'_>, text: &str) -> String {
    let escapes_all = choices.one_in(4);
    let mut json = "\"".to_owned();
    for character in text.chars() {
        if escapes_all || character < ' ' || "\"\\".contains(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(json, "\\u{unit:04x}");
            }
        } else {
            json.push(character);
        }
    }
    json + "\""
}

/// Repeats one of the properties, in the same or another case, with the same or another value.
fn duplicate(choices: &mut Choices<'_>, pairs: &mut Pairs) {
    if let Some((name, value)) = pairs.get(choices.below(pairs.len())).cloned() {
        let value = if choices.one_in(2) { value } else { Some((*choices.pick(&TEXTS)).to_owned()) };
        let name = spelled(choices, &name);
        if choices.one_in(2) { pairs.push((name, value)) } else { pairs.insert(0, (name, value)) }
    }
}

/// The members of a body that paths lead to.
#[derive(Default)]
struct Members {
    /// Paths and JSON values. Duplicate paths are both written.
    all: Vec<(&'static str, String)>,
}

impl Members {
    fn put(&mut self, path: &'static str, json: String) {
        self.all.push((path, json));
    }

    /// Returns the body, and adds the system properties that describe it.
    fn finish(self, choices: &mut Choices<'_>, system_properties: &mut Pairs) -> Vec<u8> {
        if self.all.is_empty() && !choices.one_in(8) {
            return Vec::new();
        }
        let mut members = Vec::new();
        let mut elements = ["1".to_owned(), "\"a\"".to_owned()];
        for (path, json) in &self.all {
            match *path {
                "o.x" => members.push(format!("\"o\": {{\"x\": {json}, \"y\": [{{}}]}}")),
                "arr[0]" => elements[0].clone_from(json),
                "arr[1]" => elements[1].clone_from(json),
                "none" => {}
                name => members.push(format!("\"{name}\": {json}")),
            }
        }
        members.push(format!("\"arr\": [{}]", elements.join(", ")));
        if choices.one_in(4) {
            members.push("\"properties\": {\"reported\": {\"x\": null}}".to_owned());
        }
        let mut text = format!("{{{}}}", members.join(", "));
        match choices.byte() % 16 {
            13 => text = format!(" {text}\n"),
            14 => text.push('x'),
            15 => text = text.chars().take(choices.byte().into()).collect(),
            _ => {}
        }
        let (encoding, body) = match choices.byte() % 8 {
            0..=4 => ("utf-8", text.into_bytes()),
            5 => ("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            6 => ("utf-32", text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect()),
            _ => ("utf-16", text.into_bytes()),
        };
        if !choices.one_in(12) {
            let content_type = if choices.one_in(12) { "application/json; charset=utf-8" } else { "application/json" };
            // Before those that the hints add, so that the latter usually count.
            system_properties.insert(0, ("contentType".to_owned(), Some(content_type.to_owned())));
            system_properties.insert(0, ("contentEncoding".to_owned(), Some(encoding.to_owned())));
        }
        body
    }
}
