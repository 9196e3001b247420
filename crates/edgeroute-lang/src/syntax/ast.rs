//! The syntax tree of a route, with spans.
//!
//! Everything borrows from the route's text. A condition is an arena in *post-order*: an expression's operands stand
//! before it, the root last, so that a pass over the tree is a loop, needs no stack, and dropping a tree never recurses.

use smallvec::SmallVec;

use crate::id::define_id;
use crate::span::Span;

define_id! {
    /// An expression of a [`Condition`].
    pub struct ExprId
}

/// A parsed route. Where a part is missing or broken, the parser has said so.
#[derive(Clone, Debug)]
pub struct Route<'t> {
    /// `SELECT *`, which means nothing, if it is there.
    pub select: Option<Span>,
    /// What follows FROM.
    pub source: Option<Source>,
    /// What follows WHERE; `None` means always.
    pub condition: Option<Condition<'t>>,
    /// What follows INTO.
    pub sink: Option<Sink<'t>>,
    /// Text after the sink, which is ignored.
    pub trailing: Option<Span>,
}

/// The path after FROM: `/` and items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path's tokens without the white space and comments between them, not yet normalised.
    pub path: String,
    /// From the first `/` to the last item.
    pub span: Span,
}

/// Where matching messages go, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink<'t> {
    /// Which of the two forms.
    pub kind: SinkKind<'t>,
    /// All of it.
    pub span: Span,
}

/// The two forms of a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkKind<'t> {
    /// `$name`, with the `$`.
    System(&'t str),
    /// `name("address")`.
    Function {
        /// The function's name.
        name: &'t str,
        /// Where the name stands.
        name_span: Span,
        /// The address between the quotes, nothing unescaped.
        address: &'t str,
        /// Where the address stands, without the quotes.
        address_span: Span,
    },
}

/// A condition.
#[derive(Clone, Debug)]
pub struct Condition<'t> {
    /// Post-order: operands before what uses them.
    pub(super) nodes: Vec<Expr<'t>>,
    /// `None`: there is no token in it.
    pub(super) root: Option<ExprId>,
    /// From the first token to the last, inner comments included.
    pub(super) span: Span,
    /// What stands behind the longest valid prefix and is not looked at (only where a condition is parsed alone).
    pub(super) ignored: Option<Span>,
}

/// An expression and where it stands.
#[derive(Clone, Debug)]
pub struct Expr<'t> {
    /// Which one.
    pub kind: ExprKind<'t>,
    /// From its first token to its last.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind<'t> {
    /// Where an operand is missing or no operand can be made of what is there: the parser has said so.
    Missing,
    /// `true`, `5`, `'text'`.
    Literal(Literal<'t>),
    /// An application property, `level`.
    Property(&'t str),
    /// `$name`, with the `$`: a body query, an application property or a system property.
    SystemProperty(&'t str),
    /// `{$name}`; holds `$name`.
    EscapedSystemProperty(&'t str),
    /// `name(arguments)`.
    Call {
        /// The function's name, as written.
        name: &'t str,
        /// Where the name stands.
        name_span: Span,
        /// The arguments in order.
        arguments: SmallVec<[ExprId; 3]>,
    },
    /// `- x`, `not x`.
    Unary {
        /// Which operator.
        operator: UnaryOperator,
        /// Where it stands.
        operator_span: Span,
        /// What it applies to.
        operand: ExprId,
    },
    /// `a + b`.
    Binary {
        /// Which operator.
        operator: BinaryOperator,
        /// Where it stands.
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
    /// With its quotes, nothing unescaped.
    String(&'t str),
}

/// Prefix operators.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// Binary operators; all associate to the left.
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

    /// As it is written; `!=` for both spellings of unequal.
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
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negate => "-",
            Self::Not => "not",
        }
    }
}

impl<'t> Condition<'t> {
    /// The outermost expression; `None` where the condition has no token.
    #[must_use]
    pub fn root(&self) -> Option<ExprId> {
        self.root
    }

    /// The expression with this id; an id of another condition gives `None`.
    #[must_use]
    pub fn get(&self, id: ExprId) -> Option<&Expr<'t>> {
        self.nodes.get(id.index())
    }

    /// Every expression, operands before what uses them.
    pub fn expressions(&self) -> impl ExactSizeIterator<Item = (ExprId, &Expr<'t>)> {
        self.nodes.iter().enumerate().map(|(index, expression)| (ExprId::new(index), expression))
    }

    /// From the first token to the last, inner comments included; empty where there is none.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// What stands behind the longest valid prefix and is not looked at. Only a condition that is parsed alone has it.
    #[must_use]
    pub fn ignored(&self) -> Option<Span> {
        self.ignored
    }
}
