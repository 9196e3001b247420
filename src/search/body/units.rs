//! Reads the code units of a body in each of the encodings.
//!
//! The syntax of JSON is ASCII. All other characters are inside strings, and the end of a string can be found without
//! decoding them. So a scanner only needs to know which ASCII character a unit is, if any. Strings, numbers and white
//! space are read eight bytes at a time, as the code units of one word (`benches/body`).

use edgeroute_lang::body::Encoding;
use edgeroute_lang::steps;

/// The end of the body. As a character, it is not valid anywhere in JSON either.
pub(super) const END: u8 = 0;
/// A code unit, or an incomplete unit at the end of the body, that is not an ASCII character. All greater values mean
/// the same.
pub(super) const OTHER: u8 = 0x80;

/// An encoding. A place in a body is represented by the rest of the body from there on.
pub(super) trait Units {
    const ENCODING: Encoding;
    /// The size of a code unit in bytes.
    const WIDTH: usize;

    /// Returns the next ASCII character, [`OTHER`] or [`END`], and the place after it if there is one.
    fn split(rest: &[u8]) -> (u8, &[u8]);

    /// Returns whether the chunk contains a quote, a backslash or a control character.
    fn has_special(chunk: &[u8; 32]) -> bool;

    /// Returns the next character, as [`split`](Self::split) does.
    #[inline(always)]
    fn peek(rest: &[u8]) -> u8 {
        Self::split(rest).0
    }

    /// Returns the place after the next character, if there is one.
    #[inline(always)]
    fn skip(rest: &[u8]) -> &[u8] {
        Self::split(rest).1
    }

    /// Returns the place of the next character that is not white space, that character, and the place after it.
    #[inline(always)]
    fn next(rest: &[u8]) -> (&[u8], u8, &[u8]) {
        let (character, after) = Self::split(rest);
        if character > b' ' { (rest, character, after) } else { skip_white_space::<Self>(rest) }
    }

    /// Returns the place, in a string, of the next quote, backslash or control character, or the end.
    #[inline(always)]
    fn skip_unescaped(mut rest: &[u8]) -> &[u8] {
        for _ in 0..2 {
            let Some((word, after)) = split_word(rest) else { break };
            let special = special_units::<Self>(word);
            if special != 0 {
                return rest.get(first_unit::<Self>(special)..).unwrap_or_default();
            }
            rest = after;
        }
        skip_long_unescaped::<Self>(rest)
    }

    /// Returns the place after any digits.
    #[inline]
    fn skip_digits(mut rest: &[u8]) -> &[u8] {
        while let Some((word, after)) = split_word(rest) {
            let others = other_than_digits::<Self>(word);
            if others != 0 {
                return rest.get(first_unit::<Self>(others)..).unwrap_or_default();
            }
            rest = after;
        }
        skip_last::<Self>(rest, |character| character.is_ascii_digit())
    }
}

/// Returns the bytes from one place to a later one.
#[inline(always)]
pub(super) fn until<'m>(rest: &'m [u8], end: &[u8]) -> &'m [u8] {
    rest.get(..rest.len().saturating_sub(end.len())).unwrap_or_default()
}

/// The encoding UTF-8.
pub(super) enum Utf8 {}

impl Units for Utf8 {
    const ENCODING: Encoding = Encoding::Utf8;
    const WIDTH: usize = 1;

    #[inline(always)]
    fn split(rest: &[u8]) -> (u8, &[u8]) {
        steps::step();
        rest.split_first().map_or((END, rest), |(character, after)| (*character, after))
    }

    #[inline(always)]
    fn has_special(chunk: &[u8; 32]) -> bool {
        steps::step();
        // There is no branch, so all bytes are compared together.
        chunk
            .iter()
            .fold(0, |found, byte| found | u8::from(*byte < b' ') | u8::from(*byte == b'"') | u8::from(*byte == b'\\'))
            != 0
    }
}

/// UTF-16 or UTF-32, little-endian, with code units of `WIDTH` bytes.
pub(super) enum Wide<const WIDTH: usize> {}

impl<const WIDTH: usize> Units for Wide<WIDTH> {
    const ENCODING: Encoding = if WIDTH == 2 { Encoding::Utf16 } else { Encoding::Utf32 };
    const WIDTH: usize = WIDTH;

    #[inline(always)]
    fn split(rest: &[u8]) -> (u8, &[u8]) {
        steps::step();
        match rest.split_first_chunk::<WIDTH>() {
            Some((unit, after)) => {
                let unit = unit.iter().rev().fold(0, |unit, byte| unit << 8 | u32::from(*byte));
                (u8::try_from(unit).map_or(OTHER, |unit| unit.min(OTHER)), after)
            }
            None if rest.is_empty() => (END, rest),
            // The unit is incomplete.
            None => (OTHER, &[]),
        }
    }

