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

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: u8,
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
