//! Cases 16 to 19: slow and absent receivers, priorities, and time to live.

use std::time::{Duration, Instant};

use crate::eventually;
use crate::hub::{Hub, Route, manifest_with, pause, route};
use crate::isolation::isolated;
use crate::raw::{self, Answer, Raw};
use crate::tool;

const INPUTS: &str = "devices/edge-1/modules/filter/inputs/#";

fn events(output: &str) -> String {
    format!("devices/edge-1/modules/sensor/messages/events/%24.on={output}")
}

#[test]
fn case_16_a_slow_receiver_does_not_slow_another() {
    isolated(|| {
        let text = |to: &str| format!(r#"FROM /messages/* INTO BrokeredEndpoint("/modules/{to}/inputs/in1")"#);
        let routes = [Route("slow", &text("slow"), 0, 0), Route("fast", &text("fast"), 0, 0)];
        let hub = Hub::start_with(&manifest_with(&routes, 4), &[]);
        let slow = tool::sink(&hub, "slow", &["--ack-rate", "1"]);
        let fast = tool::sink(&hub, "fast", &["--expect", "4000", "--timeout", "60"]);
        pause(500);
        let before = hub.resident();
        let sent = tool::send(&hub, "load-", &["--clients", "4", "--messages", "1000"]).passed();
        let fast = fast.passed();
        assert_eq!(fast["figures"]["duplicates"], 0, "{fast}");
        assert_eq!(fast["figures"]["disordered"], 0, "{fast}");
        let took = fast["seconds"].as_f64().expect("a time");
        assert!(took < 30.0, "4,000 messages took {took} s");
        // What the slow one has not acknowledged is at most its window.
        let slow = slow.terminate();
        let received = slow["figures"]["received"].as_u64().expect("a count");
        assert!((1..=16 + 60).contains(&received), "{slow}");
        let grown = hub.resident().saturating_sub(before);
        assert!(grown < 96 * 1024, "{grown} KiB more: {sent}");
    });
}

#[test]
fn case_17_an_absent_receiver_gets_what_waits_when_it_subscribes() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        for number in 1..=100_u16 {
            sensor.publish(number, &events("out1"), number.to_string().as_bytes());
        }
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        assert!(filter.is_silent(300), "nothing before the subscription");
        let start = Instant::now();
        assert_eq!(filter.subscribe(1, INPUTS), 1);
        assert_eq!(filter.message().1, b"1");
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        for number in 2..=100_u16 {
            assert_eq!(filter.message().1, number.to_string().as_bytes());
        }
        assert!(filter.is_silent(200));
        // Away, and back without a new subscription.
        drop(filter);
        sensor.publish(200, &events("out1"), b"back");
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        assert_eq!(filter.message().1, b"back");
    });
}

#[test]
fn case_17_unacknowledged_deliveries_come_again_in_order() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        assert_eq!(filter.subscribe(1, INPUTS), 1);
        for number in 1..=40_u16 {
            sensor.publish(number, &events("out1"), number.to_string().as_bytes());
        }
        // All that comes without a PUBACK is the window.
        let mut sent = Vec::new();
        while let Answer::Packet(first, body) = filter.receive_within(Duration::from_millis(500)) {
            assert_eq!(first, 0x32, "QoS 1 without DUP");
            sent.push(body);
        }
        assert_eq!(sent.len(), 16, "the window");
        drop(filter);
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        for body in &sent {
            assert_eq!(filter.receive(), Answer::Packet(0x3a, body.clone()), "the same packet with DUP");
        }
        assert!(filter.is_silent(200));
        for body in &sent {
            let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
            filter.send(&raw::packet(0x40, &body[2 + length..4 + length]));
        }
        for number in 17..=40_u16 {
            assert_eq!(filter.message().1, number.to_string().as_bytes());
        }
        assert!(filter.is_silent(200));
    });
}

