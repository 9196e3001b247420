//! A load generator, sink and ledger for MQTT 3.1.1, to test the hub against a peer that shares no code with it.
//!
//! - `send`: clients publish at QoS 1 over TLS, and every PUBACK becomes a line of a ledger.
//! - `sink`: one client subscribes, and every PUBLISH it receives becomes a line of another ledger.
//! - `compare`: reads both ledgers and reports what was lost, doubled, out of order or never sent.
//! - `bench`: sends and receives in one process and prints throughput and latencies.
//!
//! With `--plain` there are no identities and no tokens, so that the same load runs against any broker.
//! Results are one JSON line each on standard output. Exit code 0: all went well; 1: not all did; 2: wrong arguments.
//! Memory does not grow with the number of messages, except for two bits a message in `compare` and one in `sink`.

mod bench;
mod compare;
mod connect;
mod figures;
mod identities;
mod ledger;
mod link;
mod packet;
mod payload;
mod process;
mod seen;
mod send;
mod sink;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::Value;

/// Whatever goes wrong is reported and ends the process, so its text is enough.
type Failure = Box<dyn Error + Send + Sync>;
type Result<T, E = Failure> = std::result::Result<T, E>;

/// Sends messages over MQTT, receives them, and compares both.
#[derive(Debug, Parser)]
#[command(name = "load", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Publishes messages of many clients, and writes what was acknowledged to a ledger.
    Send(send::Options),
    /// Receives messages as one client, and writes them to a ledger.
    Sink(sink::Options),
    /// Compares the ledgers of `send` and `sink`.
    Compare(compare::Options),
    /// Sends and receives in one process, and prints throughput and latencies.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Compare(options) => compare::run(&options),
        Command::Send(options) => block_on(send::run(options)),
        Command::Sink(options) => block_on(sink::run(options)),
        Command::Bench(options) => block_on(bench::run(options)),
    };
    match result {
        Ok(outcome) => {
            print_line(&outcome.line);
            if outcome.passed { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            print_line(&serde_json::json!({"event": "failed", "error": error.to_string()}));
            ExitCode::from(1)
        }
    }
}

/// The last line that a command prints, and whether its exit code is 0.
struct Outcome {
    line: Value,
    passed: bool,
}

/// One thread does it all: the peer under test shares the machine.
fn block_on(future: impl Future<Output = Result<Outcome>>) -> Result<Outcome> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}

/// Prints one JSON line. A reader that has gone away is not an error: the exit code is what counts.
fn print_line(line: &Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
