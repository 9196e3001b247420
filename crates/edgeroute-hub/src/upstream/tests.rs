//! Upstream against a server that does whatever a test wants, on time that does not pass.

mod fake;
mod hub;

use std::time::Duration;

use tokio::time::{Instant, advance, sleep, timeout};

use super::lane::WINDOW;
use super::{Kind, State};
use crate::config;
use crate::store::Removal;
use fake::{Fixture, Packet, broker, connack, puback};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn messages_arrive_in_order_and_leave_the_queue_when_acknowledged() {
    let mut fixture = Fixture::start(broker());
    fixture.queue.fill(0..100);
    let mut server = fixture.accept().await;
    assert_eq!(server.login, ("edgeroute-edge-1".to_owned(), Some("user".to_owned()), Some("secret".to_owned())));
    let mut received = Vec::new();
    for _ in 0..WINDOW {
        received.push(server.publish().await);
    }
    assert!(timeout(SECOND, server.read()).await.is_err(), "the window is full");
    assert_eq!(fixture.queue.removed(), []);
    assert_eq!(fixture.upstream.status().in_flight, WINDOW);
    let mut acknowledged = 0;
    while received.len() < 100 || acknowledged < received.len() {
        server.write(&puback(received[acknowledged].id)).await;
        acknowledged += 1;
        if received.len() < 100 {
            received.push(server.publish().await);
        }
    }
    fixture.settle().await;
    let bodies: Vec<_> = received.iter().map(fake::Publish::number).collect();
    assert_eq!(bodies, (0..100).collect::<Vec<_>>());
    assert!(received.iter().all(|publish| !publish.dup && publish.topic == "edge/edge-1/sensor/out1/?%24.on=out1"));
    assert_eq!(fixture.queue.removed(), (0..100).map(|n| (n, Removal::Delivered)).collect::<Vec<_>>());
    let status = fixture.upstream.status();
    assert_eq!((status.kind, status.state, status.in_flight, status.sent), (Kind::Broker, State::Online, 0, 100));
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_later_is_sent_at_once() {
    let mut fixture = Fixture::start(broker());
    let mut server = fixture.accept().await;
    sleep(10 * SECOND).await;
    let before = Instant::now();
    fixture.queue.fill(0..1);
    assert_eq!(server.publish().await.number(), 0);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_acknowledged_goes_again_in_order() {
    let mut fixture = Fixture::start(broker());
    fixture.queue.fill(0..10);
    let mut server = fixture.accept().await;
    let mut first = Vec::new();
    for _ in 0..10 {
        first.push(server.publish().await);
    }
    // Out of order, as no server should.
    for index in [0, 1, 4] {
        server.write(&puback(first[index].id)).await;
    }
    fixture.settle().await;
    drop(server);
    fixture.queue.fill(10..12);
    let mut server = fixture.accept().await;
    for index in [2, 3, 5, 6, 7, 8, 9] {
        let again = server.publish().await;
        assert_eq!((again.number(), again.id, again.dup), (index as u64, first[index].id, true));
        server.write(&puback(again.id)).await;
    }
    for number in [10, 11] {
        let new = server.publish().await;
        assert_eq!((new.number(), new.dup), (number, false));
        server.write(&puback(new.id)).await;
    }
    fixture.settle().await;
    let removed: Vec<_> = fixture.queue.removed().into_iter().map(|(number, _)| number).collect();
    assert_eq!(removed, [0, 1, 4, 2, 3, 5, 6, 7, 8, 9, 10, 11]);
}

#[tokio::test(start_paused = true)]
async fn expired_messages_do_not_go_again() {
    let mut fixture = Fixture::start(broker());
    fixture.queue.push(0, 5_000);
    fixture.queue.push(1, u64::MAX);
    fixture.queue.push(2, 5_000);
    let mut server = fixture.accept().await;
    for _ in 0..3 {
        server.publish().await;
    }
    fixture.clock.shift(10_000);
    drop(server);
    let mut server = fixture.accept().await;
    let again = server.publish().await;
    assert_eq!((again.number(), again.dup), (1, true));
    assert_eq!(fixture.queue.removed(), [(0, Removal::Expired), (2, Removal::Expired)]);
    server.write(&puback(again.id)).await;
    fixture.settle().await;
    assert_eq!(fixture.upstream.status().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_shown_in_words_and_tried_again() {
    let mut fixture = Fixture::start(broker());
    fixture.queue.fill(0..1);
    for (code, problem) in [
        (1, "the server does not speak MQTT 3.1.1 (CONNACK 1)"),
        (2, "the server does not accept the client id (CONNACK 2)"),
        (3, "the server is not available at the moment (CONNACK 3)"),
        (4, "the server does not accept the user name or password (CONNACK 4)"),
        (5, "the server does not authorize the client (CONNACK 5)"),
    ] {
        let mut server = fixture.connected().await;
        server.write(&connack(code)).await;
        server.end().await;
        fixture.settle().await;
        let status = fixture.upstream.status();
        assert_eq!(status.state, State::Offline);
        assert_eq!(status.last_problem.expect("a problem").text, problem);
    }
    let mut server = fixture.accept().await;
    assert_eq!(server.publish().await.number(), 0);
    assert_eq!(fixture.upstream.status().state, State::Online);
    let metrics = fixture.metrics.encode(crate::metrics::StoreFigures::default());
    assert!(metrics.contains("edgehub_offline_count_total{"), "{metrics}");
    assert!(metrics.contains("edgehub_offline_duration_seconds_count{"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_swallows_packets_is_tried_again() {
    let mut fixture = Fixture::start(broker());
    let start = Instant::now();
    let never = fixture.dialled().await;
    let second = fixture.dialled().await;
    assert!(start.elapsed() >= Duration::from_secs(30), "{:?}", start.elapsed());
    assert_eq!(fixture.upstream.status().last_problem.expect("a problem").text, "no connection within 30 s");
    drop((never, second));
}

#[tokio::test(start_paused = true)]
async fn a_server_without_connack_is_left() {
    let mut fixture = Fixture::start(broker());
    let start = Instant::now();
    let mut server = fixture.connected().await;
    server.end().await;
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_at_most_a_minute() {
    let mut fixture = Fixture::start(broker());
    let mut last = Instant::now();
    let mut longest = Duration::ZERO;
    for _ in 0..50 {
        fixture.dialled().await.send(Err("no".to_owned())).ok().expect("somebody waits");
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
    assert!(longest > 20 * SECOND && longest <= 60 * SECOND, "{longest:?}");
    // An operator does not want to wait for it.
    fixture.settle().await;
    fixture.upstream.reconnect();
    let before = Instant::now();
    let _server = fixture.accept().await;
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_accepts_and_closes_is_not_hammered() {
    let mut fixture = Fixture::start(broker());
    fixture.queue.fill(0..1);
    let start = Instant::now();
    let mut connections = 0;
    while start.elapsed() < 300 * SECOND {
        let mut server = fixture.accept().await;
        server.publish().await;
        connections += 1;
    }
    assert!((5..60).contains(&connections), "{connections} connections in 5 minutes");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_acknowledges_is_replaced() {
    let mut fixture = Fixture::start(broker());
    fixture.queue.fill(0..3);
    let mut server = fixture.accept().await;
    let start = Instant::now();
    for _ in 0..3 {
        server.publish().await;
    }
    server.end().await;
    assert_eq!(start.elapsed(), Duration::from_secs(20));
    let mut server = fixture.accept().await;
    assert_eq!(
        fixture.upstream.status().last_problem.expect("a problem").text,
        "the server has not acknowledged a message within 20 s"
    );
    for number in 0..3 {
        let again = server.publish().await;
        assert_eq!((again.number(), again.dup), (number, true));
    }
}

// One acknowledgement that is missing among many others.
#[tokio::test(start_paused = true)]
async fn a_lost_acknowledgement_is_noticed_under_traffic() {
    let mut fixture = Fixture::start(broker());
    let mut server = fixture.accept().await;
    let start = Instant::now();
    let mut number = 0;
    let ended = loop {
        fixture.queue.fill(number..number + 1);
        match server.read().await {
            Some(Packet::Publish(publish)) if publish.number() == 0 => {}
            Some(Packet::Publish(publish)) => server.write(&puback(publish.id)).await,
            Some(packet) => panic!("{packet:?}"),
            None => break start.elapsed(),
        }
        number += 1;
        sleep(SECOND / 2).await;
    };
    assert!(ended >= 20 * SECOND && ended < 21 * SECOND, "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_replaced() {
    let mut fixture = Fixture::start(broker());
    let mut server = fixture.accept().await;
    let start = Instant::now();
    assert_eq!(server.read().await, Some(Packet::Pingreq));
    assert_eq!(start.elapsed(), 30 * SECOND);
    server.write(&[0xd0, 0]).await;
    assert_eq!(server.read().await, Some(Packet::Pingreq));
    assert_eq!(start.elapsed(), 60 * SECOND);
    server.end().await;
    assert_eq!(start.elapsed(), 80 * SECOND);
    let _server = fixture.accept().await;
    assert_eq!(
        fixture.upstream.status().last_problem.expect("a problem").text,
        "the server has not answered PINGREQ within 20 s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_nothing_is_replaced() {
    let mut fixture = Fixture::start(broker());
    fixture.queue.push_body(0, u64::MAX, vec![0; 200_000]);
    let server = fixture.accept().await;
    let start = Instant::now();
    let second = fixture.dialled().await;
    let took = start.elapsed();
    assert!(took >= 20 * SECOND && took <= 22 * SECOND, "{took:?}");
    assert_eq!(fixture.upstream.status().last_problem.expect("a problem").text, "the server has read nothing for 20 s");
    drop((server, second));
}

#[tokio::test(start_paused = true)]
async fn a_slow_link_is_not_replaced() {
    let mut fixture = Fixture::start(broker());
    for number in 0..4 {
        fixture.queue.push_body(number, u64::MAX, vec![0; 200_000]);
    }
    let mut server = fixture.accept().await;
    let start = Instant::now();
    server.slow = Some((8_192, SECOND));
    for _ in 0..4 {
        let publish = server.publish().await;
        server.write(&puback(publish.id)).await;
    }
    assert!(start.elapsed() > 60 * SECOND, "the link is slow: {:?}", start.elapsed());
    fixture.settle().await;
    assert_eq!(fixture.queue.removed().len(), 4);
    assert_eq!(fixture.upstream.status().last_problem, None);
}

#[tokio::test(start_paused = true)]
async fn garbage_ends_the_connection() {
    // A packet without type, two CONNACKs, a length without end, an acknowledgement of nothing, an inbound QoS 2.
    for garbage in [
        &[0x00, 0x00][..],
        &connack(0),
        &[0x40, 0xff, 0xff, 0xff, 0xff],
        &puback(9),
        &[0x34, 5, 0, 1, b't', 0, 1],
        &[0x30, 0xff, 0xff, 0xff, 0x7f],
    ] {
        let mut fixture = Fixture::start(broker());
        fixture.queue.fill(0..1);
        let mut server = fixture.accept().await;
        server.publish().await;
        let start = Instant::now();
        server.write(garbage).await;
        server.end().await;
        assert_eq!(start.elapsed(), Duration::ZERO, "{garbage:?}");
        let again = fixture.accept().await.publish().await;
        assert_eq!((again.number(), again.dup), (0, true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_an_outage() {
    let mut fixture = Fixture::start(broker());
    let mut server = fixture.accept().await;
    fixture.queue.fill(0..1);
    let publish = server.publish().await;
    fixture.upstream.pause();
    assert_eq!(server.read().await, Some(Packet::Disconnect));
    assert_eq!(server.read().await, None);
    fixture.queue.fill(1..3);
    assert!(timeout(600 * SECOND, fixture.dialled()).await.is_err(), "nothing is sent");
    assert_eq!(fixture.upstream.status().state, State::Paused);
    fixture.upstream.resume();
    let before = Instant::now();
    let mut server = fixture.accept().await;
    assert_eq!(before.elapsed(), Duration::ZERO);
    let again = server.publish().await;
    assert_eq!((again.number(), again.id, again.dup), (0, publish.id, true));
    assert_eq!(server.publish().await.number(), 1);
    assert_eq!(fixture.upstream.status().state, State::Online);
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_replaces_the_connection() {
    let mut fixture = Fixture::start(broker());
    let mut server = fixture.accept().await;
    fixture.settle().await;
    fixture.upstream.reconnect();
    assert_eq!(server.read().await, Some(Packet::Disconnect));
    let _server = fixture.accept().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_acknowledgements() {
    let mut fixture = Fixture::start(broker());
    fixture.queue.fill(0..2);
    let mut server = fixture.accept().await;
    let publishes = [server.publish().await, server.publish().await];
    let Fixture { queue, upstream, .. } = fixture;
    let stop = tokio::spawn(async move { upstream.stop().await });
    sleep(SECOND).await;
    queue.fill(2..3);
    for publish in publishes {
        server.write(&puback(publish.id)).await;
    }
    assert_eq!(server.read().await, Some(Packet::Disconnect), "nothing new is sent");
    assert_eq!(server.read().await, None);
    stop.await.expect("it stops");
    assert_eq!(queue.removed().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_ever() {
    let mut fixture = Fixture::start(broker());
    fixture.queue.fill(0..1);
    let mut server = fixture.accept().await;
    server.publish().await;
    let start = Instant::now();
    fixture.upstream.stop().await;
    assert_eq!(start.elapsed(), 5 * SECOND);
    assert_eq!(fixture.queue.removed(), []);
    // Nor while it connects, or waits.
    let mut fixture = Fixture::start(broker());
    let _pending = fixture.dialled().await;
    fixture.upstream.stop().await;
    let mut fixture = Fixture::start(broker());
    fixture.dialled().await.send(Err("no".to_owned())).ok().expect("somebody waits");
    fixture.settle().await;
    let start = Instant::now();
    fixture.upstream.stop().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fits_into_no_packet_is_dropped() {
    let mut fixture = Fixture::start(broker());
    fixture.queue.push_property(0, "x".repeat(70_000));
    fixture.queue.fill(1..2);
    let mut server = fixture.accept().await;
    assert_eq!(server.publish().await.number(), 1);
    assert_eq!(fixture.queue.removed(), [(0, Removal::Undeliverable)]);
}

#[tokio::test(start_paused = true)]
async fn without_upstream_messages_are_shown() {
    let fixture = Fixture::start(config::Upstream::Show);
    fixture.queue.fill(0..1_000);
    fixture.settle().await;
    assert_eq!(fixture.queue.removed(), (0..1_000).map(|n| (n, Removal::Delivered)).collect::<Vec<_>>());
    let status = fixture.upstream.status();
    assert_eq!((status.kind, status.state, status.sent), (Kind::Show, State::Online, 1_000));
    fixture.upstream.pause();
    fixture.queue.fill(1_000..1_001);
    fixture.settle().await;
    assert_eq!((fixture.upstream.status().state, fixture.queue.removed().len()), (State::Paused, 1_000));
    fixture.upstream.resume();
    fixture.settle().await;
    assert_eq!(fixture.queue.removed().len(), 1_001);
    fixture.upstream.stop().await;
}

/// A pseudo-random sequence, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

// Whatever the server does, every message arrives, no first arrival overtakes another, and nothing is removed before it
// was acknowledged.
#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_reordered() {
    const COUNT: u32 = 150;
    for seed in 0..30 {
        let mut dice = Dice(seed);
        let mut fixture = Fixture::start(broker());
        let mut filled = 0;
        let mut received = Vec::new();
        let mut acknowledged = std::collections::BTreeSet::new();
        while acknowledged.len() < usize::try_from(COUNT).expect("it fits") {
            let pending = fixture.dialled().await;
            match dice.roll(5) {
                0 => {
                    pending.send(Err("refused".to_owned())).ok().expect("somebody waits");
                    continue;
                }
                1 => {
                    sleep(31 * SECOND).await;
                    continue;
                }
                _ => {}
            }
            let mut server = fixture.serve(pending).await;
            let code = if dice.roll(4) == 0 { 3 } else { 0 };
            server.write(&connack(code)).await;
            for _ in 0..dice.roll(60) {
                if filled < COUNT {
                    let more = dice.roll(5).min(COUNT - filled);
                    fixture.queue.fill(filled.into()..(filled + more).into());
                    filled += more;
                }
                match timeout(SECOND, server.read()).await {
                    Ok(Some(Packet::Publish(publish))) => {
                        received.push(publish.number());
                        if dice.roll(10) > 0 {
                            acknowledged.insert(publish.number());
                            server.write(&puback(publish.id)).await;
                        }
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => advance(SECOND * dice.roll(3)).await,
                }
            }
            if dice.roll(3) == 0 {
                server.write(&[0xf0, 0]).await;
            }
            fixture.settle().await;
            let removed: std::collections::BTreeSet<_> =
                fixture.queue.removed().into_iter().map(|(number, _)| number).collect();
            assert!(removed.is_subset(&acknowledged), "seed {seed}");
        }
        let mut firsts = Vec::new();
        for number in received {
            if !firsts.contains(&number) {
                firsts.push(number);
            }
        }
        assert_eq!(firsts, (0..COUNT.into()).collect::<Vec<u64>>(), "seed {seed}");
    }
}
