//! Tests of the store as a whole.

mod basic;
mod crash;
mod expiry;
mod faults;
mod faulty;
mod limits;
mod model;
mod space;

use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use edgeroute::{Origin, OwnedMessage};

use super::open::Handle;
use super::*;
use crate::clock::Timestamp;
use crate::identity::ClientId;

/// How long a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

fn options(directory: &Path) -> StoreOptions {
    StoreOptions {
        directory: directory.to_owned(),
        hub_device: "edge-1".into(),
        durability: Durability::Flush,
        max_bytes: None,
        when_full: WhenFull::Wait,
        salvage: false,
        clock: Clock::default(),
    }
}

fn store_of(handle: Handle) -> Store {
    Store { handle: Arc::new(handle) }
}

fn message(number: u64, bytes: usize) -> Arc<Message> {
    let content = OwnedMessage::new(Origin::module("edge-1", "sensor").output("out1"))
        .with_body(vec![b'x'; bytes])
        .with_system_property("messageId", number.to_string());
    Arc::new(Message { sender: ClientId::module("edge-1", "sensor"), received: Timestamp(number), content })
}

/// Returns the number that [`message`] was given.
fn number(message: &Message) -> u64 {
    message.system_property("messageId").and_then(|id| id.parse().ok()).expect("a message of these tests")
}

fn input(name: &str) -> Destination {
    Destination::Input { module: "filter".into(), input: name.into() }
}

fn level(rank: u8) -> Level {
    Level::new(rank).expect("a level")
}

fn delivery(queue: QueueId, rank: u8) -> NewDelivery {
    NewDelivery { queue, level: level(rank), expires: Timestamp::NEVER }
}

/// Submits a message, and returns what will receive its outcome.
fn send(store: &Store, message: Arc<Message>, deliveries: Vec<NewDelivery>) -> mpsc::Receiver<Outcome> {
    let (sender, receiver) = mpsc::channel();
    let completed: Completion = Box::new(move |outcome| sender.send(outcome).unwrap_or_default());
    store.submit(Submission { state: Vec::new(), message: Some((message, deliveries)), completed, sender: None });
    receiver
}

/// Stores a message and returns its number.
fn put(store: &Store, message: Arc<Message>, deliveries: Vec<NewDelivery>) -> Sequence {
    match send(store, message, deliveries).recv_timeout(PATIENCE) {
        Ok(Outcome::Stored(Some(sequence))) => sequence,
        other => panic!("not stored: {other:?}"),
    }
}

fn put_state(store: &Store, kind: &'static str, id: &str, value: Option<&[u8]>) -> Outcome {
    let (sender, receiver) = mpsc::channel();
    store.submit(Submission {
        state: vec![(StateKey { kind, id: id.to_owned() }, value.map(<[u8]>::to_vec))],
        message: None,
        completed: Box::new(move |outcome| sender.send(outcome).unwrap_or_default()),
        sender: None,
    });
    receiver.recv_timeout(PATIENCE).expect("an outcome")
}

/// Returns the messages that wait in a queue.
fn waiting(store: &Store, queue: QueueId, rank: u8) -> Vec<Sequence> {
    let entries = store.entries(queue, level(rank), None, usize::MAX).expect("it can be read");
    entries.iter().map(|entry| entry.sequence).collect()
}

fn first(store: &Store, queue: QueueId, rank: u8) -> Entry {
    store.entries(queue, level(rank), None, 1).expect("it can be read").pop().expect("an entry")
}

/// Waits until something is so.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Records what leaves the queues.
fn losses(store: &Store) -> Arc<Mutex<Vec<(Entry, Removal)>>> {
    let lost = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&lost);
    store.on_removed(Box::new(move |entry, why| record.lock().expect("a lock").push((*entry, why))));
    lost
}
