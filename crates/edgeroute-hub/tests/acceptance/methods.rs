//! Case 29: direct methods, over MQTT to the module and over HTTPS from the caller.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Answer, exchange};
use crate::hub::{Hub, Route, pause, route};
use crate::isolation::isolated;
use crate::raw::{self, Raw, tls};
use crate::sdk;

fn hub() -> Hub {
    Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)])
}

/// Calls a method as `edge-1/filter`, with the request that the SDK for Python sends.
fn invoke(hub: &Hub, target: &str, request: &Value) -> Answer {
    invoke_with(
        hub,
        target,
        &headers("edge-1/filter", &raw::token("edge-1/filter", &hub.key("edge-1/filter"), 600)),
        &request.to_string(),
    )
}

fn headers(caller: &str, token: &str) -> String {
    format!(
        "Host: localhost\r\nContent-Type: application/json\r\nx-ms-edge-moduleId: {caller}\r\nAuthorization: {token}\r\n"
    )
}

fn invoke_with(hub: &Hub, target: &str, headers: &str, body: &str) -> Answer {
    let path = match target.split_once('/') {
        Some((device, module)) => format!("/twins/{device}/modules/{module}/methods"),
        None => format!("/twins/{target}/methods"),
    };
    exchange(tls(hub, 443), &format!("POST {path}?api-version=2019-10-01"), headers, body).expect("an answer")
}

fn request(response: u64, connect: u64) -> Value {
    json!({"methodName": "ping", "payload": {"x": 1}, "responseTimeoutInSeconds": response, "connectTimeoutInSeconds": connect})
}

