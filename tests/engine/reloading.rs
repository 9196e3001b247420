//! Tests that a table made by changes answers like one that is built from the same routes at once.

use std::collections::BTreeMap;

use edgeroute::{Changes, Delivery, RouteProblem, RouteSet, RouteTable, RouteTableBuilder, Scratch};
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
use edgeroute_lang::limits::{Budgets, Limits};
use edgeroute_lang::message::{Message, Origin};
use edgeroute_lang::priority::Priority;
use edgeroute_lang::route::Route;
use proptest::prelude::*;
use proptest::sample::select;

/// A reference model of a route set.
#[derive(Clone, Debug, Default)]
struct Model {
    routes: Vec<Route>,
    fallback: Option<Route>,
}

#[derive(Clone, Debug)]
enum Step {
    Set(Route),
    Remove(String),
    Fallback(Route),
    RemoveFallback,
    /// Replaces everything. Keeps the routes for which the number is odd, in the order of the numbers, with new ones
    /// among them and at the end.
    ReplaceAll(Vec<u32>, Vec<Route>),
}

impl Model {
    /// Makes the change in the model, and adds it to the changes of the set.
    fn make(&mut self, step: &Step, changes: Changes) -> Changes {
        let known = |name: &str| self.routes.iter().position(|route| route.name() == name);
        match step.clone() {
            Step::Set(route) => {
                // There are two ways to express it.
                let is_even = route.text().len() % 2 == 0;
                if let Some(index) = known(route.name()) {
                    self.routes[index] = route.clone();
                    if is_even { changes.replace(route) } else { changes.set(route) }
                } else {
                    self.routes.push(route.clone());
                    if is_even { changes.add(route) } else { changes.set(route) }
                }
            }
            Step::Remove(name) => {
                let Some(index) = known(&name) else { return changes };
                self.routes.remove(index);
                changes.remove(name)
            }
            Step::Fallback(route) => {
                self.fallback = Some(route.clone());
                changes.fallback(route)
            }
            Step::RemoveFallback => {
                self.fallback = None;
                changes.remove_fallback()
            }
            Step::ReplaceAll(order, new) => {
                let mut kept: Vec<(u32, Route)> =
                    order.into_iter().cycle().zip(core::mem::take(&mut self.routes)).collect();
                kept.retain(|(number, _)| number % 2 == 1);
                kept.sort_by_key(|(number, _)| *number);
                let mut routes: Vec<Route> = kept.into_iter().map(|(_, route)| route).collect();
                for (index, route) in new.into_iter().enumerate() {
                    match routes.iter().position(|known| known.name() == route.name()) {
                        Some(known) => routes[known] = route,
                        None => routes.insert((index * 7).min(routes.len()), route),
                    }
                }
                self.routes = routes;
                self.fallback = None;
                changes.replace_all(&self.routes)
            }
        }
    }

    fn builder(&self, budgets: Budgets) -> RouteTableBuilder {
        let builder = RouteTable::builder().budgets(budgets).routes(&self.routes);
        match &self.fallback {
            Some(fallback) => builder.fallback(fallback),
            None => builder,
        }
    }

