//! Names and values of a body that are no containers, as they stand there.
//!
//! The grammar is checked when a token is taken; what it means is only worked out where it is stored.

use super::units::Units;
use crate::body::Encoding;
use crate::matcher::scalar::{BodyText, Scalar};
use crate::text::{LONGEST_DATE, as_number_points, is_date};

/// A value that is no container.
#[derive(Copy, Clone)]
pub(super) enum Token<'m> {
    Null,
    Bool(bool),
    /// All of it.
    Number(&'m [u8]),
    Text(Inside<'m>),
}

/// What stands between two quotes.
#[derive(Copy, Clone)]
pub(super) struct Inside<'m> {
    /// From behind the first quote to the end of the body.
    from: &'m [u8],
    /// In bytes. `length <= from.len()`
    length: usize,
    pub(super) escapes: Escapes,
}

/// Whether a string has escapes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Escapes {
    None,
    Some,
}

impl<'m> Inside<'m> {
    /// The bytes.
    #[inline]
    pub(super) fn bytes(self) -> &'m [u8] {
        self.from.get(..self.length).unwrap_or_default()
    }

    /// The first eight bytes, the first one highest; zeros where there are fewer.
    #[inline]
    pub(super) fn first_word(self) -> u64 {
        let Some(word) = self.from.first_chunk() else {
            return first_word(self.bytes());
        };
        let word = u64::from_be_bytes(*word);
        if self.length >= 8 { word } else { word & !(u64::MAX >> (8 * self.length)) }
    }

    /// Where in the body it begins.
    #[inline]
    pub(super) const fn start(self, body: &[u8]) -> usize {
        body.len().saturating_sub(self.from.len())
    }

    /// The text, to be decoded wherever it is looked at.
    pub(super) fn raw(self, encoding: Encoding) -> BodyText<'m> {
        BodyText::raw(self.bytes(), encoding)
    }

    /// The text.
    pub(super) fn text(self, encoding: Encoding) -> BodyText<'m> {
        if let (Encoding::Utf8, Escapes::None) = (encoding, self.escapes)
            && let Ok(text) = core::str::from_utf8(self.bytes())
        {
            return BodyText::plain(text);
        }
        self.raw(encoding)
    }
}

/// The first eight bytes, the first one highest; zeros where there are fewer.
pub(super) fn first_word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (place, byte) in word.iter_mut().zip(bytes) {
        *place = *byte;
    }
    u64::from_be_bytes(word)
}

impl<'m> Token<'m> {
    /// Takes a value that is no container and whose first character is `first`. `None` where it is none: what is wrong is
    /// what comes next.
    #[inline]
    pub(super) fn take<U: Units<'m>>(at: &mut U, first: u8) -> Option<Self> {
        match first {
            b'"' => take_string(at).map(Self::Text),
            b'-' | b'0'..=b'9' => {
                let start = *at;
                take_number(at)?;
                Some(Self::Number(start.until(*at)))
            }
            b't' => take_word(at, b"true").map(|()| Self::Bool(true)),
            b'f' => take_word(at, b"false").map(|()| Self::Bool(false)),
            b'n' => take_word(at, b"null").map(|()| Self::Null),
            _ => None,
        }
    }

    /// What the value is.
    pub(super) fn scalar(self, encoding: Encoding) -> Scalar<'m> {
        match self {
            Self::Null => Scalar::Null,
            Self::Bool(truth) => Scalar::Bool(truth),
            Self::Number(digits) => Scalar::Number(number(digits, encoding)),
            Self::Text(inside) => {
                let text = inside.text(encoding);
                if is_date(text.to_utf8_in(&mut [0; LONGEST_DATE]).unwrap_or_default()) {
                    return Scalar::Undefined;
                }
                Scalar::Text(text)
            }
        }
    }
}

/// Takes a string, which begins here with its quote. `None` where it is not valid: what is wrong is what comes next.
#[inline]
pub(super) fn take_string<'m, U: Units<'m>>(at: &mut U) -> Option<Inside<'m>> {
    at.skip();
    let start = *at;
    let mut escapes = Escapes::None;
    loop {
        at.skip_unescaped();
        match at.peek() {
            b'"' => break,
            b'\\' => {
                escapes = Escapes::Some;
                take_escape(at)?;
            }
            _ => return None,
        }
    }
    let inside = Inside { from: start.rest(), length: start.until(*at).len(), escapes };
    at.skip();
    Some(inside)
}

fn take_escape<'m, U: Units<'m>>(at: &mut U) -> Option<()> {
    at.skip();
    match at.peek() {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at.skip(),
        b'u' => {
            at.skip();
            for _ in 0..4 {
                at.peek().is_ascii_hexdigit().then(|| at.skip())?;
            }
        }
        _ => return None,
    }
    Some(())
}

#[inline]
fn take_number<'m, U: Units<'m>>(at: &mut U) -> Option<()> {
    if at.peek() == b'-' {
        at.skip();
    }
    if at.peek() == b'0' {
        at.skip();
    } else {
        take_digits(at)?;
    }
    if at.peek() == b'.' {
        at.skip();
        take_digits(at)?;
    }
    if let b'e' | b'E' = at.peek() {
        at.skip();
        if let b'+' | b'-' = at.peek() {
            at.skip();
        }
        take_digits(at)?;
    }
    Some(())
}

#[inline]
fn take_digits<'m, U: Units<'m>>(at: &mut U) -> Option<()> {
    at.peek().is_ascii_digit().then_some(())?;
    while at.peek().is_ascii_digit() {
        at.skip();
    }
    Some(())
}

#[inline]
fn take_word<'m, U: Units<'m>>(at: &mut U, word: &[u8]) -> Option<()> {
    word.iter().try_for_each(|&letter| (at.peek() == letter).then(|| at.skip()))
}

/// The nearest double of a number of JSON.
fn number(digits: &[u8], encoding: Encoding) -> f64 {
    let points = encoding.characters(digits).map(|(_, character)| u32::from(character));
    let short = (encoding == Encoding::Utf8 && digits.len() <= 64).then(|| core::str::from_utf8(digits).ok()).flatten();
    let number = short.and_then(|digits| digits.parse().ok()).or_else(|| as_number_points(points.clone()));
    match number {
        // The reference reads integers as such, and they have no negative zero.
        Some(0.0) if points.clone().all(|point| point == u32::from('-') || point == u32::from('0')) => 0.0,
        // Every number of JSON is one.
        number => number.unwrap_or_default(),
    }
}
