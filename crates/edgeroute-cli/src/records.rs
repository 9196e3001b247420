//! Splits a stream into JSON objects: one on each line, or over several lines, or in an array.
//!
//! A line is one record, so that a bad line does not spoil the next. The exceptions are recognised by lines that cannot
//! be a record: a line that begins with a brace, and ends with one that is still open or with a comma, begins an object
//! over several lines; a line that begins with a bracket begins an array, whose elements are the records.

use core::ops::Range;
use std::collections::VecDeque;
use std::io::{self, Read};

use crate::lines::{Advance, Lines};

/// The next record of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record<'b> {
    Whole(&'b [u8]),
    /// A record of at least this many bytes, which is more than the limit.
    TooLong(usize),
}

/// The records of a stream, in bounded memory.
#[derive(Debug)]
pub(crate) struct Records<R> {
    lines: Lines<R>,
    limit: usize,
    /// The line of the current record, counted from 1.
    number: usize,
    /// An object on several lines, or an array on one; never longer than `limit`.
    value: Vec<u8>,
    /// The elements of the array in `value` that have not been returned.
    elements: VecDeque<Range<usize>>,
    /// The line on which `value` begins.
    first: usize,
    /// The number of bytes before the current record in its line.
    columns: usize,
}

/// Where the current record is.
enum Found {
    Line,
    Value,
    Element(Range<usize>),
    TooLong(usize),
}

impl<R: Read> Records<R> {
    /// Creates a reader for records of at most `limit` bytes.
    pub(crate) fn new(reader: R, limit: usize) -> Self {
        let lines = Lines::new(reader, limit);
        Self { lines, limit, number: 0, value: Vec::new(), elements: VecDeque::new(), first: 0, columns: 0 }
    }

    /// The line on which the last record begins, counted from 1.
    pub(crate) const fn number(&self) -> usize {
        self.number
    }

    /// The number of bytes before the last record in its line.
    pub(crate) const fn columns(&self) -> usize {
        self.columns
    }

    /// The number of bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    /// Whether the next line is already buffered, so that reading it cannot block.
    pub(crate) fn has_next_at_hand(&self) -> bool {
        !self.elements.is_empty() || self.lines.has_next_at_hand()
    }

    /// Reads the next record; returns `None` at the end of the stream.
    pub(crate) fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        Ok(match self.find()? {
            None => None,
            Some(Found::Line) => Some(Record::Whole(self.lines.current())),
            Some(Found::Value) => Some(Record::Whole(&self.value)),
            Some(Found::Element(range)) => Some(Record::Whole(self.value.get(range).unwrap_or_default())),
            Some(Found::TooLong(length)) => Some(Record::TooLong(length)),
        })
    }

    fn find(&mut self) -> io::Result<Option<Found>> {
        loop {
            if let Some(element) = self.elements.pop_front() {
                let before = self.value.get(..element.start).unwrap_or_default();
                self.number = self.first + newlines(before);
                self.columns = before.iter().rev().take_while(|&&byte| byte != b'\n').count();
                return Ok(Some(Found::Element(element)));
            }
            self.columns = 0;
            let advanced = self.lines.advance()?;
            self.number = self.lines.number();
            match advanced {
                Advance::End => return Ok(None),
                Advance::TooLong(length) => return Ok(Some(Found::TooLong(length))),
                Advance::Line => {}
            }
            let line = self.lines.current().trim_ascii();
            // Most lines are whole records, which are not scanned.
            let may_continue = matches!(line.last(), Some(b'{' | b'[' | b','));
            match line {
                [] => {}
                [b'[', ..] if depth(line) == 0 && !ends_early(line) => {
                    self.first = self.number;
                    self.value = self.lines.current().to_vec();
                    self.elements = elements(&self.value);
                }
                [b'[', ..] if depth(line) > 0 => match self.read_value()? {
                    // Of an array that does not end, the elements that do are still read.
                    Found::Value => self.elements = elements(&self.value),
                    other => return Ok(Some(other)),
                },
                [b'{', ..] if may_continue && depth(line) > 0 => return self.read_value().map(Some),
                _ => return Ok(Some(Found::Line)),
            }
        }
    }

    /// Reads the rest of an object or an array that begins in the current line.
    fn read_value(&mut self) -> io::Result<Found> {
        self.first = self.number;
        self.value = self.lines.current().to_vec();
        let mut open = depth(&self.value);
        let mut length = self.value.len();
        while open > 0 {
            let added = match self.lines.advance()? {
                Advance::End => break,
                Advance::Line => self.lines.current().len(),
                Advance::TooLong(length) => length,
            };
            length = length.saturating_add(1).saturating_add(added);
            open += depth(self.lines.current());
            if length <= self.limit {
                self.value.push(b'\n');
                self.value.extend(self.lines.current());
            }
        }
        Ok(if length > self.limit { Found::TooLong(length) } else { Found::Value })
    }
}

fn newlines(text: &[u8]) -> usize {
    text.split(|&byte| byte == b'\n').count() - 1
}

/// The number of brackets and braces that a line opens, less those that it closes. A string does not continue on the
/// next line.
fn depth(line: &[u8]) -> isize {
    let mut depth = 0;
    tokens(line, |byte, _| match byte {
        b'{' | b'[' => depth += 1,
        b'}' | b']' => depth -= 1,
        _ => {}
    });
    depth
}

/// Whether a value ends before the end of a line.
fn ends_early(line: &[u8]) -> bool {
    let (mut depth, mut ends_early) = (0_isize, false);
    let last = line.len().saturating_sub(1);
    tokens(line, |byte, at| {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        ends_early |= depth == 0 && at < last;
    });
    ends_early
}

