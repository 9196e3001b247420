use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::*;
use crate::clock::{Clock, Timestamp};
use crate::identity::Key;
use crate::outbox::Paused;
use crate::store::{Durability, Store, StoreOptions, WhenFull};

const LIMIT: usize = 3;

fn sensor() -> ClientId {
    ClientId::module("edge-1", "sensor")
}

fn methods() -> Arc<Methods> {
    let store = Store::ephemeral(&StoreOptions {
        directory: PathBuf::new(),
        hub_device: "edge-1".into(),
        durability: Durability::Flush,
        max_bytes: None,
        when_full: WhenFull::Wait,
        salvage: false,
        clock: Clock::default(),
    })
    .expect("it opens");
    let clients = Clients::restore(store, Paused::default()).expect("it is read");
    Arc::new(Methods::new(Arc::new(clients), LIMIT))
}

fn connection(generation: u64) -> (Connection, mpsc::Receiver<Push>) {
    let (pushes, received) = mpsc::channel(8);
    let connection = Connection {
        generation,
        address: "127.0.0.1:1".parse().expect("an address"),
        since: Timestamp(0),
        agent: None,
        key: Key::random().expect("there is randomness"),
        pushes,
        close: watch::channel(None).0,
    };
    (connection, received)
}

/// Connects a client, and subscribes it to methods.
fn connect(methods: &Methods, generation: u64) -> mpsc::Receiver<Push> {
    let (connection, received) = connection(generation);
    methods.clients.session(&sensor()).update(|state| {
        state.filters.insert(Filter::Methods, 0);
        state.connection = Some(connection);
    });
    received
}