#[test]
fn case_18_the_best_priority_is_next() {
    isolated(|| {
        let hub = Hub::start(&[
            Route("low", &route("sensor", "low", "filter", "in1"), 5, 0),
            Route("high", &route("sensor", "high", "filter", "in1"), 0, 0),
        ]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        let backlog: u16 = if crate::long() { 10_000 } else { 1_000 };
        for chunk in (1..=backlog).collect::<Vec<_>>().chunks(50) {
            for number in chunk {
                sensor.send(&raw::publish(*number, &events("low"), format!("low {number}").as_bytes()));
            }
            sensor.acknowledged(*chunk.last().expect("not empty"));
        }
        for number in 1..=5_u16 {
            sensor.publish(20_000 + number, &events("high"), format!("high {number}").as_bytes());
        }
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        assert_eq!(filter.subscribe(1, INPUTS), 1);
        for number in 1..=5 {
            assert_eq!(filter.message().1, format!("high {number}").as_bytes());
        }
        assert_eq!(filter.message().1, b"low 1");
        // While the receiver works: next after what is in the window.
        for number in 6..=10_u16 {
            sensor.publish(20_000 + number, &events("high"), format!("high {number}").as_bytes());
        }
        let mut high = 6;
        let mut low = 2;
        while high <= 10 {
            let (_, body) = filter.message();
            if body == format!("high {high}").as_bytes() {
                high += 1;
            } else {
                assert_eq!(body, format!("low {low}").as_bytes());
                low += 1;
                assert!(low <= 2 + 2 * 16, "{low} of the low ones are before the high ones");
            }
        }
        for number in low..=backlog {
            assert_eq!(filter.message().1, format!("low {number}").as_bytes());
        }
    });
}

#[test]
fn case_19_messages_expire_by_the_time_to_live_of_their_route() {
    isolated(|| {
        let mut hub = Hub::start(&[
            Route("short", &route("sensor", "short", "filter", "in1"), 0, 2),
            Route("long", &route("sensor", "long", "filter", "in1"), 0, 60),
        ]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        let mut send = |from: u16| {
            for number in (from..from + 10).step_by(2) {
                sensor.publish(number, &events("short"), format!("short {number}").as_bytes());
                sensor.publish(number + 1, &events("long"), format!("long {}", number + 1).as_bytes());
            }
        };
        send(1);
        pause(2500);
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        assert_eq!(filter.subscribe(1, INPUTS), 1);
        for number in (2..=10).step_by(2) {
            assert_eq!(filter.message().1, format!("long {number}").as_bytes());
        }
        assert!(filter.is_silent(300));
        let expired = |hub: &Hub| hub.metric("edgehub_messages_dropped_total", &[r#"reason="ttl_expiry""#]);
        eventually("expiry is counted", 5, || ((expired(&hub) - 5.0).abs() < 0.1).then_some(()));
        // Hours without power count.
        drop(filter);
        send(101);
        hub.stop();
        pause(2500);
        hub.launch();
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        for number in (102..=110).step_by(2) {
            assert_eq!(filter.message().1, format!("long {number}").as_bytes());
        }
        assert!(filter.is_silent(300));
        eventually("expiry is counted after a restart", 5, || ((expired(&hub) - 5.0).abs() < 0.1).then_some(()));
    });
}

#[test]
fn case_16_a_receiver_at_quality_0_needs_no_acknowledgements() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        filter.send(&raw::subscribe(1, INPUTS, 0));
        assert_eq!(filter.receive(), Answer::Packet(0x90, vec![0, 1, 0]));
        for number in 1..=40 {
            sensor.publish(number, &events("out1"), number.to_string().as_bytes());
        }
        for number in 1..=40 {
            let Answer::Packet(first, body) = filter.receive() else { panic!("no message {number}") };
            assert_eq!(first, 0x30, "quality 0");
            assert!(body.ends_with(number.to_string().as_bytes()), "in order");
        }
        eventually("nothing waits", 5, || (hub.metric("edgehub_queue_length", &[]) < 0.5).then_some(()));
    });
}

#[test]
fn case_17_subscriptions_of_a_clean_session_end_with_it() {
    isolated(|| {
        let hub = Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]);
        let id = "edge-1/filter";
        let mut clean = raw::connect(id, &raw::user(id), &raw::token(id, &hub.key(id), 3600));
        // The flags of CONNECT follow its length and the name and version of the protocol.
        let flags = clean.iter().position(|byte| *byte == 0xc0).expect("the flags");
        clean[flags] |= 0b10;
        let mut filter = Raw::open(&hub);
        filter.send(&clean);
        assert_eq!(filter.receive(), Answer::Packet(0x20, vec![0, 0]));
        assert_eq!(filter.subscribe(1, INPUTS), 1);
        filter.send(&raw::packet(0xe0, &[]));
        assert!(filter.closes_within(Duration::from_secs(5)));
        let mut filter = Raw::open(&hub);
        filter.send(&raw::connect(id, &raw::user(id), &raw::token(id, &hub.key(id), 3600)));
        assert_eq!(filter.receive(), Answer::Packet(0x20, vec![0, 0]), "no session present");
        Raw::connect(&hub, "edge-1/sensor").publish(1, &events("out1"), b"later");
        assert!(filter.is_silent(500));
        assert_eq!(filter.subscribe(1, INPUTS), 1);
        assert!(filter.message().1.ends_with(b"later"));
    });
}
