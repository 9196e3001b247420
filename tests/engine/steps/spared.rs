//! Checks the steps that parts of the matcher are there to save.

use edgeroute::{RouteTable, Scratch};
use edgeroute_lang::limits::Budgets;
use edgeroute_lang::message::{Message, Origin, Properties};
use edgeroute_lang::steps::counted;

fn table(routes: impl IntoIterator<Item = String>, budgets: Budgets, seed: u64) -> RouteTable {
    let mut builder = RouteTable::builder().budgets(budgets).hash_seed(seed);
    for (number, route) in routes.into_iter().enumerate() {
        builder = builder.route(number.to_string(), route);
    }
    builder.build().expect("good routes")
}

fn from_all(condition: &str) -> String {
    format!("FROM /* WHERE {condition} INTO $upstream")
}

/// A table that is decided by terms, and one that uses lists.
fn small_and_large() -> [Budgets; 2] {
    [Budgets::default(), Budgets::default().with_terms(0)]
}

/// The steps for a message with a scratch that has already seen it, and the number of its deliveries.
fn again<P: Properties + ?Sized, S: Properties + ?Sized>(
    table: &RouteTable,
    scratch: &mut Scratch,
    message: &Message<'_, P, S>,
) -> (u64, usize) {
    table.route_with(scratch, message);
    counted(|| table.route_with(scratch, message).len())
}

fn steps<P: Properties + ?Sized, S: Properties + ?Sized>(table: &RouteTable, message: &Message<'_, P, S>) -> u64 {
    again(table, &mut table.create_scratch(), message).0
}

fn many<'n>(names: impl IntoIterator<Item = &'n String>) -> Vec<(&'n str, &'static str)> {
    names.into_iter().map(|name| (name.as_str(), "x")).collect()
}

/// In the table of a device, deciding a message takes one look at each property and at the tests on it, and few
/// comparisons with single constants.
#[test]
fn a_small_table_is_decided_at_once() {
    let routes = [
        "FROM /messages/modules/camera/outputs/alerts WHERE level = 'critical' INTO $upstream",
        "FROM /messages/* WHERE level = 'critical' and site = 'plant1' INTO $upstream",
        "FROM /messages/modules/sensor/outputs/telemetry WHERE as_number(temp) > 80 INTO $upstream",
        "FROM /messages/modules/sensor/* WHERE as_number(temp) > 60 and site = 'plant1' INTO $upstream",
        "FROM /messages/* WHERE msgType = 'heartbeat' INTO $upstream",
        "FROM /messages/* WHERE starts_with(topic, 'factory/line1/') INTO $upstream",
        "FROM /messages/* WHERE level != 'debug' and msgType = 'log' INTO $upstream",
        "FROM /messages/* WHERE $contentType = 'application/json' and msgType = 'telemetry' INTO $upstream",
    ];
    let table = table(routes.map(str::to_owned), Budgets::default(), 7);
    assert_eq!(table.stats().terms, routes.len());
    let system = [("contentType", "application/json"), ("contentEncoding", "utf-8"), ("messageId", "1")];
    let origin = Origin::module("edge", "sensor").output("telemetry");
    for (level, temp, msg_type, taken, most) in
        [("critical", "90", "telemetry", 1, 33), ("info", "5", "other", 0, 27), ("info", "90", "other", 1, 28)]
    {
        let properties = [
            ("level", level),
            ("site", "plant1"),
            ("temp", temp),
            ("msgType", msg_type),
            ("topic", "factory/line2/press"),
            ("unread", "x"),
        ];
        let message = Message::new(origin).properties(&properties).system_properties(&system);
        let (steps, deliveries) = again(&table, &mut table.create_scratch(), &message);
        assert_eq!(deliveries, taken);
        assert!(steps <= most, "{level} {temp}: {steps}");
    }
}

