//! Tests how routes are indexed, as shown by `Debug`, which prints the index, and by `stats()`.

use edgeroute::{Delivery, RouteTable};
use edgeroute_lang::limits::Budgets;
use edgeroute_lang::message::{Message, Origin};

/// The table of routes from every source to the cloud with these conditions, named by their numbers.
fn table(conditions: &[impl AsRef<str>], budgets: Budgets) -> RouteTable {
    let mut builder = RouteTable::builder().budgets(budgets);
    for (number, condition) in conditions.iter().enumerate() {
        let sink = format!("BrokeredEndpoint('/modules/m/inputs/{number}')");
        builder = builder.route(format!("r{number}"), format!("FROM /* WHERE {} INTO {sink}", condition.as_ref()));
    }
    builder.build().unwrap()
}

/// The index entries of each route.
fn postings_of(conditions: &[impl AsRef<str>], budgets: Budgets) -> Vec<String> {
    let printed = table(conditions, budgets).listing().to_string();
    let postings = printed.lines().filter_map(|line| line.trim().strip_prefix('r')?.split_once(": "));
    postings.map(|(_, posting)| posting.to_owned()).collect()
}

/// Budgets that split even small groups.
fn split() -> Budgets {
    Budgets::default().with_terms(0).with_list(0)
}

#[test]
fn a_small_table_prints_as_it_is_walked() {
    let table = RouteTable::builder()
        .route("hot", "FROM /messages/modules/sensor/* WHERE as_number(temp) > 80 and site = 'a' INTO $upstream")
        .route("all", "FROM /messages/* INTO BrokeredEndpoint('/modules/store/inputs/in')")
        .route("never", "FROM /messages/* WHERE a = '1' and a = '2' INTO $upstream")
        .route("either", "FROM /messages/* WHERE level = 'x' or $body.n = 5 INTO $upstream")
        .fallback(("rest", "FROM /messages/* WHERE not is_defined(a) INTO $upstream"))
        .build()
        .unwrap();
    let expected = r#"RouteTable of 4 routes to 2 endpoints
/MESSAGES/
  all -> /modules/store/inputs/in: always, if true
  either -> $upstream: always, if $body.n = 5
  either -> $upstream: by the term on LEVEL, if LEVEL = "x"
/MESSAGES/MODULES/SENSOR/
  hot -> $upstream: by the term on TEMP, SITE, if number TEMP > 80 and SITE = "a"
fallback
  rest -> $upstream: if A is not there
"#;
    assert_eq!(table.listing().to_string(), expected);
    assert_eq!((table.stats().never, table.stats().terms), (1, 4));
}

#[track_caller]
fn check(conditions: &[&str], budgets: &Budgets, expected: &[&str]) {
    assert_eq!(postings_of(conditions, budgets.clone()), expected);
}

#[test]
fn each_kind_of_test_has_its_switch() {
    let conditions = [
        "a = 'x'",
        "starts_with(a, 'x')",
        "ends_with(a, 'x')",
        "as_number(a) > 1 and as_number(a) < 5",
        "$body.a = 5",
        "a != 'x'",
        "as_number(a) > 1",
        "length(a) > 1",
        "not is_defined(a)",
    ];
    check(
        &conditions,
        &split(),
        &[
            "by A = \"x\", if A = \"x\"",
            "by A starts with \"x\", if A starts with \"x\"",
            "by A ends with \"x\", if A ends with \"x\"",
            "by number A > 1 and < 5, if true",
            "by $body.a = 5, if $body.a = 5",
            "by A is there, if A != \"x\"",
            "by A is there, if number A > 1",
            "always, if (length(A) > 1) is true",
            "always, if A is not there",
        ],
    );
    let stats = table(&conditions, split()).stats();
    let counts = (stats.equal, stats.affix, stats.number, stats.value, stats.present, stats.always);
    assert_eq!(counts, (1, 2, 1, 1, 2, 2));
    let stats = table(&conditions, Budgets::default().with_terms(0)).stats();
    assert_eq!((stats.listed, stats.equal, stats.always), (9, 0, 0));
    let stats = table(&conditions, Budgets::default()).stats();
    assert_eq!((stats.terms, stats.listed), (9, 0));
    let stats = table(&conditions, Budgets::none()).stats();
    assert_eq!((stats.listed, stats.equal, stats.always), (0, 0, 9));
}

