//! Parses conditions by precedence climbing, with its stacks in vectors, so that nesting takes memory and never call
//! stack.
//!
//! The parser is in one of two states: it expects an operand, or it has one and expects an operator. Operators wait on
//! a stack until one that binds less tightly follows; parentheses and calls are frames on another stack.
//!
//! Two rules of the reference need more than that (`grammar/README.md` explains them):
//! - *Alone, a condition is its longest valid prefix*, unless the next token is a binary operator, an unknown
//!   character, or a `)` after a parenthesised expression or call.
//! - *A surplus `)` claims an earlier `))`.* If a `)` directly follows the `)` of a parenthesised expression or call,
//!   it may be read as surplus, and the group that it would have closed stays open until the next `)`.
//!   The reference reads it so, and refuses the condition, if that lets the parse reach further.
//!   Each frame records which kinds of groups such readings have open within it ([`Claims`]), which is enough to follow
//!   every such reading at once.

use smallvec::SmallVec;

use super::{Cursor, Parsed, explained};
use crate::diagnostic::{Code, Diagnostic};
use crate::limits::Limits;
use crate::span::Span;
use crate::steps;
use crate::syntax::ast::{BinaryOperator, Condition, Expr, ExprId, ExprKind, Literal, UnaryOperator};
use crate::syntax::lexer::Lexer;
use crate::syntax::token::TokenKind;

/// Parses a condition that is not part of a route: its longest valid prefix.
///
/// ```
/// use edgeroute_lang::limits::Limits;
/// use edgeroute_lang::syntax::parse_condition;
///
/// let parsed = parse_condition("level = 'hot' and more", &Limits::default());
/// assert_eq!(parsed.errors.len(), 0);
/// let parsed = parse_condition("level = 'hot' more", &Limits::default());
/// assert_eq!(parsed.tree.ignored().map(|span| span.range()), Some(14..18));
/// ```
#[must_use]
pub fn parse_condition<'t>(text: &'t str, limits: &Limits) -> Parsed<Condition<'t>> {
    let mut cursor = Cursor::new(text, limits);
    let mut tree = if cursor.is_at(TokenKind::Eof) {
        Condition { nodes: Vec::new(), root: None, span: Span::at(0), ignored: None }
    } else {
        parse_expression(&mut cursor, Follow::Anything)
    };
    if cursor.errors.is_empty() && !cursor.is_at(TokenKind::Eof) {
        tree.ignored = Some(cursor.rest());
    }
    Parsed { tree, errors: cursor.into_errors() }
}

/// The context of a condition, which determines what must follow it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Follow {
    /// The condition is alone.
    Anything,
    /// The condition is part of a route.
    Into,
}

/// Parses an expression from the current token on. In a route, any text before INTO that is not part of it is an error.
pub(super) fn parse_expression<'t>(cursor: &mut Cursor<'t, '_>, follow: Follow) -> Condition<'t> {
    let start = cursor.current.span.start();
    let mut parser = ExpressionParser::new(cursor, follow);
    let root = parser.run();
    let nodes = parser.nodes;
    Condition { nodes, root: Some(root), span: Span::new(start, cursor.previous.span.end()), ignored: None }
}

/// An operator that waits for its right operand.
pub(super) enum Pending {
    Unary(UnaryOperator, Span),
    Binary(BinaryOperator, Span, ExprId),
    /// An unknown character between two operands, in place of an operator with the lowest precedence.
    Unknown(ExprId),
}

/// An open group.
pub(super) enum Group<'t> {
    /// The whole condition.
    Condition,
    /// `(`
    Parenthesis(Span),
    /// `name(`
    Call { name: &'t str, name_span: Span, parenthesis: Span, arguments: SmallVec<[ExprId; 3]> },
}

/// The kinds of groups that readings with a surplus `)` have open.
#[derive(Copy, Clone, Default, PartialEq, Eq)]
pub(super) struct Claims {
    parenthesis: bool,
    call: bool,
}

impl Claims {
    fn any(self) -> bool {
        self.parenthesis || self.call
    }
}

pub(super) struct Frame<'t> {
    group: Group<'t>,
    /// The number of waiting operators when the group was opened.
    pending: usize,
    claims: Claims,
}

