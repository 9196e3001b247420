//! Operators of other languages: `&&`, `IN (...)`, `LIKE`, `BETWEEN`, `IS NULL`.
//!
//! All of these are errors. They are parsed as what the author meant, so that each is a single error with the corrected
//! text, and the rest of the condition is checked too.

use super::condition::{ExpressionParser, Next, Pending};
use super::mistake::{FUNCTIONS, start_of};
use crate::diagnostic::{Code, Diagnostic, quoted_up_to};
use crate::span::Span;
use crate::steps;
use crate::syntax::ast::{BinaryOperator, ExprId, ExprKind};
use crate::syntax::token::{Token, TokenKind};

/// The maximum length of a corrected text in a help line, in characters.
const SHOWN: usize = 160;

/// The maximum number of items of `IN (...)` that are written out.
const ITEMS: usize = 50;

/// The maximum length of a bracketed list after `IN` that is examined, in bytes.
const LIST: usize = 1 << 12;

impl<'t> ExpressionParser<'_, 't, '_> {
    /// Reads an operator of another language after the operand `left`; `None` without one, and nothing is then
    /// taken.
    pub(super) fn foreign(&mut self, left: ExprId) -> Option<Next> {
        let token = self.cursor.current;
        if token.kind == TokenKind::Not {
            let word = self.cursor.peek();
            let text = self.cursor.text_of(word).to_ascii_lowercase();
            return match text.as_str() {
                "in" | "like" | "between" => {
                    self.cursor.take();
                    self.foreign_test(&text, left, Some(token))
                }
                _ => None,
            };
        }
        let word = self.cursor.text_of(token).to_ascii_lowercase();
        let operator = match word.as_str() {
            "&&" | "&" | "adn" | "nad" | "andd" | "ans" | "amd" => BinaryOperator::And,
            "|" | "ro" | "orr" => BinaryOperator::Or,
            "eq" | "equals" | "equal" | "eql" => BinaryOperator::Equal,
            "ne" | "neq" | "~=" | "!==" => BinaryOperator::NotEqual,
            "gt" => BinaryOperator::Greater,
            "ge" | "gte" => BinaryOperator::GreaterOrEqual,
            "lt" => BinaryOperator::Less,
            "le" | "lte" => BinaryOperator::LessOrEqual,
            "mod" => BinaryOperator::Remainder,
            _ => return self.split_name(left).or_else(|| self.foreign_test(&word, left, None)),
        };
        Some(self.replace_operator(left, operator, token.span))
    }

    /// `starts with (a, 'b')`: the name of a function as two words. The first has been taken.
    fn split_name(&mut self, left: ExprId) -> Option<Next> {
        let (first, second) = (self.cursor.previous, self.cursor.current);
        let name = format!("{}_{}", self.cursor.text_of(first), self.cursor.text_of(second));
        let name = FUNCTIONS.iter().find(|function| function.eq_ignore_ascii_case(&name))?;
        if self.cursor.peek().kind != TokenKind::OpenParenthesis {
            return None;
        }
        let message = format!("expected an operator, found `{}`", self.cursor.text_of(second));
        let error = Diagnostic::new(Code::UnexpectedToken, second.span, message);
        let error = error.with_secondary(first.span, "a name").with_help(format!("write `{name}` as one word"));
        self.cursor.error(error.with_fix(first.span.cover(second.span), *name));
        self.cursor.take();
        self.cursor.take();
        self.skip_list();
        self.cursor.take_if(TokenKind::CloseParenthesis);
        let span = self.span(left).cover(self.cursor.previous.span);
        Some(Next::Operator(self.node(ExprKind::Missing, span)))
    }

    /// An operator with another spelling, such as `&&`.
    fn replace_operator(&mut self, left: ExprId, operator: BinaryOperator, span: Span) -> Next {
        let fixed = operator.as_str();
        let error = Diagnostic::new(
            Code::UnexpectedToken,
            span,
            format!("`{}` is not an operator", span.slice(self.cursor.text)),
        );
        self.cursor.error(error.with_help(format!("write `{fixed}`")).with_fix(span, fixed));
        let left = self.reduce(left, operator.precedence());
        self.cursor.take();
        self.pending.push(Pending::Binary(operator, span, left));
        Next::Operand
    }

