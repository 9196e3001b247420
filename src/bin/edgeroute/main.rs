//! The command line: try routes on messages, check manifests.
//!
//! Thin: it reads, calls the library, prints. Results go to standard output, everything else to standard error.
//! Exit codes: 0, all is well; 1, a manifest has problems; 2, the arguments or some input could not be used.
#![forbid(unsafe_code)]

mod check;
mod compiled;
mod graph;
mod input;
mod lines;
mod matching;
mod message_line;

use std::io;
use std::path::PathBuf;
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

#[derive(Subcommand)]
enum Command {
    /// Tell where messages go
    #[command(long_about = MATCH_ABOUT, after_help = MATCH_EXAMPLES)]
    Match(MatchArguments),
    /// Report every problem of every route of deployment manifests
    #[command(long_about = CHECK_ABOUT, after_help = CHECK_EXAMPLES)]
    Check(CheckArguments),
    /// Show how the routes of a manifest are found
    #[command(long_about = GRAPH_ABOUT, after_help = GRAPH_EXAMPLES)]
    Graph(GraphArguments),
}

const MATCH_ABOUT: &str = "\
Tell where messages go.

Reads messages as JSON lines and writes their deliveries as JSON lines: the number of the message's line, endpoint, \
priority, time to live in seconds (0: the hub's default) and the route's name. A message that no route takes has no \
delivery. Memory does not grow with the number of messages.

A message is an object with any of these keys:
  origin            who sent it: {\"device\": \"d\"} a leaf device,
                    {\"device\": \"d\", \"module\": \"m\", \"output\": \"o\"} a module (the output may be missing),
                    {\"device\": \"d\", \"twinChange\": true} a change of a twin.
                    Without it, the system properties say so: connectionModuleId, outputName, messageType
  properties        application properties: strings or null
  systemProperties  such as contentType and contentEncoding: strings or null
  body              a text, or any other JSON, which is then the body as it is written
  bodyBase64        the body's bytes
  source            a source path of its own, such as \"/deviceLifecycleEvents\"

Nothing is filled in: routes that query the body need a message's contentType (application/json) and contentEncoding \
(utf-8) here as they do in a hub.

A line that is no message is reported with its number, the rest goes on, and the exit code is 2 at the end.";

const MATCH_EXAMPLES: &str = "\
Examples:
  edgeroute match --manifest deployment.json --messages messages.jsonl
  echo '{\"origin\": {\"device\": \"leaf-7\"}}' | edgeroute match --manifest deployment.json
  edgeroute match --manifest deployment.json < messages.jsonl | jq -r .endpoint | sort | uniq -c";

const CHECK_ABOUT: &str = "\
Report every problem of every route of deployment manifests.

Takes whole deployments, layered ones, and the hub's desired properties alone. Every problem of every file is \
reported at once, with its line and column in the file. The exit code is 1 if there is any.";

const CHECK_EXAMPLES: &str = "\
Examples:
  edgeroute check deployment.json layers/*.json
  git show main:deployment.json | edgeroute check -";

const GRAPH_ABOUT: &str = "\
Show how the routes of a manifest are found.

With --tree, prints the structure that the routes are compiled to: for each source, the tests by which its routes are \
found, and what is then checked. As text, or as a graph in DOT, the language of Graphviz.";

const GRAPH_EXAMPLES: &str = "\
Examples:
  edgeroute graph --tree --manifest deployment.json
  edgeroute graph --tree --format dot --manifest deployment.json | dot -Tsvg > tree.svg";

#[derive(clap::Args)]
struct GraphArguments {
    /// The deployment manifest; - for standard input
    #[arg(long, short, value_name = "FILE")]
    manifest: PathBuf,
    /// Show the decision structure over all routes
    #[arg(long, required = true)]
    tree: bool,
    /// In which form
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    format: GraphFormat,
}

#[derive(Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum GraphFormat {
    /// A line for each way in which a route is found
    Text,
    /// A graph in DOT
    Dot,
}

#[derive(clap::Args)]
struct MatchArguments {
    /// The deployment manifest; - for standard input
    #[arg(long, short, value_name = "FILE")]
    manifest: PathBuf,
    /// The messages, as JSON lines; - for standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    messages: PathBuf,
    /// Leave out routes that have problems, instead of refusing the manifest
    #[arg(long)]
    skip_bad_routes: bool,
    /// The longest line that is read as a message, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    max_line_bytes: usize,
}

#[derive(clap::Args)]
struct CheckArguments {
    /// Deployment manifests; - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
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
        Command::Check(arguments) => check::run(&arguments),
        Command::Graph(arguments) => graph::run(&arguments),
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
