//! The order of values: the only definition, for the interpreter, the prover and the matcher.

use core::cmp::Ordering;

/// A defined value that can be compared with every other. `T` is a string, or refers to one.
///
/// The variants are in ascending order: bool < number < string < null (SEMANTICS#order-across-kinds).
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum Comparable<T> {
    /// A bool; false is less than true (SEMANTICS#bool-order).
    Bool(bool),
    /// A number (SEMANTICS#number-order). NaN equals itself and is less than every other number (SEMANTICS#nan).
    Number(f64),
    /// A property that is present and null: less than every string (SEMANTICS#null-property-comparison).
    NullText,
    /// A string.
    Text(T),
    /// A null in the body, or a path that the body lacks (SEMANTICS#null-comparison).
    Null,
}

impl<T> Comparable<T> {
    /// Compares two values. `compare_texts` compares two strings by UTF-16 code units (SEMANTICS#string-order).
    #[inline]
    pub fn compare<U>(self, other: Comparable<U>, compare_texts: impl FnOnce(T, U) -> Ordering) -> Ordering {
        match (self, other) {
            (Self::Bool(left), Comparable::Bool(right)) => left.cmp(&right),
            (Self::Number(left), Comparable::Number(right)) => compare_numbers(left, right),
            (Self::Text(left), Comparable::Text(right)) => compare_texts(left, right),
            (left, right) => left.rank().cmp(&right.rank()),
        }
    }

    /// Returns the position of the variant. Values of the same rank are equal, except bools, numbers and strings.
    #[inline]
    const fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Number(_) => 1,
            Self::NullText => 2,
            Self::Text(_) => 3,
            Self::Null => 4,
        }
    }
}

#[inline]
fn compare_numbers(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| right.is_nan().cmp(&left.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::compare_utf16;

    #[test]
    fn values_are_ordered_by_kind_and_within_a_kind() {
        let ascending = [
            vec![Comparable::Bool(false)],
            vec![Comparable::Bool(true)],
            vec![Comparable::Number(f64::NAN), Comparable::Number(-f64::NAN)],
            vec![Comparable::Number(f64::NEG_INFINITY)],
            vec![Comparable::Number(0.0), Comparable::Number(-0.0)],
            vec![Comparable::Number(f64::INFINITY)],
            vec![Comparable::NullText],
            vec![Comparable::Text("")],
            vec![Comparable::Text("a")],
            // By code units, an astral character is below U+E000 and everything after it.
            vec![Comparable::Text("😀")],
            vec![Comparable::Text("\u{e000}")],
            vec![Comparable::Null],
        ];
        for (i, lefts) in ascending.iter().enumerate() {
            for (j, rights) in ascending.iter().enumerate() {
                for (left, right) in lefts.iter().flat_map(|left| rights.iter().map(move |right| (left, right))) {
                    assert_eq!(left.compare(*right, compare_utf16), i.cmp(&j), "{left:?}, {right:?}");
                }
            }
        }
    }
}
