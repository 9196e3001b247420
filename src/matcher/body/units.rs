//! Code units of a body, one after the other, in each of the encodings.
//!
//! JSON is made of ASCII; everything else stands inside strings, where it need not be decoded to find the end of the
//! string. So a scanner sees the ASCII character of each unit, or that it is none. In UTF-8, strings are taken eight
//! bytes at a time.

use crate::body::Encoding;

/// The end of the body. As a character it is not valid anywhere in JSON either.
pub(super) const END: u8 = 0;
/// A code unit, or the part of one at the end of the body, that is no ASCII character.
pub(super) const OTHER: u8 = 0x80;

/// A place in a body, between two code units.
pub(super) trait Units<'m>: Copy {
    const ENCODING: Encoding;

    /// The place at which these bytes begin.
    fn new(bytes: &'m [u8]) -> Self;

    /// The bytes from here on.
    fn rest(self) -> &'m [u8];

    /// The ASCII character that comes next; [`OTHER`], or [`END`].
    fn peek(self) -> u8;

    /// Takes a code unit.
    fn skip(&mut self);

    /// Takes the characters of a string up to a quote, a backslash, a control character or the end.
    fn skip_unescaped(&mut self) {
        while !matches!(self.peek(), b'"' | b'\\' | ..b' ') {
            self.skip();
        }
    }

    /// The bytes from here to a later place.
    fn until(self, end: Self) -> &'m [u8] {
        let length = self.rest().len().saturating_sub(end.rest().len());
        self.rest().get(..length).unwrap_or_default()
    }
}

/// UTF-8.
#[derive(Copy, Clone)]
pub(super) struct Utf8<'m>(&'m [u8]);

impl<'m> Units<'m> for Utf8<'m> {
    const ENCODING: Encoding = Encoding::Utf8;

    fn new(bytes: &'m [u8]) -> Self {
        Self(bytes)
    }

    #[inline]
    fn rest(self) -> &'m [u8] {
        self.0
    }

    #[inline]
    fn peek(self) -> u8 {
        self.0.first().copied().unwrap_or(END)
    }

    #[inline]
    fn skip(&mut self) {
        self.0 = self.0.get(1..).unwrap_or_default();
    }

    #[inline]
    fn skip_unescaped(&mut self) {
        while let Some((word, rest)) = self.0.split_first_chunk() {
            let found = special_bytes(u64::from_le_bytes(*word));
            if found != 0 {
                self.0 = self.0.get(found.trailing_zeros() as usize / 8..).unwrap_or_default();
                return;
            }
            self.0 = rest;
        }
        while !matches!(self.peek(), b'"' | b'\\' | ..b' ') {
            self.skip();
        }
    }
}

/// The highest bit of each byte that is a quote, a backslash or a control character, and perhaps of some above the lowest
/// such byte.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES * 0x80;
    // Flipping this bit makes the quote the lowest character after the control characters.
    let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5C)).wrapping_sub(ONES);
    // Bytes that are not ASCII have the bit set themselves, and are none of these.
    (quote_or_control | backslash) & !word & HIGH
}

/// UTF-16 or UTF-32, little-endian: code units of so many bytes.
#[derive(Copy, Clone)]
pub(super) struct Wide<'m, const WIDTH: usize>(&'m [u8]);

impl<'m, const WIDTH: usize> Units<'m> for Wide<'m, WIDTH> {
    const ENCODING: Encoding = if WIDTH == 2 { Encoding::Utf16 } else { Encoding::Utf32 };

    fn new(bytes: &'m [u8]) -> Self {
        Self(bytes)
    }

    #[inline]
    fn rest(self) -> &'m [u8] {
        self.0
    }

    #[inline]
    fn peek(self) -> u8 {
        match self.0.first_chunk::<WIDTH>() {
            Some(unit) => match unit.split_first() {
                Some((first, higher)) if first.is_ascii() && higher.iter().all(|&byte| byte == 0) => *first,
                _ => OTHER,
            },
            None if self.0.is_empty() => END,
            None => OTHER,
        }
    }

    #[inline]
    fn skip(&mut self) {
        self.0 = self.0.get(WIDTH..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_byte_is_found_behind_any_others() {
        for byte in 0..=u8::MAX {
            let is_special = matches!(byte, b'"' | b'\\' | ..b' ');
            for filler in [b' ', b'!', b'#', b'a', b'[', b']', 0x7F, 0x80, 0xA2, 0xDC, 0xFF] {
                for at in 0..8 {
                    let mut word = [filler; 8];
                    word[at] = byte;
                    let found = special_bytes(u64::from_le_bytes(word));
                    assert_eq!(found != 0, is_special, "{word:x?}");
                    assert!(!is_special || found.trailing_zeros() as usize / 8 == at, "{word:x?}");
                }
            }
        }
    }

    #[test]
    fn unescaped_characters_end_at_the_first_special_one() {
        for length in 0..40 {
            let mut body = vec![b'x'; length];
            let mut place = Utf8::new(&body);
            place.skip_unescaped();
            assert_eq!(place.peek(), END);
            body.extend(b"\"\\");
            let mut place = Utf8::new(&body);
            place.skip_unescaped();
            assert_eq!(place.rest(), b"\"\\");
        }
    }

    #[test]
    fn units_are_seen_as_ascii_or_other() {
        let mut seen = Vec::new();
        let mut place = Wide::<2>::new(b"a\0a\x01\x80\0\0\0b");
        while !place.rest().is_empty() {
            seen.push(place.peek());
            place.skip();
        }
        assert_eq!((seen, place.peek()), (vec![b'a', OTHER, OTHER, 0, OTHER], END));
        assert_eq!(Wide::<4>::new(b"a\0\0\0").peek(), b'a');
        assert_eq!(Wide::<4>::new(b"a\0\0\x01").peek(), OTHER);
    }
}
