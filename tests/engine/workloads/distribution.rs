//! Tests the workload generators.

use std::collections::{BTreeMap, BTreeSet};

use super::{messages, small_workloads};
use edgeroute_testkit::workloads::condition::{Condition, Key, Test};
use edgeroute_testkit::workloads::route::Source;
use edgeroute_testkit::workloads::{Kind, Outcome, WorkRoute, Workload};

/// Asserts that `part` of `whole` is `percent`, within `tolerance` percentage points.
#[track_caller]
fn assert_percent(part: usize, whole: usize, percent: usize, tolerance: usize) {
    let found = part * 100 / whole;
    assert!(found.abs_diff(percent) <= tolerance, "{found}% instead of {percent}%");
}

fn texts(routes: &[WorkRoute]) -> Vec<String> {
    routes.iter().map(ToString::to_string).collect()
}

/// The selections of the routes: their texts without INTO, with modules shortened to their names.
fn selections(routes: &[WorkRoute]) -> Vec<String> {
    let selection = |text: &String| text.split(" INTO ").next().map(|text| text.replace("/messages/modules/", ""));
    texts(routes).iter().filter_map(selection).collect()
}

/// The conjunctions of a condition.
fn disjuncts(condition: &Condition) -> Vec<&[Condition]> {
    match condition {
        Condition::Any(conditions) => conditions.iter().flat_map(disjuncts).collect(),
        Condition::All(conditions) => vec![conditions],
        other => vec![std::slice::from_ref(other)],
    }
}

#[test]
fn same_kind_and_size_give_identical_workloads() {
    for workload in small_workloads() {
        let again = Workload::generate(workload.kind, 300);
        assert_eq!(texts(&workload.routes), texts(&again.routes));
        assert_eq!(messages(&workload, Outcome::Mixed, 50), messages(&again, Outcome::Mixed, 50));
    }
}

/// A change of these texts makes new figures incomparable with earlier ones.
#[test]
fn first_routes_stay_as_they_are() {
    let first = |kind| selections(&Workload::generate(kind, 1_000).routes)[0].clone();
    assert_eq!(
        first(Kind::Equality),
        "FROM module65/* WHERE model = 'value06' and category = 'value00' and firmware = 'value10'"
    );
    assert_eq!(
        first(Kind::Mixed),
        "FROM /messages/* WHERE site = 'value35' and vendor = 'value48' and batch = 'value05'"
    );
    assert_eq!(
        first(Kind::Cover),
        "FROM /messages/* WHERE zserial = 'serial761' and class = 'value02' and area = 'value01' \
         and building = 'value03' and department = 'value03'"
    );
}

#[test]
fn typical_routes_are_those_of_the_design() {
    let routes = Workload::generate(Kind::Typical, 12).routes;
    assert_eq!(
        selections(&routes),
        [
            "FROM camera/outputs/alerts WHERE level = 'critical'",
            "FROM /messages/* WHERE level = 'critical' and site = 'plant1'",
            "FROM sensor/outputs/telemetry WHERE as_number(temp) > 80",
            "FROM sensor/* WHERE as_number(temp) > 60 and site = 'plant1'",
            "FROM sensor/outputs/telemetry",
            "FROM /messages/* WHERE msgType = 'heartbeat'",
            "FROM /messages/* WHERE starts_with(topic, 'factory/line1/')",
            "FROM /messages/* WHERE level != 'debug' and msgType = 'log'",
            "FROM opc/* WHERE devType = 'gateway' or site = 'plant2'",
            "FROM /messages/* WHERE as_number(battery) < 20 and devType = 'edge'",
            "FROM /messages/* WHERE $contentType = 'application/json' and msgType = 'telemetry' \
             and (site = 'plant1' or site = 'plant3')",
            "FROM /messages/* WHERE (level = 'critical' or level = 'error') and msgType != 'log'",
        ]
    );
    for message in messages(&Workload::generate(Kind::Typical, 12), Outcome::Mixed, 100) {
        assert_eq!((message.properties.len(), message.system_properties.len()), (6, 4));
    }
}

#[test]
fn at_least_seven_of_ten_messages_hit() {
    for workload in small_workloads() {
        let scan = super::LinearScan::new(&workload.routes);
        let mut scratch = scan.create_scratch();
        let hits = messages(&workload, Outcome::Mixed, 1_000)
            .iter()
            .filter(|message| !scan.matches(&mut scratch, message).is_empty())
            .count();
        assert!((670..=960).contains(&hits), "{:?}: {hits} of 1,000", workload.kind);
    }
}

#[test]
fn messages_of_a_set_differ() {
    for workload in small_workloads() {
        let set = messages(&workload, Outcome::Mixed, 500);
        let different: BTreeSet<_> = set.iter().map(|message| &message.system_properties).collect();
        assert_eq!(different.len(), set.len());
    }
}

#[test]
fn foreign_messages_name_nothing_that_a_route_names() {
    for workload in small_workloads() {
        let routes = texts(&workload.routes).join("\n");
        for message in messages(&workload, Outcome::Foreign, 10) {
            assert!(!routes.contains(&message.module));
            assert!(message.properties.iter().all(|(name, _)| !routes.contains(&format!("{name} "))));
        }
    }
}

