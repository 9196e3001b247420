//! Tests changes of routes: which are rejected, what they leave alone, and what they cost.

#[cfg(test)]
mod changing {
    use edgeroute::{Changes, CompileError, Route, RouteProblem, RouteSet, RouteTable, RouteTableBuilder};
    use edgeroute_lang::diagnostic::Code;
    use edgeroute_lang::limits::{Budgets, Limits};
    use edgeroute_lang::message::{Message, Origin};
    use edgeroute_lang::priority::Priority;

    fn route(value: u32) -> String {
        format!("FROM /messages/* WHERE a = '{value}' INTO BrokeredEndpoint('/modules/m/inputs/i{value}')")
    }

    /// A route set in which only the share of changes can trigger a full rebuild.
    fn set(names: &[&str]) -> RouteSet {
        let builder = (0..).zip(names).fold(builder(), |builder, (value, name)| builder.route(*name, route(value)));
        RouteSet::new(builder).expect("good routes")
    }

    fn builder() -> RouteTableBuilder {
        RouteTable::builder().budgets(Budgets::default().with_whole(0))
    }

    /// The routes that win a message whose property `a` is `value`.
    fn winners(table: &RouteTable, value: &str) -> Vec<String> {
        let properties = [("a", value)];
        let message = Message::new(Origin::module("d", "m")).properties(&properties);
        table.route(&message).iter().map(|delivery| delivery.route().to_owned()).collect()
    }

    fn findings(error: &CompileError) -> Vec<(usize, &str, Code)> {
        error.problems().iter().map(|problem| (problem.index(), problem.route(), problem.diagnostic().code)).collect()
    }

    #[test]
    fn changes_are_visible_in_the_new_table_only() {
        let mut set = set(&["a", "b", "c"]);
        let old = set.table().clone();
        let changes = Changes::new().replace(("a", route(7))).remove("b").add(("d", route(2)));
        let new = set.apply(changes).expect("good changes");
        let of = |table: &RouteTable| ["0", "1", "2", "7"].map(|value| winners(table, value).join(" "));
        assert_eq!(of(&old), ["a", "b", "c", ""]);
        assert_eq!(of(&new), ["", "", "c", "a"]);
        assert_eq!((old.len(), new.len()), (3, 3));
        // Both have the same endpoint, and `c` comes first.
        let new = set.apply(Changes::new().remove("c")).expect("good changes");
        assert_eq!(of(&new), ["", "", "d", "a"]);
    }

    #[test]
    fn replaced_route_keeps_its_place_and_a_removed_one_that_comes_back_goes_to_the_end() {
        let one = "FROM /messages/* INTO $upstream";
        let builder = ["a", "b", "c"].into_iter().fold(builder(), |builder, name| builder.route(name, one));
        let mut set = RouteSet::new(builder).expect("good routes");
        let mut winner_after = |changes| {
            let table = set.apply(changes).expect("good changes");
            (winners(&table, "0").join(" "), set.names().collect::<Vec<_>>().join(" "))
        };
        let shown = |winner: &str, names: &str| (winner.to_owned(), names.to_owned());
        assert_eq!(winner_after(Changes::new().replace(("a", "FROM /* INTO $upstream"))), shown("a", "a b c"));
        assert_eq!(winner_after(Changes::new().remove("a").add(("a", one))), shown("b", "b c a"));
        let important = Changes::new().replace(Route::new("a", one).with_priority(Priority::HIGHEST));
        assert_eq!(winner_after(important), shown("a", "b c a"));
        assert_eq!(winner_after(Changes::new().add(("d", one)).remove("d").remove("a")), shown("b", "b c"));
    }

