//! Names and values of a body that are not containers, in raw form.
//!
//! Skipping a name or value checks the grammar. The meaning is only computed if the value is stored.

use super::units::{Units, first_unit, other_than_digits, special_units, split_word};
use crate::search::scalar::{BodyText, Scalar};
use edgeroute_lang::body::Encoding;
use edgeroute_lang::steps;
use edgeroute_lang::text::{LONGEST_DATE, as_number_points, is_date};

/// The bytes between two quotes.
#[derive(Copy, Clone)]
pub(super) struct Inside<'m> {
    /// From after the first quote to the end of the body.
    from: &'m [u8],
    /// The length in bytes. `length <= from.len()`
    length: usize,
    pub(super) escapes: Escapes,
}

/// Determines whether a string contains escapes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Escapes {
    None,
    Some,
}

impl<'m> Inside<'m> {
    /// Takes the bytes from after the first quote to the second.
    #[inline(always)]
    const fn new(from: &'m [u8], end: &[u8], escapes: Escapes) -> Self {
        Self { from, length: from.len().saturating_sub(end.len()), escapes }
    }

    /// Returns the bytes.
    #[inline]
    pub(super) fn bytes(self) -> &'m [u8] {
        self.from.get(..self.length).unwrap_or_default()
    }

    /// Returns the bytes from the first one to the end of the body.
    pub(super) const fn rest(self) -> &'m [u8] {
        self.from
    }

    /// Returns the first eight bytes, the first one lowest, with zeros for missing bytes.
    #[inline]
    pub(super) fn first_word(self) -> u64 {
        let word = match self.from.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => self.from.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        if self.length >= 8 { word } else { word & !(u64::MAX << (8 * self.length)) }
    }

    /// Returns the string.
    pub(super) fn text(self, encoding: Encoding) -> BodyText<'m> {
        text(self.bytes(), encoding, self.escapes)
    }
}

/// Returns the value of the bytes, which must be exactly one valid value that is not a container.
pub(super) fn scalar<U: Units>(value: &[u8]) -> Scalar<'_> {
    match U::peek(value) {
        b'"' => {
            let inside = value.get(U::WIDTH..value.len().saturating_sub(U::WIDTH)).unwrap_or_default();
            let escapes = if inside.contains(&b'\\') { Escapes::Some } else { Escapes::None };
            let text = text(inside, U::ENCODING, escapes);
            let is_date = match text.as_str() {
                Some(text) => is_date(text),
                None => text.to_utf8_in(&mut [0; LONGEST_DATE]).is_some_and(is_date),
            };
            if is_date { Scalar::Undefined } else { Scalar::Text(text) }
        }
        b't' => Scalar::Bool(true),
        b'f' => Scalar::Bool(false),
        b'n' => Scalar::Null,
        _ => Scalar::Number(number(value, U::ENCODING)),
    }
}

/// Returns the string between two quotes. If it is UTF-8 without escapes, no decoding is needed.
#[inline]
fn text(inside: &[u8], encoding: Encoding, escapes: Escapes) -> BodyText<'_> {
    if let (Encoding::Utf8, Escapes::None) = (encoding, escapes)
        && let Ok(text) = core::str::from_utf8(inside)
    {
        return BodyText::plain(text);
    }
    BodyText::raw(inside, encoding)
}

/// The place after what was skipped, or else the place at which it is invalid.
pub(super) type Skipped<'m> = Result<&'m [u8], &'m [u8]>;

