//! Tests: yes-or-no questions about one slot.

use core::cmp::Ordering;

use super::{ExpressionId, IntervalId, Slot, TextId, ValueId};

/// A yes-or-no question about one slot, or about the message if it is an expression.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub struct Test {
    /// The slot that it reads; for an expression slot 0, which is unused.
    pub slot: Slot,
    /// The question.
    pub kind: TestKind,
}

/// The kind of question. Every kind but `State` is false if the slot is empty.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub enum TestKind {
    /// A property is in one of these states.
    State(States),
    /// A property is a string, and has one of these orderings to the constant, by UTF-16 code units.
    Text(Orderings, TextId),
    /// A property is a string, and has, or does not have, the constant at its start, at its end or anywhere.
    Affix(Affix, bool, TextId),
    /// The slot reads as a number (`as_number`) that is, or is not, in the interval.
    Number(bool, IntervalId),
    /// A body slot is defined, and has one of these orderings to the constant.
    Value(Orderings, ValueId),
    /// The expression is true, or is false.
    Expression(bool, ExpressionId),
}

/// A set of states of a property. In a test it is never empty or full.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub struct States(u8);

impl States {
    /// The property is missing.
    pub const ABSENT: Self = Self(1);
    /// The property is present and null.
    pub const NULL: Self = Self(2);
    /// The property is a string.
    pub const TEXT: Self = Self(4);
    /// The property is present, null or not.
    pub const PRESENT: Self = Self(2 | 4);
    const ALL: Self = Self(7);

    /// Returns the states that are not in the set.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(Self::ALL.0 & !self.0)
    }

    /// Returns the states that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether every state of `other` is in the set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the set has no state.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the set as bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Restores a set from its bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }
}

/// A set of orderings, never empty or full.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub struct Orderings(u8);

impl Orderings {
    /// Less than the constant.
    pub const LESS: Self = Self(1);
    /// Equal to the constant.
    pub const EQUAL: Self = Self(2);
    /// Greater than the constant.
    pub const GREATER: Self = Self(4);
    /// Less or greater.
    pub const DIFFERENT: Self = Self(1 | 4);
    /// Less or equal.
    pub const AT_MOST: Self = Self(1 | 2);
    /// Greater or equal.
    pub const AT_LEAST: Self = Self(2 | 4);

    /// Returns the orderings that are not in the set.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(7 & !self.0)
    }

    /// Whether the ordering is in the set.
    pub const fn contains(self, ordering: Ordering) -> bool {
        let bit = match ordering {
            Ordering::Less => 1,
            Ordering::Equal => 2,
            Ordering::Greater => 4,
        };
        self.0 & bit != 0
    }

    /// Returns the set for the same question with the operands swapped.
    #[must_use]
    pub const fn swapped(self) -> Self {
        Self((self.0 & 2) | ((self.0 & 1) << 2) | ((self.0 & 4) >> 2))
    }

    /// Returns the set as bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Restores a set from its bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 7)
    }
}

/// Where one string occurs in another.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub enum Affix {
    /// At the start.
    Prefix,
    /// At the end.
    Suffix,
    /// Anywhere.
    Infix,
}
