//! Reads messages as JSON lines from a file or standard input, for every command that takes them.
//!
//! A line that is not a valid message is reported with its number, and reading continues.

use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use crate::input::{self, printable};
use crate::lines::{Line, Lines};
use crate::message_line::{InvalidMessage, MessageLine};

/// Where messages come from.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct MessageArguments {
    /// Messages as JSON lines; - for standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    messages: PathBuf,
    /// Maximum length of a line, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    max_line_bytes: usize,
}

impl MessageArguments {
    /// # Errors
    /// Fails if the manifest is read from standard input as well.
    pub(crate) fn check_beside(&self, manifest: &Path) -> io::Result<()> {
        if input::is_stdin(manifest) && input::is_stdin(&self.messages) {
            return Err(io::Error::other("standard input cannot be both the manifest and the messages"));
        }
        Ok(())
    }
}

/// A stream of messages.
pub(crate) struct Messages {
    /// The name of the file in messages.
    name: String,
    lines: Lines<Box<dyn Read>>,
    limit: usize,
    progress: ProgressBar,
    bad_lines: usize,
}

impl Messages {
    /// Opens the stream.
    pub(crate) fn open(arguments: &MessageArguments) -> io::Result<Self> {
        let MessageArguments { messages, max_line_bytes } = arguments;
        if input::is_stdin(messages) && io::stdin().is_terminal() {
            input::report("reading messages from standard input, one JSON object per line");
        }
        let (reader, length) = input::open(messages)?;
        Ok(Self {
            name: input::name(messages),
            lines: Lines::new(reader, *max_line_bytes),
            limit: *max_line_bytes,
            progress: progress_bar(length),
            bad_lines: 0,
        })
    }

    /// Returns the next message and its line number; `None` at the end. Calls `before_waiting` before reading a line
    /// that may not be available yet.
    pub(crate) fn next(
        &mut self,
        mut before_waiting: impl FnMut() -> io::Result<()>,
    ) -> io::Result<Option<(usize, MessageLine)>> {
        loop {
            if !self.lines.has_next_at_hand() {
                before_waiting()?;
            }
            let parsed = match self.lines.next_line()? {
                None => {
                    self.progress.finish_and_clear();
                    return Ok(None);
                }
                Some(Line::Whole(line)) if line.trim_ascii().is_empty() => continue,
                Some(Line::Whole(line)) => MessageLine::parse(line),
                Some(Line::TooLong(bytes)) => {
                    let reason = format!("the line has {bytes} bytes; the limit --max-line-bytes is {}", self.limit);
                    Err(InvalidMessage { column: None, reason })
                }
            };
            self.progress.set_position(self.lines.bytes());
            match parsed {
                Ok(message) => return Ok(Some((self.lines.number(), message))),
                Err(problem) => self.report(&problem),
            }
        }
    }

    /// The number of lines that are not valid messages.
    pub(crate) const fn bad_lines(&self) -> usize {
        self.bad_lines
    }

    /// Reports why the current line is not a valid message.
    pub(crate) fn report(&mut self, problem: &InvalidMessage) {
        self.bad_lines += 1;
        let column = problem.column.map(|column| format!(":{column}")).unwrap_or_default();
        let line = format!("{}:{}{column}: {}", self.name, self.lines.number(), printable(&problem.reason));
        self.progress.suspend(|| input::report(&line));
    }
}

/// Creates a progress bar. It is hidden if standard error is not a terminal, or if the results are printed on the same
/// one.
fn progress_bar(length: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() || io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {elapsed}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
