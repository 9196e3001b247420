//! Reads JSON, YAML and TOML documents into one kind of tree that keeps the position of every value, so that errors can
//! be reported with their positions.
//!
//! JSON is opened only as far as it is used, so that a body is kept verbatim, however deep it is. YAML and TOML are
//! read as a whole, within limits of depth and size. The limits bound what the aliases of a small YAML text can expand
//! to.

mod fields;
mod json;
mod problem;
mod toml;
mod yaml;

use std::borrow::Cow;
use std::ops::Range;

pub(crate) use fields::Fields;
pub(crate) use problem::{Problem, quoted};
pub(crate) use toml::parse_all as parse_toml;

/// The languages of documents.
#[derive(Copy, Clone, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Language {
    /// JSON
    Json,
    /// YAML 1.2
    Yaml,
    /// TOML 1.0
    Toml,
}

/// The maximum nesting depth of lists and objects in YAML and TOML.
const MAX_DEPTH: usize = 100;

/// A value with its position.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Value<'t> {
    /// The position in bytes of the document.
    span: Range<usize>,
    kind: Kind<'t>,
}

#[derive(Clone, PartialEq, Debug)]
enum Kind<'t> {
    Null,
    Bool(bool),
    /// The number in JSON syntax.
    Number(Cow<'t, str>),
    Text(Cow<'t, str>),
    List(Vec<Value<'t>>),
    Object(Vec<Member<'t>>),
    /// Valid JSON that has not been opened yet.
    Json(&'t str),
}

/// A member of an object.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Member<'t> {
    pub(crate) key: Cow<'t, str>,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Value<'t>,
}

/// Parses a document.
pub(crate) fn parse(text: &str, language: Language) -> Result<Value<'_>, Problem> {
    match language {
        Language::Json => json::parse(text),
        Language::Yaml => yaml::parse(text),
        Language::Toml => toml::parse(text),
    }
}

impl<'t> Value<'t> {
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Opens JSON by one level; returns any other value unchanged.
    fn opened(self) -> Result<Self, Problem> {
        match self.kind {
            Kind::Json(text) => json::open(text, self.span.start),
            _ => Ok(self),
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null | Kind::Json("null"))
    }

    /// Returns the members of an object.
    pub(crate) fn members(self) -> Result<Vec<Member<'t>>, Problem> {
        let value = self.opened()?;
        match value.kind {
            Kind::Object(members) => Ok(members),
            _ => Err(value.wrong("an object")),
        }
    }

    /// Returns the elements of a list.
    pub(crate) fn elements(self) -> Result<Vec<Self>, Problem> {
        let value = self.opened()?;
        match value.kind {
            Kind::List(elements) => Ok(elements),
            _ => Err(value.wrong("a list")),
        }
    }

    pub(crate) fn text(self) -> Result<Cow<'t, str>, Problem> {
        let value = self.opened()?;
        match value.kind {
            Kind::Text(text) => Ok(text),
            Kind::Number(ref number) => {
                let help = (number.len() <= 60).then(|| format!("put it in quotes to make it a string: \"{number}\""));
                Err(Problem { help, ..value.wrong("a string") })
            }
            Kind::Bool(bool) => {
                let help = format!("put it in quotes to make it a string: \"{bool}\"");
                Err(value.wrong("a string").with_help(help))
            }
            _ => Err(value.wrong("a string")),
        }
    }

    pub(crate) fn bool(self) -> Result<bool, Problem> {
        let value = self.opened()?;
        match value.kind {
            Kind::Bool(bool) => Ok(bool),
            _ => Err(value.wrong("true or false")),
        }
    }

    /// Returns a non-negative integer.
    pub(crate) fn integer(self) -> Result<u32, Problem> {
        let value = self.opened()?;
        let number = match &value.kind {
            Kind::Number(number) => number.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| value.wrong("a whole number from 0 to 4294967295"))
    }

    pub(crate) fn is_text(&self) -> bool {
        match self.kind {
            Kind::Text(_) => true,
            Kind::Json(text) => text.starts_with('"'),
            _ => false,
        }
    }

    /// Returns the value as JSON. JSON input is returned verbatim.
    pub(crate) fn to_json(&self) -> Cow<'t, str> {
        if let Kind::Json(text) = self.kind {
            return Cow::Borrowed(text);
        }
        let mut out = String::new();
        self.write_json(&mut out);
        Cow::Owned(out)
    }

    /// The recursion is at most [`MAX_DEPTH`] deep: deeper JSON is not opened, and deeper YAML and TOML are rejected.
    fn write_json(&self, out: &mut String) {
        match &self.kind {
            Kind::Null => out.push_str("null"),
            Kind::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
            Kind::Number(number) => out.push_str(number),
            Kind::Json(text) => out.push_str(text),
            Kind::Text(text) => write_json_text(text, out),
            Kind::List(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    element.write_json(out);
                }
                out.push(']');
            }
            Kind::Object(members) => {
                out.push('{');
                for (index, member) in members.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    write_json_text(&member.key, out);
                    out.push_str(": ");
                    member.value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    fn wrong(&self, expected: &str) -> Problem {
        let found: Cow<'_, str> = match &self.kind {
            Kind::Null => "null".into(),
            Kind::Bool(bool) => format!("`{bool}`").into(),
            Kind::Number(number) => format!("the number {}", number.chars().take(40).collect::<String>()).into(),
            Kind::Text(_) => "a string".into(),
            Kind::List(_) => "a list".into(),
            Kind::Object(_) => "an object".into(),
            Kind::Json(_) => "another value".into(),
        };
        Problem::new(self.span(), format!("expected {expected}, found {found}"))
    }
}

fn write_json_text(text: &str, out: &mut String) {
    // Writing a string as JSON cannot fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests;
