//! Checks on all messages what lints report about conditions.
//!
//! Conditions and messages use so few names and constants that most pairs of conditions are related, and all messages
//! can be tried.

use edgeroute::{Delivery, RouteTable};
use edgeroute_analysis::lint::{Fixes, Level, Levels, Linter, Place, fix_manifest};
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::Manifest;
use edgeroute_lang::message::{Message, Origin};
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::route::Route;
use proptest::prelude::*;

const SOURCES: [&str; 6] = [
    "/*",
    "/messages/*",
    "/messages/modules/*",
    "/messages/modules/m/*",
    "/messages/modules/M/outputs/*",
    "/messages/modules/m/outputs/o",
];

const TESTS: [&str; 46] = [
    "a = 'x'",
    "a != 'x'",
    "a = 'xy'",
    "a < 'x'",
    "a <= 'x'",
    "a > 'x'",
    "a >= 'xy'",
    "a = '5'",
    "a = ' 5.0'",
    "starts_with(a, 'x')",
    "starts_with(a, 'xy')",
    "ends_with(a, 'y')",
    "contains(a, 'y')",
    "contains(a, '')",
    "as_number(a) = 5",
    "as_number(a) != 5",
    "as_number(a) > 5",
    "as_number(a) < 6",
    "as_number(a) >= 6",
    "is_defined(a)",
    "is_null(a)",
    "is_string(a)",
    "length(a) = 1",
    "upper(a) = 'X'",
    "b = 'x'",
    "a = b",
    "$body.n = 5",
    "$body.n != 5",
    "$body.n < 5",
    "$body.n >= 6",
    "$body.n = '5'",
    "$body.n > 'x'",
    "$body.n = true",
    "$body.n < true",
    "$body.n > false",
    "$body.n = null",
    "as_number($body.n) = 5",
    "as_number($body.n) < 6",
    "is_defined($body.n)",
    "$body.n + 1 = 6",
    "($body.n ?? 'x') = 'x'",
    "$connectionModuleId = 'm'",
    "$connectionModuleId = 'n'",
    "starts_with($connectionModuleId, 'M')",
    "is_defined($connectionModuleId)",
    "$outputName = 'o'",
];

fn condition() -> impl Strategy<Value = String> {
    let test = prop::sample::select(TESTS.as_slice()).prop_map(str::to_owned);
    test.prop_recursive(3, 8, 3, |inner| {
        let joined = |by: &'static str| {
            prop::collection::vec(inner.clone(), 2..4).prop_map(move |parts| format!("({})", parts.join(by)))
        };
        prop_oneof![3 => joined(" and "), 2 => joined(" or "), 1 => inner.clone().prop_map(|one| format!("(not ({one}))"))]
    })
}

fn route() -> impl Strategy<Value = Route> {
    let source = prop::sample::select(SOURCES.as_slice());
    let condition =
        prop_oneof![1 => Just(String::new()), 9 => condition().prop_map(|condition| format!(" WHERE {condition}"))];
    let sink = prop::sample::select(vec!["$upstream", "$upstream", "BrokeredEndpoint('/modules/b/inputs/i')"]);
    let terms = prop::sample::select(vec![(0, 0), (0, 60), (5, 0), (5, 60)]);
    (source, condition, sink, terms).prop_map(|(source, condition, sink, (priority, seconds))| {
        Route::new("r", format!("FROM {source}{condition} INTO {sink}"))
            .with_priority(Priority::new(priority).unwrap())
            .with_time_to_live(TimeToLive::from_secs(seconds))
    })
}

