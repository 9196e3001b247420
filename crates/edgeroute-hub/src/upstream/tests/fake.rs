//! The queue and the server of tests.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgeroute::{Origin, OwnedMessage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::sleep;

use super::super::dial::{AnyStream, Dial, Dialing};
use super::super::hub::Tokens;
use super::super::queue::{Queue, Reader};
use super::super::{Acknowledge, Downstream, Respond, Rest, Upstream};
use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::identity::ClientId;
use crate::message::Message;
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::outbox::Due;
use crate::store::{Destination, Entry, Level, QueueId, Removal, StoreError};
use crate::wire::Bag;

/// A queue in memory.
#[derive(Clone, Default)]
pub(super) struct MemoryQueue {
    state: Arc<Mutex<QueueState>>,
    notify: Arc<Notify>,
}

#[derive(Default)]
struct QueueState {
    waiting: BTreeMap<u64, Due>,
    removed: Vec<(u64, Removal)>,
}

impl fmt::Debug for MemoryQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryQueue")
    }
}

pub(super) struct MemoryReader {
    queue: MemoryQueue,
    read: Option<u64>,
}

impl MemoryQueue {
    /// Puts in messages whose bodies are their numbers.
    pub(super) fn fill(&self, numbers: Range<u64>) {
        numbers.for_each(|number| self.push(number, u64::MAX));
    }

    /// Puts in a message that expires after a number of milliseconds.
    pub(super) fn push(&self, number: u64, millis: u64) {
        self.push_body(number, millis, number.to_string().into_bytes());
    }

    pub(super) fn push_body(&self, number: u64, millis: u64, body: Vec<u8>) {
        let content = OwnedMessage::new(Origin::module("edge-1", "sensor").output("out1")).with_body(body);
        self.push_message(number, millis, ClientId::module("edge-1", "sensor"), content);
    }

    /// Puts in a message of a device.
    pub(super) fn push_of(&self, device: &str, number: u64) {
        let content = OwnedMessage::new(Origin::device(device)).with_body(number.to_string());
        self.push_message(number, u64::MAX, ClientId::device(device), content);
    }

    pub(super) fn push_property(&self, number: u64, value: String) {
        let content = OwnedMessage::new(Origin::module("edge-1", "sensor").output("out1")).with_property("k", value);
        self.push_message(number, u64::MAX, ClientId::module("edge-1", "sensor"), content);
    }

    pub(super) fn push_message(&self, number: u64, millis: u64, sender: ClientId, content: OwnedMessage) {
        let now = Clock::default().now();
        let expires = now.plus_millis(millis);
        let level = Level::new(10).expect("a level");
        let entry = Entry { queue: QueueId(1), level, sequence: number, expires };
        let message = Arc::new(Message { sender, received: now, content });
        let due = Due { entry, destination: Destination::Upstream, message };
        self.state.lock().expect("no panic").waiting.insert(number, due);
        self.notify.notify_one();
    }

    /// Returns what was removed, in that order.
    pub(super) fn removed(&self) -> Vec<(u64, Removal)> {
        self.state.lock().expect("no panic").removed.clone()
    }
}

impl Queue for MemoryQueue {
    type Reader = MemoryReader;

    fn reader(&self) -> MemoryReader {
        MemoryReader { queue: self.clone(), read: None }
    }

    fn notified(&self) -> Arc<Notify> {
        Arc::clone(&self.notify)
    }

    fn remove(&self, entries: Vec<Entry>, why: Removal) {
        let mut state = self.state.lock().expect("no panic");
        for entry in entries {
            assert!(state.waiting.remove(&entry.sequence).is_some(), "{} is removed once", entry.sequence);
            state.removed.push((entry.sequence, why));
        }
    }
}

impl Reader for MemoryReader {
    fn may_have_more(&self) -> bool {
        let state = self.queue.state.lock().expect("no panic");
        state.waiting.keys().next_back().is_some_and(|last| self.read.is_none_or(|read| *last > read))
    }

    fn next(&mut self, limit: usize, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        let state = self.queue.state.lock().expect("no panic");
        let after = self.read.map_or(0, |read| read + 1);
        let due: Vec<_> = state.waiting.range(after..).map(|(_, due)| due.clone()).take(limit).collect();
        assert!(due.iter().all(|due| due.entry.expires > now), "tests do not expire messages before they are read");
        self.read = due.last().map(|due| due.entry.sequence).or(self.read);
        Ok(due)
    }
}