/// Waits for a method request, and returns its request id.
fn asked(raw: &mut Raw) -> String {
    let (topic, body) = raw.message();
    assert_eq!(body, br#"{"x":1}"#, "{topic}");
    let rid = topic.strip_prefix("$iothub/methods/POST/ping/?$rid=").unwrap_or_else(|| panic!("{topic}"));
    assert!(!rid.is_empty() && rid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'), "{rid}");
    rid.to_owned()
}

#[test]
fn case_29_methods_are_answered_or_fail_with_the_reference_s_status() {
    isolated(|| {
        let hub = hub();
        let target = "edge-1/sensor";
        // Not connected.
        let start = Instant::now();
        assert_eq!(invoke(&hub, target, &request(5, 0)).status, 404);
        assert!(start.elapsed() < Duration::from_secs(2));
        assert_eq!(invoke(&hub, target, &request(5, 1)).status, 404);
        // Connects in time.
        std::thread::scope(|scope| {
            let answer = scope.spawn(|| invoke(&hub, target, &request(10, 10)));
            pause(500);
            let mut raw = Raw::connect(&hub, target);
            assert!(raw.is_silent(300), "not subscribed");
            raw.send(&raw::subscribe(1, "$iothub/methods/POST/#", 1));
            let rid = asked(&mut raw);
            raw.publish(2, &format!("$iothub/methods/res/200/?$rid={rid}"), br#"{"got": 1}"#);
            let answer = answer.join().expect("an answer");
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.head.to_lowercase().contains("content-type: application/json"), "{answer:?}");
            assert_eq!(answer.json(), json!({"status": 200, "payload": {"got": 1}}));
            // A status of the module's own, no payload, and a second answer that is one too many.
            let answer = scope.spawn(|| invoke(&hub, target, &request(10, 0)));
            let rid = asked(&mut raw);
            raw.publish(3, &format!("$iothub/methods/res/418/?$rid={rid}"), b"");
            raw.publish(4, &format!("$iothub/methods/res/200/?$rid={rid}"), b"2");
            raw.publish(5, "$iothub/methods/res/200/?$rid=unknown", b"3");
            assert_eq!(answer.join().expect("an answer").json(), json!({"status": 418, "payload": null}));
            // Mute.
            let start = Instant::now();
            let answer = scope.spawn(|| invoke(&hub, target, &request(5, 0)));
            asked(&mut raw);
            assert_eq!(answer.join().expect("an answer").status, 504);
            assert!(start.elapsed() >= Duration::from_secs(5));
            // The connection is lost in between: at once, not after the time-out.
            let start = Instant::now();
            let answer = scope.spawn(|| invoke(&hub, target, &request(30, 0)));
            asked(&mut raw);
            drop(raw);
            let status = answer.join().expect("an answer").status;
            assert!(status == 404 || status == 504, "{status}");
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        });
    });
}

#[test]
fn case_29_wrong_requests_are_refused() {
    isolated(|| {
        let hub = hub();
        let good = request(5, 0).to_string();
        let token = raw::token("edge-1/filter", &hub.key("edge-1/filter"), 600);
        let head = headers("edge-1/filter", &token);
        let other = raw::token("edge-1/sensor", &hub.key("edge-1/sensor"), 600);
        let expired = raw::token("edge-1/filter", &hub.key("edge-1/filter"), -3600);
        let status = |headers: &str, body: &str| invoke_with(&hub, "edge-1/sensor", headers, body).status;
        assert_eq!(status(&head, &good), 404, "a good one: nobody is connected");
        for (what, headers) in [
            (
                "no token",
                "Host: localhost\r\nContent-Type: application/json\r\nx-ms-edge-moduleId: edge-1/filter\r\n".to_owned(),
            ),
            ("a token of another module", headers("edge-1/filter", &other)),
            ("an expired token", headers("edge-1/filter", &expired)),
            ("not a token", headers("edge-1/filter", "Basic YTpi")),
            ("another device", headers("edge-2/filter", &token)),
        ] {
            let status = status(&headers, &good);
            assert!(status == 401 || status == 403, "{what}: {status}");
        }
        let without = format!("Host: localhost\r\nContent-Type: application/json\r\nAuthorization: {token}\r\n");
        assert_eq!(status(&without, &good), 400, "no x-ms-edge-moduleId");
        assert_eq!(status(&headers("filter", &token), &good), 400, "no device in x-ms-edge-moduleId");
        let large = json!({"methodName": "ping", "payload": "x".repeat(128 * 1024 + 1), "responseTimeoutInSeconds": 5});
        for body in [
            json!({"methodName": "n".repeat(101), "payload": 1}),
            json!({"methodName": "", "payload": 1}),
            json!({"payload": 1}),
            json!({"methodName": "ping", "payload": 1, "responseTimeoutInSeconds": 4}),
            json!({"methodName": "ping", "payload": 1, "responseTimeoutInSeconds": 301}),
            json!({"methodName": "ping", "payload": 1, "connectTimeoutInSeconds": 301}),
            json!({"methodName": "a/b", "payload": 1}),
            large,
            json!([]),
        ] {
            let answer = invoke_with(&hub, "edge-1/sensor", &head, &body.to_string());
            let text = body.to_string();
            assert!(matches!(answer.status, 400 | 413 | 422), "{}: {answer:?}", text.get(..80).unwrap_or(&text));
        }
        assert_eq!(invoke_with(&hub, "edge-1/nobody", &head, &good).status, 404);
        // The largest payload is carried.
        let mut raw = Raw::connect(&hub, "edge-1/sensor");
        assert_eq!(raw.subscribe(1, "$iothub/methods/POST/#"), 1);
        let payload = "x".repeat(128 * 1024 - 2);
        let body = json!({"methodName": "ping", "payload": payload, "responseTimeoutInSeconds": 5}).to_string();
        std::thread::scope(|scope| {
            let answer = scope.spawn(|| invoke_with(&hub, "edge-1/sensor", &head, &body));
            let (topic, received) = raw.message();
            assert_eq!(received.len(), 128 * 1024);
            let rid = topic.rsplit_once("$rid=").expect("a request id").1.to_owned();
            raw.publish(2, &format!("$iothub/methods/res/200/?$rid={rid}"), b"null");
            assert_eq!(answer.join().expect("an answer").status, 200);
        });
    });
}

#[test]
fn case_29_both_sdks_answer_fail_and_keep_silent() {
    isolated(|| {
        let hub = hub();
        for sdk in sdk::both() {
            let mut target = sdk.module(&hub, "sensor", &["connect", "serve", "wait=method:3:60"]);
            target.until("done", 2, 30);
            let caller = sdk
                .module(
                    &hub,
                    "filter",
                    &[
                        "connect",
                        r#"invoke=edge-1/sensor:fail:{"a": 1}"#,
                        "invoke=edge-1/sensor:echo:null",
                        "try-invoke=edge-1/sensor:mute:1",
                        "try-invoke=edge-1/nobody:echo:1",
                    ],
                )
                .finish();
            let results: Vec<_> = caller
                .of("invoked")
                .iter()
                .map(|event| {
                    let result = &event["result"];
                    if result["result"].is_object() { result["result"].clone() } else { result.clone() }
                })
                .collect();
            assert_eq!(results[0]["status"], 500, "{sdk:?}: {results:?}");
            assert_eq!(results[0]["payload"], json!({"method": "fail", "got": {"a": 1}}));
            assert_eq!(results[1]["status"], 200);
            assert_eq!(caller.count("refused"), 2, "{sdk:?}: {:?}", caller.events);
            target.finish();
        }
    });
}
