use std::error::Error;
use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::message::Message;

/// The template that is used where none is given.
const DEFAULT: &str = "edge/{device}/{module}/{output}";

/// The longest template, in bytes.
const LONGEST: usize = 1_024;

/// What is percent-encoded in ids and names: what MQTT gives a meaning or forbids. Everything that is not ASCII is
/// encoded as well, because MQTT lets brokers refuse some of it.
const ENCODED: &AsciiSet = &CONTROLS.add(b'/').add(b'+').add(b'#').add(b'%').add(b'?');

/// Makes the topic of a message: levels with the placeholders `{device}`, `{module}` and `{output}`.
///
/// A level of which no placeholder has a value, such as `{output}` for a message of a device, is left out. Ids and names
/// are percent-encoded where MQTT gives their characters a meaning, so no sender chooses the levels of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    levels: Vec<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Part(Part),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Device,
    Module,
    Output,
}

impl Part {
    const ALL: [Self; 3] = [Self::Device, Self::Module, Self::Output];

    const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Module => "module",
            Self::Output => "output",
        }
    }

    fn of(self, message: &Message) -> Option<&str> {
        match self {
            Self::Device => Some(message.sender.device_id()),
            Self::Module => message.sender.module_id(),
            Self::Output => message.output(),
        }
    }
}

impl Template {
    /// Writes the topic of a message. Never empty, and never with a wildcard or control character.
    pub fn topic(&self, message: &Message) -> String {
        let mut topic = String::new();
        for level in &self.levels {
            let before = topic.len();
            if before > 0 {
                topic.push('/');
            }
            let start = topic.len();
            for piece in level {
                match piece {
                    Piece::Text(text) => topic.push_str(text),
                    // Topics that begin with `$` are the broker's own.
                    Piece::Part(part) => match part.of(message) {
                        Some(value) if topic.is_empty() && value.starts_with('$') => {
                            topic.push_str("%24");
                            topic.extend(utf8_percent_encode(value.strip_prefix('$').unwrap_or(value), ENCODED));
                        }
                        Some(value) => topic.extend(utf8_percent_encode(value, ENCODED)),
                        None => {}
                    },
                }
            }
            if topic.len() == start {
                topic.truncate(before);
            }
        }
        topic
    }
}

impl Default for Template {
    fn default() -> Self {
        let level = |part| vec![Piece::Part(part)];
        let mut levels = vec![vec![Piece::Text("edge".to_owned())]];
        levels.extend(Part::ALL.map(level));
        Self { levels }
    }
}

impl FromStr for Template {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        if text.len() > LONGEST {
            return Err(InvalidTemplate::new(format_args!("it has {} bytes, more than {LONGEST}", text.len())));
        }
        let levels = text.split('/').map(level).collect::<Result<Vec<_>, _>>()?;
        let is_fixed = |piece: &Piece| !matches!(piece, Piece::Part(Part::Module | Part::Output));
        if !levels.iter().flatten().any(is_fixed) {
            return Err(InvalidTemplate::new("it is empty for some messages; add `{device}` or a fixed level"));
        }
        Ok(Self { levels })
    }
}

fn level(text: &str) -> Result<Vec<Piece>, InvalidTemplate> {
    if text.is_empty() {
        return Err(InvalidTemplate::new("it has an empty level"));
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err(InvalidTemplate::new("a `{` has no `}` in the same level"));
        };
        let Some(part) = Part::ALL.into_iter().find(|part| part.name() == name) else {
            return Err(InvalidTemplate::new("it has a name other than {device}, {module} and {output}"));
        };
        pieces.extend(fixed(before)?);
        pieces.push(Piece::Part(part));
        rest = after;
    }
    pieces.extend(fixed(rest)?);
    Ok(pieces)
}

fn fixed(text: &str) -> Result<Option<Piece>, InvalidTemplate> {
    let is_forbidden = |c: char| matches!(c, '+' | '#' | '{' | '}') || c.is_control();
    match text.chars().find(|c| is_forbidden(*c)) {
        Some(c) => Err(InvalidTemplate::new(format_args!("a topic cannot have `{}`", c.escape_debug()))),
        None if text.is_empty() => Ok(None),
        None => Ok(Some(Piece::Text(text.to_owned()))),
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, level) in self.levels.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            for piece in level {
                match piece {
                    Piece::Text(text) => f.write_str(text)?,
                    Piece::Part(part) => write!(f, "{{{}}}", part.name())?,
                }
            }
        }
        Ok(())
    }
}

/// The text is not the template of a topic. Displays no part of it: an address that it comes from may have a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTemplate(String);

impl InvalidTemplate {
    fn new(problem: impl fmt::Display) -> Self {
        Self(problem.to_string())
    }
}

impl fmt::Display for InvalidTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a topic template such as `{DEFAULT}`: {}", self.0)
    }
}

