//! Parses routes, `[SELECT *] FROM source [WHERE condition] INTO sink`, with one function per production.

use super::condition::{Follow, parse_expression};
use super::sink::sink;
use super::{Cursor, Parsed, explained, placeholder_left};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::limits::Limits;
use crate::span::Span;
use crate::syntax::ast::{Condition, Route, Source};
use crate::syntax::placeholder::{is_variable, placeholder_at};
use crate::syntax::token::TokenKind;

/// Parses a route and reports all its syntax errors.
///
/// ```
/// use edgeroute_lang::limits::Limits;
/// use edgeroute_lang::syntax::parse_route;
///
/// let parsed = parse_route("FROM /messages/* WHERE level > INTO $upstream", &Limits::default());
/// assert_eq!(parsed.errors[0].message, "expected an operand, found `INTO`");
/// assert_eq!(parsed.tree.source.unwrap().path, "/messages/*");
/// ```
#[must_use]
pub fn parse_route<'t>(text: &'t str, limits: &Limits) -> Parsed<Route<'t>> {
    let mut cursor = Cursor::new(text, limits);
    let mut tree = Route { select: None, source: None, condition: None, sink: None, trailing: None };
    if cursor.is_at(TokenKind::Eof) {
        if !cursor.is_too_long() {
            let error = Diagnostic::new(Code::EmptyRoute, Span::from_range(0..text.len()), "the route is empty")
                .with_help("write a route as FROM source WHERE condition INTO sink");
            cursor.error(error);
        }
        return Parsed { tree, errors: cursor.into_errors() };
    }
    // A route that is only a placeholder needs no other error.
    if !matches!(cursor.kind(), TokenKind::From | TokenKind::Select)
        && let Some(span) = placeholder_at(cursor.text, cursor.current.span)
            .or(Some(cursor.current.span).filter(|span| is_variable(span.slice(text))))
        && span.slice(text) == text.trim()
    {
        cursor.error(placeholder_left(text, span));
        return Parsed { tree, errors: cursor.into_errors() };
    }
    tree.select = select(&mut cursor);
    tree.source = from(&mut cursor).then(|| source(&mut cursor)).flatten();
    tree.condition = condition(&mut cursor);
    if into(&mut cursor) {
        tree.sink = sink(&mut cursor);
    }
    if tree.sink.is_some() && !cursor.is_at(TokenKind::Eof) {
        tree.trailing = Some(cursor.rest());
    }
    Parsed { tree, errors: cursor.into_errors() }
}

/// `SELECT *`
fn select(cursor: &mut Cursor<'_, '_>) -> Option<Span> {
    let start = cursor.take_if(TokenKind::Select)?.span;
    if cursor.take_if(TokenKind::Star).is_none() {
        let error = cursor.unexpected(Code::UnexpectedToken, "`*`");
        cursor.error(explained(error, "a route selects whole messages; write SELECT *, or omit SELECT"));
        skip_to(cursor, |kind| matches!(kind, TokenKind::From | TokenKind::Where | TokenKind::Into));
    }
    Some(start.cover(cursor.previous.span))
}

/// Reads FROM, or reports that it is missing. Returns whether a source may follow.
fn from(cursor: &mut Cursor<'_, '_>) -> bool {
    if keyword(cursor, TokenKind::From, "FROM", &[TokenKind::Slash]) {
        return true;
    }
    skip_to(cursor, |kind| kind == TokenKind::From || kind == TokenKind::Slash || ends_clause(kind));
    cursor.take_if(TokenKind::From).is_some() || cursor.is_at(TokenKind::Slash)
}

/// Reads a keyword, or reports that it is missing. A mistyped keyword is accepted in its place, and so is any token
/// that is not one of `continues`.
fn keyword(cursor: &mut Cursor<'_, '_>, kind: TokenKind, name: &'static str, continues: &[TokenKind]) -> bool {
    if cursor.take_if(kind).is_some() {
        return true;
    }
    if cursor.is_at(TokenKind::Eof) && cursor.previous.kind == TokenKind::UnterminatedString {
        // The string has swallowed the keyword; the error that it is not closed has been reported.
        return false;
    }
    let mut error = cursor.unexpected(Code::ExpectedKeyword, name);
    let is_mistyped = cursor.is_at_mistyped(&[name]);
    if is_mistyped {
        error = error.with_help(format!("did you mean {name}?")).with_fix(cursor.current.span, name);
        cursor.take();
        // `->`
        while cursor.previous.span.end() == cursor.current.span.start() && cursor.is_at(TokenKind::Greater) {
            let arrow = error.fix.take().map_or(cursor.current.span, |fix| fix.span.cover(cursor.current.span));
            error = error.with_fix(arrow, name);
            cursor.take();
        }
    } else if error.code == Code::ExpectedKeyword && continues.contains(&cursor.kind()) {
        let place = Span::at(cursor.current.span.start());
        let help = format!("write {name} before `{}`", quoted(cursor.text_of(cursor.current)));
        error = error.with_help(help).with_fix(place, format!("{name} "));
    } else if kind == TokenKind::Into && cursor.is_at(TokenKind::Eof) {
        error = explained(error, "end the route with INTO and a sink, such as INTO $upstream");
    }
    cursor.error(error);
    is_mistyped
}

