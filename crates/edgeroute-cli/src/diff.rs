//! `edgeroute diff`: shows what a change of a manifest does.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use edgeroute_analysis::diff::{Comparer, Declared, MessageComparer, Summary};
use edgeroute_analysis::render::{Color, diff_json, diff_text, message_difference_json, message_difference_text};

use crate::color::ColorArguments;
use crate::compiled::CompiledFile;
use crate::manifests::ReadingArguments;
use crate::messages::{Messages, StreamArguments};
use crate::{Outcome, count, input};

const ABOUT: &str = "\
Show what a change of a manifest does.

Lists the routes that were added, removed, renamed, moved and changed. For each, decides whether any message can be \
delivered differently: to another endpoint, with another priority, or with another time to live. If so, shows such a \
message, in the form that `edgeroute match` reads. If not, this is proved. Where neither a message nor a proof is found, \
the change is reported as undecided.

With --messages, also lists which of these messages go elsewhere.";

const EXAMPLES: &str = "\
Examples:
  edgeroute diff old.json new.json
  git show main:deployment.json | edgeroute diff - deployment.json
  edgeroute diff old.json new.json --messages messages.jsonl
  edgeroute diff --format json old.json new.json | jq .answer

Exit codes:
  0  every message is delivered the same: this is proved
  1  messages are delivered differently, or it is undecided; with --messages: one of them is delivered differently
  2  the arguments or an input could not be used";

/// Show what a change of a manifest does
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The manifest before the change; - for standard input
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The manifest after the change; - for standard input
    #[arg(value_name = "NEW")]
    new: PathBuf,
    #[command(flatten)]
    reading: ReadingArguments,
    #[command(flatten)]
    messages: StreamArguments,
    /// Maximum number of messages to list
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    list: usize,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    color: ColorArguments,
}

#[derive(Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The changes, with an example of a message for each difference
    Text,
    /// One JSON document; with --messages, one further line for each message that goes elsewhere
    Json,
}

/// Compares the manifests, and then their deliveries of the messages.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let Arguments { old, new, reading, .. } = arguments;
    input::check_stdin_once([old, new])?;
    let [Some(old), Some(new)] = [declared(old, reading)?, declared(new, reading)?] else {
        return Ok(Outcome::Unusable);
    };
    let diff = Comparer::new().compare(&old, &new);
    let (out, color) = arguments.color.stream(io::stdout().lock());
    let mut out = io::BufWriter::new(out);
    match arguments.format {
        Format::Text => write!(out, "{}", diff_text(&diff, color))?,
        Format::Json => writeln!(out, "{}", diff_json(&diff))?,
    }
    let outcome = if arguments.messages.is_given() {
        compare_messages(&old, &new, arguments, color, &mut out)?
    } else if diff.answer() == Summary::Same {
        Outcome::Well
    } else {
        Outcome::Problems
    };
    out.flush()?;
    Ok(outcome)
}

/// Reads the routes of a manifest. Those that do not compile are compared, too; the errors of the manifest itself are
/// reported on standard error, and then there are no routes.
fn declared(path: &Path, reading: &ReadingArguments) -> io::Result<Option<Declared>> {
    let file = CompiledFile::read(&[path], reading)?;
    if file.manifest().is_none() {
        file.report_problems();
    }
    Ok(file.manifest().map(Declared::from))
}

fn compare_messages(
    old: &Declared,
    new: &Declared,
    arguments: &Arguments,
    color: Color,
    out: &mut impl Write,
) -> io::Result<Outcome> {
    let mut comparer = MessageComparer::new(old, new).map_err(io::Error::other)?;
    let mut messages = Messages::of_stream(&arguments.messages)?;
    while let Some((number, line)) = messages.next(|| out.flush())? {
        let message = match line.message() {
            Ok(message) => message,
            Err(problem) => {
                messages.report(&problem);
                continue;
            }
        };
        let Some(difference) = comparer.compare(&message) else {
            continue;
        };
        match arguments.format {
            Format::Json => writeln!(out, "{}", message_difference_json(number, &difference))?,
            Format::Text if comparer.different() <= arguments.list => {
                write!(out, "\n{}", message_difference_text(number, &difference, color))?;
            }
            Format::Text => {}
        }
    }
    let different = comparer.different();
    if arguments.format == Format::Text {
        let is_cut = if different > arguments.list { format!(", {} listed", arguments.list) } else { String::new() };
        let are = if comparer.compared() == 1 { "is" } else { "are" };
        writeln!(
            out,
            "\n{different} of {} {are} delivered differently{is_cut}",
            count(comparer.compared(), "message")
        )?;
    }
    Ok(if messages.bad_lines() > 0 {
        Outcome::Unusable
    } else if different > 0 {
        Outcome::Problems
    } else {
        Outcome::Well
    })
}
