//! Case 24: clients that mean harm, or are broken.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::hub::{Hub, Route, route};
use crate::isolation::isolated;
use crate::raw::{self, Raw, packet, publish, text, tls};

fn hub() -> Hub {
    Hub::start(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)])
}

const EVENTS: &str = "devices/edge-1/modules/sensor/messages/events/%24.on=out1";

#[test]
fn case_24_malformed_packets_end_their_connection_alone() {
    isolated(|| {
        let hub = hub();
        let mut filter = Raw::connect(&hub, "edge-1/filter");
        assert_eq!(filter.subscribe(1, "devices/edge-1/modules/filter/inputs/#"), 1);
        let key = hub.key("edge-1/sensor");
        let id = "edge-1/sensor";
        let connect = raw::connect(id, &raw::user(id), &raw::token(id, &key, 600));
        // Before CONNECT.
        let mqtt5 = {
            let mut bytes = connect.clone();
            let level = bytes.windows(4).position(|window| window == b"MQTT").expect("the name") + 4;
            bytes[level] = 5;
            bytes
        };
        let before: [(&str, Vec<u8>); 8] = [
            ("garbage", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(5)),
            ("zeros", vec![0; 64]),
            ("0xff", vec![0xff; 64]),
            ("a PUBLISH before CONNECT", publish(1, EVENTS, b"x")),
            ("a length of five bytes", b"\x10\xff\xff\xff\xff\x01".to_vec()),
            ("another protocol", packet(0x10, &[text("MQXX").as_slice(), b"\x04\xc0\x00\x3c", &text("a")].concat())),
            ("MQTT 5", mqtt5),
            ("a CONNECT that ends early", packet(0x10, b"\x00\x04MQTT\x04\xc0\x00\x3c\x00\x20edge")),
        ];
        for (what, bytes) in &before {
            let mut raw = Raw::open(&hub);
            raw.send(bytes);
            assert!(raw.closes_within(Duration::from_secs(5)), "{what}");
        }
        let qos_2 = packet(0x34, &[text(EVENTS).as_slice(), b"\x00\x07two"].concat());
        let both_bits = packet(0x36, &[text(EVENTS).as_slice(), b"\x00\x07three"].concat());
        let after: [(&str, Vec<u8>); 8] = [
            ("a second CONNECT", connect.clone()),
            ("QoS 2", qos_2),
            ("QoS 3", both_bits),
            ("packet identifier 0", publish(0, EVENTS, b"x")),
            ("no UTF-8 in a topic", packet(0x32, b"\x00\x04\xff\xfe\xfd\xfc\x00\x01x")),
            ("a SUBSCRIBE without filters", packet(0x82, b"\x00\x01")),
            ("a PUBACK for what was never sent", packet(0x40, b"\x12\x34")),
            ("a CONNACK from a client", b"\x20\x02\x00\x00".to_vec()),
        ];
        for (what, bytes) in &after {
            let mut raw = Raw::connect(&hub, id);
            raw.send(bytes);
            assert!(raw.closes_within(Duration::from_secs(5)), "{what}");
        }
        // A wildcard in PUBLISH names nobody else: it is a property of this client's message, or a topic of others.
        let mut raw = Raw::connect(&hub, id);
        for (number, topic) in
            [(1, "devices/edge-1/modules/sensor/messages/events/#"), (2, "devices/+/modules/+/inputs/#")]
        {
            raw.publish(number, topic, b"x");
        }
        // Half a packet waits for the rest.
        let whole = publish(5, EVENTS, b"in two parts");
        raw.send(&whole[..20]);
        assert!(raw.is_silent(200));
        raw.send(&whole[20..]);
        raw.acknowledged(5);
        // The one that was connected all the time has lost nothing.
        assert_eq!(filter.message().1, b"in two parts");
        assert!(filter.is_silent(200));
    });
}