#[test]
fn the_selective_test_is_the_access_test_even_if_its_name_sorts_late() {
    let conditions = ["a = 'x' and z = '1'", "a = 'x' and z = '2'", "z = '3' and a = 'x'", "a = 'x' and z = '4'"];
    check(
        &conditions,
        &split(),
        &[
            "by Z = \"1\", header A = \"x\", if A = \"x\" and Z = \"1\"",
            "by Z = \"2\", header A = \"x\", if A = \"x\" and Z = \"2\"",
            "by Z = \"3\", header A = \"x\", if Z = \"3\" and A = \"x\"",
            "by Z = \"4\", header A = \"x\", if A = \"x\" and Z = \"4\"",
        ],
    );
    // A narrow interval takes precedence over a wide one and over presence.
    check(
        &[
            "as_number(n) > 0 and as_number(n) < 1000 and as_number(m) > 7 and as_number(m) < 8 and is_defined(a)",
            "as_number(m) >= 0 and as_number(m) <= 1000",
        ],
        &split(),
        &[
            "by number M > 7 and < 8, header N is there, if number N > 0 and < 1000 and A is there",
            "by number M >= 0 and <= 1000, if true",
        ],
    );
}

#[test]
fn a_disjunction_is_filed_under_each_of_its_parts_within_the_budget() {
    let conditions = ["a = 'x' or b = 'y' or starts_with(c, 'z')"];
    let each = ["A = \"x\"", "B = \"y\"", "C starts with \"z\""].map(|test| format!("by {test}, if {test}"));
    assert_eq!(postings_of(&conditions, split()), each);
    assert_eq!(postings_of(&conditions, split().with_postings(3)), each);
    let program = "[0: A = \"x\" ? yes : 1; 1: B = \"y\" ? yes : 2; 2: C starts with \"z\" ? yes : no]";
    assert_eq!(postings_of(&conditions, split().with_postings(2)), [format!("always, if {program}")]);
    // Also indexed this way within a conjunction, if no other part is more selective, but checked as a whole.
    let whole = "[0: C != \"z\" ? 1 : no; 1: A = \"x\" ? yes : 2; 2: B = \"y\" ? yes : no]";
    let each = ["by A = \"x\"", "by B = \"y\""].map(|test| format!("{test}, header C is there, if {whole}"));
    assert_eq!(postings_of(&["(a = 'x' or b = 'y') and c != 'z'"], split()), each);
    // A part that no test selects is always examined.
    let half = table(&["a = 'x' or not is_defined(b)"], split()).stats();
    assert_eq!((half.equal, half.always), (1, 1));
}

#[test]
fn each_test_is_shown_as_what_it_asks() {
    let shown = [
        ("a < 'x'", "A < \"x\""),
        ("a <= 'x'", "A <= \"x\""),
        ("a = 'x'", "A = \"x\""),
        ("a != 'x'", "A != \"x\""),
        ("a >= 'x'", "A >= \"x\""),
        ("a > 'x'", "A > \"x\""),
        ("is_defined(a)", "A is there"),
        ("not is_defined(a)", "A is not there"),
        ("is_null(a)", "A is null"),
        ("not is_null(a)", "A is not null"),
        ("is_string(a)", "A is a string"),
        ("not is_string(a)", "A is not a string"),
        ("not starts_with(a, 'x')", "not A starts with \"x\""),
        ("as_number(a) < 5", "number A < 5"),
        ("as_number(a) = 5", "number A = 5"),
        ("as_number(a) != 5", "not number A = 5"),
        ("as_number(a) >= 0.1", "number A >= 0.1"),
        // Here the next smaller or larger number is just as short.
        ("as_number(a) >= 9007199254740992", "number A >= 9007199254740992"),
        ("as_number(a) <= 9007199254740990", "number A <= 9007199254740990"),
        ("$body.a <= true", "$body.a <= true"),
        ("$body.a = null", "$body.a = null"),
    ];
    for (condition, expected) in shown {
        let postings = postings_of(&[condition], Budgets::none());
        let [posting] = postings.as_slice() else { panic!("{condition} has one posting: {postings:?}") };
        assert_eq!(posting.split_once(", if ").unwrap().1, expected);
    }
}

