//! Cases 8, 9 and 20: who may connect, for how long, and how often.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::eventually;
use crate::hub::{Hub, Route, pause, route};
use crate::isolation::isolated;
use crate::raw::{self, Answer, Raw};
use crate::sdk::{self, Sdk};

/// Returns the code of the CONNACK for a token.
fn code(hub: &Hub, id: &str, token: &str) -> u8 {
    let mut raw = Raw::open(hub);
    raw.send(&raw::connect(id, &raw::user(id), token));
    match raw.receive() {
        Answer::Packet(0x20, body) => body[1],
        other => panic!("no CONNACK: {other:?}"),
    }
}

#[test]
fn case_08_credentials_get_the_code_that_the_sdks_need() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let id = "edge-1/sensor";
        let key = hub.key(id);
        let other_key = hub.key("edge-1/filter");
        let good = raw::token(id, &key, 600);
        assert_eq!(code(&hub, id, &good), 0);
        // A host of the gateway's name is as good as the IoT hub's, and case does not matter.
        assert_eq!(code(&hub, id, &raw::token_for("localhost", id, &key, 600)), 0);
        assert_eq!(code(&hub, id, &raw::token_for("MY-HUB.azure-devices.net", id, &key, 600)), 0);
        let wrong = [
            ("wrong key", raw::token(id, &other_key, 600)),
            ("expired", raw::token(id, &key, -3600)),
            ("other host", raw::token_for("other.azure-devices.net", id, &key, 600)),
            ("other module", raw::token("edge-1/filter", &key, 600)),
            ("no token", String::new()),
            ("not a token", "SharedAccessSignature sr=&sig=&se=".into()),
            ("another time than was signed", good.replace("&se=1", "&se=2")),
            ("not base64", raw::token(id, &STANDARD.encode("x"), 600).replace("sig=", "sig=%%%")),
        ];
        for (what, token) in &wrong {
            assert_eq!(code(&hub, id, token), 5, "{what}");
        }
        assert_eq!(code(&hub, "edge-1/nobody", &raw::token("edge-1/nobody", &key, 600)), 5, "unknown");
        // A token of the device is good for its modules.
        assert_eq!(code(&hub, id, &raw::token("edge-1", &hub.key("edge-1"), 600)), 0, "the device's key");
        // After a rotation the old key is the secondary one, and both are good until the next.
        let change = |action: &str| {
            let answer = hub.api(&format!("POST /api/identities/edge-1/modules/sensor/{action}"), &Value::Null);
            assert_eq!(answer.status, 200, "{answer:?}");
        };
        change("rotate");
        let second = hub.key(id);
        assert_ne!(second, key);
        assert_eq!(code(&hub, id, &raw::token(id, &second, 600)), 0, "the new key");
        assert_eq!(code(&hub, id, &good), 0, "the secondary key");
        change("rotate");
        assert_eq!(code(&hub, id, &good), 5, "a key that is rotated away");
        // Disabled while it is connected.
        let mut connected = Raw::connect(&hub, id);
        change("disable");
        assert!(connected.closes_within(Duration::from_secs(5)));
        let good = raw::token(id, &hub.key(id), 600);
        assert_eq!(code(&hub, id, &good), 5, "disabled");
        change("enable");
        assert_eq!(code(&hub, id, &good), 0, "enabled again");
        let log = hub.log();
        let signature = good.split("sig=").nth(1).and_then(|rest| rest.split('&').next()).expect("a signature");
        for secret in [signature, key.as_str(), other_key.as_str(), hub.key(id).as_str()] {
            assert!(!log.contains(secret), "a secret is in the log");
        }
        assert!(log.contains("edge-1/sensor"), "refusals are in the log:\n{log}");
    });
}

