//! The parts of a condition with their values for one message.

use core::fmt;

use super::note::Note;
use edgeroute_lang::hir::Value;
use edgeroute_lang::interpret::Verdict;
use edgeroute_lang::span::Span;

/// The most UTF-16 code units that are kept of a string value. This bounds the size of an explanation by that of the
/// route and the message.
const KEPT_UNITS: usize = 256;

/// How a condition reached its verdict.
#[derive(Clone, PartialEq, Debug)]
pub struct ConditionExplanation {
    pub(super) verdict: Verdict,
    pub(super) span: Span,
    pub(super) parts: Vec<Part>,
}

impl ConditionExplanation {
    /// The verdict of the condition on the message.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The span of the condition in the route's text; empty for a route without WHERE.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Every sub-expression except literals. Operands come before the expressions computed from them; the whole
    /// condition is last.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// A sub-expression and its value for the message.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    pub(super) span: Span,
    pub(super) value: PartValue,
    pub(super) note: Option<Note>,
    pub(super) is_link: bool,
}

impl Part {
    /// Its span in the route's text.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Its value.
    #[must_use]
    pub const fn value(&self) -> &PartValue {
        &self.value
    }

    /// Why it is undefined, or what may be surprising about its value. An undefined part always has a note.
    #[must_use]
    pub const fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }

    /// Whether the part is an inner link of a chain such as `a and b` within `a and b and c`. The part for the whole
    /// chain shows everything.
    #[must_use]
    pub const fn is_link(&self) -> bool {
        self.is_link
    }
}

/// The value of a sub-expression.
#[derive(Clone, PartialEq, Debug)]
pub enum PartValue {
    /// Undefined; the note explains why.
    Undefined,
    /// `null`, or a null in the body.
    Null,
    /// A body path that leads nowhere, which counts as null.
    Missing,
    /// A property that is present and null.
    NullProperty,
    /// A bool.
    Bool(bool),
    /// A number. A number from the body may be NaN.
    Number(f64),
    /// A string.
    Text(Excerpt),
}

/// A string, cut if it is long. Lone surrogates are shown as U+FFFD.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Excerpt {
    text: String,
    length: usize,
    is_cut: bool,
}

impl Excerpt {
    pub(super) fn of(units: &[u16]) -> Self {
        let kept = units.get(..KEPT_UNITS).unwrap_or(units);
        let is_cut = kept.len() < units.len();
        // Must not cut through the middle of a character.
        let kept = match kept.split_last() {
            Some((0xD800..=0xDBFF, rest)) if is_cut => rest,
            _ => kept,
        };
        Self { text: String::from_utf16_lossy(kept), length: units.len(), is_cut }
    }

    /// The string, or its beginning.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The length of the whole string in UTF-16 code units.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Whether the string was cut.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl From<&Value> for PartValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::Undefined => Self::Undefined,
            Value::Null => Self::Null,
            Value::Missing => Self::Missing,
            Value::NullText => Self::NullProperty,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(value) => Self::Number(*value),
            Value::Text(units) => Self::Text(Excerpt::of(units)),
        }
    }
}

/// Writes the value for people: a string in quotes, `undefined`, `null`.
impl fmt::Display for PartValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined => f.write_str("undefined"),
            Self::Null | Self::Missing | Self::NullProperty => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) if value.is_infinite() => {
                f.write_str(if *value > 0.0 { "infinity" } else { "-infinity" })
            }
            // Avoids printing hundreds of zeros.
            Self::Number(value) if *value != 0.0 && !(1e-5..1e16).contains(&value.abs()) => write!(f, "{value:e}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(excerpt) => write!(f, "{excerpt}"),
        }
    }
}

/// Writes the string in quotes, with control characters escaped and an ellipsis if it is cut.
impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)?;
        if self.is_cut { f.write_str("...") } else { Ok(()) }
    }
}
