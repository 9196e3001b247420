//! Whole connections of clients to a hub without a network. The fuzz target `hub_connection` follows the same scripts.

#![expect(clippy::expect_used, clippy::panic, reason = "a failure ends the test, and says why")]

mod scenarios;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use scenarios::{Rig, packet};

#[test]
fn the_hub_answers_every_client_or_ends_its_connection() {
    let directory = tempfile::tempdir().expect("a directory");
    let rig = Rig::new(directory.path());
    let choices = prop::collection::vec(any::<u8>(), 0..400);
    // A failure leaves the hub as it is, so smaller scripts would not find it as new.
    let config = Config { cases: 500, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&choices, |choices| {
        rig.run(&choices);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

/// Runs a check with a hub of its own.
fn with_hub(check: impl FnOnce(&Rig)) {
    let directory = tempfile::tempdir().expect("a directory");
    check(&Rig::new(directory.path()));
}

#[test]
fn a_client_need_not_wait_for_connack() {
    let topic = "devices/edge-1/modules/sensor/messages/events/%24.on=other";
    with_hub(|hub| {
        // The library answers PINGREQ only after CONNACK.
        hub.send(&packet::packet(packet::PINGREQ, 0, &[]));
        hub.send(&[packet::publish(2, 1, topic, b"1"), packet::packet(packet::PINGREQ, 0, &[])].concat());
    });
}

#[test]
fn each_of_many_subscriptions_is_acknowledged() {
    // Each changes what the client is subscribed to, so each is stored.
    let filter = |quality| [("$iothub/methods/POST/#".to_owned(), quality)];
    let bytes: Vec<_> = (1..=200).flat_map(|id| packet::subscribe(id, &filter(u8::from(id % 2 == 0)))).collect();
    with_hub(|hub| {
        hub.send(&bytes);
    });
}

#[test]
fn each_of_many_requests_about_the_twin_is_answered() {
    let bytes: Vec<_> =
        (1..=200).flat_map(|id| packet::publish(2, id, &format!("$iothub/twin/GET/?$rid={id}"), b"")).collect();
    with_hub(|hub| {
        hub.send(&bytes);
    });
}

#[test]
fn a_packet_identifier_of_0_ends_the_connection_without_effect() {
    with_hub(|hub| {
        hub.send(&packet::publish(2, 0, "devices/edge-1/modules/sensor/messages/events/%24.on=other", b"1"));
        hub.send(&packet::subscribe(0, &[("$iothub/twin/res/#".to_owned(), 1)]));
        hub.send(&packet::unsubscribe(0, &["$iothub/twin/res/#".to_owned()]));
    });
}

#[test]
fn what_comes_before_a_violation_is_handled() {
    let topic = "devices/edge-1/modules/sensor/messages/events/%24.on=other";
    let reserved = packet::packet(15, 0, &[]);
    let goodbye = packet::packet(packet::DISCONNECT, 0, &[]);
    with_hub(|hub| {
        // The last will, too, which a client that says goodbye does not leave.
        assert_eq!(hub.send(&[&packet::publish(0, 0, topic, b"1")[..], &reserved].concat()), ["1", "will"]);
        assert_eq!(hub.send(&[&packet::publish(0, 0, topic, b"1")[..], &goodbye, &reserved].concat()), ["1"]);
    });
}

#[test]
fn a_client_that_reads_nothing_is_not_read_for_ever() {
    const MOST: usize = 16 * 1024 * 1024;
    let pings = packet::packet(packet::PINGREQ, 0, &[]).repeat(32 * 1024);
    with_hub(|hub| {
        let (taken, answered) = hub.send_without_reading(&pings, MOST);
        assert!(taken < MOST / 8, "{taken} bytes");
        // CONNACK, and an answer of two bytes to each whole PINGREQ that was taken.
        assert!((taken + 4..=taken + 4 + pings.len()).contains(&answered), "{taken} bytes, {answered} answered");
    });
}

#[test]
fn what_the_store_writes_and_an_operator_drops_is_counted() {
    let topic = "devices/edge-1/modules/sensor/messages/events/%24.on=other";
    with_hub(|hub| {
        let value = |name: &str| {
            let metrics = hub.metrics();
            let line = metrics.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).unwrap_or_default()
        };
        assert_eq!(hub.send(&packet::publish(2, 1, topic, b"1")), ["1", "will"]);
        // The queues are emptied after each script.
        let found = hub.metrics();
        let dropped = r#"reason="operator",from="edge-1/sensor",from_route_output="other"} 2"#;
        assert!(found.lines().any(|line| line.ends_with(dropped)), "{found}");
        assert!(value("edgeroute_hub_commit_group_size_count") >= 2.0, "{found}");
        assert!(value("edgeroute_hub_commit_duration_seconds_sum") > 0.0, "{found}");
    });
}
