//! JSON with positions: each value knows its place in the file.
//!
//! [`parse`] checks the whole text once, strictly (RFC 8259). After that a [`Node`] is a slice of the text. An object
//! is split into its members only when they are requested, in order, with duplicates; a string is decoded only when it
//! is read. Splitting costs one pass over the object's text, so a document costs one pass for each level that is read,
//! and nothing for the others. Nothing recurses: a loop skips unused values, however deep they nest.

use core::fmt;
use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::foreign::foreign;
use super::located_text::LocatedText;
use super::placeholder::placeholder_starting;
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::span::{Span, floor};
use crate::syntax::placeholder::{placeholder_at, placeholder_left};

/// The maximum number of characters of a value that a message quotes.
const EXCERPT: usize = 40;

/// A JSON value: its text and its place in the file.
#[derive(Copy, Clone, Debug)]
pub(super) struct Node<'t> {
    /// Valid JSON, without white space around it.
    json: &'t str,
    /// The offset of `json` in the file.
    start: u32,
}

/// One `"key": value` of an object.
#[derive(Clone, Debug)]
pub(super) struct Member<'t> {
    pub(super) key: Key<'t>,
    pub(super) value: Node<'t>,
}

/// A decoded member's key.
#[derive(Clone, Debug)]
pub(super) struct Key<'t> {
    /// Lone surrogates are U+FFFD.
    pub(super) name: Cow<'t, str>,
    /// The span including the quotes.
    pub(super) span: Span,
    /// The span of the first escape that is half a surrogate pair.
    pub(super) lone_surrogate: Option<Span>,
}

/// A kind of JSON value.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Null,
    False,
    True,
    Number,
    Text,
    Array,
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::False => "false",
            Self::True => "true",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

/// Parses `text` as one value. A byte-order mark at the start is skipped, as RFC 8259 allows; positions count it.
///
/// # Errors
/// Reports the first place that is not JSON, or a text that is too long for positions.
pub(super) fn parse(text: &str) -> Result<Node<'_>, Box<Diagnostic>> {
    check_size(text.len())?;
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    match serde_json::from_str::<&RawValue>(body) {
        Ok(value) => Ok(Node::within(text, 0, value)),
        Err(error) => Err(Box::new(not_json(body, &error).shifted(offset_in(text, body)))),
    }
}

/// Spans are 32 bits wide.
fn check_size(bytes: usize) -> Result<(), Box<Diagnostic>> {
    if u32::try_from(bytes).is_ok() {
        return Ok(());
    }
    let message = format!("the manifest has {bytes} bytes; the limit is {}", u32::MAX);
    Err(Box::new(Diagnostic::new(Code::ManifestTooLong, Span::at(0), message)))
}

/// Returns the offset of the slice `part` in `text`.
fn offset_in(text: &str, part: &str) -> u32 {
    Span::from_range(0..part.as_ptr().addr().saturating_sub(text.as_ptr().addr())).end()
}

impl<'t> Node<'t> {
    /// Creates the node of `value`, which must be borrowed from `text`, which starts at `start`.
    fn within(text: &'t str, start: u32, value: &'t RawValue) -> Self {
        let json = value.get();
        Self { json, start: start.saturating_add(offset_in(text, json)) }
    }

    /// Describes the value for a message: a number or string as written, shortened if it is long; otherwise its kind.
    pub(super) fn describe(self) -> String {
        match self.kind() {
            Kind::Number | Kind::Text => excerpt(self.json),
            kind => kind.to_string(),
        }
    }

    /// Returns the value as written.
    pub(super) const fn json(self) -> &'t str {
        self.json
    }

    /// Returns the span of the value.
    pub(super) fn span(self) -> Span {
        Span::from_range(0..self.json.len()).shifted(self.start)
    }

    /// Returns the span of the first character: for an object its opening brace, where missing members are reported.
    pub(super) fn opening(self) -> Span {
        Span::new(self.start, self.start.saturating_add(1))
    }

    pub(super) fn kind(self) -> Kind {
        match self.json.as_bytes().first() {
            Some(b'n') | None => Kind::Null,
            Some(b'f') => Kind::False,
            Some(b't') => Kind::True,
            Some(b'"') => Kind::Text,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            Some(_) => Kind::Number,
        }
    }

    pub(super) fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Returns the members of an object, in order; empty for any other value.
    pub(super) fn members(self) -> Vec<Member<'t>> {
        if !self.is_object() {
            return Vec::new();
        }
        // The whole document has been parsed, so every part of it parses.
        let raw = serde_json::from_str::<RawMembers<'t>>(self.json).map(|raw| raw.0).unwrap_or_default();
        raw.into_iter()
            .map(|(key, value)| Member {
                key: Node::within(self.json, self.start, key).into_key(),
                value: Node::within(self.json, self.start, value),
            })
            .collect()
    }

    /// Returns the decoded string; empty for any other value.
    pub(super) fn text(self) -> LocatedText<'t> {
        let content = self.json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
        LocatedText::decode(content, self.start.saturating_add(1))
    }

    fn into_key(self) -> Key<'t> {
        let LocatedText { text, lone_surrogate, .. } = self.text();
        Key { name: text, span: self.span(), lone_surrogate }
    }
}

