//! Run-time values: what a node of a condition computes for one message.

use std::sync::Arc;

use super::Text;

/// The value of a node. Which of them a node can have follows from its static type.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing: a missing property, an operation on what it does not take, a number that is not one.
    Undefined,
    /// `null`, or a null in the body.
    Null,
    /// A body path that leads nowhere. It is a null, and differs from one only in `is_null`.
    Missing,
    /// A bool.
    Bool(bool),
    /// A number. NaN only where the static type is a body value; of static type number, NaN is undefined.
    Number(f64),
    /// A text, as UTF-16 code units.
    Text(Arc<[u16]>),
    /// A property that is there and null. It is a string, though not as a property is compared with one.
    NullText,
}

impl Value {
    /// The text as UTF-16 code units. Allocates.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.encode_utf16().collect())
    }

    /// A number of static type number: NaN is undefined.
    #[must_use]
    pub fn number(number: f64) -> Self {
        if number.is_nan() { Self::Undefined } else { Self::Number(number) }
    }

    /// Whether it is anything but undefined; null and a missing body path are defined.
    #[must_use]
    pub const fn is_defined(&self) -> bool {
        !matches!(self, Self::Undefined)
    }
}

impl From<&Text<'_>> for Value {
    fn from(text: &Text<'_>) -> Self {
        match text {
            Text::WellFormed(text) => Self::text(text),
            Text::IllFormed(units) => Self::Text(units.iter().copied().collect()),
        }
    }
}
