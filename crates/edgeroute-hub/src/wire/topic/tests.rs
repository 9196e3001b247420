use edgeroute::{MessageSource, Origin, OwnedMessage};

use super::*;
use crate::clock::Timestamp;
use crate::message::stamps;
use crate::metrics::DropReason;
use crate::wire::telemetry;

// What the SDKs for Python and Node sent, and what they were sent.
const PYTHON_OUTPUT: &str = "devices/edge-1/modules/sensor/messages/events/%24.on=out1&%24.mid=30608-0&%24.ct=application%2Fjson&%24.ce=utf-8&odd%20key=a%26b%3Dc%2Fd%25&seq=0";
const NODE_OUTPUT: &str = "devices/edge-1/modules/sensor/messages/events/%24.on=out1&%24.mid=30664-0&%24.ct=application%2Fjson&%24.ce=utf-8&seq=0&odd%20key=a%26b%3Dc%2Fd%25/";
const NODE_PLAIN: &str = "devices/edge-1/modules/sensor/messages/events/%24.mid=30664-0&%24.ct=application%2Fjson&%24.ce=utf-8&seq=0&odd%20key=a%26b%3Dc%2Fd%25";
const PYTHON_DEVICE: &str = "devices/leaf-1/messages/events/%24.mid=30724-0&%24.ct=application%2Fjson&%24.ce=utf-8&odd%20key=a%26b%3Dc%2Fd%25&seq=0";
const X509_DEVICE: &str = "devices/leaf-x/messages/events/";
const DEVICEBOUND: &str = "devices/leaf-1/messages/devicebound/%24.mid=m1&%24.to=%2Fdevices%2Fleaf-1%2Fmessages%2Fdevicebound&iothub-ack=full&%24.cid=c1&k%201=v%26%3D";

fn sensor() -> ClientId {
    ClientId::module("edge-1", "sensor")
}

fn leaf() -> ClientId {
    ClientId::device("leaf-1")
}

fn bag(topic: &str, client: &ClientId) -> Bag {
    match parse_publish(topic, client) {
        Ok(Inbound::Telemetry(bag)) => bag,
        other => panic!("{topic}: {other:?}"),
    }
}

fn message(topic: &str, client: &ClientId) -> Message {
    telemetry(client, bag(topic, client), b"{}".to_vec(), Timestamp(1_796_006_025_000)).expect("it is small")
}

fn refused(topic: &str, client: &ClientId) -> (DropReason, String) {
    let error = parse_publish(topic, client).expect_err("it is refused");
    (error.reason(), error.to_string())
}

#[test]
fn recorded_telemetry_is_read() {
    for (topic, output, id) in [(PYTHON_OUTPUT, Some("out1"), "30608-0"), (NODE_OUTPUT, Some("out1"), "30664-0")] {
        let bag = bag(topic, &sensor());
        assert_eq!(bag.output.as_deref(), output);
        let expected = [("messageId", id), ("contentType", "application/json"), ("contentEncoding", "utf-8")]
            .into_iter()
            .collect();
        assert_eq!(bag.system, expected);
        let mut properties: Vec<_> = bag.properties.iter().collect();
        properties.sort_unstable();
        assert_eq!(properties, [("odd key", Some("a&b=c/d%")), ("seq", Some("0"))]);
    }
    assert_eq!(bag(NODE_PLAIN, &sensor()).output, None);
    assert_eq!(bag(PYTHON_DEVICE, &leaf()).properties.len(), 2);
    for empty in [X509_DEVICE, "devices/leaf-x/messages/events", "devices/leaf-x/messages/events//"] {
        assert_eq!(bag(empty, &ClientId::device("leaf-x")), Bag::default());
    }
}