    #[test]
    fn every_problem_of_a_refused_change_is_reported_and_nothing_is_changed() {
        let mut set = set(&["a", "b"]);
        let changes = Changes::new()
            .replace(("a", route(9)))
            .add(("b", route(1)))
            .add(("bad", "FROM /messages/* WHERE x > 5 INTO $upsteam"))
            .replace(("none", route(1)))
            .remove("neither")
            .fallback(("rest", "FROM"));
        let before = set.table().clone();
        let error = set.apply(changes).expect_err("full of problems");
        assert_eq!(
            findings(&error),
            [
                (1, "b", Code::RouteNameTaken),
                (2, "bad", Code::InvalidOperands),
                (2, "bad", Code::InvalidSink),
                (3, "none", Code::NoSuchRoute),
                (4, "neither", Code::NoSuchRoute),
                (5, "rest", Code::InvalidSource),
                (5, "rest", Code::ExpectedKeyword),
            ]
        );
        assert!(error.to_string().contains("there is no route named `neither`"), "{error}");
        assert_eq!(winners(set.table(), "0"), ["a"]);
        assert!(set.names().eq(["a", "b"]));
        // It is the same table, so a scratch fits both.
        let message = Message::new(Origin::device("d"));
        assert!(!set.table().is_match_with(&mut before.create_scratch(), &message));
    }

    /// However many bad routes there are, each is named; only the first 10,000 problems have help.
    #[test]
    fn of_very_many_bad_routes_each_is_named() {
        const BAD: &str = "FROM /* WHERE a > 1 INTO $upstreem";
        let names: Vec<String> = (0..6_000).map(|number| number.to_string()).collect();
        let builder = names.iter().fold(builder(), |builder, name| builder.route(name, BAD));
        let refused = builder.clone().build().expect_err("all are bad");
        let skipped = builder.build_partial().expect("skipped");
        let mut changed = RouteSet::new(RouteTable::builder()).expect("no route");
        let changes = names.iter().fold(Changes::new(), |changes, name| changes.add((name, BAD)));
        let changed = changed.apply_partial(changes).expect("skipped");
        for problems in [refused.problems(), &skipped.skipped, &changed.skipped] {
            let (first, others) = problems.split_at(10_000);
            for (number, two) in first.chunks(2).enumerate() {
                assert_eq!((two[0].route(), two[1].route()), (names[number].as_str(), names[number].as_str()));
                assert_eq!(two[0].diagnostic().code, Code::InvalidOperands);
                assert!(two[1].diagnostic().fix.is_some(), "{}", two[1]);
            }
            assert_eq!(others.len(), 1_000);
            for (problem, name) in others.iter().zip(&names[5_000..]) {
                let mut first = first[0].diagnostic().clone();
                first.help = None;
                first.fix = None;
                first.secondary.clear();
                first.primary.text.clear();
                assert_eq!((problem.route(), problem.text(), problem.diagnostic()), (name.as_str(), BAD, &first));
            }
        }
    }

    #[test]
    fn skipped_route_keeps_its_place_for_a_better_text() {
        let one = "FROM /messages/* INTO $upstream";
        let builder = builder().route("a", one).route("b", one);
        let mut set = RouteSet::new(builder).expect("good routes");
        let compiled = set
            .apply_partial(Changes::new().replace(("a", "FROM /messages/* WHERE a > 5 INTO $upstream")).add(("c", one)))
            .expect("skipped");
        assert_eq!(compiled.skipped.iter().map(RouteProblem::route).collect::<Vec<_>>(), ["a"]);
        assert_eq!((winners(&compiled.table, "0"), compiled.table.len()), (vec!["b".to_owned()], 2));
        // It is still bad, and still in the set.
        assert_eq!(set.skipped().map(RouteProblem::route).collect::<Vec<_>>(), ["a"]);
        let error = set.apply(Changes::new().add(("a", one))).expect_err("the name is taken");
        assert_eq!(findings(&error), [(0, "a", Code::RouteNameTaken)]);
        let table = set.apply(Changes::new().replace(("a", one))).expect("a good text");
        assert_eq!(winners(&table, "0"), ["a"]);
        assert_eq!(set.skipped().count(), 0);
        // A bad fallback is never skipped.
        assert!(set.apply_partial(Changes::new().fallback(("rest", "FROM nowhere"))).is_err());
    }

    #[test]
    fn two_routes_of_one_name_make_no_set() {
        let twice = builder().route("a", route(1)).route("a", route(2));
        let error = RouteSet::new(twice).expect_err("one name");
        assert_eq!(findings(&error), [(1, "a", Code::RouteNameTaken)]);
    }

