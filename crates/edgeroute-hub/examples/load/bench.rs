//! Sends and receives in one process, and measures.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::ledger::Ledger;
use crate::process::Process;
use crate::send::{self, Senders};
use crate::sink::{self, Sink};
use crate::{Failure, Outcome, Result, connect, identities};

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    #[command(flatten)]
    server: connect::Options,
    #[command(flatten)]
    identities: identities::Options,
    #[command(flatten)]
    load: send::Load,
    #[command(flatten)]
    manner: sink::Manner,
    /// The client id of a module that receives all messages; without one, nothing is received
    #[arg(long = "sink", value_name = "DEVICE/MODULE")]
    sinks: Vec<String>,
    /// The process of the server, whose memory, processor time and descriptors are watched
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// The ledger of the senders
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Fails after this time, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 900.0)]
    timeout: f64,
}

/// How long messages may be on their way after the last PUBACK.
const REST: Duration = Duration::from_secs(30);

pub(crate) async fn run(options: Options) -> Result<Outcome> {
    let server = Arc::new(options.server.server()?);
    let clients = options.load.clients(&options.identities)?;
    let senders = Arc::new(Senders::new(Arc::clone(&server), options.load, Ledger::create(options.ledger.as_ref())?)?);
    let mut tasks = JoinSet::new();
    let mut sinks = Vec::new();
    for id in &options.sinks {
        let client = options.identities.named(id)?;
        let sink = Arc::new(Sink::new(Arc::clone(&server), client, options.manner.clone(), Ledger::create(None)?));
        sinks.push(Arc::clone(&sink));
        tasks.spawn(async move { sink.receive().await });
    }
    for sink in &sinks {
        timeout(REST, sink.subscribed()).await.map_err(|_| "a sink is not subscribed within 30 s")?;
    }
    let mut process = options.server_pid.map(Process::new).transpose()?;
    let mut own = Process::new(std::process::id())?;
    let start = Instant::now();
    let work = async {
        send::drive(&senders, clients).await?;
        let sent = start.elapsed();
        // Those that were acknowledged have to arrive.
        let acknowledged = senders.tally().acknowledged;
        let end = Instant::now() + REST;
        while Instant::now() < end && sinks.iter().any(|sink| sink.tally().distinct() < acknowledged) {
            sleep(Duration::from_millis(5)).await;
        }
        Ok::<_, Failure>((sent, start.elapsed()))
    };
    let watch = async {
        match &mut process {
            Some(process) => process.watch().await,
            None => std::future::pending::<Infallible>().await,
        }
    };
    let (sent, all) = tokio::select! {
        result = timeout(Duration::from_secs_f64(options.timeout), work) => {
            result.map_err(|_| format!("not done within {} s: {}", options.timeout, senders.tally().to_json()))??
        }
        result = receive_error(&mut tasks) => return Err(result),
        never = watch => match never {},
    };
    senders.ledger.flush()?;
    let tally = senders.tally();
    let per_second = |time: Duration| f64::from(u32::try_from(tally.acknowledged).unwrap_or(0)) / time.as_secs_f64();
    let passed = sinks.iter().all(|sink| {
        let sink = sink.tally();
        sink.distinct() == tally.acknowledged && sink.disordered() == 0 && sink.unreadable == 0
    });
    let received: Vec<_> = sinks.iter().map(|sink| sink.tally().to_json()).collect();
    let line = json!({
        "event": "bench", "load": senders.load.to_json(), "seconds": all.as_secs_f64(),
        "seconds_to_last_puback": sent.as_secs_f64(), "acknowledged_per_second": per_second(sent),
        "through_per_second": per_second(all), "sent": tally.to_json(), "received": received,
        "server": process.as_mut().map(Process::figures).transpose()?, "load_process": own.figures()?,
    });
    Ok(Outcome { line, passed })
}

/// Waits for a sink to fail.
async fn receive_error(tasks: &mut JoinSet<Result<()>>) -> Failure {
    match tasks.join_next().await {
        Some(Ok(Err(error))) => error,
        Some(_) => "a sink ends".into(),
        None => std::future::pending().await,
    }
}
