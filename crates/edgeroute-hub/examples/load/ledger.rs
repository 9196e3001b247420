//! Ledgers: files of JSON lines, one for each message that was acknowledged or received.
//!
//! The first line of a ledger of `send` is `{"first":F,"senders":S}`. The others are `{"s":SENDER,"n":NUMBER,"t":MICROSECONDS}`;
//! those of `sink` have `"d":true` for a PUBLISH with the flag DUP, and the input in `"i"`. A message that `sink`
//! cannot read is `{"bad":REASON}`.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::payload::{Mark, Received, now};
use crate::{Failure, Result};

/// Appends to a ledger. Without a file it does nothing.
pub(crate) struct Ledger {
    file: Option<Mutex<BufWriter<File>>>,
}

/// The first line of a ledger of `send`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Header {
    /// The number of the first sender; the others follow it.
    pub(crate) first: u32,
    pub(crate) senders: u32,
}

/// A line of a ledger.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Line {
    Message {
        s: u32,
        n: u64,
        #[serde(default)]
        i: String,
    },
    Header(Header),
    Bad {
        bad: String,
    },
}

impl Ledger {
    /// Makes a ledger anew.
    pub(crate) fn create(path: Option<&PathBuf>) -> Result<Self> {
        let open = |path: &PathBuf| File::create(path).map_err(|error| format!("{}: {error}", path.display()));
        Ok(Self { file: path.map(open).transpose()?.map(|file| Mutex::new(BufWriter::new(file))) })
    }

    pub(crate) fn header(&self, header: Header) -> Result<()> {
        self.write(|| serde_json::to_string(&header).unwrap_or_default())
    }

    pub(crate) fn acknowledged(&self, mark: Mark) -> Result<()> {
        self.write(|| format!(r#"{{"s":{},"n":{},"t":{}}}"#, mark.sender, mark.number, now()))
    }

    pub(crate) fn received(&self, message: &Received, duplicate: bool) -> Result<()> {
        let Received { mark, input, .. } = message;
        self.write(|| {
            let duplicate = if duplicate { r#","d":true"# } else { "" };
            let input = serde_json::Value::from(input.as_str());
            format!(r#"{{"s":{},"n":{},"t":{}{duplicate},"i":{input}}}"#, mark.sender, mark.number, now())
        })
    }

    pub(crate) fn unreadable(&self, reason: &str) -> Result<()> {
        self.write(|| serde_json::json!({ "bad": reason }).to_string())
    }

    /// Writes what is buffered, so that another process can read it.
    pub(crate) fn flush(&self) -> Result<()> {
        match &self.file {
            Some(file) => Ok(file.lock().unwrap_or_else(PoisonError::into_inner).flush()?),
            None => Ok(()),
        }
    }

    fn write(&self, line: impl FnOnce() -> String) -> Result<()> {
        if let Some(file) = &self.file {
            writeln!(file.lock().unwrap_or_else(PoisonError::into_inner), "{}", line())?;
        }
        Ok(())
    }
}

/// Calls `each` with the lines of a ledger.
pub(crate) fn read(path: &Path, mut each: impl FnMut(Line) -> Result<()>) -> Result<()> {
    let place = |number: usize, error: Failure| format!("{}:{}: {error}", path.display(), number + 1);
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| place(number, error.into()))?;
        serde_json::from_str(&line).map_err(Failure::from).and_then(&mut each).map_err(|error| place(number, error))?;
    }
    Ok(())
}
