//! Values, and the operators and functions on them.
//!
//! Their meaning is defined in this module alone: folding, interpreting and matching all use it. It is generic over the
//! representation of strings: the interpreter copies UTF-16 code units freely, and the matcher refers to the parts of a
//! string without copying.

mod function;
mod operation;
mod operator;
mod order;
mod texts;
mod units;

use core::fmt;
use std::borrow::Cow;

pub use function::{call, concat};
pub use operation::{and, arithmetic, coalesce, compare, negate, not, or};
pub use operator::{Arithmetic, Comparison};
pub use order::Comparable;
pub use texts::Texts;
pub use units::Units;

/// A static type (SEMANTICS#static-types).
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Type {
    /// A string; every property is one.
    Text,
    /// A number.
    Number,
    /// A bool.
    Bool,
    /// `null`.
    Null,
    /// `undefined`, or a literal that the reference cannot read.
    Undefined,
    /// A body query, or an expression over one: its kind is known at run time (SEMANTICS#body-values).
    Value,
}

/// A string, which may contain lone surrogates; only escapes can write them (SEMANTICS#strings).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Text<'t> {
    /// A string without lone surrogates.
    WellFormed(Cow<'t, str>),
    /// UTF-16 code units with at least one lone surrogate.
    IllFormed(Box<[u16]>),
}

/// A run-time value: the result of a part of a condition for one message. The static type of the part limits which
/// values are possible. `T` is the representation of strings.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum Value<T> {
    /// The result of a missing property, and of an operation on a value it does not accept (SEMANTICS#undefined).
    Undefined,
    /// `null`, or a null in the body.
    Null,
    /// A path that the body lacks. It is a null (SEMANTICS#null) and differs from other nulls only in `is_null`.
    Missing,
    /// A bool.
    Bool(bool),
    /// A double (SEMANTICS#numbers). NaN only if the static type is a body value; as a number, NaN is undefined
    /// (SEMANTICS#nan).
    Number(f64),
    /// A string.
    Text(T),
    /// A property that is present and null (SEMANTICS#null-properties).
    NullText,
}

/// A value with its static type. A few rules treat a body value differently from a plain one.
#[derive(Debug)]
pub struct Operand<'v, T> {
    /// The static type.
    pub ty: Type,
    /// The value.
    pub value: &'v Value<T>,
}

// A derive would put bounds on `T`.
impl<T> Copy for Operand<'_, T> {}

impl<T> Clone for Operand<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Value<T> {
    /// Makes a number of static type number: NaN becomes undefined (SEMANTICS#nan).
    #[must_use]
    pub fn number(number: f64) -> Self {
        if number.is_nan() { Self::Undefined } else { Self::Number(number) }
    }

    /// Whether the value is defined. Null and a missing body path are.
    #[must_use]
    pub const fn is_defined(&self) -> bool {
        !matches!(self, Self::Undefined)
    }

    /// Returns the value for comparisons; `None` if it is undefined.
    #[must_use]
    pub const fn as_comparable(&self) -> Option<Comparable<&T>> {
        Some(match self {
            Self::Undefined => return None,
            Self::Bool(truth) => Comparable::Bool(*truth),
            Self::Number(number) => Comparable::Number(*number),
            Self::NullText => Comparable::NullText,
            Self::Text(text) => Comparable::Text(text),
            Self::Null | Self::Missing => Comparable::Null,
        })
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
