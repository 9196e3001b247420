//! Values, and what operators and functions compute with them.
//!
//! This is the one place where their meaning is said: folding, interpreting and matching all come here. How a text is
//! held is left open: the interpreter copies UTF-16 code units freely; the matcher keeps what a text is made of.

mod function;
mod operation;
mod operator;
mod texts;
mod units;

use core::fmt;
use std::borrow::Cow;

pub(crate) use function::{call, concat};
pub(crate) use operation::{and, arithmetic, coalesce, compare, negate, not, or};
pub use operator::{Arithmetic, Comparison};
pub(crate) use texts::Texts;
pub(crate) use units::Units;

/// The static types.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Type {
    /// A string: every property.
    Text,
    /// A number.
    Number,
    /// A bool.
    Bool,
    /// `null`.
    Null,
    /// `undefined`, and literals that the reference cannot read.
    Undefined,
    /// A body query, or what is made of one: its kind is known at run time.
    Value,
}

/// A text that may hold lone surrogates, which only escapes can write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Text<'t> {
    /// Without lone surrogates.
    WellFormed(Cow<'t, str>),
    /// UTF-16 code units with at least one lone surrogate.
    IllFormed(Box<[u16]>),
}

/// A run-time value: what a part of a condition computes for one message. Which of them a part can have follows from its
/// static type. `T` is how a text is held.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum Value<T> {
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
    /// A text.
    Text(T),
    /// A property that is there and null. It is a string, though not as a property is compared with one.
    NullText,
}

/// A value with its static type: a few rules tell a body value from what it may be.
#[derive(Debug)]
pub(crate) struct Operand<'v, T> {
    pub(crate) ty: Type,
    pub(crate) value: &'v Value<T>,
}

// Derived, these would ask the same of the text.
impl<T> Copy for Operand<'_, T> {}

impl<T> Clone for Operand<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Value<T> {
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

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "string",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Null => "null",
            Self::Undefined => "undefined",
            Self::Value => "value",
        })
    }
}
