//! Clients that publish.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::connect::{self, Refused, Server};
use crate::figures::Latencies;
use crate::identities::{self, Client};
use crate::ledger::{Header, Ledger};
use crate::link::Link;
use crate::packet::{self, Packet};
use crate::payload::{self, Mark, now};
use crate::{Outcome, Result, print_line};

/// What is sent.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub(crate) struct Load {
    /// Number of clients
    #[arg(long, value_name = "N", default_value_t = 1)]
    clients: u32,
    /// What the ids of the clients begin with
    #[arg(long, value_name = "PREFIX", default_value = "load-")]
    prefix: String,
    /// The sender number of the first client, where several processes send
    #[arg(long, value_name = "N", default_value_t = 0)]
    first_sender: u32,
    /// Messages of each client
    #[arg(long, value_name = "N", default_value_t = 1000)]
    messages: u64,
    /// Messages a second of each client; 0 is as fast as the window permits
    #[arg(long, value_name = "N", default_value_t = 0.0)]
    rate: f64,
    /// Messages that may be unacknowledged, of each client; the SDK for Python has 20
    #[arg(long, value_name = "N", default_value_t = 20)]
    window: u16,
    /// Length of a body in bytes
    #[arg(long, value_name = "N", default_value_t = 400)]
    bytes: usize,
    /// The output of modules; empty for none
    #[arg(long, value_name = "NAME", default_value = "out1")]
    output: String,
    /// Ends sending after this time, in seconds
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Time over which clients connect, in seconds; 0 is all at once
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    ramp: f64,
    /// How unacknowledged messages are sent again after a lost connection
    #[arg(long, value_enum, default_value_t = Resend::Same)]
    resend: Resend,
    /// Drops each connection after this time, in seconds, without DISCONNECT
    #[arg(long, value_name = "SECONDS")]
    break_every: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Resend {
    /// With DUP and the same packet identifier, as the SDK for Python does
    Same,
    /// Without DUP and with a new packet identifier, as the SDK for Node.js does
    New,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    #[command(flatten)]
    server: connect::Options,
    #[command(flatten)]
    identities: identities::Options,
    #[command(flatten)]
    load: Load,
    /// The ledger: a line for each PUBACK
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Prints a line of figures this often, in seconds, and flushes the ledger
    #[arg(long, value_name = "SECONDS")]
    progress: Option<f64>,
    /// Fails after this time, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0)]
    timeout: f64,
}

/// Counts of all clients together.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) connected: u64,
    pub(crate) sessions: u64,
    pub(crate) lost_connections: u64,
    pub(crate) sent: u64,
    pub(crate) resent: u64,
    pub(crate) acknowledged: u64,
    /// PUBACKs of packets that are not waiting for one.
    pub(crate) stray: u64,
    /// From the time at which a message was due to its PUBACK.
    pub(crate) latency: Latencies,
    pub(crate) last_error: Option<String>,
}

/// What senders share.
pub(crate) struct Senders {
    pub(crate) server: Arc<Server>,
    pub(crate) load: Load,
    pub(crate) ledger: Ledger,
    tally: Mutex<Tally>,
}

impl Senders {
    pub(crate) fn new(server: Arc<Server>, load: Load, ledger: Ledger) -> Result<Self> {
        ledger.header(Header { first: load.first_sender, senders: load.clients })?;
        Ok(Self { server, load, ledger, tally: Mutex::default() })
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Load {
    /// Returns the clients that send.
    pub(crate) fn clients(&self, identities: &identities::Options) -> Result<Vec<Client>> {
        if self.window == 0 || !(self.rate >= 0.0 && self.rate.is_finite()) {
            return Err("--window has to be above 0, and --rate has to be 0 or above".into());
        }
        identities.clients(&self.prefix, self.clients)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "clients": self.clients, "messages": self.messages, "rate": self.rate, "window": self.window,
            "bytes": self.bytes,
        })
    }
}

impl Tally {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "connected": self.connected, "sessions_present": self.sessions,
            "lost_connections": self.lost_connections, "sent": self.sent, "resent": self.resent,
            "acknowledged": self.acknowledged, "stray_pubacks": self.stray, "puback": self.latency.to_json(),
            "last_error": self.last_error,
        })
    }
}

