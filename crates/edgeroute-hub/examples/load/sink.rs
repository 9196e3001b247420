//! A client that subscribes and receives.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::connect::{self, Refused, Server};
use crate::figures::Latencies;
use crate::identities::{self, Client};
use crate::ledger::Ledger;
use crate::link::Link;
use crate::packet::{self, Packet};
use crate::payload::{self, now};
use crate::seen::Arrivals;
use crate::{Outcome, Result, print_line};

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    #[command(flatten)]
    server: connect::Options,
    #[command(flatten)]
    identities: identities::Options,
    /// The client id of the module that receives
    #[arg(long, value_name = "DEVICE/MODULE")]
    client: String,
    #[command(flatten)]
    manner: Manner,
    /// The ledger: a line for each PUBLISH
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Ends when this number of different messages is there
    #[arg(long, value_name = "N")]
    expect: Option<u64>,
    /// Ends when nothing has come for this time, in seconds
    #[arg(long, value_name = "SECONDS")]
    idle: Option<f64>,
    /// Ends after this time, in seconds; without --expect and --idle that is a success
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0)]
    timeout: f64,
    /// Prints a line of figures this often, in seconds, and flushes the ledger
    #[arg(long, value_name = "SECONDS")]
    progress: Option<f64>,
}

/// How a sink subscribes and acknowledges.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub(crate) struct Manner {
    /// The filter; all inputs of the module otherwise
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// PUBACKs a second; as fast as messages come otherwise
    #[arg(long, value_name = "N")]
    ack_rate: Option<f64>,
    /// When to subscribe
    #[arg(long, value_enum, default_value_t = Subscribe::Once)]
    subscribe: Subscribe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subscribe {
    /// On the first connection only, as the SDK for Python does
    Once,
    /// On every connection
    Always,
    /// Never: the server knows the session
    Never,
}

/// Counts of a sink.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) connected: u64,
    pub(crate) sessions: u64,
    pub(crate) lost_connections: u64,
    pub(crate) received: u64,
    /// Those with the flag DUP.
    pub(crate) flagged: u64,
    /// Messages that could not be read.
    pub(crate) unreadable: u64,
    pub(crate) arrivals: BTreeMap<String, Arrivals>,
    pub(crate) latency: Latencies,
    pub(crate) last_error: Option<String>,
    pub(crate) last: Option<Instant>,
}

impl Tally {
    /// Returns the number of different messages, by input.
    pub(crate) fn distinct(&self) -> u64 {
        self.arrivals.values().map(|arrivals| arrivals.seen.len()).sum()
    }

    pub(crate) fn duplicates(&self) -> u64 {
        self.arrivals.values().map(|arrivals| arrivals.duplicates).sum()
    }

    pub(crate) fn disordered(&self) -> u64 {
        self.arrivals.values().map(|arrivals| arrivals.disordered).sum()
    }

    pub(crate) fn to_json(&self) -> Value {
        let inputs: BTreeMap<_, _> =
            self.arrivals.iter().map(|(input, arrivals)| (input, arrivals.seen.len())).collect();
        json!({
            "connected": self.connected, "sessions_present": self.sessions,
            "lost_connections": self.lost_connections, "received": self.received, "distinct": self.distinct(),
            "duplicates": self.duplicates(), "flagged_dup": self.flagged, "disordered": self.disordered(),
            "unreadable": self.unreadable, "inputs": inputs, "end_to_end": self.latency.to_json(),
            "last_error": self.last_error,
        })
    }
}

/// A client that receives until it is dropped.
pub(crate) struct Sink {
    server: Arc<Server>,
    client: Client,
    manner: Manner,
    ledger: Ledger,
    tally: Mutex<Tally>,
    subscribed: watch::Sender<bool>,
}

