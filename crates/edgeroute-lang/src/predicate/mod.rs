//! Conditions as two-valued formulas over tests of single reads.
//!
//! A route fires only where its condition is *true*, so false and undefined need not be told apart. Each condition is
//! lowered as `is_true(e)`, with its dual `is_false(e)`: `is_true(not a) = is_false(a)`,
//! `is_true(a and b) = is_true(a) ∧ is_true(b)`, `is_false(a and b) = is_false(a) ∨ is_false(b)`. At the leaves,
//! *undefined* disappears into the tests: "is text, and equal", "is text, and different". What is left is a [`Formula`]
//! of [`Test`]s without negation.
//!
//! Most tests ask one thing of one [`Slot`], a property or a place in the body. What fits no such test (arithmetic,
//! string functions, coalescing) is an [`Expression`](TestKind::Expression) of its own, evaluated as the typed condition
//! has it. Nothing is expanded: a formula has as many tests as the condition has leaves, but for comparisons of two
//! body values joined by `or`, which have three times as many.

mod constant;
mod expression;
mod formula;
mod lower;
#[cfg(feature = "parallel")]
mod merge;
mod read;
mod reason;
mod test;

pub(crate) use constant::{Constants, Interval, IntervalId, TextId, ValueConstant, ValueId};
pub(crate) use expression::{Expression, ExpressionId, Operation, OperationId, OperationKind};
pub(crate) use formula::{Formula, FormulaId, Formulas};
pub(crate) use lower::lower;
pub(crate) use read::{Reads, Slot, SlotKind};
pub(crate) use reason::{Answer, Probe, Reasoner, SourceFacts};
pub(crate) use test::{Affix, Orderings, States, Test, TestKind};

/// What the tests of a table refer to.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    /// What is read of a message.
    pub(crate) reads: Reads,
    /// What it is compared with.
    pub(crate) constants: Constants,
    /// What is evaluated as a whole.
    expressions: Vec<Expression>,
}

impl Vocabulary {
    fn expression(&mut self, expression: Expression) -> ExpressionId {
        let id = ExpressionId::new(self.expressions.len());
        self.expressions.push(expression);
        id
    }

    /// Without the maps that only building needs, and without spare room.
    pub(crate) fn freeze(&mut self) {
        self.reads.freeze();
        self.constants.freeze();
        self.expressions.shrink_to_fit();
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let expressions: usize = self.expressions.iter().map(|one| size_of::<Expression>() + one.heap_bytes()).sum();
        self.reads.heap_bytes() + self.constants.heap_bytes() + expressions
    }

    pub(crate) fn expressions(&self) -> &[Expression] {
        &self.expressions
    }
}