pub(super) struct ExpressionParser<'c, 't, 'l> {
    pub(super) cursor: &'c mut Cursor<'t, 'l>,
    pub(super) follow: Follow,
    pub(super) nodes: Vec<Expr<'t>>,
    /// Never empty; the first is the whole condition.
    frames: SmallVec<[Frame<'t>; 3]>,
    pub(super) pending: SmallVec<[Pending; 6]>,
    /// The number of prefix operators in `pending`.
    prefixes: usize,
    /// The `)` that was just read as surplus, so that a second one in a row is not.
    surplus: Option<Span>,
    nesting_reported: bool,
}

/// What follows an operand.
pub(super) enum Next {
    Operand,
    Operator(ExprId),
    /// The condition is complete.
    Done(ExprId),
}

impl<'c, 't, 'l> ExpressionParser<'c, 't, 'l> {
    fn new(cursor: &'c mut Cursor<'t, 'l>, follow: Follow) -> Self {
        // Most expressions have at least four bytes. A long text may have few, so capacity grows as needed.
        let capacity = (cursor.text.len() - cursor.current.span.range().start).div_ceil(4).min(64);
        let mut frames = SmallVec::new();
        frames.push(Frame { group: Group::Condition, pending: 0, claims: Claims::default() });
        Self {
            cursor,
            follow,
            nodes: Vec::with_capacity(capacity),
            frames,
            pending: SmallVec::new(),
            prefixes: 0,
            surplus: None,
            nesting_reported: false,
        }
    }

    fn run(&mut self) -> ExprId {
        let mut next = Next::Operand;
        loop {
            next = match next {
                Next::Operand => self.operand(),
                Next::Operator(left) => self.operator(left),
                Next::Done(root) => return root,
            };
        }
    }

    // ---- operands ----

    /// Reads a prefix operator, an opening parenthesis, or a primary.
    fn operand(&mut self) -> Next {
        let token = self.cursor.current;
        match token.kind {
            TokenKind::Minus => self.prefix(UnaryOperator::Negate),
            TokenKind::Not => self.prefix(UnaryOperator::Not),
            TokenKind::OpenParenthesis => {
                self.cursor.take();
                self.open(Group::Parenthesis(token.span))
            }
            TokenKind::Id => {
                self.cursor.take();
                let name = self.cursor.text_of(token);
                if self.cursor.is_at(TokenKind::OpenParenthesis) {
                    self.call(name, token.span)
                } else {
                    self.primary(ExprKind::Property(name), token.span)
                }
            }
            TokenKind::SystemProperty => {
                self.cursor.take();
                self.primary(ExprKind::SystemProperty(self.cursor.text_of(token)), token.span)
            }
            TokenKind::OpenBrace => self.escaped_system_property(),
            TokenKind::UnterminatedString => self.unterminated_string(),
            TokenKind::Unknown => self.unknown_operand(),
            kind => match literal(kind, self.cursor.text_of(token)) {
                Some(literal) => {
                    self.cursor.take();
                    self.primary(ExprKind::Literal(literal), token.span)
                }
                None => self.missing_operand(),
            },
        }
    }

    fn prefix(&mut self, operator: UnaryOperator) -> Next {
        let span = self.cursor.take().span;
        self.pending.push(Pending::Unary(operator, span));
        self.prefixes += 1;
        self.limit_nesting(span);
        Next::Operand
    }

    fn open(&mut self, group: Group<'t>) -> Next {
        self.frames.push(Frame { group, pending: self.pending.len(), claims: Claims::default() });
        self.limit_nesting(self.cursor.previous.span);
        Next::Operand
    }

    /// Reports once that the nesting exceeds the limit. Parsing continues: nesting takes only memory.
    fn limit_nesting(&mut self, span: Span) {
        let limit = self.cursor.limits.nesting;
        if self.frames.len() - 1 + self.prefixes > limit && !self.nesting_reported {
            self.nesting_reported = true;
            let message = format!("the condition is nested deeper than the limit `nesting` of {limit}");
            self.cursor.error(Diagnostic::new(Code::NestingTooDeep, span, message));
        }
    }

