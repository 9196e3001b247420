//! A decoded JSON string that can map each of its bytes to the file and back.
//!
//! A decoded text consists of the file's own bytes at an offset, except for escapes. So the map is a list of escapes,
//! 16 bytes each and empty for most texts, and a look-up is a binary search.

use std::borrow::Cow;

use crate::span::Span;

/// The decoded text of a JSON string, and the origin of each byte.
#[derive(Clone, Debug)]
pub(super) struct LocatedText<'t> {
    /// Lone surrogates are U+FFFD.
    pub(super) text: Cow<'t, str>,
    pub(super) places: Places,
    /// The span of the first escape that is half a surrogate pair.
    pub(super) lone_surrogate: Option<Span>,
}

/// Maps the bytes of a decoded string to the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Places {
    /// The span between the quotes, in the file.
    content: Span,
    /// The length of the decoded text.
    length: u32,
    /// Ascending and without overlaps, both in the text and in the file.
    escapes: Vec<Escape>,
}

/// An escape and its character.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
struct Escape {
    /// The span of the character in the decoded text.
    text: Span,
    /// The span in the file, from the backslash on.
    file: Span,
}

impl<'t> LocatedText<'t> {
    /// Decodes the content of a valid JSON string, which starts at byte `start` of the file. Allocates only if there
    /// are escapes.
    pub(super) fn decode(content: &'t str, start: u32) -> Self {
        let mut escapes = Vec::new();
        let mut lone_surrogate = None;
        let mut text = Cow::Borrowed(content);
        if content.contains('\\') {
            let mut decoded = String::with_capacity(content.len());
            let mut at = 0;
            while let Some((verbatim, rest)) =
                content.get(at..).and_then(|rest| rest.split_at_checked(rest.find('\\')?))
            {
                decoded.push_str(verbatim);
                at += verbatim.len();
                let (character, length) = decode_escape(rest);
                let file = Span::from_range(at..at + length).shifted(start);
                let before = decoded.len();
                decoded.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
                escapes.push(Escape { text: Span::from_range(before..decoded.len()), file });
                if character.is_none() {
                    lone_surrogate = lone_surrogate.or(Some(file));
                }
                at += length;
            }
            decoded.push_str(content.get(at..).unwrap_or_default());
            text = Cow::Owned(decoded);
        }
        let places = Places {
            content: Span::from_range(0..content.len()).shifted(start),
            length: Span::from_range(0..text.len()).end(),
            escapes,
        };
        Self { text, places, lone_surrogate }
    }
}

impl Places {
    /// Maps a span of the decoded text to the span of the file that produced it; an escape counts as a whole. A part
    /// past the end is cut off.
    pub(super) fn locate(&self, span: Span) -> Span {
        let start = self.locate_start(span.start());
        if span.is_empty() { Span::at(start) } else { Span::new(start, self.locate_end(span.end())) }
    }

    /// Maps a byte of the file to the byte of the decoded text that it produced, a byte of an escape to the start of
    /// its character, and the closing quote to the end of the text. `None` for a byte outside the quotes. A byte within
    /// a character that is not escaped maps to a byte within that character.
    pub(super) fn find(&self, offset: u32) -> Option<u32> {
        if offset < self.content.start() || offset > self.content.end() {
            return None;
        }
        Some(match self.last_escape(|escape| escape.file.start() <= offset) {
            Some(escape) if offset < escape.file.end() => escape.text.start(),
            found => self.decoded(found, offset),
        })
    }

    /// Maps a span of the file to the span of the decoded text that it produced; an escape counts as a whole. `None` if
    /// a part is outside the quotes.
    pub(super) fn find_span(&self, span: Span) -> Option<Span> {
        let (start, end) = (self.find(span.start())?, self.find(span.end())?);
        if span.is_empty() {
            return Some(Span::at(start));
        }
        Some(match self.last_escape(|escape| escape.file.start() < span.end()) {
            Some(escape) if span.end() < escape.file.end() => Span::new(start, escape.text.end()),
            _ => Span::new(start, end),
        })
    }

    /// Returns the span between the quotes, in the file.
    pub(super) const fn content(&self) -> Span {
        self.content
    }

    /// Iterates over the escapes: the span of the character in the decoded text, and of the escape in the file.
    pub(super) fn escapes(&self) -> impl Iterator<Item = (Span, Span)> {
        self.escapes.iter().map(|escape| (escape.text, escape.file))
    }

    /// Returns where the character that contains byte `offset` begins.
    fn locate_start(&self, offset: u32) -> u32 {
        match self.last_escape(|escape| escape.text.start() <= offset) {
            Some(escape) if offset < escape.text.end() => escape.file.start(),
            found => self.verbatim(found, offset),
        }
    }