/// Answers a call for a connection.
pub(super) type Answer = oneshot::Sender<Result<AnyStream, String>>;

/// Lets the test answer calls for connections.
struct FakeDial(mpsc::UnboundedSender<Answer>);

impl Dial for FakeDial {
    fn dial(&self) -> Dialing<'_> {
        Box::pin(async {
            let (sender, receiver) = oneshot::channel();
            self.0.send(sender).expect("the test takes calls");
            match receiver.await {
                Ok(result) => result,
                // A test that drops the call never answers it.
                Err(_) => std::future::pending().await,
            }
        })
    }
}

/// What came down.
#[derive(Debug)]
pub(super) enum Down {
    Message(ClientId, Bag, Vec<u8>, Acknowledge),
    Desired(ClientId, Option<u64>, Vec<u8>),
    Method(ClientId, String, Vec<u8>, Respond),
}

/// Shows the test what came down.
struct FakeDownstream(mpsc::UnboundedSender<Down>);

impl Downstream for FakeDownstream {
    fn message(&self, device: &ClientId, bag: Bag, body: Vec<u8>, stored: Acknowledge) {
        let _ = self.0.send(Down::Message(device.clone(), bag, body, stored));
    }

    fn desired(&self, client: &ClientId, version: Option<u64>, patch: Vec<u8>) {
        let _ = self.0.send(Down::Desired(client.clone(), version, patch));
    }

    fn method(&self, client: &ClientId, name: &str, payload: Vec<u8>, respond: Respond) {
        let _ = self.0.send(Down::Method(client.clone(), name.to_owned(), payload, respond));
    }
}

/// Makes tokens that name the client and the attempt. Has no key of `stranger`.
struct FakeTokens;

impl Tokens for FakeTokens {
    fn token(&self, client: &ClientId, attempt: usize, _expires: Timestamp) -> Option<String> {
        (client.device_id() != "stranger").then(|| format!("token {attempt} of {client}"))
    }
}

pub(super) struct Fixture {
    pub(super) upstream: Upstream,
    pub(super) queue: MemoryQueue,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) down: mpsc::UnboundedReceiver<Down>,
    calls: mpsc::UnboundedReceiver<Answer>,
}

/// Settings of another hub.
pub(super) fn hub() -> config::Upstream {
    "hub:HostName=my-hub.azure-devices.net;GatewayHostName=upper;DeviceId=edge-1;SharedAccessKey=a2V5"
        .parse()
        .expect("valid")
}

/// Settings of a broker with user and password.
pub(super) fn broker() -> config::Upstream {
    "mqtt://user:secret@broker".parse().expect("valid")
}

impl Fixture {
    pub(super) fn start(settings: config::Upstream) -> Self {
        let (sender, calls) = mpsc::unbounded_channel();
        let (came, down) = mpsc::unbounded_channel();
        let queue = MemoryQueue::default();
        let clock = Clock::default();
        let metrics = Arc::new(Metrics::default());
        let rest = Rest {
            metrics: Arc::clone(&metrics),
            observer: Arc::new(Observer::default()),
            clock: clock.clone(),
            device: ClientId::device("edge-1"),
            tokens: Some(Arc::new(FakeTokens)),
            downstream: Arc::new(FakeDownstream(came)),
        };
        let upstream = Upstream::start_with(queue.clone(), settings, Some(Arc::new(FakeDial(sender))), rest);
        Self { upstream, queue, clock, metrics, down, calls }
    }

    /// Waits for a call for a connection.
    pub(super) async fn dialled(&mut self) -> Answer {
        self.calls.recv().await.expect("upstream runs")
    }

    /// Answers a call with a connection, and reads CONNECT.
    pub(super) async fn serve(&mut self, answer: Answer) -> Server {
        let (near, far) = duplex(32 * 1024);
        answer.send(Ok(Box::new(near))).ok().expect("somebody waits");
        let mut server = Server { stream: far, login: <_>::default(), slow: None };
        match server.read().await {
            Some(Packet::Connect(login)) => server.login = login,
            packet => panic!("{packet:?}"),
        }
        server
    }

    /// Waits for a connection and its CONNECT.
    pub(super) async fn connected(&mut self) -> Server {
        let answer = self.dialled().await;
        self.serve(answer).await
    }

