//! Parses tokens into a syntax tree, and always returns a tree and all errors.
//!
//! A route is parsed in one pass ([`parse_route`]). A condition can also be parsed alone ([`parse_condition`]) by
//! another rule: alone, a condition is its longest valid prefix, and inside a route INTO must follow it. The cost is
//! linear in the text. At most [`MAX_ERRORS`](crate::diagnostic::MAX_ERRORS) errors are kept; a last one then counts
//! the rest.

mod condition;
mod foreign;
mod mistake;
mod route;
mod sink;

pub use condition::parse_condition;
pub use route::parse_route;

use crate::diagnostic::{Code, Diagnostic, DiagnosticList, closest, is_invisible};
use crate::limits::Limits;
use crate::span::Span;

use super::lexer::Lexer;
use super::placeholder::{placeholder_at, placeholder_left};
use super::token::{Token, TokenKind};

/// A tree with its errors.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// Complete if there are no errors, otherwise as much as could be parsed.
    pub tree: T,
    /// The errors in the order of the text, as far as the parser reached them.
    pub errors: Vec<Diagnostic>,
}

/// Words that other languages use for a keyword.
fn is_synonym(word: &str, keyword: &str) -> bool {
    let words: &[&str] = match keyword {
        "INTO" => &["to"],
        "WHERE" => &["if", "when"],
        _ => &[],
    };
    words.iter().any(|synonym| synonym.eq_ignore_ascii_case(word))
}

/// Creates an error with a help line. An error about a placeholder stays as it is.
fn explained(error: Diagnostic, help: &str) -> Diagnostic {
    if error.code == Code::PlaceholderLeft { error } else { error.with_help(help) }
}

/// The remaining tokens, with one current token, and the errors so far.
struct Cursor<'t, 'l> {
    text: &'t str,
    limits: &'l Limits,
    lexer: Lexer<'t>,
    current: Token,
    /// The span of the last token taken; empty at 0 before the first.
    previous: Token,
    errors: DiagnosticList,
}

impl<'t, 'l> Cursor<'t, 'l> {
    fn new(text: &'t str, limits: &'l Limits) -> Self {
        let fits = text.len() <= limits.route_bytes && u32::try_from(text.len()).is_ok();
        let parsed = if fits { text } else { "" };
        let mut lexer = Lexer::new(parsed);
        let current = lexer.next_token();
        let previous = Token { kind: TokenKind::Eof, span: Span::at(0) };
        let mut cursor = Self { text: parsed, limits, lexer, current, previous, errors: DiagnosticList::default() };
        if !fits {
            let message =
                format!("the route has {} bytes; the limit `route_bytes` is {}", text.len(), limits.route_bytes);
            cursor.error(Diagnostic::new(Code::RouteTooLong, Span::at(0), message));
        }
        cursor
    }

    fn is_too_long(&self) -> bool {
        self.errors.first().is_some_and(|error| error.code == Code::RouteTooLong)
    }

    fn kind(&self) -> TokenKind {
        self.current.kind
    }

    /// Returns the span from the current token to the end, without white space there. Characters that are not white
    /// space in the language, such as a no-break space, are part of it.
    fn rest(&self) -> Span {
        let end = self.text.trim_end_matches([' ', '\t', '\r', '\n']).len();
        Span::from_range(self.current.span.range().start..end)
    }

    fn is_at(&self, kind: TokenKind) -> bool {
        self.current.kind == kind
    }

    /// Takes the current token.
    fn take(&mut self) -> Token {
        self.previous = self.current;
        self.current = self.lexer.next_token();
        self.previous
    }

    /// Takes the current token if it has this kind.
    fn take_if(&mut self, kind: TokenKind) -> Option<Token> {
        self.is_at(kind).then(|| self.take())
    }

    /// Whether the current token is a name similar to one of these keywords.
    fn is_at_mistyped(&self, keywords: &[&'static str]) -> bool {
        let text = self.text_of(self.current);
        match self.current.kind {
            TokenKind::Id => {
                closest(text, keywords.iter().copied()).is_some()
                    || keywords.iter().any(|keyword| is_synonym(text, keyword))
            }
            // `->`
            TokenKind::Minus => {
                keywords.contains(&"INTO")
                    && self.text.get(self.current.span.range().end..).is_some_and(|rest| rest.starts_with('>'))
            }
            _ => false,
        }
    }

    /// Whether the current token begins a sink: `$upstream`, or `BrokeredEndpoint(`.
    fn is_at_sink(&self) -> bool {
        let text = self.text_of(self.current);
        match self.current.kind {
            TokenKind::SystemProperty => text.eq_ignore_ascii_case("$upstream"),
            TokenKind::Id => {
                text.eq_ignore_ascii_case("BrokeredEndpoint") && self.peek().kind == TokenKind::OpenParenthesis
            }
            _ => false,
        }
    }

    /// Returns the token after the current one.
    fn peek(&self) -> Token {
        self.lexer.clone().next_token()
    }

    fn text_of(&self, token: Token) -> &'t str {
        token.span.slice(self.text)
    }

    /// Adds an error. A placeholder is reported once, however many errors it causes.
    fn error(&mut self, diagnostic: Diagnostic) {
        if diagnostic.code != Code::PlaceholderLeft || self.errors.last() != Some(&diagnostic) {
            self.errors.push(diagnostic);
        }
    }

    /// Creates the error `expected ..., found ...` at the current token, or reports that it is a placeholder.
    fn unexpected(&self, code: Code, expected: &str) -> Diagnostic {
        if let Some(span) = self.placeholder() {
            return placeholder_left(self.text, span);
        }
        let found = self.describe(self.current);
        let span = self.current.span;
        let error = Diagnostic::new(code, span, format!("expected {expected}, found {found}"));
        let error = error.with_label(format!("expected {expected}"));
        match self.lexer.first_comment() {
            // A source such as `/messages/*` opens a comment if `*/` follows anywhere, which is surprising.
            Some(comment) if self.follows_path(comment) => {
                error.with_secondary(comment, "`/*` opens a comment here, and the first `*/` ends it")
            }
            _ => error,
        }
    }

    /// Returns the placeholder that the current token belongs to; not searched once errors are only counted.
    fn placeholder(&self) -> Option<Span> {
        if self.errors.is_full() { None } else { placeholder_at(self.text, self.current.span) }
    }

    /// Skips every token that begins before byte `end`.
    fn take_to(&mut self, end: u32) {
        while self.current.span.start() < end && !self.is_at(TokenKind::Eof) {
            self.take();
        }
    }

    fn follows_path(&self, comment: Span) -> bool {
        let before = self.text.get(..comment.range().start).unwrap_or_default();
        before.ends_with(|last: char| !last.is_whitespace())
    }

    /// Describes a token for a message: its text if it is short, otherwise its kind.
    fn describe(&self, token: Token) -> String {
        let text = self.text_of(token);
        if token.kind == TokenKind::Eof || text.chars().count() > 40 || text.chars().any(is_invisible) {
            token.kind.to_string()
        } else {
            format!("`{text}`")
        }
    }

    fn into_errors(self) -> Vec<Diagnostic> {
        self.errors.finish(self.current.span)
    }
}