#[test]
fn recorded_requests_are_read() {
    let read = |topic| parse_publish(topic, &sensor()).expect("it is known");
    let rid = "97ddbc99-cffd-4db8-8f13-c793729dd2f4";
    assert_eq!(read("$iothub/twin/GET/?$rid=97ddbc99-cffd-4db8-8f13-c793729dd2f4"), Inbound::TwinGet { rid });
    assert_eq!(
        read("$iothub/twin/PATCH/properties/reported/?$rid=97ddbc99-cffd-4db8-8f13-c793729dd2f4"),
        Inbound::TwinReport { rid }
    );
    assert_eq!(read("$iothub/methods/res/200/?$rid=1"), Inbound::MethodResponse { status: Some(200), rid: "1" });
    assert_eq!(read("$iothub/methods/res/-1?x=2&$rid=a"), Inbound::MethodResponse { status: Some(-1), rid: "a" });
    // Whoever waits for the response has to know.
    for status in ["ok", "99999999999", "2147483648", "", "1.0"] {
        let topic = format!("$iothub/methods/res/{status}/?$rid=1");
        let read = parse_publish(&topic, &sensor()).expect("it is known");
        assert_eq!(read, Inbound::MethodResponse { status: None, rid: "1" });
    }
}

#[test]
fn deliveries_are_written_as_recorded() {
    let topic = input_topic(&sensor(), "in1", &message(PYTHON_OUTPUT, &sensor())).expect("short");
    assert_eq!(
        topic,
        "devices/edge-1/modules/sensor/inputs/in1/%24.mid=30608-0&%24.ct=application%2Fjson&%24.ce=utf-8&odd%20key=a%26b%3Dc%2Fd%25&seq=0&%24.cdid=edge-1&%24.cmid=sensor"
    );
    let topic = input_topic(&sensor(), "in1", &message(X509_DEVICE, &ClientId::device("leaf-x"))).expect("short");
    assert_eq!(topic, "devices/edge-1/modules/sensor/inputs/in1/%24.cdid=leaf-x");
    let message = message("devices/edge-1/modules/sensor/messages/events/%24.ifid=i&%24.cid=c&a", &sensor());
    let topic = input_topic(&sensor(), "a/b+#", &message).expect("short");
    assert_eq!(topic, "devices/edge-1/modules/sensor/inputs/a%2Fb%2B%23/%24.cid=c&a=&%24.cdid=edge-1&%24.cmid=sensor");
}

#[test]
fn messages_from_the_cloud_are_written_as_recorded() {
    let content = OwnedMessage::new(Origin::device("leaf-1"))
        .with_system_property("messageId", "m1")
        .with_system_property("to", "/devices/leaf-1/messages/devicebound")
        .with_system_property("ack", "full")
        .with_system_property("correlationId", "c1")
        .with_property("k 1", "v&=");
    let message = Message { sender: leaf(), received: Timestamp(0), content };
    assert_eq!(devicebound_topic(&leaf(), &message).expect("short"), DEVICEBOUND);
}

#[test]
fn telemetry_is_written_as_its_sender_sent_it() {
    assert_eq!(events_topic(&message(PYTHON_OUTPUT, &sensor())).expect("short"), PYTHON_OUTPUT);
    assert_eq!(events_topic(&message(PYTHON_DEVICE, &leaf())).expect("short"), PYTHON_DEVICE);
}

#[test]
fn responses_and_requests_are_written_as_recorded() {
    assert_eq!(twin_response_topic(200, "r-1", None), "$iothub/twin/res/200/?$rid=r-1");
    assert_eq!(twin_response_topic(204, "r-1", Some(2)), "$iothub/twin/res/204/?$rid=r-1&$version=2");
    assert_eq!(desired_patch_topic(2), "$iothub/twin/PATCH/properties/desired/?$version=2");
    assert_eq!(method_request_topic("echo", "1"), "$iothub/methods/POST/echo/?$rid=1");
}

#[test]
fn topics_of_other_clients_are_forged() {
    for (topic, client) in [
        ("devices/edge-1/modules/filter/messages/events/a=1", sensor()),
        ("devices/edge-2/modules/sensor/messages/events/", sensor()),
        ("devices/edge-1/modules/SENSOR/messages/events/", sensor()),
        ("devices/edge-1/messages/events/", sensor()),
        ("devices/leaf-1/modules/m/messages/events/", leaf()),
    ] {
        let (reason, detail) = refused(topic, &client);
        assert_eq!(reason, DropReason::Forged, "{topic}");
        assert_eq!(detail, format!("`{client}` publishes to the topic `{topic}`"));
    }
}

