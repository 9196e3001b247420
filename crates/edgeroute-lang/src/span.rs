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
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
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

/// Returns the start of the character that contains byte `offset`; the end of the text for an offset past it.
pub fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Counts the units of the characters that start in these bytes of a text.
fn count(bytes: &[u8], unit: TextUnit) -> usize {
    match unit {
        TextUnit::Byte => bytes.len(),
        TextUnit::Scalar => bytes.iter().filter(|&&byte| is_first(byte)).count(),
        TextUnit::Utf16 => bytes.iter().map(|&byte| units_of(byte, TextUnit::Utf16)).sum(),
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Returns the number of byte-order marks before the columns of a line, counted from 0.
fn mark_before(text: &str, line: u32) -> u32 {
    u32::from(line == 0 && text.starts_with(BYTE_ORDER_MARK))
}

/// Whether a character starts with this byte.
const fn is_first(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

/// Returns the units of the character that starts with this byte; 0 for a byte within a character.
/// For [`TextUnit::Byte`] it is 1 for every byte.
const fn units_of(byte: u8, unit: TextUnit) -> usize {
    match unit {
        TextUnit::Byte => 1,
        TextUnit::Scalar => is_first(byte) as usize,
        // A character of four bytes is a surrogate pair.
        TextUnit::Utf16 => is_first(byte) as usize + (byte >= 0b1111_0000) as usize,
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A position for people: line and column, both counted from 1, the column in Unicode scalar values.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
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

/// The unit in which offsets and columns are counted.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum TextUnit {
    /// Bytes of UTF-8, as in a [`Span`].
    Byte,
    /// Unicode scalar values, as in a [`Position`], in SARIF and in Python.
    Scalar,
    /// UTF-16 code units, as in editors (the default of the language server protocol), JavaScript, Java and .NET.
    Utf16,
}

/// A position for programs: line and column, both counted from 0. The unit of the column is chosen at each conversion.
///
/// This is how the language server protocol counts. [`Position`] is for people.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct LineColumn {
    /// The line, counted from 0.
    pub line: u32,
    /// The column, counted from 0.
    pub column: u32,
}

/// Converts between bytes, Unicode scalar values, UTF-16 code units, and lines with columns.
///
/// Lines end at `\n`; a `\r` before it is part of the line ending, and a `\r` alone ends no line. Building takes one
/// pass over the text and allocates four bytes for each line and eight for every 512 bytes. Every conversion, in either
/// direction, takes binary searches and scans of at most 512 bytes, however long the line is; none allocates.
///
/// The index does not keep the text: pass the same text to every method. Every input has a result: what is past the end
/// is treated as the end, and what is within a character as its start.
///
/// ```
/// use edgeroute::span::{LineColumn, LineIndex, TextUnit};
///
/// let text = "FROM /a\nINTO 😀$upstream";
/// let lines = LineIndex::new(text);
/// let position = lines.position(text, 17);
/// assert_eq!((position.line, position.column), (2, 7));
///
/// let utf16 = lines.line_column(text, 17, TextUnit::Utf16);
/// assert_eq!(utf16, LineColumn { line: 1, column: 7 });
/// assert_eq!(lines.byte_of_line_column(text, utf16, TextUnit::Utf16), 17);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineIndex {
    /// In ascending order; the first is 0.
    starts: Vec<u32>,
    /// The number of scalar values that start before byte `i * STRIDE`, for every stride and the end.
    scalars: Vec<u32>,
    /// The same in UTF-16 code units.
    utf16: Vec<u32>,
}

const STRIDE: usize = 512;

impl LineIndex {
    /// Indexes the lines of `text`. Allocates.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let after_newlines = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| to_u32(at + 1));
        let counts = |unit| {
            let mut before = 0;
            let counts = text.as_bytes().chunks(STRIDE).map(|stride| {
                before += count(stride, unit);
                to_u32(before)
            });
            core::iter::once(0).chain(counts).collect()
        };
        Self {
            starts: core::iter::once(0).chain(after_newlines).collect(),
            scalars: counts(TextUnit::Scalar),
            utf16: counts(TextUnit::Utf16),
        }
    }

    /// Returns the line and column of byte `offset`. An offset past the end is treated as the end, and one within a
    /// character as its start. A byte-order mark at the start of the text is no column, as in editors.
    #[must_use]
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let LineColumn { line, column } = self.line_column(text, offset, TextUnit::Scalar);
        let column = column.saturating_sub(mark_before(text, line));
        Position { line: line.saturating_add(1), column: column.saturating_add(1) }
    }

    /// Returns the byte of a line and column: the inverse of [`position`](Self::position). A column past the end of the
    /// line is treated as the end of the line, a line past the last as the end of the text, and 0 as 1.
    #[must_use]
    pub fn byte_of_position(&self, text: &str, position: Position) -> u32 {
        let Position { line, column } = position;
        let line = line.saturating_sub(1);
        let column = column.saturating_sub(1).saturating_add(mark_before(text, line));
        let place = LineColumn { line, column };
        self.byte_of_line_column(text, place, TextUnit::Scalar)
    }

    /// Returns the line and the column in `unit` of byte `offset`, both counted from 0. An offset past the end is
    /// treated as the end, and one within a character as its start. The bytes of a line ending count as columns.
    #[must_use]
    pub fn line_column(&self, text: &str, offset: u32, unit: TextUnit) -> LineColumn {
        let offset = floor(text, offset as usize);
        let line = self.starts.partition_point(|&start| start as usize <= offset).saturating_sub(1);
        let start = self.starts.get(line).map_or(0, |&start| start as usize);
        // The counts of another text need not ascend.
        let column = self.units_before(text, offset, unit).saturating_sub(self.units_before(text, start, unit));
        LineColumn { line: to_u32(line), column: to_u32(column) }
    }

    /// Returns the byte of a line and of a column in `unit`, both counted from 0: the inverse of
    /// [`line_column`](Self::line_column).
    ///
    /// A column within a character, such as in a surrogate pair, is treated as its start. A column past the end of the
    /// line is treated as the end of the line, which is before its line ending, and a line past the last as the end of
    /// the text.
    #[must_use]
    pub fn byte_of_line_column(&self, text: &str, place: LineColumn, unit: TextUnit) -> u32 {
        let Some(&start) = self.starts.get(place.line as usize) else {
            return to_u32(text.len());
        };
        let units = self.units_before(text, start as usize, unit).saturating_add(place.column as usize);
        let end = self.line_span(text, place.line.saturating_add(1)).end();
        to_u32(self.byte_after_units(text, units, unit)).min(end)
    }

    /// Converts byte `offset` to an offset in `unit`. An offset past the end is treated as the end, and one within a
    /// character as its start.
    ///
    /// ```
    /// use edgeroute::span::{LineIndex, TextUnit};
    ///
    /// let text = "é😀b";
    /// let lines = LineIndex::new(text);
    /// assert_eq!(lines.from_byte(text, 6, TextUnit::Utf16), 3);
    /// assert_eq!(lines.to_byte(text, 3, TextUnit::Utf16), 6);
    /// // Within the surrogate pair.
    /// assert_eq!(lines.to_byte(text, 2, TextUnit::Utf16), 2);
    /// ```
    #[must_use]
    pub fn from_byte(&self, text: &str, offset: u32, unit: TextUnit) -> u32 {
        to_u32(self.units_before(text, floor(text, offset as usize), unit))
    }

    /// Converts an offset in `unit` to a byte: the inverse of [`from_byte`](Self::from_byte). An offset past the end is
    /// treated as the end, and one within a character, such as in a surrogate pair, as its start.
    #[must_use]
    pub fn to_byte(&self, text: &str, offset: u32, unit: TextUnit) -> u32 {
        to_u32(self.byte_after_units(text, offset as usize, unit))
    }

    /// The counts for every stride; `None` for bytes.
    const fn counts(&self, unit: TextUnit) -> Option<&Vec<u32>> {
        match unit {
            TextUnit::Byte => None,
            TextUnit::Scalar => Some(&self.scalars),
            TextUnit::Utf16 => Some(&self.utf16),
        }
    }

    /// Counts the units before byte `offset`, which is on a character boundary.
    fn units_before(&self, text: &str, offset: usize, unit: TextUnit) -> usize {
        let Some(counts) = self.counts(unit) else {
            return offset;
        };
        let stride = offset / STRIDE;
        let counted = counts.get(stride).map_or(0, |&count| count as usize);
        counted + text.as_bytes().get(stride * STRIDE..offset).map_or(0, |bytes| count(bytes, unit))
    }

    /// Returns the start of the character that contains unit `units`, counted from 0; the end of the text if there is
    /// none.
    fn byte_after_units(&self, text: &str, units: usize, unit: TextUnit) -> usize {
        let Some(counts) = self.counts(unit) else {
            return floor(text, units);
        };
        // The last stride that starts at or before the unit. The unit is in it, or past the end of the text.
        let stride = counts.partition_point(|&count| count as usize <= units).saturating_sub(1);
        let mut before = counts.get(stride).map_or(0, |&count| count as usize);
        let start = stride * STRIDE;
        for (at, &byte) in text.as_bytes().iter().enumerate().skip(start).take(STRIDE) {
            before += units_of(byte, unit);
            if before > units {
                return at;
            }
        }
        text.len()
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
        let content = match content.strip_suffix('\n') {
            Some(content) => content.strip_suffix('\r').unwrap_or(content),
            None => content,
        };
        Span::new(start, start + to_u32(content.len()))
    }
}