    /// Returns where the character before `offset` ends.
    fn locate_end(&self, offset: u32) -> u32 {
        match self.last_escape(|escape| escape.text.start() < offset) {
            Some(escape) if offset <= escape.text.end() => escape.file.end(),
            found => self.verbatim(found, offset),
        }
    }

    fn last_escape(&self, is_before: impl Fn(&Escape) -> bool) -> Option<Escape> {
        let count = self.escapes.partition_point(is_before);
        self.escapes.get(count.checked_sub(1)?).copied()
    }

    /// Maps `offset`, which is after `escape` and before the next one.
    fn verbatim(&self, escape: Option<Escape>, offset: u32) -> u32 {
        let (text, file) = escape.map_or((0, self.content.start()), |escape| (escape.text.end(), escape.file.end()));
        file + (offset.min(self.length) - text)
    }

    /// Maps `offset` of the file, which is after `escape` and before the next one.
    fn decoded(&self, escape: Option<Escape>, offset: u32) -> u32 {
        let (text, file) = escape.map_or((0, self.content.start()), |escape| (escape.text.end(), escape.file.end()));
        text + (offset - file)
    }
}

/// Decodes the escape at the start of `rest`, and returns its length, at least one byte. `None` for a lone surrogate.
fn decode_escape(rest: &str) -> (Option<char>, usize) {
    let character = match rest.as_bytes().get(1) {
        Some(b'u') => return decode_unicode_escape(rest),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        // `\"`, `\\`, `\/`
        Some(&other) => char::from(other),
        None => '\\',
    };
    (Some(character), rest.len().min(2))
}

fn decode_unicode_escape(rest: &str) -> (Option<char>, usize) {
    let units = [hex_unit(rest, 0), hex_unit(rest, 6)];
    match char::decode_utf16(units.into_iter().map_while(|unit| unit)).next() {
        Some(Ok(character)) => (Some(character), 6 * character.len_utf16()),
        _ => (None, rest.len().min(6)),
    }
}

