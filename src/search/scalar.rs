//! The contents of a body slot, and strings of the body.
//!
//! Nothing is copied from the body. A string in plain UTF-8 is a `&str` into the body. Any other string (with escapes,
//! ill-formed, or in another encoding) stays in its raw form and is decoded each time it is read. Decoding never
//! allocates and takes one pass over the string.

use core::cmp::Ordering;
use core::fmt;
use core::iter::FusedIterator;

use edgeroute_lang::body::{Characters, Encoding};
use edgeroute_lang::steps;
use edgeroute_lang::text::{as_number_points, compare_utf16};

/// The result of a body query, or the property that shadows it.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) enum Scalar<'m> {
    /// The body is unreadable, or the path cannot be followed: there is no value, and it is unknown whether anything is
    /// there.
    #[default]
    Unreadable,
    /// Nothing is there: the value is null.
    Missing,
    /// The literal `null`.
    Null,
    /// The literal `true` or `false`.
    Bool(bool),
    /// A number, never NaN.
    Number(f64),
    /// A string that is not a date, or a property that shadows the path.
    Text(BodyText<'m>),
    /// A property that shadows the path and is null. It is less than every string. No body contains this value.
    NullText,
    /// A result without a value: an object, an array, a date, or several values.
    Undefined,
}

impl<'m> Scalar<'m> {
    /// Makes a value from a string that is not in the body.
    pub(crate) const fn text(text: &'m str) -> Self {
        Self::Text(BodyText::plain(text))
    }

    /// Returns whether anything is there, even null, as `twin_change_includes` reports it. `None` if that is undefined.
    pub(crate) const fn is_there(self) -> Option<bool> {
        match self {
            Self::Unreadable => None,
            Self::Missing => Some(false),
            _ => Some(true),
        }
    }
}

/// A string of a body. Its text is always well-formed: ill-formed parts become U+FFFD.
#[derive(Copy, Clone)]
pub(crate) struct BodyText<'m>(Form<'m>);

#[derive(Copy, Clone)]
enum Form<'m> {
    Plain(&'m str),
    /// The raw bytes between the quotes, which are valid inside a JSON string.
    Raw(&'m [u8], Encoding),
}

impl<'m> BodyText<'m> {
    /// Makes a string from text that needs no decoding.
    pub(crate) const fn plain(text: &'m str) -> Self {
        Self(Form::Plain(text))
    }

    /// Makes a string from the bytes between the quotes. They must be valid there.
    pub(super) const fn raw(inside: &'m [u8], encoding: Encoding) -> Self {
        Self(Form::Raw(inside, encoding))
    }

    /// Returns the text, if it needs no decoding.
    #[inline]
    pub(crate) const fn as_str(self) -> Option<&'m str> {
        match self.0 {
            Form::Plain(text) => Some(text),
            Form::Raw(..) => None,
        }
    }

    /// Iterates over the characters.
    pub(crate) fn chars(self) -> Chars<'m> {
        match self.0 {
            Form::Plain(text) => Chars { inside: Encoding::Utf8.characters(text.as_bytes()), escapes: Escapes::None },
            Form::Raw(inside, encoding) => Chars { inside: encoding.characters(inside), escapes: Escapes::Some },
        }
    }

    /// Iterates over the UTF-16 code units.
    pub(crate) fn units(self) -> impl Iterator<Item = u16> + Clone {
        self.chars().flat_map(|character| {
            let mut buffer = [0; 2];
            let second = match character.encode_utf16(&mut buffer) {
                [_, low] => Some(*low),
                _ => None,
            };
            [Some(buffer[0]), second].into_iter().flatten()
        })
    }

    /// Returns the text in UTF-8. It is decoded into the buffer if necessary. `None` if it does not fit into the
    /// buffer.
    pub(crate) fn to_utf8_in<'b>(self, buffer: &'b mut [u8]) -> Option<&'b str>
    where
        'm: 'b,
    {
        if let Form::Plain(text) = self.0 {
            return (text.len() <= buffer.len()).then_some(text);
        }
        let mut length = 0;
        for character in self.chars() {
            let place = buffer.get_mut(length..length + character.len_utf8())?;
            length += character.encode_utf8(place).len();
        }
        core::str::from_utf8(buffer.get(..length)?).ok()
    }

    /// Compares the text with another one by code points, which is the order of UTF-8.
    pub(super) fn compare_chars(self, other: &str) -> Ordering {
        match self.0 {
            Form::Plain(text) => text.cmp(other),
            Form::Raw(..) => self.chars().cmp(other.chars()),
        }
    }

    /// Compares the text with another one by UTF-16 code units.
    pub(crate) fn compare_utf16(self, other: &str) -> Ordering {
        match self.0 {
            Form::Plain(text) => {
                steps::comparison(text, other);
                compare_utf16(text, other)
            }
            Form::Raw(..) => self.units().cmp(other.encode_utf16()),
        }
    }

    /// Returns the number that `as_number` reads from the text.
    pub(crate) fn as_number(self) -> Option<f64> {
        match self.0 {
            Form::Plain(text) => {
                steps::bytes(text.len());
                edgeroute_lang::text::as_number(text)
            }
            Form::Raw(..) => as_number_points(self.chars().map(u32::from)),
        }
    }
}