    /// The winning routes of each message by the interpreter alone, in the order of declaration.
    fn winners(&self, messages: &[(Origin<'_>, Pairs)]) -> Vec<Vec<String>> {
        let limits = Limits::default();
        let compile = |text| TypedRoute::compile(text, Shadowing::default(), &limits);
        let routes: Vec<_> =
            self.routes.iter().filter_map(|route| Some((route, compile(route.text()).ok()?))).collect();
        let fallback = self.fallback.as_ref().map(|route| (route, compile(route.text()).expect("a good fallback")));
        let winners = |(origin, pairs): &(Origin<'_>, Pairs)| {
            let facts = ResolvedMessage::lenient(&Message::new(*origin).properties(pairs), &limits);
            let takes = |route: &TypedRoute<'_>| verdict(&route.condition, &facts) == Verdict::True;
            let mut best: BTreeMap<String, (Priority, usize)> = BTreeMap::new();
            for (index, (declared, route)) in routes.iter().enumerate() {
                if route.source.matches(origin.source()) && takes(route) {
                    let found = (declared.priority(), index);
                    let best = best.entry(route.endpoint.to_string()).or_insert(found);
                    *best = (*best).min(found);
                }
            }
            let mut indices: Vec<usize> = best.into_values().map(|(_, index)| index).collect();
            indices.sort_unstable();
            let fallback = fallback.as_ref().filter(|(_, route)| {
                indices.is_empty() && format!("{}/", origin.source()).starts_with("/messages/") && takes(route)
            });
            let winners = indices.iter().map(|index| routes[*index].0).chain(fallback.map(|(declared, _)| *declared));
            winners.map(|declared| declared.name().to_owned()).collect()
        };
        messages.iter().map(winners).collect()
    }
}

type Pairs = Vec<(String, Option<String>)>;

/// All fields of the deliveries of each message.
fn deliveries<'t>(
    table: &'t RouteTable,
    scratch: &mut Scratch,
    messages: &[(Origin<'_>, Pairs)],
) -> Vec<Vec<Delivery<'t>>> {
    let all = |(origin, pairs): &(Origin<'_>, Pairs)| {
        let message = Message::new(*origin).properties(pairs);
        let found = table.route_with(scratch, &message).map(|delivery| format!("{delivery:?}")).collect::<Vec<_>>();
        let alone = table.route(&message);
        assert_eq!(found, alone.iter().map(|delivery| format!("{delivery:?}")).collect::<Vec<_>>());
        alone
    };
    messages.iter().map(all).collect()
}

fn names(deliveries: &[Vec<Delivery<'_>>]) -> Vec<Vec<String>> {
    deliveries.iter().map(|all| all.iter().map(|delivery| delivery.route().to_owned()).collect()).collect()
}

fn declared() -> impl Strategy<Value = Route> {
    let name = (0..40u32).prop_map(|number| format!("r{number}"));
    let source = select(vec![
        "/messages/*",
        "/messages/modules/m/*",
        "/messages/modules/m/outputs/o",
        "/*",
        "/twinChangeNotifications",
    ]);
    let priority = select(vec![Priority::DEFAULT, Priority::DEFAULT, Priority::HIGHEST, Priority::LOWEST]);
    (name, source, condition(), sink(), priority).prop_map(|(name, source, condition, sink, priority)| {
        Route::new(name, format!("FROM {source} {condition} INTO {sink}")).with_priority(priority)
    })
}

fn sink() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just("$upstream".to_owned()),
        4 => (0..6u32).prop_map(|number| format!("BrokeredEndpoint('/modules/m/inputs/i{number}')")),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    let test = || {
        prop_oneof![
            3 => (select(vec!["a", "b", "c"]), select(vec!["x", "y", "z"])).prop_map(|(name, value)| format!("{name} = '{value}'")),
            1 => (select(vec!["a", "b"]), 0..5u32).prop_map(|(name, bound)| format!("as_number({name}) > {bound}")),
            1 => select(vec!["is_defined(c)", "starts_with(a, 'x')", "not (b = 'y')", "a != 'x'"]).prop_map(str::to_owned),
        ]
    };
    prop_oneof![
        1 => Just(String::new()),
        5 => test().prop_map(|test| format!("WHERE {test}")),
        2 => (test(), test()).prop_map(|(left, right)| format!("WHERE {left} and {right}")),
        2 => (test(), test()).prop_map(|(left, right)| format!("WHERE {left} or {right}")),
        // Does not compile.
        1 => Just("WHERE a > 5".to_owned()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let fallback = (select(vec!["", "WHERE a = 'x'", "WHERE is_defined(b)"]), sink()).prop_map(|(condition, sink)| {
        Step::Fallback(Route::new("fallback", format!("FROM /messages/* {condition} INTO {sink}")))
    });
    prop_oneof![
        12 => declared().prop_map(Step::Set),
        6 => (0..40u32).prop_map(|number| Step::Remove(format!("r{number}"))),
        1 => fallback,
        1 => Just(Step::RemoveFallback),
        1 => (prop::collection::vec(any::<u32>(), 1..40), prop::collection::vec(declared(), 0..6))
            .prop_map(|(order, new)| Step::ReplaceAll(order, new)),
    ]
}

/// Messages on which the routes differ.
fn messages() -> Vec<(Origin<'static>, Pairs)> {
    let mut messages = Vec::new();
    let origins = [
        Origin::module("d", "m").output("o"),
        Origin::module("d", "n"),
        Origin::device("leaf"),
        Origin::twin_change("d"),
    ];
    let values = [None, Some("x"), Some("y"), Some("3")];
    for (index, a) in values.into_iter().enumerate() {
        for (other, b) in values.into_iter().enumerate() {
            let pairs = [("a", a), ("b", b), ("c", if index == other { Some("z") } else { None })];
            let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Some(value?.to_owned()))));
            messages.push((origins[(index * 3 + other) % origins.len()], pairs.collect()));
        }
    }
    messages
}

proptest! {
    #![proptest_config(edgeroute_testkit::proptest_config(48))]

    #[test]
    fn changed_table_equals_a_fresh_one(
        initial in prop::collection::vec(declared(), 0..30),
        updates in prop::collection::vec(prop::collection::vec(step(), 1..6), 1..30),
        whole in select(vec![0, 0, 0, 10, 24]),
    ) {
        let budgets = Budgets::default().with_whole(whole);
        let mut model = Model::default();
        for route in initial {
            if !model.routes.iter().any(|known| known.name() == route.name()) {
                model.routes.push(route);
            }
        }
        let mut set = RouteSet::new_partial(model.builder(budgets.clone())).expect("bad routes are skipped");
        let mut scratch = set.table().create_scratch();
        let messages = messages();
        for update in &updates {
            let before = (set.table().clone(), model.clone());
            let changes = update.iter().fold(Changes::new(), |changes, step| model.make(step, changes));
            let table = set.apply_partial(changes).expect("bad routes are skipped").table;
            table.adapt_scratch(&mut scratch);
            let fresh = model.builder(budgets.clone()).build_partial().expect("bad routes are skipped");
            let mut fresh_scratch = fresh.table.create_scratch();
            let found = deliveries(&table, &mut scratch, &messages);
            prop_assert_eq!(&found, &deliveries(&fresh.table, &mut fresh_scratch, &messages), "{}", table.listing());
            prop_assert_eq!(names(&found), model.winners(&messages));
            prop_assert_eq!(table.len(), fresh.table.len());
            let named = |table: &RouteTable| table.endpoints().map(|(_, endpoint)| endpoint.clone()).collect::<Vec<_>>();
            prop_assert_eq!(named(&table), named(&fresh.table));
            prop_assert!(set.fallback() == model.fallback.as_ref());
            prop_assert!(set.names().eq(model.routes.iter().map(Route::name)));
            let skipped = |problem: &RouteProblem| (problem.route().to_owned(), problem.diagnostic().clone());
            let fresh_skipped: Vec<_> = fresh.skipped.iter().map(skipped).collect();
            prop_assert_eq!(set.skipped().map(skipped).collect::<Vec<_>>(), fresh_skipped);
            // The previous table must still give its own answers.
            let (table, model) = before;
            table.adapt_scratch(&mut scratch);
            let found = names(&deliveries(&table, &mut scratch, &messages));
            prop_assert_eq!(found, model.winners(&messages), "before the change");
        }
    }
}
