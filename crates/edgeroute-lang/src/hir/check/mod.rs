//! Turns a syntax tree into a typed condition, or into all its type errors.
//!
//! It is one loop over the tree, operands first: no recursion, in time linear in the tree. An expression with an error
//! has no typed node, and expressions that contain it are not checked, so each mistake is reported once. Whatever the
//! reference refuses is refused, regardless of its context; what the reference crashes on is refused too
//! ([`Code::NullWithUndefined`], [`Code::ValueArithmetic`]).
//!
//! This file traverses the tree. [`operator`] types operators, [`call`] types functions, [`name`] resolves names,
//! [`message`] words the errors, and [`meant`] guesses what the author meant.

mod call;
mod meant;
mod message;
mod name;
mod operator;

use smallvec::SmallVec;

use super::arena::Arena;
use super::literal::unescape;
use super::{Condition, NodeId, NodeKind, Type};
use crate::diagnostic::{Diagnostic, DiagnosticList};
use crate::span::Span;
use crate::steps;
use crate::syntax::ast::{self, Expr, ExprId, ExprKind, Literal, UnaryOperator};
use crate::text::{hex_literal, number_literal};

/// The options of checking a condition.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct CheckOptions {
    /// Whether the route accepts twin notifications.
    pub twin_functions: TwinFunctions,
    /// Whether an application property can shadow a stamp.
    pub shadowing: Shadowing,
}

/// Whether `twin_change_includes` is available.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum TwinFunctions {
    /// The route's source is `/twinChangeNotifications`.
    Known,
    /// The route's source is another one, even a broader one: the function is refused, as in the reference.
    #[default]
    Unknown,
}

/// What `$name` reads for a name that only the hub may stamp: `connectionDeviceId`, `connectionModuleId`, `outputName`
/// or `inputName`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Shadowing {
    /// Only the system property, so that no client can impersonate another by a property named `$connectionDeviceId`.
    #[default]
    Deny,
    /// The application property named `$name` if there is one, as for all other names and as in the reference.
    Reference,
}

/// Types a condition (SEMANTICS#type-errors). A blank one is undefined (SEMANTICS#no-condition).
///
/// # Errors
/// Every error in the order of the text, at most [`MAX_ERRORS`] followed by a count (SEMANTICS#all-errors). If the
/// parser found errors, the list may be empty.
///
/// [`MAX_ERRORS`]: crate::diagnostic::MAX_ERRORS
pub fn check<'t>(condition: &ast::Condition<'t>, options: &CheckOptions) -> Result<Condition<'t>, Vec<Diagnostic>> {
    let size = condition.expressions().len();
    let mut checker = Checker {
        syntax: condition,
        options: *options,
        arena: Arena::with_capacity(size + 1),
        typed: SmallVec::with_capacity(size),
        errors: DiagnosticList::default(),
    };
    for (_, expression) in condition.expressions() {
        let node = checker.expression(expression);
        checker.typed.push(node);
    }
    let root = match condition.root() {
        Some(root) => checker.node(root),
        None => Some(checker.arena.push(NodeKind::Undefined, Type::Undefined, condition.span())),
    };
    if let Some(root) = root {
        debug_assert!(checker.errors.is_empty(), "what has a mistake in it has no node");
        Ok(checker.arena.finish(root))
    } else {
        checker.errors.sort();
        Err(checker.errors.finish(condition.span()))
    }
}

struct Checker<'c, 't> {
    syntax: &'c ast::Condition<'t>,
    options: CheckOptions,
    arena: Arena<'t>,
    /// For each expression so far its node; `None` if it has an error.
    typed: SmallVec<[Option<NodeId>; 32]>,
    errors: DiagnosticList,
}

impl<'t> Checker<'_, 't> {
    /// Types an expression whose operands have been typed.
    fn expression(&mut self, expression: &Expr<'t>) -> Option<NodeId> {
        steps::step();
        let span = expression.span;
        match &expression.kind {
            ExprKind::Missing => None,
            ExprKind::Literal(literal) => Some(self.literal(*literal, span)),
            ExprKind::Property(name) => Some(self.property(name, span)),
            ExprKind::SystemProperty(name) => self.system_property(name, span),
            ExprKind::EscapedSystemProperty(name) => self.escaped_system_property(name, span),
            ExprKind::Call { name, name_span, arguments } => self.call(name, *name_span, arguments, span),
            ExprKind::Unary { operator: UnaryOperator::Negate, operator_span, operand } => {
                self.negate(*operator_span, *operand, span)
            }
            ExprKind::Unary { operator: UnaryOperator::Not, operator_span, operand } => {
                self.not(*operator_span, *operand, span)
            }
            ExprKind::Binary { operator, operator_span, left, right } => {
                self.binary(*operator, *operator_span, *left, *right, span)
            }
            ExprKind::Parenthesized(inner) => self.node(*inner),
        }
    }

    fn literal(&mut self, literal: Literal<'t>, span: Span) -> NodeId {
        let number = |number: Option<f64>| match number {
            Some(number) => (NodeKind::Number(number), Type::Number),
            // SEMANTICS#unreadable-literals
            None => (NodeKind::Undefined, Type::Undefined),
        };
        let (kind, ty) = match literal {
            Literal::True => (NodeKind::Bool(true), Type::Bool),
            Literal::False => (NodeKind::Bool(false), Type::Bool),
            Literal::Null => (NodeKind::Null, Type::Null),
            Literal::Undefined => (NodeKind::Undefined, Type::Undefined),
            Literal::Integer(text) | Literal::Real(text) => number(number_literal(text)),
            Literal::Hex(text) => number(hex_literal(text)),
            Literal::String(text) => (NodeKind::Text(unescape(text)), Type::Text),
        };
        self.arena.push(kind, ty, span)
    }

    /// Returns the node of an expression; `None` if it has an error.
    fn node(&self, expression: ExprId) -> Option<NodeId> {
        self.typed.get(expression.index()).copied().flatten()
    }

    /// Converts the node to a body value unless it is one already.
    fn value_of(&mut self, node: NodeId) -> NodeId {
        match self.arena.get(node) {
            Some(of) if of.ty != Type::Value => {
                let span = of.span;
                self.arena.push(NodeKind::ToValue(node), Type::Value, span)
            }
            _ => node,
        }
    }
}

#[cfg(test)]
mod tests;
