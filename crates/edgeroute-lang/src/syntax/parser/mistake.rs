//! Reports common mistakes in conditions.

use super::condition::{ExpressionParser, Follow, Next, Pending};
use super::placeholder_at;
use crate::diagnostic::{Code, Diagnostic, quoted, quoted_up_to};
use crate::span::{Span, floor};
use crate::steps;
use crate::syntax::ast::{BinaryOperator, ExprId, ExprKind};
use crate::syntax::misread::{TYPOGRAPHIC_QUOTES, misread};
use crate::syntax::token::{Token, TokenKind};

/// The maximum length of a corrected text in a help line, in characters.
const SHOWN: usize = 160;

/// The maximum length of a text between wrong quotes that is corrected, in bytes.
const QUOTED_WORDS: usize = 1 << 12;

/// Functions whose names are rarely names of properties.
pub(super) const FUNCTIONS: [&str; 6] = ["starts_with", "ends_with", "contains", "is_defined", "as_number", "is_null"];

/// Operands.
impl ExpressionParser<'_, '_, '_> {
    /// If `error` is about a placeholder, reports it and treats the placeholder as an operand.
    pub(super) fn placeholder(&mut self, error: &Diagnostic) -> Option<Next> {
        if error.code != Code::PlaceholderLeft {
            return None;
        }
        let span = error.primary.span;
        self.cursor.error(error.clone());
        self.cursor.take_to(span.end());
        Some(self.primary(ExprKind::Missing, span))
    }

    /// A string without its end, or one that a backslash ends because it starts no escape.
    pub(super) fn unterminated_string(&mut self) -> Next {
        let token = self.cursor.take();
        let (span, text) = (token.span, self.cursor.text);
        let backslash = self.cursor.current;
        let has_bad_escape = backslash.span.start() == span.end() && self.cursor.text_of(backslash) == "\\";
        let end = has_bad_escape.then(|| end_of_string(text, span)).flatten();
        let error = match end {
            None if has_bad_escape => {
                let error = Diagnostic::new(Code::UnterminatedString, span, "the string has no closing quote");
                error.with_help("a backslash must start one of the escapes \\\" \\' \\\\ \\uXXXX")
            }
            None => Diagnostic::new(Code::UnterminatedString, span, "the string has no closing quote"),
            Some(end) => {
                let whole = Span::new(span.start(), end);
                let after = text.get(backslash.span.range().end..).and_then(|rest| rest.chars().next());
                let escape = Span::from_range(
                    backslash.span.range().start..backslash.span.range().end + after.map_or(0, char::len_utf8),
                );
                let message = format!("`{}` is not an escape sequence", quoted(escape.slice(text)));
                let fixed = with_doubled_backslashes(whole.slice(text));
                Diagnostic::new(Code::UnterminatedString, escape, message)
                    .with_label("the string ends here")
                    .with_secondary(Span::new(span.start(), span.start() + 1), "the string begins here")
                    .with_help(format!("write a backslash twice: `{}`", quoted_up_to(&fixed, SHOWN)))
                    .with_fix(whole, fixed)
            }
        };
        self.cursor.error(error);
        self.cursor.take_to(end.unwrap_or(span.end()));
        self.primary(ExprKind::Missing, span)
    }

    /// `a[0]`, `[a]`: no rule accepts brackets outside `$body.` paths.
    pub(super) fn bracket_path(&mut self) -> Next {
        let token = self.cursor.take();
        let text = self.cursor.text_of(token);
        if let Some(span) = placeholder_at(self.cursor.text, token.span) {
            let error = super::placeholder_left(self.cursor.text, span);
            return self.placeholder(&error).unwrap_or(Next::Operand);
        }
        let message = format!("expected an operand, found `{}`", quoted(text));
        let error = Diagnostic::new(Code::UnexpectedToken, token.span, message)
            .with_label("a property name cannot have brackets");
        let fixed = if let Some(name) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(("refer to a property by its name alone", name.trim_matches(['\'', '"']).to_owned()))
        } else if let Some((owner, name)) = member(text) {
            match owner.to_ascii_lowercase().as_str() {
                "properties" | "appproperties" | "applicationproperties" => {
                    Some(("refer to an application property by its name alone", name.to_owned()))
                }
                "systemproperties" => Some(("put a `$` before the name of a system property", format!("${name}"))),
                "body" | "payload" => Some(("query the message body", format!("$body.{name}"))),
                _ => Some(("query the message body", format!("$body.{owner}.{name}"))),
            }
        } else {
            Some(("query the message body", format!("$body.{text}")))
        };
        self.cursor.error(match fixed {
            Some((why, fixed)) if !fixed.is_empty() => {
                error.with_help(format!("{why}: write `{}`", quoted(&fixed))).with_fix(token.span, fixed)
            }
            _ => error,
        });
        self.primary(ExprKind::Missing, token.span)
    }

    pub(super) fn report_unknown(&mut self, token: Token) {
        let text = self.cursor.text_of(token);
        if let Some(span) = placeholder_at(self.cursor.text, token.span) {
            let error = super::placeholder_left(self.cursor.text, span);
            self.cursor.error(error);
            self.cursor.take_to(span.end());
            return;
        }
        let error = Diagnostic::new(Code::UnknownCharacter, token.span, format!("unknown character `{text}`"));
        let ends = matches!(self.cursor.kind(), TokenKind::Into | TokenKind::Eof);
        self.cursor.error(match text {
            "\\" => error.with_help("a backslash is allowed only within a string, before \" ' \\ or uXXXX"),
            "?" => error.with_help("`a ?? b` is `b` if `a` is undefined"),
            ";" if ends => {
                error.with_help("nothing comes between a condition and INTO; remove it").with_fix(token.span, "")
            }
            _ => error,
        });
    }
}

