//! Another hub, with a connection for each sender.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::fake::{Down, Fixture, Packet, Server, connack, hub, puback};
use super::{SECOND, State};
use crate::identity::ClientId;
use crate::store::Removal;

const HOUR: Duration = Duration::from_secs(3_600);

/// Answers PINGREQ until something else arrives.
async fn next(server: &mut Server) -> Option<Packet> {
    loop {
        match server.read().await {
            Some(Packet::Pingreq) => server.write(&[0xd0, 0]).await,
            packet => return packet,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_sender_has_a_connection_of_its_own() {
    let mut fixture = Fixture::start(hub());
    fixture.settle().await;
    assert_eq!(fixture.upstream.status().state, State::Idle);
    fixture.queue.push(0, u64::MAX);
    fixture.queue.push_of("leaf-1", 1);
    let mut servers = BTreeMap::new();
    for _ in 0..2 {
        let server = fixture.accept().await;
        servers.insert(server.login.0.clone(), server);
    }
    for (id, topic, filter) in [
        ("edge-1/sensor", "devices/edge-1/modules/sensor/messages/events/%24.on=out1", None),
        ("leaf-1", "devices/leaf-1/messages/events/", Some("devices/leaf-1/messages/devicebound/#")),
    ] {
        let server = servers.get_mut(id).expect("it is connected");
        let agent = concat!("edgeroute-hub%2F", env!("CARGO_PKG_VERSION"));
        let user = format!("my-hub.azure-devices.net/{id}/?api-version=2021-04-12&DeviceClientType={agent}");
        assert_eq!(server.login, (id.to_owned(), Some(user), Some(format!("token 0 of {id}"))));
        let mut filters = vec!["$iothub/methods/POST/#", "$iothub/twin/PATCH/properties/desired/#"];
        filters.extend(filter);
        let filters = filters.into_iter().map(str::to_owned).collect();
        assert_eq!(server.read().await, Some(Packet::Subscribe(filters)));
        let publish = server.publish().await;
        assert_eq!(publish.topic, topic);
        server.write(&puback(publish.id)).await;
    }
    fixture.settle().await;
    assert_eq!(fixture.queue.removed().len(), 2);
    let status = fixture.upstream.status();
    assert_eq!((status.state, status.address.as_deref()), (State::Online, Some("mqtts://upper:8883")));
    let connections = [ClientId::module("edge-1", "sensor"), ClientId::device("leaf-1")];
    assert_eq!(status.connections, connections.map(|id| (id, State::Online)).into());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_refused_does_not_hold_up_the_others() {
    let mut fixture = Fixture::start(hub());
    for number in 0..400 {
        fixture.queue.push_of(if number % 2 == 0 { "bad" } else { "good" }, number);
    }
    let mut good = None;
    let mut tokens = Vec::new();
    while good.is_none() {
        let mut server = fixture.connected().await;
        if server.login.0 == "good" {
            server.write(&connack(0)).await;
            good = Some(server);
        } else {
            tokens.extend(server.login.2.clone());
            server.write(&connack(5)).await;
        }
    }
    let mut good = good.expect("it is connected");
    for number in (1..400).step_by(2) {
        let publish = timeout(100 * SECOND, good.publish()).await.expect("nothing holds it up");
        assert_eq!(publish.number(), number);
        good.write(&puback(publish.id)).await;
    }
    // The other one comes in order when it is accepted.
    let mut bad = fixture.connected().await;
    tokens.extend(bad.login.2.clone());
    bad.write(&connack(0)).await;
    for number in (0..400).step_by(2) {
        let publish = bad.publish().await;
        assert_eq!((publish.number(), publish.dup), (number, false));
        bad.write(&puback(publish.id)).await;
    }
    fixture.settle().await;
    assert_eq!(fixture.queue.removed().len(), 400);
    assert!(fixture.queue.removed().iter().all(|(_, why)| *why == Removal::Delivered));
    let expected: Vec<_> = (0..tokens.len()).map(|attempt| format!("token {attempt} of bad")).collect();
    assert_eq!(tokens, expected, "each refusal leads to the next key");
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_key_is_shown() {
    let mut fixture = Fixture::start(hub());
    fixture.queue.push_of("stranger", 0);
    assert!(timeout(100 * SECOND, fixture.dialled()).await.is_err(), "nobody logs in");
    let status = fixture.upstream.status();
    assert_eq!(status.last_problem.expect("a problem").text, "this hub has no key of `stranger`");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_without_loss() {
    let mut fixture = Fixture::start(hub());
    fixture.queue.push_of("leaf-1", 0);
    let mut server = fixture.accept().await;
    let publish = server.publish().await;
    server.write(&puback(publish.id)).await;
    let start = Instant::now();
    assert_eq!(next(&mut server).await, Some(Packet::Disconnect));
    assert_eq!(start.elapsed(), Duration::from_secs(2_700));
    // There is nothing to send, so there is no new connection before there is.
    assert!(timeout(SECOND, fixture.dialled()).await.is_err());
    fixture.queue.push_of("leaf-1", 1);
    assert_eq!(fixture.accept().await.publish().await.number(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_for_a_client_that_is_there_stays() {
    let mut fixture = Fixture::start(hub());
    let leaf = ClientId::device("leaf-1");
    fixture.upstream.attend(&leaf, true);
    let start = Instant::now();
    while start.elapsed() < 3 * HOUR {
        let mut server = fixture.accept().await;
        assert_eq!(server.login.0, "leaf-1");
        assert!(matches!(next(&mut server).await, Some(Packet::Subscribe(_))));
        assert_eq!(next(&mut server).await, Some(Packet::Disconnect), "the token is renewed");
    }
    let mut server = fixture.accept().await;
    assert!(matches!(next(&mut server).await, Some(Packet::Subscribe(_))));
    fixture.upstream.attend(&leaf, false);
    assert_eq!(next(&mut server).await, Some(Packet::Disconnect));
    assert!(timeout(10 * HOUR, fixture.dialled()).await.is_err());
    assert_eq!(fixture.upstream.status().state, State::Idle);
}

#[tokio::test(start_paused = true)]
async fn messages_from_the_cloud_are_acknowledged_when_they_are_stored() {
    let mut fixture = Fixture::start(hub());
    fixture.upstream.attend(&ClientId::device("leaf-1"), true);
    let mut server = fixture.accept().await;
    assert!(matches!(server.read().await, Some(Packet::Subscribe(_))));
    let topic = b"devices/leaf-1/messages/devicebound/%24.mid=m1&k%201=v%26%3D";
    let mut packet = vec![0x32, u8::try_from(2 + topic.len() + 2 + 2).expect("short"), 0];
    packet.push(u8::try_from(topic.len()).expect("short"));
    packet.extend(topic);
    packet.extend([0, 7]);
    packet.extend(b"hi");
    server.write(&packet).await;
    let Some(Down::Message(device, bag, body, stored)) = fixture.down.recv().await else { panic!("no message") };
    assert_eq!((device, body), (ClientId::device("leaf-1"), b"hi".to_vec()));
    assert_eq!(bag.properties, [("k 1", "v&=")].into_iter().collect());
    assert!(timeout(SECOND, server.read()).await.is_err(), "it is not stored yet");
    stored.now();
    assert_eq!(server.read().await, Some(Packet::Puback(7)));
    // An acknowledgement for a connection that has ended is not sent on the next one.
    server.write(&packet).await;
    let Some(Down::Message(_, _, _, stored)) = fixture.down.recv().await else { panic!("no message") };
    drop(server);
    let mut server = fixture.accept().await;
    assert!(matches!(server.read().await, Some(Packet::Subscribe(_))));
    stored.now();
    assert!(timeout(SECOND, server.read()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn methods_and_desired_properties_come_down() {
    let mut fixture = Fixture::start(hub());
    let sensor = ClientId::module("edge-1", "sensor");
    fixture.upstream.attend(&sensor, true);
    let mut server = fixture.accept().await;
    assert!(matches!(server.read().await, Some(Packet::Subscribe(_))));
    for (topic, body) in [
        ("$iothub/methods/POST/echo/?$rid=1f", &b"{\"a\":1}"[..]),
        ("$iothub/twin/PATCH/properties/desired/?$version=6", b"{\"rate\":6}"),
        ("$iothub/methods/POST/no-request", b""),
        ("devices/edge-1/messages/devicebound/", b"not for a module"),
    ] {
        let mut packet = vec![0x30, u8::try_from(2 + topic.len() + body.len()).expect("short"), 0];
        packet.push(u8::try_from(topic.len()).expect("short"));
        packet.extend(topic.as_bytes());
        packet.extend(body);
        server.write(&packet).await;
    }
    let Some(Down::Method(client, name, payload, respond)) = fixture.down.recv().await else { panic!("no method") };
    assert_eq!((client, name.as_str(), payload), (sensor.clone(), "echo", b"{\"a\":1}".to_vec()));
    let Some(Down::Desired(client, version, patch)) = fixture.down.recv().await else { panic!("no patch") };
    assert_eq!((client, version, patch), (sensor, Some(6), b"{\"rate\":6}".to_vec()));
    sleep(SECOND).await;
    assert!(fixture.down.is_empty());
    respond.with(200, b"{}".to_vec());
    let response = server.publish().await;
    assert_eq!((response.topic.as_str(), response.body), ("$iothub/methods/res/200/?$rid=1f", b"{}".to_vec()));
}
