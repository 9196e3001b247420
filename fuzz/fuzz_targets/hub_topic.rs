//! Checks that any topic and any property bag can be read without a panic, and that what the hub writes for a message
//! is read back as the same properties.
#![no_main]

use edgeroute::OwnedProperties;
use edgeroute_hub::clock::Timestamp;
use edgeroute_hub::identity::ClientId;
use edgeroute_hub::wire::{Bag, Inbound, TopicError, events_topic, input_topic, parse_publish, telemetry};
use libfuzzer_sys::fuzz_target;

const INTERFACE: &str = "iothub-interface-id";

fuzz_target!(|text: &str| {
    for client in [ClientId::module("edge-1", "sensor"), ClientId::device("leaf-1")] {
        let events = match client.module_id() {
            Some(module) => format!("devices/{}/modules/{module}/messages/events/", client.device_id()),
            None => format!("devices/{}/messages/events/", client.device_id()),
        };
        for topic in [text, &format!("{events}{text}")] {
            match parse_publish(topic, &client) {
                Ok(Inbound::Telemetry(bag)) => assert_round_trip(&client, bag),
                Ok(Inbound::TwinGet { rid } | Inbound::TwinReport { rid } | Inbound::MethodResponse { rid, .. }) => {
                    assert!(!rid.is_empty() && rid.len() <= 128 && topic.contains(rid));
                }
                Err(error) => assert_short(&error),
            }
        }
    }
});

fn assert_round_trip(client: &ClientId, bag: Bag) {
    let message = match telemetry(client, bag.clone(), Vec::new(), Timestamp(0)) {
        Ok(message) => message,
        Err(error) => return assert_short(&error),
    };
    let values = |properties: &OwnedProperties| {
        let all = properties.iter().map(|(name, value)| (name.to_owned(), value.unwrap_or_default().to_owned()));
        all.collect::<Vec<_>>()
    };
    let read = |topic: &str, client: &ClientId| match parse_publish(topic, client) {
        Ok(Inbound::Telemetry(bag)) => bag,
        other => panic!("{topic}: {other:?}"),
    };

    let sent = read(&events_topic(&message).expect("the sender's topic is short"), client);
    assert_eq!(values(&sent.properties), values(&bag.properties));
    assert_eq!(values(&sent.system), values(&bag.system));
    assert_eq!(sent.output, bag.output.filter(|_| client.module_id().is_some()));

    // A delivery is a bag, too.
    let receiver = ClientId::module("edge-1", "filter");
    let delivered = input_topic(&receiver, "in1", &message).expect("the topic of a delivery is short");
    let delivered = delivered.replacen("/inputs/in1/", "/messages/events/", 1);
    let delivered = read(&delivered, &receiver);
    let mut system = values(&bag.system);
    system.retain(|(name, _)| name != INTERFACE);
    assert_eq!(values(&delivered.properties), values(&bag.properties));
    assert_eq!(values(&delivered.system), system);
    assert_eq!((delivered.output, delivered.stripped), (None, 1 + usize::from(client.module_id().is_some())));
}

fn assert_short(error: &TopicError) {
    // An excerpt of 100 characters, each of which may be escaped.
    assert!(error.to_string().chars().count() < 1_500);
}
