//! Conditions as two-valued formulas over tests of single reads.
//!
//! A route fires only if its condition is *true*, so false and undefined need not be distinguished. Each condition is
//! lowered as `is_true(e)`, with its dual `is_false(e)`: `is_true(not a) = is_false(a)`, `is_true(a and b) = is_true(a)
//! ∧ is_true(b)`, `is_false(a and b) = is_false(a) ∨ is_false(b)`. At the leaves, *undefined* becomes part of the
//! tests: "is a string, and equal", "is a string, and different". The result is a [`Formula`] of [`Test`]s without
//! negation.
//!
//! Most tests examine one [`Slot`], a property or a place in the body. Whatever fits no such test (arithmetic, string
//! functions, coalescing) becomes an [`Expression`](TestKind::Expression), which is evaluated like the typed condition.
//! Nothing is expanded: a formula has as many tests as the condition has leaves. The exception is a comparison of two
//! body values joined by `or`, which has three times as many.

mod constant;
mod expression;
mod formula;
mod lower;
#[cfg(feature = "parallel")]
mod merge;
mod read;
mod test;

pub use constant::{Constants, Interval, IntervalId, TextId, ValueConstant, ValueId};
pub use expression::{Expression, ExpressionId, Operation, OperationId, OperationKind};
pub use formula::{Formula, FormulaId, Formulas};
pub use lower::lower;
pub use read::{Slot, SlotKind, SlotTable};
pub use test::{Affix, Orderings, States, Test, TestKind};

/// The slots, constants and expressions that the tests of a table refer to.
#[derive(Debug, Default)]
pub struct Interner {
    /// The slots, which are read from a message.
    pub reads: SlotTable,
    /// The constants that slots are compared with.
    pub constants: Constants,
    /// The expressions that are evaluated as a whole.
    expressions: Vec<Expression>,
}

impl Interner {
    fn expression(&mut self, expression: Expression) -> ExpressionId {
        let id = ExpressionId::new(self.expressions.len());
        self.expressions.push(expression);
        id
    }

    /// Drops the maps that only building needs, and spare capacity.
    pub fn freeze(&mut self) {
        self.reads.freeze();
        self.constants.freeze();
        self.expressions.shrink_to_fit();
    }

    /// Returns the bytes allocated on the heap.
    pub fn heap_bytes(&self) -> usize {
        let expressions: usize = self.expressions.iter().map(|one| size_of::<Expression>() + one.heap_bytes()).sum();
        self.reads.heap_bytes() + self.constants.heap_bytes() + expressions
    }

    /// Returns the expressions in the order of their ids.
    pub fn expressions(&self) -> &[Expression] {
        &self.expressions
    }
}
