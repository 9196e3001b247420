//! Splits a stream into JSON objects: one on each line, or over several lines, or in an array.
//!
//! A line is one record, so that a bad line does not spoil the next. The exceptions are recognised by lines that cannot
//! be a record: a line with only an opening brace begins an object that ends with its closing brace, as tools print
//! it; a line that begins with an opening bracket is an array or a part of one, whose elements are the records.

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
    /// Whether an array over several lines has begun and not ended.
    is_in_array: bool,
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
        Self { lines, limit, number: 0, value: Vec::new(), elements: VecDeque::new(), is_in_array: false }
    }

    /// The line on which the last record begins, counted from 1.
    pub(crate) const fn number(&self) -> usize {
        self.number
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
            Some(Found::Line) => {
                let line = self.lines.current();
                // An element of an array with one element on each line.
                let element = line.trim_ascii_end().strip_suffix(b",").filter(|_| self.is_in_array);
                Some(Record::Whole(element.unwrap_or(line)))
            }
            Some(Found::Value) => Some(Record::Whole(&self.value)),
            Some(Found::Element(range)) => Some(Record::Whole(self.value.get(range).unwrap_or_default())),
            Some(Found::TooLong(length)) => Some(Record::TooLong(length)),
        })
    }

    fn find(&mut self) -> io::Result<Option<Found>> {
        loop {
            if let Some(element) = self.elements.pop_front() {
                return Ok(Some(Found::Element(element)));
            }
            match self.lines.advance()? {
                Advance::End => {
                    // The parser reports that the array has no end.
                    self.value = b"[".to_vec();
                    return Ok(std::mem::take(&mut self.is_in_array).then_some(Found::Value));
                }
                Advance::Line => self.number = self.lines.number(),
                Advance::TooLong(length) => {
                    self.number = self.lines.number();
                    return Ok(Some(Found::TooLong(length)));
                }
            }
            match self.lines.current().trim_ascii() {
                [] | [b','] => {}
                [b'['] => self.is_in_array = true,
                [b']'] | [b']', b','] if self.is_in_array => self.is_in_array = false,
                [b'{'] => return self.read_object().map(Some),
                [b'[', rest @ ..] if rest.trim_ascii() == b"{" => {
                    self.is_in_array = true;
                    return self.read_object().map(Some);
                }
                array @ [b'[', .., b']'] if depth(array) == 0 && !ends_early(array) => {
                    self.elements = elements(array);
                    self.value = array.to_vec();
                }
                _ => return Ok(Some(Found::Line)),
            }
        }
    }

    /// Reads the rest of an object that begins at the end of the current line.
    fn read_object(&mut self) -> io::Result<Found> {
        self.value.clear();
        self.value.push(b'{');
        let mut open = 1;
        let mut length = 1_usize;
        while open > 0 {
            let added = match self.lines.advance()? {
                Advance::End => break,
                Advance::Line => self.lines.current().len(),
                Advance::TooLong(length) => length,
            };
            let line = self.lines.current();
            length = length.saturating_add(1).saturating_add(added);
            open += depth(line);
            if length <= self.limit {
                self.value.push(b'\n');
                self.value.extend(line);
            }
        }
        if length > self.limit {
            return Ok(Found::TooLong(length));
        }
        // The comma and the bracket after the last brace belong to an array.
        let end = self.value.iter().rposition(|&byte| byte == b'}').map_or(self.value.len(), |at| at + 1);
        let rest = self.value.get(end..).unwrap_or_default();
        if self.is_in_array && rest.iter().all(|byte| b" \t\r\n,]".contains(byte)) {
            self.is_in_array = !rest.contains(&b']');
            self.value.truncate(end);
        }
        Ok(Found::Value)
    }
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

/// The elements of an array on one line.
fn elements(line: &[u8]) -> VecDeque<Range<usize>> {
    let mut elements = VecDeque::new();
    let (mut depth, mut start) = (0_usize, None);
    tokens(line, |byte, at| match byte {
        b'{' | b'[' => {
            if depth == 1 {
                start = start.or(Some(at));
            }
            depth += 1;
        }
        b'}' | b']' => {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                elements.extend(start.take().map(|start| start..at));
            }
        }
        b',' if depth == 1 => elements.extend(start.take().map(|start| start..at)),
        b' ' | b'\t' | b'\r' => {}
        _ if depth == 1 => start = start.or(Some(at)),
        _ => {}
    });
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
        assert_eq!(read("[\n  {\n    \"a\": 1\n  },\n  {}\n]\n", 99), [at(2, "{\n    \"a\": 1\n  }"), at(5, "  {}"),]);
        assert_eq!(read("[{\n\"a\": 1\n}]", 99), [at(1, "{\n\"a\": 1\n}")]);
        assert_eq!(read("[]\n", 99), []);
        assert_eq!(read("[\n{},\n{}\n", 99), [at(2, "{}"), at(3, "{}"), at(3, "[")]);
        assert_eq!(read("[{}] x\n[{}][]\n{},\n]", 99), [at(1, "[{}] x"), at(2, "[{}][]"), at(3, "{},"), at(4, "]"),]);
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