    fn call(&mut self, name: &'t str, name_span: Span) -> Next {
        let parenthesis = self.cursor.take().span;
        if self.cursor.is_at(TokenKind::CloseParenthesis) {
            let end = self.cursor.take().span;
            let kind = ExprKind::Call { name, name_span, arguments: SmallVec::new() };
            return self.primary(kind, name_span.cover(end));
        }
        self.open(Group::Call { name, name_span, parenthesis, arguments: SmallVec::new() })
    }

    /// `{$name}`
    fn escaped_system_property(&mut self) -> Next {
        let open = self.cursor.take();
        let name = self.cursor.take_if(TokenKind::SystemProperty);
        if name.is_none() || !self.cursor.is_at(TokenKind::CloseBrace) {
            let expected = if name.is_none() { "a system property such as `$name`" } else { "`}`" };
            let error = self.cursor.unexpected(Code::UnexpectedToken, expected);
            if let Some(next) = self.placeholder(&error) {
                return next;
            }
            let error = error.with_secondary(open.span, "after this `{`");
            self.cursor.error(if self.cursor.is_at(TokenKind::Id) && name.is_none() {
                error.with_help("`{$name}` is a system property; write other names without braces")
            } else {
                error
            });
            while matches!(self.cursor.kind(), TokenKind::Id | TokenKind::BracketPath) {
                self.cursor.take();
            }
            self.cursor.take_if(TokenKind::CloseBrace);
            return self.primary(ExprKind::Missing, open.span.cover(self.cursor.previous.span));
        }
        let close = self.cursor.take();
        let text = name.map_or("", |name| self.cursor.text_of(name));
        self.primary(ExprKind::EscapedSystemProperty(text), open.span.cover(close.span))
    }

    /// An unknown character where an operand is expected: it is treated as the operand, or skipped before one.
    fn unknown_operand(&mut self) -> Next {
        let token = self.cursor.take();
        self.report_unknown(token);
        if self.cursor.kind().starts_operand() {
            return Next::Operand;
        }
        self.primary(ExprKind::Missing, token.span)
    }

    /// Reports a missing operand, and skips text that cannot be part of the condition.
    fn missing_operand(&mut self) -> Next {
        let token = self.cursor.current;
        if token.kind == TokenKind::BracketPath {
            return self.bracket_path();
        }
        let is_reserved = matches!(token.kind, TokenKind::Select | TokenKind::From | TokenKind::Where);
        let code = if is_reserved { Code::UnexpectedToken } else { Code::ExpectedOperand };
        let error = self.cursor.unexpected(code, "an operand");
        if let Some(next) = self.placeholder(&error) {
            return next;
        }
        if is_reserved {
            self.cursor.error(error.with_help("a reserved word cannot be a property name"));
            self.cursor.take();
            return self.primary(ExprKind::Missing, token.span);
        }
        self.cursor.error(error);
        if token.kind.binary_operator().is_some() {
            self.cursor.take();
            return Next::Operand;
        }
        self.primary(ExprKind::Missing, Span::at(token.span.start()))
    }

    /// Adds a primary, and applies the prefix operators that wait for it.
    pub(super) fn primary(&mut self, kind: ExprKind<'t>, span: Span) -> Next {
        let mut operand = self.node(kind, span);
        while let Some(&Pending::Unary(operator, operator_span)) = self.innermost_pending() {
            self.pending.pop();
            self.prefixes -= 1;
            let span = operator_span.cover(self.span(operand));
            operand = self.node(ExprKind::Unary { operator, operator_span, operand }, span);
        }
        Next::Operator(operand)
    }

    // ---- operators ----

