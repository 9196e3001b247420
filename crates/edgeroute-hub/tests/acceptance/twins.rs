//! Case 28: twins.

use serde_json::{Value, json};

use crate::hub::{Hub, Route, pause, route};
use crate::isolation::isolated;
use crate::raw::Raw;
use crate::sdk::{self, Sdk};

/// Patches the reported properties, and returns the topic and the body of the answer.
fn report(raw: &mut Raw, id: u16, patch: &str) -> (String, Vec<u8>) {
    raw.publish(id, &format!("$iothub/twin/PATCH/properties/reported/?$rid={id}"), patch.as_bytes());
    raw.message()
}

fn twin(raw: &mut Raw, id: u16) -> Value {
    raw.publish(id, &format!("$iothub/twin/GET/?$rid={id}"), b" ");
    let (topic, body) = raw.message();
    assert_eq!(topic, format!("$iothub/twin/res/200/?$rid={id}"));
    serde_json::from_slice(&body).expect("JSON")
}

fn without_version(mut half: Value) -> Value {
    half.as_object_mut().expect("an object").remove("$version");
    half
}

#[test]
fn case_28_patches_are_merged_and_limited() {
    isolated(|| {
        let changes = r#"FROM /twinChangeNotifications INTO BrokeredEndpoint("/modules/filter/inputs/twins")"#;
        let mut hub = Hub::start(&[
            Route("changes", changes, 0, 0),
            Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0),
        ]);
        let mut raw = Raw::connect(&hub, "edge-1/sensor");
        assert_eq!(raw.subscribe(1, "$iothub/twin/res/#"), 1);
        assert_eq!(raw.subscribe(2, "$iothub/twin/PATCH/properties/desired/#"), 1);
        let before = twin(&mut raw, 3);
        assert_eq!(without_version(before["reported"].clone()), json!({}));
        let mut version = before["reported"]["$version"].as_u64().expect("a version");
        for (number, (patch, wanted)) in (10_u16..).zip([
            (r#"{"a": {"b": 1, "c": [1, 2]}}"#, json!({"a": {"b": 1, "c": [1, 2]}})),
            (r#"{"a": {"c": [3]}}"#, json!({"a": {"b": 1, "c": [3]}})),
            (r#"{"a": {"b": null}, "d": "x"}"#, json!({"a": {"c": [3]}, "d": "x"})),
            (r#"{"a": null}"#, json!({"d": "x"})),
            (r#"{"d": {"e": {"f": true}}}"#, json!({"d": {"e": {"f": true}}})),
            ("{}", json!({"d": {"e": {"f": true}}})),
        ]) {
            let (topic, body) = report(&mut raw, number, patch);
            version += 1;
            assert_eq!(topic, format!("$iothub/twin/res/204/?$rid={number}&$version={version}"), "{patch}");
            assert!(body.is_empty());
            let twin = twin(&mut raw, 100 + number);
            assert_eq!(without_version(twin["reported"].clone()), wanted, "after {patch}");
            assert_eq!(twin["reported"]["$version"], version);
        }
        let deep = format!("{}1{}", r#"{"a":"#.repeat(12), "}".repeat(12));
        let long_name = json!({"n".repeat(1025): 1}).to_string();
        let long_value = json!({"v": "x".repeat(4097)}).to_string();
        let large: serde_json::Map<_, _> = (0..20).map(|n| (format!("k{n}"), json!("x".repeat(2000)))).collect();
        let large = Value::from(large).to_string();
        for (number, patch) in (200_u16..).zip([
            deep.as_str(),
            &long_name,
            &long_value,
            &large,
            r#"{"a.b": 1}"#,
            r#"{"$a": 1}"#,
            r#"{"a b": 1}"#,
            r#"{"a#": 1}"#,
            r#"{"a": 4503599627370497}"#,
            r#"{"a": [null]}"#,
            "[]",
            "1",
            "not JSON",
            "",
            r#"{"a": 1"#,
        ]) {
            let (topic, body) = report(&mut raw, number, patch);
            let start = patch.get(..60).unwrap_or(patch);
            assert_eq!(topic, format!("$iothub/twin/res/400/?$rid={number}"), "{start}");
            // The SDK for Node.js looks at the body alone.
            let body: Value = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{start}: {error}"));
            assert!(body["errorCode"].is_u64() && body["message"].is_string(), "{start}: {body}");
        }
        assert_eq!(twin(&mut raw, 300)["reported"]["$version"], version, "refused patches change nothing");
        // Notifications were routed, and name the client whose twin changed.
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        assert_eq!(filter.subscribe(1, "devices/edge-1/modules/filter/inputs/#"), 1);
        let (topic, body) = filter.message();
        assert!(topic.starts_with("devices/edge-1/modules/filter/inputs/twins/"), "{topic}");
        assert!(topic.contains("%24.cdid=edge-1&%24.cmid=sensor") || topic.contains("%24.cmid=sensor"), "{topic}");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let patch = body.pointer("/properties/reported").or(body.get("reported")).unwrap_or(&body);
        assert_eq!(patch["a"], json!({"b": 1, "c": [1, 2]}), "{body}");
        // Desired properties: a patch at QoS 1 with its version.
        let answer = hub.api("PATCH /api/twins/edge-1/sensor", &json!({"desired": {"rate": 7, "deep": {"x": 1}}}));
        assert!(answer.status < 300, "{answer:?}");
        let (topic, body) = raw.message();
        let patch: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(topic, format!("$iothub/twin/PATCH/properties/desired/?$version={}", patch["$version"]));
        assert_eq!(patch["rate"], 7);
        // All of it outlives a kill. What the client has seen is stored before the report: it is not sent a patch again.
        twin(&mut raw, 301);
        assert!(report(&mut raw, 302, "{}").0.contains("/204/"));
        let before = twin(&mut raw, 303);
        hub.kill();
        hub.launch();
        let mut raw = Raw::connect(&hub, "edge-1/sensor");
        assert_eq!(twin(&mut raw, 1), before);
    });
}

#[test]
fn case_28_both_sdks_see_errors_and_changes_while_they_were_away() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        for sdk in sdk::both() {
            let name = if sdk == Sdk::Python { "sensor" } else { "filter" };
            let answer = hub.api(&format!("PATCH /api/twins/edge-1/{name}"), &json!({"desired": {"rate": 1}}));
            assert!(answer.status < 300, "{answer:?}");
            let steps = ["connect", "serve", "twin", r#"try-report={"$bad": 1}"#, r#"report={"good": 1}"#, "sleep=60"];
            let mut client = sdk.module(&hub, name, &steps);
            client.until("reported", 1, 40);
            assert_eq!(client.count("refused"), 1, "{sdk:?}: {:?}", client.events);
            let answer = hub.api(&format!("PATCH /api/twins/edge-1/{name}"), &json!({"desired": {"rate": 2}}));
            assert!(answer.status < 300, "{answer:?}");
            client.until_that("a patch with the new rate", 20, |event| event["patch"]["rate"] == 2);
        }
    });
}

#[test]
fn case_28_changes_while_a_client_is_away_reach_it() {
    isolated(|| {
        let mut hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let mut clients: Vec<_> = sdk::both()
            .into_iter()
            .map(|sdk| {
                let name = if sdk == Sdk::Python { "sensor" } else { "filter" };
                let mut client = sdk.module(&hub, name, &["connect", "serve", "twin", "sleep=60"]);
                client.until("done", 3, 30);
                (client, name)
            })
            .collect();
        hub.stop();
        // The clients try again after 10 s, so the change is there before them.
        pause(300);
        hub.launch();
        for (client, name) in &mut clients {
            let answer = hub.api(&format!("PATCH /api/twins/edge-1/{name}"), &json!({"desired": {"rate": 3}}));
            assert!(answer.status < 300, "{answer:?}");
            client.until_that("a patch with the new rate", 20, |event| event["patch"]["rate"] == 3);
        }
    });
}
