//! The syntax tree of a route, with spans.
//!
//! Everything borrows from the route's text. A condition is an arena in *post-order*: an expression's operands come
//! before it, and the root is last. So a pass over the tree is a loop without a stack, and dropping a tree never
//! recurses.

use smallvec::SmallVec;

use crate::id::define_id;
use crate::span::Span;

define_id! {
    /// An expression of a [`Condition`].
    pub struct ExprId
}

/// A parsed route. The parser has reported every part that is missing or broken.
#[derive(Clone, Debug)]
pub struct Route<'t> {
    /// `SELECT *`, if present. It has no effect.
    pub select: Option<Span>,
    /// The source, after FROM.
    pub source: Option<Source>,
    /// The condition, after WHERE; `None` means `true`.
    pub condition: Option<Condition<'t>>,
    /// The sink, after INTO.
    pub sink: Option<Sink<'t>>,
    /// Text after the sink, which is ignored.
    pub trailing: Option<Span>,
}

/// The path after FROM: `/` and items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path's tokens, not yet normalised, without the white space and comments between them.
    pub path: String,
    /// The span from the first `/` to the last item.
    pub span: Span,
}

/// The destination of matching messages, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink<'t> {
    /// The form of the sink.
    pub kind: SinkKind<'t>,
    /// The span of the whole sink.
    pub span: Span,
}

/// The forms of a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkKind<'t> {
    /// `$name`, including the `$`.
    System(&'t str),
    /// `name("address")`.
    Function {
        /// The function's name.
        name: &'t str,
        /// The span of the name.
        name_span: Span,
        /// The address between the quotes, verbatim.
        address: &'t str,
        /// The span of the address, without the quotes.
        address_span: Span,
    },
}

/// A condition.
#[derive(Clone, Debug)]
pub struct Condition<'t> {
    /// In post-order: operands come before their users.
    pub(super) nodes: Vec<Expr<'t>>,
    /// The root; `None` if the condition contains no token.
    pub(super) root: Option<ExprId>,
    /// The span from the first token to the last, including comments between them.
    pub(super) span: Span,
    /// The text after the longest valid prefix, which is ignored. Only a condition that is parsed alone has it.
    pub(super) ignored: Option<Span>,
}

/// An expression and its place in the text.
#[derive(Clone, Debug)]
pub struct Expr<'t> {
    /// The kind.
    pub kind: ExprKind<'t>,
    /// The span from its first token to its last.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind<'t> {
    /// A missing operand, or text that is not an operand. The parser has reported it.
    Missing,
    /// `true`, `5`, `'text'`.
    Literal(Literal<'t>),
    /// An application property, `level`.
    Property(&'t str),
    /// `$name`, including the `$`: a body query, an application property or a system property.
    SystemProperty(&'t str),
    /// `{$name}`; contains `$name`.
    EscapedSystemProperty(&'t str),
    /// `name(arguments)`.
    Call {
        /// The function's name, as written.
        name: &'t str,
        /// The span of the name.
        name_span: Span,
        /// The arguments in order.
        arguments: SmallVec<[ExprId; 3]>,
    },
    /// `- x`, `not x`.
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// The span of the operator.
        operator_span: Span,
        /// The operand.
        operand: ExprId,
    },
    /// `a + b`.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// The span of the operator.
        operator_span: Span,
        /// The left operand.
        left: ExprId,
        /// The right operand.
        right: ExprId,
    },
    /// `(x)`.
    Parenthesized(ExprId),
}

/// A literal, as written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Literal<'t> {
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
    /// `undefined`
    Undefined,
    /// `-?[0-9]+`
    Integer(&'t str),
    /// `0[xX][0-9a-fA-F]+`
    Hex(&'t str),
    /// With a point or an exponent.
    Real(&'t str),
    /// Includes its quotes, verbatim.
    String(&'t str),
}

/// A prefix operator.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// A binary operator; all group from the left.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `||`
    Concat,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `=`
    Equal,
    /// `!=`, `<>`
    NotEqual,
    /// `and`
    And,
    /// `or`
    Or,
    /// `??`
    Coalesce,
}

impl BinaryOperator {
    /// The precedence, from 1 (`??`) to 7 (`*`): a larger number binds tighter (SEMANTICS#precedence).
    #[must_use]
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Coalesce => 1,
            Self::Or => 2,
            Self::And => 3,
            Self::Equal | Self::NotEqual => 4,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 5,
            Self::Add | Self::Subtract | Self::Concat => 6,
            Self::Multiply | Self::Divide | Self::Remainder => 7,
        }
    }

    /// Returns the operator as written in a route; `!=` for both spellings of unequal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Concat => "||",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::And => "and",
            Self::Or => "or",
            Self::Coalesce => "??",
        }
    }
}

impl UnaryOperator {
    /// Returns the operator as written in a route.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negate => "-",
            Self::Not => "not",
        }
    }
}

impl<'t> Condition<'t> {
    /// Returns the outermost expression; `None` if the condition has no token.
    #[must_use]
    pub fn root(&self) -> Option<ExprId> {
        self.root
    }

    /// Returns the expression with this id; `None` if it is not in this condition.
    #[must_use]
    pub fn get(&self, id: ExprId) -> Option<&Expr<'t>> {
        self.nodes.get(id.index())
    }

    /// Iterates over every expression; operands come before their users.
    pub fn expressions(&self) -> impl ExactSizeIterator<Item = (ExprId, &Expr<'t>)> {
        self.nodes.iter().enumerate().map(|(index, expression)| (ExprId::new(index), expression))
    }

    /// Returns the span from the first token to the last, including comments between them; empty if there is no token.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// Returns the text after the longest valid prefix, which is ignored. Only a condition that is parsed alone has it.
    #[must_use]
    pub fn ignored(&self) -> Option<Span> {
        self.ignored
    }
}