/// One or more of `/` item.
fn source(cursor: &mut Cursor<'_, '_>) -> Option<Source> {
    let start = cursor.current.span;
    // Most paths are not longer.
    let mut path = String::with_capacity(64);
    let mut is_valid = true;
    loop {
        if cursor.take_if(TokenKind::Slash).is_some() {
            path.push('/');
        } else {
            if path.is_empty() {
                let error = source_start_error(cursor);
                cursor.error(error);
                is_valid = false;
            }
            break;
        }
        match cursor.kind() {
            TokenKind::Star | TokenKind::Id => path.push_str(cursor.text_of(cursor.current)),
            _ => {
                let error = source_item_error(cursor);
                cursor.error(error);
                is_valid = false;
                if ends_clause(cursor.kind()) || cursor.is_at(TokenKind::Slash) {
                    continue;
                }
            }
        }
        cursor.take();
    }
    let span = Span::new(start.start(), cursor.previous.span.end());
    if !ends_clause(cursor.kind()) && !cursor.is_at_sink() {
        if is_valid && !cursor.is_at_mistyped(&["WHERE", "INTO"]) {
            let error = source_end_error(cursor);
            cursor.error(error);
            is_valid = false;
        }
        if !cursor.is_at_mistyped(&["WHERE", "INTO"]) {
            skip_to(cursor, ends_clause);
        }
    }
    is_valid.then_some(Source { path, span })
}

/// Reports text that cannot start a path.
fn source_start_error(cursor: &Cursor<'_, '_>) -> Diagnostic {
    const HELP: &str = "write a source as a path such as /messages/* or /messages/modules/NAME/outputs/*";
    let error = cursor.unexpected(Code::InvalidSource, "a path that starts with `/`");
    let (span, written) = (cursor.current.span, cursor.text_of(cursor.current));
    let fixed = match cursor.kind() {
        // The names of sources in the cloud's routes.
        TokenKind::Id if written.eq_ignore_ascii_case("DeviceMessages") => Some((span, "/messages/*")),
        TokenKind::Id if written.eq_ignore_ascii_case("TwinChangeEvents") => Some((span, "/twinChangeNotifications")),
        TokenKind::Id if cursor.peek().kind == TokenKind::Slash => Some((Span::at(span.start()), "/")),
        TokenKind::Star => Some((Span::at(span.start()), "/")),
        TokenKind::String if written.trim_matches(['"', '\'']).starts_with('/') => {
            Some((span, written.trim_matches(['"', '\''])))
        }
        _ => None,
    };
    match fixed {
        Some((place, fixed)) if error.code == Code::InvalidSource => {
            let whole = if place.is_empty() { format!("{fixed}{written}") } else { fixed.to_owned() };
            let whole = if place.is_empty() && cursor.kind() == TokenKind::Id { whole + "/..." } else { whole };
            error.with_help(format!("write `{}`", quoted(&whole))).with_fix(place, fixed)
        }
        _ => explained(error, HELP),
    }
}

/// Reports a token that cannot be an item of a path, with the reason if it may be surprising.
fn source_item_error(cursor: &Cursor<'_, '_>) -> Diagnostic {
    let span = cursor.current.span;
    if cursor.is_at(TokenKind::SystemProperty) && is_variable(cursor.text_of(cursor.current)) {
        return placeholder_left(cursor.text, span);
    }
    let error = cursor.unexpected(Code::InvalidSource, "a name or `*`");
    if error.code == Code::InvalidSource && is_at_mqtt_wildcard(cursor) {
        return wildcard_error(cursor, error);
    }
    if error.code == Code::PlaceholderLeft {
        return error;
    }
    match cursor.kind() {
        TokenKind::Eof | TokenKind::Where | TokenKind::Into => {
            let place = Span::at(cursor.previous.span.end());
            error.with_help("end a source with a name or `*`: write `/*`").with_fix(place, "*")
        }
        TokenKind::Slash => {
            error.with_help("remove this slash; a single slash separates two segments").with_fix(span, "")
        }
        TokenKind::Integer | TokenKind::Hex | TokenKind::Real => {
            error.with_help("a segment that reads as a number is not a name; the hub cannot route from it")
        }
        TokenKind::SystemProperty => error.with_help("a segment cannot start with `$`"),
        TokenKind::String => {
            let written = cursor.text_of(cursor.current);
            let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
            error.with_help("write segments without quotes").with_fix(span, inner)
        }
        TokenKind::And | TokenKind::Or | TokenKind::Not | TokenKind::Select | TokenKind::From => {
            error.with_help("a segment cannot be a reserved word")
        }
        TokenKind::True | TokenKind::False | TokenKind::Null | TokenKind::Undefined => {
            error.with_help("a segment cannot be a constant")
        }
        _ => error,
    }
}

