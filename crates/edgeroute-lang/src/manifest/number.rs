//! Reads numbers as the hub does, which accepts more than JSON numbers.
//!
//! The reference converts whatever it finds. Two rules describe this: most settings accept anything that can be
//! converted to an integer ([`lenient_integer`]), and the store's time to live accepts only integers
//! ([`strict_integer`]).

use super::json::{Kind, Node};

/// Accepts an integer; a real, rounded half to even; a string that is an integer; true as 1, false as 0.
pub(super) fn lenient_integer(value: Node<'_>) -> Option<i128> {
    match value.kind() {
        Kind::True => Some(1),
        Kind::False => Some(0),
        Kind::Number if is_real(value.json()) => rounded(value.json()),
        _ => strict_integer(value),
    }
}

/// Accepts an integer, or a string that is one.
pub(super) fn strict_integer(value: Node<'_>) -> Option<i128> {
    match value.kind() {
        Kind::Number => value.json().parse().ok(),
        Kind::Text => integer_text(&value.text().text),
        _ => None,
    }
}

/// Parses digits after an optional sign, with white space (space, U+0009 to U+000D) on both sides and NULs at the very
/// end. Refuses numbers of more than 128 bits, which no setting accepts.
pub(super) fn integer_text(text: &str) -> Option<i128> {
    text.trim_end_matches('\0').trim_matches(|c| matches!(c, ' ' | '\t'..='\r')).parse().ok()
}

/// Returns the shortest form of a JSON number: `1.10` is `1.1`, `1.0` is `1`.
pub(super) fn shortest_form(number: &str) -> String {
    match number.parse::<f64>() {
        Ok(real) if is_real(number) => real.to_string(),
        _ => number.to_owned(),
    }
}

fn is_real(number: &str) -> bool {
    number.contains(['.', 'e', 'E'])
}

fn rounded(number: &str) -> Option<i128> {
    let real = number.parse::<f64>().ok()?.round_ties_even();
    // Every integer in this range has at most 128 bits, and no setting accepts one outside it.
    if !(-1e30..=1e30).contains(&real) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "an integer within 128 bits, as checked above")]
    Some(real as i128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::json::parse;

    #[test]
    fn lenient_integers_are_whatever_can_be_one() {
        let cases = [
            ("7", Some(7)),
            ("-0", Some(0)),
            ("2.5", Some(2)),
            ("3.5", Some(4)),
            ("-0.5", Some(0)),
            ("1e2", Some(100)),
            ("1e400", None),
            ("1e-400", Some(0)),
            ("true", Some(1)),
            ("false", Some(0)),
            (r#"" \t+12\r\n""#, Some(12)),
            (r#""\u000b-3\u0000\u0000""#, Some(-3)),
            (r#""007""#, Some(7)),
            (r#""\u0000 5""#, None),
            (r#""\u00a05""#, None),
            (r#""3.0""#, None),
            (r#""0x10""#, None),
            (r#""1,000""#, None),
            (r#""+ 5""#, None),
            (r#""""#, None),
            ("null", None),
            ("[1]", None),
            ("{}", None),
            ("170141183460469231731687303715884105728", None),
        ];
        for (text, expected) in cases {
            assert_eq!(lenient_integer(parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn strict_integers_are_written_as_integers() {
        let cases =
            [("7", Some(7)), ("-7", Some(-7)), (r#"" 60 ""#, Some(60)), ("7.0", None), ("1e2", None), ("true", None)];
        for (text, expected) in cases {
            assert_eq!(strict_integer(parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn numbers_have_a_shortest_form() {
        let cases = [("1.10", "1.1"), ("1.0", "1"), ("11e-1", "1.1"), ("1", "1"), ("1.10000000000000001", "1.1")];
        for (text, expected) in cases {
            assert_eq!(shortest_form(text), expected, "{text}");
        }
    }
}