/// Computes lines and columns of ascending offsets in one pass over the text, without allocating.
///
/// ```
/// use edgeroute::span::PositionWalk;
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
        let mut ahead = text.char_indices().peekable();
        ahead.next_if(|&(_, first)| first == BYTE_ORDER_MARK);
        Self { ahead, position: Position { line: 1, column: 1 } }
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = "é=1\r\nb\n";
        let lines = LineIndex::new(text);
        let at = |offset| lines.position(text, offset).to_string();
        assert_eq!([at(0), at(1), at(2), at(6), at(7), at(99)], ["1:1", "1:1", "1:2", "2:1", "2:2", "3:1"]);
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let text = "\u{feff}ab\n\u{feff}c";
        let lines = LineIndex::new(text);
        let mut walk = PositionWalk::new(text);
        for (offset, expected) in [(0, "1:1"), (3, "1:1"), (4, "1:2"), (5, "1:3"), (6, "2:1"), (9, "2:2")] {
            let position = lines.position(text, offset);
            assert_eq!((position.to_string().as_str(), walk.advance_to(offset)), (expected, position));
            assert_eq!(lines.byte_of_position(text, position), offset.max(3));
        }
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

    const UNITS: [TextUnit; 3] = [TextUnit::Byte, TextUnit::Scalar, TextUnit::Utf16];

    /// Counts units without an index.
    fn naive(part: &str, unit: TextUnit) -> u32 {
        to_u32(match unit {
            TextUnit::Byte => part.len(),
            TextUnit::Scalar => part.chars().count(),
            TextUnit::Utf16 => part.encode_utf16().count(),
        })
    }

    /// Returns the byte of an offset in `part`, or its length, without an index.
    fn naive_byte(part: &str, offset: u32, unit: TextUnit) -> u32 {
        let ends = part.char_indices().map(|(at, character)| (at, at + character.len_utf8()));
        let found = ends.into_iter().find(|&(_, end)| part.get(..end).is_some_and(|part| naive(part, unit) > offset));
        to_u32(found.map_or(part.len(), |(at, _)| at))
    }

    /// Checks all conversions of all offsets near `around` against those without an index.
    fn check_conversions(text: &str, around: impl IntoIterator<Item = u32>) {
        let lines = LineIndex::new(text);
        for (byte, unit) in around.into_iter().flat_map(|byte| UNITS.map(|unit| (byte, unit))) {
            let at = floor(text, byte as usize);
            let before = text.get(..at).unwrap();
            let offset = lines.from_byte(text, byte, unit);
            assert_eq!(offset, naive(before, unit), "{byte} in {unit:?}");
            assert_eq!(lines.to_byte(text, offset, unit) as usize, at, "{byte} in {unit:?}");
            assert_eq!(lines.to_byte(text, offset + 1, unit), naive_byte(text, offset + 1, unit), "{byte} in {unit:?}");

            let place = lines.line_column(text, byte, unit);
            let start = before.rfind('\n').map_or(0, |newline| newline + 1);
            assert_eq!(place.line as usize, before.matches('\n').count());
            assert_eq!(place.column, naive(before.get(start..).unwrap(), unit));
            let rest = text.get(start..).unwrap();
            let line = rest.split_once('\n').map_or(rest, |(line, _)| line.strip_suffix('\r').unwrap_or(line));
            for column in [place.column, place.column + 1, u32::MAX] {
                let found = lines.byte_of_line_column(text, LineColumn { column, ..place }, unit);
                assert_eq!(found, to_u32(start) + naive_byte(line, column, unit), "{place:?} {column} in {unit:?}");
            }
            if at - start <= line.len() {
                assert_eq!(lines.byte_of_line_column(text, place, unit) as usize, at);
                assert_eq!(lines.byte_of_position(text, lines.position(text, byte)) as usize, at);
            }
        }
    }

    proptest! {
        #[test]
        fn conversions_agree_with_naive_ones(text in "([aé\u{301}😀\r\n]|\r\n|\\PC){0,40}") {
            check_conversions(&text, 0..to_u32(text.len()) + 3);
        }

        #[test]
        fn conversions_of_long_texts_agree_with_naive_ones(
            lines in prop::collection::vec(("[aé\u{301}😀\r]{1,6}", 0_usize..300), 0..4),
            offsets in prop::collection::vec(any::<prop::sample::Index>(), 12),
        ) {
            let text: String = lines.iter().map(|(piece, count)| piece.repeat(*count) + "\r\n").collect();
            check_conversions(&text, offsets.iter().map(|offset| to_u32(offset.index(text.len() + 2))));
        }
    }

    #[test]
    fn lines_and_columns_that_do_not_exist_are_the_next_end() {
        let text = "aé\r\n😀";
        let lines = LineIndex::new(text);
        let byte = |line, column| lines.byte_of_line_column(text, LineColumn { line, column }, TextUnit::Utf16);
        assert_eq!([byte(0, 2), byte(0, 3), byte(0, 99), byte(1, 0), byte(1, 1), byte(1, 2)], [3, 3, 3, 5, 5, 9]);
        assert_eq!([byte(1, u32::MAX), byte(2, 0), byte(u32::MAX, u32::MAX)], [9, 9, 9]);
        let position = |line, column| lines.byte_of_position(text, Position { line, column });
        assert_eq!([position(0, 0), position(1, 1), position(2, 1), position(2, 2), position(3, 1)], [0, 0, 5, 9, 9]);
    }

    #[test]
    fn another_text_than_the_indexed_one_does_not_panic() {
        let text = "😀".repeat(125) + "\n" + &"😀".repeat(300);
        let other = "a".repeat(2_000);
        for (indexed, passed) in [(&text, &other), (&other, &text)] {
            let lines = LineIndex::new(indexed);
            for (offset, unit) in (0..2_100).step_by(3).flat_map(|offset| UNITS.map(|unit| (offset, unit))) {
                let place = lines.line_column(passed, offset, unit);
                assert!(lines.byte_of_line_column(passed, place, unit) <= to_u32(indexed.len().max(passed.len())));
            }
        }
    }

    #[test]
    fn line_span_leaves_out_what_ends_the_line() {
        let text = "a\r\nbc\nd\r";
        let lines = LineIndex::new(text);
        assert_eq!(lines.line_span(text, 1).slice(text), "a");
        assert_eq!(lines.line_span(text, 2).slice(text), "bc");
        // No line ends here.
        assert_eq!(lines.line_span(text, 3).slice(text), "d\r");
        assert_eq!(lines.line_span(text, 4).slice(text), "");
        assert_eq!(lines.line_span(text, 9).slice(text), "");
    }

    #[test]
    fn a_backward_span_is_empty() {
        assert!(Span::new(5, 3).is_empty());
        assert_eq!(Span::new(5, 3).slice("abc"), "");
    }
}
