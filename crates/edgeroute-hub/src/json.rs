//! JSON that comes from outside.

use serde::de::{Deserialize, Error as _};

/// Reads an object into a struct.
///
/// A derived `Deserialize` also takes an array, with the fields in the order of their declaration. No client sends that,
/// so it is an error here.
///
/// # Errors
/// Fails if the text is not an object that `T` can be read from.
pub fn from_object<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, serde_json::Error> {
    let first = text.iter().find(|byte| !b" \t\r\n".contains(byte));
    if first == Some(&b'[') {
        return Err(serde_json::Error::custom("invalid type: array, expected an object"));
    }
    serde_json::from_slice(text)
}

/// Returns the integers in a text in JSON as they are written, also if the text is not valid.
///
/// The reader rounds integers outside 64 bits, and its result does not show that.
pub fn integers(text: &[u8]) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            match rest {
                [] => return None,
                [b'"', after @ ..] => rest = after_string(after),
                [b'-' | b'0'..=b'9', ..] => {
                    let end = rest.iter().position(|byte| !is_of_number(*byte)).unwrap_or(rest.len());
                    let (number, after) = rest.split_at_checked(end)?;
                    rest = after;
                    if number.iter().all(|byte| *byte == b'-' || byte.is_ascii_digit()) {
                        return std::str::from_utf8(number).ok();
                    }
                }
                [_, after @ ..] => rest = after,
            }
        }
    })
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
}

/// Returns what follows the end of a string.
fn after_string(mut rest: &[u8]) -> &[u8] {
    loop {
        match rest {
            [] => return rest,
            [b'"', after @ ..] => return after,
            [b'\\', _, after @ ..] | [_, after @ ..] => rest = after,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: u8,
    }

    #[test]
    fn integers_are_found_outside_strings() {
        let found = |text: &'static str| integers(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(found(r#"{"1":-2,"a\"3":[4, 5.0,6e1,1E+5],"b\\":0}"#), ["-2", "4", "0"]);
        assert_eq!(found("123456789012345678901234567890"), ["123456789012345678901234567890"]);
        for broken in ["", "\"", "\"\\", "\"12", "{\"a\\"] {
            assert_eq!(found(broken), [""; 0], "{broken}");
        }
    }

    #[test]
    fn an_object_is_read_and_an_array_is_not() {
        assert_eq!(from_object::<Point>(b" \r\n\t{\"x\":1}").expect("it is read"), Point { x: 1 });
        assert_eq!(serde_json::from_slice::<Point>(b"[1]").expect("serde reads it"), Point { x: 1 });
        for (text, expected) in [
            ("[1]", "invalid type: array, expected an object"),
            (" \r\n\t[1]", "invalid type: array, expected an object"),
            ("1", "invalid type: integer `1`, expected struct Point at line 1 column 1"),
            ("", "EOF while parsing a value at line 1 column 0"),
        ] {
            assert_eq!(
                from_object::<Point>(text.as_bytes()).expect_err("it is refused").to_string(),
                expected,
                "{text:?}"
            );
        }
    }
}