#[test]
fn equality_routes_name_a_module_and_two_or_three_attributes_by_zipfs_law() {
    let workload = Workload::generate(Kind::Equality, 10_000);
    let mut terms = BTreeMap::new();
    let mut values = BTreeMap::new();
    let mut names = BTreeSet::new();
    let mut modules = BTreeSet::new();
    for route in &workload.routes {
        let Source::Module(module) = &route.source else { panic!("{route}") };
        modules.insert(module);
        let Some(Condition::All(conditions)) = &route.condition else { panic!("{route}") };
        *terms.entry(conditions.len()).or_insert(0) += 1;
        for condition in conditions {
            let Condition::Test(Key::Application(name), Test::Equals(value)) = condition else { panic!("{route}") };
            names.insert(name);
            *values.entry(value.as_str()).or_insert(0) += 1;
        }
    }
    assert_eq!(terms.keys().copied().collect::<Vec<_>>(), [2, 3]);
    assert_percent(terms[&2], workload.routes.len(), 50, 2);
    assert_eq!((names.len(), values.len()), (20, 50));
    assert!(modules.len() > 990 && modules.len() <= 1_000);
    // 1/1 and 1/10 of the 50th harmonic number, 4.499.
    let all = values.values().sum();
    assert_percent(values["value00"], all, 22, 1);
    assert_percent(values["value09"] * 10, all, 22, 2);
    assert!(messages(&workload, Outcome::Mixed, 50).iter().all(|message| message.properties.len() == 10));
}

#[test]
fn mixed_routes_have_the_shares_of_the_design() {
    let workload = Workload::generate(Kind::Mixed, 10_000);
    let count = |wanted: fn(&Source) -> bool| workload.routes.iter().filter(|route| wanted(&route.source)).count();
    let all = workload.routes.len();
    assert_percent(count(|source| matches!(source, Source::Any)), all, 30, 1);
    assert_percent(count(|source| matches!(source, Source::Module(_))), all, 30, 1);
    assert_percent(count(|source| matches!(source, Source::Output { .. })), all, 40, 1);

    let conditions: Vec<_> =
        workload.routes.iter().filter_map(|route| Some((&route.source, route.condition.as_ref()?))).collect();
    let two = conditions.iter().filter(|(_, condition)| disjuncts(condition).len() == 2).count();
    assert_percent(two, all, 25, 2);

    let of_modules = conditions.iter().filter(|(source, _)| **source != Source::Any);
    let terms: Vec<_> = of_modules.flat_map(|(_, condition)| disjuncts(condition)).flatten().collect();
    let share = |wanted: fn(&Condition) -> bool, percent, tolerance| {
        let found = terms.iter().filter(|term| wanted(term)).count();
        assert_percent(found, terms.len(), percent, tolerance);
    };
    share(|term| matches!(term, Condition::Test(_, Test::Equals(_))), 50, 2);
    share(|term| matches!(term, Condition::Differs(..)), 15, 1);
    share(|term| matches!(term, Condition::Test(_, Test::OneOf(_))), 10, 1);
    // A second short prefix in one conjunction becomes a wide range.
    share(|term| matches!(term, Condition::Test(_, Test::Within(..))), 15, 2);
    share(|term| matches!(term, Condition::Test(_, Test::StartsWith(_))), 10, 2);

    let from_any = conditions.iter().filter(|(source, _)| **source == Source::Any);
    let first: Vec<_> =
        from_any.flat_map(|(_, condition)| disjuncts(condition)).filter_map(|terms| terms.first()).collect();
    let share = |wanted: fn(&Condition) -> bool, percent| {
        assert_percent(first.iter().filter(|term| wanted(term)).count(), first.len(), percent, 2);
    };
    share(|term| matches!(term, Condition::Test(Key::Application(key), Test::Equals(_)) if key == "device"), 45);
    share(|term| matches!(term, Condition::Test(_, Test::StartsWith(path)) if path.matches('/').count() == 3), 25);
    share(|term| matches!(term, Condition::Test(_, Test::Within(low, high)) if high - low == 10), 20);
    share(|term| matches!(term, Condition::Test(Key::Application(key), Test::Equals(_)) if key != "device"), 10);
    assert!(messages(&workload, Outcome::Mixed, 50).iter().all(|message| message.properties.len() == 12));
}

#[test]
fn only_the_last_of_cover_keys_by_name_is_selective() {
    let workload = Workload::generate(Kind::Cover, 5_000);
    let mut values: BTreeMap<&Key, BTreeSet<&str>> = BTreeMap::new();
    for route in &workload.routes {
        let Some(Condition::All(conditions)) = &route.condition else { panic!("{route}") };
        assert_eq!((&route.source, conditions.len()), (&Source::Any, 5));
        for condition in conditions {
            let Condition::Test(key, Test::Equals(value)) = condition else { panic!("{route}") };
            values.entry(key).or_default().insert(value);
        }
    }
    let different: Vec<_> = values.values().map(BTreeSet::len).collect();
    assert!(matches!(*different, [4, 4, 4, 4, serials] if serials > 2_500), "{different:?}");
}
