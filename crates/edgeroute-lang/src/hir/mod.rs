//! Typed conditions, in which nothing is implicit.
//!
//! [`check`] turns a syntax tree into a [`Condition`] or into errors. The typed form is an arena in post-order, like
//! the syntax tree. Each node has its static type. Conversions to a body value are nodes of their own, names are
//! resolved to what they read, literals are unescaped and parsed, and each function call refers to the table
//! ([`crate::builtin`]). A condition exists only if there were no errors, so later stages cannot fail.

mod arena;
mod assume;
mod check;
mod compute;
mod fold;
mod literal;
mod print;
mod route;

use std::sync::Arc;

use smallvec::SmallVec;

use crate::body::BodyPath;
use crate::builtin::Function;
use crate::id::define_id;
use crate::span::Span;

pub use crate::value::{Arithmetic, Comparison, Text, Type};
pub use assume::{Known, assume, reads_stamps};
pub use check::{CheckOptions, Shadowing, TwinFunctions, check};
pub use fold::fold;
pub use route::TypedRoute;

pub use compute::compute;

/// A run-time value, whose strings are UTF-16 code units.
pub type Value = crate::value::Value<Arc<[u16]>>;

/// A value with its static type.
pub type Operand<'v> = crate::value::Operand<'v, Arc<[u16]>>;

define_id! {
    /// A node of a [`Condition`].
    pub struct NodeId
}

/// A typed condition in post-order: the root is last.
///
/// `Debug` prints a line for each node. A condition has at least one node.
#[derive(Clone, PartialEq)]
pub struct Condition<'t> {
    /// A tree: each node but the last is an operand of exactly one later node.
    nodes: Vec<Node<'t>>,
}

/// A node with its static type.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'t> {
    /// The computation.
    pub kind: NodeKind<'t>,
    /// The static type of the result.
    pub ty: Type,
    /// The place in the text that was checked.
    pub span: Span,
}

/// What a name reads. All names ignore case.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property<'t> {
    /// The application property of this name.
    Application(&'t str),
    /// The system property of this name (without the `$`).
    System(&'t str),
    /// The application property of this name, which starts with `$`; if the message has none, null or not, the system
    /// property of the rest.
    ApplicationOrSystem(&'t str),
}

/// The computation of a node. The types in parentheses are the static types of operands and result.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind<'t> {
    /// Always undefined, of any static type.
    Undefined,
    /// `null`, and operations that are null for any operands (`null and x`).
    Null,
    /// A bool.
    Bool(bool),
    /// A number, never NaN, since NaN is undefined.
    Number(f64),
    /// A string.
    Text(Text<'t>),
    /// A property (string).
    Property(Property<'t>),
    /// A body query (body value). With a shadow, the application property of that name, null or not, takes precedence.
    Body {
        /// The path in the body.
        path: BodyPath,
        /// `$body.path`, as written.
        shadow: Option<&'t str>,
    },
    /// Converts an operand of another type to a body value (string, number, bool, null or undefined -> body value).
    ToValue(NodeId),
    /// `not` (bool -> bool, or body value -> bool: undefined if it is not a bool). `not null` is folded to `true`.
    Not(NodeId),
    /// Unary minus (number).
    Negate(NodeId),
    /// Both operands bool or undefined: three-valued `and`. Both body values: undefined unless both are bools. The
    /// result is a bool.
    And(NodeId, NodeId),
    /// Like `And`.
    Or(NodeId, NodeId),
    /// Both operands numbers (number), or both body values (body value).
    Arithmetic(Arithmetic, NodeId, NodeId),
    /// Both operands of one type, whichever it is. The result is a bool.
    Compare(Comparison, NodeId, NodeId),
    /// Both operands of one type, which is also the result's.
    Coalesce(NodeId, NodeId),
    /// A function call; the static types of its arguments select the overload.
    Call(Function, SmallVec<[NodeId; 3]>),
    /// `twin_change_includes(path)` (bool).
    TwinChangeIncludes(BodyPath),
}

/// Getters.
impl<'t> Condition<'t> {
    /// Returns the outermost node, which is last.
    #[must_use]
    pub fn root(&self) -> NodeId {
        NodeId::new(self.nodes.len().saturating_sub(1))
    }

    /// Returns the node with this id; `None` or an unrelated node for an id of another condition.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&Node<'t>> {
        self.nodes.get(id.index())
    }

    /// Iterates over every node; operands come before their users.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node<'t>)> + DoubleEndedIterator {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId::new(index), node))
    }

    /// Returns the static type of a node; `Undefined` for an id of another condition.
    #[must_use]
    pub fn type_of(&self, id: NodeId) -> Type {
        self.get(id).map_or(Type::Undefined, |node| node.ty)
    }
}

impl NodeKind<'_> {
    /// Returns the operands in order. Allocates for a call with more than three arguments.
    #[must_use]
    pub fn operands(&self) -> SmallVec<[NodeId; 3]> {
        let mut operands = SmallVec::new();
        self.for_each_operand(|operand| operands.push(operand));
        operands
    }

    /// Whether the node is a constant: undefined, null, a bool, a number or a string.
    #[must_use]
    pub const fn is_constant(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_))
    }

    fn for_each_operand(&self, mut visit: impl FnMut(NodeId)) {
        match self {
            Self::Undefined
            | Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Property(_)
            | Self::Body { .. }
            | Self::TwinChangeIncludes(_) => {}
            Self::ToValue(operand) | Self::Not(operand) | Self::Negate(operand) => visit(*operand),
            Self::And(left, right)
            | Self::Or(left, right)
            | Self::Arithmetic(_, left, right)
            | Self::Compare(_, left, right)
            | Self::Coalesce(left, right) => {
                visit(*left);
                visit(*right);
            }
            Self::Call(_, arguments) => arguments.iter().copied().for_each(visit),
        }
    }

    fn for_each_operand_mut(&mut self, mut visit: impl FnMut(&mut NodeId)) {
        match self {
            Self::Undefined
            | Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Property(_)
            | Self::Body { .. }
            | Self::TwinChangeIncludes(_) => {}
            Self::ToValue(operand) | Self::Not(operand) | Self::Negate(operand) => visit(operand),
            Self::And(left, right)
            | Self::Or(left, right)
            | Self::Arithmetic(_, left, right)
            | Self::Compare(_, left, right)
            | Self::Coalesce(left, right) => {
                visit(left);
                visit(right);
            }
            Self::Call(_, arguments) => arguments.iter_mut().for_each(visit),
        }
    }
}
