//! Case 31: who may use the administration API.

use std::time::Duration;

use serde_json::json;

use crate::eventually;
use crate::http;
use crate::hub::{Hub, Route, manifest, pause, route};
use crate::isolation::isolated;
use crate::raw::Raw;

#[test]
fn case_31_foreign_hosts_and_origins_are_refused_on_loopback() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let json = "Content-Type: application/json\r\n";
        let status = |line: &str, headers: &str, body: &str| hub.request(line, headers, body).status;
        assert_eq!(status("GET /api/status", "Host: localhost:9600\r\n", ""), 200);
        assert_eq!(status("GET /api/status", "Host: 127.0.0.1:9600\r\n", ""), 200);
        assert_eq!(status("GET /api/status", "Host: localhost:9600\r\nOrigin: http://localhost:9600\r\n", ""), 200);
        for headers in [
            "Host: evil.example\r\n",
            "Host: localhost.evil.example:9600\r\n",
            "Host: localhost:9600\r\nOrigin: http://evil.example\r\n",
            "Host: localhost:9600\r\nOrigin: null\r\n",
            "Host: localhost:9600\r\nOrigin: http://localhost:8080\r\n",
        ] {
            for line in ["GET /api/status", "GET /api/identities", "GET /api/events"] {
                assert_eq!(status(line, headers, ""), 403, "{line} {headers}");
            }
            let headers = format!("{json}{headers}");
            for line in ["POST /api/messages", "PUT /api/manifest", "PATCH /api/twins/edge-1/sensor"] {
                assert_eq!(status(line, &headers, "{}"), 403, "{line} {headers}");
            }
        }
        // A form of another page cannot send JSON.
        let form = "Host: localhost:9600\r\nContent-Type: text/plain\r\n";
        let body = json!({"desired": {"rate": 1}}).to_string();
        assert!(status("PATCH /api/twins/edge-1/sensor", form, &body) >= 400);
        let identities = hub.get("/api/identities").to_string();
        for id in ["edge-1/sensor", "edge-1/filter"] {
            assert!(identities.contains(id), "{identities}");
            assert!(!identities.contains(&hub.key(id)), "keys are shown");
        }
    });
}

#[test]
fn case_31_off_loopback_a_token_is_needed() {
    isolated(|| {
        let hub = Hub::start_with(
            &manifest(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]),
            &["--admin", "0.0.0.0:9600"],
        );
        let ask = |headers: &str| {
            http::tcp("127.0.0.1:9600", "GET /api/status", &format!("Host: localhost:9600\r\n{headers}"), "")
                .expect("an answer")
                .status
        };
        assert_eq!(ask(""), 401);
        assert_eq!(ask("Authorization: Bearer wrong\r\n"), 401);
        let contact = std::fs::read_to_string(hub.data().join("admin.json")).expect("the file with the token");
        let contact: serde_json::Value = serde_json::from_str(&contact).expect("JSON");
        let token = contact["token"].as_str().expect("a token");
        assert!(!hub.log().contains(token), "the token is in the log");
        assert_eq!(ask(&format!("Authorization: Bearer {token}\r\n")), 200);
    });
}

#[test]
fn case_26_an_operator_empties_a_full_store() {
    isolated(|| {
        let routes = [Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)];
        let hub = Hub::start_with(&manifest(&routes), &["--max-disk", "1MiB"]);
        let large =
            json!({"origin": {"device": "edge-1", "module": "sensor", "output": "out1"}, "body": "x".repeat(200_000)});
        let refused = (0..10).map(|_| hub.api("POST /api/messages", &large)).find(|answer| answer.status != 200);
        let refused = refused.expect("the store is full after some");
        assert!(refused.body.contains("the store is full"), "{refused:?}");
        hub.ask(&["drop", "filter/in1"]);
        // What nobody waited for any more does not take the space.
        eventually("nothing waits", 10, || (hub.metric("edgehub_queue_length", &[]) < 0.5).then_some(()));
        assert_eq!(hub.api("POST /api/messages", &large).status, 200);
        hub.ask(&["drain", "filter/in1"]);
        assert!(hub.metric("edgehub_queue_length", &[]) < 1.5);
    });
}

#[test]
fn case_31_a_key_that_was_replaced_twice_ends_its_connection() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        hub.ask(&["key", "rotate", "sensor"]);
        pause(1500);
        sensor.publish(1, "devices/edge-1/modules/sensor/messages/events/%24.on=out1", b"still here");
        hub.ask(&["key", "rotate", "sensor"]);
        assert!(sensor.closes_within(Duration::from_secs(5)));
        // A device that was just added connects at once.
        hub.ask(&["device", "add", "leaf"]);
        Raw::connect(&hub, "leaf");
    });
}
