//! Property tests over cases generated from random bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use edgeroute::RouteTable;
use edgeroute_analysis::lint;
use edgeroute_lang::message::{Message, Origin};
use edgeroute_lang::route::Route;
use proptest::prelude::*;

use edgeroute_testkit::cases::oracle::{Found, found};
use edgeroute_testkit::cases::{Case, OriginParts};

/// The shared configuration with little shrinking: `Case::smaller` shrinks cases instead.
fn config(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config { max_shrink_iters: 20, ..edgeroute_testkit::proptest_config(cases) }
}

fn case() -> impl Strategy<Value = Case> {
    prop::collection::vec(any::<u8>(), 0..6000).prop_map(|bytes| Case::of(&bytes))
}

fn endpoints(found: &[Found]) -> BTreeSet<(&str, u32)> {
    found.iter().map(|found| (found.endpoint.as_str(), found.priority)).collect()
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn a_table_gives_what_the_interpreter_gives(case in case()) {
        if case.check().is_err() {
            let smaller = case.smaller(Case::check);
            let why = smaller.check().expect_err("it is still wrong");
            return Err(TestCaseError::fail(format!("{smaller:#?}\n{why}")));
        }
    }

    #[test]
    fn an_explanation_agrees_with_the_table(case in case()) {
        if case.check_explanations().is_err() {
            let smaller = case.smaller(Case::check_explanations);
            let why = smaller.check_explanations().expect_err("it is still wrong");
            return Err(TestCaseError::fail(format!("{smaller:#?}\n{why}")));
        }
    }

    #[test]
    fn lints_are_sound(bytes in prop::collection::vec(any::<u8>(), 0..1000)) {
        let case = Case::of_lints(&bytes);
        if case.check_lints().is_err() {
            let smaller = case.smaller(Case::check_lints);
            let why = smaller.check_lints().expect_err("it is still wrong");
            return Err(TestCaseError::fail(format!("{smaller:#?}\n{why}")));
        }
    }

    #[test]
    fn coverage_counts_what_explanations_say(case in case()) {
        if case.check_coverage().is_err() {
            let smaller = case.smaller(Case::check_coverage);
            let why = smaller.check_coverage().expect_err("it is still wrong");
            return Err(TestCaseError::fail(format!("{smaller:#?}\n{why}")));
        }
    }

    #[test]
    fn a_table_that_changes_gives_what_a_fresh_one_gives(
        case in case(),
        steps in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let check = |case: &Case| case.check_changes(&steps);
        if check(&case).is_err() {
            let smaller = case.smaller(check);
            let why = check(&smaller).expect_err("it is still wrong");
            return Err(TestCaseError::fail(format!("{smaller:#?}\n{why}")));
        }
    }

    #[test]
    fn a_changed_table_gives_what_the_interpreter_gives(case in case(), order in 0..1_000_usize) {
        let oracle = case.oracle().map_err(TestCaseError::fail)?;
        let table = case.compile_by_changes(order).map_err(TestCaseError::fail)?;
        let mut scratch = table.create_scratch();
        for parts in &case.messages {
            let message = parts.message();
            let found = found(table.route_with(&mut scratch, &message));
            prop_assert_eq!(found, oracle.deliveries(&message), "{:?}\n{:?}", parts, table);
        }
    }

    #[test]
    fn the_order_of_routes_only_settles_ties(case in case(), order in any::<u32>()) {
        let mut routes: Vec<&Route> = case.routes.iter().collect();
        routes.reverse();
        let middle = usize::try_from(order).unwrap() % routes.len();
        routes.rotate_left(middle);
        let table = case.compile(&case.routes, 1).map_err(TestCaseError::fail)?;
        let reordered = case.compile(routes, 1).map_err(TestCaseError::fail)?;
        for parts in &case.messages {
            let (one, other) = (found(table.route(&parts.message())), found(reordered.route(&parts.message())));
            prop_assert_eq!(endpoints(&one), endpoints(&other), "{:?}\n{:?}\n{:?}", parts, table, reordered);
        }
    }

    #[test]
    fn another_route_takes_no_delivery_away(case in case()) {
        let without_last = &case.routes[..case.routes.len() - 1];
        let fewer = case.compile(without_last, 1).map_err(TestCaseError::fail)?;
        let all = case.compile(&case.routes, 1).map_err(TestCaseError::fail)?;
        for parts in &case.messages {
            let (before, after) = (found(fewer.route(&parts.message())), found(all.route(&parts.message())));
            for delivery in before.iter().filter(|delivery| delivery.route != "fallback") {
                let same = after.iter().find(|after| after.endpoint == delivery.endpoint);
                prop_assert!(
                    same.is_some_and(|same| same == delivery || same.priority < delivery.priority),
                    "{:?} became {:?}", before, after
                );
            }
        }
    }

    #[test]
    fn what_no_route_reads_may_be_left_out_of_a_message(case in case()) {
        let table = case.compile(&case.routes, 1).map_err(TestCaseError::fail)?;
        let interests = table.interests();
        for parts in &case.messages {
            let mut bare = parts.clone();
            bare.properties.retain(|(name, _)| interests.properties.contains(&name.to_uppercase()));
            if !matches!(bare.origin, OriginParts::SystemProperties) {
                bare.system_properties.retain(|(name, _)| interests.system_properties.contains(&name.to_uppercase()));
            }
            if !interests.reads_body() {
                bare.body.clear();
            }
            let (all, left) = (found(table.route(&parts.message())), found(table.route(&bare.message())));
            prop_assert_eq!(all, left, "{:?}\n{:?}\n{:?}", parts, bare, table);
        }
    }

    #[test]
    fn building_is_deterministic(case in case(), seed in any::<u64>()) {
        let print = |seed| case.compile(&case.routes, seed).map(|table| format!("{}\n{:?}", table.listing(), table.stats()));
        let first = print(seed).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&first, &print(seed).map_err(TestCaseError::fail)?);
        prop_assert_eq!(&first, &print(!seed).map_err(TestCaseError::fail)?);
    }
}

