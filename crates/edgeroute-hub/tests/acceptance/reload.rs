//! Cases 21 and 22: changes of the manifest.

use crate::eventually;
use crate::hub::{Hub, Route, manifest, manifest_with, pause, route};
use crate::isolation::isolated;
use crate::raw::Raw;
use crate::tool;

const EVENTS: &str = "devices/edge-1/modules/sensor/messages/events/%24.on=out1";

#[test]
fn case_21_each_message_is_routed_by_one_table() {
    isolated(|| {
        let rounds = if crate::long() { 1000 } else { 60 };
        let to = |input: &str| format!(r#"FROM /messages/* INTO BrokeredEndpoint("/modules/sink/inputs/{input}")"#);
        let (one, two, three) = (to("in1"), to("in2"), to("in3"));
        let tables = [
            manifest_with(&[Route("all", &one, 0, 0)], 4),
            manifest_with(&[Route("all", &two, 0, 0)], 4),
            // Added, and removed again.
            manifest_with(&[Route("all", &three, 3, 0), Route("more", &route("nobody", "x", "sink", "in4"), 0, 0)], 4),
        ];
        let hub = Hub::start_with(&tables[0], &[]);
        let (sent, received) = (hub.file("sent"), hub.file("received"));
        let sink = tool::sink(&hub, "sink", &["--ledger", &received.display().to_string()]);
        let load = tool::send(
            &hub,
            "load-",
            &[
                "--clients",
                "4",
                "--messages",
                "1000000",
                "--window",
                "60",
                "--seconds",
                if crate::long() { "60" } else { "6" },
                "--ledger",
                &sent.display().to_string(),
            ],
        );
        for round in 0..rounds {
            let answer = hub.api("PUT /api/manifest", &tables[round % tables.len()]);
            assert_eq!(answer.status, 200, "{answer:?}");
            pause(50);
        }
        let load = load.passed();
        eventually("all is delivered", 30, || (hub.metric("edgehub_queue_length", &[]) < 0.5).then_some(()));
        pause(300);
        let sink = sink.terminate();
        // An order across inputs is not promised: their queues are different ones.
        let result = tool::compare(&sent, &received, &["--any-order", "--max-duplicates", "0"]);
        for input in ["in1", "in2", "in3"] {
            tool::compare(&sent, &received, &["--input", input, "--any-lost", "--max-duplicates", "0"]);
            assert!(sink["figures"]["inputs"][input].as_u64() > Some(0), "{sink}");
        }
        println!("case 21: {rounds} reloads, {result}\n{load}");
    });
}

#[test]
fn case_21_a_removed_endpoint_is_drained() {
    isolated(|| {
        let hub = Hub::start(&[Route("old", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        sensor.publish(1, EVENTS, b"old");
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        hub.write_manifest(&manifest(&[Route("new", &route("sensor", "out1", "other", "in1"), 0, 0)]).to_string());
        eventually("the file is noticed", 10, || hub.get("/api/routes").to_string().contains("new").then_some(()));
        sensor.publish(2, EVENTS, b"new");
        assert_eq!(filter.subscribe(1, "devices/edge-1/modules/filter/inputs/#"), 1);
        assert_eq!(filter.message().1, b"old");
        assert!(filter.is_silent(200));
        // The module that the new route names has an identity at once.
        let mut other = Raw::connect(&hub, "edge-1/other");
        assert_eq!(other.subscribe(1, "devices/edge-1/modules/other/inputs/#"), 1);
        assert_eq!(other.message().1, b"new");
    });
}

#[test]
fn case_22_a_bad_manifest_changes_nothing_and_is_explained() {
    isolated(|| {
        let good = manifest(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let hub = Hub::start_with(&good, &[]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        assert_eq!(filter.subscribe(1, "devices/edge-1/modules/filter/inputs/#"), 1);
        let two_wrong = manifest(&[
            Route("first", "FROM /messages/* WHERE temperature >> 5 INTO $upstream", 0, 0),
            Route("fine", "FROM /messages/* INTO $upstream", 0, 0),
            Route("second", "FROM /messages/* INTO nowhere", 0, 0),
        ]);
        let check = |number: u16, sensor: &mut Raw, filter: &mut Raw| {
            sensor.publish(number, EVENTS, number.to_string().as_bytes());
            assert_eq!(filter.message().1, number.to_string().as_bytes());
        };
        for (number, text) in
            (1_u16..).zip([two_wrong.to_string().as_str(), "{\"modulesContent\": ", "", "[]", "\u{0}"])
        {
            // Through the API.
            let headers = "Host: localhost:9600\r\nContent-Type: application/json\r\n";
            let answer = hub.request("PUT /api/manifest", headers, text);
            assert!((400..500).contains(&answer.status), "{text}: {answer:?}");
            if number == 1 {
                assert!(answer.body.contains("first") && answer.body.contains("second"), "{answer:?}");
            }
            check(number, &mut sensor, &mut filter);
            // In the file.
            let before = hub.log().len();
            hub.write_manifest(text);
            hub.hang_up();
            eventually("the log says what is wrong", 10, || {
                let log = hub.log();
                let new = log.get(before..)?;
                let named = number > 1 || (new.contains("first") && new.contains("second"));
                (new.contains("manifest") && named).then_some(())
            });
            check(100 + number, &mut sensor, &mut filter);
        }
        // The file vanishes.
        std::fs::remove_file(hub.manifest_file()).expect("the manifest is there");
        hub.hang_up();
        pause(1500);
        check(200, &mut sensor, &mut filter);
        // A dry run changes nothing either.
        let other = manifest(&[Route("up", "FROM /messages/* INTO $upstream", 0, 0)]);
        let answer = hub.api("PUT /api/manifest?dryRun", &other);
        assert_eq!(answer.status, 200, "{answer:?}");
        check(201, &mut sensor, &mut filter);
        // A good one is taken.
        hub.write_manifest(&other.to_string());
        eventually("the good manifest is in force", 10, || {
            hub.get("/api/routes").to_string().contains("$upstream").then_some(())
        });
        sensor.publish(202, EVENTS, b"up");
        assert!(filter.is_silent(200));
    });
}