#[test]
fn unknown_and_malformed_topics_are_refused() {
    for topic in [
        "",
        "devices",
        "devices/edge-1/modules/sensor",
        "devices/edge-1/modules/sensor/messages/eventsx/a=1",
        "devices/edge-1/modules/sensor/inputs/in1/a=1",
        "$iothub/twin/GET",
        "$iothub/twin/GET/?rid=1",
        "$iothub/twin/GET/?$rid=",
        "$iothub/twin/GET/?$rid=a/b",
        "$iothub/twin/PATCH/properties/desired/?$rid=1",
        "$iothub/methods/res/200",
        "$SYS/broker",
    ] {
        let (reason, detail) = refused(topic, &sensor());
        assert_eq!(reason, DropReason::Malformed, "{topic}");
        assert!(detail.contains(&format!("`{topic}`")), "{detail}");
    }
    let long = format!("$iothub/twin/GET/?$rid={}", "r".repeat(129));
    assert_eq!(refused(&long, &sensor()).0, DropReason::Malformed);
    assert!(refused(&long, &sensor()).1.len() < 250);
}

#[test]
fn routes_see_the_authenticated_sender() {
    let topic = "devices/edge-1/modules/sensor/messages/events/%24.cdid=edge-9&%24.cmid=admin&connectionModuleId=admin&%24.on=out1";
    let message = message(topic, &sensor());
    assert_eq!(message.content.origin().source(), MessageSource::Module { module: "sensor", output: Some("out1") });
    assert_eq!(message.system_property(stamps::DEVICE), Some("edge-1"));
    assert_eq!(message.system_property(stamps::MODULE), Some("sensor"));
    assert_eq!(message.system_property(stamps::ORIGIN_INTERFACE), Some("internal"));
    assert_eq!(message.system_property(stamps::ENQUEUED_TIME), Some("2026-11-30T02:33:45Z"));
    assert_eq!(message.system_property(stamps::EDGE_MESSAGE_ID).map(str::len), Some(36));
    let delivered = input_topic(&sensor(), "in1", &message).expect("short");
    assert_eq!(
        delivered,
        "devices/edge-1/modules/sensor/inputs/in1/connectionModuleId=admin&%24.cdid=edge-1&%24.cmid=sensor"
    );
}

#[test]
fn a_device_has_no_outputs() {
    let message = message("devices/leaf-1/messages/events/%24.on=out1", &leaf());
    assert_eq!(message.content.origin().source(), MessageSource::Telemetry);
    assert_eq!(message.system_property(stamps::ORIGIN_INTERFACE), Some("downstream"));
    assert_eq!(message.system_property(stamps::MODULE), None);
}

#[test]
fn a_retained_message_has_a_property() {
    let bag = bag("devices/leaf-1/messages/events/MQTT-retain=false&a=1", &leaf()).retained();
    assert_eq!(bag.properties, [("a", "1"), ("mqtt-retain", "true")].into_iter().collect());
}

#[test]
fn properties_that_do_not_fit_into_a_delivery_are_refused() {
    // Each of these characters has one byte as it comes, and three as it goes out.
    let topic = |length| format!("devices/leaf-1/messages/events/a={}", "(".repeat(length));
    let message = |length| telemetry(&leaf(), bag(&topic(length), &leaf()), Vec::new(), Timestamp(0));
    let fits = (LONGEST_BAG - "a=&%24.cdid=leaf-1".len()) / 3;
    let longest = message(fits).expect("it fits");
    assert!(input_topic(&ClientId::module("d".repeat(128), "m".repeat(128)), &"ä".repeat(100), &longest).is_ok());
    assert_eq!(message(fits + 1).map_err(|error| error.reason()), Err(DropReason::TooLarge));
    assert!(input_topic(&sensor(), &"i".repeat(65_000), &longest).is_err());
}
