//! Reads JSON one level at a time.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use edgeroute_lang::diagnostic::Diagnostic;
use edgeroute_lang::manifest::json_error;

use super::{Kind, Member, Problem, Value};

/// Parses a whole document: one value, valid throughout.
pub(super) fn parse(text: &str) -> Result<Value<'_>, Problem> {
    let value: &RawValue = serde_json::from_str(text).map_err(|error| match json_error(text) {
        Some(Diagnostic { primary, message, help, .. }) => Problem { span: primary.span.range(), message, help },
        None => at(text, 0, &error),
    })?;
    Ok(closed(value, text))
}

/// Opens the value in `text`, one level deep. `text` must be valid JSON that begins at byte `start` of the document.
pub(super) fn open(text: &str, start: usize) -> Result<Value<'_>, Problem> {
    let wrong = |error: &serde_json::Error| at(text, start, error);
    let place = |raw: &RawValue| {
        let at = start + offset_in(raw.get(), text);
        at..at + raw.get().len()
    };
    let value = |raw| {
        let value = closed(raw, text);
        Value { span: value.span.start + start..value.span.end + start, ..value }
    };
    let kind = match text.bytes().next() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(|error| wrong(&error))?;
            let members = members.into_iter().map(|(key, raw)| {
                let key_span = place(key);
                Ok(Member { key: string(key.get(), key_span.start)?, key_span, value: value(raw) })
            });
            Kind::Object(members.collect::<Result<_, Problem>>()?)
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| wrong(&error))?;
            Kind::List(elements.into_iter().map(value).collect())
        }
        Some(b'"') => Kind::Text(string(text, start)?),
        Some(b't') => Kind::Bool(true),
        Some(b'f') => Kind::Bool(false),
        Some(b'n') => Kind::Null,
        _ => Kind::Number(Cow::Borrowed(text)),
    };
    Ok(Value { span: start..start + text.len(), kind })
}

/// Wraps a value that is a slice of `text`, unopened.
fn closed<'t>(raw: &'t RawValue, text: &str) -> Value<'t> {
    let start = offset_in(raw.get(), text);
    Value { span: start..start + raw.get().len(), kind: Kind::Json(raw.get()) }
}

/// The offset of `part`, which is a slice of `text`.
fn offset_in(part: &str, text: &str) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

/// Decodes a string. Copies it only if it contains an escape.
fn string(json: &str, start: usize) -> Result<Cow<'_, str>, Problem> {
    let content = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match content.filter(|content| !content.contains('\\')) {
        Some(content) => Ok(Cow::Borrowed(content)),
        None => serde_json::from_str(json).map(Cow::Owned).map_err(|error| at(json, start, &error)),
    }
}

/// Converts an error of `serde_json`, which gives line and column of `text`. `text` begins at byte `start`.
fn at(text: &str, start: usize, error: &serde_json::Error) -> Problem {
    let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    // The column is that of the last byte read, or 0 at the start of a line.
    let mut offset = (line_start + error.column()).saturating_sub(1).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let length = text.get(offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let message = error.to_string();
    let message = message.split_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    Problem::new(span(start, offset, length), message)
}

fn span(start: usize, offset: usize, length: usize) -> Range<usize> {
    start + offset..start + offset + length
}

/// The members of an object in their order, including duplicates.
struct Members<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}
