use std::path::PathBuf;

use edgeroute::MessageSource;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::*;
use crate::clients::{Connection, Push};
use crate::clock::Timestamp;
use crate::identity::Key;
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::outbox::Paused;
use crate::routing::{GoodManifest, Router};
use crate::store::{Consumer, Durability, Level, StoreOptions, WhenFull};
use crate::wire::{Filter, input_topic};

/// A twin service over a store of its own.
struct Rig {
    twins: Arc<Twins>,
    store: Store,
    clients: Arc<Clients>,
}

fn rig() -> Rig {
    let clock = Clock::default();
    let store = Store::ephemeral(&StoreOptions {
        directory: PathBuf::new(),
        hub_device: "edge-1".into(),
        durability: Durability::Flush,
        max_bytes: None,
        when_full: WhenFull::Wait,
        salvage: false,
        clock: clock.clone(),
    })
    .expect("it opens");
    let manifest = json!({"modulesContent": {"$edgeHub": {"properties.desired": {
        "schemaVersion": "1.1",
        "routes": {
            "changes": "FROM /twinChangeNotifications WHERE $messageType = 'twinChangeNotification' INTO BrokeredEndpoint(\"/modules/audit/inputs/twins\")"
        },
        "storeAndForwardConfiguration": {"timeToLiveSecs": 7200}
    }}}});
    let manifest =
        GoodManifest::check("manifest", &manifest.to_string()).unwrap_or_else(|bad| panic!("{}", bad.report));
    let router = Arc::new(Router::new(store.clone(), clock.clone(), manifest));
    let metrics = Arc::new(Metrics::default());
    let ingest = Ingest::new(router, store.clone(), Arc::new(Observer::default()), metrics);
    let clients = Arc::new(Clients::restore(store.clone(), Paused::default()).expect("it is read"));
    let twins = Twins::new(store.clone(), Arc::clone(&clients), ingest, clock, ClientId::device("edge-1"));
    Rig { twins: Arc::new(twins), store, clients }
}

impl Rig {
    /// Connects a client that is subscribed to changes of its desired properties.
    fn connect(&self, client: &ClientId) -> mpsc::Receiver<Push> {
        let (pushes, received) = mpsc::channel(4);
        self.clients.session(client).update(|state| {
            state.filters.insert(Filter::DesiredPatches, 1);
            state.connection = Some(Connection {
                generation: 1,
                address: "127.0.0.1:1".parse().expect("an address"),
                since: Timestamp(0),
                agent: None,
                key: Key::random().expect("there is randomness"),
                pushes,
                close: watch::channel(None).0,
            });
        });
        received
    }

    fn disconnect(&self, client: &ClientId) {
        self.clients.session(client).update(|state| state.connection = None);
    }

    async fn twin(&self, client: &ClientId) -> Value {
        let twin = self.twins.get(client).await.expect("it is there");
        serde_json::from_slice(&twin).expect("it is JSON")
    }
}

fn sensor() -> ClientId {
    ClientId::module("edge-1", "sensor")
}

fn document(value: Value) -> Document {
    match value {
        Value::Object(document) => document,
        other => panic!("{other}"),
    }
}

fn patch(received: &mut mpsc::Receiver<Push>) -> Option<Value> {
    match received.try_recv() {
        Ok(Push::DesiredPatch { version, patch }) => {
            let patch: Value = serde_json::from_slice(&patch).expect("it is JSON");
            assert_eq!(patch.get("$version"), Some(&json!(version)));
            Some(patch)
        }
        Ok(other) => panic!("{other:?}"),
        Err(_) => None,
    }
}

#[tokio::test]
async fn a_new_twin_has_versions() {
    let rig = rig();
    assert_eq!(rig.twin(&sensor()).await, json!({"desired": {"$version": 1}, "reported": {"$version": 1}}));
}