    /// Reads what follows an operand: an operator, or the end of the open group.
    fn operator(&mut self, left: ExprId) -> Next {
        let token = self.cursor.current;
        if token.kind != TokenKind::CloseParenthesis {
            self.surplus = None;
        }
        if let Some(operator) = token.kind.binary_operator() {
            self.cursor.take();
            if self.cursor.kind().binary_operator().is_some() {
                return self.doubled_operator(left, operator, token.span);
            }
            let left = self.reduce(left, operator.precedence());
            self.pending.push(Pending::Binary(operator, token.span, left));
            return Next::Operand;
        }
        match token.kind {
            TokenKind::Unknown => {
                let left = self.reduce(left, 0);
                self.cursor.take();
                self.report_unknown(token);
                if matches!(self.cursor.kind(), TokenKind::Into | TokenKind::Eof) {
                    return Next::Operator(left);
                }
                self.pending.push(Pending::Unknown(left));
                Next::Operand
            }
            TokenKind::CloseParenthesis => self.close(left),
            TokenKind::Comma => self.comma(left),
            // INTO is missing, which the route reports.
            _ if self.follow == Follow::Into && !self.is_in_group() && self.cursor.is_at_sink() => {
                Next::Done(self.reduce(left, 0))
            }
            _ => match self.mistaken_operator(left) {
                Some(next) => next,
                None => self.end_of_group(left),
            },
        }
    }

