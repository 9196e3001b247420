//! Deliveries, as a hub keeps them.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use edgeroute::{Delivery, DynProperties, Key, Message, Origin, RouteTable};

fn table() -> RouteTable {
    let builder = RouteTable::builder()
        .route("cloud", "FROM /messages/* INTO $upstream")
        .route("log", "FROM /messages/modules/* INTO BrokeredEndpoint('/modules/log/inputs/in')");
    builder.build().unwrap().into_table()
}

#[test]
fn deliveries_borrow_the_table_and_outlive_the_next_message() {
    let table = table();
    let mut kept: Vec<Delivery<'_>> = Vec::new();
    {
        let mut scratch = table.create_scratch();
        for origin in [Origin::device("leaf"), Origin::module("edge", "sensor").output("out")] {
            kept.extend(table.route_with(&mut scratch, &Message::new(origin)));
        }
    }
    let routes: Vec<&str> = kept.iter().map(Delivery::route).collect();
    assert_eq!(routes, ["cloud", "cloud", "log"]);
}

#[test]
fn a_scratch_knows_the_table_it_belongs_to() {
    let (one, other) = (table(), table());
    let mut scratch = one.create_scratch();
    assert!(scratch.belongs_to(&one) && scratch.belongs_to(&one.clone()) && !scratch.belongs_to(&other));
    other.adapt_scratch(&mut scratch);
    assert!(scratch.belongs_to(&other) && !scratch.belongs_to(&one));
}

/// The same properties in every container, also with names that were resolved beforehand.
#[test]
fn the_container_of_the_properties_does_not_matter() {
    let routes = [
        ("level", "level = '4'"),
        ("site", "site = 'north' and level != '3'"),
        ("null", "is_null(none)"),
        ("missing", "is_defined(missing)"),
    ];
    let builder = routes.iter().fold(RouteTable::builder(), |builder, (name, condition)| {
        builder.route(*name, format!("FROM /* WHERE {condition} INTO BrokeredEndpoint('/modules/{name}/inputs/i')"))
    });
    let table = builder.build().unwrap().into_table();
    let pairs = [("level", Some("4")), ("site", Some("north")), ("none", None)];
    let keys: [(Key, Option<&str>); 3] = pairs.map(|(name, value)| (table.key(name), value));
    let (first, rest) = keys.split_at(1);
    let containers: [&dyn DynProperties; 12] = [
        &pairs,
        &pairs.to_vec(),
        &BTreeMap::from(pairs),
        &HashMap::from(pairs),
        &keys,
        &&keys[..],
        &Some(keys.clone()),
        &Box::new(keys.clone()),
        &Rc::new(keys.clone()),
        &Arc::new(keys.clone()),
        &(first, Some(rest)),
        &(Box::new(pairs[2..].to_vec()) as Box<dyn DynProperties>, (None::<[(Key, &str); 1]>, &keys[..2])),
    ];
    for (number, properties) in containers.into_iter().enumerate() {
        let deliveries = table.route(&Message::new(Origin::device("leaf")).properties(properties));
        let names: Vec<&str> = deliveries.iter().map(Delivery::route).collect();
        assert_eq!(names, ["level", "site", "null"], "container {number}");
    }
}
