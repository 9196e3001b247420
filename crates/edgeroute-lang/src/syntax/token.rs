//! The tokens of the language.

use core::fmt;

use super::ast::BinaryOperator;
use crate::span::Span;

/// A token and its place in the text.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// The kind.
    pub kind: TokenKind,
    /// The span.
    pub span: Span,
}

/// The kinds of tokens in the order of the grammar: if two rules match the same longest text, the earlier one wins.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TokenKind {
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `select`, any case
    Select,
    /// `from`, any case
    From,
    /// `where`, any case
    Where,
    /// `into`, any case
    Into,
    /// `"..."` or `'...'`
    String,
    /// A string that is not closed.
    UnterminatedString,
    /// `-?[0-9]+`
    Integer,
    /// `0x` and hexadecimal digits
    Hex,
    /// A number with a point or an exponent.
    Real,
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
    /// `undefined`
    Undefined,
    /// `(`
    OpenParenthesis,
    /// `)`
    CloseParenthesis,
    /// `,`
    Comma,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `and`, any case
    And,
    /// `or`, any case
    Or,
    /// `not`, any case
    Not,
    /// `=`
    Equal,
    /// `!=` or `<>`
    NotEqual,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `||`
    Concat,
    /// `??`
    Coalesce,
    /// `$name`
    SystemProperty,
    /// A name.
    Id,
    /// A run of name characters that contains `[` or `]`; no rule of the grammar accepts it.
    BracketPath,
    /// A character that cannot start a token.
    Unknown,
    /// The end of the text; empty.
    Eof,
}

impl TokenKind {
    /// Returns the binary operator that this token is, if it is one.
    #[must_use]
    pub const fn binary_operator(self) -> Option<BinaryOperator> {
        Some(match self {
            Self::Star => BinaryOperator::Multiply,
            Self::Slash => BinaryOperator::Divide,
            Self::Percent => BinaryOperator::Remainder,
            Self::Plus => BinaryOperator::Add,
            Self::Minus => BinaryOperator::Subtract,
            Self::Concat => BinaryOperator::Concat,
            Self::Less => BinaryOperator::Less,
            Self::LessOrEqual => BinaryOperator::LessOrEqual,
            Self::Greater => BinaryOperator::Greater,
            Self::GreaterOrEqual => BinaryOperator::GreaterOrEqual,
            Self::Equal => BinaryOperator::Equal,
            Self::NotEqual => BinaryOperator::NotEqual,
            Self::And => BinaryOperator::And,
            Self::Or => BinaryOperator::Or,
            Self::Coalesce => BinaryOperator::Coalesce,
            _ => return None,
        })
    }

    /// Whether an operand can start with this token.
    pub(super) const fn starts_operand(self) -> bool {
        matches!(
            self,
            Self::OpenBrace
                | Self::String
                | Self::UnterminatedString
                | Self::Integer
                | Self::Hex
                | Self::Real
                | Self::True
                | Self::False
                | Self::Null
                | Self::Undefined
                | Self::OpenParenthesis
                | Self::Minus
                | Self::Not
                | Self::SystemProperty
                | Self::Id
                | Self::Unknown
        )
    }
}

/// Names the kind of a token for a message.
impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenBrace => "`{`",
            Self::CloseBrace => "`}`",
            Self::Select => "SELECT",
            Self::From => "FROM",
            Self::Where => "WHERE",
            Self::Into => "INTO",
            Self::String => "a string",
            Self::UnterminatedString => "an unterminated string",
            Self::Integer | Self::Hex | Self::Real => "a number",
            Self::True => "`true`",
            Self::False => "`false`",
            Self::Null => "`null`",
            Self::Undefined => "`undefined`",
            Self::OpenParenthesis => "`(`",
            Self::CloseParenthesis => "`)`",
            Self::Comma => "`,`",
            Self::Plus => "`+`",
            Self::Minus => "`-`",
            Self::Star => "`*`",
            Self::Slash => "`/`",
            Self::Percent => "`%`",
            Self::And => "`and`",
            Self::Or => "`or`",
            Self::Not => "`not`",
            Self::Equal => "`=`",
            Self::NotEqual => "`!=`",
            Self::LessOrEqual => "`<=`",
            Self::GreaterOrEqual => "`>=`",
            Self::Greater => "`>`",
            Self::Less => "`<`",
            Self::Concat => "`||`",
            Self::Coalesce => "`??`",
            Self::SystemProperty => "a system property",
            Self::Id => "a name",
            Self::BracketPath => "a name with brackets",
            Self::Unknown => "an unknown character",
            Self::Eof => "the end",
        })
    }
}