/// Operators.
impl ExpressionParser<'_, '_, '_> {
    /// Two adjacent operators. The first, which follows the operand `left`, has been taken. If they are written as one,
    /// such as `==`, it reports what to write and treats them as that operator.
    pub(super) fn doubled_operator(&mut self, left: ExprId, operator: BinaryOperator, span: Span) -> Next {
        let mut ahead = self.cursor.lexer.clone();
        let mut last = self.cursor.current;
        let mut whole = span;
        while last.span.start() == whole.end() && last.kind.binary_operator().is_some() && whole.len() < 6 {
            whole = whole.cover(last.span);
            last = ahead.next_token();
        }
        let written = whole.slice(self.cursor.text);
        let meant = match written {
            "==" | "===" | "<=>" => Ok(BinaryOperator::Equal),
            "!==" | "!===" | "<>=" => Ok(BinaryOperator::NotEqual),
            "=<" => Ok(BinaryOperator::LessOrEqual),
            "=>" => Ok(BinaryOperator::GreaterOrEqual),
            "//" => Err("write comments between `/*` and `*/`"),
            "<<" | ">>" => Err("shift operators are not supported"),
            // `= -` and the like: an operand is missing.
            _ => {
                let left = self.reduce(left, operator.precedence());
                self.pending.push(Pending::Binary(operator, span, left));
                return Next::Operand;
            }
        };
        let error = Diagnostic::new(Code::UnexpectedToken, whole, format!("`{written}` is not an operator"));
        self.cursor.error(match meant {
            Ok(operator) => {
                let fixed = operator.as_str();
                error.with_help(format!("write `{fixed}`")).with_fix(whole, fixed)
            }
            Err(help) => error.with_help(help),
        });
        self.cursor.take_to(whole.end());
        if let Ok(operator) = meant {
            let left = self.reduce(left, operator.precedence());
            self.pending.push(Pending::Binary(operator, whole, left));
        } else {
            let left = self.reduce(left, 0);
            self.pending.push(Pending::Unknown(left));
        }
        Next::Operand
    }

    /// Reports a token after the operand `left` that cannot continue the condition and that people often write there.
    /// `None` for any other token, and for one that ends a condition that is parsed alone; nothing is then taken.
    pub(super) fn mistaken_operator(&mut self, left: ExprId) -> Option<Next> {
        let kind = self.cursor.kind();
        if matches!(kind, TokenKind::Eof | TokenKind::Into) || (self.follow == Follow::Anything && !self.is_in_group())
        {
            return None;
        }
        if let Some(span) = self.cursor.placeholder() {
            let error = super::placeholder_left(self.cursor.text, span);
            self.cursor.error(error);
            self.cursor.take_to(span.end());
            return Some(Next::Operator(self.node(ExprKind::Missing, self.span(left).cover(span))));
        }
        match kind {
            TokenKind::Not | TokenKind::Id => self.foreign(left),
            TokenKind::String => self.doubled_quote(left),
            _ => None,
        }
    }

    /// `"say ""hi"""`: a doubled quote, as SQL escapes it.
    fn doubled_quote(&mut self, left: ExprId) -> Option<Next> {
        let first = self.cursor.previous;
        let quote = self.cursor.text_of(first).get(..1)?;
        let mut parts = vec![first];
        while self.cursor.is_at(TokenKind::String)
            && self.cursor.previous.span.end() == self.cursor.current.span.start()
            && self.cursor.text_of(self.cursor.current).starts_with(quote)
        {
            parts.push(self.cursor.take());
        }
        let [_, second, ..] = parts.as_slice() else { return None };
        let inner: Vec<&str> = parts.iter().map(|part| self.cursor.text_of(*part).trim_matches(['"', '\''])).collect();
        let fixed = format!("{quote}{}{quote}", inner.join(&format!("\\{quote}")));
        let whole = first.span.cover(self.cursor.previous.span);
        let place = Span::new(second.span.start() - 1, second.span.start() + 1);
        let error = Diagnostic::new(Code::UnexpectedToken, place, "a doubled quote ends one string and begins another")
            .with_help(format!("escape a quote within a string as `\\{quote}`: `{}`", quoted_up_to(&fixed, SHOWN)))
            .with_fix(whole, fixed);
        self.cursor.error(error);
        Some(Next::Operator(self.node(ExprKind::Missing, self.span(left).cover(whole))))
    }

    /// Creates an error about a token that continues nothing, with the reason if the text before it shows one.
    pub(super) fn with_reason(&self, error: Diagnostic) -> Diagnostic {
        // An error about a placeholder stays as it is.
        if error.help.is_some() || self.cursor.errors.is_full() {
            return error;
        }
        let (text, previous) = (self.cursor.text, self.cursor.previous);
        let written = self.cursor.text_of(previous);
        if previous.kind == TokenKind::Id {
            // `“hot cold”`, `'it''s cold'`: a name, and the rest of the string.
            if let Some((whole, fixed)) = quoted_words(text, previous.span) {
                return error
                    .with_secondary(previous.span, "read as a name that includes the quotes")
                    .with_help(format!("write `{}`", quoted_up_to(&fixed, SHOWN)))
                    .with_fix(whole, fixed);
            }
            let after = text.get(previous.span.range().end..).unwrap_or_default();
            if let Some(misread) = misread(written, after) {
                let error = error.with_secondary(previous.span, "a name").with_help(quoted_up_to(&misread.help, SHOWN));
                return match misread.edit {
                    Some((span, replacement)) => error.with_fix(span.shifted(previous.span.start()), replacement),
                    None => error,
                };
            }
        }
        if previous.kind == TokenKind::Id && FUNCTIONS.iter().any(|name| name.eq_ignore_ascii_case(written)) {
            let help = format!("put a function's arguments in parentheses: `{}(...)`", written.to_ascii_lowercase());
            return error.with_help(help);
        }
        let is_operand = self.cursor.kind().starts_operand() && !self.cursor.is_at(TokenKind::Minus);
        if self.is_in_call() && is_operand {
            let place = Span::at(previous.span.end());
            return error.with_help("put a comma between two arguments").with_fix(place, ",");
        }
        let is_number = |kind| matches!(kind, TokenKind::Integer | TokenKind::Real);
        if self.cursor.is_at(TokenKind::Comma) && is_number(previous.kind) && is_number(self.cursor.peek().kind) {
            return error.with_help("write numbers with a decimal point `.` and without thousands separators");
        }
        error
    }
}

