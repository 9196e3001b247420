use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use ureq::http::Method;

use super::api::Api;
use super::show::{number, string};
use super::{Failure, Out};
use crate::config::Config;

/// The longest line of a record, in bytes: a body of 256 KiB in base64, with properties.
const LONGEST_LINE: u64 = 2 * 1024 * 1024;

/// The arguments of `record`.
#[derive(Args, Clone, Debug)]
pub(super) struct RecordArguments {
    /// file to write, or - for standard output
    file: PathBuf,
    /// end after this many messages [default: when interrupted]
    #[arg(long, value_name = "NUMBER")]
    count: Option<usize>,
}

/// The arguments of `replay`.
#[derive(Args, Clone, Debug)]
pub(super) struct ReplayArguments {
    /// file to read, or - for standard input
    file: PathBuf,
}

/// Writes messages as they pass, one a line.
pub(super) fn record(arguments: &RecordArguments, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let lines = Api::of(&config.data)?.lines("/api/record")?;
    let mut file;
    let out: Out<'_> = if is_standard(&arguments.file) {
        out
    } else {
        file = File::create_new(&arguments.file)
            .map_err(|error| Failure::new(format!("cannot create `{}`: {error}", arguments.file.display())))?;
        &mut file
    };
    for line in lines.take(arguments.count.unwrap_or(usize::MAX)) {
        let line = line?;
        if let Some(problem) = problem(&line) {
            return Err(Failure::new(problem));
        }
        // A line is written whole, so that an interruption leaves a file that can be read.
        out.write_all(format!("{line}\n").as_bytes())?;
        out.flush()?;
    }
    if arguments.count.is_some() { Ok(()) } else { Err(Failure::new("the hub has stopped")) }
}

/// Returns the message of a line that reports an error.
fn problem(line: &str) -> Option<String> {
    let start = r#"{"error""#;
    if !line.starts_with(start) {
        return None;
    }
    let line: Value = serde_json::from_str(line).ok()?;
    Some(string(line.get("error")?, "message").to_owned())
}

/// Sends recorded messages again, in order. Ends at the first that the hub does not take.
pub(super) fn replay(arguments: &ReplayArguments, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let api = Api::of(&config.data)?;
    let mut reader: Box<dyn BufRead> = if is_standard(&arguments.file) {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let file = File::open(&arguments.file)
            .map_err(|error| Failure::new(format!("cannot read `{}`: {error}", arguments.file.display())))?;
        Box::new(BufReader::new(file))
    };
    let (mut messages, mut deliveries) = (0_u64, 0_u64);
    let mut number_of_line = 0_u64;
    while let Some(line) = read_line(&mut reader)? {
        number_of_line += 1;
        if line.trim().is_empty() {
            continue;
        }
        let accepted = api
            .send_text(Method::POST, "/api/messages", Some(line))
            .map_err(|failure| Failure::new(format!("{}:{number_of_line}: {failure}", arguments.file.display())))?;
        messages += 1;
        deliveries += number(&accepted, "deliveries");
    }
    writeln!(out, "{messages} messages sent, {deliveries} deliveries")?;
    Ok(())
}

fn read_line(reader: &mut dyn BufRead) -> Result<Option<String>, Failure> {
    let mut line = Vec::new();
    let length = io::Read::take(reader, LONGEST_LINE + 1).read_until(b'\n', &mut line)?;
    if length as u64 > LONGEST_LINE {
        return Err(Failure::new("a line is longer than 2 MiB"));
    }
    if length == 0 { Ok(None) } else { Ok(Some(String::from_utf8(line)?)) }
}

fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}