pub(crate) async fn run(options: Options) -> Result<Outcome> {
    let Options { server, identities, load, ledger, progress, timeout: patience } = options;
    let clients = load.clients(&identities)?;
    let senders = Arc::new(Senders::new(Arc::new(server.server()?), load, Ledger::create(ledger.as_ref())?)?);
    let start = Instant::now();
    let reporter = progress.map(|seconds| {
        let senders = Arc::clone(&senders);
        tokio::spawn(async move {
            loop {
                sleep(Duration::from_secs_f64(seconds)).await;
                let _ = senders.ledger.flush();
                print_line(&json!({"event": "progress", "figures": senders.tally().to_json()}));
            }
        })
    });
    let result = timeout(Duration::from_secs_f64(patience), drive(&senders, clients)).await;
    if let Some(reporter) = reporter {
        reporter.abort();
    }
    senders.ledger.flush()?;
    let error = match result {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("not all is acknowledged within {patience} s")),
    };
    let seconds = start.elapsed().as_secs_f64();
    let passed = error.is_none();
    let figures = senders.tally().to_json();
    Ok(Outcome { line: json!({"event": "sent", "seconds": seconds, "error": error, "figures": figures}), passed })
}

/// Runs all clients until each has its PUBACKs. Stops at the first that fails.
pub(crate) async fn drive(senders: &Arc<Senders>, clients: Vec<Client>) -> Result<()> {
    let mut tasks = JoinSet::new();
    let count = f64::from(senders.load.clients.max(1));
    let start = Instant::now();
    for (number, client) in (0_u32..).zip(clients) {
        let senders = Arc::clone(senders);
        let part = f64::from(number) / count;
        // Clients with a rate do not send at the same moment.
        let phase = if senders.load.rate > 0.0 { part / senders.load.rate } else { 0.0 };
        let connect = start + Duration::from_secs_f64(senders.load.ramp * part);
        tasks.spawn(async move {
            tokio::time::sleep_until(connect).await;
            Sender::new(&senders, client, number, Duration::from_secs_f64(phase)).run().await
        });
    }
    while let Some(result) = tasks.join_next().await {
        result??;
    }
    Ok(())
}

/// A message that waits for its PUBACK.
struct Sent {
    id: u16,
    number: u64,
    /// Microseconds since 1970, as in the body.
    stamp: u64,
    due: Instant,
}

struct Sender<'s> {
    senders: &'s Senders,
    client: Client,
    number: u32,
    prefix: String,
    start: Instant,
    phase: Duration,
    /// The number of the next message.
    next: u64,
    id: u16,
    unacknowledged: VecDeque<Sent>,
    /// Buffers that are used again.
    topic: String,
    body: Vec<u8>,
}

impl<'s> Sender<'s> {
    fn new(senders: &'s Senders, client: Client, number: u32, phase: Duration) -> Self {
        let prefix = format!("{}/messages/events/", client.topics());
        Self {
            senders,
            client,
            number: senders.load.first_sender + number,
            prefix,
            start: Instant::now(),
            phase,
            next: 0,
            id: 0,
            unacknowledged: VecDeque::new(),
            topic: String::new(),
            body: Vec::new(),
        }
    }

    async fn run(mut self) -> Result<()> {
        let mut first = true;
        loop {
            let (mut link, present) = self.senders.server.connect(&self.client).await?;
            {
                let mut tally = self.senders.tally();
                tally.connected += 1;
                tally.sessions += u64::from(present);
            }
            if first {
                self.start = Instant::now() + self.phase;
                first = false;
            }
            self.resend(&mut link);
            match self.talk(&mut link).await {
                Ok(()) => {
                    // All is acknowledged: how the connection ends does not matter.
                    let _ = timeout(Duration::from_secs(5), link.close()).await;
                    return Ok(());
                }
                Err(error) if error.is::<Refused>() => return Err(error),
                Err(error) => {
                    let mut tally = self.senders.tally();
                    tally.lost_connections += 1;
                    tally.last_error = Some(error.to_string());
                }
            }
        }
    }