    #[test]
    fn limit_of_routes_counts_those_that_are_left() {
        let limits = Limits::default().with_routes(2);
        let mut set = RouteSet::new(builder().limits(limits).route("a", route(1)).route("b", route(2))).expect("two");
        let error = set.apply(Changes::new().add(("c", route(3)))).expect_err("three");
        assert_eq!(findings(&error), [(0, "c", Code::TooManyRoutes)]);
        assert!(set.apply(Changes::new().add(("c", route(3))).remove("a")).is_ok());
    }

    #[test]
    fn fallback_is_used_only_if_no_route_of_any_segment_takes_the_message() {
        let mut set = set(&["a", "b"]);
        let changes = Changes::new().fallback(("rest", "FROM /* WHERE a != '9' INTO $upstream")).add(("c", route(3)));
        let table = set.apply(changes).expect("good changes");
        let of = |table: &RouteTable| ["0", "3", "5", "9"].map(|value| winners(table, value).join(" "));
        assert_eq!(of(&table), ["a", "c", "rest", ""]);
        // A removed route matches nothing.
        let table = set.apply(Changes::new().remove("a")).expect("good changes");
        assert_eq!(of(&table), ["rest", "c", "rest", ""]);
        assert_eq!(table.endpoints().last().map(|(_, endpoint)| endpoint.to_string()).as_deref(), Some("$upstream"));
        let table = set.apply(Changes::new().remove_fallback()).expect("good changes");
        assert_eq!(of(&table), ["", "c", "", ""]);
    }

    #[test]
    fn unchanged_routes_make_no_new_table() {
        let mut set = set(&["a"]);
        let table = set.table().clone();
        let same = set.apply(Changes::new().set(("a", route(0))).add(("b", route(1))).remove("b")).expect("no changes");
        let message = Message::new(Origin::device("d"));
        assert!(!same.is_match_with(&mut table.create_scratch(), &message));
    }

    #[test]
    #[should_panic(expected = "adapt_scratch")]
    fn scratch_of_the_table_before_is_refused() {
        let mut set = set(&["a"]);
        let mut scratch = set.table().create_scratch();
        let table = set.apply(Changes::new().remove("a")).expect("good changes");
        let _ = table.is_match_with(&mut scratch, &Message::new(Origin::device("d")));
    }

    #[test]
    fn messages_visit_a_handful_of_segments_however_many_changes() {
        let names: Vec<String> = (0..2_000).map(|number| format!("r{number}")).collect();
        let mut set = set(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let mut scratch = set.table().create_scratch();
        let mut most = 0;
        for step in 0..1_500_u32 {
            let value = step * 7 % 2_000;
            let name = &names[value as usize];
            let changes = match step % 3 {
                0 => Changes::new().replace((name, route(value + 10_000))),
                1 => Changes::new().set((name, route(value))),
                _ => Changes::new().add((format!("n{step}"), route(step + 20_000))),
            };
            let table = set.apply(changes).expect("good changes");
            table.adapt_scratch(&mut scratch);
            most = most.max(table.stats().segments);
            let expected = match step % 3 {
                0 => (value + 10_000, name.clone()),
                1 => (value, name.clone()),
                _ => (step + 20_000, format!("n{step}")),
            };
            assert_eq!(winners(&table, &expected.0.to_string()), [expected.1]);
        }
        assert!((2..=5).contains(&most), "{most} segments");
        assert_eq!(set.table().len(), 2_500);
    }

    #[test]
    fn small_tables_stay_one_segment() {
        let builder =
            (0..12).fold(RouteTable::builder(), |builder, number| builder.route(format!("r{number}"), route(number)));
        let mut set = RouteSet::new(builder).expect("good routes");
        for number in 12..24 {
            let changes =
                Changes::new().add((format!("r{number}"), route(number))).replace(("r3", route(number + 100)));
            let table = set.apply(changes).expect("good changes");
            assert_eq!(table.stats().segments, 1);
            assert_eq!(winners(&table, &number.to_string()), [format!("r{number}")]);
        }
    }
}
