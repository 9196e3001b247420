//! Checks comparisons of random sets of routes with the interpreter.

use std::cell::RefCell;
use std::time::Instant;

use edgeroute_analysis::diff::{Comparer, Declared, Summary};
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::priority::Priority;
use edgeroute_lang::route::Route;
use edgeroute_testkit::cases::{Case, Diffed};
use edgeroute_testkit::proptest_config;
use edgeroute_testkit::workloads::{Kind, WorkRoute, Workload};
use proptest::prelude::*;

proptest! {
    #![proptest_config(proptest_config(1))]

    #[test]
    fn a_comparison_agrees_with_the_interpreter(seed in any::<[u8; 32]>()) {
        let total = RefCell::new(Diffed::default());
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(
            proptest_config(400),
            proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed),
        );
        let inputs = (prop::collection::vec(any::<u8>(), 0..600), prop::collection::vec(any::<u8>(), 0..40));
        let result = runner.run(&inputs, |(bytes, steps)| {
            let diffed = Case::of(&bytes).check_diff(&steps).map_err(TestCaseError::fail)?;
            total.borrow_mut().add(&diffed);
            Ok(())
        });
        println!("{:?}", total.borrow());
        prop_assert!(result.is_ok(), "{}", result.unwrap_err());
        let Diffed { same, different, undecided, differing_messages, .. } = total.into_inner();
        prop_assert!(differing_messages > 50 && undecided * 5 < same + different, "{undecided} of {same} and {different}");
    }
}

/// Pairs each condition of the conformance tests with the next one, and with itself after a small change.
#[test]
fn few_questions_about_the_conditions_of_the_reference_are_undecided() {
    let rows = edgeroute_testkit::read("tests/conformance/conditions.jsonl");
    let conditions: Vec<String> = rows
        .lines()
        .filter_map(|row| {
            let row: serde_json::Value = serde_json::from_str(row).ok()?;
            (row["source"] == "/messages/*").then(|| row["condition"].as_str().map(str::to_owned))?
        })
        .collect();
    let route = |condition: &str| {
        let text = format!("FROM /messages/* WHERE {condition} INTO $upstream");
        let compiles = TypedRoute::compile(&text, Shadowing::default(), &Limits::default()).is_ok();
        compiles.then(|| Route::new("r", text))
    };
    let routes: Vec<(Route, Option<Route>)> = conditions
        .iter()
        .filter_map(|condition| Some((route(condition)?, route(&format!("{condition} and not is_defined(site)")))))
        .step_by(3)
        .take(600)
        .collect();
    let (mut answers, mut edited) = ([0; 3], [0; 3]);
    let count = |old: &Route, new: &Route, counts: &mut [usize; 3]| {
        let diff = Comparer::new().compare(&Declared::new([old]), &Declared::new([new]));
        for change in diff.changes() {
            for answer in [change.lost(), change.gained()] {
                counts[answer.summary() as usize] += 1;
            }
        }
    };
    for (place, (route, with_edit)) in routes.iter().enumerate() {
        if let Some((other, _)) = routes.get(place + 1) {
            count(route, other, &mut answers);
        }
        if let Some(with_edit) = with_edit {
            count(route, with_edit, &mut edited);
        }
    }
    println!("same, undecided, different: of pairs {answers:?}, of edits {edited:?}");
    for [same, undecided, different] in [answers, edited] {
        assert!(same + different > 500 && undecided * 10 < same + different, "{undecided} of {same} and {different}");
    }
}

/// Budgets are counted in steps, so this shows mostly that they are small enough.
#[test]
fn ten_thousand_routes_are_compared() {
    for kind in [Kind::Equality, Kind::Mixed, Kind::Cover] {
        let declared = |route: &WorkRoute| {
            let priority = route.priority.and_then(Priority::new).unwrap_or_default();
            Route::new(&route.name, route.to_string()).with_priority(priority)
        };
        let routes: Vec<Route> = Workload::generate(kind, 10_000).routes.iter().map(declared).collect();
        let edit = |route: &Route| {
            let text = route.text().replacen('1', "2", 1).replacen(" = '", " = 'x", 1);
            route.clone().with_text(text)
        };
        let few: Vec<Route> =
            (0..).zip(&routes).map(|(n, route)| if n % 997 == 0 { edit(route) } else { route.clone() }).collect();
        let all: Vec<Route> = routes.iter().map(edit).collect();
        let reversed: Vec<Route> = routes.iter().rev().cloned().collect();
        let none: Vec<Route> = Vec::new();
        for (name, new) in [("few", few), ("all", all), ("reversed", reversed), ("none", none)] {
            let (old, new) = (Declared::new(&routes), Declared::new(new));
            let start = Instant::now();
            let diff = Comparer::new().compare(&old, &new);
            let mut counts = [0; 3];
            diff.changes().iter().for_each(|change| counts[change.answer() as usize] += 1);
            println!("{kind:?} {name}: {:?}, {counts:?} {:?}", start.elapsed(), diff.answer());
            assert_eq!(diff.answer() == Summary::Same, name == "reversed");
        }
    }
}