#[test]
fn a_property_that_must_be_there_is_asked_for_where_nothing_better_is() {
    let conditions = ["is_defined(a)", "starts_with(a, '')", "ends_with(a, '')", "contains(a, 'x')", "a < 'x'"];
    for posting in postings_of(&conditions, split()) {
        assert!(posting.starts_with("by A is there, if "), "{posting}");
    }
}

#[test]
fn of_bodies_only_equality_is_filed() {
    let conditions =
        ["as_number($body.a) > 1 and as_number($body.a) < 5", "as_number($body.a) > 1", "$body.a > 1", "$body.a != 1"];
    assert!(postings_of(&conditions, split()).iter().all(|posting| posting.starts_with("always, if ")));
    let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
    let message = Message::new(Origin::device("d")).system_properties(&system).body(b"{\"a\": 3}");
    assert_eq!(table(&conditions, split()).route(&message).len(), 4);
}

#[test]
fn affixes_of_each_property_and_end_are_found_by_their_own_lengths() {
    let tests = ["A starts with \"xx\"", "B starts with \"yyy\"", "A ends with \"zzzz\"", "B ends with \"z\""];
    check(
        &["starts_with(a, 'xx')", "starts_with(b, 'yyy')", "ends_with(a, 'zzzz')", "ends_with(b, 'z')"],
        &split(),
        &tests.map(|test| format!("by {test}, if {test}")).each_ref().map(String::as_str),
    );
}

#[test]
fn a_constant_is_the_rarer_the_more_is_asked_of_its_property() {
    let others = |count: usize, test: fn(usize) -> String| (0..count).map(test).collect::<Vec<_>>();
    // The constant is tested twice, but among a hundred: a route that tests `a` at all tests this constant.
    let one = [vec!["a = 'x' and b = 'y'".to_owned(), "b = 'y'".to_owned()], others(100, |n| format!("b = 'v{n}'"))];
    let postings = postings_of(&one.concat(), split());
    assert_eq!(postings[0], "by B = \"y\", header A = \"x\", if A = \"x\" and B = \"y\"");
    // A prefix is rarer than an equality here, but a header only checks that its property is present.
    let three = [
        vec!["n = 'k' and b = 'y' and starts_with(c, 'p')".to_owned()],
        others(20, |n| format!("n = 'v{n}'")),
        others(10, |n| format!("starts_with(c, 'q{n}')")),
    ];
    let postings = postings_of(&three.concat(), split());
    assert_eq!(postings[0], "by N = \"k\", header B = \"y\", if N = \"k\" and B = \"y\" and C starts with \"p\"");
}

#[test]
fn a_disjunction_is_as_likely_as_its_parts_together() {
    let of = |condition: &str| postings_of(&[condition], split());
    // One constant is rarer than one of two, and one of two rarer than one of three.
    for parts in ["a = 'x' or b = 'y'", "a = 'x' or b = 'y' or d = 'w'"] {
        let postings = of(&format!("({parts}) and c = 'z'"));
        assert!(postings.len() == 1 && postings[0].starts_with("by C = \"z\", if "), "{postings:?}");
        let postings = of(&format!("({parts}) and c != 'z'"));
        assert!(
            postings.len() > 1 && postings.iter().all(|posting| posting.contains(", header C is there, ")),
            "{postings:?}"
        );
    }
    // If it has more parts than the budget allows, the other test is used.
    let within = |postings| table(&["(a = 'x' or b = 'y') and c != 'z'"], split().with_postings(postings)).stats();
    assert_eq!((within(2).equal, within(2).present), (2, 0));
    assert_eq!((within(1).equal, within(1).present), (0, 1));
}

