//! Cases 11, 12, 26 and 27: restarts, kills, full disks, and disk use.

use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::eventually;
use crate::hub::{Hub, Route, manifest_with, pause, route};
use crate::isolation::isolated;
use crate::raw::{self, Raw};
use crate::sdk;
use crate::tool;

const EVENTS: &str = "devices/edge-1/modules/sensor/messages/events/%24.on=out1";
const ALL: &str = r#"FROM /messages/* INTO BrokeredEndpoint("/modules/sink/inputs/in1")"#;

#[test]
fn case_11_both_sdks_come_back_after_a_restart() {
    isolated(|| {
        let mut hub = Hub::start(&[
            Route("python", &route("sensor", "out1", "python", "in1"), 0, 0),
            Route("node", &route("sensor", "out1", "node", "in1"), 0, 0),
        ]);
        let mut clients: Vec<_> = sdk::both()
            .into_iter()
            .map(|sdk| {
                let name = format!("{sdk:?}").to_lowercase();
                (sdk.module(&hub, &name, &["connect", "serve", "sleep=60"]), name)
            })
            .collect();
        for (client, _) in &mut clients {
            client.until("done", 2, 30);
        }
        for (round, kill) in [false, true].into_iter().enumerate() {
            if kill {
                hub.kill();
            } else {
                hub.stop();
            }
            pause(500);
            hub.launch();
            let start = Instant::now();
            Raw::connect(&hub, "edge-1/sensor").publish(1, EVENTS, b"after the restart");
            for (client, name) in &mut clients {
                client.until("input", round + 1, 20);
                let body = json!({"methodName": "echo", "payload": 1, "responseTimeoutInSeconds": 10,
                    "connectTimeoutInSeconds": 10});
                let answer = hub.api(&format!("POST /api/methods/edge-1/{name}"), &body);
                assert_eq!(answer.status, 200, "{name}: {answer:?}");
                assert_eq!(answer.json()["status"], 200, "{name}: {answer:?}");
            }
            let took = start.elapsed().as_secs();
            assert!(took <= 15, "{took} s until all is as before");
        }
    });
}

#[test]
fn case_12_kill_loses_nothing_that_was_acknowledged() {
    isolated(|| {
        let (kills, messages) = if crate::long() { (10_u32, 2_000_u32) } else { (4, 400) };
        let senders = 50;
        let mut hub = Hub::start_with(&manifest_with(&[Route("all", ALL, 0, 0)], senders), &[]);
        let (sent, received) = (hub.file("sent"), hub.file("received"));
        let text = |path: &std::path::Path| path.display().to_string();
        let sink = tool::sink(&hub, "sink", &["--ledger", &text(&received), "--connect-timeout", "60"]);
        let arguments = [
            "--clients",
            "50",
            "--messages",
            &messages.to_string(),
            "--window",
            "20",
            "--ledger",
            &text(&sent),
            "--progress",
            "0.05",
            "--connect-timeout",
            "60",
        ];
        let mut load = tool::send(&hub, "load-", &arguments);
        let total = u64::from(messages) * 50;
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos();
        println!("seed {seed}");
        let mut random = u64::from(seed) | 1;
        for kill in 0..u64::from(kills) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Somewhere in this part of all messages, and a little later.
            let part = total / u64::from(kills + 1);
            let point = kill * part + (random >> 33) % part + 1;
            while let Some(line) = load.line() {
                assert_eq!(line["event"], "progress", "the senders end too early: {line}");
                if line["figures"]["acknowledged"].as_u64() >= Some(point) {
                    break;
                }
            }
            pause((random >> 40) % 40);
            hub.kill();
            hub.launch();
        }
        let load = load.passed();
        assert_eq!(load["figures"]["acknowledged"], total, "{load}");
        // Until the queue is empty.
        eventually("all is delivered", 60, || (hub.metric("edgehub_queue_length", &[]) < 0.5).then_some(()));
        pause(500);
        let sink = sink.terminate();
        // Messages that were stored but whose PUBACK was lost, the window of the sink, and 100 ms of done marks.
        let rate =
            load["figures"]["acknowledged"].as_f64().expect("a count") / load["seconds"].as_f64().expect("a time");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bound")]
        let marks = (rate * 2.0 * 0.1) as u32;
        let bound = kills * (20 * 50 + 16 + marks);
        let result = tool::compare(&sent, &received, &["--input", "in1", "--max-duplicates", &bound.to_string()]);
        assert_eq!(result["acknowledged"], total, "{result}");
        println!("case 12: {kills} kills, {result}, bound {bound}\n{load}\n{sink}");
    });
}

#[test]
fn case_26_at_the_limit_senders_wait_and_go_on_when_there_is_space() {
    isolated(|| {
        let mut hub = Hub::start_with(&manifest_with(&[Route("all", ALL, 0, 0)], 4), &["--max-disk", "4MiB"]);
        fill_and_drain(&mut hub);
    });
}