impl PartialEq for BodyText<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq<str> for BodyText<'_> {
    fn eq(&self, other: &str) -> bool {
        match self.0 {
            Form::Plain(text) => text == other,
            Form::Raw(..) => self.chars().eq(other.chars()),
        }
    }
}

impl fmt::Debug for BodyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Write::write_char(f, '"')?;
        self.chars().flat_map(char::escape_debug).try_for_each(|character| fmt::Write::write_char(f, character))?;
        fmt::Write::write_char(f, '"')
    }
}

/// Iterates over the characters of a [`BodyText`].
#[derive(Clone)]
pub(crate) struct Chars<'m> {
    inside: Characters<'m>,
    escapes: Escapes,
}

/// Determines whether a backslash begins an escape.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Escapes {
    None,
    Some,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        steps::step();
        let (_, character) = self.inside.next()?;
        if character != '\\' || self.escapes == Escapes::None {
            return Some(character);
        }
        let (_, escape) = self.inside.next()?;
        Some(match escape {
            'u' => self.escaped_unit(),
            'b' => '\u{8}',
            'f' => '\u{C}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            itself => itself,
        })
    }
}

impl FusedIterator for Chars<'_> {}

impl Chars<'_> {
    /// Decodes the four digits after `\u`, and a second escape of this kind if both are the halves of one character.
    fn escaped_unit(&mut self) -> char {
        let first = hex_unit(&mut self.inside);
        let mut ahead = self.inside.clone();
        if let 0xD800..=0xDBFF = first
            && let (Some((_, '\\')), Some((_, 'u'))) = (ahead.next(), ahead.next())
            && let Some(Ok(character)) = char::decode_utf16([first, hex_unit(&mut ahead)]).next()
        {
            self.inside = ahead;
            return character;
        }
        char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

fn hex_unit(digits: &mut Characters<'_>) -> u16 {
    digits.take(4).fold(0, |unit, (_, digit)| {
        let digit = digit.to_digit(16).and_then(|digit| u16::try_from(digit).ok());
        unit << 4 | digit.unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Checks a string in plain form, as the inside of a JSON string in every encoding, and fully escaped.
    fn forms(text: &str, check: impl Fn(BodyText<'_>)) {
        let inside = serde_json::to_string(text).expect("a string");
        let inside = inside.get(1..inside.len() - 1).expect("quotes");
        let escaped = text.encode_utf16().fold(String::new(), |escaped, unit| escaped + &format!("\\u{unit:04X}"));
        check(BodyText::plain(text));
        for inside in [inside, &escaped] {
            let utf16: Vec<u8> = inside.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let utf32: Vec<u8> = inside.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect();
            check(BodyText::raw(inside.as_bytes(), Encoding::Utf8));
            check(BodyText::raw(&utf16, Encoding::Utf16));
            check(BodyText::raw(&utf32, Encoding::Utf32));
        }
    }

    #[test]
    fn every_form_reads_as_the_same_string() {
        for text in ["", "a", "\"\\/\u{8}\u{C}\n\r\t\0", "é\u{FFFD}\u{1D4B3}z", "\\u0041", "a longer text than most"] {
            forms(text, |form| {
                assert!(form.chars().eq(text.chars()), "{text:?} {form:?}");
                assert!(form.units().eq(text.encode_utf16()), "{text:?} {form:?}");
                assert_eq!(form.to_utf8_in(&mut [0; 32]), Some(text));
                assert!(form == *text && form == BodyText::plain(text));
                assert_eq!(
                    format!("{form:?}"),
                    format!("\"{}\"", text.chars().flat_map(char::escape_debug).collect::<String>())
                );
            });
        }
    }

    #[test]
    fn a_string_longer_than_the_buffer_is_not_returned() {
        for (text, length) in [("abcdé", 5), ("\u{1D4B3}", 3), ("a", 0)] {
            forms(text, |form| {
                assert_eq!(form.to_utf8_in(&mut vec![0; length]), None);
                assert_eq!(form.to_utf8_in(&mut vec![0; text.len()]), Some(text));
            });
        }
    }

    #[test]
    fn backslashes_in_a_plain_string_are_not_escapes() {
        assert!(BodyText::plain("\\n\\u0041").chars().eq("\\n\\u0041".chars()));
    }

    #[test]
    fn surrogates_pair_only_if_both_are_escaped() {
        let table: [(&[u8], &str); 8] = [
            (br"\ud835\uDCB3y", "𝒳y"),
            (br"\ud835y", "\u{FFFD}y"),
            (br"\ud835\n", "\u{FFFD}\n"),
            (br"\ud835\\u", "\u{FFFD}\\u"),
            (br"\ud835\u0041", "\u{FFFD}A"),
            (br"\ud835\ud835\udcb3", "\u{FFFD}𝒳"),
            (br"\udcb3\ud835", "\u{FFFD}\u{FFFD}"),
            (b"\xFF\\ud835\xE2\x82", "\u{FFFD}\u{FFFD}\u{FFFD}"),
        ];
        for (inside, expected) in table {
            assert!(BodyText::raw(inside, Encoding::Utf8) == *expected, "{inside:?}");
        }
        let raw_half: Vec<u8> =
            [0xD835].into_iter().chain("\\udcb3".encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert!(BodyText::raw(&raw_half, Encoding::Utf16) == *"\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn presence_does_not_depend_on_the_value() {
        for (scalar, expected) in [
            (Scalar::Unreadable, None),
            (Scalar::Missing, Some(false)),
            (Scalar::Null, Some(true)),
            (Scalar::Bool(false), Some(true)),
            (Scalar::Number(0.0), Some(true)),
            (Scalar::text(""), Some(true)),
            (Scalar::NullText, Some(true)),
            (Scalar::Undefined, Some(true)),
        ] {
            assert_eq!(scalar.is_there(), expected, "{scalar:?}");
        }
    }

    #[test]
    fn scalars_are_small() {
        assert_eq!(size_of::<Scalar<'_>>(), 24);
    }

    proptest! {
        #[test]
        fn all_forms_have_the_order_of_the_strings(
            a in "[a\u{E9}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}\"]{0,4}",
            b in "[a\u{E9}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}\"]{0,4}",
        ) {
            let expected = compare_utf16(&a, &b);
            forms(&a, |form| {
                assert_eq!(form.compare_utf16(&b), expected);
                assert_eq!(form.compare_chars(&b), a.cmp(&b));
                assert_eq!(form == *b, a == b);
                forms(&b, |other| {
                    assert_eq!(form == other, a == b);
                });
            });
        }

        #[test]
        fn all_forms_read_as_the_same_number(text in "[-+() \t¤.,eE0-9]{0,12}") {
            forms(&text, |form| assert_eq!(form.as_number(), edgeroute_lang::text::as_number(&text)));
        }
    }
}