    #[inline(always)]
    fn has_special(chunk: &[u8; 32]) -> bool {
        steps::step();
        let (words, _) = chunk.as_chunks();
        words.iter().fold(0, |special, word| special | special_units::<Self>(u64::from_le_bytes(*word))) != 0
    }
}

const fn is_white_space(character: u8) -> bool {
    matches!(character, b' ' | b'\n' | b'\r' | b'\t')
}

/// Returns whether the character ends a run of characters that need no decoding in a string.
const fn is_special(character: u8) -> bool {
    matches!(character, b'"' | b'\\' | ..b' ')
}

/// Like [`Units::next`].
#[inline(never)]
fn skip_white_space<U: Units + ?Sized>(mut rest: &[u8]) -> (&[u8], u8, &[u8]) {
    loop {
        let (character, after) = U::split(rest);
        if !is_white_space(character) {
            return (rest, character, after);
        }
        rest = after;
        // Lines are often indented by many characters.
        while let Some((word, after)) = split_word(rest) {
            let others = word ^ (ones::<U>() * 0x20);
            if others != 0 {
                rest = rest.get(first_unit::<U>(others)..).unwrap_or_default();
                break;
            }
            rest = after;
        }
    }
}

/// Like [`Units::skip_unescaped`], for long runs.
#[inline(never)]
fn skip_long_unescaped<U: Units + ?Sized>(mut rest: &[u8]) -> &[u8] {
    while let Some((chunk, after)) = rest.split_first_chunk()
        && !U::has_special(chunk)
    {
        rest = after;
    }
    while let Some((word, after)) = split_word(rest) {
        let special = special_units::<U>(word);
        if special != 0 {
            return rest.get(first_unit::<U>(special)..).unwrap_or_default();
        }
        rest = after;
    }
    skip_last::<U>(rest, |character| !is_special(character))
}

/// Returns the place after any characters that satisfy the predicate; less than a word of them is left.
#[cold]
#[inline(never)]
fn skip_last<U: Units + ?Sized>(mut rest: &[u8], is_such: impl Fn(u8) -> bool) -> &[u8] {
    while !rest.is_empty() && is_such(U::peek(rest)) {
        rest = U::skip(rest);
    }
    rest
}

/// Returns the next eight bytes, the first one lowest, and the place after them. Returns `None` if there are fewer.
#[inline(always)]
pub(super) fn split_word(rest: &[u8]) -> Option<(u64, &[u8])> {
    steps::step();
    rest.split_first_chunk().map(|(bytes, after)| (u64::from_le_bytes(*bytes), after))
}

/// Returns a word with 1 in every code unit.
const fn ones<U: Units + ?Sized>() -> u64 {
    match U::WIDTH {
        1 => u64::MAX / 0xFF,
        2 => u64::MAX / 0xFFFF,
        _ => u64::MAX / 0xFFFF_FFFF,
    }
}

/// Returns a word with the highest bit of every code unit set.
const fn highest<U: Units + ?Sized>() -> u64 {
    ones::<U>() << (8 * U::WIDTH - 1)
}

/// Returns the position in a word of the lowest code unit that is not zero. There must be one.
#[inline(always)]
pub(super) const fn first_unit<U: Units + ?Sized>(word: u64) -> usize {
    (word.trailing_zeros() as usize / 8) & !(U::WIDTH - 1)
}

/// Marks, by its highest bit, the lowest code unit that is a quote, a backslash or a control character. It may also
/// mark other units above it.
#[inline(always)]
pub(super) const fn special_units<U: Units + ?Sized>(word: u64) -> u64 {
    // Flipping this bit makes the quote the lowest character after the control characters.
    let quote_or_control = (word ^ (ones::<U>() * 0x02)).wrapping_sub(ones::<U>() * 0x21);
    let backslash = (word ^ (ones::<U>() * 0x5C)).wrapping_sub(ones::<U>());
    // A unit with its own highest bit set is neither a quote nor a backslash nor a control character.
    (quote_or_control | backslash) & !word & highest::<U>()
}