    /// Waits for a connection and accepts it.
    pub(super) async fn accept(&mut self) -> Server {
        let mut server = self.connected().await;
        server.write(&connack(0)).await;
        server
    }

    /// Waits until upstream has handled all it can handle now.
    pub(super) async fn settle(&self) {
        // Timers fire only when nothing else can run.
        sleep(Duration::from_millis(1)).await;
    }
}

pub(super) const fn connack(code: u8) -> [u8; 4] {
    [0x20, 2, 0, code]
}

pub(super) const fn puback(id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [0x40, 2, high, low]
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Packet {
    Connect((String, Option<String>, Option<String>)),
    Publish(Publish),
    Subscribe(Vec<String>),
    Puback(u16),
    Pingreq,
    Disconnect,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Publish {
    pub(super) topic: String,
    pub(super) id: u16,
    pub(super) dup: bool,
    pub(super) body: Vec<u8>,
}

impl Publish {
    pub(super) fn number(&self) -> u64 {
        String::from_utf8_lossy(&self.body).parse().expect("a number")
    }
}

/// The server's end of a connection.
pub(super) struct Server {
    stream: DuplexStream,
    pub(super) login: (String, Option<String>, Option<String>),
    /// Bytes at a time, and the time between them.
    pub(super) slow: Option<(usize, Duration)>,
}

impl Server {
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        // The client may be gone.
        let _ = self.stream.write_all(bytes).await;
    }

    /// Reads a packet, `None` at the end of the connection.
    pub(super) async fn read(&mut self) -> Option<Packet> {
        let first = self.stream.read_u8().await.ok()?;
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.stream.read_u8().await.ok()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut rest = vec![0; length];
        match self.slow {
            None => {
                self.stream.read_exact(&mut rest).await.ok()?;
            }
            Some((size, time)) => {
                for chunk in rest.chunks_mut(size) {
                    sleep(time).await;
                    self.stream.read_exact(chunk).await.ok()?;
                }
            }
        }
        Some(decode(first, &rest))
    }

    pub(super) async fn publish(&mut self) -> Publish {
        loop {
            match self.read().await {
                Some(Packet::Publish(publish)) => return publish,
                Some(Packet::Pingreq) => self.write(&[0xd0, 0]).await,
                Some(Packet::Subscribe(_)) => {}
                packet => panic!("expected PUBLISH, found {packet:?}"),
            }
        }
    }

    /// Reads until the client ends the connection.
    pub(super) async fn end(&mut self) {
        while self.read().await.is_some() {}
    }
}

fn decode(first: u8, rest: &[u8]) -> Packet {
    let mut rest = rest;
    let mut take = |length: usize| {
        let (taken, left) = rest.split_at(length);
        rest = left;
        taken.to_vec()
    };
    let number = |bytes: Vec<u8>| u16::from_be_bytes([bytes[0], bytes[1]]);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    match first {
        0x10 => {
            assert_eq!(take(7), b"\0\x04MQTT\x04");
            let flags = take(1)[0];
            assert_eq!(number(take(2)), 60);
            let mut string = || {
                let length = number(take(2));
                text(take(length.into()))
            };
            let client_id = string();
            let user = (flags & 0x80 != 0).then(&mut string);
            let password = (flags & 0x40 != 0).then(&mut string);
            Packet::Connect((client_id, user, password))
        }
        0x32 | 0x3a => {
            let length = number(take(2));
            let topic = text(take(length.into()));
            let id = number(take(2));
            Packet::Publish(Publish { topic, id, dup: first == 0x3a, body: rest.to_vec() })
        }
        0x30 => {
            let length = number(take(2));
            let topic = text(take(length.into()));
            Packet::Publish(Publish { topic, id: 0, dup: false, body: rest.to_vec() })
        }
        0x82 => {
            let _id = take(2);
            let mut filters = Vec::new();
            while !rest.is_empty() {
                let mut take = |length: usize| {
                    let (taken, left) = rest.split_at(length);
                    rest = left;
                    taken.to_vec()
                };
                let length = number(take(2));
                filters.push(text(take(length.into())));
                assert_eq!(take(1), [1]);
            }
            Packet::Subscribe(filters)
        }
        0x40 => Packet::Puback(number(take(2))),
        0xc0 => Packet::Pingreq,
        0xe0 => Packet::Disconnect,
        _ => panic!("the client sends a packet that begins with {first:#x}"),
    }
}