/// All messages.
fn for_each_message(mut visit: impl FnMut(&Message<'_, Vec<(&str, Option<&str>)>, [(&str, &str); 2]>)) {
    let origins = [
        Origin::device("d"),
        Origin::module("d", "m"),
        Origin::module("d", "M").output("o"),
        Origin::module("d", "m").output("p"),
        Origin::module("d", "n").output("O"),
    ];
    let values = ["", "w", "x", "xy", "xz", "y", "5", " 5.0", "6.5"].map(Some);
    let values: Vec<Option<Option<&str>>> = [None, Some(None)].into_iter().chain(values.map(Some)).collect();
    let bodies = ["{}", "null", "true", "false", "5", "5.5", "7", "\"5\"", "\"7\"", "\"y\"", "[]"]
        .map(|value| if value == "{}" { value.to_owned() } else { format!("{{\"n\": {value}}}") });
    let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
    for origin in origins {
        for &a in &values {
            for b in [None, Some(Some("x"))] {
                let properties: Vec<(&str, Option<&str>)> =
                    [("a", a), ("b", b)].into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
                for body in bodies.iter().map(String::as_str).chain(["no JSON"]) {
                    let message = Message::new(origin).properties(&properties).system_properties(&system);
                    visit(&message.body(body.as_bytes()));
                }
            }
        }
    }
}

fn linter() -> Linter {
    Linter::with_levels(Levels::default().with("all".parse().unwrap(), Level::Warn))
}

/// The indices of the routes with findings, by lint.
fn found(routes: &[Route]) -> Vec<(&'static str, usize)> {
    let report = linter().lint_routes(routes);
    let place = |place| match place {
        Place::Route(index) => index,
        Place::Manifest => panic!("there is no manifest"),
    };
    report.findings().iter().map(|finding| (finding.lint().name(), place(finding.place()))).collect()
}

fn table(routes: &[Route], without: Option<usize>) -> RouteTable {
    let kept = routes.iter().enumerate().filter(|(index, _)| Some(*index) != without);
    RouteTable::builder().routes(kept.map(|(_, route)| route)).build().unwrap()
}

/// The deliveries of a message without the names of their routes, sorted.
#[expect(single_use_lifetimes, reason = "`impl Trait` in arguments takes no anonymous lifetimes yet")]
fn shown<'d>(deliveries: impl IntoIterator<Item = Delivery<'d>>) -> Vec<String> {
    let mut shown: Vec<String> = deliveries
        .into_iter()
        .map(|delivery| format!("{} {} {}", delivery.endpoint(), delivery.priority(), delivery.time_to_live()))
        .collect();
    shown.sort();
    shown
}

