//! Reads messages as JSON from a file or standard input, or makes one from the command line, for every command that takes
//! them.
//!
//! A message that is not valid is reported with its line, and reading continues.

use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use crate::input::{self, printable};
use crate::message_line::{InvalidMessage, MessageLine};
use crate::one_message::OneMessageArguments;
use crate::records::{Record, Records};

/// A stream of messages.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StreamArguments {
    /// Messages as JSON; - for standard input
    #[arg(long, value_name = "FILE")]
    messages: Option<PathBuf>,
    /// Maximum length of a message, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    max_line_bytes: usize,
}

impl StreamArguments {
    /// Whether a stream is given.
    pub(crate) const fn is_given(&self) -> bool {
        self.messages.is_some()
    }

    /// The file; standard input unless one is given.
    fn path(&self) -> &Path {
        self.messages.as_deref().unwrap_or(Path::new("-"))
    }
}

/// Where messages come from: a stream, or the command line.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct MessageArguments {
    #[command(flatten)]
    stream: StreamArguments,
    #[command(flatten)]
    message: OneMessageArguments,
}

impl MessageArguments {
    /// # Errors
    /// Fails if the manifest is read from standard input as well.
    pub(crate) fn check_beside(&self, manifest: &Path) -> io::Result<()> {
        if input::is_stdin(manifest) && !self.message.is_given() && input::is_stdin(self.stream.path()) {
            return Err(io::Error::other("standard input cannot be both the manifest and the messages"));
        }
        Ok(())
    }
}

/// Messages from a stream or from the command line.
pub(crate) struct Messages {
    /// The name of the file in messages.
    name: String,
    source: Source,
    limit: usize,
    progress: ProgressBar,
    bad_lines: usize,
}

enum Source {
    Stream(Records<Box<dyn Read>>),
    /// The message of the command line, until it has been returned.
    One(Option<MessageLine>),
}

impl Messages {
    /// Opens the stream, or takes the message of the command line.
    ///
    /// # Errors
    /// Fails if the file cannot be opened, if the message is not valid, or if there are both.
    pub(crate) fn open(arguments: &MessageArguments) -> io::Result<Self> {
        if !arguments.message.is_given() {
            return Self::of_stream(&arguments.stream);
        }
        if arguments.stream.is_given() {
            return Err(io::Error::other("give either --messages or a message on the command line, not both"));
        }
        let source = Source::One(Some(arguments.message.to_message()?));
        let name = "<command line>".to_owned();
        Ok(Self { name, source, limit: usize::MAX, progress: ProgressBar::hidden(), bad_lines: 0 })
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// Fails if the file cannot be opened.
    pub(crate) fn of_stream(arguments: &StreamArguments) -> io::Result<Self> {
        let path = arguments.path();
        if input::is_stdin(path) && io::stdin().is_terminal() {
            input::report("reading messages from standard input, as JSON");
        }
        let (reader, length) = input::open(path)?;
        let limit = arguments.max_line_bytes;
        let source = Source::Stream(Records::new(reader, limit));
        Ok(Self { name: input::name(path), source, limit, progress: progress_bar(length), bad_lines: 0 })
    }

    /// Returns the next message and the line on which it begins; `None` at the end. Calls `before_waiting` before
    /// reading a line that may not be available yet.
    pub(crate) fn next(
        &mut self,
        mut before_waiting: impl FnMut() -> io::Result<()>,
    ) -> io::Result<Option<(usize, MessageLine)>> {
        loop {
            let records = match &mut self.source {
                Source::One(message) => return Ok(message.take().map(|message| (1, message))),
                Source::Stream(records) => records,
            };
            if !records.has_next_at_hand() {
                before_waiting()?;
            }
            let parsed = match records.next_record()? {
                None => {
                    self.progress.finish_and_clear();
                    return Ok(None);
                }
                Some(Record::Whole(record)) => MessageLine::parse(record),
                Some(Record::TooLong(bytes)) => {
                    let reason = format!("the line has {bytes} bytes; the limit --max-line-bytes is {}", self.limit);
                    Err(InvalidMessage { place: None, reason })
                }
            };
            let (number, columns) = (records.number(), records.columns());
            self.progress.set_position(records.bytes());
            match parsed {
                Ok(message) => return Ok(Some((number, message))),
                Err(problem) => self.report_at(number, columns, &problem),
            }
        }
    }

    /// The number of lines that are not valid messages.
    pub(crate) const fn bad_lines(&self) -> usize {
        self.bad_lines
    }

    /// Reports why the current message is not valid.
    pub(crate) fn report(&mut self, problem: &InvalidMessage) {
        let (number, columns) = match &self.source {
            Source::Stream(records) => (records.number(), records.columns()),
            Source::One(_) => (1, 0),
        };
        self.report_at(number, columns, problem);
    }

    /// `columns` is the number of bytes before the message in line `number`.
    fn report_at(&mut self, number: usize, columns: usize, problem: &InvalidMessage) {
        self.bad_lines += 1;
        let place = match problem.place {
            Some((0, column)) => format!("{number}:{}", columns + column),
            Some((lines, column)) => format!("{}:{column}", number + lines),
            None => number.to_string(),
        };
        let line = format!("{}:{place}: {}", self.name, printable(&problem.reason));
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
