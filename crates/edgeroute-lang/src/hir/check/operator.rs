//! Types operators, with one method for each row of the reference's table.

use super::Checker;
use crate::builtin::Function;
use crate::hir::{Arithmetic, Comparison, NodeId, NodeKind, Type};
use crate::span::Span;
use crate::syntax::ast::{BinaryOperator, ExprId};

use core::mem::take;

use smallvec::SmallVec;

/// A binary expression whose operands have been typed.
#[derive(Copy, Clone)]
pub(super) struct Binary {
    pub(super) operator: BinaryOperator,
    pub(super) operator_span: Span,
    pub(super) left: ExprId,
    pub(super) right: ExprId,
    pub(super) types: (Type, Type),
}

impl Checker<'_, '_> {
    /// Types unary minus, whose operand is a number (SEMANTICS#negation).
    pub(super) fn negate(&mut self, operator_span: Span, operand: ExprId, span: Span) -> Option<NodeId> {
        let node = self.node(operand)?;
        match self.arena.type_of(node) {
            Type::Number => Some(self.arena.push(NodeKind::Negate(node), Type::Number, span)),
            ty => {
                self.invalid_negation(operator_span, operand, ty);
                None
            }
        }
    }

    /// Types `not`, whose operand is a bool, a body value or null; `not null` is `true` (SEMANTICS#not).
    pub(super) fn not(&mut self, operator_span: Span, operand: ExprId, span: Span) -> Option<NodeId> {
        let node = self.node(operand)?;
        match self.arena.type_of(node) {
            Type::Bool | Type::Value => Some(self.arena.push(NodeKind::Not(node), Type::Bool, span)),
            Type::Null => Some(self.arena.push(NodeKind::Bool(true), Type::Bool, span)),
            ty @ (Type::Text | Type::Number | Type::Undefined) => {
                self.invalid_not(operator_span, operand, ty);
                None
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        operator: BinaryOperator,
        operator_span: Span,
        left: ExprId,
        right: ExprId,
        span: Span,
    ) -> Option<NodeId> {
        let nodes = (self.node(left)?, self.node(right)?);
        let types = (self.arena.type_of(nodes.0), self.arena.type_of(nodes.1));
        let node = match operator {
            BinaryOperator::Add => self.arithmetic(Arithmetic::Add, nodes, types, span),
            BinaryOperator::Subtract => self.arithmetic(Arithmetic::Subtract, nodes, types, span),
            BinaryOperator::Multiply => self.arithmetic(Arithmetic::Multiply, nodes, types, span),
            BinaryOperator::Divide => self.arithmetic(Arithmetic::Divide, nodes, types, span),
            BinaryOperator::Remainder => self.remainder(nodes, types, span),
            BinaryOperator::Concat => self.concat(nodes, types, span),
            BinaryOperator::Equal => self.compare(Comparison::Equal, nodes, types, span),
            BinaryOperator::NotEqual => self.compare(Comparison::NotEqual, nodes, types, span),
            BinaryOperator::Less => self.compare(Comparison::Less, nodes, types, span),
            BinaryOperator::LessOrEqual => self.compare(Comparison::LessOrEqual, nodes, types, span),
            BinaryOperator::Greater => self.compare(Comparison::Greater, nodes, types, span),
            BinaryOperator::GreaterOrEqual => self.compare(Comparison::GreaterOrEqual, nodes, types, span),
            BinaryOperator::And => self.and(nodes, types, span),
            BinaryOperator::Or => self.or(nodes, types, span),
            BinaryOperator::Coalesce => self.coalesce(nodes, types, span),
        };
        if node.is_none() {
            self.invalid_operands(&Binary { operator, operator_span, left, right, types });
        }
        node
    }

    /// Types `+ - * /` (SEMANTICS#arithmetic).
    fn arithmetic(
        &mut self,
        operator: Arithmetic,
        (left, right): (NodeId, NodeId),
        types: (Type, Type),
        span: Span,
    ) -> Option<NodeId> {
        let ((left, right), ty) = match types {
            (Type::Number, Type::Number) => ((left, right), Type::Number),
            (Type::Value, Type::Number | Type::Value) | (Type::Number, Type::Value) => {
                ((self.value_of(left), self.value_of(right)), Type::Value)
            }
            _ => return None,
        };
        Some(self.arena.push(NodeKind::Arithmetic(operator, left, right), ty, span))
    }

    /// Types `%`, which accepts numbers only; the reference crashes on body values (SEMANTICS#remainder).
    fn remainder(&mut self, (left, right): (NodeId, NodeId), types: (Type, Type), span: Span) -> Option<NodeId> {
        match types {
            (Type::Number, Type::Number) => {
                Some(self.arena.push(NodeKind::Arithmetic(Arithmetic::Remainder, left, right), Type::Number, span))
            }
            _ => None,
        }
    }

    /// Types `||`, which is the function `concat` (SEMANTICS#concatenation).
    fn concat(&mut self, (left, right): (NodeId, NodeId), types: (Type, Type), span: Span) -> Option<NodeId> {
        match types {
            (Type::Text | Type::Value, Type::Text | Type::Value) => Some(self.joined(&[left, right], span)),
            _ => None,
        }
    }

    /// Types a call of `concat`, and inlines the arguments of its arguments that are calls of `concat` themselves. The
    /// result is the same, but `a || b || c || ...` does not copy every string again at every step.
    pub(super) fn joined(&mut self, parts: &[NodeId], span: Span) -> NodeId {
        let mut arguments: SmallVec<[NodeId; 3]> = SmallVec::new();
        for &part in parts {
            match self.arena.get_mut(part).map(|node| &mut node.kind) {
                Some(NodeKind::Call(Function::Concat, inner)) if arguments.is_empty() => arguments = take(inner),
                Some(NodeKind::Call(Function::Concat, inner)) => arguments.append(inner),
                _ => arguments.push(part),
            }
        }
        self.arena.push(NodeKind::Call(Function::Concat, arguments), Type::Text, span)
    }

    /// Types a comparison (SEMANTICS#comparison-types). Strings are never converted to numbers
    /// (SEMANTICS#no-conversion).
    fn compare(
        &mut self,
        comparison: Comparison,
        nodes: (NodeId, NodeId),
        types: (Type, Type),
        span: Span,
    ) -> Option<NodeId> {
        let ((left, right), _) = self.unify(nodes, types)?;
        Some(self.arena.push(NodeKind::Compare(comparison, left, right), Type::Bool, span))
    }

    /// Types `??` (SEMANTICS#coalesce).
    fn coalesce(&mut self, nodes: (NodeId, NodeId), types: (Type, Type), span: Span) -> Option<NodeId> {
        let ((left, right), ty) = self.unify(nodes, types)?;
        Some(self.arena.push(NodeKind::Coalesce(left, right), ty, span))
    }

    /// Brings two operands to one type: the same type already, or a body value and any type but undefined, which
    /// becomes a body value too (SEMANTICS#to-value).
    fn unify(&mut self, (left, right): (NodeId, NodeId), types: (Type, Type)) -> Option<((NodeId, NodeId), Type)> {
        match types {
            (left_type, right_type) if left_type == right_type => Some(((left, right), left_type)),
            (Type::Value, other) | (other, Type::Value) if other != Type::Undefined => {
                Some(((self.value_of(left), self.value_of(right)), Type::Value))
            }
            _ => None,
        }
    }

    fn and(&mut self, (left, right): (NodeId, NodeId), types: (Type, Type), span: Span) -> Option<NodeId> {
        match types {
            (Type::Bool | Type::Undefined, Type::Bool | Type::Undefined) => {
                Some(self.arena.push(NodeKind::And(left, right), Type::Bool, span))
            }
            // The result is null (SEMANTICS#null-truth).
            (Type::Null, Type::Null | Type::Bool) | (Type::Bool, Type::Null) => {
                Some(self.arena.push(NodeKind::Null, Type::Null, span))
            }
            // The reference crashes (SEMANTICS#null-truth).
            (Type::Value, Type::Null) => None,
            (Type::Value, _) => {
                let (left, right) = (self.value_of(left), self.value_of(right));
                Some(self.arena.push(NodeKind::And(left, right), Type::Bool, span))
            }
            _ => None,
        }
    }

    fn or(&mut self, (left, right): (NodeId, NodeId), types: (Type, Type), span: Span) -> Option<NodeId> {
        match types {
            (Type::Bool | Type::Undefined, Type::Bool | Type::Undefined) => {
                Some(self.arena.push(NodeKind::Or(left, right), Type::Bool, span))
            }
            // The result is the other operand (SEMANTICS#null-truth).
            (Type::Null, Type::Null | Type::Bool) => Some(right),
            (Type::Bool, Type::Null) => Some(left),
            (Type::Value, _) => {
                let (left, right) = (self.value_of(left), self.value_of(right));
                Some(self.arena.push(NodeKind::Or(left, right), Type::Bool, span))
            }
            _ => None,
        }
    }
}
