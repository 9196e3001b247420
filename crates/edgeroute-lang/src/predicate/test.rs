//! Tests: what a formula asks of one slot, answered yes or no.

use core::cmp::Ordering;

use super::{ExpressionId, IntervalId, Slot, TextId, ValueId};

/// A question with two answers about one slot (or, for an expression, about the message).
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub(crate) struct Test {
    /// What it reads. For an expression: slot 0, and not used.
    pub(crate) slot: Slot,
    pub(crate) kind: TestKind,
}

/// What is asked. Every kind but `State` is answered no where the slot holds nothing.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub(crate) enum TestKind {
    /// A property is in one of these states.
    State(States),
    /// A property is text, and so ordered to the constant, by UTF-16 code units.
    Text(Orderings, TextId),
    /// A property is text, and has, or has not, the constant at its start, end or anywhere.
    Affix(Affix, bool, TextId),
    /// The slot reads as a number (`as_number`), which is, or is not, in the interval.
    Number(bool, IntervalId),
    /// A body slot is defined, and so ordered to the constant.
    Value(Orderings, ValueId),
    /// The expression is true, or is false.
    Expression(bool, ExpressionId),
}

/// The states of a property, as a set; in a test never empty or full.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub(crate) struct States(u8);

impl States {
    pub(crate) const ABSENT: Self = Self(1);
    pub(crate) const NULL: Self = Self(2);
    pub(crate) const TEXT: Self = Self(4);
    pub(crate) const PRESENT: Self = Self(2 | 4);
    const ALL: Self = Self(7);

    pub(crate) const fn complement(self) -> Self {
        Self(Self::ALL.0 & !self.0)
    }

    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }
}

/// A set of orderings; never empty or full.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub(crate) struct Orderings(u8);

impl Orderings {
    pub(crate) const LESS: Self = Self(1);
    pub(crate) const EQUAL: Self = Self(2);
    pub(crate) const GREATER: Self = Self(4);
    pub(crate) const DIFFERENT: Self = Self(1 | 4);
    pub(crate) const AT_MOST: Self = Self(1 | 2);
    pub(crate) const AT_LEAST: Self = Self(2 | 4);

    pub(crate) const fn complement(self) -> Self {
        Self(7 & !self.0)
    }

    pub(crate) const fn contains(self, ordering: Ordering) -> bool {
        let bit = match ordering {
            Ordering::Less => 1,
            Ordering::Equal => 2,
            Ordering::Greater => 4,
        };
        self.0 & bit != 0
    }

    /// The same question asked with the operands swapped.
    pub(crate) const fn swapped(self) -> Self {
        Self((self.0 & 2) | ((self.0 & 1) << 2) | ((self.0 & 4) >> 2))
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & 7)
    }
}

/// Where a text may have another.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub(crate) enum Affix {
    Prefix,
    Suffix,
    Infix,
}