/// Skips a value that begins with this word of UTF-8, if it is a string of few characters without escapes, a number of
/// [few digits](short_number_end), or a word. Returns `None` for any other value, whether valid or not.
#[inline(always)]
pub(super) fn skip_short_value<U: Units>(rest: &[u8], word: u64) -> Option<&[u8]> {
    const TRUE: u64 = u32::from_le_bytes(*b"true") as u64;
    const NULL: u64 = u32::from_le_bytes(*b"null") as u64;
    const FALSE: u64 = u64::from_le_bytes(*b"false\0\0\0");
    match word.to_le_bytes()[0] {
        b'"' => {
            // The shift brings in a zero, which counts as a control character.
            let mut end = 1 + first_unit::<U>(special_units::<U>(word >> 8));
            if end == 8 {
                let special = special_units::<U>(word_at(rest, 8)?);
                if special == 0 {
                    return None;
                }
                end += first_unit::<U>(special);
            }
            let (quote, after) = rest.get(end..)?.split_first()?;
            (*quote == b'"').then_some(after)
        }
        b'-' | b'0'..=b'9' => rest.get(short_number_end::<U>(rest, word)?..),
        b't' if word & 0xFFFF_FFFF == TRUE => rest.get(4..),
        b'f' if word & 0xFF_FFFF_FFFF == FALSE => rest.get(5..),
        b'n' if word & 0xFFFF_FFFF == NULL => rest.get(4..),
        _ => None,
    }
}

/// Returns the end of a number that begins with this word of UTF-8, whose first byte is a minus sign or a digit. The
/// number must be an integer that ends in this word or the next, or have a fraction whose digits end in a word of their
/// own. Returns `None` for any other number, whether valid or not.
#[inline(always)]
fn short_number_end<U: Units>(rest: &[u8], mut word: u64) -> Option<usize> {
    let mut start = 0;
    if byte(word, 0) == b'-' {
        // The shift brings in a zero byte, which is not a digit.
        word >>= 8;
        start = 1;
    }
    let others = other_than_digits::<U>(word);
    if others == 0 {
        // There are eight digits and no minus sign.
        let (end, last) = digits_end::<U>(rest, 8)?;
        return (byte(word, 0) != b'0' && last != b'.' && last | 0x20 != b'e').then_some(end);
    }
    let end = start + first_unit::<U>(others);
    if end == start || end == 8 || (byte(word, 0) == b'0' && end > start + 1) {
        return None;
    }
    let last = byte(word, end - start);
    if last == b'.' {
        let (fraction_end, last) = digits_end::<U>(rest, end + 1)?;
        return (fraction_end > end + 1 && last | 0x20 != b'e').then_some(fraction_end);
    }
    (last | 0x20 != b'e').then_some(end)
}

/// Returns the end of the digits that begin at a place, and the character after them, if both are in one word.
#[inline(always)]
fn digits_end<U: Units>(rest: &[u8], at: usize) -> Option<(usize, u8)> {
    let word = word_at(rest, at)?;
    let others = other_than_digits::<U>(word);
    if others == 0 {
        return None;
    }
    let length = first_unit::<U>(others);
    Some((at + length, byte(word, length)))
}

#[inline(always)]
fn word_at(rest: &[u8], at: usize) -> Option<u64> {
    split_word(rest.get(at..)?).map(|(word, _)| word)
}

/// Returns a byte of a word; the first one is the lowest.
#[inline(always)]
const fn byte(word: u64, at: usize) -> u8 {
    (word >> (8 * at)).to_le_bytes()[0]
}

/// Skips a value that is not a container and begins here with `first`.
#[inline(never)]
pub(super) fn skip_value<U: Units>(rest: &[u8], first: u8) -> Skipped<'_> {
    match first {
        b'"' => take_inside::<U>(U::skip(rest)).map(|(_, end)| U::skip(end)),
        b'-' | b'0'..=b'9' => skip_number::<U>(rest),
        b't' => skip_word::<U>(rest, b"true"),
        b'f' => skip_word::<U>(rest, b"false"),
        b'n' => skip_word::<U>(rest, b"null"),
        _ => Err(rest),
    }
}

/// Skips the rest of a string up to its second quote.
#[inline(always)]
pub(super) fn take_inside<U: Units>(from: &[u8]) -> Result<(Inside<'_>, &[u8]), &[u8]> {
    let end = U::skip_unescaped(from);
    match U::peek(end) {
        b'"' => Ok((Inside::new(from, end, Escapes::None), end)),
        b'\\' => skip_escaped::<U>(end).map(|end| (Inside::new(from, end, Escapes::Some), end)),
        _ => Err(end),
    }
}