/// Returns at most this many bytes of a text.
pub(super) fn start_of(text: &str, bytes: usize) -> &str {
    text.get(..floor(text, bytes)).unwrap_or_default()
}

/// Returns `name` and `member` of `name['member']`.
fn member(text: &str) -> Option<(&str, &str)> {
    let (owner, rest) = text.split_once('[')?;
    let name = rest.strip_suffix(']')?;
    let name = name.strip_prefix('\'')?.strip_suffix('\'')?;
    (!owner.is_empty() && !name.is_empty() && !name.contains(['[', ']', '\''])).then_some((owner, name))
}

/// Returns where the string at `span` ends if every backslash in it is an ordinary character: after the next quote of
/// the same kind on its line.
fn end_of_string(text: &str, span: Span) -> Option<u32> {
    let start = span.range().start;
    let rest = text.get(start..)?;
    let quote = rest.chars().next()?;
    let inside = rest.get(1..)?;
    // Stops at whichever comes first: a text may contain many such strings, all on one line.
    let end = inside.find([quote, '\n']);
    steps::bytes(end.unwrap_or(inside.len()));
    let end = end.filter(|&end| inside.as_bytes().get(end) != Some(&b'\n'))?;
    Some(Span::from_range(0..start + 1 + end + 1).end())
}

