//! Parses sinks, and reports what people write in their place.

use super::{Cursor, explained};
use crate::diagnostic::{Code, Diagnostic, quoted_up_to};
use crate::span::Span;
use crate::syntax::address::meant_address;
use crate::syntax::ast::{Sink, SinkKind};
use crate::syntax::misread::TYPOGRAPHIC_QUOTES;
use crate::syntax::token::{Token, TokenKind};

const HELP: &str = "write BrokeredEndpoint(\"/modules/NAME/inputs/INPUT\")";

/// The help where nothing shows which endpoint is meant.
const EITHER: &str = "write $upstream for the cloud, or BrokeredEndpoint(\"/modules/NAME/inputs/INPUT\") for a module";

/// Names for the cloud.
const CLOUD: [&str; 7] = ["upstream", "iothub", "iot_hub", "cloud", "hub", "azure", "azureiothub"];

/// The maximum length of a corrected text in a help line, in characters.
const SHOWN: usize = 160;

/// Reads `$upstream` or `name("address")`. The parser does not check which names exist.
pub(super) fn sink<'t>(cursor: &mut Cursor<'t, '_>) -> Option<Sink<'t>> {
    let start = cursor.current;
    match start.kind {
        TokenKind::SystemProperty => {
            cursor.take();
            Some(Sink { kind: SinkKind::System(cursor.text_of(start)), span: start.span })
        }
        TokenKind::Id => {
            cursor.take();
            let address = endpoint_address(cursor, start)?;
            let span = start.span.cover(cursor.previous.span);
            let text = cursor.text_of(address);
            let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
            let address_span = Span::new(address.span.start() + 1, address.span.end().saturating_sub(1));
            let name = cursor.text_of(start);
            let kind = SinkKind::Function { name, name_span: start.span, address: inner, address_span };
            Some(Sink { kind, span })
        }
        _ => {
            let error = cursor.unexpected(Code::InvalidSink, "$upstream or BrokeredEndpoint(\"...\")");
            let error = fix(cursor, error, start.span);
            cursor.error(error);
            None
        }
    }
}

/// Reads `("address")` after an endpoint's name.
fn endpoint_address(cursor: &mut Cursor<'_, '_>, name: Token) -> Option<Token> {
    if cursor.take_if(TokenKind::OpenParenthesis).is_none() {
        let error = cursor.unexpected(Code::InvalidSink, "`(`");
        let written = cursor.text_of(name);
        let is_of = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(written));
        let error = if error.code == Code::InvalidSink && is_of(&CLOUD) {
            let message = format!("expected $upstream or BrokeredEndpoint(\"...\"), found `{written}`");
            let error = Diagnostic::new(Code::InvalidSink, name.span, message).with_label("no such endpoint");
            let help = if is_of(&["upstream"]) { "did you mean $upstream?" } else { "the cloud is $upstream" };
            error.with_help(help).with_fix(name.span, "$upstream")
        } else {
            fix(cursor, error, name.span)
        };
        cursor.error(error);
        return None;
    }
    let Some(address) = cursor.take_if(TokenKind::String) else {
        let error = match cursor.kind() {
            TokenKind::UnterminatedString => {
                let span = cursor.current.span;
                Diagnostic::new(Code::UnterminatedString, span, "the endpoint's address has no closing quote")
            }
            _ => cursor.unexpected(Code::InvalidSink, "an address in quotes"),
        };
        let error = fix(cursor, error, name.span);
        cursor.error(error);
        return None;
    };
    if cursor.take_if(TokenKind::CloseParenthesis).is_none() {
        let place = Span::at(cursor.previous.span.end());
        let error = cursor.unexpected(Code::InvalidSink, "`)`");
        cursor.error(if error.code == Code::InvalidSink && cursor.is_at(TokenKind::Eof) {
            error.with_help("write `)` after the address").with_fix(place, ")")
        } else if cursor.text_of(address).len() == 2 {
            // Doubled quotes: the address follows an empty string.
            fix(cursor, error, name.span)
        } else {
            explained(error, HELP)
        });
        return None;
    }
    Some(address)
}

/// Suggests what the text from `first` to the end probably means.
fn fix(cursor: &Cursor<'_, '_>, error: Diagnostic, first: Span) -> Diagnostic {
    if error.code == Code::PlaceholderLeft {
        return error;
    }
    let rest = cursor.text.get(first.range().start..).unwrap_or_default().trim_end();
    match meant_endpoint(rest) {
        Some(fixed) => {
            let whole = Span::from_range(first.range().start..first.range().start + rest.len());
            error.with_help(format!("write {}", quoted_up_to(&fixed, SHOWN))).with_fix(whole, fixed)
        }
        None if first.slice(cursor.text).to_ascii_lowercase().contains("endpoint") => error.with_help(HELP),
        None => error.with_help(EITHER),
    }
}

/// Returns the endpoint that a text means, if it contains the address of one.
fn meant_endpoint(text: &str) -> Option<String> {
    let (name, rest) = text.split_at(text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len()));
    // A path that begins without a slash begins with a name.
    let address = if rest.starts_with(['/', '\\']) && !rest.starts_with("\\\"") { text } else { rest };
    let is_endpoint = name.is_empty() || address.len() == text.len() || name.to_ascii_lowercase().contains("endpoint");
    let is_around = |c: char| c.is_whitespace() || "()\"'\\;".contains(c) || TYPOGRAPHIC_QUOTES.contains(&c);
    let address = address.trim_matches(is_around);
    let address = meant_address(address).filter(|_| is_endpoint)?;
    Some(format!("BrokeredEndpoint(\"{address}\")"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_as_an_endpoint_is_recognised() {
        for text in [
            "/modules/m/inputs/i",
            "\"/modules/m/inputs/i\"",
            "modules/m/inputs/i",
            "BrokeredEndpoint(/modules/m/inputs/i)",
            "BrokeredEndpoint /modules/m/inputs/i",
            "BrokeredEndpoint(“/modules/m/inputs/i”)",
            "BrokeredEndpoint(\\\"/modules/m/inputs/i\\\")",
            "BrokeredEndpoint(\"\\modules\\m\\inputs\\i\")",
            "brokeredendpoint('/modules/m/i')",
        ] {
            let expected = "BrokeredEndpoint(\"/modules/m/inputs/i\")";
            assert_eq!(meant_endpoint(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "upstream", "5", "BrokeredEndpoint()", "BrokeredEndpoint(\"m\", \"i\")", "\"x\"", "f(a/b)"] {
            assert_eq!(meant_endpoint(text), None, "{text}");
        }
    }
}
