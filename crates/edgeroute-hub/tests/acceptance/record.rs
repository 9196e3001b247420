//! A record of what the hub routes, which `edgeroute match` routes again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::eventually;
use crate::hub::{Hub, Route, manifest, pause, route};
use crate::isolation::{isolated, skip};
use crate::raw::Raw;

/// The messages of the record.
const MESSAGES: usize = 400;

/// A delivery: the route, the endpoint or destination, and the priority.
type Delivery = (String, String, u64);

/// Returns the command `edgeroute`, which `cargo test` of the workspace builds.
fn edgeroute() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_edgeroute-hub")).with_file_name("edgeroute");
    path.exists().then_some(path)
}

/// The routes. Conditions look at everything that a message has.
fn routes() -> Value {
    let to = |module: &str, input: &str| format!(r#"BrokeredEndpoint("/modules/{module}/inputs/{input}")"#);
    let texts = [
        ("all of sensor", route("sensor", "*", "filter", "all"), 5),
        ("one output", route("sensor", "out1", "filter", "in1"), 0),
        (
            "hot",
            format!(
                "FROM /messages/modules/sensor/outputs/* WHERE as_number(temperature) > 80 INTO {}",
                to("alarm", "hot")
            ),
            1,
        ),
        (
            "hot, too",
            format!("FROM /messages/* WHERE temperature = '95' OR level = 'critical' INTO {}", to("alarm", "hot")),
            2,
        ),
        (
            "site",
            format!(
                "FROM /messages/* WHERE starts_with(upper(site), 'PLANT') AND NOT is_defined(level) INTO {}",
                to("alarm", "site")
            ),
            0,
        ),
        ("body", format!("FROM /messages/* WHERE $body.reading.value >= 7.5 INTO {}", to("filter", "body")), 0),
        (
            "text of the body",
            format!("FROM /messages/* WHERE contains($body.unit, '°') INTO {}", to("filter", "unit")),
            3,
        ),
        (
            "system",
            format!(
                "FROM /messages/* WHERE $contentType = 'application/json' AND length($messageId) > 9 INTO {}",
                to("filter", "json")
            ),
            0,
        ),
        ("leaves", "FROM /messages/* WHERE NOT is_defined($connectionModuleId) INTO $upstream".to_owned(), 0),
        (
            "of leaf-2",
            format!("FROM /messages/* WHERE $connectionDeviceId = 'leaf-2' INTO {}", to("filter", "leaf")),
            0,
        ),
        (
            "twins",
            format!(
                "FROM /twinChangeNotifications WHERE $messageType = 'twinChangeNotification' INTO {}",
                to("alarm", "twins")
            ),
            0,
        ),
    ];
    let routes: Vec<_> = texts.iter().map(|(name, text, priority)| Route(name, text, *priority, 0)).collect();
    manifest(&routes)
}

/// Returns topic and body of a message, all different in what the routes look at.
fn message(number: usize, events: &str, output: Option<&str>) -> (String, String) {
    let mut topic = format!("{events}%24.mid=message-{}", number % 10_000 / (1 + 999 * (number % 2)));
    let mut add = |property: String| {
        topic.push('&');
        topic.push_str(&property);
    };
    if let Some(output) = output {
        add(format!("%24.on={output}"));
    }
    if !number.is_multiple_of(3) {
        add("%24.ct=application%2Fjson&%24.ce=utf-8".to_owned());
    }
    if number.is_multiple_of(2) {
        add(format!("temperature={}", ["20", "81", "95", "1e2", "hot", "80.0", "-0"][number / 2 % 7]));
    }
    if number.is_multiple_of(5) {
        add(format!("level={}", ["critical", "Critical", "low", ""][number / 5 % 4]));
    }
    if !number.is_multiple_of(4) {
        add(format!("site={}", ["plant%2F1", "Plant 2", "office", "%C3%A4"][number % 7 % 4]));
    }
    let body = match number % 6 {
        0 => "no JSON".to_owned(),
        1 => json!({"reading": {"value": number % 15}, "unit": "°C"}).to_string(),
        2 => r#"{"reading": {"value": 7.5, "value": 1}, "unit": "C"}"#.to_owned(),
        3 => r#"{"reading": {"value": 7.500000000000001}, "unit": "\u00b0F"}"#.to_owned(),
        4 => r#"{"reading": {"value": "8"}, "unit": 1}"#.to_owned(),
        _ => String::new(),
    };
    (topic, body)
}

#[test]
fn every_decision_of_a_recorded_run_is_that_of_edgeroute_match() {
    isolated(|| {
        let Some(edgeroute) = edgeroute() else {
            return skip("the record: needs the command `edgeroute`, run `cargo build --package edgeroute-cli` first");
        };
        let hub = Hub::start_with(&routes(), &[]);
        hub.add_device("leaf-1");
        hub.add_device("leaf-2");
        let file = hub.file("record.jsonl");
        let twins = MESSAGES / 8;
        let count = MESSAGES + twins;
        let mut recorder = Command::new(env!("CARGO_BIN_EXE_edgeroute-hub"))
            .arg("record")
            .arg(&file)
            .args(["--count", &count.to_string(), "--data"])
            .arg(hub.data())
            .stdin(Stdio::null())
            .spawn()
            .expect("the command runs");
        // The file is made once the hub has answered.
        eventually("the record begins", 10, || file.exists().then_some(()));

        let outputs = [Some("out1"), Some("out2"), Some("other%20one"), None];
        let mut senders: Vec<_> = ["edge-1/sensor", "edge-1/filter", "leaf-1", "leaf-2"]
            .map(|id| (Raw::connect(&hub, id), format!("devices/{}/messages/events/", id.replace('/', "/modules/"))))
            .into();
        for number in 0..MESSAGES {
            let sender = number % 11 % senders.len();
            let output = outputs[number % 13 % outputs.len()].filter(|_| sender < 2);
            let (raw, events) = &mut senders[sender];
            let (topic, body) = message(number, events, output);
            let id = u16::try_from(number + 1).expect("few messages");
            raw.publish(id, &topic, body.as_bytes());
            if number % 8 == 7 {
                let patch = json!({"mode": number});
                let topic = format!("$iothub/twin/PATCH/properties/reported/?$rid={number}");
                raw.publish(u16::try_from(MESSAGES + number + 1).expect("few"), &topic, patch.to_string().as_bytes());
                // Whoever records may be 64 messages late, not more.
                pause(5);
            }
        }
        let status = eventually("all is recorded", 20, || recorder.try_wait().expect("a child"));
        assert!(status.success(), "record ends with {status}");

        let lines = std::fs::read_to_string(&file).expect("the record");
        assert_eq!(lines.lines().count(), count);
        let made = decisions(&hub, count);
        let found = matched(&edgeroute, &hub.manifest_file(), &file, count);
        for (number, (line, (made, found))) in (1..).zip(lines.lines().zip(made.iter().zip(&found))) {
            assert_eq!(made, found, "message {number}: {line}");
        }
        // Each route has taken messages, and some messages were taken by none and by several.
        let taken = |deliveries: usize| found.iter().filter(|found| found.len() == deliveries).count();
        assert!(taken(0) > 10 && taken(1) > 10 && taken(2) > 10 && taken(3) > 10, "{found:?}");
        let mut hits = BTreeMap::<&str, usize>::new();
        for (route, ..) in found.iter().flatten() {
            *hits.entry(route).or_default() += 1;
        }
        assert_eq!(hits.len(), 11, "{hits:?}");
    });
}

/// Returns the deliveries of each message, as the hub decided.
fn decisions(hub: &Hub, count: usize) -> Vec<Vec<Delivery>> {
    let page = hub.get("/api/messages?limit=1000");
    let messages = page["messages"].as_array().expect("messages");
    assert_eq!(messages.len(), count);
    let deliveries = |message: &Value| {
        let deliveries = message["deliveries"].as_array().expect("deliveries");
        sorted(deliveries.iter().map(|delivery| read(delivery, "destination")))
    };
    messages.iter().map(deliveries).collect()
}

/// Returns the deliveries of each message of a record by `edgeroute match`.
fn matched(edgeroute: &Path, manifest: &Path, record: &Path, count: usize) -> Vec<Vec<Delivery>> {
    let output = Command::new(edgeroute)
        .arg("match")
        .arg(manifest)
        .arg("--messages")
        .arg(record)
        .stdin(Stdio::null())
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    let mut matched = vec![Vec::new(); count];
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let number = line["message"].as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number");
        matched[number - 1].push(read(&line, "endpoint"));
    }
    matched.into_iter().map(sorted).collect()
}

fn read(delivery: &Value, destination: &str) -> Delivery {
    let text = |key: &str| delivery[key].as_str().unwrap_or_else(|| panic!("no {key}: {delivery}")).to_owned();
    // Endpoints are written as routes name them, destinations as people do.
    let to = text(destination);
    let to = to.strip_prefix("/modules/").unwrap_or(&to);
    (text("route"), to.replace("/inputs/", "/"), delivery["priority"].as_u64().expect("a priority"))
}

fn sorted(deliveries: impl IntoIterator<Item = Delivery>) -> Vec<Delivery> {
    let mut deliveries: Vec<_> = deliveries.into_iter().collect();
    deliveries.sort();
    deliveries
}
