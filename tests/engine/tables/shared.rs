//! Tests routes with equal conditions, which share a program: each endpoint still gets the route that is preferred, and
//! if that route is removed, the next one.

use std::collections::BTreeMap;

use edgeroute::{Changes, Priority, Route, RouteSet, RouteTable, RouteTableBuilder};
use edgeroute_lang::limits::Budgets;
use edgeroute_lang::message::{Message, Origin};

const ENDPOINTS: usize = 41;

/// Conditions that hold for a message in which `a` is `x` and `n` is 5.
const TRUE: [&str; 5] =
    ["a = 'x'", "a = 'x' or a = 'y'", "not (a = 'z')", "as_number(n) > 4 and as_number(n) < 6", "true"];

/// The endpoint and the priority of a route are different for neighbours.
fn route(number: usize, condition: &str) -> Route {
    let text =
        format!("FROM /* WHERE {condition} INTO BrokeredEndpoint('/modules/m/inputs/i{}')", number * 7 % ENDPOINTS);
    let priority = u32::try_from(number * 5 % 13).ok().and_then(Priority::new);
    Route::new(format!("r{number}"), text).with_priority(priority.unwrap_or_default())
}

/// Every condition many times, and others that no message here satisfies.
fn routes() -> Vec<Route> {
    let others = ["a = 'other'", "as_number(n) > 6", "is_null(a)"];
    let conditions: Vec<&str> = TRUE.into_iter().chain(others).collect();
    (0..1_000).map(|number| route(number, conditions[number % conditions.len()])).collect()
}

/// The routes that take the message and are not removed, by a scan.
fn expected(routes: &[Route], removed: &[String]) -> Vec<String> {
    let mut best: BTreeMap<&str, (Priority, usize)> = BTreeMap::new();
    for (number, route) in routes.iter().enumerate() {
        let takes = TRUE.iter().any(|condition| route.text().contains(&format!("WHERE {condition} INTO")));
        if takes && !removed.iter().any(|name| name == route.name()) {
            let endpoint = route.text().rsplit(' ').next().unwrap_or_default();
            let found = (route.priority(), number);
            let winner = best.entry(endpoint).or_insert(found);
            *winner = found.min(*winner);
        }
    }
    let mut winners: Vec<usize> = best.into_values().map(|(_, number)| number).collect();
    winners.sort_unstable();
    winners.into_iter().map(|number| routes[number].name().to_owned()).collect()
}

fn winners(table: &RouteTable) -> Vec<String> {
    let properties = [("a", "x"), ("n", "5")];
    let message = Message::new(Origin::module("d", "m").output("o")).properties(&properties);
    let mut scratch = table.create_scratch();
    let first: Vec<String> = table.route_with(&mut scratch, &message).map(|it| it.route().to_owned()).collect();
    let second: Vec<String> = table.route_with(&mut scratch, &message).map(|it| it.route().to_owned()).collect();
    assert_eq!(first, second, "nothing of a message is left in the scratch");
    first
}

fn builder(budgets: Budgets, routes: &[Route]) -> RouteTableBuilder {
    routes.iter().cloned().fold(RouteTable::builder().budgets(budgets), RouteTableBuilder::add)
}

#[test]
fn every_endpoint_gets_its_preferred_route() {
    let routes = routes();
    for budgets in [Budgets::default(), Budgets::default().with_list(0), Budgets::default().with_list(5_000)] {
        let table = builder(budgets, &routes).build().expect("good routes");
        let winners = winners(&table);
        assert_eq!(winners, expected(&routes, &[]));
        assert_eq!(winners.len(), ENDPOINTS);
        // Every route is listed, whether or not it can win.
        let listing = table.listing().to_string();
        assert!(routes.iter().all(|route| listing.contains(&format!("  {} -> ", route.name()))), "{listing}");
    }
}

#[test]
fn if_the_winner_is_removed_the_next_route_wins() {
    let routes = routes();
    let mut set = RouteSet::new(builder(Budgets::default(), &routes)).expect("good routes");
    let mut removed = Vec::new();
    for _ in 0..5 {
        let winners = winners(set.table());
        assert_eq!(winners, expected(&routes, &removed));
        let changes = winners.iter().step_by(2).fold(Changes::new(), |changes, name| changes.remove(name.as_str()));
        set.apply(changes).expect("good changes");
        removed.extend(winners.into_iter().step_by(2));
    }
}