/// Reports a token that is neither a further item nor the end of a source.
fn source_end_error(cursor: &Cursor<'_, '_>) -> Diagnostic {
    let error = cursor.unexpected(Code::InvalidSource, "`/`, WHERE or INTO");
    let span = cursor.current.span;
    match cursor.kind() {
        _ if error.code == Code::PlaceholderLeft => error,
        TokenKind::And | TokenKind::Or => error.with_help("begin a condition with WHERE").with_fix(span, "WHERE"),
        TokenKind::Comma | TokenKind::From => {
            error.with_help("a route has only one source; write one route for each source")
        }
        TokenKind::Id if cursor.peek().kind == TokenKind::Slash => {
            error.with_help("remove the white space; a path segment cannot contain any")
        }
        TokenKind::Id | TokenKind::SystemProperty | TokenKind::Not => {
            error.with_help("begin a condition with WHERE and a sink with INTO")
        }
        _ => match refused_name(cursor) {
            Some(help) => error.with_help(help),
            None => error,
        },
    }
}

/// Whether the current token is the wildcard `+` of MQTT. Its `#` is a name here.
fn is_at_mqtt_wildcard(cursor: &Cursor<'_, '_>) -> bool {
    let after = cursor.text.get(cursor.current.span.range().end..).unwrap_or_default();
    cursor.is_at(TokenKind::Plus) && after.chars().next().is_none_or(|next| next == '/' || next.is_whitespace())
}

/// Explains a wildcard of MQTT, and replaces one at the end of a source.
fn wildcard_error(cursor: &Cursor<'_, '_>, error: Diagnostic) -> Diagnostic {
    let span = cursor.current.span;
    if cursor.text.get(span.range().end..).is_some_and(|after| after.starts_with('/')) {
        error.with_help("`+` is no wildcard here; end the source with `/*`, which selects everything below it")
    } else {
        error.with_help("`+` is no wildcard here; write `*`").with_fix(span, "*")
    }
}

/// The help for a character that interrupts a name.
fn refused_name(cursor: &Cursor<'_, '_>) -> Option<String> {
    let span = cursor.current.span;
    let touches = cursor.previous.kind == TokenKind::Id && cursor.previous.span.end() == span.start();
    let character = span.slice(cursor.text).chars().next().filter(|c| touches && !c.is_alphanumeric())?;
    let before = cursor.text.get(..cursor.previous.span.range().start).unwrap_or_default();
    let is_module = before.to_ascii_lowercase().ends_with("/messages/modules/");
    let whole = cursor.text.get(cursor.previous.span.range().start..).unwrap_or_default();
    let name = whole.split(|c: char| c == '/' || c.is_whitespace()).next().unwrap_or_default();
    Some(if is_module && !name.contains(['\'', '\\']) {
        format!(
            "a name in a source cannot have `{character}`; write \
             `FROM /messages/modules/* WHERE $connectionModuleId = '{}'`",
            quoted(name)
        )
    } else {
        format!("a name in a source cannot have `{character}`; end the source before it, with `/*`")
    })
}

/// Reads `WHERE condition`, if present.
fn condition<'t>(cursor: &mut Cursor<'t, '_>) -> Option<Condition<'t>> {
    if cursor.is_at_mistyped(&["WHERE"]) {
        keyword(cursor, TokenKind::Where, "WHERE", &[]);
    } else {
        cursor.take_if(TokenKind::Where)?;
    }
    let condition = parse_expression(cursor, Follow::Into);
    if !cursor.is_at_mistyped(&["INTO"]) && !cursor.is_at_sink() {
        skip_to(cursor, |kind| kind == TokenKind::Into);
    }
    Some(condition)
}

/// Reads INTO, or reports that it is missing.
fn into(cursor: &mut Cursor<'_, '_>) -> bool {
    let continues = [if cursor.is_at_sink() { cursor.kind() } else { TokenKind::SystemProperty }];
    let is_there = keyword(cursor, TokenKind::Into, "INTO", &continues);
    is_there || continues.contains(&cursor.kind())
}

fn ends_clause(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Where | TokenKind::Into | TokenKind::Eof)
}

