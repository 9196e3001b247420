//! The command line: try routes on messages, check manifests.
//!
//! Thin: it reads, calls the library, prints. Results go to standard output, everything else to standard error.
//! Exit codes: 0, all is well; 1, a manifest has problems; 2, the arguments or some input could not be used.
#![forbid(unsafe_code)]

mod cases;
mod check;
mod color;
mod compiled;
mod coverage;
mod document;
mod explain;
mod explain_code;
mod fmt;
mod graph;
mod input;
mod lines;
mod lint;
mod lint_config;
mod matching;
mod message_line;
mod messages;
mod output;
mod reporting;
mod test;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Try the routes of an IoT Edge hub before they ship.
#[derive(Parser)]
#[command(version, propagate_version = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  a manifest has problems
  2  the arguments, or some input, could not be used";

/// A command's arguments, and the help that goes with them, are in its module.
#[derive(Subcommand)]
enum Command {
    Match(matching::Arguments),
    Explain(explain::Arguments),
    Test(test::Arguments),
    Coverage(coverage::Arguments),
    Check(check::Arguments),
    Lint(lint::Arguments),
    Graph(graph::Arguments),
    Fmt(fmt::Arguments),
    ExplainCode(explain_code::Arguments),
}

/// How a command ends that did not fail outright.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Well,
    Problems,
    Unusable,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Match(arguments) => matching::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Coverage(arguments) => coverage::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Graph(arguments) => graph::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::ExplainCode(arguments) => explain_code::run(&arguments),
    };
    match outcome {
        Ok(Outcome::Well) => ExitCode::SUCCESS,
        Ok(Outcome::Problems) => ExitCode::from(1),
        Ok(Outcome::Unusable) => ExitCode::from(2),
        // Whoever read the output has what they wanted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            input::report(&format!("edgeroute: {error}"));
            ExitCode::from(2)
        }
    }
}

/// A number with its noun: `1 route`, `2 routes`.
fn count(number: usize, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {what}s"),
    }
}
