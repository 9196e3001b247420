//! Checks that printed text parses to the tree it was printed from, and canonical text to one with the same meaning.

use edgeroute_lang::hir::{CheckOptions, TwinFunctions, check};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::syntax::ast::{Condition, ExprKind, Route};
use edgeroute_lang::syntax::{
    canonical_condition, canonical_route, parse_condition, parse_route, print_condition, print_route,
};
use proptest::prelude::*;
use serde_json::Value;

use edgeroute_testkit::strategies::texts;

/// The meaning of a condition: its typed form, or the codes of its errors.
fn meaning(condition: &Condition<'_>) -> String {
    let options = CheckOptions { twin_functions: TwinFunctions::Known, ..CheckOptions::default() };
    match check(condition, &options) {
        Ok(typed) => format!("{typed:?}"),
        Err(errors) => format!("{:?}", errors.iter().map(|error| error.code).collect::<Vec<_>>()),
    }
}

fn assert_condition_round_trips(text: &str) {
    let limits = Limits::default();
    let parsed = parse_condition(text, &limits);
    if !parsed.errors.is_empty() {
        return;
    }
    let printed = print_condition(&parsed.tree);
    let again = parse_condition(&printed, &limits);
    assert_eq!(again.errors, [], "{text:?} printed as {printed:?}");
    assert!(again.tree.eq_ignoring_spans(&parsed.tree), "{text:?} printed as {printed:?}");
    assert_eq!(print_condition(&again.tree), printed);

    let canonical = canonical_condition(&parsed.tree);
    let again = parse_condition(&canonical, &limits);
    assert_eq!(again.errors, [], "{text:?} is canonically {canonical:?}");
    assert_eq!(meaning(&again.tree), meaning(&parsed.tree), "{text:?} is canonically {canonical:?}");
    assert_eq!(canonical_condition(&again.tree), canonical);
}

fn assert_route_round_trips(text: &str) {
    let limits = Limits::default();
    let parsed = parse_route(text, &limits);
    if !parsed.errors.is_empty() {
        return;
    }
    let printed = print_route(&parsed.tree);
    let again = parse_route(&printed, &limits);
    assert_eq!(again.errors, [], "{text:?} printed as {printed:?}");
    assert!(again.tree.eq_ignoring_spans(&parsed.tree), "{text:?} printed as {printed:?}");
    assert_eq!(print_route(&again.tree), printed);

    let canonical = canonical_route(&parsed.tree);
    let again = parse_route(&canonical, &limits);
    assert_eq!(again.errors, [], "{text:?} is canonically {canonical:?}");
    assert_eq!(parts(&again.tree), parts(&parsed.tree), "{text:?} is canonically {canonical:?}");
    assert_eq!(canonical_route(&again.tree), canonical);
}

/// The source path, the meaning of the condition, and the sink as text.
fn parts<'r>(route: &'r Route<'_>) -> (Option<&'r str>, Option<String>, String) {
    let path = route.source.as_ref().map(|source| source.path.as_str());
    let without_condition = Route { select: None, condition: None, trailing: None, source: None, ..route.clone() };
    (path, route.condition.as_ref().map(meaning), canonical_route(&without_condition))
}

proptest! {
    #![proptest_config(edgeroute_testkit::proptest_config(400))]

    #[test]
    fn conditions_round_trip(text in prop_oneof![texts::condition(), texts::typed_condition(), texts::anything()]) {
        assert_condition_round_trips(&text);
    }

    #[test]
    fn routes_round_trip(text in prop_oneof![texts::route(), texts::anything()]) {
        assert_route_round_trips(&text);
    }

    /// A tree with errors prints to text that is rejected, never to another condition.
    #[test]
    fn what_has_a_missing_operand_is_printed_to_be_refused(text in texts::anything()) {
        let limits = Limits::default();
        let parsed = parse_condition(&text, &limits);
        if parsed.tree.expressions().any(|(_, expression)| matches!(expression.kind, ExprKind::Missing)) {
            for printed in [print_condition(&parsed.tree), canonical_condition(&parsed.tree)] {
                prop_assert!(!parse_condition(&printed, &limits).errors.is_empty(), "{} printed as {}", text, printed);
            }
        }
    }
}

#[test]
fn the_vectors_round_trip() {
    let mut texts = 0;
    for file in ["conditions.jsonl", "targeted.jsonl", "routes.jsonl"] {
        let path = format!("{}/tests/conformance/{file}", edgeroute_testkit::repository().display());
        for line in std::fs::read_to_string(path).expect("the vectors").lines() {
            let row: Value = serde_json::from_str(line).expect("a row of JSON");
            row["condition"].as_str().into_iter().for_each(assert_condition_round_trips);
            row["route"].as_str().into_iter().for_each(assert_route_round_trips);
            texts += 1;
        }
    }
    assert!(texts > 8_000);
}