    /// Whether the innermost open parenthesis belongs to a call.
    pub(super) fn is_in_call(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { group: Group::Call { .. }, .. }))
    }

    /// Whether a parenthesis is open.
    pub(super) fn is_in_group(&self) -> bool {
        self.frames.len() > 1
    }

    /// Applies the operators of this frame that bind at least as tightly as `precedence`.
    pub(super) fn reduce(&mut self, operand: ExprId, precedence: u8) -> ExprId {
        let mut right = operand;
        loop {
            let (kind, left) = match self.innermost_pending() {
                Some(&Pending::Binary(operator, operator_span, left)) if operator.precedence() >= precedence => {
                    (ExprKind::Binary { operator, operator_span, left, right }, left)
                }
                Some(&Pending::Unknown(left)) if precedence == 0 => (ExprKind::Missing, left),
                _ => return right,
            };
            self.pending.pop();
            let span = self.span(left).cover(self.span(right));
            right = self.node(kind, span);
        }
    }

    /// `)`
    fn close(&mut self, left: ExprId) -> Next {
        let left = self.reduce(left, 0);
        if self.frames.len() == 1 {
            return self.surplus_parenthesis(left);
        }
        let follows_close = self.cursor.previous.kind == TokenKind::CloseParenthesis;
        let end = self.cursor.take().span;
        self.surplus = None;
        self.pop_frame(left, end, follows_close)
    }

    /// Closes the innermost group, whose last part is `left`. `end` is its `)`, or the place where it is missing.
    fn pop_frame(&mut self, left: ExprId, end: Span, follows_close: bool) -> Next {
        let Some(frame) = self.frames.pop() else {
            return Next::Done(left);
        };
        let claims = self.frames.last_mut().map(|parent| &mut parent.claims);
        let is_claimed = follows_close || frame.claims.any();
        match frame.group {
            Group::Condition => Next::Done(left),
            Group::Parenthesis(open) => {
                if let Some(claims) = claims {
                    claims.parenthesis |= is_claimed;
                }
                self.primary(ExprKind::Parenthesized(left), open.cover(end))
            }
            Group::Call { name, name_span, mut arguments, .. } => {
                if let Some(claims) = claims {
                    claims.call |= is_claimed;
                }
                arguments.push(left);
                self.primary(ExprKind::Call { name, name_span, arguments }, name_span.cover(end))
            }
        }
    }

    /// Reports a `)` without an open parenthesis.
    fn surplus_parenthesis(&mut self, left: ExprId) -> Next {
        let token = self.cursor.current;
        let follows_close = self.cursor.previous.kind == TokenKind::CloseParenthesis && self.surplus.is_none();
        let is_claimed = self.frames.first().is_some_and(|frame| frame.claims.any());
        if follows_close || is_claimed {
            self.cursor.take();
            self.surplus = Some(token.span);
            self.report_surplus(token.span);
            if let Some(frame) = self.frames.first_mut() {
                frame.claims = Claims::default();
            }
            return Next::Operator(left);
        }
        self.end_of_condition(left)
    }

    fn report_surplus(&mut self, span: Span) {
        let error = Diagnostic::new(Code::SurplusParenthesis, span, "`)` closes nothing")
            .with_label("there is no open `(` here")
            .with_help("remove it")
            .with_fix(span, "");
        self.cursor.error(error);
    }

    /// `,`
    fn comma(&mut self, left: ExprId) -> Next {
        let left = self.reduce(left, 0);
        match self.frames.last_mut() {
            Some(Frame { group: Group::Call { arguments, .. }, claims, .. }) => {
                arguments.push(left);
                claims.parenthesis = false;
                self.cursor.take();
                Next::Operand
            }
            Some(Frame { group: Group::Parenthesis(_), .. }) => self.end_of_group(left),
            Some(Frame { group: Group::Condition, claims, .. }) if claims.call => {
                if self.take_rest_of_call() {
                    self.report_surplus(self.cursor.previous.span);
                    Next::Operator(left)
                } else {
                    self.end_of_condition(left)
                }
            }
            _ => self.end_of_condition(left),
        }
    }

    /// Takes `, argument ... )` if that follows, and returns whether it did. A reading in which an earlier `)` is
    /// surplus then reaches further than the plain reading, which ends before the comma.
    fn take_rest_of_call(&mut self) -> bool {
        let (current, previous) = (self.cursor.current, self.cursor.previous);
        let lexer: Lexer<'t> = self.cursor.lexer.clone();
        let errors = core::mem::take(&mut self.cursor.errors);
        self.cursor.take();
        let mut rest = ExpressionParser::new(self.cursor, Follow::Anything);
        let group =
            Group::Call { name: "", name_span: current.span, parenthesis: current.span, arguments: SmallVec::new() };
        rest.frames.push(Frame { group, pending: 0, claims: Claims::default() });
        let mut next = Next::Operand;
        while rest.frames.len() > 1 {
            next = match next {
                Next::Operand => rest.operand(),
                Next::Operator(left) => rest.operator(left),
                Next::Done(_) => break,
            };
            if !rest.cursor.errors.is_empty() {
                break;
            }
        }
        let is_complete = self.cursor.errors.is_empty();
        self.cursor.errors = errors;
        if !is_complete {
            self.cursor.lexer = lexer;
            self.cursor.current = current;
            self.cursor.previous = previous;
        }
        is_complete
    }

    /// Handles a token that continues nothing: an open group lacks its `)`, or the condition ends.
    fn end_of_group(&mut self, left: ExprId) -> Next {
        let left = self.reduce(left, 0);
        let token = self.cursor.current;
        let ends_here = matches!(token.kind, TokenKind::Eof | TokenKind::Into | TokenKind::Comma);
        let error = match self.frames.last().map(|frame| &frame.group) {
            None | Some(Group::Condition) => return self.end_of_condition(left),
            Some(Group::Parenthesis(open)) if ends_here => {
                let place = Span::at(self.cursor.previous.span.end());
                let message = format!("expected `)`, found {}", self.cursor.describe(token));
                let error = Diagnostic::new(Code::MissingParenthesis, place, message).with_label("expected `)`");
                error.with_secondary(*open, "to close this").with_help("write `)` here").with_fix(place, ")")
            }
            Some(Group::Parenthesis(open)) => {
                let error = self.cursor.unexpected(Code::UnexpectedToken, "an operator or `)`");
                self.with_reason(error.with_secondary(*open, "to close this"))
            }
            Some(Group::Call { parenthesis, .. }) => {
                let error = self.cursor.unexpected(Code::UnexpectedToken, "an operator, `,` or `)`");
                self.with_reason(error.with_secondary(*parenthesis, "to close this"))
            }
        };
        self.cursor.error(error);
        // An error in a group must not cause errors about the expressions that contain it.
        let broken = self.node(ExprKind::Missing, self.span(left));
        if !ends_here {
            self.skip_within_group();
            if self.cursor.is_at(TokenKind::CloseParenthesis) {
                return self.close(broken);
            }
        }
        self.pop_frame(broken, Span::at(self.cursor.previous.span.end()), false)
    }

    /// Skips text that has no place in a group, up to where the group may end.
    pub(super) fn skip_within_group(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.cursor.kind() {
                TokenKind::Eof | TokenKind::Into => return,
                TokenKind::CloseParenthesis | TokenKind::Comma if depth == 0 => return,
                TokenKind::CloseParenthesis => depth -= 1,
                TokenKind::OpenParenthesis => depth += 1,
                _ => {}
            }
            self.cursor.take();
        }
    }

    /// Ends the condition, whatever follows; in a route, INTO must follow.
    fn end_of_condition(&mut self, left: ExprId) -> Next {
        let left = self.reduce(left, 0);
        let is_followed =
            matches!(self.cursor.kind(), TokenKind::Into | TokenKind::Eof) || self.cursor.is_at_mistyped(&["INTO"]);
        if self.follow == Follow::Into && !is_followed {
            let error = self.cursor.unexpected(Code::UnexpectedToken, "an operator or INTO");
            self.cursor.error(if self.cursor.is_at(TokenKind::Where) {
                explained(error, "a route has only one WHERE; join conditions with `and`")
            } else {
                self.with_reason(error)
            });
        }
        Next::Done(left)
    }

    // ---- the arena ----

    /// Returns the innermost waiting operator of the innermost frame.
    fn innermost_pending(&self) -> Option<&Pending> {
        let base = self.frames.last().map_or(0, |frame| frame.pending);
        if self.pending.len() > base { self.pending.last() } else { None }
    }

    pub(super) fn node(&mut self, kind: ExprKind<'t>, span: Span) -> ExprId {
        steps::step();
        let id = ExprId::new(self.nodes.len());
        self.nodes.push(Expr { kind, span });
        id
    }

    pub(super) fn span(&self, id: ExprId) -> Span {
        self.nodes.get(id.index()).map_or(Span::at(0), |node| node.span)
    }
}