/// Neither reads properties nor fills in anything.
#[test]
fn a_message_that_no_source_takes_costs_the_look_at_its_source() {
    let routes = ["FROM /messages/modules/m/* WHERE a = 'x' INTO $upstream".to_owned()];
    let names: Vec<String> = (0..40).map(|n| format!("a{n}")).chain(["a".to_owned()]).collect();
    let properties = many(&names);
    for budgets in small_and_large() {
        let table = table(routes.clone(), budgets, 7);
        for origin in [Origin::device("d"), Origin::module("d", "other"), Origin::module("d", "other").output("o")] {
            let steps = steps(&table, &Message::new(origin).properties(&properties));
            assert!(steps <= 2, "{origin:?}: {steps}");
        }
    }
}

#[test]
fn the_source_of_a_usual_sender_costs_a_look_up_for_each_of_its_names() {
    let routes = [
        "FROM /* WHERE a = 'x' INTO $upstream",
        "FROM /messages/* WHERE a = 'x' INTO $upstream",
        "FROM /messages/modules/m/outputs/o WHERE a = 'x' INTO $upstream",
        "FROM /messages/modules/longer-than-sixteen-bytes/outputs/also-longer-than-sixteen WHERE a = 'x' INTO $upstream",
    ];
    let table = table(routes.map(str::to_owned), Budgets::default().with_terms(0), 7);
    let of_module = |module, output| Origin::module("d", module).output(output);
    for (origin, most) in [
        // Two steps for each group that the source selects, and one for each name that is looked up, or two for a long
        // name.
        (Origin::device("d"), 4),
        (of_module("m", "o"), 6 + 2),
        (of_module("m", "p"), 4 + 2),
        (of_module("longer-than-sixteen-bytes", "also-longer-than-sixteen"), 6 + 4),
    ] {
        let steps = steps(&table, &Message::new(origin));
        assert!(steps <= most, "{origin:?}: {steps}");
    }
}

#[test]
fn sources_that_come_again_cost_a_small_table_nothing() {
    let routes = (0..30).map(|n| format!("FROM /messages/modules/m{n}/outputs/o{} INTO $upstream", n % 3));
    let table = table(routes, Budgets::default(), 7);
    let mut scratch = table.create_scratch();
    let modules: Vec<String> = (0..12).map(|n| format!("m{n}")).collect();
    let outputs = ["o0", "o1", "o2"];
    let mut route_all = || {
        for (module, output) in modules.iter().zip(outputs.iter().cycle()) {
            assert_eq!(
                table.route_with(&mut scratch, &Message::new(Origin::module("d", module).output(output))).len(),
                1
            );
        }
    };
    route_all();
    let (steps, ()) = counted(route_all);
    assert!(steps <= 12, "{steps}");
}

/// The first message looks up each of its names, the second only the few that displace each other.
#[test]
fn names_that_come_again_are_compared_and_not_looked_up() {
    let names: Vec<String> =
        (0..24).map(|n| ["a", "level", "location", "temperature-out"][n % 4].to_owned() + &n.to_string()).collect();
    for budgets in small_and_large() {
        let table = table(names.iter().step_by(2).map(|name| from_all(&format!("is_null({name})"))), budgets, 7);
        let properties = many(&names);
        let message = Message::new(Origin::device("d")).properties(&properties);
        let mut scratch = table.create_scratch();
        let [first, second] = [(); 2].map(|()| counted(|| table.route_with(&mut scratch, &message).len()).0);
        assert!(second + 16 <= first, "{first}, then {second}");
    }
}

/// Few properties of a message with many are read: names that differ in length, first or last byte are not looked up.
#[test]
fn names_of_a_message_with_many_are_rejected_by_length_and_ends() {
    let read = ["level", "location", "msgType", "site"];
    for budgets in small_and_large() {
        let table = table(read.map(|name| from_all(&format!("{name} = 'x'"))), budgets, 7);
        let unread = |name: &dyn Fn(usize) -> String| {
            let names: Vec<String> = (0..400).map(name).collect();
            steps(&table, &Message::new(Origin::device("d")).properties(&many(&names)))
        };
        // Another length; or the length of a name that is read, with another first or last byte.
        assert!(unread(&|n| format!("property{n}")) <= 410);
        assert!(unread(&|n| format!("p{n:03}e")) <= 410);
        assert!(unread(&|n| format!("l{n:03}x")) <= 410);
    }
}

