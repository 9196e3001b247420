//! `edgeroute coverage`: reports routes that never match, and messages that go nowhere.

use std::io::{self, Write};

use edgeroute_analysis::explain::{Coverage, RouteCoverage};
use edgeroute_analysis::render::{coverage_json, coverage_text};

use crate::Outcome;
use crate::color::ColorArguments;
use crate::compiled::{BadRoutesArguments, CompiledFile, ManifestArguments};
use crate::messages::{MessageArguments, Messages};

const ABOUT: &str = "\
Report routes that never match, and messages that no route takes.

For each route, reports how many messages it matched and how many of those it delivered, that is, how often no other \
route to the same endpoint took precedence. For a route that never matched, counts the reasons over the first messages. \
For messages that went nowhere, reports their sources, and the reasons for the first ones. Memory does not grow with the \
number of messages.

Messages have the format that `edgeroute match --help` describes.";

const EXAMPLES: &str = "\
Examples:
  edgeroute coverage deployment.json --messages messages.jsonl
  zcat log.jsonl.gz | edgeroute coverage deployment.json --list 100
  edgeroute coverage deployment.json --format json < messages.jsonl |
      jq -r '.routes[] | select(.matched == 0) | .name'

Exit codes:
  0  the report was written
  1  with --strict: a route never matched or a message went nowhere
  2  the arguments or an input could not be used";

/// Report routes that never match, and messages that no route takes
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    manifest: ManifestArguments,
    #[command(flatten)]
    messages: MessageArguments,
    /// Maximum number of undelivered messages to list
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    list: usize,
    /// Exit with 1 if a route never matched or a message went nowhere
    #[arg(long)]
    strict: bool,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    color: ColorArguments,
    #[command(flatten)]
    bad_routes: BadRoutesArguments,
}

#[derive(Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table of routes and the messages that went nowhere
    Text,
    /// One JSON document
    Json,
}

/// Counts where all messages go.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let file = CompiledFile::read_with_messages(&arguments.manifest, &[], &arguments.messages, arguments.bad_routes)?;
    let Some(file) = file else {
        return Ok(Outcome::Problems);
    };
    let routes = file.routes();
    let mut coverage = Coverage::new(&routes, arguments.list).map_err(io::Error::other)?;
    let mut messages = Messages::open(&arguments.messages)?;
    while let Some((number, line)) = messages.next(|| Ok(()))? {
        match line.message() {
            Ok(message) => coverage.add(number, &message),
            Err(problem) => messages.report(&problem),
        }
    }
    let (mut out, color) = arguments.color.stream(io::stdout().lock());
    let report = match arguments.format {
        Format::Text => coverage_text(&coverage, color),
        Format::Json => coverage_json(&coverage) + "\n",
    };
    out.write_all(report.as_bytes())?;
    out.flush()?;
    let is_full = coverage.nowhere() == 0 && coverage.routes().iter().all(|route| RouteCoverage::matched(route) > 0);
    Ok(if messages.bad_lines() > 0 {
        Outcome::Unusable
    } else if arguments.strict && !is_full {
        Outcome::Problems
    } else {
        Outcome::Well
    })
}