fn literal(kind: TokenKind, text: &str) -> Option<Literal<'_>> {
    Some(match kind {
        TokenKind::True => Literal::True,
        TokenKind::False => Literal::False,
        TokenKind::Null => Literal::Null,
        TokenKind::Undefined => Literal::Undefined,
        TokenKind::Integer => Literal::Integer(text),
        TokenKind::Hex => Literal::Hex(text),
        TokenKind::Real => Literal::Real(text),
        TokenKind::String => Literal::String(text),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes of the errors of a condition that is parsed alone.
    fn codes(text: &str) -> Vec<Code> {
        parse_condition(text, &Limits::default()).errors.iter().map(|error| error.code).collect()
    }

    fn accepts(text: &str) -> bool {
        codes(text).is_empty()
    }

    /// The tree with every operator in parentheses.
    fn shape(text: &str) -> String {
        let parsed = parse_condition(text, &Limits::default());
        assert_eq!(parsed.errors, [], "{text}");
        let mut shapes: Vec<String> = Vec::new();
        for (_, expression) in parsed.tree.expressions() {
            let of = |id: &ExprId| shapes[id.index()].clone();
            shapes.push(match &expression.kind {
                ExprKind::Missing => "?".to_owned(),
                ExprKind::Literal(_) | ExprKind::Property(_) | ExprKind::SystemProperty(_) => {
                    expression.span.slice(text).to_owned()
                }
                ExprKind::EscapedSystemProperty(name) => format!("{{{name}}}"),
                ExprKind::Call { name, arguments, .. } => {
                    format!("{name}[{}]", arguments.iter().map(of).collect::<Vec<_>>().join(" "))
                }
                ExprKind::Unary { operator, operand, .. } => format!("({} {})", operator.as_str(), of(operand)),
                ExprKind::Binary { operator, left, right, .. } => {
                    format!("({} {} {})", of(left), operator.as_str(), of(right))
                }
                ExprKind::Parenthesized(inner) => of(inner),
            });
        }
        shapes[parsed.tree.root().unwrap().index()].clone()
    }

    #[test]
    fn operators_bind_as_the_reference_has_them() {
        assert_eq!(shape("a ?? b = c"), "(a ?? (b = c))");
        assert_eq!(shape("not a = b"), "((not a) = b)");
        assert_eq!(shape("- - 5"), "(- (- 5))");
        assert_eq!(shape("not - x"), "(not (- x))");
        assert_eq!(shape("1 - 2 - 3 * 4 % 5"), "((1 - 2) - ((3 * 4) % 5))");
        assert_eq!(shape("a or b and c = d < e + f"), "(a or (b and (c = (d < (e + f)))))");
        assert_eq!(shape("a = b != c <> d"), "(((a = b) != c) != d)");
        assert_eq!(shape("(a or b) and c"), "((a or b) and c)");
        assert_eq!(shape("f(a, - g()) || {$x}"), "(f[a (- g[])] || {$x})");
        assert_eq!(shape("a or b ?? c or d ?? e"), "(((a or b) ?? (c or d)) ?? e)");
    }

    #[test]
    fn alone_a_condition_is_its_longest_valid_prefix() {
        for text in ["a = 'b' garbage", "1 -1", "a)", "a = b)", "a, b", "a b @", "true 'open", "a not b", "", " /**/"] {
            assert!(accepts(text), "{text}");
        }
        for text in [
            "a /", "a or", "a @", "(a))", "f(a))", "not (a))", "f())", "()", "f(a,)", "= a", "not", "(a", "f(a",
            "f (a", "{$a",
        ] {
            assert!(!accepts(text), "{text}");
        }
    }

    #[test]
    fn a_surplus_parenthesis_claims_an_earlier_pair() {
        for text in
            ["((a)) = b)", "(f(a)) and true)", "f((a)), b)", "f((a)), b) and", "(((a)) = b) = c)", "g(f((a)), b) = c)"]
        {
            assert!(!accepts(text), "{text}");
        }
        for text in ["((a)) b)", "f((a)), b", "(a) = b)", "((a)), b)", "f((a)), b c)", "f(a, (b), c) = d)"] {
            assert!(accepts(text), "{text}");
        }
    }

    #[test]
    fn a_surplus_parenthesis_is_reported_once_where_several_follow_each_other() {
        assert_eq!(codes("(a)))"), [Code::SurplusParenthesis]);
        assert_eq!(codes("(a)) = f())"), [Code::SurplusParenthesis; 2]);
    }

    #[test]
    fn a_group_alone_is_fixed_as_in_a_route() {
        let errors = parse_condition("(a && b)", &Limits::default()).errors;
        assert_eq!(errors[0].fix.as_ref().unwrap().replacement, "and");
        assert!(accepts("a && b"), "what follows is not looked at");
    }

    #[test]
    fn every_error_is_found() {
        assert_eq!(
            codes("a = = 'b' and (c @ d or"),
            [Code::ExpectedOperand, Code::UnknownCharacter, Code::ExpectedOperand, Code::MissingParenthesis]
        );
        assert_eq!(codes("a[0] = 1 and 'open"), [Code::UnexpectedToken, Code::UnterminatedString]);
    }

    #[test]
    fn doubled_operators_are_fixed() {
        for (text, fixed) in [("a == b", "a = b"), ("a =< b", "a <= b"), ("a => b", "a >= b"), ("a !== b", "a! = b")] {
            let errors = parse_condition(text, &Limits::default()).errors;
            let fix = errors[0].fix.as_ref().unwrap();
            let mut text = text.to_owned();
            text.replace_range(fix.span.range(), &fix.replacement);
            assert!(accepts(&text), "{text} for {fixed}");
        }
    }

    #[test]
    fn ignored_text_is_reported() {
        let parsed = parse_condition("a = 'b' garbage ", &Limits::default());
        assert_eq!(parsed.tree.ignored(), Some(Span::new(8, 15)));
        assert_eq!(parsed.tree.span(), Span::new(0, 7));
    }

    #[test]
    fn nesting_has_a_limit_that_is_named() {
        let limits = Limits { nesting: 3, ..Limits::default() };
        let parse = |text| parse_condition(text, &limits).errors;
        assert_eq!(parse("(((a)))"), []);
        assert_eq!(parse("not not not a"), []);
        for text in ["((((a))))", "not not not not a", "f(f(f(f(a))))", "(not (not a))"] {
            let errors = parse(text);
            assert_eq!(errors.len(), 1, "{text}");
            assert!(errors[0].message.contains("`nesting` of 3"), "{}", errors[0].message);
        }
        assert_eq!(parse("(a) and (b) and (not c) and (d) and - e = - f"), []);
    }
}