/// Skips to a token that satisfies `stop`, or to the end.
fn skip_to(cursor: &mut Cursor<'_, '_>, stop: impl Fn(TokenKind) -> bool) {
    while !stop(cursor.kind()) && !cursor.is_at(TokenKind::Eof) {
        cursor.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::ast::SinkKind;

    fn parse(text: &str) -> Parsed<Route<'_>> {
        parse_route(text, &Limits::default())
    }

    fn messages(text: &str) -> Vec<String> {
        parse(text).errors.into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn all_parts_are_found() {
        let text = "select * From /messages/ * /* c */ where a = /* d */ 'b' INTO BrokeredEndpoint ( \"/modules/m/inputs/i\" ) x";
        let Parsed { tree, errors } = parse(text);
        assert_eq!(errors, []);
        assert_eq!(tree.select.unwrap().slice(text), "select *");
        let source = tree.source.unwrap();
        assert_eq!((source.path.as_str(), source.span.slice(text)), ("/messages/*", "/messages/ *"));
        assert_eq!(tree.condition.unwrap().span().slice(text), "a = /* d */ 'b'");
        let sink = tree.sink.unwrap();
        let SinkKind::Function { name, address, address_span, .. } = sink.kind else { panic!("{sink:?}") };
        assert_eq!((name, address, address_span.slice(text)), ("BrokeredEndpoint", "/modules/m/inputs/i", address));
        assert_eq!(tree.trailing.unwrap().slice(text), "x");
    }

    #[test]
    fn sources_are_items_after_slashes() {
        for path in ["/*", "/a", "/messages/modules/m/outputs/*", "/a*b/**", "/it's"] {
            assert_eq!(messages(&format!("FROM {path} INTO $upstream")), [""; 0], "{path}");
        }
        for path in
            ["/", "/messages/", "messages", "/1", "/e5", "/true", "/and", "/$edgeAgent", "/'q'", "/a[0]", "//a", "/a b"]
        {
            assert_eq!(messages(&format!("FROM {path} INTO $upstream")).len(), 1, "{path}");
        }
    }

    #[test]
    fn every_clause_reports_its_own_error() {
        assert_eq!(
            messages("SELECT a FRM /messages/1 WHERE INTO upstream"),
            [
                "expected `*`, found `a`",
                "expected FROM, found `WHERE`",
                "expected an operand, found `INTO`",
                "expected $upstream or BrokeredEndpoint(\"...\"), found `upstream`",
            ]
        );
        assert_eq!(
            messages("FROM /messages/1 WHERE a = INTO upstream"),
            [
                "expected a name or `*`, found `1`",
                "expected an operand, found `INTO`",
                "expected $upstream or BrokeredEndpoint(\"...\"), found `upstream`",
            ]
        );
        assert_eq!(
            messages("FROM /a WHERE b = 'c' d = 'e' INTO $upstream"),
            ["expected an operator or INTO, found `d`"]
        );
        assert_eq!(messages("FROM /a WHERE (b = 'c' d) INTO $upstream"), ["expected an operator or `)`, found `d`"]);
    }

    #[test]
    fn text_before_from_or_a_path_is_skipped() {
        let source = "expected a name or `*`, found `1`";
        for text in ["a FROM /1 INTO $upstream", "a b FROM /1 INTO $upstream", "a b /1 INTO $upstream"] {
            assert_eq!(messages(text), ["expected FROM, found `a`", source], "{text}");
        }
        assert_eq!(messages("a b INTO $upstream"), ["expected FROM, found `a`"]);
    }

    #[test]
    fn mistyped_keywords_are_recognised() {
        let parsed = parse("FORM /a WHER b = 'c' INT $upstream");
        let fixes: Vec<_> =
            parsed.errors.iter().map(|error| error.fix.as_ref().unwrap().replacement.as_str()).collect();
        assert_eq!(fixes, ["FROM", "WHERE", "INTO"]);
    }

    #[test]
    fn what_an_open_string_swallows_is_not_missed() {
        assert_eq!(messages("FROM /a WHERE b = 'c INTO $upstream"), ["the string has no closing quote"]);
        assert_eq!(messages("FROM /a WHERE b = \"c' INTO $upstream").len(), 1);
    }

    #[test]
    fn a_comment_that_swallows_a_route_is_shown() {
        let parsed = parse("FROM /messages/* WHERE a = '*/' INTO $upstream");
        assert!(parsed.errors[0].secondary.iter().any(|label| label.text.contains("opens a comment")));
    }

    #[test]
    fn a_route_without_text_is_empty_and_one_over_the_limit_is_not_parsed() {
        assert_eq!(parse(" \n").errors[0].code, Code::EmptyRoute);
        let limits = Limits { route_bytes: 10, ..Limits::default() };
        let errors = parse_route("FROM /messages INTO $upstream", &limits).errors;
        assert_eq!(errors.len(), 1);
        assert!(errors[0].message.contains("`route_bytes` is 10"), "{}", errors[0].message);
    }
}