    /// A test that is more than an operator: the text after the word belongs to it.
    fn foreign_test(&mut self, word: &str, left: ExprId, not: Option<Token>) -> Option<Next> {
        let token = self.cursor.current;
        let operand = self.foreign_operand(left);
        let is_body = operand.as_ref().is_some_and(|text| text.trim_start_matches('{').starts_with("$body."));
        let start = self.span(left).start();
        let (fixed, help) = match word {
            "in" => {
                self.cursor.take();
                (self.alternatives(operand, not), "compare with each value: `a = 'x' or a = 'y'`")
            }
            "like" => {
                self.cursor.take();
                let pattern = self.cursor.take_if(TokenKind::String).map(|pattern| self.cursor.text_of(pattern));
                (like(operand, pattern, not), "use `starts_with(a, 'x')`, `ends_with` or `contains`")
            }
            "between" => {
                self.cursor.take();
                (self.bounds(operand, not), "compare with both bounds: `a >= 1 and a <= 5`")
            }
            "is" => {
                self.cursor.take();
                let not = self.cursor.take_if(TokenKind::Not);
                let fixed = self.is(operand, not, is_body);
                if fixed.is_some() {
                    self.cursor.take();
                }
                (fixed, "use `is_defined(a)`, `is_null(a)` or `=`")
            }
            "contains" | "startswith" | "starts_with" | "endswith" | "ends_with" => {
                let name = match word {
                    "contains" => "contains",
                    "startswith" | "starts_with" => "starts_with",
                    _ => "ends_with",
                };
                self.cursor.take();
                let argument = self.simple_operand();
                let fixed = operand.zip(argument).map(|(operand, text)| format!("{name}({operand}, {text})"));
                (fixed, "put a function's arguments in parentheses: `contains(a, 'x')`")
            }
            "**" | "^" => {
                self.cursor.take();
                let exponent = self.simple_operand();
                let fixed = operand.zip(exponent).map(|(base, exponent)| format!("power({base}, {exponent})"));
                (fixed, "write `power(a, b)`")
            }
            "matches" | "regexp" | "rlike" | "ilike" | "~" | "=~" => {
                self.cursor.take();
                self.simple_operand();
                (None, "patterns are not supported; use `starts_with(a, 'x')`, `ends_with` or `contains`")
            }
            "xor" => {
                self.cursor.take();
                self.simple_operand();
                (None, "to require that two bools differ, write `(...) != (...)`")
            }
            "order" | "group" | "limit" | "having" => {
                self.cursor.take();
                (None, "a route looks at one message at a time; nothing follows its condition but INTO")
            }
            "--" | "#" | "//" => (None, "write comments between `/*` and `*/`"),
            _ => return None,
        };
        let message = format!("`{}` is not an operator", self.cursor.text_of(token));
        let mut error = Diagnostic::new(Code::UnexpectedToken, token.span, message);
        if let Some(not) = not {
            error = error.with_secondary(not.span, "negates the operator");
        }
        let span = Span::new(start, self.cursor.previous.span.end());
        self.cursor.error(match fixed {
            Some(fixed) => error.with_help(format!("write `{}`", quoted_up_to(&fixed, SHOWN))).with_fix(span, fixed),
            None => error.with_help(help),
        });
        if matches!(word, "order" | "group" | "limit" | "having" | "--" | "#" | "//") {
            self.skip_within_group();
        }
        let operand = self.node(ExprKind::Missing, span);
        Some(Next::Operator(operand))
    }

