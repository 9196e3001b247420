//! Reads JSON tokens strictly by RFC 8259 (SEMANTICS#body-json), and reports why a body is not JSON.
//!
//! Makes one pass over the characters. [`Document`](super::Document) checks the order of the tokens.

use core::fmt;
use core::iter::Peekable;

use super::encoding::{Characters, Encoding};
use crate::diagnostic::quoted;
use crate::text::as_number;

/// The error of a body that queries cannot read, so that all of them are undefined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreadable {
    offset: usize,
    reason: Reason,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Reason {
    /// Something else was expected; the character found, or the end.
    Expected { expected: &'static str, found: Option<char> },
    /// The containers nest deeper than the limit.
    TooDeep { limit: usize },
    /// The body has 4 GiB or more.
    TooLong,
}

impl Unreadable {
    pub(super) const fn new(offset: usize, reason: Reason) -> Self {
        Self { offset, reason }
    }

    /// Returns the byte of the body at which reading stopped, or the body's length if it ended too early.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Describes the problem, without its place.
    pub fn reason(&self) -> impl fmt::Display {
        &self.reason
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read the body at byte {}: {}", self.offset, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected { expected, found: None } => write!(f, "expected {expected}, found the end"),
            Self::Expected { expected, found: Some(found) } => {
                write!(f, "expected {expected}, found `{}`", quoted(found.encode_utf8(&mut [0; 4])))
            }
            Self::TooDeep { limit } => write!(f, "nested deeper than the limit of {limit}"),
            Self::TooLong => f.write_str("the body has 4 GiB or more"),
        }
    }
}

impl core::error::Error for Unreadable {}

/// Reads the tokens of a body one after another.
pub(super) struct Reader<'b> {
    characters: Peekable<Characters<'b>>,
    /// The length of the body in bytes.
    length: usize,
}

impl<'b> Reader<'b> {
    pub(super) fn new(body: &'b [u8], encoding: Encoding) -> Self {
        Self { characters: encoding.characters(body).peekable(), length: body.len() }
    }

    /// The next character that is not white space.
    pub(super) fn peek_token(&mut self) -> Option<char> {
        while self.characters.next_if(|&(_, character)| matches!(character, ' ' | '\t' | '\n' | '\r')).is_some() {}
        self.peek()
    }

    /// Returns the offset of the next character.
    pub(super) fn offset(&mut self) -> usize {
        self.characters.peek().map_or(self.length, |&(offset, _)| offset)
    }

    /// Creates an error at the next character.
    pub(super) fn expected(&mut self, expected: &'static str) -> Unreadable {
        let found = self.peek();
        Unreadable::new(self.offset(), Reason::Expected { expected, found })
    }

    /// Skips the next character.
    pub(super) fn skip(&mut self) {
        self.characters.next();
    }

    /// Reads the rest of the body, which must be white space.
    pub(super) fn end(&mut self) -> Result<(), Unreadable> {
        match self.peek_token() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the body")),
        }
    }

    /// Reads this word.
    pub(super) fn word(&mut self, word: &'static str) -> Result<(), Unreadable> {
        word.chars().try_for_each(|letter| self.skip_if(letter).ok_or_else(|| self.expected(word)))
    }

    /// Reads a string, whose opening quote is next, and appends its value to `text`. An escaped surrogate without its
    /// other half becomes U+FFFD.
    pub(super) fn string(&mut self, text: &mut String) -> Result<(), Unreadable> {
        self.skip();
        let mut high = None;
        loop {
            match (high.take(), self.string_part()?) {
                (Some(high), StringPart::Unit(low @ 0xDC00..=0xDFFF)) => {
                    text.extend(char::decode_utf16([high, low]).filter_map(Result::ok));
                }
                (lone, part) => {
                    text.extend(lone.map(|_| char::REPLACEMENT_CHARACTER));
                    match part {
                        StringPart::End => return Ok(()),
                        StringPart::Unit(unit @ 0xD800..=0xDBFF) => high = Some(unit),
                        StringPart::Unit(unit) => {
                            text.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
                        }
                        StringPart::Character(character) => text.push(character),
                    }
                }
            }
        }
    }

    fn string_part(&mut self) -> Result<StringPart, Unreadable> {
        let part = match self.peek() {
            None | Some('\0'..='\x1F') => return Err(self.expected("a character of a string or its closing quote")),
            Some('"') => StringPart::End,
            Some('\\') => {
                self.skip();
                match self.peek() {
                    Some('u') => return self.unit().map(StringPart::Unit),
                    Some(itself @ ('"' | '\\' | '/')) => StringPart::Character(itself),
                    Some('b') => StringPart::Character('\u{8}'),
                    Some('f') => StringPart::Character('\u{C}'),
                    Some('n') => StringPart::Character('\n'),
                    Some('r') => StringPart::Character('\r'),
                    Some('t') => StringPart::Character('\t'),
                    _ => return Err(self.expected("an escape")),
                }
            }
            Some(character) => StringPart::Character(character),
        };
        self.skip();
        Ok(part)
    }

    /// Reads `u` and four hex digits.
    fn unit(&mut self) -> Result<u16, Unreadable> {
        self.skip();
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|digit| digit.to_digit(16)).ok_or_else(|| self.expected("a hex digit"))?;
            self.skip();
            unit = unit << 4 | u16::try_from(digit).unwrap_or_default();
        }
        Ok(unit)
    }

    /// Reads a number, whose first digit or minus is next. `text` is a scratch buffer.
    pub(super) fn number(&mut self, text: &mut String) -> Result<f64, Unreadable> {
        text.clear();
        let minus = self.take_if(text, |character| character == '-');
        if self.take_if(text, |character| character == '0').is_none() {
            self.digits(text)?;
        }
        let integer_length = text.len();
        if self.take_if(text, |character| character == '.').is_some() {
            self.digits(text)?;
        }
        if self.take_if(text, |character| matches!(character, 'e' | 'E')).is_some() {
            let _ = self.take_if(text, |character| matches!(character, '+' | '-'));
            self.digits(text)?;
        }
        // `as_number` accepts every JSON number.
        let number = as_number(text).unwrap_or_default();
        // The reference reads integers as integers, which have no negative zero.
        let is_integer_zero = minus.is_some() && number == 0.0 && text.len() == integer_length;
        Ok(if is_integer_zero { 0.0 } else { number })
    }

    fn digits(&mut self, text: &mut String) -> Result<(), Unreadable> {
        let is_digit = |character: char| character.is_ascii_digit();
        self.take_if(text, is_digit).ok_or_else(|| self.expected("a digit"))?;
        while self.take_if(text, is_digit).is_some() {}
        Ok(())
    }

    fn peek(&mut self) -> Option<char> {
        self.characters.peek().map(|&(_, character)| character)
    }

    fn skip_if(&mut self, expected: char) -> Option<()> {
        self.characters.next_if(|&(_, character)| character == expected).map(drop)
    }

    fn take_if(&mut self, text: &mut String, is_expected: impl Fn(char) -> bool) -> Option<()> {
        self.characters.next_if(|&(_, character)| is_expected(character)).map(|(_, character)| text.push(character))
    }
}

/// A part of a string with its escapes resolved.
enum StringPart {
    /// The closing quote.
    End,
    Character(char),
    /// A UTF-16 code unit from an escape.
    Unit(u16),
}