#[test]
fn case_26_a_full_disk_refuses_messages_and_recovers() {
    isolated(|| {
        let mut hub = Hub::prepare(&manifest_with(&[Route("all", ALL, 0, 0)], 4), &[]);
        std::fs::create_dir(hub.data()).expect("a directory");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=160m,mode=0700", "tmpfs"]).arg(hub.data()).status();
        assert!(mount.expect("mount runs").success());
        hub.launch();
        // Something else takes the space while the hub runs.
        let filler = hub.data().join("filler");
        let mut file = std::fs::File::create(&filler).expect("a file");
        let block = vec![1; 1024 * 1024];
        for _ in 0..160 {
            if std::io::Write::write_all(&mut file, &block).is_err() {
                break;
            }
        }
        drop(file);
        let mut load = tool::send(
            &hub,
            "load-",
            &[
                "--clients",
                "4",
                "--messages",
                "200",
                "--progress",
                "0.2",
                "--ledger",
                &hub.file("sent").display().to_string(),
            ],
        );
        eventually("the hub is not ready", 20, || (hub.api("GET /readyz", &json!(null)).status == 503).then_some(()));
        let before = acknowledged(&mut load);
        assert!(before < 800, "all {before} are acknowledged on a full disk");
        std::fs::remove_file(filler).expect("the file can be removed");
        eventually("the hub is ready again", 30, || (hub.api("GET /readyz", &json!(null)).status == 200).then_some(()));
        let load = load.passed();
        assert_eq!(load["figures"]["acknowledged"], 800, "{load}");
        receive_all(&hub, 800);
        // After a restart, too, nothing is there twice.
        hub.stop();
        hub.launch();
    });
}

/// Returns the last count of acknowledged messages, when it does not grow for a second.
fn acknowledged(load: &mut tool::Running) -> u64 {
    let mut last = 0;
    let mut same = 0;
    while same < 5 {
        let line = load.line().expect("a line of progress");
        assert_eq!(line["event"], "progress", "{line}");
        let now = line["figures"]["acknowledged"].as_u64().expect("a count");
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}

fn fill_and_drain(hub: &mut Hub) {
    let sent = hub.file("sent").display().to_string();
    // 24 MB for a store of 4 MiB.
    let arguments = ["--clients", "4", "--messages", "1500", "--bytes", "4000", "--progress", "0.2", "--ledger", &sent];
    let mut load = tool::send(hub, "load-", &arguments);
    let before = acknowledged(&mut load);
    assert!((100..6000).contains(&before), "{before} messages of 4 KB in 4 MiB");
    let ready = hub.api("GET /readyz", &json!(null));
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.body.contains("full") || ready.body.contains("limit"), "{ready:?}");
    // Who receives makes space.
    receive_all(hub, 6000);
    let load = load.passed();
    assert_eq!(load["figures"]["acknowledged"], 6000, "{load}");
    eventually("the hub is ready again", 10, || (hub.api("GET /readyz", &json!(null)).status == 200).then_some(()));
}

/// Receives until all messages are there, and compares.
fn receive_all(hub: &Hub, count: u64) {
    let received = hub.file("received");
    let ledger = received.display().to_string();
    tool::sink(hub, "sink", &["--ledger", &ledger, "--expect", &count.to_string(), "--timeout", "60"]).passed();
    // The senders may still wait for their last PUBACKs; what they have is what counts.
    let result = tool::compare(&hub.file("sent"), &received, &["--max-duplicates", "64"]);
    assert_eq!(result["lost"], 0, "{result}");
}

#[test]
fn case_27_disk_use_follows_what_is_stored() {
    isolated(|| {
        let messages: u32 = if crate::long() { 250_000 } else { 5_000 };
        let routes = [Route("all", ALL, 0, 0), Route("absent", &route("sensor", "out1", "absent", "in1"), 0, 0)];
        let hub = Hub::start_with(&manifest_with(&routes, 4), &[]);
        // One message that stays.
        Raw::connect(&hub, "edge-1/sensor").publish(1, EVENTS, b"stays");
        let total = u64::from(messages) * 4;
        let sink = tool::sink(&hub, "sink", &["--timeout", "1200", "--expect", &total.to_string()]);
        let load = tool::send(
            &hub,
            "load-",
            &["--clients", "4", "--messages", &messages.to_string(), "--window", "60", "--timeout", "1200"],
        );
        load.passed();
        let most = hub.disk();
        sink.passed();
        let bound = 2 * 400 + 64 * 1024 * 1024;
        let disk =
            eventually("the disk use is within its bound", 30, || Some(hub.disk()).filter(|disk| *disk <= bound));
        println!("case 27: {total} messages through, {disk} bytes on the disk, {most} at the end of sending");
        let mut absent = Raw::connect(&hub, "edge-1/absent");
        assert_eq!(absent.subscribe(1, "devices/edge-1/modules/absent/inputs/#"), 1);
        assert_eq!(absent.message().1, b"stays");
        absent.send(&raw::packet(0xe0, &[]));
    });
}
