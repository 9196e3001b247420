//! A hub as a program: its log, the lines that it prints, and signals.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::bind::quote;
use crate::config::{Config, LogFormat, Upstream};
use crate::contact::Contact;
use crate::run::{self, Running};

/// The environment variable with the filter of the log.
const LOG: &str = "EDGEROUTE_HUB_LOG";
/// What the libraries of the store say is not for operators.
const QUIET: [&str; 2] = ["fjall=warn", "lsm_tree=warn"];
/// How long work on the disk may take after everything has stopped.
const LAST_TIME: Duration = Duration::from_secs(2);
/// The most modules that are listed.
const MOST_MODULES: usize = 20;

/// Runs a hub until SIGTERM or SIGINT. SIGHUP has it read its manifest now. A second signal ends it at once.
pub fn start(config: &Config) -> ExitCode {
    match try_start(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nothing is left to do if standard error is closed.
            let _ = writeln!(io::stderr(), "error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn try_start(config: &Config) -> Result<(), String> {
    log(config.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start threads: {error}"))?;
    let served = runtime.block_on(serve(config));
    // A read of a file system that does not answer must not keep the program.
    runtime.shutdown_timeout(LAST_TIME);
    served
}

fn log(format: LogFormat) -> Result<(), String> {
    let filter = EnvFilter::builder()
        .with_env_var(LOG)
        .with_default_directive(tracing::Level::INFO.into())
        .from_env()
        .map(|filter| QUIET.iter().filter_map(|quiet| quiet.parse().ok()).fold(filter, EnvFilter::add_directive))
        .map_err(|error| format!("{LOG} is not a filter of the log: {error}"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    }
    .map_err(|error| format!("cannot start the log: {error}"))
}

async fn serve(config: &Config) -> Result<(), String> {
    let failed = |error: io::Error| format!("cannot wait for signals: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    let running = tokio::select! {
        running = run::start(config) => running.map_err(|error| error.to_string())?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    // Standard output may be closed: a hub goes on without it.
    let _ = io::stdout().write_all(greeting(config, &running).as_bytes());
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => running.reload(),
        }
    }
    tracing::info!("stopping");
    tokio::select! {
        () = running.stop() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Contact::remove(&config.data);
    Ok(())
}

/// Returns the lines that say what runs and how to connect to it.
fn greeting(config: &Config, running: &Running) -> String {
    let hub = running.hub();
    let modules: Vec<_> =
        hub.identities.all().into_iter().filter_map(|(client, _)| client.module_id().map(str::to_owned)).collect();
    let admin = running.addresses().admin;
    let upstream = match &config.upstream {
        Upstream::Show => format!("upstream shown at http://{admin}"),
        Upstream::Mqtt(broker) => format!("upstream {}:{}, status at http://{admin}", broker.host, broker.port),
        Upstream::Hub(other) => format!("upstream {}, status at http://{admin}", other.host),
    };
    let routes = hub.router.current().manifest().routes().len();
    let mut text = format!("{} is up: {routes} routes, {} modules, {upstream}\n", config.device, modules.len());
    let data = if config.data == std::path::Path::new(crate::config::DATA_DIRECTORY) {
        String::new()
    } else {
        format!(" --data {}", quote(&config.data.display().to_string()))
    };
    let width = modules.iter().take(MOST_MODULES).map(|module| module.chars().count()).max().unwrap_or(0);
    for module in modules.iter().take(MOST_MODULES) {
        let _ = writeln!(text, "  {module:width$}   eval \"$(edgeroute hub env {}{data})\"", quote(module));
    }
    if modules.len() > MOST_MODULES {
        let _ = writeln!(text, "  and {} more: edgeroute hub env MODULE", modules.len() - MOST_MODULES);
    }
    text
}
