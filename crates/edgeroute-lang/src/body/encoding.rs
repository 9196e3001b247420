//! Decodes the three encodings of bodies that queries can read.
//!
//! Decoding never fails: ill-formed bytes become U+FFFD, as in .NET, and the body stays readable
//! (SEMANTICS#body-decoding). A byte-order mark is a character like any other, so JSON cannot begin with one.

use core::iter::FusedIterator;

use crate::text::eq_ignore_case;

/// The encoding of a body that queries can read.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Encoding {
    /// `utf-8`
    Utf8,
    /// `utf-16`, little-endian.
    Utf16,
    /// `utf-32`, little-endian.
    Utf32,
}

impl Encoding {
    /// Returns the encoding of a body from the system properties `contentType` and `contentEncoding`
    /// (SEMANTICS#body-content-type). `None` if queries cannot read the body: it is not JSON, has another encoding, or
    /// one of the properties is missing or null.
    #[must_use]
    pub fn of(content_type: Option<&str>, content_encoding: Option<&str>) -> Option<Self> {
        if !eq_ignore_case(content_type?, "application/json") {
            return None;
        }
        let content_encoding = content_encoding?;
        [("utf-8", Self::Utf8), ("utf-16", Self::Utf16), ("utf-32", Self::Utf32)]
            .into_iter()
            .find_map(|(name, encoding)| eq_ignore_case(content_encoding, name).then_some(encoding))
    }

    /// Iterates over the characters of a body, each with the offset of its first byte.
    pub const fn characters(self, body: &[u8]) -> Characters<'_> {
        Characters { encoding: self, rest: body, at: 0 }
    }
}

/// See [`Encoding::characters`].
#[derive(Clone, Debug)]
pub struct Characters<'b> {
    encoding: Encoding,
    rest: &'b [u8],
    /// The offset of `rest` in the body.
    at: usize,
}

impl Iterator for Characters<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<Self::Item> {
        let (character, length) = match self.encoding {
            Encoding::Utf8 => first_of_utf8(self.rest),
            Encoding::Utf16 => first_of_utf16(self.rest),
            Encoding::Utf32 => first_of_utf32(self.rest),
        }?;
        let at = self.at;
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.at += length;
        Some((at, character.unwrap_or(char::REPLACEMENT_CHARACTER)))
    }
}

impl FusedIterator for Characters<'_> {}

/// The first character and its length in bytes; the character is `None` for ill-formed bytes. `None` at the end.
type First = Option<(Option<char>, usize)>;

/// Ill-formed bytes that begin a character are taken together, and any other ill-formed byte alone.
fn first_of_utf8(bytes: &[u8]) -> First {
    if let Some(first) = bytes.first().filter(|byte| byte.is_ascii()) {
        return Some((Some(char::from(*first)), 1));
    }
    // No character is longer than four bytes, so what is cut off within these is so within the body.
    let chunk = bytes.get(..4).unwrap_or(bytes).utf8_chunks().next()?;
    match chunk.valid().chars().next() {
        Some(character) => Some((Some(character), character.len_utf8())),
        None => Some((None, chunk.invalid().len())),
    }
}

fn first_of_utf16(bytes: &[u8]) -> First {
    let Some((unit, rest)) = split_unit(bytes) else {
        return (!bytes.is_empty()).then_some((None, bytes.len()));
    };
    let next = split_unit(rest).map(|(unit, _)| unit);
    let character = char::decode_utf16(core::iter::once(unit).chain(next)).next()?.ok();
    Some((character, character.map_or(2, |character| 2 * character.len_utf16())))
}

fn split_unit(bytes: &[u8]) -> Option<(u16, &[u8])> {
    bytes.split_first_chunk().map(|(unit, rest)| (u16::from_le_bytes(*unit), rest))
}