#[test]
fn texts_of_bodies_are_filed_as_long_as_they_can_be_unescaped() {
    let text = |length: usize| "x".repeat(length);
    let lengths = [1, 255, 256, 257, 1_000];
    let table = table(&lengths.map(|length| format!("$body.a = '{}'", text(length))), split());
    assert_eq!((table.stats().value, table.stats().always), (3, 2));
    let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
    for (index, length) in lengths.into_iter().enumerate() {
        for body in [text(length), format!("{}\\u0078", text(length - 1)), "\\u0078".repeat(length)] {
            let body = format!("{{\"a\": \"{body}\"}}");
            let message = Message::new(Origin::device("d")).system_properties(&system).body(body.as_bytes());
            let found = table.route(&message);
            let found: Vec<&str> = found.iter().map(Delivery::route).collect();
            assert_eq!(found, [format!("r{index}")], "{body}");
        }
    }
}

#[test]
fn postings_of_all_lists_are_counted() {
    let routes = ["/messages/*", "/messages/*", "/twinChangeNotifications", "/messages/modules/m/*"];
    let mut builder = RouteTable::builder().budgets(Budgets::default().with_terms(0));
    for (number, source) in routes.into_iter().enumerate() {
        builder = builder.route(number.to_string(), format!("FROM {source} WHERE a = 'x' INTO $upstream"));
    }
    let stats = builder.build().unwrap().stats();
    assert_eq!((stats.groups, stats.listed), (3, 4));
}

#[test]
fn intervals_below_zero_are_found() {
    let table = table(&["as_number(n) >= -10 and as_number(n) <= -5", "as_number(n) = -7"], split());
    assert_eq!(table.stats().number, 2);
    let found = |number: &str| {
        let properties = [("n", number)];
        table.route(&Message::new(Origin::device("d")).properties(&properties)).len()
    };
    assert_eq!(["-11", "-10", "-7", "-6", "-5", "-4"].map(found), [0, 1, 2, 1, 1, 0]);
}

#[test]
fn a_clause_says_what_it_can_of_each_property() {
    let terms = [
        ("a = 'x' and $body.n = 5", "by the term on A"),
        ("(a = 'x' or b = 'y') and c = 'z'", "by the term on C"),
        ("(a = 'x' or a = 'y') and length(b) > 1", "by the term on A"),
        ("(a = 'x' or a = 'y') and (b = 'z' or c = 'z')", "by the term on A"),
        ("(a = 'x' or starts_with(a, 'y')) and c = 'z'", "by the term on C"),
        ("length(a) > 1", "always"),
    ];
    for (condition, expected) in terms {
        let postings = postings_of(&[condition], Budgets::default());
        assert!(
            postings.len() == 1 && postings[0].starts_with(&format!("{expected}, if ")),
            "{condition}: {postings:?}"
        );
    }
}

#[test]
fn numbers_at_and_beside_the_bounds_of_intervals_of_all_widths_are_distinguished() {
    let bounds = [
        (0.0, 5e-324),
        (5e-324, 1e-323),
        (1.0, 1.0_f64.next_up()),
        (0.1, 0.3),
        (1e16, 1e16 + 2.0),
        (-1e300, 1e300),
        (f64::MIN, f64::MAX),
        (f64::MAX.next_down(), f64::MAX),
        (-1.0, 0.0),
        (9_007_199_254_740_991.0, 9_007_199_254_740_993.0),
        (1e-300, 1.0),
        (-3.5, 1e15),
        (7.0, 7.0),
        (0.1 + 0.2, 0.3 + 1e-16),
    ];
    let conditions: Vec<String> =
        bounds.iter().map(|(low, high)| format!("as_number(n) >= {low:e} and as_number(n) <= {high:e}")).collect();
    let table = table(&conditions, split());
    assert_eq!(table.stats().number, conditions.len());
    let mut scratch = table.create_scratch();
    for number in bounds.iter().flat_map(|&(low, high)| [low, high]) {
        for number in [number.next_down(), number, number.next_up(), -number] {
            let properties = [("n", format!("{number:e}"))];
            let message = Message::new(Origin::device("d")).properties(&properties);
            let found: Vec<String> =
                table.route_with(&mut scratch, &message).map(|delivery| delivery.route().to_owned()).collect();
            let expected: Vec<String> = (bounds.iter().enumerate())
                .filter(|(_, (low, high))| (*low..=*high).contains(&number))
                .map(|(index, _)| format!("r{index}"))
                .collect();
            assert_eq!(found, expected, "{number:e}");
        }
    }
}

