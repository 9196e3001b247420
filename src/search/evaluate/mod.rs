//! Evaluating expressions: conditions that no simple test can ask, on one message, without allocating.
//!
//! One loop over the operations, operands first. What they compute stands in [`crate::value`], where the interpreter has
//! it from too; a text is a [rope](rope) here, so that none is ever copied. An operation on texts costs a pass or a few
//! over each of its texts, in which every character goes through the operations that the text is made by (`lower` within
//! `substring` within `lower`): as much as making the texts one after the other would. All operations are evaluated,
//! also those that cannot change the verdict any more; making a text costs nothing until something is asked of it.

mod cursor;
mod find;
mod rope;

use smallvec::SmallVec;

use self::rope::{RopeId, RopeMemory, RopeSizes, Ropes};
use super::scalar::Scalar;
use super::slots::Property;
use crate::builtin::Function;
use crate::predicate::{Expression, Operation, OperationId, OperationKind, Slot};
use crate::value::{Operand, Text, Type, Value, and, arithmetic, call, coalesce, compare, concat, negate, not, or};
use crate::work;

/// What expressions read of a message.
pub(crate) trait Reads<'m> {
    /// What a property slot holds.
    fn property(&self, slot: Slot) -> Property<'m>;

    /// What a body slot holds, or the property that shadows it.
    fn value(&mut self, slot: Slot) -> Scalar<'m>;

    /// Whether anything is at the place of the body that the slot reads; `None` where that is undefined.
    fn is_there(&mut self, slot: Slot) -> Option<bool>;
}

/// The memory that evaluating needs. Its size depends on the expressions of a table alone.
#[derive(Debug)]
pub(crate) struct EvaluateMemory {
    /// The values of the operations so far. Room for the longest expression.
    registers: Vec<Value<RopeId>>,
    ropes: RopeMemory,
}

impl EvaluateMemory {
    /// Room for any of these expressions, one at a time. Allocates.
    pub(crate) fn new(expressions: &[Expression]) -> Self {
        let mut sizes = RopeSizes::default();
        for expression in expressions {
            sizes = sizes.max(rope_sizes(expression));
        }
        let registers = expressions.iter().map(|expression| expression.operations().len()).max();
        Self { registers: Vec::with_capacity(registers.unwrap_or_default()), ropes: RopeMemory::new(sizes) }
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.registers.capacity() * size_of::<Value<RopeId>>() + self.ropes.heap_bytes()
    }
}

/// What an expression says of a message: true, false, or (`None`) neither. `memory` must be made for it. Allocates
/// nothing.
#[expect(single_use_lifetimes, reason = "an `impl Trait` takes no lifetime without a name")]
pub(crate) fn evaluate<'m>(
    expression: &Expression,
    reads: &mut impl Reads<'m>,
    memory: &mut EvaluateMemory,
) -> Option<bool> {
    let EvaluateMemory { registers, ropes } = memory;
    registers.clear();
    ropes.with(|ropes| {
        for operation in expression.operations() {
            work::step();
            let value = compute(operation, expression, reads, registers, ropes);
            registers.push(value);
        }
    });
    // "A condition of type null is false; a value is true or false only if it is a bool at run time; strings and
    // numbers: undefined."
    match (expression.operations().last()?.ty, registers.last()?) {
        (Type::Null, _) => Some(false),
        (_, Value::Bool(truth)) => Some(*truth),
        _ => None,
    }
}

/// The value of an operation, given those of the operations before it.
#[expect(single_use_lifetimes, reason = "an `impl Trait` takes no lifetime without a name")]
fn compute<'x, 'm: 'x>(
    operation: &'x Operation,
    expression: &'x Expression,
    reads: &mut impl Reads<'m>,
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
            work::steps(expression.arguments(*first, *end).len());
            concat(expression.arguments(*first, *end).iter().map(|&argument| value(argument)), ropes)
        }
        OperationKind::Call(function, first, end) => {
            let arguments = expression.arguments(*first, *end).iter().map(|&argument| operand(argument));
            // No function but `concat` has more than three parameters, so this stays off the heap.
            let arguments: SmallVec<[Operand<'_, RopeId>; 3]> = arguments.collect();
            call(*function, &arguments, ropes)
        }
    }
}

/// The ropes that evaluating an expression can make at most.
fn rope_sizes(expression: &Expression) -> RopeSizes {
    // An operation makes one at most.
    let mut sizes = RopeSizes { ropes: expression.operations().len(), ..RopeSizes::default() };
    // For each operation the most ropes within each other around a text in memory, of those that its value is made of.
    let mut depths: Vec<usize> = Vec::with_capacity(expression.operations().len());
    for operation in expression.operations() {
        let depth_of = |id: &OperationId| depths.get(id.index()).copied().unwrap_or_default();
        let depth = match &operation.kind {
            OperationKind::ToValue(of) => depth_of(of),
            OperationKind::Coalesce(left, right) => depth_of(left).max(depth_of(right)),
            OperationKind::Call(function, first, end) => {
                let arguments = expression.arguments(*first, *end);
                match function {
                    Function::Lower | Function::Upper | Function::Substring => {
                        1 + arguments.first().map_or(0, depth_of)
                    }
                    Function::Concat => {
                        sizes.parts += arguments.len();
                        1 + arguments.iter().map(depth_of).max().unwrap_or_default()
                    }
                    _ => 0,
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
