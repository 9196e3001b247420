//! Conditions with types: what a condition means, in a form where nothing is implied.
//!
//! [`check`] turns a syntax tree into a [`Condition`] or into errors. The typed form is an arena in post-order, like the
//! syntax tree. Each node has its static type; conversions to a value are nodes of their own; names are resolved to
//! what they read; literals are unescaped and parsed; a function call is one of the table's ([`crate::builtin`]).
//! A condition exists only where there were no errors: after this stage there are none.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::body::BodyPath;
use crate::builtin::Function;
use crate::id::define_id;
use crate::span::Span;

define_id! {
    /// A node of a [`Condition`].
    pub struct NodeId
}

/// The static types.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Type {
    /// A string: every property.
    Text,
    /// A number.
    Number,
    /// A bool.
    Bool,
    /// `null`.
    Null,
    /// `undefined`, and literals that the reference cannot read.
    Undefined,
    /// A body query, or what is made of one: its kind is known at run time.
    Value,
}

/// A typed condition: post-order, the root last.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition<'t> {
    /// Each node's operands have smaller ids.
    pub(crate) nodes: Vec<Node<'t>>,
    pub(crate) root: NodeId,
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

/// A text that may hold lone surrogates, which only escapes can write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Text<'t> {
    /// Without lone surrogates.
    WellFormed(Cow<'t, str>),
    /// UTF-16 code units with at least one lone surrogate.
    IllFormed(Box<[u16]>),
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
    /// A number, not NaN.
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

/// Arithmetic operators.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`, of numbers only.
    Remainder,
}

/// Comparisons.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}
