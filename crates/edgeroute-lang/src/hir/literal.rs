//! Values of string literals.

use std::borrow::Cow;

use super::Text;

/// Returns the value of a string literal, which includes its quotes. Borrows if there is no escape.
///
/// Takes two passes (SEMANTICS#string-escapes). The first replaces every `\uXXXX` and `\UXXXX`, whatever precedes it,
/// and does not look at its own output. The second replaces `\"`, `\'` and `\\`.
pub(super) fn unescape(literal: &str) -> Text<'_> {
    let mut inner = literal.chars();
    // The lexer guarantees both quotes, each one byte.
    inner.next();
    inner.next_back();
    let inner = inner.as_str();
    if !inner.contains('\\') {
        return Text::WellFormed(Cow::Borrowed(inner));
    }
    let units: Vec<u16> = inner.encode_utf16().collect();
    let units = unescape_quotes(&unescape_code_units(&units));
    match String::from_utf16(&units) {
        Ok(text) => Text::WellFormed(Cow::Owned(text)),
        Err(_) => Text::IllFormed(units.into_boxed_slice()),
    }
}

const BACKSLASH: u16 = b'\\' as u16;

/// The first pass.
fn unescape_code_units(mut rest: &[u16]) -> Vec<u16> {
    let mut out = Vec::with_capacity(rest.len());
    while let [first, tail @ ..] = rest {
        if let Some((unit, after)) = code_unit_escape(rest) {
            out.push(unit);
            rest = after;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

/// Returns the code unit of an escape at the start of `units`, and the rest.
fn code_unit_escape(units: &[u16]) -> Option<(u16, &[u16])> {
    let [BACKSLASH, letter, a, b, c, d, rest @ ..] = units else {
        return None;
    };
    if *letter != u16::from(b'u') && *letter != u16::from(b'U') {
        return None;
    }
    let mut unit = 0;
    for digit in [a, b, c, d] {
        let digit = char::from_u32(u32::from(*digit))?.to_digit(16)?;
        unit = unit << 4 | u16::try_from(digit).ok()?;
    }
    Some((unit, rest))
}

/// The second pass.
fn unescape_quotes(mut rest: &[u16]) -> Vec<u16> {
    let mut out = Vec::with_capacity(rest.len());
    while let [first, tail @ ..] = rest {
        match tail {
            [escaped, after @ ..] if *first == BACKSLASH && is_quote_or_backslash(*escaped) => {
                out.push(*escaped);
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

fn is_quote_or_backslash(unit: u16) -> bool {
    [b'"', b'\'', b'\\'].map(u16::from).contains(&unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text<'static> {
        Text::WellFormed(Cow::Owned(text.to_owned()))
    }

    #[test]
    fn unescaping_takes_two_passes() {
        for (literal, expected) in [
            (r"'plain'", "plain"),
            (r"''", ""),
            (r#""it's""#, "it's"),
            (r"'a\'b'", "a'b"),
            (r"'\\'", r"\"),
            (r"'\u0041\u00e9'", "Aé"),
            // The escape after an escaped backslash is read first, so that the backslashes are left.
            (r"'\\u0041'", r"\A"),
            (r"'\\U0041'", r"\A"),
            (r"'\u005cu0041'", r"\u0041"),
            (r"'\u005c\u005c'", r"\"),
            (r"'\u005c\u0027'", "'"),
            (r"'\uD83D\uDE00'", "😀"),
            (r"'\u00'", r"\u00"),
            (r"'\u004'", r"\u004"),
            (r"'\u004é'", r"\u004é"),
            ("'a\nb'", "a\nb"),
        ] {
            assert_eq!(unescape(literal), text(expected), "{literal}");
        }
    }

    #[test]
    fn a_lone_surrogate_can_be_written() {
        assert_eq!(unescape(r"'a\ud83d'"), Text::IllFormed([0x61, 0xd83d].into()));
        assert_eq!(unescape(r"'\ude00\ud83d'"), Text::IllFormed([0xde00, 0xd83d].into()));
    }
}