/// If no route reads a kind of property, application or system, none of that kind is examined.
#[test]
fn properties_of_a_kind_that_no_route_reads_are_not_looked_at() {
    let names: Vec<String> = (0..100).map(|n| format!("name{n}")).collect();
    let all = many(&names);
    for budgets in small_and_large() {
        let of_system = table([from_all("{$name1} = 'y'")], budgets.clone(), 7);
        let unread = steps(&of_system, &Message::new(Origin::device("d")).properties(&all));
        let of_application = table([from_all("name1 = 'y'")], budgets, 7);
        let unread_of_system = steps(&of_application, &Message::new(Origin::device("d")).system_properties(&all));
        assert!(unread <= 2 && unread_of_system <= 2, "{unread} {unread_of_system}");
    }
}

/// A small table reads a property only while a term that tests it is still alive.
#[test]
fn what_no_living_clause_asks_for_is_not_looked_at() {
    let tests = (0..30).map(|n| format!("contains(a, '{n}') and level = 'x'"));
    let routes: Vec<String> =
        tests.chain(["{$a} = 'x' and level = 'x'".to_owned()]).map(|text| from_all(&text)).collect();
    let table = table(routes.clone(), Budgets::default(), 7);
    assert_eq!(table.stats().terms, 31);
    let (long, names) = ("v".repeat(10_000), (0..100).map(|n| format!("name{n}")).collect::<Vec<_>>());
    let system = many(&names);
    let properties = [("level", "y"), ("a", long.as_str())];
    let message = Message::new(Origin::device("d")).properties(&properties).system_properties(&system);
    let dead = steps(&table, &message);
    assert!(dead <= 6, "{dead}");
    // If one is alive, only the property that it tests is read.
    let routes = routes.into_iter().chain([from_all("a != 'x'")]);
    let dead_but_one = steps(&self::table(routes, Budgets::default(), 7), &message);
    assert!(dead_but_one <= 50, "{dead_but_one}");
}

/// A name that the hub has resolved needs no lookup, however long it is.
#[test]
fn resolved_names_are_not_looked_up() {
    let names: Vec<String> = (0..20).map(|n| format!("a-name-of-more-than-sixteen-bytes-{n}")).collect();
    for budgets in small_and_large() {
        for of_system in [false, true] {
            let sigil = |name: &String| if of_system { format!("{{${name}}}") } else { name.clone() };
            let table =
                table(names.iter().map(|name| from_all(&format!("is_null({})", sigil(name)))), budgets.clone(), 7);
            let looked_up = many(&names);
            let resolve = |name: &String| if of_system { table.system_key(name) } else { table.key(name) };
            let mut resolved: Vec<_> = names.iter().map(|name| (resolve(name), "x")).collect();
            let (by_name, by_key) = if of_system {
                (
                    steps(&table, &Message::new(Origin::device("d")).system_properties(&looked_up)),
                    steps(&table, &Message::new(Origin::device("d")).system_properties(&resolved)),
                )
            } else {
                (
                    steps(&table, &Message::new(Origin::device("d")).properties(&looked_up)),
                    steps(&table, &Message::new(Origin::device("d")).properties(&resolved)),
                )
            };
            assert!(by_key + 40 <= by_name, "{by_key} {by_name}");
            if of_system {
                continue;
            }
            // Also among many properties.
            resolved.extend((0..40).map(|n| (table.key(&format!("unread{n}")), "x")));
            let unread: Vec<String> = (0..40).map(|n| format!("unread{n}")).collect();
            let all_looked_up: Vec<_> = looked_up.iter().copied().chain(many(&unread)).collect();
            let by_key = steps(&table, &Message::new(Origin::device("d")).properties(&resolved));
            let by_name = steps(&table, &Message::new(Origin::device("d")).properties(&all_looked_up));
            assert!(by_key + 40 <= by_name, "{by_key} {by_name}");
        }
    }
}

