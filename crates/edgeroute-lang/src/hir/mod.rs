//! Conditions with types: what a condition means, in a form where nothing is implied.
//!
//! [`check`] turns a syntax tree into a [`Condition`] or into errors. The typed form is an arena in post-order, like the
//! syntax tree. Each node has its static type; conversions to a value are nodes of their own; names are resolved to
//! what they read; literals are unescaped and parsed; a function call is one of the table's ([`crate::builtin`]).
//! A condition exists only where there were no errors: after this stage there are none.

mod arena;
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
pub use check::{CheckOptions, Shadowing, TwinFunctions, check};
pub use fold::fold;
pub use route::Route;

pub(crate) use compute::compute;

/// A run-time value, texts being UTF-16 code units.
pub type Value = crate::value::Value<Arc<[u16]>>;

/// A value with its static type.
pub(crate) type Operand<'v> = crate::value::Operand<'v, Arc<[u16]>>;

define_id! {
    /// A node of a [`Condition`].
    pub struct NodeId
}

/// A typed condition: post-order, the root last.
///
/// `Debug` shows a line for each node. A condition is never without a node.
#[derive(Clone, PartialEq)]
pub struct Condition<'t> {
    /// A tree: each node but the last is an operand of exactly one other, which stands behind it.
    nodes: Vec<Node<'t>>,
}

/// A node with its static type.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'t> {
    /// What it computes.
    pub kind: NodeKind<'t>,
    /// Its static type.
    pub ty: Type,
    /// Where it stands in the text that was checked.
    pub span: Span,
}

/// What a name reads. All look up ignoring case.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property<'t> {
    /// The application property of this name.
    Application(&'t str),
    /// The system property of this name (without the `$`).
    System(&'t str),
    /// The application property of this name, which starts with `$`; if there is none (a null one is one), the system
    /// property of the rest.
    ApplicationOrSystem(&'t str),
}

/// What nodes compute. The types in the comments are the static types of operands.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind<'t> {
    /// Always undefined, of whatever static type.
    Undefined,
    /// `null`, and what is null whatever its operands are (`null and x`).
    Null,
    /// A bool.
    Bool(bool),
    /// A number; not NaN, which is undefined.
    Number(f64),
    /// A text.
    Text(Text<'t>),
    /// A property (Text).
    Property(Property<'t>),
    /// A body query (Value). With a shadow, the application property of that name, null or not, goes first.
    Body {
        /// Where in the body.
        path: BodyPath,
        /// `$body.path`, as written.
        shadow: Option<&'t str>,
    },
    /// An operand of another type turned into a value (Text, Number, Bool, Null or Undefined -> Value).
    ToValue(NodeId),
    /// `not` (Bool -> Bool, or Value -> Bool: undefined where it is no bool). `not null` is folded to `true`.
    Not(NodeId),
    /// Unary minus (Number).
    Negate(NodeId),
    /// Both operands Bool or Undefined: Kleene's `and`; both Value: undefined unless both are bools. Bool.
    And(NodeId, NodeId),
    /// As `And`.
    Or(NodeId, NodeId),
    /// Both operands Number (Number), or both Value (Value).
    Arithmetic(Arithmetic, NodeId, NodeId),
    /// Both operands of one type, any type. Bool.
    Compare(Comparison, NodeId, NodeId),
    /// Both operands of one type, which is the result's.
    Coalesce(NodeId, NodeId),
    /// A function; the static types of its arguments pick the overload.
    Call(Function, SmallVec<[NodeId; 3]>),
    /// `twin_change_includes(path)` (Bool).
    TwinChangeIncludes(BodyPath),
}

/// Reading it.
impl<'t> Condition<'t> {
    /// The outermost node, which stands last.
    #[must_use]
    pub fn root(&self) -> NodeId {
        NodeId::new(self.nodes.len().saturating_sub(1))
    }

    /// The node with this id; an id of another condition may give `None`.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&Node<'t>> {
        self.nodes.get(id.index())
    }

    /// Every node, operands before what uses them.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node<'t>)> + DoubleEndedIterator {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId::new(index), node))
    }

    /// The static type of a node; `Undefined` for an id of another condition.
    #[must_use]
    pub fn type_of(&self, id: NodeId) -> Type {
        self.get(id).map_or(Type::Undefined, |node| node.ty)
    }
}

impl NodeKind<'_> {
    /// The nodes it is computed from, in order. Allocates for a call of more than three arguments.
    #[must_use]
    pub fn operands(&self) -> SmallVec<[NodeId; 3]> {
        let mut operands = SmallVec::new();
        self.for_each_operand(|operand| operands.push(operand));
        operands
    }

    /// Whether it is the same for every message by itself: undefined, null, a bool, a number or a text.
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
