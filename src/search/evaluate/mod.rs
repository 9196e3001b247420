//! Evaluates expressions for one message without allocating: conditions that no simple test can express.
//!
//! A single loop runs over the operations, operands first. [`edgeroute_lang::value`] defines the operations for this
//! module and for the interpreter. Strings are [ropes](rope) here, so no string is ever copied. An operation on strings
//! takes one or a few passes over each operand. In a pass, every character goes through the operations that produce the
//! string (`lower` inside `substring` inside `lower`), which costs as much as building the strings one after the other.
//! All operations are evaluated, even those that can no longer change the result; building a rope costs nothing until
//! its contents are read.

mod cursor;
mod find;
mod rope;
mod ropes;

use smallvec::SmallVec;

use self::rope::RopeId;
use self::ropes::{RopeMemory, RopeSizes, Ropes};
use super::scalar::Scalar;
use super::slots::Property;
use edgeroute_lang::builtin::{Function, Returns};
use edgeroute_lang::predicate::{Expression, Operation, OperationId, OperationKind, Slot};
use edgeroute_lang::steps;
use edgeroute_lang::value::{
    Operand, Text, Type, Value, and, arithmetic, call, coalesce, compare, concat, negate, not, or,
};

/// Reads the values of a message that expressions use.
pub(crate) trait ReadSlots<'m> {
    /// Returns the contents of a property slot.
    fn property(&self, slot: Slot) -> Property<'m>;

    /// Returns the contents of a body slot, or the property that shadows it.
    fn value(&mut self, slot: Slot) -> Scalar<'m>;

    /// Returns whether anything is at the path of the body slot; `None` if that is undefined.
    fn is_there(&mut self, slot: Slot) -> Option<bool>;
}

/// The memory that evaluation needs. Its size depends only on the expressions of a table.
#[derive(Debug)]
pub(crate) struct EvaluateMemory {
    /// The values of the operations so far. Has room for the longest expression.
    registers: Vec<Value<RopeId>>,
    ropes: RopeMemory,
}

impl EvaluateMemory {
    /// Creates memory for any one of these expressions at a time. Allocates.
    pub(crate) fn new(expressions: &[Expression]) -> Self {
        let mut sizes = RopeSizes::default();
        for expression in expressions {
            sizes = sizes.max(rope_sizes(expression));
        }
        let registers = expressions.iter().map(|expression| expression.operations().len()).max();
        Self { registers: Vec::with_capacity(registers.unwrap_or_default()), ropes: RopeMemory::new(sizes) }
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.registers.capacity() * size_of::<Value<RopeId>>() + self.ropes.heap_bytes()
    }
}

/// Evaluates an expression for a message: true, false, or neither (`None`). `memory` must have been created for it.
/// Allocates nothing.
#[expect(single_use_lifetimes, reason = "an `impl Trait` takes no lifetime without a name")]
pub(crate) fn evaluate<'m>(
    expression: &Expression,
    reads: &mut impl ReadSlots<'m>,
    memory: &mut EvaluateMemory,
) -> Option<bool> {
    let EvaluateMemory { registers, ropes } = memory;
    registers.clear();
    ropes.with(|ropes| {
        for operation in expression.operations() {
            steps::step();
            let value = compute(operation, expression, reads, registers, ropes);
            registers.push(value);
        }
    });
    // A condition of static type null is false. A string, a number, or a null from the body is undefined
    // (SEMANTICS#verdict).
    match (expression.operations().last()?.ty, registers.last()?) {
        (Type::Null, _) => Some(false),
        (_, Value::Bool(truth)) => Some(*truth),
        _ => None,
    }
}

