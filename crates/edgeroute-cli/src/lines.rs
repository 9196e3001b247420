//! Reads a stream line by line in bounded memory.
//!
//! A line longer than the limit is skipped and not kept, so a hostile line costs only its reading time.

use std::io::{self, BufRead as _, BufReader, Read};

/// The result of reading a line.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Advance {
    /// The stream has ended.
    End,
    /// There is a line.
    Line,
    /// There is a line of this many bytes, which is more than the limit. Only its beginning is kept.
    TooLong(usize),
}

/// Lines, counted from 1.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    limit: usize,
    /// The current line; never longer than `limit` plus a line ending.
    buffer: Vec<u8>,
    number: usize,
    bytes: u64,
}

impl<R: Read> Lines<R> {
    /// Creates a reader for lines of at most `limit` bytes.
    pub(crate) fn new(reader: R, limit: usize) -> Self {
        Self::with_capacity(1 << 16, reader, limit)
    }

    fn with_capacity(capacity: usize, reader: R, limit: usize) -> Self {
        Self { reader: BufReader::with_capacity(capacity, reader), limit, buffer: Vec::new(), number: 0, bytes: 0 }
    }

    /// The number of the last line read.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// The number of bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the next line is already buffered, so that reading it cannot block.
    pub(crate) fn has_next_at_hand(&self) -> bool {
        self.reader.buffer().contains(&b'\n')
    }

    /// Reads the next line, which [`current`](Self::current) then returns.
    pub(crate) fn advance(&mut self) -> io::Result<Advance> {
        self.buffer.clear();
        let mut length: usize = 0;
        let mut is_ended = false;
        while !is_ended {
            let chunk = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                break;
            }
            let newline = chunk.iter().position(|&byte| byte == b'\n');
            is_ended = newline.is_some();
            let (content, _) = chunk.split_at(newline.unwrap_or(chunk.len()));
            let room = self.limit.saturating_add(1).saturating_sub(self.buffer.len());
            self.buffer.extend(content.iter().take(room));
            length = length.saturating_add(content.len());
            let used = content.len() + usize::from(is_ended);
            self.bytes = self.bytes.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
            self.reader.consume(used);
        }
        if length == 0 && !is_ended {
            return Ok(Advance::End);
        }
        self.number += 1;
        Ok(if self.buffer.len() > self.limit { Advance::TooLong(length) } else { Advance::Line })
    }

    /// The last line that was read, without its line ending.
    pub(crate) fn current(&self) -> &[u8] {
        let line = self.buffer.strip_suffix(b"\r").unwrap_or(&self.buffer);
        // Some tools begin a file with a byte-order mark.
        if self.number == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], limit: usize) -> Vec<String> {
        let mut lines = Lines::with_capacity(3, text, limit);
        let mut shown = Vec::new();
        loop {
            match lines.advance().unwrap() {
                Advance::End => break,
                Advance::Line => shown.push(String::from_utf8_lossy(lines.current()).into_owned()),
                Advance::TooLong(length) => shown.push(format!("<{length}>")),
            }
        }
        assert_eq!(usize::try_from(lines.bytes()), Ok(text.len()));
        assert_eq!(lines.number(), shown.len());
        shown
    }

    #[test]
    fn lines_end_at_newlines_and_at_the_end() {
        assert_eq!(read(b"", 9), Vec::<String>::new());
        assert_eq!(read(b"a\nbcd\r\n\ne", 9), ["a", "bcd", "", "e"]);
        assert_eq!(read(b"a\n", 9), ["a"]);
    }

    #[test]
    fn a_line_over_the_limit_is_counted_and_not_kept() {
        assert_eq!(read(b"abcdefgh\nabcd\nabcde\nz", 4), ["<8>", "abcd", "<5>", "z"]);
    }

    #[test]
    fn lines_at_hand_are_known() {
        let mut lines = Lines::with_capacity(4, b"a\nb\ncdefg\n".as_slice(), 9);
        let mut at_hand = Vec::new();
        while lines.advance().unwrap() != Advance::End {
            at_hand.push(lines.has_next_at_hand());
        }
        assert_eq!(at_hand, [true, false, false]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        assert_eq!(read(b"\xEF\xBB\xBFa\nb", 9), ["a", "b"]);
    }
}
