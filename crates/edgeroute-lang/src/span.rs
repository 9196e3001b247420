//! Byte spans, and the conversion of bytes to lines and columns.
//!
//! Every token, syntax node and diagnostic has a [`Span`]: two `u32`s, half-open, in bytes of the parsed text. Lines
//! and columns are computed only when somebody wants to read them ([`LineIndex`]). A text of 4 GiB or more cannot have
//! spans; every entry point refuses it first.

use core::fmt;
use core::iter::Peekable;
use core::ops::Range;
use core::str::CharIndices;

use crate::id::to_u32;

/// A half-open range of bytes in a text: `start <= end`.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// `start <= end`
    start: u32,
    end: u32,
}

impl Span {
    /// Creates the span from `start` to `end`, exclusive. An `end` before `start` gives the empty span at `start`.
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end: if end < start { start } else { end } }
    }

    /// Creates the empty span at `offset`.
    #[must_use]
    pub const fn at(offset: u32) -> Self {
        Self { start: offset, end: offset }
    }

    /// Creates the span of a range of `usize` offsets; an offset over `u32::MAX` becomes `u32::MAX`.
    #[must_use]
    pub fn from_range(range: Range<usize>) -> Self {
        Self::new(to_u32(range.start), to_u32(range.end))
    }

    /// Returns the offset of the first byte.
    #[must_use]
    pub const fn start(self) -> u32 {
        self.start
    }

    /// Returns the offset after the last byte.
    #[must_use]
    pub const fn end(self) -> u32 {
        self.end
    }

    /// Returns the length in bytes.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the span is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Returns the smallest span that covers both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Converts the span to a range of `usize`, for slicing.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Returns the part of `text` that the span covers, or an empty string if the span is not within `text`.
    #[must_use]
    pub fn slice(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    /// Moves the span on by `offset` bytes, from a part of a text to the whole.
    #[must_use]
    pub const fn shifted(self, offset: u32) -> Self {
        Self { start: self.start.saturating_add(offset), end: self.end.saturating_add(offset) }
    }
}

/// How many characters start in these bytes of a text.
/// The start of the character that byte `offset` of a text is in; the end of the text from there on.
pub fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn count_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0b1100_0000 != 0b1000_0000).count()
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A position for people: line and column, both counted from 1, the column in Unicode scalar values.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1, in Unicode scalar values.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The start of each line of a text, and the number of characters before it.
///
/// Lines end at `\n`; a `\r` before it is part of the line ending. Building takes one pass over the text and allocates
/// four bytes for each line and for every 512 bytes. A look-up is a binary search and a scan of at most 512 bytes,
/// however long the line is.
///
/// ```
/// use edgeroute_lang::span::LineIndex;
///
/// let text = "FROM /a\nINTO é$upstream";
/// let lines = LineIndex::new(text);
/// let position = lines.position(text, 15);
/// assert_eq!((position.line, position.column), (2, 7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineIndex {
    /// In ascending order; the first is 0.
    starts: Vec<u32>,
    /// The number of characters that start before byte `i * STRIDE`, for every stride and the end.
    counts: Vec<u32>,
}

const STRIDE: usize = 512;

impl LineIndex {
    /// Indexes the lines of `text`. Allocates.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let after_newlines = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| to_u32(at + 1));
        let mut count = 0;
        let counts = text.as_bytes().chunks(STRIDE).map(|stride| {
            count += count_characters(stride);
            to_u32(count)
        });
        Self {
            starts: core::iter::once(0).chain(after_newlines).collect(),
            counts: core::iter::once(0).chain(counts).collect(),
        }
    }

    /// Returns the line and column of byte `offset`. An offset past the end is treated as the end, and one within a
    /// character as its start.
    #[must_use]
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let offset = floor(text, offset as usize);
        let line = self.starts.partition_point(|&start| start as usize <= offset).max(1);
        let start = self.starts.get(line - 1).map_or(0, |&start| start as usize);
        let column = self.characters_before(text, offset) - self.characters_before(text, start);
        Position { line: to_u32(line), column: to_u32(column + 1) }
    }

    /// Counts the characters before byte `offset`, which is on a character boundary.
    fn characters_before(&self, text: &str, offset: usize) -> usize {
        let stride = offset / STRIDE;
        let counted = self.counts.get(stride).map_or(0, |&count| count as usize);
        counted + text.as_bytes().get(stride * STRIDE..offset).map_or(0, count_characters)
    }

    /// Returns the bytes of line `line` (counted from 1) without its line ending; empty past the last line.
    #[must_use]
    pub fn line_span(&self, text: &str, line: u32) -> Span {
        let index = (line as usize).saturating_sub(1);
        let Some(&start) = self.starts.get(index) else {
            return Span::at(to_u32(text.len()));
        };
        let end = self.starts.get(index + 1).map_or(text.len(), |&next| next as usize);
        let content = text.get(start as usize..end).unwrap_or_default();
        let content = content.strip_suffix('\n').unwrap_or(content);
        let content = content.strip_suffix('\r').unwrap_or(content);
        Span::new(start, start + to_u32(content.len()))
    }
}

