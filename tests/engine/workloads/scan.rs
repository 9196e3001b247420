//! Tests the linear scan: the rules that the workloads do not exercise, and that it does not allocate.

use super::{messages, small_workloads};
use edgeroute_testkit::harness::Winners;
use edgeroute_testkit::linear_scan::LinearScan;
use edgeroute_testkit::workloads::condition::{Condition, Key, Test};
use edgeroute_testkit::workloads::route::{Endpoint, Source};
use edgeroute_testkit::workloads::{Outcome, WorkMessage, WorkRoute};

fn route(condition: Condition, priority: Option<u32>) -> WorkRoute {
    let (name, source, condition) = (String::new(), Source::Module("Camera".to_owned()), Some(condition));
    WorkRoute { name, source, condition, endpoint: Endpoint::Upstream, priority }
}

fn message(properties: &[(&str, &str)]) -> WorkMessage {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    WorkMessage {
        device: "device".to_owned(),
        module: "camera".to_owned(),
        output: "o".to_owned(),
        properties: properties.iter().map(owned).collect(),
        system_properties: vec![owned(&("contentType", "text/plain"))],
        body: Vec::new(),
    }
}

#[track_caller]
fn assert_delivers(routes: &[WorkRoute], properties: &[(&str, &str)], expected: &[usize]) {
    let scan = LinearScan::new(routes);
    assert_eq!(scan.matches(&mut scan.create_scratch(), &message(properties)), expected);
}

#[test]
fn undefined_tests_neither_hold_nor_fail() {
    let not_hot = Condition::Not(Box::new(Condition::test("temp", Test::Above(80))));
    assert_delivers(&[route(not_hot.clone(), None)], &[("temp", "70")], &[0]);
    assert_delivers(&[route(not_hot.clone(), None)], &[("temp", "hot")], &[]);
    assert_delivers(&[route(not_hot, None)], &[], &[]);
    assert_delivers(&[route(Condition::differs("a", "x"), None)], &[], &[]);
}

#[test]
fn names_compare_ignoring_case_and_values_do_not() {
    let level = route(Condition::equals("level", "high"), None);
    assert_delivers(std::slice::from_ref(&level), &[("LEVEL", "high")], &[0]);
    assert_delivers(&[level], &[("level", "HIGH")], &[]);
}

#[test]
fn application_property_shadows_the_system_property_of_its_name() {
    let content_type = Condition::Test(Key::system("contentType"), Test::Equals("text/plain".to_owned()));
    assert_delivers(&[route(content_type.clone(), None)], &[], &[0]);
    assert_delivers(&[route(content_type, None)], &[("$ContentType", "other")], &[]);
}

#[test]
fn lowest_priority_wins_an_endpoint_and_the_first_declared_of_equals() {
    let with = |priority| route(Condition::equals("a", "x"), priority);
    assert_delivers(&[with(None), with(Some(5)), with(Some(2)), with(Some(2))], &[("a", "x")], &[2]);
    assert_delivers(&[with(None), with(None)], &[("a", "x")], &[0]);
}

/// Other engines may report matching routes in an order other than that of declaration.
#[test]
fn winners_do_not_depend_on_the_order_in_which_routes_match() {
    let routes = [None, Some(5), Some(2), Some(2)].map(|priority| route(Condition::equals("a", "x"), priority));
    let mut winners = Winners::new(&routes);
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        winners.clear();
        for route in order {
            winners.add(route);
        }
        assert_eq!(winners.get(), [2]);
    }
}

#[test]
fn matching_does_not_allocate() {
    for workload in small_workloads() {
        let messages = messages(&workload, Outcome::Mixed, 20);
        let scan = LinearScan::new(&workload.routes);
        let mut scratch = scan.create_scratch();
        let heap = allocation_counter::measure(|| {
            for message in &messages {
                std::hint::black_box(scan.matches(&mut scratch, message));
            }
        });
        assert_eq!(heap.count_total, 0, "{:?}", workload.kind);
    }
}