/// A candidate whose header fails costs one step, in a list and after a lookup.
#[test]
fn headers_spare_the_programs_of_most_candidates() {
    for (list, count, most) in [(24, 24, 24 + 20), (0, 400, 24)] {
        let budgets = Budgets::default().with_terms(0).with_list(list);
        let table =
            table((0..count).map(|n| from_all(&format!("a = 'x' and b = 'v{}' and c != 'y'", n % 400))), budgets, 7);
        let properties = [("a", "x"), ("b", "v7"), ("c", "z")];
        let (steps, deliveries) =
            again(&table, &mut table.create_scratch(), &Message::new(Origin::device("d")).properties(&properties));
        assert_eq!(deliveries, 1);
        assert!(steps <= most, "{steps}");
    }
}

/// A message finds only the routes that test for what it has.
#[test]
fn switches_find_no_more_than_what_is_asked() {
    type Condition = fn(usize) -> String;
    let cases: [(&str, u64, Condition); 7] = [
        ("one value of one of many properties", 16, |n| format!("a{n} = 'x'")),
        ("one value of many of a property", 16, |n| format!("a = 'v{n}'")),
        ("one prefix of many of a property", 30, |n| format!("starts_with(a, 'v{n}/')")),
        ("one suffix of many of a property", 30, |n| format!("ends_with(a, '/v{n}')")),
        ("the presence of one of many properties", 16, |n| format!("is_defined(a{n})")),
        ("one number of many of a body", 45, |n| format!("$body.a = {n}")),
        ("falsehood, among truth and zero", 200, |n| format!("$body.b = {}", ["true", "false", "0"][n % 3])),
    ];
    let properties = [("a7", "x"), ("a", "v7/v7")];
    let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
    for (name, most, condition) in cases {
        // Seeds whose keys differ in any bit.
        for seed in 0..6 {
            let table = table((0..200).map(|n| from_all(&condition(n))), Budgets::default(), seed);
            let message = Message::new(Origin::device("d")).properties(&properties).system_properties(&system);
            let steps = steps(&table, &message.body(b"{\"a\":7,\"b\":false}"));
            assert!(steps <= most, "{name}, seed {seed}: {steps}");
        }
    }
}

/// At least half of the slots of the trie are free, so a source that it does not contain costs no walk through those
/// that it does.
#[test]
fn unknown_modules_cost_a_look_or_two() {
    for modules in [250, 500, 1_000, 1_020] {
        let routes = (0..modules).map(|n| format!("FROM /messages/modules/m{n}/* INTO $upstream"));
        let table = table(routes, Budgets::default(), 7);
        let names: Vec<String> = (0..100).map(|n| format!("unknown{n}")).collect();
        let of_module = |name: &String| steps(&table, &Message::new(Origin::module("d", name)));
        let steps: u64 = names.iter().map(of_module).sum();
        assert!(steps <= 300, "{modules} modules: {steps}");
    }
}

/// Only a test for a substring anywhere scans the whole value.
#[test]
fn prefixes_and_suffixes_of_a_long_value_cost_their_own_length() {
    let long = "v".repeat(10_000);
    let properties = [("a", long.as_str())];
    let message = Message::new(Origin::device("d")).properties(&properties);
    for condition in ["starts_with(a, 'vw')", "ends_with(a, 'wv')", "not starts_with(a, 'vw')"] {
        let steps = steps(&table([from_all(condition)], Budgets::default(), 7), &message);
        assert!(steps <= 8, "{condition}: {steps}");
    }
}