/// Marks the code units that are not digits by their highest bit. Above a unit with its own highest bit set, it may
/// also mark digits.
#[inline(always)]
pub(super) const fn other_than_digits<U: Units + ?Sized>(word: u64) -> u64 {
    // Flipping these bits makes the digits the lowest characters.
    let flipped = word ^ (ones::<U>() * 0x30);
    (flipped.wrapping_add(highest::<U>() - ones::<U>() * 10) | flipped) & highest::<U>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a word of units by repeating the given units until the word is full.
    fn word_of<U: Units>(units: [u32; 8]) -> u64 {
        let bytes = units.into_iter().flat_map(|unit| unit.to_le_bytes().into_iter().take(U::WIDTH));
        bytes.take(8).enumerate().fold(0, |word, (at, byte)| word | u64::from(byte) << (8 * at))
    }

    fn special_units_are_found<U: Units>(greatest: u32) {
        let units: Vec<u32> = (0..=0x100.min(greatest)).chain([0x2222, 0xDC5C, 0x8000, 0x5C_0000, greatest]).collect();
        for &unit in units.iter().filter(|unit| **unit <= greatest) {
            let is_special = u8::try_from(unit).is_ok_and(is_special);
            for filler in [0x20, 0x21, 0x23, 0x61, 0x5B, 0x5D, 0x7F, 0x80, 0xA2, 0xDC, greatest] {
                for at in 0..8 / U::WIDTH {
                    let mut units = [filler; 8];
                    units[at] = unit;
                    let found = special_units::<U>(word_of::<U>(units));
                    assert_eq!(found != 0, is_special, "{units:x?}");
                    assert!(!is_special || first_unit::<U>(found) == at * U::WIDTH, "{units:x?}");
                }
            }
        }
    }

    #[test]
    fn every_special_unit_is_found_after_any_others() {
        special_units_are_found::<Utf8>(0xFF);
        special_units_are_found::<Wide<2>>(0xFFFF);
        special_units_are_found::<Wide<4>>(u32::MAX);
    }

    fn other_units_are_found<U: Units>() {
        for unit in 0..=u8::MAX {
            for before in [b'0', b'9', b'.', b'-', b'\0', b'/', b':', 0x7F] {
                for at in 0..8 / U::WIDTH {
                    let mut units = [u32::from(b'5'); 8];
                    units[..at].fill(before.into());
                    units[at] = unit.into();
                    let found = other_than_digits::<U>(word_of::<U>(units)) >> (8 * at * U::WIDTH);
                    let highest = 1_u64 << (8 * U::WIDTH - 1);
                    assert_eq!(found & highest != 0, !unit.is_ascii_digit(), "{units:x?}");
                }
            }
        }
    }

    #[test]
    fn the_first_unit_that_is_no_digit_is_found() {
        other_units_are_found::<Utf8>();
        other_units_are_found::<Wide<2>>();
        other_units_are_found::<Wide<4>>();
    }

    fn runs_end<U: Units>() {
        let widen = |text: &[u8]| -> Vec<u8> {
            text.iter().flat_map(|&byte| u32::from(byte).to_le_bytes().into_iter().take(U::WIDTH)).collect()
        };
        for length in 0..100 {
            let mut text = vec![b'7'; length];
            assert!(U::skip_unescaped(&widen(&text)).is_empty());
            assert!(U::skip_digits(&widen(&text)).is_empty());
            text.extend(b"\"0");
            assert_eq!(U::skip_unescaped(&widen(&text)), widen(b"\"0"));
            assert_eq!(U::skip_digits(&widen(&text)), widen(b"\"0"));
            for ends in [*b"\"\"", *b"\\\\", *b"\x1F\0", *b"\"\n", *b"\0\\"] {
                text[length..].copy_from_slice(&ends);
                for after in [0, 1, 31, 64] {
                    let (text, after) = (widen(&text), widen(&vec![b'x'; after]));
                    let text = [&text[..], &after].concat();
                    assert_eq!(U::skip_unescaped(&text), &text[length * U::WIDTH..], "{ends:?}");
                }
            }
            text.fill(b' ');
            text.extend(b"\r\n\t x ");
            assert_eq!(U::next(&widen(&text)), (&widen(b"x ")[..], b'x', &widen(b" ")[..]));
        }
    }

    #[test]
    fn runs_end_at_the_first_other_character() {
        runs_end::<Utf8>();
        runs_end::<Wide<2>>();
        runs_end::<Wide<4>>();
    }

    #[test]
    fn units_are_seen_as_ascii_or_other() {
        let mut rest = &b"a\0a\x01\x80\0\0\0b"[..];
        let mut seen = Vec::new();
        while !rest.is_empty() {
            seen.push(Wide::<2>::peek(rest));
            rest = Wide::<2>::skip(rest);
        }
        assert_eq!((seen, Wide::<2>::peek(rest)), (vec![b'a', OTHER, OTHER, 0, OTHER], END));
        assert_eq!(Wide::<4>::peek(b"a\0\0\0"), b'a');
        assert_eq!(Wide::<4>::peek(b"a\0\0\x01"), OTHER);
    }
}