/// Doubles every backslash of a string that starts no escape.
fn with_doubled_backslashes(string: &str) -> String {
    let mut fixed = String::with_capacity(string.len() + 4);
    let mut rest = string;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        fixed.push_str(before);
        let escaped = from.get(1..).unwrap_or_default();
        let is_unicode = |text: &str| {
            text.starts_with('u') && text.get(1..5).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        let length = if escaped.starts_with('\\') {
            2
        } else {
            if !is_unicode(escaped) {
                fixed.push('\\');
            }
            1
        };
        fixed.push_str(from.get(..length).unwrap_or(from));
        rest = from.get(length..).unwrap_or_default();
    }
    fixed.push_str(rest);
    fixed
}

/// Finds a text of several words between wrong quotes, whose first word is the name at `first`, and returns it with the
/// string that it means.
fn quoted_words(text: &str, first: Span) -> Option<(Span, String)> {
    let rest = text.get(first.range().start..)?;
    let rest = start_of(rest, QUOTED_WORDS);
    steps::bytes(rest.len());
    let line = rest.get(..rest.find(['\n', '\r']).unwrap_or(rest.len()))?;
    let open = line.chars().next()?;
    if TYPOGRAPHIC_QUOTES.contains(&open) {
        let inner = line.get(open.len_utf8()..)?;
        let length = inner.find(TYPOGRAPHIC_QUOTES)?;
        let close = inner.get(length..)?.chars().next()?;
        let content = inner.get(..length)?;
        let end = first.range().start + open.len_utf8() + length + close.len_utf8();
        let is_name = first.range().end >= end || content.contains(['\'', '\\']);
        return (!is_name).then(|| (Span::from_range(first.range().start..end), format!("'{content}'")));
    }
    // `'it''s cold'`
    let name = first.slice(text);
    if open != '\'' || !name.contains("''") {
        return None;
    }
    let mut at = 1;
    loop {
        at += line.get(at..)?.find('\'')?;
        if line.get(at + 1..)?.starts_with('\'') {
            at += 2;
        } else {
            break;
        }
    }
    let whole = line.get(..=at)?;
    let content = line.get(1..at)?.replace("''", "\\'");
    let start = first.range().start;
    // A name that contains all of it is a single word.
    (!name.starts_with(whole)).then(|| (Span::from_range(start..start + whole.len()), format!("'{content}'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_whole_characters() {
        assert_eq!(["aéb", "aé", "a"].map(|text| start_of(text, 2)), ["a", "a", "a"]);
        assert_eq!(start_of("aéb", 3), "aé");
    }
}
