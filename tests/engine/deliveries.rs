//! Deliveries, as a hub keeps them.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use edgeroute::manifest::Retention;
use edgeroute::{
    Changes, Delivery, DynProperties, EndpointId, Key, Manifest, Message, Origin, Priority, Route, RouteId, RouteSet,
    RouteTable, TimeToLive,
};

const CLOUD: &str = "FROM /messages/* INTO $upstream";
const LOG: &str = "FROM /messages/modules/* INTO BrokeredEndpoint('/modules/log/inputs/in')";

fn table() -> RouteTable {
    RouteTable::builder().route("cloud", CLOUD).route("log", LOG).build().unwrap()
}

fn input(name: &str) -> String {
    format!("FROM /messages/* INTO BrokeredEndpoint('/modules/m/inputs/{name}')")
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

#[test]
fn ids_of_a_table_are_positions() {
    let builder =
        RouteTable::builder().route("bad", "FROM nowhere").route("a", CLOUD).route("b", LOG).route("c", CLOUD);
    let table = builder.fallback(Route::new("rest", input("rest"))).build_partial().unwrap().table;
    let name_of = |index: usize| {
        let found = table.route(&Message::new(Origin::module("d", "m")));
        let found = found.into_iter().find(|delivery| delivery.route_id().index() == index);
        found.map(|delivery| (delivery.route(), delivery.endpoint_id().index(), delivery.input_name()))
    };
    assert_eq!([1, 2].map(name_of), [Some(("a", 0, None)), Some(("b", 1, Some("in")))]);
    assert_eq!((table.route_bound(), table.endpoint_bound()), (5, 3));
    let endpoints: Vec<(usize, String)> =
        table.endpoints().map(|(id, endpoint)| (id.index(), endpoint.to_string())).collect();
    let expected = [(0, "$upstream"), (1, "/modules/log/inputs/in"), (2, "/modules/m/inputs/rest")];
    assert_eq!(endpoints, expected.map(|(id, endpoint)| (id, endpoint.to_owned())));
}

#[test]
fn the_fallback_has_an_id() {
    let builder = RouteTable::builder().route("a", "FROM /messages/* WHERE x = '1' INTO $upstream");
    let mut set = RouteSet::new(builder.fallback(Route::new("rest", input("rest")))).unwrap();
    let id = |table: &RouteTable| {
        let found = table.route(&Message::new(Origin::device("d")));
        assert_eq!(found[0].route(), "rest");
        assert_eq!(table.route_name(found[0].route_id()), Some("rest"));
        assert_eq!(table.endpoint(found[0].endpoint_id()).unwrap().to_string(), found[0].endpoint().to_string());
        found[0].route_id()
    };
    let before = id(set.table());
    let table =
        set.apply(Changes::new().fallback(("rest", CLOUD)).add(("b", "FROM /messages/x INTO $upstream"))).unwrap();
    assert_eq!(id(&table), before);
}

/// A queue for each endpoint and a counter for each route stay valid over any number of changes, and their numbers do
/// not grow with the number of changes.
#[test]
fn ids_are_stable_and_stay_small_over_changes() {
    let mut set = RouteSet::new(RouteTable::builder().route("stays", input("stays"))).unwrap();
    let stays = set.route_id("stays").unwrap();
    let (mut routes, mut endpoints): (BTreeMap<RouteId, String>, BTreeMap<EndpointId, String>) = Default::default();
    for round in 0..500_u32 {
        let mut changes = Changes::new();
        for number in 0..10 {
            changes = changes.set((format!("r{number}"), input(&format!("{}", round + number))));
        }
        // A route of another name every time.
        changes = changes.add((format!("new {round}"), input("new")));
        if let Some(before) = round.checked_sub(1) {
            changes = changes.remove(format!("new {before}"));
        }
        let table = set.apply(changes).unwrap();
        assert_eq!(set.route_id("stays"), Some(stays));
        let deliveries = table.route(&Message::new(Origin::device("d")));
        assert_eq!(deliveries.len(), 12);
        let before = (core::mem::take(&mut routes), core::mem::take(&mut endpoints));
        for delivery in &deliveries {
            let (route, endpoint) = (delivery.route().to_owned(), delivery.endpoint().to_string());
            let kept = before.1.iter().find(|(_, before)| **before == endpoint);
            assert!(kept.is_none_or(|(id, _)| *id == delivery.endpoint_id()), "{endpoint} in round {round}");
            assert!(routes.insert(delivery.route_id(), route).is_none(), "two routes of one id");
            assert!(endpoints.insert(delivery.endpoint_id(), endpoint).is_none(), "two endpoints of one id");
        }
        for (id, route) in routes.iter().filter(|(_, route)| !route.starts_with("new")) {
            assert!(round == 0 || before.0.get(id) == Some(route), "{route} in round {round}");
        }
    }
    assert!(set.table().route_bound() <= 14, "{}", set.table().route_bound());
    assert!(set.table().endpoint_bound() <= 100, "{}", set.table().endpoint_bound());
}

/// The worst case: every change replaces all routes and the fallback by others.
#[test]
fn ids_stay_below_twice_the_number_of_routes() {
    let mut set = RouteSet::new(RouteTable::builder()).unwrap();
    for round in 0..50 {
        let routes = (0..3).map(|number| (format!("r{number} of {round}"), CLOUD));
        let changes = Changes::new().replace_all(routes);
        let changes = if round % 2 == 0 { changes.fallback(("rest", CLOUD)) } else { changes };
        let table = set.apply(changes).unwrap();
        assert!(table.route_bound() <= 8, "{}", table.route_bound());
    }
}

#[test]
fn retention_is_that_of_the_route_or_else_that_of_the_hub() {
    let manifest = |seconds: i32| {
        let json = format!(
            r#"{{"schemaVersion": "1.2", "routes": {{
                "hub": "{CLOUD}", "own": {{"route": "{LOG}", "timeToLiveSecs": 60}}
            }}, "storeAndForwardConfiguration": {{"timeToLiveSecs": {seconds}}}}}"#
        );
        Manifest::from_json(&json).unwrap()
    };
    let retention = |table: &RouteTable| -> Vec<Retention> {
        table.route(&Message::new(Origin::module("d", "m"))).iter().map(Delivery::retention).collect()
    };
    let own = Retention::For(Duration::from_secs(60));
    let builder = RouteTable::builder().manifest(&manifest(7200));
    assert_eq!(retention(&builder.clone().build().unwrap()), [Retention::For(Duration::from_secs(7200)), own]);
    let mut set = RouteSet::new(builder).unwrap();
    // Nothing else changes.
    let table = set.apply(Changes::new().manifest(&manifest(-1))).unwrap();
    assert_eq!((retention(&table), table.retention()), (vec![Retention::Forever, own], Retention::Forever));
    let table = set.apply(Changes::new().retention(Retention::For(Duration::ZERO)).remove("own")).unwrap();
    assert_eq!(retention(&table), [Retention::For(Duration::ZERO)]);
    let without = RouteTable::builder().add(Route::new("a", CLOUD).with_time_to_live(TimeToLive::HUB_DEFAULT));
    assert_eq!(retention(&without.build().unwrap()), [Retention::Forever]);
}