/// The borrowed keys and values of an object in order, with duplicates.
struct RawMembers<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for RawMembers<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// Shortens a text for a message.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Escapes `text` for a JSON string.
pub(super) fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// Explains why a text is not strict JSON; `None` if it is. Allocates only for the explanation.
#[must_use]
pub fn json_error(text: &str) -> Option<Diagnostic> {
    serde_json::from_str::<&RawValue>(text).err().map(|error| mistake(text, &error))
}

/// Explains why a manifest is not JSON: a template, another format, or a mistake.
fn not_json(body: &str, error: &serde_json::Error) -> Diagnostic {
    let at = error_offset(body, error);
    let (before, rest) = body.split_at_checked(at).unwrap_or((body, ""));
    let span = Span::from_range(at..at + rest.chars().next().map_or(0, char::len_utf8));
    if let Some(placeholder) = placeholder_at(body, span) {
        return placeholder_left(body, placeholder);
    }
    if let Some(placeholder) = placeholder_left_at(before, rest) {
        return placeholder_left(body, placeholder);
    }
    if let Some(foreign) = foreign(body, at) {
        return foreign;
    }
    mistake(body, error)
}

/// Converts the parser's error to a diagnostic with a span, and with help for the most common mistakes: comments,
/// trailing commas, single quotes, bare keys.
fn mistake(body: &str, error: &serde_json::Error) -> Diagnostic {
    let reason = error.to_string();
    // The position is in the span; the parser also appends it to its message.
    let reason = reason.split(" at line ").next().unwrap_or_default().replace("EOF", "the text ends");
    let reason = reason.replace("expected ident", "expected `true`, `false` or `null`");
    let at = error_offset(body, error);
    let (before, rest) = body.split_at_checked(at).unwrap_or((body, ""));
    let found = rest.chars().next();
    let span = Span::from_range(at..at + found.map_or(0, char::len_utf8));
    let not_json = |span, what: &str| Diagnostic::new(Code::InvalidJson, span, format!("not valid JSON: {what}"));
    if error.is_eof() {
        return not_json(span, &reason);
    }
    if let Some(comma) = trailing_comma(before).filter(|_| rest.starts_with([']', '}'])) {
        let what = "trailing comma after the last element";
        return not_json(comma, what).with_help("remove the comma").with_fix(comma, "");
    }
    if reason.starts_with("invalid escape") {
        let start = before.rfind('\\').unwrap_or(at);
        let escape = Span::from_range(start..span.range().end);
        let escape_text = escape.slice(body);
        let help = if escape_text.starts_with("\\u") {
            "write four hexadecimal digits after `\\u`"
        } else {
            "write a backslash twice"
        };
        return not_json(escape, &format!("{reason} `{}`", quoted(escape_text))).with_help(help);
    }
    if reason.starts_with("control character") {
        // The parser stops at the character before it.
        let start = rest.find(|c| c < ' ').map_or(at, |ahead| at + ahead);
        return not_json(Span::from_range(start..start + 1), "a control character in a string")
            .with_help("write it as an escape: `\\n` for a line break, `\\t` for a tab");
    }
    let string = broken_string(body, at);
    let found = not_json(span, &format!("{reason}, found `{}`", quoted(&found.map(String::from).unwrap_or_default())));
    if rest.starts_with("//") || rest.starts_with("/*") {
        found.with_help("remove it; JSON has no comments")
    } else if rest.starts_with('\'') {
        found.with_help("put JSON strings and keys in double quotes")
    } else if let Some(quote) = string {
        found
            .with_secondary(quote, "the string ends here")
            .with_help("write a quote inside a string as `\\\"`; a route may use `'` instead")
    } else if reason.starts_with("key must be a string") {
        found.with_help("put the key in double quotes")
    } else {
        found
    }
}