/// Skips from a backslash to the second quote.
#[inline(never)]
fn skip_escaped<U: Units>(mut rest: &[u8]) -> Skipped<'_> {
    loop {
        match U::peek(rest) {
            b'"' => return Ok(rest),
            b'\\' => {
                rest = skip_escape::<U>(U::skip(rest))?;
                // Escapes often follow one another.
                if U::peek(rest) != b'\\' {
                    rest = U::skip_unescaped(rest);
                }
            }
            _ => return Err(rest),
        }
    }
}

/// Skips an escape whose backslash was taken.
#[inline(always)]
fn skip_escape<U: Units>(mut rest: &[u8]) -> Skipped<'_> {
    match U::peek(rest) {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(U::skip(rest)),
        b'u' => {
            for _ in 0..4 {
                rest = U::skip(rest);
                if !U::peek(rest).is_ascii_hexdigit() {
                    return Err(rest);
                }
            }
            Ok(U::skip(rest))
        }
        _ => Err(rest),
    }
}

/// Skips a number.
#[inline(never)]
fn skip_number<U: Units>(mut rest: &[u8]) -> Skipped<'_> {
    if U::peek(rest) == b'-' {
        rest = U::skip(rest);
    }
    rest = if U::peek(rest) == b'0' { U::skip(rest) } else { skip_digits::<U>(rest)? };
    if U::peek(rest) == b'.' {
        rest = skip_digits::<U>(U::skip(rest))?;
    }
    if U::peek(rest) | 0x20 == b'e' { skip_exponent::<U>(U::skip(rest)) } else { Ok(rest) }
}

/// Skips an exponent whose `e` was taken.
fn skip_exponent<U: Units>(mut rest: &[u8]) -> Skipped<'_> {
    if let b'+' | b'-' = U::peek(rest) {
        rest = U::skip(rest);
    }
    skip_digits::<U>(rest)
}

/// Skips digits; there must be at least one.
#[inline(always)]
fn skip_digits<U: Units>(rest: &[u8]) -> Skipped<'_> {
    let after = U::skip_digits(rest);
    if after.len() == rest.len() { Err(rest) } else { Ok(after) }
}

/// Skips a word.
#[inline(never)]
fn skip_word<'m, U: Units>(mut rest: &'m [u8], word: &[u8]) -> Skipped<'m> {
    for &letter in word {
        if U::peek(rest) != letter {
            return Err(rest);
        }
        rest = U::skip(rest);
    }
    Ok(rest)
}

/// Returns the double that is nearest to a JSON number.
#[inline(never)]
fn number(digits: &[u8], encoding: Encoding) -> f64 {
    if encoding == Encoding::Utf8
        && let Some(number) = short_number(digits)
    {
        return number;
    }
    let points = encoding.characters(digits).map(|(_, character)| u32::from(character));
    let is_integer_zero = || points.clone().all(|point| point == u32::from('-') || point == u32::from('0'));
    // The standard library is faster, but it is slow with many digits.
    let short = (encoding == Encoding::Utf8 && digits.len() <= 64).then(|| core::str::from_utf8(digits).ok()).flatten();
    match short.and_then(|digits| digits.parse().ok()).or_else(|| as_number_points(points.clone())) {
        // The reference implementation reads integers as integers, which have no negative zero.
        Some(0.0) if is_integer_zero() => 0.0,
        // Every JSON number is a valid number here.
        number => number.unwrap_or_default(),
    }
}

/// Returns the nearest double of an integer of up to 16 digits, or of a fraction of up to 15 digits without an
/// exponent. The latter is the quotient of two integers that are both exact doubles. Returns `None` for any other
/// number.
fn short_number(number: &[u8]) -> Option<f64> {
    const POWERS_OF_TEN: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    steps::step();
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    if digits.len() > 16 {
        return None;
    }
    let mut integer = 0_u64;
    let mut fraction = None;
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => integer = integer * 10 + u64::from(byte - b'0'),
            b'.' => fraction = Some(digits.len() - 1 - at),
            _ => return None,
        }
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "the nearest double, and of 15 digits, which are less than 53 bits, all"
    )]
    let magnitude = integer as f64 / POWERS_OF_TEN.get(fraction.unwrap_or(0))?;
    // Integers have no negative zero.
    let is_negative = digits.len() < number.len() && (integer != 0 || fraction.is_some());
    Some(if is_negative { -magnitude } else { magnitude })
}