    /// Returns the text of an operand that can be repeated: it has no prefix operator and is short.
    fn foreign_operand(&self, operand: ExprId) -> Option<&'t str> {
        let expression = self.nodes.get(operand.index())?;
        let text = expression.span.slice(self.cursor.text);
        let is_plain = !matches!(expression.kind, ExprKind::Unary { .. } | ExprKind::Missing | ExprKind::Binary { .. });
        (is_plain && text.len() <= 200).then_some(text)
    }

    /// Takes a name or a constant.
    fn simple_operand(&mut self) -> Option<&'t str> {
        is_simple(self.cursor.kind()).then(|| self.cursor.take()).map(|token| self.cursor.text_of(token))
    }

    /// Reads `('x', 'y')` after IN.
    fn alternatives(&mut self, operand: Option<&str>, not: Option<Token>) -> Option<String> {
        if self.cursor.take_if(TokenKind::OpenParenthesis).is_none() {
            return self.bracketed_alternatives(operand, not);
        }
        let items = self.items();
        if items.is_none() {
            self.skip_list();
        }
        self.cursor.take_if(TokenKind::CloseParenthesis)?;
        one_of(operand?, &items?, not)
    }

    /// Skips the text in parentheses, including commas.
    fn skip_list(&mut self) {
        self.skip_within_group();
        while self.cursor.take_if(TokenKind::Comma).is_some() {
            self.skip_within_group();
        }
    }

    /// Reads names and constants up to a `)`; `None` if there is anything else.
    fn items(&mut self) -> Option<Vec<&'t str>> {
        let mut items = Vec::new();
        loop {
            items.push(self.simple_operand()?);
            if self.cursor.is_at(TokenKind::CloseParenthesis) {
                return Some(items);
            }
            self.cursor.take_if(TokenKind::Comma)?;
        }
    }

    /// Reads `['x', 'y']` after IN. The lexer does not split it into items, so it is read as text.
    fn bracketed_alternatives(&mut self, operand: Option<&str>, not: Option<Token>) -> Option<String> {
        // A text may contain many of these, so the number that is corrected and the length of the search are limited.
        if self.cursor.errors.is_full() {
            return None;
        }
        let start = self.cursor.current.span.range().start;
        let rest = start_of(self.cursor.text.get(start..)?.strip_prefix('[')?, LIST);
        steps::bytes(rest.len());
        let (list, _) = rest.split_once(']')?;
        let items: Vec<&str> = list.split(',').map(str::trim).collect();
        let is_constant = |item: &&str| {
            let inner = item.strip_prefix(['\'', '"']).and_then(|item| item.strip_suffix(['\'', '"']));
            inner.is_some_and(|inner| !inner.contains(['\'', '"', '\\']))
                || (!item.is_empty() && item.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if !items.iter().all(is_constant) {
            return None;
        }
        self.cursor.take_to(Span::from_range(0..start + list.len() + 2).end());
        one_of(operand?, &items, not)
    }

    /// Reads `1 and 5` after BETWEEN.
    fn bounds(&mut self, operand: Option<&str>, not: Option<Token>) -> Option<String> {
        let low = self.simple_operand()?;
        self.cursor.take_if(TokenKind::And)?;
        let high = self.simple_operand()?;
        let operand = operand?;
        Some(if not.is_some() {
            format!("({operand} < {low} or {operand} > {high})")
        } else {
            format!("({operand} >= {low} and {operand} <= {high})")
        })
    }

    /// Returns the tokens after IS, without taking them.
    fn is(&self, operand: Option<&str>, not: Option<Token>, is_body: bool) -> Option<String> {
        let what = self.cursor.text_of(self.cursor.current);
        let operand = operand?;
        let (negated, unequal) = if not.is_some() { ("not ", "!=") } else { ("", "=") };
        Some(match what.to_ascii_lowercase().as_str() {
            // A missing body path is null; a missing property is not.
            "null" | "missing" | "empty" | "undefined" if is_body => format!("{operand} {unequal} null"),
            "null" | "missing" | "undefined" if negated.is_empty() => format!("not is_defined({operand})"),
            "null" | "missing" | "undefined" => format!("is_defined({operand})"),
            "defined" | "present" => format!("{negated}is_defined({operand})"),
            _ if is_simple(self.cursor.kind()) => format!("{operand} {unequal} {what}"),
            _ => return None,
        })
    }
}

/// Whether a token is a whole operand: a name or a constant.
const fn is_simple(kind: TokenKind) -> bool {
    kind.starts_operand()
        && !matches!(kind, TokenKind::OpenBrace | TokenKind::OpenParenthesis | TokenKind::Minus | TokenKind::Not)
}

/// Returns the tests of an operand against each item.
fn one_of(operand: &str, items: &[&str], not: Option<Token>) -> Option<String> {
    let (operator, joint) = if not.is_some() { ("!=", " and ") } else { ("=", " or ") };
    let tests: Vec<String> = items.iter().map(|item| format!("{operand} {operator} {item}")).collect();
    match tests.as_slice() {
        [test] => Some(test.clone()),
        _ if tests.len() > ITEMS => None,
        _ => Some(format!("({})", tests.join(joint))),
    }
}

/// `LIKE 'x%'`
fn like(operand: Option<&str>, pattern: Option<&str>, not: Option<Token>) -> Option<String> {
    let (operand, pattern) = (operand?, pattern?);
    let quote = pattern.get(..1)?;
    let inner = pattern.get(1..pattern.len().checked_sub(1)?)?;
    let text = inner.strip_prefix('%').unwrap_or(inner);
    let text = text.strip_suffix('%').unwrap_or(text);
    // `_` is a wildcard, and an ordinary character in most strings that people write.
    if text.contains(['%', '_', '\\']) || text.is_empty() {
        return None;
    }
    let text = format!("{quote}{text}{quote}");
    let negation = if not.is_some() { "not " } else { "" };
    Some(match (inner.starts_with('%'), inner.ends_with('%')) {
        (false, true) => format!("{negation}starts_with({operand}, {text})"),
        (true, false) => format!("{negation}ends_with({operand}, {text})"),
        (true, true) => format!("{negation}contains({operand}, {text})"),
        (false, false) => format!("{operand} {} {text}", if not.is_some() { "!=" } else { "=" }),
    })
}