pub(crate) async fn run(options: Options) -> Result<Outcome> {
    let client = options.identities.named(&options.client)?;
    let ledger = Ledger::create(options.ledger.as_ref())?;
    let sink = Sink::new(Arc::new(options.server.server()?), client, options.manner, ledger);
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(options.timeout);
    let mut progress = start;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let watched = async {
        loop {
            sleep(Duration::from_millis(50)).await;
            if let Some(seconds) = options.progress
                && progress.elapsed().as_secs_f64() >= seconds
            {
                progress = Instant::now();
                sink.ledger.flush()?;
                print_line(&json!({"event": "progress", "figures": sink.tally().to_json()}));
            }
            let tally = sink.tally();
            let waiting = tally.last.unwrap_or(start).elapsed().as_secs_f64();
            if options.expect.is_some_and(|count| tally.distinct() >= count)
                || options.idle.is_some_and(|seconds| waiting >= seconds)
            {
                return Ok(true);
            }
        }
    };
    let passed = tokio::select! {
        result = sink.receive() => result.map(|()| false),
        result = watched => result,
        () = sleep_until(end) => Ok(options.expect.is_none() && options.idle.is_none()),
        _ = terminated.recv() => Ok(true),
        _ = interrupted.recv() => Ok(true),
    };
    sink.ledger.flush()?;
    let passed = passed?;
    let passed = passed && options.expect.is_none_or(|count| sink.tally().distinct() >= count);
    let seconds = start.elapsed().as_secs_f64();
    let figures = sink.tally().to_json();
    Ok(Outcome { line: json!({"event": "received", "seconds": seconds, "figures": figures}), passed })
}

impl Sink {
    pub(crate) fn new(server: Arc<Server>, client: Client, manner: Manner, ledger: Ledger) -> Self {
        Self { server, client, manner, ledger, tally: Mutex::default(), subscribed: watch::Sender::new(false) }
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the server has acknowledged the subscription.
    pub(crate) async fn subscribed(&self) {
        let _ = self.subscribed.subscribe().wait_for(|subscribed| *subscribed).await;
    }

    /// Receives, and connects again whenever the connection is lost. Returns only errors.
    pub(crate) async fn receive(&self) -> Result<()> {
        let mut subscribe = self.manner.subscribe != Subscribe::Never;
        loop {
            let (mut link, present) = self.server.connect(&self.client).await?;
            {
                let mut tally = self.tally();
                tally.connected += 1;
                tally.sessions += u64::from(present);
            }
            if subscribe {
                let filter = match &self.manner.filter {
                    Some(filter) => filter.clone(),
                    None if self.client.topics() == "load" => "load/#".into(),
                    None => format!("{}/inputs/#", self.client.topics()),
                };
                packet::subscribe(link.out(), 1, &filter);
            }
            let Err(error) = self.take_all(&mut link, &mut subscribe).await else { continue };
            if error.is::<Refused>() {
                return Err(error);
            }
            let mut tally = self.tally();
            tally.lost_connections += 1;
            tally.last_error = Some(error.to_string());
        }
    }

    async fn take_all(&self, link: &mut Link, subscribe: &mut bool) -> Result<()> {
        let mut due: VecDeque<(Instant, u16)> = VecDeque::new();
        let pause = self.manner.ack_rate.map(|rate| Duration::from_secs_f64(rate.max(0.001).recip()));
        let mut next = Instant::now();
        loop {
            let now = Instant::now();
            while let Some((at, id)) = due.front().copied()
                && at <= now
            {
                due.pop_front();
                packet::puback(link.out(), id);
            }
            let until = due.front().map(|(at, _)| *at);
            let mut packet = link.step(until).await?;
            while let Some(taken) = packet {
                match taken {
                    Packet::Publish { duplicate, topic, id, payload } => {
                        self.take(duplicate, &topic, &payload)?;
                        match (id, pause) {
                            (Some(id), Some(pause)) => {
                                next = next.max(Instant::now()) + pause;
                                due.push_back((next, id));
                            }
                            (Some(id), None) => packet::puback(link.out(), id),
                            (None, _) => {}
                        }
                    }
                    Packet::SubAck { codes, .. } if codes.iter().all(|code| *code < 0x80) => {
                        *subscribe = self.manner.subscribe == Subscribe::Always;
                        self.subscribed.send_replace(true);
                    }
                    Packet::PingResp => {}
                    other => return Err(format!("a packet that was not asked for: {other:?}").into()),
                }
                packet = link.buffered()?;
            }
        }
    }

    fn take(&self, duplicate: bool, topic: &str, body: &[u8]) -> Result<()> {
        let mut tally = self.tally();
        tally.received += 1;
        tally.flagged += u64::from(duplicate);
        tally.last = Some(Instant::now());
        match payload::read(topic, body) {
            Ok(message) => {
                tally.latency.record(now().saturating_sub(message.sent));
                if !tally.arrivals.contains_key(&message.input) {
                    tally.arrivals.insert(message.input.clone(), Arrivals::default());
                }
                if let Some(arrivals) = tally.arrivals.get_mut(&message.input) {
                    arrivals.record(message.mark);
                }
                self.ledger.received(&message, duplicate)
            }
            Err(reason) => {
                tally.unreadable += 1;
                tally.last_error = Some(reason.clone());
                self.ledger.unreadable(&reason)
            }
        }
    }
}