    /// Sends until all is sent and acknowledged, or the connection is lost.
    async fn talk(&mut self, link: &mut Link) -> Result<()> {
        let load = &self.senders.load;
        let broken = load.break_every.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds));
        let end = load.seconds.map(|seconds| self.start + Duration::from_secs_f64(seconds));
        loop {
            let mut until = broken;
            let mut finished = false;
            while self.unacknowledged.len() < usize::from(load.window) && !link.is_congested() {
                let due = self.due();
                finished = self.next >= load.messages || end.is_some_and(|end| due.max(Instant::now()) >= end);
                if finished {
                    break;
                }
                if due > Instant::now() {
                    until = Some(until.map_or(due, |until| until.min(due)));
                    break;
                }
                self.publish_next(link, due);
            }
            if finished && self.unacknowledged.is_empty() {
                return Ok(());
            }
            if let Some(packet) = link.step(until).await? {
                self.handle(link, packet)?;
                while let Some(packet) = link.buffered()? {
                    self.handle(link, packet)?;
                }
            } else if broken.is_some_and(|broken| broken <= Instant::now()) {
                return Err("the connection is dropped on purpose".into());
            }
        }
    }

    /// Returns the time at which the next message has to be sent.
    fn due(&self) -> Instant {
        let rate = self.senders.load.rate;
        if rate == 0.0 {
            return self.start;
        }
        let number = u32::try_from(self.next).unwrap_or(u32::MAX);
        self.start + Duration::from_secs_f64(f64::from(number) / rate)
    }

    fn publish_next(&mut self, link: &mut Link, due: Instant) {
        // Without a rate there is no time at which a message ought to have been sent.
        let due = if self.senders.load.rate == 0.0 { Instant::now() } else { due };
        let sent = Sent { id: self.next_id(), number: self.next, stamp: now(), due };
        self.next += 1;
        self.publish(link, &sent, false);
        self.unacknowledged.push_back(sent);
        self.senders.tally().sent += 1;
    }

    fn resend(&mut self, link: &mut Link) {
        for mut sent in std::mem::take(&mut self.unacknowledged) {
            let same = self.senders.load.resend == Resend::Same;
            if !same {
                sent.id = self.next_id();
            }
            self.publish(link, &sent, same);
            self.unacknowledged.push_back(sent);
            self.senders.tally().resent += 1;
        }
    }

    fn publish(&mut self, link: &mut Link, sent: &Sent, duplicate: bool) {
        let mark = Mark { sender: self.number, number: sent.number };
        let load = &self.senders.load;
        self.topic.clear();
        self.topic.push_str(&self.prefix);
        let output = if self.client.id.contains('/') { load.output.as_str() } else { "" };
        payload::bag(&mut self.topic, mark, output);
        payload::body(&mut self.body, mark, sent.stamp, load.bytes);
        packet::publish(link.out(), sent.id, duplicate, &self.topic, &self.body);
    }

    /// Returns a packet identifier that is not in use.
    fn next_id(&mut self) -> u16 {
        loop {
            self.id = self.id.checked_add(1).unwrap_or(1);
            if !self.unacknowledged.iter().any(|sent| sent.id == self.id) {
                return self.id;
            }
        }
    }

    fn handle(&mut self, link: &mut Link, packet: Packet) -> Result<()> {
        match packet {
            Packet::PubAck { id } => {
                let position = self.unacknowledged.iter().position(|sent| sent.id == id);
                let Some(sent) = position.and_then(|position| self.unacknowledged.remove(position)) else {
                    self.senders.tally().stray += 1;
                    return Ok(());
                };
                let latency = sent.due.elapsed().as_micros();
                {
                    let mut tally = self.senders.tally();
                    tally.acknowledged += 1;
                    tally.latency.record(u64::try_from(latency).unwrap_or(u64::MAX));
                }
                self.senders.ledger.acknowledged(Mark { sender: self.number, number: sent.number })
            }
            Packet::Publish { id, .. } => {
                if let Some(id) = id {
                    packet::puback(link.out(), id);
                }
                Ok(())
            }
            Packet::PingResp => Ok(()),
            other => Err(format!("a packet that was not asked for: {other:?}").into()),
        }
    }
}
