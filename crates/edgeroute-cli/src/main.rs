//! The command line: checks manifests and tries routes on messages.
//!
//! It only reads input, calls the library and prints. Results go to standard output, everything else to standard error.
//! Exit codes: 0, success; 1, a check failed; 2, the arguments or some input could not be used.
#![forbid(unsafe_code)]

mod baseline;
mod cases;
mod check;
mod color;
mod compiled;
mod completions;
mod config;
mod coverage;
mod diff;
mod document;
mod eval;
mod examined;
mod explain;
mod explain_code;
mod fmt;
mod functions;
mod graph;
mod init;
mod input;
mod known;
mod lines;
mod lint;
mod man;
mod manifests;
mod matching;
mod merge;
mod message_line;
mod messages;
mod one_message;
mod output;
mod pages;
mod record;
mod records;
mod reporting;
mod schema;
mod test;
mod watch;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

// As in the program `edgeroute-hub`.
#[cfg(feature = "hub")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Check, explain and test the routes of an IoT Edge hub before you deploy them
#[derive(Parser)]
#[command(name = "edgeroute", version, propagate_version = true, long_about = ABOUT, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const ABOUT: &str = "\
Check, explain and test the routes of an IoT Edge hub before you deploy them.

Reads deployment manifests: whole deployments, layered deployments, and the hub's desired properties on their own, also \
inside larger documents. Use - in place of a file name for standard input. Results go to standard output, everything else to standard error.";

const EXAMPLES: &str = "\
Examples:
  edgeroute check deployment.json                        report every error with its position
  edgeroute lint deployment.json                         report routes that are probably mistakes
  edgeroute fmt deployment.json                          rewrite the routes in canonical form
  edgeroute graph deployment.json --format svg           draw which sender reaches which endpoint
  edgeroute match deployment.json < messages.jsonl       show where messages go
  edgeroute explain deployment.json < messages.jsonl     explain why they go there
  edgeroute eval 'as_number(t) > 3' -p t=4               evaluate a condition
  edgeroute test cases.yaml                              check deliveries against test cases
  edgeroute diff old.json new.json                       show what a change does to deliveries
  edgeroute hub --manifest deployment.json               run a hub for modules and devices

For details and examples of a command, run: edgeroute COMMAND --help

Exit codes:
  0  success
  1  a manifest has problems, or a check failed
  2  the arguments or an input could not be used";

/// A command's arguments, and the help that goes with them, are in its module.
#[derive(Subcommand)]
enum Command {
    Match(matching::Arguments),
    Explain(explain::Arguments),
    Test(test::Arguments),
    Record(record::Arguments),
    Eval(eval::Arguments),
    Coverage(coverage::Arguments),
    Check(check::Arguments),
    Lint(lint::Arguments),
    Graph(graph::Arguments),
    Diff(diff::Arguments),
    Init(init::Arguments),
    Fmt(fmt::Arguments),
    Merge(merge::Arguments),
    /// Run a hub on this machine, look at it, and act on it
    #[cfg(feature = "hub")]
    Hub(edgeroute_hub::command::HubArguments),
    ExplainCode(explain_code::Arguments),
    Functions(functions::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// The result of a command that did not fail outright.
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
        Command::Record(arguments) => record::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Coverage(arguments) => coverage::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Graph(arguments) => graph::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Merge(arguments) => merge::run(&arguments),
        #[cfg(feature = "hub")]
        Command::Hub(arguments) => return edgeroute_hub::command::run(arguments, edgeroute_hub::start::start),
        Command::ExplainCode(arguments) => explain_code::run(&arguments),
        Command::Functions(arguments) => functions::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    };
    match outcome {
        Ok(Outcome::Well) => ExitCode::SUCCESS,
        Ok(Outcome::Problems) => ExitCode::from(1),
        Ok(Outcome::Unusable) => ExitCode::from(2),
        // A reader that closes the pipe has read all it wants.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            input::report(&format!("edgeroute: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Writes a number with its noun: `1 route`, `2 routes`.
fn count(number: usize, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {what}s"),
    }
}