#[tokio::test]
async fn reported_properties_are_merged_and_counted() {
    let rig = rig();
    assert_eq!(rig.twins.report(&sensor(), br#"{"a": {"b": 1}, "gone": null}"#).await, Ok(2));
    assert_eq!(rig.twins.report(&sensor(), br#"{"a": {"c": [1, 2]}, "d": "x"}"#).await, Ok(3));
    assert_eq!(rig.twins.report(&sensor(), br#"{"a": {"c": [3]}, "d": null}"#).await, Ok(4));
    let expected = json!({"desired": {"$version": 1}, "reported": {"$version": 4, "a": {"b": 1, "c": [3]}}});
    assert_eq!(rig.twin(&sensor()).await, expected);
    assert_eq!(rig.twin(&ClientId::device("leaf-1")).await["reported"], json!({"$version": 1}));
}

#[tokio::test]
async fn a_refused_patch_changes_nothing() {
    let rig = rig();
    for (patch, status) in [("[]", 400), ("{\"a.b\":1}", 400), ("", 400), ("{\"a\":[null]}", 400)] {
        let error = rig.twins.report(&sensor(), patch.as_bytes()).await.expect_err("it is refused");
        assert_eq!(error.status(), status, "{patch}");
    }
    // Nested as deep as the JSON reader takes it: a record that holds it would be too deep.
    for depth in [120, 126] {
        let patch = format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(rig.twins.report(&sensor(), patch.as_bytes()).await.expect_err("it is refused").status(), 400);
    }
    assert_eq!(rig.twin(&sensor()).await["reported"], json!({"$version": 1}));
    assert_eq!(rig.store.queues().len(), 0);
}

#[tokio::test]
async fn reported_properties_have_a_limit_in_all() {
    let rig = rig();
    let mut result = Ok(0);
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        assert!(result.is_ok(), "{result:?}");
        result = rig.twins.report(&sensor(), json!({ name: "v".repeat(4_090) }).to_string().as_bytes()).await;
    }
    assert_eq!(result.expect_err("it is too large").status(), 400);
    // Removing makes space again.
    assert_eq!(rig.twins.report(&sensor(), br#"{"a": null, "h": 1}"#).await, Ok(9));
}

#[tokio::test]
async fn a_notification_is_routed_with_the_report() {
    let rig = rig();
    rig.twins.report(&sensor(), br#"{"a": 1}"#).await.expect("it is stored");
    let queue = *rig.store.queues_of(&Consumer::Module("audit".into())).first().expect("there is a queue");
    let mut found = Vec::new();
    for level in Level::all() {
        found.extend(rig.store.entries(queue, level, None, 10).expect("it is read"));
    }
    assert_eq!(found.len(), 1);
    let message = rig.store.message(found[0].sequence).expect("it is read").expect("it is there");
    assert_eq!(message.sender, sensor());
    assert_eq!(message.content.origin().source(), MessageSource::TwinChange);
    assert_eq!(message.content.body(), br#"{"a": 1}"#);
    assert_eq!(message.system_property("messageSchema"), Some("twinChangeNotification"));
    let topic = input_topic(&ClientId::module("edge-1", "audit"), "twins", &message).expect("it is short");
    assert_eq!(
        topic,
        "devices/edge-1/modules/audit/inputs/twins/%24.schema=twinChangeNotification&%24.cdid=edge-1&%24.cmid=sensor"
    );
}

#[tokio::test]
async fn desired_properties_are_sent_to_the_client() {
    let rig = rig();
    let mut received = rig.connect(&sensor());
    assert_eq!(rig.twins.patch_desired(&sensor(), document(json!({"rate": 5}))).await, Ok(2));
    assert_eq!(patch(&mut received), Some(json!({"rate": 5, "$version": 2})));
    rig.twins.desired_seen(&sensor(), 2).await.expect("it is stored");
    assert_eq!(rig.twins.patch_desired(&sensor(), document(json!({"rate": null, "x": {"y": 1}}))).await, Ok(3));
    assert_eq!(patch(&mut received), Some(json!({"rate": null, "x": {"y": 1}, "$version": 3})));
    assert_eq!(patch(&mut received), None);
    assert_eq!(rig.twin(&sensor()).await["desired"], json!({"x": {"y": 1}, "$version": 3}));
    let error = rig.twins.patch_desired(&sensor(), document(json!({"$version": 7}))).await;
    assert_eq!(error.expect_err("it is refused").status(), 400);
}

#[tokio::test]
async fn a_client_that_was_away_gets_the_difference() {
    let rig = rig();
    rig.twins.replace_desired(&sensor(), document(json!({"a": {"c": 2}, "b": 1, "n": null}))).await.expect("stored");
    assert_eq!(rig.twin(&sensor()).await["desired"], json!({"a": {"c": 2}, "b": 1, "$version": 2}));
    rig.twins.patch_desired(&sensor(), document(json!({"a": null}))).await.expect("stored");
    rig.twins.patch_desired(&sensor(), document(json!({"a": {"d": 1}, "e": 1}))).await.expect("stored");
    let mut received = rig.connect(&sensor());
    rig.twins.catch_up(&sensor()).await.expect("it is read");
    let difference = json!({"a": {"c": null, "d": 1}, "e": 1, "$version": 4});
    assert_eq!(patch(&mut received), Some(difference.clone()));
    // The connection ends before the patch has arrived.
    rig.disconnect(&sensor());
    let mut received = rig.connect(&sensor());
    rig.twins.catch_up(&sensor()).await.expect("it is read");
    assert_eq!(patch(&mut received), Some(difference));
    rig.twins.desired_seen(&sensor(), 3).await.expect("an old version");
    rig.twins.catch_up(&sensor()).await.expect("it is read");
    assert!(patch(&mut received).is_some());
    rig.twins.desired_seen(&sensor(), 4).await.expect("it is stored");
    rig.twins.catch_up(&sensor()).await.expect("it is read");
    assert_eq!(patch(&mut received), None);
}

/// Waits for the next patch.
async fn next_patch(received: &mut mpsc::Receiver<Push>) -> Value {
    let next = timeout(Duration::from_secs(30), received.recv()).await.expect("there is one");
    let (sender, mut one) = mpsc::channel(1);
    sender.try_send(next.expect("it is connected")).expect("it has room");
    patch(&mut one).expect("it is a patch")
}

#[tokio::test]
async fn a_client_that_does_not_read_is_sent_the_rest_later() {
    let rig = rig();
    rig.twin(&sensor()).await;
    // The client does not read, and its channel takes four.
    let mut received = rig.connect(&sensor());
    for value in 1..=6 {
        rig.twins.patch_desired(&sensor(), document(json!({ format!("p{value}"): value }))).await.expect("stored");
    }
    let mut last = None;
    while let Some(patch) = patch(&mut received) {
        last = Some(patch);
    }
    assert_eq!(last, Some(json!({"p1": 1, "p2": 2, "p3": 3, "p4": 4, "$version": 5})));
    // Nothing else changes.
    let all = json!({"p1": 1, "p2": 2, "p3": 3, "p4": 4, "p5": 5, "p6": 6, "$version": 7});
    assert_eq!(next_patch(&mut received).await, all);
    assert!(rig.twins.lagging().is_empty());
    // The same again, and the connection ends.
    for value in 1..=6 {
        rig.twins.patch_desired(&sensor(), document(json!({ "q": value }))).await.expect("stored");
    }
    assert_eq!(rig.twins.lagging().len(), 1);
    drop(received);
    rig.disconnect(&sensor());
    while !rig.twins.lagging().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_never_got_its_twin_is_sent_the_rest_as_well() {
    let rig = rig();
    let mut received = rig.connect(&sensor());
    for value in 1..=5 {
        rig.twins.patch_desired(&sensor(), document(json!({ "n": value }))).await.expect("stored");
    }
    for value in 1..=4 {
        assert_eq!(patch(&mut received), Some(json!({"n": value, "$version": value + 1})));
    }
    assert_eq!(next_patch(&mut received).await, json!({"n": 5, "$version": 6}));
}

#[tokio::test]
async fn a_patch_that_was_sent_and_may_be_lost_comes_again() {
    let rig = rig();
    rig.twins.patch_desired(&sensor(), document(json!({"a": 1, "b": 1}))).await.expect("stored");
    rig.twin(&sensor()).await;
    let mut received = rig.connect(&sensor());
    rig.twins.patch_desired(&sensor(), document(json!({"a": 2, "x": 1}))).await.expect("stored");
    assert_eq!(patch(&mut received), Some(json!({"a": 2, "x": 1, "$version": 3})));
    rig.twins.desired_sent(&sensor(), 3).await.expect("it is stored");
    // On one connection nothing is lost, so patches have only what changes.
    rig.twins.patch_desired(&sensor(), document(json!({"b": 2, "x": null}))).await.expect("stored");
    assert_eq!(patch(&mut received), Some(json!({"b": 2, "x": null, "$version": 4})));
    rig.twins.desired_sent(&sensor(), 4).await.expect("it is stored");
    // The connection breaks, more than once. The client may have any of the three versions.
    for _ in 0..2 {
        rig.disconnect(&sensor());
        received = rig.connect(&sensor());
        rig.twins.catch_up(&sensor()).await.expect("it is read");
        assert_eq!(patch(&mut received), Some(json!({"a": 2, "b": 2, "x": null, "$version": 4})));
        rig.twins.desired_sent(&sensor(), 4).await.expect("it is stored");
    }
    rig.twins.desired_seen(&sensor(), 4).await.expect("it is stored");
    rig.disconnect(&sensor());
    received = rig.connect(&sensor());
    rig.twins.catch_up(&sensor()).await.expect("it is read");
    assert_eq!(patch(&mut received), None);
}

#[tokio::test]
async fn a_first_patch_that_may_be_lost_comes_again() {
    let rig = rig();
    rig.twins.patch_desired(&sensor(), document(json!({"a": 1}))).await.expect("stored");
    let mut received = rig.connect(&sensor());
    rig.twins.patch_desired(&sensor(), document(json!({"b": 1}))).await.expect("stored");
    assert_eq!(patch(&mut received), Some(json!({"b": 1, "$version": 3})));
    rig.twins.desired_sent(&sensor(), 3).await.expect("it is stored");
    rig.disconnect(&sensor());
    let mut received = rig.connect(&sensor());
    rig.twins.catch_up(&sensor()).await.expect("it is read");
    assert_eq!(patch(&mut received), Some(json!({"a": 1, "b": 1, "$version": 3})));
}

#[tokio::test]
async fn a_value_that_changes_back_is_sent() {
    let rig = rig();
    rig.twins.patch_desired(&sensor(), document(json!({"a": 1, "o": {"x": 1}}))).await.expect("stored");
    rig.twin(&sensor()).await;
    let mut received = rig.connect(&sensor());
    // The hub does not know yet whether the client was sent the first.
    rig.twins.patch_desired(&sensor(), document(json!({"a": 2, "o": null, "n": 1}))).await.expect("stored");
    assert!(patch(&mut received).is_some());
    rig.twins.patch_desired(&sensor(), document(json!({"a": 1, "o": {"x": 1}, "n": null}))).await.expect("stored");
    let back = json!({"a": 1, "o": {"x": 1}, "n": null, "$version": 4});
    assert_eq!(patch(&mut received), Some(back));
}

#[tokio::test]
async fn what_a_client_may_have_stays_small() {
    let rig = rig();
    rig.twin(&sensor()).await;
    for number in 0..100 {
        let name = format!("{number}{}", "n".repeat(1_000));
        rig.twins.replace_desired(&sensor(), document(json!({ name: 1 }))).await.expect("stored");
    }
    let record = to_bytes(&rig.twins.load(&sensor()).await.expect("it is read")).expect("it is written");
    assert!((32 * 1024..80 * 1024).contains(&record.len()), "{}", record.len());
}

#[tokio::test]
async fn a_client_that_got_its_twin_has_seen_it() {
    let rig = rig();
    rig.twins.patch_desired(&sensor(), document(json!({"a": 1}))).await.expect("stored");
    let shown = rig.twins.show(&sensor()).await.expect("it is read");
    assert_eq!(shown.desired, document(json!({"a": 1, "$version": 2})));
    let mut received = rig.connect(&sensor());
    rig.twins.catch_up(&sensor()).await.expect("it is read");
    assert_eq!(patch(&mut received), None, "a new client asks for its twin");
    rig.twin(&sensor()).await;
    rig.disconnect(&sensor());
    rig.twins.patch_desired(&sensor(), document(json!({"a": 2}))).await.expect("stored");
    rig.twins.show(&sensor()).await.expect("it is read");
    let mut received = rig.connect(&sensor());
    rig.twins.catch_up(&sensor()).await.expect("it is read");
    assert!(patch(&mut received).is_some(), "an administrator's look does not count");
    rig.twin(&sensor()).await;
    rig.twins.catch_up(&sensor()).await.expect("it is read");
    assert_eq!(patch(&mut received), None);
}

#[tokio::test]
async fn the_manifest_counts_only_when_it_changes() {
    let rig = rig();
    let set = async |value: Value| rig.twins.set_desired_of_manifest(&sensor(), document(value)).await.expect("stored");
    set(json!({"rate": 5})).await;
    rig.twins.patch_desired(&sensor(), document(json!({"rate": 6}))).await.expect("stored");
    set(json!({"rate": 5})).await;
    assert_eq!(rig.twin(&sensor()).await["desired"], json!({"rate": 6, "$version": 3}));
    set(json!({"other": 1})).await;
    assert_eq!(rig.twin(&sensor()).await["desired"], json!({"other": 1, "$version": 4}));
    let bad = rig.twins.set_desired_of_manifest(&sensor(), document(json!({"a b": 1}))).await;
    assert_eq!(bad.expect_err("it is refused").status(), 400);
}

#[tokio::test]
async fn a_removed_twin_starts_anew() {
    let rig = rig();
    rig.twins.report(&sensor(), br#"{"a": 1}"#).await.expect("it is stored");
    rig.twins.remove(&sensor()).await.expect("it is removed");
    assert_eq!(rig.twin(&sensor()).await["reported"], json!({"$version": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_at_the_same_time_are_all_kept() {
    let rig = rig();
    let reports: Vec<_> = (0..MOST_REQUESTS)
        .map(|index| {
            let twins = Arc::clone(&rig.twins);
            tokio::spawn(async move {
                twins.report(&sensor(), json!({ format!("p{index}"): 1 }).to_string().as_bytes()).await
            })
        })
        .collect();
    let mut versions = Vec::new();
    for report in reports {
        versions.push(report.await.expect("it does not panic").expect("it is stored"));
    }
    versions.sort_unstable();
    assert_eq!(versions, (2..2 + MOST_REQUESTS as u64).collect::<Vec<_>>());
    let twin = rig.twin(&sensor()).await;
    assert_eq!(twin["reported"].as_object().map(Document::len), Some(MOST_REQUESTS + 1));
}

#[tokio::test]
async fn too_many_requests_for_one_twin_are_refused() {
    let rig = rig();
    let held = rig.twins.lock(&sensor()).await.expect("it is free");
    let mut waiting = Vec::new();
    for _ in 1..MOST_REQUESTS {
        let twins = Arc::clone(&rig.twins);
        waiting.push(tokio::spawn(async move { twins.get(&sensor()).await }));
    }
    tokio::task::yield_now().await;
    assert_eq!(rig.twins.get(&sensor()).await.expect_err("it is refused").status(), 429);
    assert!(rig.twins.get(&ClientId::device("leaf-1")).await.is_ok());
    drop(held);
    for request in waiting {
        assert!(request.await.expect("it does not panic").is_ok());
    }
    assert!(rig.twins.get(&sensor()).await.is_ok());
}

#[tokio::test]
async fn a_stored_twin_that_cannot_be_read_is_a_failure_of_the_hub() {
    let rig = rig();
    let (completed, outcome) = completion();
    rig.twins.submit(vec![(key(&sensor()), Some(b"{".to_vec()))], completed);
    stored(outcome).await.expect("it is stored");
    assert_eq!(rig.twins.get(&sensor()).await.expect_err("it fails").status(), 500);
}