#[test]
fn lengths_of_affixes_over_the_budget_are_cut() {
    let text = "0123456789abcdefghijklmnopqrstuvwxyz";
    let conditions: Vec<String> = (1..=text.len())
        .flat_map(|length| {
            let (prefix, suffix) = (&text[..length], &text[text.len() - length..]);
            [format!("starts_with(t, '{prefix}')"), format!("ends_with(t, '{suffix}')")]
        })
        .collect();
    for affix_lengths in [0, 1, 3, 8, 100] {
        let table = table(&conditions, split().with_affix_lengths(affix_lengths));
        assert_eq!(table.stats().affix, conditions.len());
        let mut scratch = table.create_scratch();
        for length in 0..=text.len() {
            for (value, expected) in [
                (text[..length].to_owned(), length + usize::from(length == text.len()) * length),
                (format!("{}!", &text[..length]), length),
                (format!("!{}", &text[text.len() - length..]), length),
            ] {
                let properties = [("t", value.as_str())];
                let message = Message::new(Origin::device("d")).properties(&properties);
                assert_eq!(table.route_with(&mut scratch, &message).len(), expected, "{value} {affix_lengths}");
            }
        }
    }
}

#[test]
fn terms_are_limited_to_their_budget_and_to_a_word() {
    let conditions: Vec<String> = (0..64).map(|n| format!("a = 'v{n}' and b != 'w'")).collect();
    let stats = |conditions: &[String], terms| {
        let stats = table(conditions, Budgets::default().with_terms(terms)).stats();
        (stats.terms, stats.equal + stats.listed)
    };
    assert_eq!(stats(&conditions, 64), (64, 0));
    assert_eq!(stats(&conditions, 63), (0, 64));
    let more = [&conditions[..], &["a = 'x'".to_owned()]].concat();
    assert_eq!(stats(&more, 1_000), (0, 65));
    // So are the properties that they read.
    let all = |count: usize| [(0..count).map(|n| format!("a{n} = 'x'")).collect::<Vec<_>>().join(" and ")];
    assert_eq!((stats(&all(64), 64), stats(&all(65), 64)), ((1, 0), (0, 1)));
    // One term tests for one of many strings; disjuncts over several properties are one term each.
    let choice = (0..100).map(|n| format!("a = 'v{n}'")).collect::<Vec<_>>().join(" or ");
    assert_eq!(stats(core::slice::from_ref(&choice), 64), (1, 0));
    assert_eq!(stats(&[format!("({choice}) and b = 'x'")], 64), (1, 0));
    assert_eq!(stats(&[format!("{choice} or b = 'x' or c = 'x'")], 64), (3, 0));
}

#[test]
fn a_route_over_the_budget_of_postings_is_counted() {
    let choice = |count: usize| (0..count).map(|n| format!("a{n} = 'v'")).collect::<Vec<_>>().join(" or ");
    let over = |condition: String, postings| table(&[condition], split().with_postings(postings)).stats().over_budget;
    assert_eq!(over(choice(5), 5), 0);
    assert_eq!(over(choice(6), 5), 1);
    assert_eq!(over("a = 'x'".to_owned(), 0), 1);
    // Another test of the conjunction suffices, so nothing exceeds the budget.
    assert_eq!(over(format!("({}) and b = 'x'", choice(6)), 5), 0);
    // No test would help, whatever the budget.
    assert_eq!(over("not is_defined(a)".to_owned(), 0), 0);
    assert_eq!(over(format!("not is_defined(b) and ({} or not is_defined(c))", choice(6)), 5), 0);
    // The only part that would help exceeds the budget.
    assert_eq!(over(format!("not is_defined(b) and ({})", choice(6)), 5), 1);
    assert_eq!(over(format!("not is_defined(b) and (c = 'x' or (not is_defined(d) and ({})))", choice(6)), 5), 1);
}