fn call() -> Call {
    let payload = RawValue::from_string(r#"{"x": 1}"#.to_owned()).expect("it is JSON");
    Call::new("ping", Some(payload), None, None).expect("it is valid")
}

/// Begins a call and waits until it has been registered.
async fn begin(methods: &Arc<Methods>, call: Call) -> tokio::task::JoinHandle<Result<Answer, MethodError>> {
    let before = methods.waiting(&sensor());
    let task = tokio::spawn({
        let methods = Arc::clone(methods);
        async move { methods.invoke(&sensor(), call).await }
    });
    while methods.waiting(&sensor()) == before && !task.is_finished() {
        tokio::task::yield_now().await;
    }
    task
}

async fn request(received: &mut mpsc::Receiver<Push>) -> String {
    match received.recv().await {
        Some(Push::Method { request, name, payload }) => {
            assert_eq!((name.as_str(), payload.as_slice()), ("ping", br#"{"x": 1}"#.as_slice()));
            assert!(!request.is_empty() && request.bytes().all(|byte| byte.is_ascii_hexdigit()), "{request}");
            request
        }
        other => panic!("{other:?}"),
    }
}

fn status(result: Result<Answer, MethodError>) -> u16 {
    result.expect_err("it fails").status()
}

#[tokio::test]
async fn an_answer_is_passed_on_as_it_is() {
    let methods = methods();
    let mut received = connect(&methods, 1);
    for (status, payload, expected) in [
        (
            200,
            r#"{"method": "ping", "got": {"x": 1}}"#,
            r#"{"status":200,"payload":{"method": "ping", "got": {"x": 1}}}"#,
        ),
        (500, "\"failed\"", r#"{"status":500,"payload":"failed"}"#),
        (-1, "", r#"{"status":-1,"payload":null}"#),
    ] {
        let task = begin(&methods, call()).await;
        let request = request(&mut received).await;
        assert!(methods.answer(&sensor(), &request, status, payload.as_bytes()));
        let answer = task.await.expect("it does not panic").expect("it is answered");
        assert_eq!(serde_json::to_string(&answer).expect("it is JSON"), expected);
        assert!(!methods.answer(&sensor(), &request, 200, b"{}"), "a second answer comes too late");
    }
    assert!(methods.pending().is_empty());
}

#[tokio::test]
async fn a_client_that_is_not_there_is_not_found() {
    let methods = methods();
    let error = methods.invoke(&sensor(), call()).await.expect_err("it fails");
    assert_eq!((error.status(), error.to_string().as_str()), (404, "`edge-1/sensor` is not connected"));
    let (connected, _received) = connection(1);
    methods.clients.session(&sensor()).update(|state| state.connection = Some(connected));
    let error = methods.invoke(&sensor(), call()).await.expect_err("it fails");
    assert_eq!((error.status(), error.to_string().as_str()), (404, "`edge-1/sensor` is not subscribed to methods"));
    assert!(methods.pending().is_empty());
}

#[tokio::test]
async fn a_client_that_connects_in_time_is_waited_for() {
    let methods = methods();
    let task = begin(&methods, Call { connect_time: Duration::from_secs(300), ..call() }).await;
    let mut received = connect(&methods, 1);
    let request = request(&mut received).await;
    assert!(methods.answer(&sensor(), &request, 200, b"1"));
    assert!(task.await.expect("it does not panic").is_ok());
    methods.clients.session(&sensor()).update(|state| state.connection = None);
    let short = Call { connect_time: Duration::from_millis(20), ..call() };
    assert_eq!(status(methods.invoke(&sensor(), short).await), 404);
}

#[tokio::test]
async fn a_mute_client_is_not_waited_for_longer_than_asked() {
    let methods = methods();
    let mut received = connect(&methods, 1);
    let short = Call { response_time: Duration::from_millis(20), ..call() };
    assert_eq!(status(methods.invoke(&sensor(), short).await), 504);
    let request = request(&mut received).await;
    assert!(!methods.answer(&sensor(), &request, 200, b"{}"));
    assert!(methods.pending().is_empty());
}

#[tokio::test]
async fn a_lost_connection_fails_its_calls_at_once() {
    let methods = methods();
    let started = Instant::now();
    let mut received = connect(&methods, 1);
    let task = begin(&methods, call()).await;
    request(&mut received).await;
    methods.clients.session(&sensor()).update(|state| state.connection = None);
    assert_eq!(status(task.await.expect("it does not panic")), 404);
    // So does one that another connection replaces.
    let mut received = connect(&methods, 2);
    let task = begin(&methods, call()).await;
    request(&mut received).await;
    let _other = connect(&methods, 3);
    assert_eq!(status(task.await.expect("it does not panic")), 404);
    assert!(started.elapsed() < Duration::from_secs(30), "the time for the response has not passed");
    assert!(methods.pending().is_empty());
}

#[tokio::test]
async fn a_client_that_does_not_read_is_not_waited_for() {
    let methods = methods();
    let received = connect(&methods, 1);
    drop(received);
    assert_eq!(status(methods.invoke(&sensor(), call()).await), 404);
    assert!(methods.pending().is_empty());
}

#[tokio::test]
async fn calls_of_one_client_are_limited() {
    let methods = methods();
    let _received = connect(&methods, 1);
    let mut tasks = Vec::new();
    for _ in 0..LIMIT {
        tasks.push(begin(&methods, call()).await);
    }
    assert_eq!(status(methods.invoke(&sensor(), call()).await), 429);
    let other = ClientId::device("leaf-1");
    assert_eq!(status(methods.invoke(&other, call()).await), 404);
    // A caller that goes away makes room.
    let task = tasks.pop().expect("there is one");
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(methods.waiting(&sensor()), LIMIT - 1);
    let task = begin(&methods, call()).await;
    assert_eq!(methods.waiting(&sensor()), LIMIT);
    tasks.push(task);
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    for task in tasks {
        assert!(task.await.is_err());
    }
    assert!(methods.pending().is_empty());
}

#[tokio::test]
async fn only_the_client_itself_can_answer() {
    let methods = methods();
    let mut received = connect(&methods, 1);
    let task = begin(&methods, call()).await;
    let request = request(&mut received).await;
    assert!(!methods.answer(&ClientId::module("edge-1", "filter"), &request, 200, b"{}"));
    assert!(!methods.answer(&sensor(), "0", 200, b"{}"));
    assert!(methods.answer(&sensor(), &request, 200, b"{}"));
    assert!(task.await.expect("it does not panic").is_ok());
}

#[tokio::test]
async fn an_answer_that_is_not_valid_is_bad() {
    let methods = methods();
    let mut received = connect(&methods, 1);
    let large = format!("\"{}\"", "x".repeat(LARGEST_PAYLOAD - 1));
    for (status, payload, expected) in [
        (Some(200), "{", Some(502)),
        (Some(200), large.as_str(), Some(502)),
        (None, "1", Some(502)),
        (Some(200), " 1 ", None),
    ] {
        let task = begin(&methods, call()).await;
        let request = request(&mut received).await;
        assert!(methods.answer(&sensor(), &request, status, payload.as_bytes()));
        let result = task.await.expect("it does not panic");
        assert_eq!(result.err().map(|error| error.status()), expected);
    }
}