#[test]
fn case_24_subscriptions_to_anything_else_are_refused_and_not_kept() {
    isolated(|| {
        let hub = hub();
        let mut raw = Raw::connect(&hub, "edge-1/sensor");
        for (number, filter) in (1_u16..).zip([
            "#",
            "+/+/+/+/inputs/#",
            "devices/edge-1/modules/filter/inputs/#",
            "devices/edge-2/modules/sensor/inputs/#",
            "$SYS/#",
            "$iothub/#",
        ]) {
            assert_eq!(raw.subscribe(number, filter), 0x80, "{filter}");
        }
        assert_eq!(raw.subscribe(50, "devices/edge-1/modules/sensor/inputs/#"), 1);
        // 10,000 filters.
        let before = hub.resident();
        for round in 0..100_u16 {
            let mut body = (100 + round).to_be_bytes().to_vec();
            for number in 0..100 {
                body.extend_from_slice(&text(&format!("devices/edge-1/modules/sensor/nothing/{round}/{number}/#")));
                body.push(1);
            }
            raw.send(&packet(0x82, &body));
        }
        let mut answers = 0;
        while answers < 100 {
            match raw.receive() {
                raw::Answer::Packet(0x90, body) => {
                    assert!(body[2..].iter().all(|code| *code == 0x80));
                    answers += 1;
                }
                // The hub may also end it.
                raw::Answer::Closed => break,
                other => panic!("{other:?}"),
            }
        }
        let grown = hub.resident().saturating_sub(before);
        assert!(grown < 16 * 1024, "{grown} KiB for filters that nobody serves");
    });
}

#[test]
fn case_24_slow_clients_do_not_keep_others_out() {
    isolated(|| {
        let hub = hub();
        // 100 that never finish their handshake, and 40 that finish it and say nothing.
        let silent: Vec<_> = (0..100)
            .map(|number| {
                let mut stream = TcpStream::connect("localhost:8883").expect("the hub listens");
                if number % 2 == 0 {
                    stream.write_all(b"\x16\x03\x01\x02\x00\x01").expect("a few bytes");
                }
                stream
            })
            .collect();
        let mut mute: Vec<_> = (0..40).map(|_| Raw::open(&hub)).collect();
        for raw in &mut mute {
            raw.send(b"\x10");
        }
        let start = Instant::now();
        let mut sensor = Raw::connect(&hub, "edge-1/sensor");
        sensor.publish(1, EVENTS, b"x");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(12), "{took:?} until a good client is served");
        // Handshakes end after 10 s each step.
        let end = Instant::now() + Duration::from_secs(25);
        for mut stream in silent {
            let rest = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            stream.set_read_timeout(Some(rest)).expect("an option");
            let closed = loop {
                match stream.read(&mut [0; 256]) {
                    Ok(0) => break true,
                    Ok(_) => {}
                    Err(error) => break error.kind() == std::io::ErrorKind::ConnectionReset,
                }
            };
            assert!(closed, "a handshake that never ends");
        }
        if crate::long() {
            for raw in &mut mute {
                assert!(raw.closes_within(Duration::from_mins(1)), "no CONNECT for a minute");
            }
        }
    });
}

#[test]
fn case_24_slow_requests_over_https_end() {
    isolated(|| {
        let hub = hub();
        let mut slow: Vec<_> = (0..20)
            .map(|_| {
                let mut stream = tls(&hub, 443);
                stream.write_all(b"POST /twins/edge-1/modules/sensor/methods HTTP/1.1\r\nHost: loc").expect("sent");
                stream.flush().expect("sent");
                stream
            })
            .collect();
        // Others are served meanwhile.
        let answer =
            crate::http::exchange(tls(&hub, 443), "GET /nothing", "Host: localhost\r\n", "").expect("an answer");
        assert!((400..500).contains(&answer.status), "{answer:?}");
        let end = Instant::now() + Duration::from_secs(40);
        for stream in &mut slow {
            let rest = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            stream.sock.set_read_timeout(Some(rest)).expect("an option");
            let mut answer = Vec::new();
            let result = stream.read_to_end(&mut answer);
            let waiting = result.is_err_and(|error| {
                matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
            });
            assert!(!waiting, "a request that never ends keeps its connection for 40 s");
        }
    });
}
