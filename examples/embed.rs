//! A miniature hub: reads routes from a deployment manifest, takes messages, and delivers them.
//!
//! `cargo run --example embed`
#![expect(clippy::print_stdout, reason = "it shows what it finds")]

use std::collections::HashMap;
use std::error::Error;

use edgeroute::{Manifest, Message, Origin, RouteTable};

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = Manifest::from_json(include_str!("deployment.json"))?;
    let table = RouteTable::builder().manifest(&manifest).build()?;

    // Create one for each worker thread. Matching itself allocates nothing.
    let mut scratch = table.create_scratch();

    // The properties can be in any form that the hub uses: a map, pairs, or a type of its own.
    let properties = HashMap::from([("temperature".to_owned(), "93.1".to_owned())]);
    let system_properties = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
    // The sender of the message, as the hub has authenticated it. No property of the message can change it.
    let origin = Origin::module("edge-1", "filter").output("readings");
    let message = Message::new(origin)
        .properties(&properties)
        .system_properties(&system_properties)
        .body(br#"{"machine": {"temperature": 93.1, "pressure": 1.02}}"#);

    for delivery in table.route_with(&mut scratch, &message) {
        println!("{} to {}, priority {}", delivery.route(), delivery.endpoint(), delivery.priority());
    }
    Ok(())
}
