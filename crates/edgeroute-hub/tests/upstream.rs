//! Upstream to mosquitto, an MQTT broker that is not ours.
#![expect(clippy::expect_used, clippy::print_stderr, reason = "a test panics when it fails, and says what it skips")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use edgeroute::{Origin, OwnedMessage};
use edgeroute_hub::clock::{Clock, Timestamp};
use edgeroute_hub::identity::{ClientId, Identities, IdentityOptions};
use edgeroute_hub::message::Message;
use edgeroute_hub::metrics::Metrics;
use edgeroute_hub::observe::Observer;
use edgeroute_hub::outbox::Paused;
use edgeroute_hub::store::{
    Destination, Durability, Level, NewDelivery, Outcome, Store, StoreOptions, Submission, WhenFull,
};
use edgeroute_hub::upstream::{Nowhere, Parts, State, Upstream};

const PATIENCE: Duration = Duration::from_secs(60);

/// A broker that is ended with the test.
struct Mosquitto(Child);

impl Mosquitto {
    fn start(directory: &Path, port: u16) -> Self {
        let file = directory.join("mosquitto.conf");
        std::fs::write(&file, format!("listener {port} 127.0.0.1\nallow_anonymous true\n")).expect("written");
        let child = Command::new(PROGRAM).arg("-c").arg(&file).spawn().expect("mosquitto starts");
        let broker = Self(child);
        eventually("mosquitto listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        broker
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Debian installs it where users have no path to.
const PROGRAM: &str = "/usr/sbin/mosquitto";

fn is_missing() -> bool {
    if Path::new(PROGRAM).exists() {
        return false;
    }
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "{PROGRAM} is missing: install the package mosquitto"
    );
    eprintln!("SKIPPED: {PROGRAM} is missing: install the package mosquitto");
    true
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Subscribes to everything. Has only what this test needs of the protocol.
struct Subscriber(TcpStream);

impl Subscriber {
    fn connect(port: u16) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("mosquitto listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        stream.write_all(b"\x10\x0f\0\x04MQTT\x04\x02\0\0\0\x03sub").expect("written");
        stream.write_all(b"\x82\x06\0\x01\0\x01#\x01").expect("written");
        let mut answers = [0; 9];
        stream.read_exact(&mut answers).expect("CONNACK and SUBACK");
        assert_eq!(answers, [0x20, 2, 0, 0, 0x90, 3, 0, 1, 1]);
        Self(stream)
    }

    fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.0.read_exact(&mut byte).expect("a byte");
        byte[0]
    }

    /// Receives a message: its topic and body.
    fn receive(&mut self) -> (String, Vec<u8>) {
        assert_eq!(self.byte() & 0xf6, 0x32, "PUBLISH at quality of service 1");
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte();
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut packet = vec![0; length];
        self.0.read_exact(&mut packet).expect("a packet");
        let (size, rest) = packet.split_at(2);
        let (topic, rest) = rest.split_at(u16::from_be_bytes([size[0], size[1]]).into());
        let (id, body) = rest.split_at(2);
        self.0.write_all(&[0x40, 2, id[0], id[1]]).expect("written");
        (String::from_utf8(topic.to_vec()).expect("UTF-8"), body.to_vec())
    }
}

fn submit(store: &Store, number: u32) {
    let queue = store.queue(&Destination::Upstream);
    let content = OwnedMessage::new(Origin::module("edge-1", "sensor").output("out1"))
        .with_property("odd key", "a&b=c/d%+#")
        .with_body(number.to_string());
    let message = Message { sender: ClientId::module("edge-1", "sensor"), received: Timestamp(1), content };
    let delivery = NewDelivery { queue, level: Level::new(10).expect("a level"), expires: Timestamp::NEVER };
    let (stored, outcome) = mpsc::channel();
    store.submit(Submission {
        state: Vec::new(),
        message: Some((Arc::new(message), vec![delivery])),
        completed: Box::new(move |outcome| stored.send(outcome).expect("the test waits")),
        sender: None,
    });
    assert!(matches!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Stored(Some(_)))));
}

/// Expects messages in order. A broker gets a message again if its acknowledgement was lost.
fn expect(subscriber: &mut Subscriber, numbers: std::ops::Range<u32>) {
    let mut next = numbers.start;
    while next < numbers.end {
        let (topic, body) = subscriber.receive();
        assert_eq!(topic, "edge/edge-1/sensor/out1/?%24.on=out1&odd%20key=a%26b%3Dc%2Fd%25%2B%23");
        let number: u32 = String::from_utf8(body).expect("digits").parse().expect("a number");
        assert!(number <= next, "{number} overtakes {next}");
        next = next.max(number + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_restarts_gets_everything_in_order() {
    if is_missing() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let clock = Clock::default();
    let store = Store::ephemeral(&StoreOptions {
        directory: directory.path().join("store"),
        hub_device: "edge-1".into(),
        durability: Durability::Flush,
        max_bytes: None,
        when_full: WhenFull::Wait,
        salvage: false,
        clock: clock.clone(),
    });
    let store = store.expect("it opens");
    let identities = Identities::open(&IdentityOptions::default());
    let parts = Parts {
        store: store.clone(),
        paused: Paused::default(),
        metrics: Arc::new(Metrics::default()),
        observer: Arc::new(Observer::default()),
        clock,
        device: ClientId::device("edge-1"),
        identities: Arc::new(identities.expect("it opens")),
        downstream: Arc::new(Nowhere),
    };

    let broker = Mosquitto::start(directory.path(), port);
    let mut subscriber = Subscriber::connect(port);
    let settings = format!("mqtt://127.0.0.1:{port}").parse().expect("valid");
    let upstream = Upstream::start(settings, parts).expect("valid");
    for number in 0..100 {
        submit(&store, number);
    }
    expect(&mut subscriber, 0..100);
    eventually("the queue is empty", || store.queues().is_empty());
    assert_eq!(upstream.status().state, State::Online);

    drop(broker);
    eventually("upstream is offline", || upstream.status().state == State::Offline);
    for number in 100..200 {
        submit(&store, number);
    }
    upstream.pause();
    let broker = Mosquitto::start(directory.path(), port);
    let mut subscriber = Subscriber::connect(port);
    upstream.resume();
    expect(&mut subscriber, 100..200);
    eventually("the queue is empty", || store.queues().is_empty());
    let status = upstream.status();
    assert_eq!((status.state, status.in_flight), (State::Online, 0));
    assert!(status.last_problem.is_some());
    upstream.stop().await;
    drop(broker);
}