impl Error for InvalidTemplate {}

#[cfg(test)]
mod tests {
    use edgeroute::{Origin, OwnedMessage};
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Timestamp;
    use crate::identity::ClientId;

    fn message(device: &str, module: Option<&str>, output: Option<&str>) -> Message {
        let (sender, origin) = match module {
            Some(module) => {
                let origin = Origin::module(device, module);
                let origin = output.map_or(origin, |output| origin.output(output));
                (ClientId::module(device, module), origin)
            }
            None => (ClientId::device(device), Origin::device(device)),
        };
        Message { sender, received: Timestamp(0), content: OwnedMessage::new(origin) }
    }

    fn topic(template: &str, device: &str, module: Option<&str>, output: Option<&str>) -> String {
        template.parse::<Template>().expect("valid").topic(&message(device, module, output))
    }

    #[test]
    fn absent_parts_are_left_out() {
        assert_eq!(topic(DEFAULT, "edge-1", Some("sensor"), Some("out1")), "edge/edge-1/sensor/out1");
        assert_eq!(topic(DEFAULT, "edge-1", Some("sensor"), None), "edge/edge-1/sensor");
        assert_eq!(topic(DEFAULT, "leaf-1", None, None), "edge/leaf-1");
        assert_eq!(topic("{output}/{module}/a-{device}", "leaf-1", None, None), "a-leaf-1");
        assert_eq!(topic("m{module}{output}/{device}", "leaf-1", None, None), "m/leaf-1");
    }

    #[test]
    fn the_default_is_what_it_says() {
        assert_eq!(Template::default(), DEFAULT.parse().expect("valid"));
        assert_eq!(Template::default().to_string(), DEFAULT);
    }

    #[test]
    fn ids_make_no_levels_and_no_wildcards() {
        assert_eq!(topic(DEFAULT, "a+b", Some("#"), Some("x/../y")), "edge/a%2Bb/%23/x%2F..%2Fy");
        assert_eq!(topic(DEFAULT, "d", Some("$edgeHub"), Some("a\0b\u{7f}%?")), "edge/d/$edgeHub/a%00b%7F%25%3F");
        assert_eq!(topic("{device}/x", "$SYS", None, None), "%24SYS/x");
        assert_eq!(topic("{module}{device}", "$d", Some("$m"), None), "%24m$d");
        assert_eq!(topic("$aws/rules/edge/{device}", "d", None, None), "$aws/rules/edge/d");
    }

    #[test]
    fn bad_templates_are_refused_in_words() {
        for (template, problem) in [
            ("", "it has an empty level"),
            ("a//b", "it has an empty level"),
            ("a/+/{device}", "a topic cannot have `+`"),
            ("a/#", "a topic cannot have `#`"),
            ("a\0/{device}", "a topic cannot have `\\0`"),
            ("{device", "a `{` has no `}` in the same level"),
            ("{dev/ice}", "a `{` has no `}` in the same level"),
            ("device}", "a topic cannot have `}`"),
            ("{input}", "it has a name other than {device}, {module} and {output}"),
            ("{module}/{output}", "it is empty for some messages; add `{device}` or a fixed level"),
        ] {
            let error = template.parse::<Template>().expect_err(template);
            assert_eq!(error.to_string(), format!("not a topic template such as `{DEFAULT}`: {problem}"));
        }
    }

    proptest! {
        #[test]
        fn every_topic_can_be_published(
            template in "([a-z$]{0,2}\\{(device|module|output)\\}|[a-z$]{1,3})(/([a-z]{0,2}\\{(device|module|output)\\}|[a-z]{1,3})){0,4}",
            device in "\\PC{1,8}|[-:.+%_#*?!(),=@$'a-z]{1,8}",
            module in proptest::option::of(any::<String>().prop_filter("ids are not empty", |id| !id.is_empty())),
            output in proptest::option::of(any::<String>()),
        ) {
            let Ok(parsed) = template.parse::<Template>() else { return Ok(()) };
            prop_assert_eq!(parsed.to_string(), &*template);
            let topic = parsed.topic(&message(&device, module.as_deref(), output.as_deref()));
            prop_assert!(!topic.is_empty());
            prop_assert!(topic.is_ascii() && !topic.contains(['+', '#']) && !topic.chars().any(char::is_control));
            prop_assert!(topic.split('/').all(|level| !level.is_empty()));
            prop_assert!(topic.split('/').count() <= template.split('/').count());
            prop_assert!(!topic.starts_with('$') || template.starts_with('$'));
        }

        #[test]
        fn any_text_is_a_template_or_refused(text in any::<String>()) {
            if let Ok(template) = text.parse::<Template>() {
                prop_assert_eq!(template.to_string(), text);
            }
        }
    }
}
