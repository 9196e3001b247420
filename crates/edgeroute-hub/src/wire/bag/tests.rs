use edgeroute::Origin;
use edgeroute::OwnedMessage;
use proptest::prelude::*;

use super::*;
use crate::clock::Timestamp;
use crate::identity::ClientId;
use crate::metrics::DropReason;
use crate::wire::telemetry;

type Pairs<'p> = Vec<(&'p str, Option<&'p str>)>;

fn read(text: &str) -> Bag {
    Bag::read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn properties(text: &str) -> Vec<(String, Option<String>)> {
    read(text).properties.iter().map(|(name, value)| (name.to_owned(), value.map(str::to_owned))).collect()
}

fn refused(text: &str) -> String {
    let error = Bag::read(text).expect_err("it is refused");
    assert_eq!(error.reason(), DropReason::Malformed);
    error.to_string()
}

fn owned(pairs: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
}

#[test]
fn keys_of_the_table_are_system_properties() {
    let bag = read(
        "%24.mid=m&%24.cid=c&%24.uid=u&%24.to=t&%24.ct=application%2Fjson&%24.ce=utf-8&%24.on=out%201&%24.exp=e\
         &%24.ifid=urn%3Aazureiot%3ASecurity%3ASecurityAgent%3A1&%24.sub=s&%24.schema=sc&%24.ctime=ct&ack=full\
         &iothub-operation=op",
    );
    let system: Pairs<'_> = bag.system.iter().collect();
    assert_eq!(
        system,
        [
            ("messageId", Some("m")),
            ("cid", Some("c")),
            ("correlationId", Some("c")),
            ("userId", Some("u")),
            ("to", Some("t")),
            ("contentType", Some("application/json")),
            ("contentEncoding", Some("utf-8")),
            ("absolute-expiry-time", Some("e")),
            ("iothub-interface-id", Some("urn:azureiot:Security:SecurityAgent:1")),
            ("dt-subject", Some("s")),
            ("messageSchema", Some("sc")),
            ("creationTime", Some("ct")),
            ("ack", Some("full")),
            ("operation", Some("op")),
        ]
    );
    assert_eq!((bag.output.as_deref(), bag.properties.len(), bag.stripped), (Some("out 1"), 0, 0));
}

#[test]
fn anything_else_is_a_property_of_the_application() {
    assert_eq!(
        properties("odd%20key=a%26b%3Dc%2Fd%25&%24.x=1&messageId=m&connectionDeviceId=other&connectionModuleId=admin"),
        owned(&[
            ("odd key", Some("a&b=c/d%")),
            ("$.x", Some("1")),
            ("messageId", Some("m")),
            ("connectionDeviceId", Some("other")),
            ("connectionModuleId", Some("admin")),
        ])
    );
}

#[test]
fn odd_bags_are_read() {
    assert_eq!(properties(""), []);
    assert_eq!(properties("&&a=1&"), owned(&[("a", Some("1"))]));
    assert_eq!(properties("a"), owned(&[("a", None)]));
    assert_eq!(properties("a="), owned(&[("a", Some(""))]));
    assert_eq!(properties("=a"), owned(&[("", Some("a"))]));
    assert_eq!(properties("a=b=c"), owned(&[("a", Some("b=c"))]));
    assert_eq!(properties("a+b=+"), owned(&[("a+b", Some("+"))]));
    assert_eq!(properties("a=100%&b=%zz"), owned(&[("a", Some("100%")), ("b", Some("%zz"))]));
    assert_eq!(properties("%C3%A4=%F0%9F%A6%80&ö=ü"), owned(&[("ä", Some("🦀")), ("ö", Some("ü"))]));
    assert_eq!(properties("a=%00"), owned(&[("a", Some("\0"))]));
    assert_eq!(properties("a=!'()*"), owned(&[("a", Some("!'()*"))]));
}

#[test]
fn the_last_of_equal_keys_counts() {
    assert_eq!(properties("a=1&b=2&a=3"), owned(&[("b", Some("2")), ("a", Some("3"))]));
    assert_eq!(properties("a=1&%61"), owned(&[("a", None)]));
    assert_eq!(read("%24.mid=1&%24.mid=2").system, [("messageId", "2")].into_iter().collect());
}

// Routes do not distinguish them, and a message that has both cannot be recorded.
#[test]
fn keys_that_differ_by_case_are_equal() {
    assert_eq!(properties("Level=1&LEVEL=2&ä=3&Ä=4"), owned(&[("LEVEL", Some("2")), ("Ä", Some("4"))]));
}

#[test]
fn stamps_of_the_sender_are_removed() {
    let bag = read("%24.cdid=edge-9&%24.CMID=admin&%24connectionDeviceId=x&%24edgemessageid=y&%24inputName=z&a=1");
    assert_eq!(bag.properties, [("a", "1")].into_iter().collect());
    assert_eq!((bag.system.len(), bag.stripped), (0, 5));
}

#[test]
fn bags_that_cannot_be_read_are_refused() {
    assert_eq!(refused("a=%ff"), "`%ff` is not UTF-8 when decoded");
    assert_eq!(refused("%C3=1"), "`%C3` is not UTF-8 when decoded");
    assert_eq!(refused("%24.on=%20"), "the output `$.on` is blank");
    assert_eq!(refused("%24.on"), "the output `$.on` is blank");
    let longest = (0..1_000).map(|index| format!("k{index}={index}")).collect::<Vec<_>>().join("&");
    assert_eq!(read(&longest).properties.len(), 1_000);
    assert_eq!(refused(&format!("{longest}&one-more=1")), "more than 1000 properties");
}

#[test]
fn properties_that_would_be_forged_on_delivery_are_not_written() {
    let content = OwnedMessage::new(Origin::device("leaf-1"))
        .with_property("$.cdid", "edge-9")
        .with_property("$.cmid", "admin")
        .with_property("$.mid", "m")
        .with_property("a", "1");
    let message = Message { sender: ClientId::device("leaf-1"), received: Timestamp(0), content };
    assert_eq!(write_delivery(&message), "a=1&%24.cdid=leaf-1");
    assert_eq!(write_telemetry(&message), "a=1");
}

// The key has a meaning only in a message from the cloud. Found by fuzzing: a module's own property was lost.
#[test]
fn a_key_of_messages_from_the_cloud_is_an_ordinary_one_elsewhere() {
    let client = ClientId::device("leaf-1");
    let message = telemetry(&client, read("iothub-ack=x"), Vec::new(), Timestamp(0)).expect("it is small");
    assert_eq!(write_delivery(&message), "iothub-ack=x&%24.cdid=leaf-1");
    assert_eq!(write_devicebound(&message), "");
}

/// Encodes as the SDK for Node does.
fn node(text: &str) -> String {
    const COMPONENT: &AsciiSet = &ENCODED.remove(b'!').remove(b'\'').remove(b'(').remove(b')').remove(b'*');
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// Encodes as the SDK for Python does.
fn python(text: &str) -> String {
    encode(text).collect()
}

fn any_pairs() -> impl Strategy<Value = Vec<(String, Option<String>)>> {
    let key = prop_oneof![
        Just("$.mid".to_owned()),
        Just("$.cid".to_owned()),
        Just("ack".to_owned()),
        Just("iothub-ack".to_owned()),
        "[a-c]{0,2}",
        any::<String>()
    ];
    prop::collection::vec((key, prop::option::of(any::<String>())), 0..12)
}

proptest! {
    #[test]
    fn both_encodings_are_read_back(pairs in any_pairs()) {
        for encode in [python, node] {
            let text: Vec<_> = pairs
                .iter()
                .map(|(key, value)| match value {
                    Some(value) => format!("{}={}", encode(key), encode(value)),
                    None => encode(key),
                })
                .collect();
            let bag = Bag::read(&text.join("&")).expect("it can be read");
            // A key without name and value is not a property.
            let is_last = |index: usize, key: &str| pairs.iter().skip(index + 1).all(|(later, value)| {
                fold(later) != fold(key) || (later.is_empty() && value.is_none())
            });
            let expected: OwnedProperties = pairs
                .iter()
                .enumerate()
                .filter(|(index, (key, value))| {
                    is_last(*index, key) && !is_reserved(key) && !(key.is_empty() && value.is_none())
                })
                .map(|(_, pair)| pair.clone())
                .collect();
            prop_assert_eq!(bag.properties, expected);
        }
    }

    #[test]
    fn what_is_written_is_read_back(pairs in any_pairs(), output in prop::option::of("[a-z%/ ]{0,3}[a-z]")) {
        let mut text: Vec<_> = pairs
            .iter()
            .map(|(key, value)| format!("{}={}", python(key), python(value.as_deref().unwrap_or_default())))
            .collect();
        text.extend(output.map(|output| format!("%24.on={}", python(&output))));
        let sent = Bag::read(&text.join("&")).expect("it can be read");
        let client = ClientId::module("edge-1", "sensor");
        let message = telemetry(&client, sent.clone(), Vec::new(), Timestamp(0)).expect("it is small");

        let again = Bag::read(&write_telemetry(&message)).expect("it can be read");
        prop_assert_eq!(&again, &Bag { stripped: 0, ..sent.clone() });

        let delivered = Bag::read(&write_delivery(&message)).expect("it can be read");
        prop_assert_eq!(&delivered, &Bag { output: None, stripped: 2, ..again });
    }

    #[test]
    fn reading_never_panics(text in any::<String>()) {
        let _ = Bag::read(&text);
    }
}