fn manifest(routes: &[Route]) -> String {
    let routes: Vec<String> = routes
        .iter()
        .enumerate()
        .map(|(index, route)| {
            let text = serde_json::Value::from(route.text()).to_string();
            let (priority, seconds) = (route.priority().get(), route.time_to_live().as_secs());
            format!(r#""{index}": {{ "route" :{text}, "priority": {priority}, "timeToLiveSecs": {seconds}}}"#)
        })
        .collect();
    format!(
        "{{\"schemaVersion\": \"1.1\",\n \"routes\": {{ {} }},\n\t\"storeAndForwardConfiguration\": {{\"x\": [1.50]}}}}\n",
        routes.join(",\n  ")
    )
}

proptest! {
    #![proptest_config(edgeroute_testkit::proptest_config(12))]

    #[test]
    fn a_route_called_dead_never_matches_and_one_called_always_true_always_does(routes in prop::collection::vec(route(), 1..4)) {
        let found = found(&routes);
        let limits = Limits::default();
        let compiled: Vec<TypedRoute<'_>> =
            routes.iter().map(|route| TypedRoute::compile(route.text(), Shadowing::default(), &limits).unwrap()).collect();
        let mut wrong = None;
        for_each_message(|message| {
            let facts = ResolvedMessage::new(message, &limits).unwrap();
            for (index, route) in compiled.iter().enumerate() {
                let said = |name| found.contains(&(name, index));
                let is_true = verdict(&route.condition, &facts) == Verdict::True;
                let is_taken = route.source.matches(message.origin().source());
                if (is_true && said("never-true"))
                    || (is_taken && is_true && said("contradicts-source"))
                    || (is_taken && !is_true && said("always-true"))
                {
                    wrong = Some(format!("route {index} of {routes:#?} and {message:?}"));
                }
            }
        });
        prop_assert_eq!(wrong, None);
    }

    #[test]
    fn a_superfluous_route_changes_no_delivery(routes in prop::collection::vec(route(), 2..6)) {
        let whole = table(&routes, None);
        let mut scratch = whole.create_scratch();
        for (name, index) in found(&routes) {
            if !["duplicate-route", "subsumed-route", "outranked-by-catch-all"].contains(&name) {
                continue;
            }
            let rest = table(&routes, Some(index));
            let mut scratch_of_rest = rest.create_scratch();
            let mut wrong = None;
            for_each_message(|message| {
                let all = shown(whole.route_with(&mut scratch, message));
                let others = shown(rest.route_with(&mut scratch_of_rest, message));
                if all != others {
                    wrong = Some(format!("{name} of {index}: {message:?} gives {all:?}, without it {others:?}"));
                }
            });
            prop_assert_eq!(wrong, None, "{:#?}", routes);
        }
    }

    #[test]
    fn fixes_leave_a_manifest_and_those_that_keep_the_meaning_keep_every_delivery(
        routes in prop::collection::vec((route(), prop::sample::select(vec!["", ";", " all of it"])), 1..4),
        most in prop::sample::select(vec![Fixes::KeepMeaning, Fixes::ChangeMeaning]),
    ) {
        let routes: Vec<Route> =
            routes.into_iter().map(|(route, trailing)| { let text = format!("{}{trailing}", route.text()); route.with_text(text) }).collect();
        let text = manifest(&routes);
        let fixed = fix_manifest(&text, &linter(), most);
        let fixed_manifest = Manifest::from_json(&fixed.text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(fixed_manifest.routes().len(), routes.len());
        let again = fix_manifest(&fixed.text, &linter(), most);
        prop_assert_eq!((again.applied, &again.text), (0, &fixed.text));
        let texts: Vec<Route> =
            routes.iter().zip(fixed_manifest.routes()).map(|(route, fixed_manifest)| route.clone().with_text(fixed_manifest.text())).collect();
        // Everything outside the routes' texts is unchanged.
        prop_assert_eq!(&manifest(&texts), &fixed.text);
        prop_assert!(!fixed.text.contains("all of it"));
        if most == Fixes::KeepMeaning {
            let (before, after) = (table(&routes, None), table(&texts, None));
            let (mut scratch, mut scratch_after) = (before.create_scratch(), after.create_scratch());
            let mut wrong = None;
            for_each_message(|message| {
                let one = shown(before.route_with(&mut scratch, message));
                let two = shown(after.route_with(&mut scratch_after, message));
                if one != two {
                    wrong = Some(format!("{message:?}: {one:?}, then {two:?}"));
                }
            });
            prop_assert_eq!(wrong, None, "{}\n{}", text, fixed.text);
        }
    }
}

/// Among conditions with two tests of one property or body value, nearly all that no message satisfies must be reported
/// as never true: the proofs are useful as well as sound.
#[test]
fn what_is_dead_is_mostly_found() {
    let limits = Limits::default();
    let is_simple =
        |test: &&&str| !["length", "upper", "b", "+", "??"].iter().any(|part| test.replace("$body", "").contains(part));
    let simple: Vec<&str> = TESTS.iter().filter(is_simple).copied().collect();
    assert!(simple.len() > 30);
    let texts: Vec<String> = simple.iter().map(|test| format!("FROM /* WHERE {test} INTO $upstream")).collect();
    let compiled: Vec<TypedRoute<'_>> =
        texts.iter().map(|text| TypedRoute::compile(text, Shadowing::default(), &limits).unwrap()).collect();
    // For each test, the messages that satisfy it.
    let mut truths: Vec<Vec<bool>> = vec![Vec::new(); compiled.len()];
    for_each_message(|message| {
        let facts = ResolvedMessage::new(message, &limits).unwrap();
        for (route, truths) in compiled.iter().zip(&mut truths) {
            truths.push(verdict(&route.condition, &facts) == Verdict::True);
        }
    });
    let (mut dead, mut found_dead) = (0, 0);
    let mut missed = Vec::new();
    for (index, one) in simple.iter().enumerate() {
        for (other_index, other) in simple[..index].iter().enumerate() {
            let is_dead = !truths[index].iter().zip(&truths[other_index]).any(|(one, other)| *one && *other);
            let text = format!("FROM /* WHERE {one} and {other} INTO $upstream");
            let route = Route::new("r", text);
            let is_found = found(&[route]).contains(&("never-true", 0));
            assert!(is_dead || !is_found, "{one} and {other}");
            dead += usize::from(is_dead);
            found_dead += usize::from(is_found);
            if is_dead && !is_found {
                missed.push(format!("{one} and {other}"));
            }
        }
    }
    assert!(found_dead * 10 > dead * 9, "{found_dead} of {dead}; missed:\n{}", missed.join("\n"));
}