#[test]
fn case_08_sdks_report_wrong_credentials() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        for sdk in sdk::both() {
            let mut variables = hub.settings("sensor");
            let other = hub.key("edge-1/filter");
            for (_, value) in &mut variables {
                *value = value.replace(&hub.key("edge-1/sensor"), &other);
            }
            let mut client = sdk.spawn(&hub, "sensor", &variables, &["connect"]);
            assert_eq!(client.exit_code(), Some(1));
            let failed = client.of("failed")[0].to_string();
            let wanted = match sdk {
                Sdk::Python => "CredentialError",
                Sdk::Node => "Unauthorized",
            };
            assert!(failed.contains(wanted), "{failed}");
        }
    });
}

#[test]
fn case_09_tokens_are_renewed_under_traffic() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        for sdk in sdk::both() {
            // Both renew 120 s before the end: every 5 s.
            let steps = ["--ttl", "125", "connect", "serve", "sleep=60"];
            let mut receiver = sdk.module(&hub, "filter", &steps);
            receiver.until("done", 2, 30);
            let connects = hub.metric("edgehub_client_connect_success_total", &[]);
            let steps = ["--ttl", "125", "connect", "stream=120:out1:10"];
            let sender = sdk.module(&hub, "sensor", &steps).finish();
            assert_eq!(sender.count("acked"), 120);
            // A delivery may come again on a new connection, so distinct ones count.
            let mut numbers = BTreeSet::new();
            receiver.until_that("all 120 messages", 30, |line| {
                let seq = line["properties"]["seq"].as_str().and_then(|seq| seq.parse::<u32>().ok());
                numbers.extend(seq);
                numbers.len() == 120
            });
            drop(receiver);
            let renewals = hub.metric("edgehub_client_connect_success_total", &[]) - connects;
            assert!(renewals >= 4.0, "{sdk:?}: {renewals} connections in 12 s are too few for renewals every 5 s");
        }
    });
}

#[test]
fn case_09_a_connection_ends_with_its_token() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let id = "edge-1/sensor";
        let mut raw = Raw::open(&hub);
        // The hub allows for clocks that differ by 5 minutes.
        raw.send(&raw::connect(id, &raw::user(id), &raw::token(id, &hub.key(id), 3 - 300)));
        assert_eq!(raw.receive(), Answer::Packet(0x20, vec![0, 0]));
        assert!(raw.is_silent(1000));
        assert!(raw.closes_within(Duration::from_secs(6)), "the token has run out");
    });
}

#[test]
fn case_20_a_second_connection_takes_the_session_over() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        let mut first = Raw::connect(&hub, "edge-1/filter");
        assert_eq!(first.subscribe(1, "devices/edge-1/modules/filter/inputs/#"), 1);
        let topic = "devices/edge-1/modules/sensor/messages/events/%24.on=out1";
        sensor.publish(1, topic, b"one");
        assert_eq!(first.message().1, b"one");
        let mut second = Raw::connect(&hub, "edge-1/filter");
        assert!(first.closes_within(Duration::from_secs(2)));
        sensor.publish(2, topic, b"two");
        assert_eq!(second.message().1, b"two", "without a new subscription");
    });
}

#[test]
fn case_20_a_fight_of_two_clients_is_damped_and_named() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        if !sdk::available() {
            return;
        }
        let steps = ["connect", "sleep=8"];
        let one = Sdk::Python.module(&hub, "sensor", &steps);
        let two = Sdk::Python.module(&hub, "sensor", &steps);
        eventually("the log names both addresses", 20, || {
            let log = hub.log();
            log.lines()
                .any(|line| line.contains("two clients use edge-1/sensor") && line.matches("127.0.0.1:").count() == 2)
                .then_some(())
        });
        let before = hub.metric("edgehub_client_connect_success_total", &[]);
        pause(5000);
        let connects = hub.metric("edgehub_client_connect_success_total", &[]) - before;
        assert!(connects <= 20.0, "{connects} connections in 5 s");
        drop((one, two));
        // Another client is not affected, and the fight is over when one of them is gone.
        let mut raw = Raw::connect(&hub, "edge-1/filter");
        assert_eq!(raw.subscribe(1, "devices/edge-1/modules/filter/inputs/#"), 1);
    });
}