/// Returns the value of an operation, given the values of the operations before it.
#[expect(single_use_lifetimes, reason = "an `impl Trait` takes no lifetime without a name")]
fn compute<'x, 'm: 'x>(
    operation: &'x Operation,
    expression: &'x Expression,
    reads: &mut impl ReadSlots<'m>,
    registers: &[Value<RopeId>],
    ropes: &mut Ropes<'_, 'x>,
) -> Value<RopeId> {
    let value = |id: OperationId| registers.get(id.index()).unwrap_or(&Value::Undefined);
    let operand = |id: OperationId| {
        let ty = expression.operations().get(id.index()).map_or(Type::Undefined, |operation| operation.ty);
        Operand { ty, value: value(id) }
    };
    match &operation.kind {
        OperationKind::Undefined => Value::Undefined,
        OperationKind::Null => Value::Null,
        OperationKind::Bool(truth) => Value::Bool(*truth),
        OperationKind::Number(number) => Value::Number(*number),
        OperationKind::Text(Text::WellFormed(text)) => Value::Text(ropes.text(text)),
        OperationKind::Text(Text::IllFormed(units)) => Value::Text(ropes.units(units)),
        OperationKind::Slot(slot) if operation.ty == Type::Text => match reads.property(*slot) {
            Property::Absent => Value::Undefined,
            Property::Null => Value::NullText,
            Property::Text(text) => Value::Text(ropes.text(text)),
        },
        OperationKind::Slot(slot) => match reads.value(*slot) {
            Scalar::Undefined | Scalar::Unreadable => Value::Undefined,
            Scalar::Missing => Value::Missing,
            Scalar::Null => Value::Null,
            Scalar::Bool(truth) => Value::Bool(truth),
            Scalar::Number(number) => Value::Number(number),
            Scalar::NullText => Value::NullText,
            Scalar::Text(text) => Value::Text(ropes.body_text(text)),
        },
        OperationKind::TwinChangeIncludes(slot) => reads.is_there(*slot).map_or(Value::Undefined, Value::Bool),
        OperationKind::ToValue(of) => *value(*of),
        OperationKind::Not(of) => not(value(*of)),
        OperationKind::Negate(of) => negate(value(*of)),
        OperationKind::And(left, right) => and(operand(*left), operand(*right)),
        OperationKind::Or(left, right) => or(operand(*left), operand(*right)),
        OperationKind::Arithmetic(operator, left, right) => arithmetic(*operator, operand(*left), operand(*right)),
        OperationKind::Compare(comparison, left, right) => compare(*comparison, operand(*left), operand(*right), ropes),
        OperationKind::Coalesce(left, right) => coalesce(value(*left), value(*right)),
        OperationKind::Call(Function::Concat, first, end) => {
            steps::steps(expression.arguments(*first, *end).len());
            concat(expression.arguments(*first, *end).iter().map(|&argument| value(argument)), ropes)
        }
        OperationKind::Call(function, first, end) => {
            let arguments = expression.arguments(*first, *end).iter().map(|&argument| operand(argument));
            // Only `concat` has more than three parameters, so other arguments stay off the heap.
            let arguments: SmallVec<[Operand<'_, RopeId>; 3]> = arguments.collect();
            call(*function, &arguments, ropes)
        }
    }
}

/// Returns the maximum number of ropes that evaluating an expression can create.
fn rope_sizes(expression: &Expression) -> RopeSizes {
    // Each operation creates at most one.
    let mut sizes = RopeSizes { ropes: expression.operations().len(), ..RopeSizes::default() };
    // For each operation the maximum nesting of ropes around a plain string in its value.
    let mut depths: Vec<usize> = Vec::with_capacity(expression.operations().len());
    for operation in expression.operations() {
        let depth_of = |id: &OperationId| depths.get(id.index()).copied().unwrap_or_default();
        let depth = match &operation.kind {
            OperationKind::ToValue(of) => depth_of(of),
            OperationKind::Coalesce(left, right) => depth_of(left).max(depth_of(right)),
            OperationKind::Call(function, first, end) => {
                let arguments = expression.arguments(*first, *end);
                if *function == Function::Concat {
                    sizes.parts += arguments.len();
                }
                match function.returns() {
                    Returns::Text => 1 + arguments.iter().map(depth_of).max().unwrap_or_default(),
                    Returns::Number | Returns::Bool => 0,
                }
            }
            _ => 0,
        };
        sizes.depth = sizes.depth.max(depth);
        depths.push(depth);
    }
    sizes
}

#[cfg(test)]
mod tests;