/// Returns the UTF-16 code unit of the `\uXXXX` at byte `at`.
fn hex_unit(rest: &str, at: usize) -> Option<u16> {
    u16::from_str_radix(rest.get(at..at + 6)?.strip_prefix("\\u")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the file's text after `part`, which must be a part of the decoded text.
    fn after<'c>(content: &'c str, part: &str) -> &'c str {
        let decoded = LocatedText::decode(content, 0);
        let at = decoded.text.find(part).unwrap();
        decoded.places.locate(Span::from_range(at..at + part.len())).slice(content)
    }

    #[test]
    fn escapes_are_decoded() {
        let cases = [
            ("plain é", "plain é"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"\u0041\u00e9\u0000", "Aé\0"),
            (r"\uD83D\uDE00!", "😀!"),
            (r"\\u0041", r"\u0041"),
            (r"\ud83dx", "\u{fffd}x"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
        ];
        for (content, text) in cases {
            assert_eq!(LocatedText::decode(content, 0).text, text, "{content}");
        }
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        assert!(matches!(LocatedText::decode("a/b", 0).text, Cow::Borrowed("a/b")));
    }

    #[test]
    fn the_first_lone_surrogate_is_pointed_at() {
        let surrogate = |content| LocatedText::decode(content, 10).lone_surrogate;
        assert_eq!(surrogate(r"\ud83d\ude00\ude00\ud83d"), Some(Span::new(22, 28)));
        assert_eq!(surrogate(r"\ud83d\ude00"), None);
    }

    #[test]
    fn spans_lead_back_to_what_was_written() {
        assert_eq!(after("ab", "b"), "b");
        assert_eq!(after(r#"a = \"b\" c"#, "\"b\""), r#"\"b\""#);
        assert_eq!(after(r#"a = \"b\" c"#, "c"), "c");
        assert_eq!(after(r"x\u0041y", "A"), r"\u0041");
        assert_eq!(after(r"x\u0041y", "xAy"), r"x\u0041y");
        assert_eq!(after(r"\u00e9\uD83D\uDE00z", "😀"), r"\uD83D\uDE00");
        assert_eq!(after(r"\u00e9\uD83D\uDE00z", "z"), "z");
    }

    #[test]
    fn empty_and_partial_spans_stay_on_characters() {
        // `é😀`, of 2 and 4 bytes, both escaped.
        let places = LocatedText::decode(r"\u00e9\uD83D\uDE00", 100).places;
        assert_eq!(places.locate(Span::at(0)), Span::at(100));
        assert_eq!(places.locate(Span::at(2)), Span::at(106));
        assert_eq!(places.locate(Span::at(6)), Span::at(118));
        assert_eq!(places.locate(Span::new(1, 3)), Span::new(100, 118));
        assert_eq!(places.locate(Span::new(2, 99)), Span::new(106, 118));
        assert_eq!(places.locate(Span::at(99)), Span::at(118));
    }

    #[test]
    fn a_place_in_an_escape_is_its_character() {
        // `aé😀`, the last two escaped.
        let places = LocatedText::decode(r"a\u00e9\uD83D\uDE00", 100).places;
        assert_eq!(
            [99, 100, 101, 106, 107, 113, 118, 119, 120].map(|offset| places.find(offset)),
            [None, Some(0), Some(1), Some(1), Some(3), Some(3), Some(3), Some(7), None]
        );
        assert_eq!(places.find_span(Span::new(103, 104)), Some(Span::new(1, 3)));
        assert_eq!(places.find_span(Span::new(106, 108)), Some(Span::new(1, 7)));
        assert_eq!(places.find_span(Span::at(108)), Some(Span::at(3)));
    }

    proptest! {
        #[test]
        fn locate_is_monotone_and_in_bounds(
            pieces in prop::collection::vec(
                prop::sample::select(
                    vec!["a", "é", "😀", r#"\""#, r"\\", r"\u0041", r"\u00e9", r"\uD83D\uDE00", r"\ud800"],
                ),
                0..12,
            ),
            start in 0_u32..50,
        ) {
            let content = pieces.concat();
            let decoded = LocatedText::decode(&content, start);
            let file = " ".repeat(start as usize) + &content;
            let end = start + u32::try_from(content.len()).unwrap();
            let length = u32::try_from(decoded.text.len()).unwrap();
            let mut last = start;
            for offset in 0..=length + 2 {
                let point = decoded.places.locate(Span::at(offset));
                prop_assert!(point.start() >= last && point.end() <= end, "{offset} of {content}");
                last = point.start();
                for other in offset..=length + 2 {
                    let span = decoded.places.locate(Span::new(offset, other));
                    prop_assert!(span.start() == point.start() && span.end() <= end, "{offset}..{other} of {content}");
                    let part = offset as usize..other as usize;
                    if decoded.text.get(part).is_some_and(|part| !part.is_empty()) {
                        prop_assert!(!span.slice(&file).is_empty(), "{}..{} of {}", offset, other, content);
                    }
                }
            }
            prop_assert_eq!(decoded.places.locate(Span::new(0, length)), Span::new(start, end));
        }

        #[test]
        fn find_is_the_inverse_of_locate(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "é", "😀", r#"\""#, r"\\", r"\/", r"\b", r"\f", r"\n", r"\r", r"\t", r"\u0000", r"\u00e9",
                    r"\u20ac", r"\uD83D\uDE00", r"\ud800", r"\ude00",
                ]),
                0..12,
            ),
            start in 1_u32..50,
        ) {
            let content = pieces.concat();
            let LocatedText { text, places, .. } = LocatedText::decode(&content, start);
            let end = start + u32::try_from(content.len()).unwrap();
            let boundaries: Vec<u32> = text.char_indices().map(|(at, _)| at).chain([text.len()])
                .map(|at| u32::try_from(at).unwrap()).collect();
            for (index, &from) in boundaries.iter().enumerate() {
                prop_assert_eq!(places.find(places.locate(Span::at(from)).start()), Some(from));
                for &to in boundaries.iter().skip(index) {
                    prop_assert_eq!(places.find_span(places.locate(Span::new(from, to))), Some(Span::new(from, to)));
                }
            }
            let mut last = 0;
            for offset in start..=end {
                let found = places.find(offset).unwrap();
                let floor = crate::span::floor(&text, found as usize);
                prop_assert!(found >= last && found as usize <= text.len(), "{} in {}", offset, content);
                // The character that is found is the one at the place.
                let length = text[floor..].chars().next().map_or(0, char::len_utf8);
                let character = places.locate(Span::from_range(floor..floor + length));
                prop_assert!(character.start() <= offset && (offset < character.end() || offset == end));
                let span = places.find_span(Span::new(offset, end)).unwrap();
                prop_assert_eq!((span.start(), span.end() as usize), (found, text.len()));
                last = found;
            }
            for outside in [0, start - 1, end + 1, u32::MAX] {
                prop_assert_eq!(places.find(outside), None);
                prop_assert_eq!(places.find_span(Span::at(outside)), None);
            }
            prop_assert_eq!(places.find_span(Span::new(start, end + 1)), None);
        }

        #[test]
        fn decoding_agrees_with_serde_json(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let content = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
            prop_assert_eq!(LocatedText::decode(content, 1).text, text);
        }
    }
}