/// The two manifests of a hub author: what one twin update after the other must give.
#[test]
fn a_whole_manifest_replaces_routes_order_and_fallback() {
    let manifest = |routes: &str| {
        let json =
            format!(r#"{{"schemaVersion": "1.1", "routes": {{{routes}}}, "storeAndForwardConfiguration": {{}}}}"#);
        Manifest::from_json(&json).unwrap()
    };
    let conditional = "FROM /messages/* WHERE x = '2' INTO $upstream";
    let first = manifest(&format!(r#""a": "{CLOUD}", "b": "{CLOUD}""#));
    let second = manifest(&format!(r#""c": "{CLOUD}", "b": "{conditional}""#));
    let mut set = RouteSet::new(RouteTable::builder().manifest(&first).fallback(("rest", CLOUD))).unwrap();
    let b = set.route_id("b").unwrap();
    let table = set.apply(Changes::new().manifest(&second)).unwrap();
    let winner = |table: &RouteTable| {
        let properties = [("x", "2")];
        table.route(&Message::new(Origin::device("d")).properties(&properties))[0].route().to_owned()
    };
    assert_eq!(winner(&table), winner(&RouteTable::builder().manifest(&second).build().unwrap()));
    assert_eq!(set.names().collect::<Vec<_>>(), ["c", "b"]);
    assert_eq!((set.route_id("b"), set.fallback()), (Some(b), None));
    // Problems count the routes of the manifest.
    let bad = [("b", CLOUD), ("bad", "FROM /* INTO $upsteam"), ("b", CLOUD)];
    let error = set.apply(Changes::new().replace_all(bad)).unwrap_err();
    let found: Vec<_> = error.problems().iter().map(|problem| (problem.index(), problem.route())).collect();
    assert_eq!(found, [(1, "bad"), (2, "b")]);
    assert_eq!(set.names().collect::<Vec<_>>(), ["c", "b"]);
}

/// Only what is new, changed or moved is compiled again.
#[test]
fn replacing_everything_compiles_only_what_changes() {
    let routes: Vec<Route> =
        (0..400).map(|number| Route::new(format!("r{number}"), input(&number.to_string()))).collect();
    let mut set = RouteSet::new(RouteTable::builder().routes(&routes)).unwrap();
    let before = set.table().memory_usage();
    let mut changed = routes.clone();
    changed.swap(10, 300);
    changed[50] = changed[50].clone().with_priority(Priority::HIGHEST);
    let table = set.apply(Changes::new().replace_all(&changed)).unwrap();
    // Two routes were moved and one was replaced: they are in a small segment of their own.
    assert_eq!(table.stats().segments, 2);
    assert!(table.memory_usage() < before * 11 / 10, "{} bytes, then {}", before, table.memory_usage());
    assert!(set.routes().eq(&changed));
    let same = set.apply(Changes::new().replace_all(&changed)).unwrap();
    assert!(same.create_scratch().belongs_to(&table), "nothing has changed");
}

#[test]
fn debug_output_is_one_line_whatever_the_number_of_routes() {
    let routes = (0..50).map(|number| (format!("r{number}"), input(&number.to_string())));
    let set = RouteSet::new(RouteTable::builder().routes(routes)).unwrap();
    for shown in [format!("{:?}", set.table()), format!("{set:?}"), format!("{:?}", set.table().listing())] {
        assert!(shown.len() < 200 && !shown.contains('\n'), "{shown}");
        assert!(shown.contains("routes: 50"), "{shown}");
    }
    assert_eq!(set.table().listing().to_string().lines().count(), 52);
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
    let table = builder.build().unwrap();
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