fn first_of_utf32(bytes: &[u8]) -> First {
    match bytes.split_first_chunk() {
        Some((unit, _)) => Some((char::from_u32(u32::from_le_bytes(*unit)), 4)),
        None => (!bytes.is_empty()).then_some((None, bytes.len())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_properties_must_name_what_queries_can_read() {
        let json = Some("application/json");
        let table = [
            (json, Some("utf-8"), Some(Encoding::Utf8)),
            (Some("Application/JSON"), Some("UTF-8"), Some(Encoding::Utf8)),
            (json, Some("utf-16"), Some(Encoding::Utf16)),
            (json, Some("Utf-32"), Some(Encoding::Utf32)),
            (json, None, None),
            (None, Some("utf-8"), None),
            (None, None, None),
            (json, Some("utf8"), None),
            (json, Some("latin1"), None),
            (json, Some(" utf-8"), None),
            (json, Some("utf-16be"), None),
            (Some("text/plain"), Some("utf-8"), None),
            (Some("application/json; charset=utf-8"), Some("utf-8"), None),
        ];
        for (content_type, content_encoding, expected) in table {
            assert_eq!(Encoding::of(content_type, content_encoding), expected, "{content_type:?} {content_encoding:?}");
        }
    }

    fn decode(encoding: Encoding, bytes: &[u8]) -> String {
        encoding.characters(bytes).map(|(_, character)| character).collect()
    }

    #[test]
    fn offsets_are_those_of_the_first_bytes() {
        let offsets =
            |encoding: Encoding, bytes: &[u8]| encoding.characters(bytes).map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(offsets(Encoding::Utf8, "aé𝒳\u{FEFF}b".as_bytes()), [0, 1, 3, 7, 10]);
        assert_eq!(offsets(Encoding::Utf8, b"\xF0\x9D\x92a\xFF\xC3"), [0, 3, 4, 5]);
        assert_eq!(offsets(Encoding::Utf16, b"a\0\x35\xD8\xB3\xDCb\0c"), [0, 2, 6, 8]);
        assert_eq!(offsets(Encoding::Utf32, b"a\0\0\0b\0\0\0c\0"), [0, 4, 8]);
    }

    #[test]
    fn ill_formed_utf8_is_replaced_by_maximal_subparts() {
        let table: [(&[u8], &str); 8] = [
            (b"a\xFFb", "a\u{FFFD}b"),
            (b"\x80\x80", "\u{FFFD}\u{FFFD}"),
            (b"\xC0\x80", "\u{FFFD}\u{FFFD}"),
            (b"\xE2\x82x", "\u{FFFD}x"),
            (b"\xE2\x82\xE2\x82", "\u{FFFD}\u{FFFD}"),
            (b"\xF0\x9D\x92", "\u{FFFD}"),
            (b"\xED\xA0\x80", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            (b"\xF4\x90\x80\x80", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        ];
        for (bytes, expected) in table {
            assert_eq!(decode(Encoding::Utf8, bytes), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn ill_formed_utf16_is_replaced_by_unit() {
        let table: [(&[u16], &str); 5] = [
            (&[0xD835, 0xDCB3, 0x79], "𝒳y"),
            (&[0xD835, 0x79], "\u{FFFD}y"),
            (&[0xDCB3, 0x79], "\u{FFFD}y"),
            (&[0xD835, 0xD835, 0xDCB3], "\u{FFFD}𝒳"),
            (&[0x79, 0xD835], "y\u{FFFD}"),
        ];
        for (units, expected) in table {
            let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            assert_eq!(decode(Encoding::Utf16, &bytes), expected, "{units:x?}");
        }
        assert_eq!(decode(Encoding::Utf16, b"a\0b"), "a\u{FFFD}");
    }

    #[test]
    fn ill_formed_utf32_is_replaced_by_unit() {
        assert_eq!(
            decode(Encoding::Utf32, b"\xB3\xD4\x01\0\x00\xD8\0\0\0\0\x11\0a\0\0\0"),
            "\u{1D4B3}\u{FFFD}\u{FFFD}a"
        );
        assert_eq!(decode(Encoding::Utf32, b"a\0\0\0b\0\0"), "a\u{FFFD}");
    }

    proptest! {
        #[test]
        fn utf8_is_decoded_as_the_standard_library_does(bytes in proptest::collection::vec(
            prop_oneof![any::<u8>(), prop::sample::select(b"\xE2\x82\xAC\xF0\x9D\x92\xB3\xC3\xA9\xED\xA0a".to_vec())],
            0..24,
        )) {
            prop_assert_eq!(decode(Encoding::Utf8, &bytes), String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn utf16_is_decoded_as_the_standard_library_does(units in proptest::collection::vec(
            prop_oneof![any::<u16>(), 0xD800_u16..0xE000],
            0..12,
        )) {
            let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            prop_assert_eq!(decode(Encoding::Utf16, &bytes), String::from_utf16_lossy(&units));
        }
    }
}