/// Returns the placeholder without quotes where the JSON stops, between `before` and `rest`.
fn placeholder_left_at(before: &str, rest: &str) -> Option<Span> {
    // A tag of a template begins with the brace before: JSON has no `{{` and `{%`.
    let start = if rest.starts_with("{{") || rest.starts_with("{%") || rest.starts_with(['$', '#', '@', '_', '<']) {
        before.len()
    } else if before.ends_with('{') && rest.starts_with(['{', '%']) {
        before.len() - 1
    } else if rest.starts_with('%') {
        before.len()
    } else {
        return None;
    };
    let text = [before.get(start..).unwrap_or_default(), rest.get(..floor(rest, EXCERPT * 5)).unwrap_or(rest)].concat();
    let length = placeholder_starting(&text)?.range().end;
    Some(Span::from_range(start..start + length))
}

/// Returns the quote that ends a string before `at`, if the string was probably meant to go on: it is a value or a key,
/// and other text with a quote follows in the line.
fn broken_string(body: &str, at: usize) -> Option<Span> {
    let (before, rest) = body.split_at_checked(at)?;
    let end = before.trim_end().len();
    let is_word = rest.starts_with(|c: char| !",:]}\"".contains(c));
    let line = rest.lines().next().unwrap_or_default();
    let is_broken = is_word && before.get(..end)?.ends_with('"') && line.contains('"');
    is_broken.then(|| Span::from_range(end - 1..end))
}

/// Returns the comma at the end of `before`, if only white space follows it.
fn trailing_comma(before: &str) -> Option<Span> {
    let before = before.trim_end().strip_suffix(',')?;
    Some(Span::from_range(before.len()..before.len() + 1))
}

