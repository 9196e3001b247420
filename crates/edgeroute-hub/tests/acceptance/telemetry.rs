//! Cases 6, 7, 23 and 30: what senders put into messages.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::eventually;
use crate::hub::{Hub, Route, pause, route};
use crate::isolation::isolated;
use crate::raw::{self, Answer, Raw};
use crate::sdk;

const EVENTS: &str = "devices/edge-1/modules/sensor/messages/events/";
const INPUT: &str = "devices/edge-1/modules/filter/inputs/in1/";
const INPUTS: &str = "devices/edge-1/modules/filter/inputs/#";

/// A hub with a route from sensor to filter, and both connected.
fn pair() -> (Hub, Raw, Raw) {
    let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
    let sensor = Raw::connect(&hub, "edge-1/sensor");
    let mut filter = Raw::connect(&hub, "edge-1/filter");
    assert_eq!(filter.subscribe(1, INPUTS), 1);
    (hub, sensor, filter)
}

/// Returns the properties of a delivery, with their percent-encoding.
fn bag(topic: &str) -> BTreeMap<String, String> {
    let bag = topic.strip_prefix(INPUT).unwrap_or_else(|| panic!("{topic}"));
    let pair = |text: &str| text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    bag.split('&').map(|text| pair(text).unwrap_or_else(|| panic!("`{text}` without `=` in {topic}"))).collect()
}

#[test]
fn case_06_property_bags_arrive_as_they_were_sent() {
    isolated(|| {
        let (hub, mut sensor, mut filter) = pair();
        let long: String = (0..999).flat_map(|number| [format!("&k{number}="), number.to_string()]).collect();
        let cases: [(&str, &[(&str, &str)]); 10] = [
            ("", &[]),
            ("/", &[]),
            ("&a=1+2", &[("a", "1%2B2")]),
            ("&a=%2B%25%2F%26%3D", &[("a", "%2B%25%2F%26%3D")]),
            ("&a=%C3%A4%E2%82%AC&%F0%9F%98%80=", &[("a", "%C3%A4%E2%82%AC"), ("%F0%9F%98%80", "")]),
            ("&bare&empty=", &[("bare", ""), ("empty", "")]),
            ("&a=1&a=2", &[("a", "2")]),
            // A percent sign without two digits is itself.
            ("&a=100%&b=%G0", &[("a", "100%25"), ("b", "%25G0")]),
            ("&$.x=1", &[("%24.x", "1")]),
            (&long, &[("k0", "0"), ("k998", "998")]),
        ];
        for (number, (sent, wanted)) in (1_u16..).zip(cases) {
            let body = format!("body {number}");
            sensor.publish(number, &format!("{EVENTS}%24.on=out1{sent}"), body.as_bytes());
            let (topic, received) = filter.message();
            assert_eq!(received, body.as_bytes(), "{sent}");
            let found = bag(&topic);
            for (key, value) in wanted {
                assert_eq!(found.get(*key).map(String::as_str), Some(*value), "{sent} of {topic}");
            }
            assert_eq!(found["%24.cdid"], "edge-1");
            assert_eq!(found["%24.cmid"], "sensor");
            // The output is a property on the wire, too: 1,000 in all.
            let custom = found.keys().filter(|key| !key.starts_with("%24.")).count();
            assert_eq!(
                custom,
                if sent.len() > 1000 { 999 } else { wanted.iter().filter(|(key, _)| !key.starts_with("%24.")).count() }
            );
        }
        // Malformed: acknowledged, counted, not delivered.
        for (number, sent) in (100_u16..).zip(["%24.on=out1&a=%FF", "%24.on=out1&%C3=1", "%24.on=%20"]) {
            sensor.publish(number, &format!("{EVENTS}{sent}"), b"bad");
        }
        assert!(filter.is_silent(300));
        let dropped = hub.metric("edgehub_messages_dropped_total", &[r#"reason="malformed""#]);
        assert!((dropped - 3.0).abs() < 0.1, "{dropped} of 3 are counted");
    });
}

#[test]
fn case_06_odd_properties_go_from_one_sdk_to_the_other() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let properties = json!({"plus": "1+2", "percent": "100%", "slash": "a/b", "pair": "k=v&w", "empty": "",
            "ä€😀": "ü", "space key": " ", "quote": "'()*!\""});
        let step = format!("bag=out1:{properties}");
        for from in sdk::both() {
            for to in sdk::both() {
                let mut receiver = to.module(&hub, "filter", &["connect", "serve", "wait=input:1:30"]);
                receiver.until("done", 2, 30);
                from.module(&hub, "sensor", &["connect", &step]).finish();
                let receiver = receiver.finish();
                let received = receiver.of("input")[0]["properties"].clone();
                for (key, value) in properties.as_object().expect("an object") {
                    assert_eq!(&received[key], value, "`{key}` from {from:?} to {to:?}: {received}");
                }
            }
        }
    });
}