/// The properties above are only meaningful if the cases are varied: most messages but not all must be delivered, and
/// every kind of index entry must be used.
#[test]
fn random_cases_use_every_part_of_the_tree() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut messages, mut delivered, mut deliveries, mut by_fallback) = (0, 0, 0, 0);
    let mut counts = [0; 9];
    for _ in 0..200 {
        use proptest::strategy::ValueTree;
        let case = case().new_tree(&mut runner).unwrap().current();
        let table = case.compile(&case.routes, 1).unwrap();
        for parts in &case.messages {
            let found = found(table.route(&parts.message()));
            messages += 1;
            delivered += usize::from(!found.is_empty());
            deliveries += found.len();
            by_fallback += usize::from(found.iter().any(|found| found.route == "fallback"));
        }
        let stats = table.stats();
        let of_table = [
            stats.never,
            stats.listed,
            stats.equal,
            stats.affix,
            stats.number,
            stats.value,
            stats.present,
            stats.always,
            stats.over_budget,
        ];
        for (sum, of_table) in counts.iter_mut().zip(of_table) {
            *sum += of_table;
        }
    }
    assert!(counts.iter().all(|&count| count > 20), "never, listed, equal ...: {counts:?}");
    assert!(delivered * 3 > messages && delivered * 10 < messages * 9, "{delivered} of {messages} messages delivered");
    assert!(deliveries > delivered && by_fallback > 10, "{deliveries} deliveries, {by_fallback} by fallback");
}

/// Likewise for lints: each must have a finding in some case.
#[test]
fn random_cases_provoke_lints() {
    use proptest::strategy::{Strategy, ValueTree};
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut findings: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut claims, mut fixes) = (0, 0);
    for _ in 0..250 {
        let bytes = prop::collection::vec(any::<u8>(), 0..1000).new_tree(&mut runner).unwrap().current();
        let linted = Case::of_lints(&bytes).check_lints().unwrap();
        for (name, count) in linted.findings {
            *findings.entry(name).or_default() += count;
        }
        claims += linted.claims;
        fixes += linted.fixes;
    }
    // Random manifests have the right keys, and random routes no templates, no directives, no names of system properties
    // without a `$`, no alternatives of strings, and hardly ever two routes that are certain to pass a message in a loop.
    let is_never_provoked = |name: &str| {
        [
            "placeholder-in-string",
            "concatenated-alternatives",
            "unparenthesized-concatenation",
            "unknown-lint",
            "bare-system-property",
            "message-loop",
        ]
        .contains(&name)
    };
    let is_random = |lint: &&lint::Lint| lint.code().area() != "Lints: manifest" && !is_never_provoked(lint.name());
    let silent: Vec<&str> =
        lint::all().filter(is_random).map(lint::Lint::name).filter(|name| !findings.contains_key(name)).collect();
    assert_eq!(silent, [""; 0], "{findings:?}");
    assert!(claims > 1_000 && fixes > 300, "{claims} claims, {fixes} fixes");
}

fn table(routes: &[(&str, &str)]) -> RouteTable {
    let builder = routes.iter().fold(RouteTable::builder(), |builder, (name, text)| builder.route(*name, *text));
    builder.build().unwrap()
}

#[test]
fn a_table_lists_what_its_routes_read_and_nothing_else() {
    let table = table(&[
        ("r1", "FROM /* WHERE Level = 'x' and $a = level INTO $upstream"),
        ("r2", "FROM /messages/* WHERE {$b} = 'x' or is_defined(région) INTO $upstream"),
        ("r3", "FROM /messages/* WHERE is_defined(outputName) INTO $upstream"),
    ]);
    let interests = table.interests();
    assert_eq!(interests.properties, ["$A", "LEVEL", "OUTPUTNAME", "RÉGION"]);
    assert_eq!(interests.system_properties, ["A", "B"]);
    assert!(interests.body_paths.is_empty() && !interests.reads_body());
    let interests = self::table(&[("r", "FROM /* WHERE {$body.x.y} = 1 INTO $upstream")]).interests();
    assert!(interests.properties.is_empty() && interests.reads_body());
    assert_eq!(interests.system_properties, ["CONTENTENCODING", "CONTENTTYPE"]);
    assert_eq!(interests.body_paths, ["x.y"]);
}

#[test]
#[should_panic(expected = "the scratch was made by another route table")]
fn a_scratch_of_another_table_is_refused() {
    let routes = [("all", "FROM /* INTO $upstream")];
    let (one, other) = (table(&routes), table(&routes));
    let message = Message::new(Origin::device("d"));
    let _ = one.route_with(&mut other.create_scratch(), &message);
}

#[test]
fn a_scratch_of_a_table_that_is_gone_is_refused_too() {
    let message = Message::new(Origin::device("d"));
    let mut scratch = table(&[("all", "FROM /* INTO $upstream")]).create_scratch();
    // Probably allocated where the dropped table was.
    let later = table(&[("all", "FROM /* INTO $upstream")]);
    assert!(catch_unwind(AssertUnwindSafe(|| later.is_match_with(&mut scratch, &message))).is_err());
}

#[test]
fn a_scratch_serves_the_clones_of_its_table() {
    let table = table(&[("all", "FROM /* INTO $upstream")]);
    let mut scratch = table.create_scratch();
    assert!(table.clone().is_match_with(&mut scratch, &Message::new(Origin::device("d"))));
}
