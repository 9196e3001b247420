//! Deliveries, as a hub keeps them.

use edgeroute::{Delivery, Message, Origin, RouteTable};

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