/// Returns the offset where the parser stopped: the start of the character there, or the end of the text.
fn error_offset(body: &str, error: &serde_json::Error) -> usize {
    let line_start = match error.line().saturating_sub(2) {
        _ if error.line() <= 1 => 0,
        newlines => body.match_indices('\n').nth(newlines).map_or(body.len(), |(at, _)| at + 1),
    };
    // Columns are counted in bytes, from 1; 0 is the line break before.
    floor(body, if error.is_eof() { body.len() } else { (line_start + error.column()).saturating_sub(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> (u32, u32, String, Option<String>) {
        let found = parse(text).unwrap_err();
        assert_eq!(found.code, Code::InvalidJson);
        (found.primary.span.start(), found.primary.span.end(), found.message, found.help)
    }

    #[test]
    fn members_keep_order_duplicates_and_places() {
        let text = " {\"a\" : 1 ,\n \"\\u0062\":{\"x\":[]}, \"a\":\"\"} ";
        let members = parse(text).unwrap().members();
        let seen: Vec<(&str, &str, &str)> = members
            .iter()
            .map(|member| (&*member.key.name, member.key.span.slice(text), member.value.span().slice(text)))
            .collect();
        assert_eq!(seen, [("a", "\"a\"", "1"), ("b", "\"\\u0062\"", "{\"x\":[]}"), ("a", "\"a\"", "\"\"")]);
    }

    #[test]
    fn every_kind_is_recognised_by_its_first_character() {
        let kinds = ["null", "false", "true", "-1", "0.5", "\"\"", "[]", "{}"].map(|text| parse(text).unwrap().kind());
        let expected =
            [Kind::Null, Kind::False, Kind::True, Kind::Number, Kind::Number, Kind::Text, Kind::Array, Kind::Object];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_counted() {
        let text = "\u{feff}{\"a\": 1}";
        assert_eq!(parse(text).unwrap().members()[0].value.span().slice(text), "1");
        let broken = "\u{feff}{\"a\": @}";
        assert_eq!(parse(broken).unwrap_err().primary.span.slice(broken), "@");
    }

    #[test]
    fn what_is_not_json_is_pointed_at() {
        let cases = [
            ("", 0, 0, "not valid JSON: the text ends while parsing a value", None),
            ("{\"a\": 1\n", 8, 8, "not valid JSON: the text ends while parsing an object", None),
            ("{\"a\": é}", 6, 8, "not valid JSON: expected value, found `é`", None),
            ("{}\n {}", 4, 5, "not valid JSON: trailing characters, found `{`", None),
            ("{\n\n\"a\": 01}", 9, 10, "not valid JSON: invalid number, found `1`", None),
            ("{\n  // no\n}", 4, 5, "not valid JSON: key must be a string, found `/`", Some("comments")),
            ("{'a': 1}", 1, 2, "not valid JSON: key must be a string, found `'`", Some("double quotes")),
            ("{a: 1}", 1, 2, "not valid JSON: key must be a string, found `a`", Some("in double quotes")),
            ("[1,\n]", 2, 3, "not valid JSON: trailing comma after the last element", Some("remove the comma")),
            ("{\"a\": 1, }", 7, 8, "not valid JSON: trailing comma after the last element", Some("remove the comma")),
            ("[\"a\nb\"]", 3, 4, "not valid JSON: a control character in a string", Some("escape")),
            ("[\t\"\t\"]", 3, 4, "not valid JSON: a control character in a string", Some("escape")),
            ("[\"\\q\"]", 2, 4, "not valid JSON: invalid escape `\\q`", Some("twice")),
            ("[\"é\\u00é0\"]", 4, 10, "not valid JSON: invalid escape `\\u00é`", Some("four")),
            ("[NaN]", 1, 2, "not valid JSON: expected value, found `N`", None),
        ];
        for (text, start, end, message, help) in cases {
            let found = complaint(text);
            assert!(found.2.starts_with(message), "{text}: {found:?}");
            assert_eq!((found.0, found.1), (start, end), "{text}: {found:?}");
            assert_eq!(found.3.is_some(), help.is_some(), "{text}: {found:?}");
            assert!(found.3.unwrap_or_default().contains(help.unwrap_or_default()), "{text}");
        }
    }

    #[test]
    fn a_trailing_comma_is_fixed_by_removing_it() {
        let text = "{\"a\": 1 , \n}";
        let fix = parse(text).unwrap_err().fix.unwrap();
        assert_eq!((fix.span.slice(text), &*fix.replacement), (",", ""));
    }

    #[test]
    fn a_quote_inside_a_string_is_explained() {
        for text in [
            r#"{"r": "FROM /* INTO BrokeredEndpoint("/modules/b/inputs/in")"}"#,
            r#"{"r": "FROM /* WHERE a = "b" INTO $upstream"}"#,
            r#"{"a"b": 1}"#,
        ] {
            let found = parse(text).unwrap_err();
            assert!(
                found.help.as_deref().is_some_and(|help| help.starts_with(r#"write a quote inside a string as `\"`"#))
            );
            assert_eq!(found.secondary[0].span.slice(text), "\"", "{text}");
        }
        for text in [r#"{"a": "b" "c": 1}"#, r#"{"a": "b" c}"#, r#"{"a": 1 "c": 1}"#] {
            assert_eq!(complaint(text).3, None, "{text}");
        }
    }

    #[test]
    fn placeholders_without_quotes_are_found() {
        for placeholder in [
            "$TTL",
            "__TTL__",
            "@TTL@",
            "%TTL%",
            "<TTL>",
            "${TTL}",
            "{{ttl}}",
            "{{ .Values.ttl }}",
            "{{#if ttl}}",
            "#{TTL}",
            "$(ttl)",
            "{% if ttl %}",
            "<%= ttl %>",
            "@@TTL@@",
        ] {
            for text in [
                format!("{{\"a\": {placeholder}}}"),
                format!("{{ {placeholder} \"a\": 1}}"),
                format!("[{placeholder}]"),
            ] {
                let found = parse(&text).unwrap_err();
                assert_eq!(
                    (found.code, found.primary.span.slice(&text)),
                    (Code::PlaceholderLeft, placeholder),
                    "{text}"
                );
            }
        }
        assert_eq!(parse("{% if x %}{}").unwrap_err().code, Code::PlaceholderLeft);
    }

    #[test]
    fn depth_costs_no_stack() {
        let open = "[".repeat(1_000_000);
        assert_eq!(parse(&open).unwrap_err().code, Code::InvalidJson);
        let closed = format!("{{\"deep\": {open}{}, \"a\": 1}}", "]".repeat(1_000_000));
        assert_eq!(parse(&closed).unwrap().members().len(), 2);
        let objects = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert_eq!(parse(&objects).unwrap().members().len(), 1);
    }

    #[test]
    fn a_text_without_positions_is_refused() {
        assert_eq!(check_size(usize::try_from(u32::MAX).unwrap()), Ok(()));
        let found = check_size(usize::try_from(1_u64 << 32).unwrap()).unwrap_err();
        assert_eq!(found.code, Code::ManifestTooLong);
        assert!(found.message.contains("4294967296 bytes; the limit is 4294967295"), "{}", found.message);
    }
}