/// Computes lines and columns of ascending offsets in one pass over the text, without allocating.
///
/// ```
/// use edgeroute_lang::span::PositionWalk;
///
/// let mut walk = PositionWalk::new("é=1\nb");
/// assert_eq!([2, 5].map(|offset| walk.advance_to(offset).to_string()), ["1:2", "2:1"]);
/// ```
#[derive(Clone, Debug)]
pub struct PositionWalk<'t> {
    ahead: Peekable<CharIndices<'t>>,
    position: Position,
}

impl<'t> PositionWalk<'t> {
    /// Starts at the beginning of `text`.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        Self { ahead: text.char_indices().peekable(), position: Position { line: 1, column: 1 } }
    }

    /// Returns the position of the character that contains byte `offset`. An offset past the end is treated as the end,
    /// and one before the current position as the current position.
    pub fn advance_to(&mut self, offset: u32) -> Position {
        let offset = Span::at(offset).range().start;
        while let Some((_, character)) = self.ahead.next_if(|&(at, character)| at + character.len_utf8() <= offset) {
            if character == '\n' {
                self.position = Position { line: self.position.line + 1, column: 1 };
            } else {
                self.position.column += 1;
            }
        }
        self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = "é=1\r\nb\n";
        let lines = LineIndex::new(text);
        let at = |offset| lines.position(text, offset).to_string();
        assert_eq!([at(0), at(1), at(2), at(6), at(7), at(99)], ["1:1", "1:1", "1:2", "2:1", "2:2", "3:1"]);
    }

    #[test]
    fn a_place_in_a_character_is_its_start() {
        assert_eq!([0, 1, 2, 3, 4, 9].map(|offset| floor("aéb", offset)), [0, 1, 1, 3, 4, 4]);
    }

    #[test]
    fn a_walk_and_an_index_give_the_same_positions() {
        let text = "é=1\r\n\nb\n";
        let lines = LineIndex::new(text);
        let mut walk = PositionWalk::new(text);
        for offset in 0..12 {
            assert_eq!(walk.advance_to(offset), lines.position(text, offset), "{offset}");
        }
    }

    #[test]
    fn positions_on_long_lines_count_characters() {
        let text = format!("x\n{}", "aé😀\u{301}".repeat(1_000));
        let lines = LineIndex::new(&text);
        let mut walk = PositionWalk::new(&text);
        for (offset, _) in text.char_indices() {
            let offset = to_u32(offset);
            assert_eq!(walk.advance_to(offset), lines.position(&text, offset), "{offset}");
        }
    }

    #[test]
    fn line_span_leaves_out_what_ends_the_line() {
        let text = "a\r\nbc\n";
        let lines = LineIndex::new(text);
        assert_eq!(lines.line_span(text, 1).slice(text), "a");
        assert_eq!(lines.line_span(text, 2).slice(text), "bc");
        assert_eq!(lines.line_span(text, 3).slice(text), "");
        assert_eq!(lines.line_span(text, 9).slice(text), "");
    }

    #[test]
    fn a_backward_span_is_empty() {
        assert!(Span::new(5, 3).is_empty());
        assert_eq!(Span::new(5, 3).slice("abc"), "");
    }
}
