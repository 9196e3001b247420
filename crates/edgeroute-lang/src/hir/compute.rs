//! Computes nodes.
//!
//! Folding and interpreting both use this, so a node has only one meaning, which [`crate::value`] defines.

use super::{Node, NodeId, NodeKind, Operand, Value};
use crate::value::{Units, and, arithmetic, call, coalesce, compare, negate, not, or};

/// Computes `node` from its operands; `None` if it reads the message (a property, a body query). Copies strings freely.
pub fn compute<'v>(node: &Node<'_>, operand: impl Fn(NodeId) -> Operand<'v>) -> Option<Value> {
    let value = match &node.kind {
        NodeKind::Property(_) | NodeKind::Body { .. } | NodeKind::TwinChangeIncludes(_) => return None,
        NodeKind::Undefined => Value::Undefined,
        NodeKind::Null => Value::Null,
        NodeKind::Bool(value) => Value::Bool(*value),
        NodeKind::Number(value) => Value::Number(*value),
        NodeKind::Text(text) => Value::from(text),
        // Every value can represent itself: a null property is a string (SEMANTICS#to-value), and NaN is undefined
        // already.
        NodeKind::ToValue(of) => operand(*of).value.clone(),
        NodeKind::Not(of) => not(operand(*of).value),
        NodeKind::Negate(of) => negate(operand(*of).value),
        NodeKind::And(left, right) => and(operand(*left), operand(*right)),
        NodeKind::Or(left, right) => or(operand(*left), operand(*right)),
        NodeKind::Arithmetic(operator, left, right) => arithmetic(*operator, operand(*left), operand(*right)),
        NodeKind::Compare(comparison, left, right) => compare(*comparison, operand(*left), operand(*right), &mut Units),
        NodeKind::Coalesce(left, right) => coalesce(operand(*left).value, operand(*right).value),
        NodeKind::Call(function, arguments) => {
            let arguments: Vec<Operand<'v>> = arguments.iter().map(|&argument| operand(argument)).collect();
            call(*function, &arguments, &mut Units)
        }
    };
    Some(value)
}
