//! A condition's parts with what they are for one message.

use core::fmt;

use super::note::Note;
use crate::hir::Value;
use crate::interpret::Verdict;
use crate::span::Span;

/// The most UTF-16 code units of a text that are kept of each part, so that an explanation is never much larger than the
/// route and the message.
const KEPT_UNITS: usize = 256;

/// How a condition came to its verdict.
#[derive(Clone, PartialEq, Debug)]
pub struct ConditionExplanation {
    pub(super) verdict: Verdict,
    pub(super) span: Span,
    pub(super) parts: Vec<Part>,
}

impl ConditionExplanation {
    /// What the condition says of the message.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Where the condition stands in the route's text; empty for a route without WHERE.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Every sub-expression but literals, those that another is computed from before it; the whole condition last.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// A sub-expression, and what it is for the message.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    pub(super) span: Span,
    pub(super) value: PartValue,
    pub(super) note: Option<Note>,
    pub(super) is_link: bool,
}

impl Part {
    /// Where it stands in the route's text.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// What it is.
    #[must_use]
    pub const fn value(&self) -> &PartValue {
        &self.value
    }

    /// Why it is undefined, or what may surprise about its value. An undefined part always has one.
    #[must_use]
    pub const fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }

    /// Whether it is `a and b` within `a and b and c`, or so with `or`: the whole chain says what there is to say.
    #[must_use]
    pub const fn is_link(&self) -> bool {
        self.is_link
    }
}

/// The value of a sub-expression.
#[derive(Clone, PartialEq, Debug)]
pub enum PartValue {
    /// Nothing; the note says why.
    Undefined,
    /// `null`, or a null in the body.
    Null,
    /// A body path that leads nowhere, which is a null.
    Missing,
    /// A property that is there and null.
    NullProperty,
    /// A bool.
    Bool(bool),
    /// A number; of a body value it may be NaN.
    Number(f64),
    /// A text.
    Text(Excerpt),
}

/// A text, cut if it is long. Lone surrogates are shown as U+FFFD.
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
        // Not through the middle of a character.
        let kept = match kept.split_last() {
            Some((0xD800..=0xDBFF, rest)) if is_cut => rest,
            _ => kept,
        };
        Self { text: String::from_utf16_lossy(kept), length: units.len(), is_cut }
    }

    /// The text, or how it begins.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The length of the whole text in UTF-16 code units.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Whether the text goes on.
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

/// As people read it: a text in quotes, `undefined`, `null`.
impl fmt::Display for PartValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined => f.write_str("undefined"),
            Self::Null | Self::Missing | Self::NullProperty => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) if value.is_infinite() => {
                f.write_str(if *value > 0.0 { "infinity" } else { "-infinity" })
            }
            // Without hundreds of zeros.
            Self::Number(value) if *value != 0.0 && !(1e-5..1e16).contains(&value.abs()) => write!(f, "{value:e}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(excerpt) => write!(f, "{excerpt}"),
        }
    }
}

/// In quotes, control characters escaped, an ellipsis where it is cut.
impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)?;
        if self.is_cut { f.write_str("...") } else { Ok(()) }
    }
}
