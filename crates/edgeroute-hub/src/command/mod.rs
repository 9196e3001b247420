//! The commands of `edgeroute hub`. Without a command it runs a hub; the others look at it, or act on it.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0, success; 1, failure; 2, arguments
//! that cannot be used.

mod act;
mod api;
mod env;
mod identities;
mod names;
mod record;
mod show;
mod table;
mod tail;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::clock::Clock;
use crate::config::{Config, RunArguments, Sources};
use crate::doctor::{Verdict, examine};

const ABOUT: &str = "\
Run a hub on this machine, look at it, and act on it.

Modules and devices connect to it with the vendors' SDKs, unchanged, without a cloud. Without a command it runs a hub. Its \
data directory has certificates, keys and stored messages; commands find the running hub by it.

Exits with 0 for success, 1 for failure, and 2 for arguments that cannot be used.";

const EXAMPLES: &str = "\
Examples:
  edgeroute hub --manifest deployment.json        # runs until it is stopped
  eval \"$(edgeroute hub env filter)\"             # lets a module connect
  edgeroute hub device add leaf-1                 # prints a connection string
  edgeroute hub send sensor --output temperature '{\"temperature\": 21.5}'
  edgeroute hub explain                           # why the last message went where it did
  edgeroute hub tail upstream
  edgeroute hub twin set filter '{\"rate\": 5}'
  edgeroute hub doctor";

/// The arguments of `edgeroute hub`.
#[derive(Args, Clone, Debug)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct HubArguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    run: Box<RunArguments>,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Run a hub, as without a command
    Run(Box<RunArguments>),
    /// Print the environment of a module, so that it connects to the hub
    Env(env::Arguments),
    /// Add devices that connect through the hub
    #[command(subcommand)]
    Device(identities::Device),
    /// Add modules of the hub's device
    #[command(subcommand)]
    Module(identities::Module),
    /// Replace keys
    #[command(subcommand)]
    Key(identities::Key),
    /// Show the state of the hub
    Status(show::Format),
    /// Show what waits for whom
    Queues(show::Format),
    /// Show who is connected
    Clients(show::Format),
    /// Show messages as they pass, without taking them
    Tail(tail::Arguments),
    /// Explain where a message went, and why
    Explain(show::ExplainArguments),
    /// Send a message as a module or device
    Send(act::SendArguments),
    /// Read a twin, or change its desired properties
    #[command(subcommand)]
    Twin(act::Twin),
    /// Invoke a direct method
    Invoke(act::InvokeArguments),
    /// Send a message from the cloud to a device
    C2d(act::C2dArguments),
    /// Put a manifest in force
    Reload(act::ReloadArguments),
    /// Deliver a queue that is held back
    Drain(act::QueueArguments),
    /// Remove all messages of a queue
    Drop(act::QueueArguments),
    /// Check ports, names, certificates, clock, disk and permissions
    Doctor(show::Format),
    /// Write messages as they pass, for `edgeroute match`, `test` and `explain`
    Record(record::RecordArguments),
    /// Send recorded messages again
    Replay(record::ReplayArguments),
}

/// Why a command fails. Displayed on standard error.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where results go.
type Out<'a> = &'a mut dyn Write;

/// Standard output, and whether its reader has closed it.
struct Output<W> {
    to: W,
    is_closed: bool,
}

impl<W> Output<W> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.is_closed |= result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes);
        self.note(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.to.flush();
        self.note(flushed)
    }
}

/// Runs a command. `start` runs a hub until it is stopped.
pub fn run(arguments: HubArguments, start: impl FnOnce(&Config) -> ExitCode) -> ExitCode {
    let HubArguments { command, sources, run } = arguments;
    let (run, command) = match command {
        None => (run, None),
        Some(Command::Run(run)) => (run, None),
        Some(command) => (run, Some(command)),
    };
    let mut out = Output { to: io::stdout().lock(), is_closed: false };
    let result = match (Config::load(&sources, &run), command) {
        (Err(error), _) => Err(error.into()),
        (Ok(config), None) => {
            drop(out);
            return start(&config);
        }
        (Ok(config), Some(command)) => execute(command, &config, &mut out).and_then(|code| {
            out.flush()?;
            Ok(code)
        }),
    };
    match result {
        Ok(code) => code,
        // `| head`, for example: whoever reads has enough.
        Err(_) if out.is_closed => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if standard error is closed.
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command, config: &Config, out: Out<'_>) -> Result<ExitCode, Failure> {
    match command {
        // Handled before.
        Command::Run(_) => {}
        Command::Env(arguments) => env::run(&arguments, config, out)?,
        Command::Device(command) => command.run(config, out)?,
        Command::Module(command) => command.run(config, out)?,
        Command::Key(command) => command.run(config, out)?,
        Command::Status(format) => show::status(format, config, out)?,
        Command::Queues(format) => show::queues(format, config, out)?,
        Command::Clients(format) => show::clients(format, config, out)?,
        Command::Tail(arguments) => tail::run(&arguments, config, out)?,
        Command::Explain(arguments) => show::explain(&arguments, config, out)?,
        Command::Send(arguments) => act::send(&arguments, config, out)?,
        Command::Twin(command) => command.run(config, out)?,
        Command::Invoke(arguments) => act::invoke(&arguments, config, out)?,
        Command::C2d(arguments) => act::c2d(&arguments, config, out)?,
        Command::Reload(arguments) => act::reload(&arguments, config, out)?,
        Command::Drain(arguments) => arguments.run("drain", config, out)?,
        Command::Drop(arguments) => arguments.run("drop", config, out)?,
        Command::Doctor(format) => return doctor(format, config, out),
        Command::Record(arguments) => record::record(&arguments, config, out)?,
        Command::Replay(arguments) => record::replay(&arguments, config, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn doctor(format: show::Format, config: &Config, out: Out<'_>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let findings = runtime.block_on(examine(config, &Clock::default()));
    if format.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        for finding in &findings {
            writeln!(out, "{finding}")?;
        }
    }
    let worst = findings.iter().map(|finding| finding.verdict).max();
    Ok(if worst == Some(Verdict::Problem) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