/// The elements of an array. What follows its last element is one of them if it is not the end of the array.
fn elements(array: &[u8]) -> VecDeque<Range<usize>> {
    let mut elements = VecDeque::new();
    let (mut depth, mut start, mut end) = (0_usize, None, None);
    tokens(array, |byte, at| match byte {
        b'{' | b'[' => {
            if depth > 0 || end.is_some() {
                start = start.or(Some(at));
            }
            depth += 1;
        }
        b'}' | b']' => {
            depth = depth.saturating_sub(1);
            if depth == 0 && end.is_none() {
                elements.extend(start.take().map(|start| start..at));
                end = Some(at);
            }
        }
        b',' if depth == 1 => {
            // Two commas have an empty element between them, which is an error.
            elements.push_back(start.take().unwrap_or(at)..at);
        }
        b' ' | b'\t' | b'\r' | b'\n' => {}
        _ if depth == 1 || end.is_some() => start = start.or(Some(at)),
        _ => {}
    });
    // The last element of an array without an end, or text after the array.
    elements.extend(start.map(|start| start..array.len()));
    if end.is_none() {
        // The parser reports that something is missing.
        elements.push_back(array.len()..array.len());
    }
    elements
}

/// Calls `visit` for each byte outside of strings, and for the opening quote of each string.
fn tokens(line: &[u8], mut visit: impl FnMut(u8, usize)) {
    let (mut is_in_string, mut is_escaped) = (false, false);
    for (at, &byte) in line.iter().enumerate() {
        if is_escaped {
            is_escaped = false;
        } else if is_in_string {
            is_escaped = byte == b'\\';
            is_in_string = byte != b'"';
        } else {
            is_in_string = byte == b'"';
            visit(byte, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str, limit: usize) -> Vec<(usize, String)> {
        let mut records = Records::new(text.as_bytes(), limit);
        let mut shown = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            let record = match record {
                Record::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Record::TooLong(length) => format!("<{length}>"),
            };
            shown.push((records.number(), record));
        }
        shown
    }

    fn at(line: usize, record: &str) -> (usize, String) {
        (line, record.to_owned())
    }

    #[test]
    fn each_line_is_a_record() {
        assert_eq!(
            read("{\"a\": 1}\n\nnonsense\n{\"b\": [\n", 99),
            [at(1, "{\"a\": 1}"), at(3, "nonsense"), at(4, "{\"b\": ["),]
        );
    }

    #[test]
    fn an_object_over_several_lines_is_a_record() {
        let text = "{\n  \"a\": \"}\\\"{\",\n  \"b\": {}\n}\n{\"c\": 1}\n{\n}\n";
        let expected = [at(1, "{\n  \"a\": \"}\\\"{\",\n  \"b\": {}\n}"), at(5, "{\"c\": 1}"), at(6, "{\n}")];
        assert_eq!(read(text, 99), expected);
        assert_eq!(read("{\n\"a\": 1\n", 99), [at(1, "{\n\"a\": 1")]);
        assert_eq!(read("{\n\"a\": 123456\n}\n{}", 9), [at(1, "<15>"), at(4, "{}")]);
    }

    #[test]
    fn the_elements_of_an_array_are_records() {
        assert_eq!(read("[{\"a\": [1, {}]}, 5 ,{}]\n", 99), [at(1, "{\"a\": [1, {}]}"), at(1, "5 "), at(1, "{}")]);
        assert_eq!(
            read("[{\"a\": 1},\n{},\n{}]\n{}", 99),
            [at(1, "{\"a\": 1}"), at(2, "{}"), at(3, "{}"), at(4, "{}"),]
        );
        assert_eq!(read("[{},{\n\"a\": 1},{}]", 99), [at(1, "{}"), at(1, "{\n\"a\": 1}"), at(2, "{}")]);
        assert_eq!(read("[\n  {\n    \"a\": 1\n  },\n  {}\n]\n", 99), [at(2, "{\n    \"a\": 1\n  }"), at(5, "{}\n"),]);
        assert_eq!(read("[]\n[{}, {}", 99), [at(2, "{}"), at(2, "{}"), at(2, "")]);
    }

    #[test]
    fn nothing_is_lost_of_a_damaged_array() {
        assert_eq!(read("[\n{},\n{}\n", 99), [at(2, "{}"), at(3, "{}"), at(3, "")]);
        assert_eq!(read("[{}] x\n[{}][]", 99), [at(1, "[{}] x"), at(2, "[{}][]")]);
        assert_eq!(read("[{},,{}]", 99), [at(1, "{}"), at(1, ""), at(1, "{}")]);
        assert_eq!(read("[{\n},\n] x", 99), [at(1, "{\n}"), at(3, "x")]);
    }

    proptest! {
        #[test]
        fn every_layout_has_the_same_records(
            strings in prop::collection::vec(("[a\"\\\\{}\\[\\],\n]{0,6}", 0..4_u8), 0..5),
        ) {
            let values: Vec<Value> = strings
                .iter()
                .map(|(text, shape)| match shape {
                    0 => json!({}),
                    1 => json!({ "a": text }),
                    2 => json!({ "a": [text, {}], "b": { "c": text } }),
                    _ => json!({ "a": [], "b": null }),
                })
                .collect();
            let on_lines = |shown: Vec<String>| shown.join("\n") + "\n";
            let lines = on_lines(values.iter().map(Value::to_string).collect());
            let pretty = on_lines(values.iter().map(|value| format!("{value:#}")).collect());
            let array = Value::from(values.clone());
            for text in [lines, pretty, format!("{array}"), format!("{array:#}")] {
                let read: Vec<Value> = read(&text, 1_000)
                    .iter()
                    .map(|(_, record)| serde_json::from_str(record).unwrap())
                    .collect();
                prop_assert_eq!(&read, &values, "{}", text);
            }
        }
    }
}