#[test]
fn case_07_nobody_sends_as_somebody_else() {
    isolated(|| {
        // The condition would be true for a forged origin.
        let forged = r#"FROM /messages/* WHERE $connectionModuleId = 'admin' INTO BrokeredEndpoint("/modules/filter/inputs/forged")"#;
        let hub = Hub::start(&[
            Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0),
            Route("forged", forged, 0, 0),
            Route("admin", &route("admin", "out1", "filter", "forged"), 0, 0),
        ]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        assert_eq!(filter.subscribe(1, INPUTS), 1);
        // Topics of others: acknowledged, counted, not delivered.
        let others = [
            "devices/edge-1/modules/admin/messages/events/%24.on=out1",
            "devices/edge-2/modules/sensor/messages/events/%24.on=out1",
            "devices/edge-1/messages/events/",
            "devices/edge-1/modules/SENSOR/messages/events/%24.on=out1",
            "$iothub/methods/POST/ping/?$rid=1",
            "devices/edge-1/modules/filter/inputs/in1/",
        ];
        for (number, topic) in (10_u16..).zip(others) {
            sensor.publish(number, topic, b"forged");
        }
        assert!(filter.is_silent(300), "nothing of it is delivered");
        for (reason, wanted) in [("forged", 4.0), ("malformed", 2.0)] {
            let count = hub.metric("edgehub_messages_dropped_total", &[&format!("reason=\"{reason}\"")]);
            assert!((count - wanted).abs() < 0.1, "{reason}: {count} of {wanted} are counted");
        }
        // Stamps in the bag are replaced by those of the hub.
        let bag_text = "%24.on=out1&%24.cdid=edge-9&%24.cmid=admin&connectionDeviceId=edge-9&connectionModuleId=admin";
        sensor.publish(30, &format!("{EVENTS}{bag_text}"), b"stamped");
        let (topic, _) = filter.message();
        let found = bag(&topic);
        assert_eq!((found["%24.cdid"].as_str(), found["%24.cmid"].as_str()), ("edge-1", "sensor"), "{topic}");
        // Another client id than the user name's, and a token of another module.
        let key = hub.key("edge-1/sensor");
        for (client, user) in [("edge-1/filter", "edge-1/sensor"), ("edge-1/sensor", "edge-1/filter")] {
            let mut raw = Raw::open(&hub);
            raw.send(&raw::connect(client, &raw::user(user), &raw::token("edge-1/sensor", &key, 600)));
            assert_eq!(raw.receive(), Answer::Packet(0x20, vec![0, 5]), "{client} as {user}");
            assert!(raw.closes_within(Duration::from_secs(5)));
        }
        let id = "edge-1/filter";
        for token in [raw::token("edge-1/sensor", &key, 600), raw::token(id, &key, 600)] {
            let mut raw = Raw::open(&hub);
            raw.send(&raw::connect(id, &raw::user(id), &token));
            assert_eq!(raw.receive(), Answer::Packet(0x20, vec![0, 5]));
        }
        let failed = hub.metric("edgehub_client_connect_failed_total", &[]);
        assert!((failed - 4.0).abs() < 0.1, "{failed} of 4 are counted");
    });
}

#[test]
fn case_23_the_limit_of_a_message_is_exact() {
    isolated(|| {
        let (hub, mut sensor, mut filter) = pair();
        // Body, properties and system properties together have at most 256 KiB, and the hub adds stamps.
        let most = 256 * 1024 - 1024;
        sensor.publish(1, &format!("{EVENTS}%24.on=out1"), &vec![b'x'; most]);
        let (_, body) = filter.message();
        assert_eq!(body.len(), most);
        sensor.publish(2, &format!("{EVENTS}%24.on=out1"), &vec![b'x'; 256 * 1024 + 1]);
        assert!(filter.is_silent(300), "too large: acknowledged, and not delivered");
        let dropped = hub.metric("edgehub_messages_dropped_total", &[r#"reason="too_large""#]);
        assert!((dropped - 1.0).abs() < 0.1, "{dropped}");
        // A topic of almost 64 KiB, and the longest one there is: with what the hub adds, it fits into no topic.
        for (number, length) in [(3, 64_000), (4, 65_535)] {
            let pad = "x".repeat(length - EVENTS.len() - "%24.on=out1&a=".len());
            sensor.publish(number, &format!("{EVENTS}%24.on=out1&a={pad}"), b"long topic");
        }
        assert_eq!(filter.message().1, b"long topic");
        assert!(filter.is_silent(300));
        let dropped = hub.metric("edgehub_messages_dropped_total", &[r#"reason="too_large""#]);
        assert!((dropped - 2.0).abs() < 0.1, "{dropped}");
        // A packet of 256 MiB is refused by its length, before it comes.
        let before = hub.resident();
        sensor.send(b"\x32\xff\xff\xff\x7f");
        assert!(sensor.closes_within(Duration::from_secs(5)));
        let grown = hub.resident().saturating_sub(before);
        assert!(grown < 16 * 1024, "{grown} KiB for a packet that never came");
        // The next client is served.
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        sensor.publish(4, &format!("{EVENTS}%24.on=out1"), b"after");
        assert_eq!(filter.message().1, b"after");
    });
}

#[test]
fn case_30_a_message_that_no_route_takes_is_explained() {
    isolated(|| {
        let condition = r#"FROM /messages/modules/sensor/outputs/out1 WHERE as_number(level) > 5 INTO BrokeredEndpoint("/modules/filter/inputs/in1")"#;
        let hub = Hub::start(&[Route("high", condition, 0, 0)]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        sensor.publish(1, &format!("{EVENTS}%24.on=out1&%24.mid=low&level=3"), b"{}");
        eventually("`no_route` is counted", 5, || {
            let count = hub.metric("edgehub_messages_dropped_total", &[r#"reason="no_route""#]);
            ((count - 1.0).abs() < 0.1).then_some(())
        });
        pause(100);
        let messages = hub.get("/api/messages");
        let text = messages.to_string();
        assert!(text.contains("no_route") || text.contains("noRoute"), "{text}");
        let explained = hub.ask(&["explain"]);
        assert!(explained.contains("high") && explained.contains("level"), "{explained}");
    });
}
