//! Counts and compares UTF-16 code units, as the reference does, on UTF-8 strings.
//!
//! A string with lone surrogates is a `[u16]` instead, whose own order is already that of code units.

use std::cmp::Ordering;

/// Counts the UTF-16 code units of a string (SEMANTICS#strings).
#[must_use]
pub fn utf16_len(text: &str) -> usize {
    // Every character has one code unit, and those of four bytes have a second one.
    text.bytes().filter(|&byte| !is_continuation(byte)).count() + text.bytes().filter(|&byte| byte >= 0xF0).count()
}

/// Orders two strings by UTF-16 code units (SEMANTICS#string-order).
///
/// This is the order of bytes with one exception: characters beyond U+FFFF are written with surrogates, so they come
/// before U+E000 to U+FFFF.
#[must_use]
pub fn compare_utf16(a: &str, b: &str) -> Ordering {
    let differing = a.bytes().zip(b.bytes()).find(|(a, b)| a != b);
    match differing {
        Some((a, b)) => utf16_rank(a).cmp(&utf16_rank(b)),
        None => a.len().cmp(&b.len()),
    }
}

/// Returns a key that orders two bytes, the first in which two strings differ, as their characters are ordered. 0xEE
/// and 0xEF begin U+E000 to U+FFFF, and 0xF0 to 0xF4 begin the characters beyond.
const fn utf16_rank(byte: u8) -> u8 {
    match byte {
        0xEE | 0xEF => byte + 0x10,
        _ => byte,
    }
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// Maps each character of a sequence of code units; a lone surrogate is unchanged.
pub fn map_units(units: &[u16], map: impl Fn(char) -> char) -> impl Iterator<Item = u16> {
    char::decode_utf16(units.iter().copied()).flat_map(move |decoded| {
        let (first, second) = match decoded {
            Ok(character) => {
                let mut buffer = [0; 2];
                match *map(character).encode_utf16(&mut buffer) {
                    [high, low] => (Some(high), Some(low)),
                    [unit] => (Some(unit), None),
                    _ => (None, None),
                }
            }
            Err(lone) => (Some(lone.unpaired_surrogate()), None),
        };
        first.into_iter().chain(second)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::{lower, upper};

    #[test]
    fn characters_beyond_the_basic_plane_come_before_its_last_ones() {
        assert_eq!(compare_utf16("\u{10000}", "\u{E000}"), Ordering::Less);
        assert_eq!(compare_utf16("a\u{FFFF}", "a\u{10FFFF}b"), Ordering::Greater);
        assert_eq!(compare_utf16("\u{10000}", "\u{D7FF}"), Ordering::Greater);
        assert_eq!(compare_utf16("\u{10000}", "\u{10400}"), Ordering::Less);
        assert_eq!(compare_utf16("ab", "abc"), Ordering::Less);
        assert_eq!(compare_utf16("B", "a"), Ordering::Less);
    }

    #[test]
    fn mapped_units_keep_lone_surrogates() {
        let text = [0xD801, 0xDC28, 0xD801, 0x61, 0xDC28];
        assert_eq!(map_units(&text, upper).collect::<Vec<_>>(), [0xD801, 0xDC00, 0xD801, 0x41, 0xDC28]);
        assert_eq!(map_units(&text, lower).collect::<Vec<_>>(), text);
    }

    proptest! {
        #[test]
        fn order_and_length_are_those_of_the_code_units(
            a in "[a\u{E9}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}]{0,4}",
            b in "[a\u{E9}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}]{0,4}",
        ) {
            prop_assert_eq!(compare_utf16(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
            prop_assert_eq!(utf16_len(&a), a.encode_utf16().count());
        }
    }
}
