//! Tests tables and messages that random cases rarely produce, each on tables of every shape.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use edgeroute::{Changes, Route, RouteSet, RouteTable};
use edgeroute_lang::hir::Shadowing;
use edgeroute_lang::limits::{Budgets, Limits};
use edgeroute_lang::message::{Message, Origin, Properties};

use edgeroute_testkit::cases::oracle::found;
use edgeroute_testkit::cases::{Case, MessageParts, OriginParts};

/// A table that is decided by terms if it is small, one of lists, and one that is split by lookups.
fn every_shape() -> [Budgets; 3] {
    let lists = Budgets::default().with_terms(0);
    [Budgets::default(), lists.clone(), lists.with_list(0)]
}

/// A route for each source with its condition, to endpoints of their own.
fn routes<S: AsRef<str>, C: AsRef<str>>(all: impl IntoIterator<Item = (S, C)>) -> Vec<Route> {
    let route = |(number, (source, condition)): (usize, (S, C))| {
        let (source, condition) = (source.as_ref(), condition.as_ref());
        let text = format!("FROM {source} WHERE {condition} INTO BrokeredEndpoint('/modules/e{number}/inputs/in')");
        Route::new(format!("r{number}"), text)
    };
    all.into_iter().enumerate().map(route).collect()
}

fn message(origin: OriginParts, properties: &[(&str, &str)]) -> MessageParts {
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect()
    };
    let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
    MessageParts { origin, properties: pairs(properties), system_properties: pairs(&system), body: Vec::new() }
}

fn device() -> OriginParts {
    OriginParts::Device("d".to_owned())
}

fn module(module: &str, output: Option<&str>) -> OriginParts {
    OriginParts::Module { device: "d".to_owned(), module: module.to_owned(), output: output.map(str::to_owned) }
}

/// Checks that a table of every shape agrees with the interpreter on every message, with one scratch for all. Returns
/// the number of deliveries.
fn check(routes: &[Route], messages: &[MessageParts]) -> usize {
    check_with_fallback(routes, None, messages)
}

fn check_with_fallback(routes: &[Route], fallback: Option<&Route>, messages: &[MessageParts]) -> usize {
    let [first, others @ ..] = every_shape().map(|budgets| {
        let case = Case {
            routes: routes.to_vec(),
            fallback: fallback.cloned(),
            messages: messages.to_vec(),
            budgets,
            shadowing: Shadowing::default(),
            limits: Limits::default(),
        };
        // Every message is sent twice.
        case.check().unwrap_or_else(|why| panic!("{why}")) / 2
    });
    assert_eq!(others, [first; 2]);
    first
}

/// A scratch remembers 64 sources, and there are far more here, so they displace each other. Some share a module or an
/// output.
#[test]
fn one_scratch_serves_more_sources_than_it_knows() {
    let routes = routes([
        ("/messages/*", "true"),
        ("/messages/modules/m2/*", "true"),
        ("/messages/modules/m4/outputs/*", "true"),
        ("/messages/modules/m6/outputs/o3", "true"),
    ]);
    let pieces: Vec<String> = (0..15).map(|n| format!("{}{n}", ["m", "o"][n % 2])).chain([String::new()]).collect();
    let mut messages = Vec::new();
    for a in &pieces {
        messages.push(message(module(a, None), &[]));
        messages.extend(pieces.iter().map(|b| message(module(a, Some(b)), &[])));
    }
    assert_eq!(check(&routes, &messages), messages.len() + 17 + 16 + 1);
}

/// Children with the same name under many nodes of the trie.
#[test]
fn modules_with_outputs_of_one_name_are_distinguished() {
    let sources = (0..150).map(|n| format!("/messages/modules/m{n}/outputs/{}", ["o", "p"][n % 2]));
    let routes = routes(sources.map(|source| (source, "true")));
    let messages: Vec<MessageParts> = (0..160)
        .flat_map(|n| ["o", "p", "q"].map(|output| message(module(&format!("m{n}"), Some(output)), &[])))
        .collect();
    assert_eq!(check(&routes, &messages), 150);
}

/// Two groups of routes with the same conditions: the entries of one under a key must not be used for the other.
#[test]
fn sources_whose_routes_ask_the_same_are_distinguished() {
    for condition in [
        "a = 'v{n}'",
        "b{n} = 'x'",
        "starts_with(a, 'v{n}/')",
        "as_number(c) = {n}",
        "$body.a = {n}",
        "as_number($body.a) = {n}",
    ] {
        let conditions = (0..80).map(|n| condition.replace("{n}", &(n / 2).to_string()));
        let routes = routes((["/messages/modules/x/*", "/messages/modules/y/*"].into_iter().cycle()).zip(conditions));
        let messages: Vec<MessageParts> = (0..60)
            .map(|n| {
                let (text, number, name) = (format!("v{n}"), n.to_string(), format!("B{n}"));
                let text = if condition.starts_with("starts_with") { text + "/rest" } else { text };
                let properties = [("a", text.as_str()), ("c", &number), (&name, "x")];
                let message = message(module(["x", "y", "z"][n % 3], None), &properties);
                MessageParts { body: format!("{{\"a\":{n}}}").into(), ..message }
            })
            .collect();
        assert_eq!(check(&routes, &messages), 27);
    }
}

/// Names are compared as two words, which overlap in names of less than sixteen bytes and coincide in names of eight.
#[test]
fn letters_beyond_ascii_are_found_in_either_case_at_any_place() {
    let names: Vec<String> = (2..=18)
        .flat_map(|length| {
            let places = [0, 1, length / 2 - 1, length / 2, length - 2].into_iter().filter(move |at| at + 2 <= length);
            places.map(move |at| format!("{}é{}", "abcdefgh".repeat(2).split_at(at).0, "z".repeat(length - 2 - at)))
        })
        .collect();
    // No table reads more names than it has terms for.
    for names in names.chunks(40) {
        let routes = routes(names.iter().map(|name| ("/*", format!("{name} = 'x'"))));
        let spelled = |name: &str| [name.to_owned(), name.to_uppercase(), name.replace('é', "É")];
        let messages: Vec<MessageParts> =
            names.iter().flat_map(|name| spelled(name)).map(|name| message(device(), &[(&name, "x")])).collect();
        assert!(check(&routes, &messages) >= messages.len());
    }
}

/// "Of two properties that differ only by case, the one whose name sorts first counts, and of two of the same name the
/// first": with few properties and with many, for application and system properties.
#[test]
fn of_properties_that_share_a_name_one_counts() {
    let routes = routes([
        ("/*", "a = 'first'"),
        ("/*", "a = 'second'"),
        ("/*", "as_number(a) = 1"),
        ("/*", "is_null(a)"),
        ("/*", "$a = 'first'"),
        ("/*", "$a = 'second'"),
        ("/*", "{$a} = 'first'"),
        ("/*", "{$a} = 'second'"),
    ]);
    let values = [Some("first"), Some("second"), Some("1"), None];
    let mut messages = Vec::new();
    for spellings in [["a", "a"], ["a", "A"], ["A", "a"], ["$a", "$a"], ["$A", "$a"], ["a", "b"]] {
        for first in values {
            for second in values {
                for others in [0, 60] {
                    let pair = spellings.iter().zip([first, second]);
                    let mut properties: Vec<(String, Option<String>)> =
                        pair.map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
                    properties.extend((0..others).map(|n| (format!("unread{n}"), Some("x".to_owned()))));
                    let in_system = MessageParts {
                        system_properties: properties.clone(),
                        properties: vec![("$A".to_owned(), second.map(str::to_owned)); others.min(1)],
                        ..message(device(), &[])
                    };
                    messages.extend([MessageParts { properties, ..message(device(), &[]) }, in_system]);
                }
            }
        }
    }
    assert_eq!(check(&routes, &messages), 304);
}

/// Covers routes that are decided by their tests on properties, routes whose programs are run, and no routes.
#[test]
fn a_fallback_takes_just_what_no_route_takes() {
    let decided = [("/messages/*", "a = 'x'"), ("/messages/*", "not starts_with(a, 'x')")];
    let run = [("/messages/*", "length(a) = 3"), ("/twinChangeNotifications", "a = 'xyz'")];
    let messages: Vec<MessageParts> = ["x", "y", "xyz", "xy", "yyy"]
        .into_iter()
        .flat_map(|a| {
            let origins = [device(), module("m", None), OriginParts::TwinChange];
            origins
                .map(|origin| ["1", "2"].map(|b| message(origin.clone(), &[("a", a), ("b", b)])))
                .into_iter()
                .flatten()
        })
        .collect();
    let count = |all: &[(&str, &str)]| {
        let fallback = routes([("/messages/*", "b = '1'")]).remove(0).with_name("fallback");
        check_with_fallback(&routes(all.iter().copied()), Some(&fallback), &messages)
    };
    // Of the ten messages that are not twin changes and have `b = '1'`, those that no route matches.
    assert_eq!(count(&[]), 10);
    assert_eq!(count(&decided), 4 + 8 + 4);
    assert_eq!(count(&run), 8 + 2 + 6);
    assert_eq!(count(&[decided, run].concat()), 4 + 8 + 8 + 2 + 2);
}

/// Both zeros are the same number, and differ from every other constant.
#[test]
fn zeros_of_either_sign_are_equal() {
    let constants = ["0", "-0", "0.0", "-0.0", "0e5", "1", "-1", "false", "true", "null", "''", "'0'", "5e-324"];
    let routes = routes(constants.map(|constant| ("/*", format!("$body.a = {constant}"))));
    let bodies = ["0", "-0", "0.0", "-0.0", "-0e9", "1", "-1", "false", "true", "null", "\"\"", "\"0\"", "-1e-999"];
    let messages =
        bodies.map(|value| MessageParts { body: format!("{{\"a\":{value}}}").into(), ..message(device(), &[]) });
    assert_eq!(check(&routes, &messages), 6 * 5 + 7);
}

/// Sources may contain anything that a manifest can write, including characters that sort next to a slash.
#[test]
fn segments_of_any_characters_are_distinguished() {
    let pieces = ["a", "a\u{1}", "a\0", "a\0b", "a ", "a.", "a\u{1}/b", "a/b", "a\0/b", "a0", "\u{1}", "a\u{ffff}"];
    let sources = pieces.map(|piece| format!("/messages/modules/{piece}/*"));
    let routes = routes(sources.iter().map(|source| (source, "true")));
    let messages: Vec<MessageParts> =
        pieces.iter().flat_map(|piece| [None, Some("o")].map(|output| message(module(piece, output), &[]))).collect();
    assert_eq!(check(&routes, &messages), 34);
}

/// A name that a hub has resolved for one table still means that name for another table. Checked with many properties
/// as well, which are looked up in a different way.
#[test]
fn keys_of_another_table_mean_their_names_among_many_properties() {
    let table = |conditions: &[&str]| {
        let all = routes(conditions.iter().map(|condition| ("/*", condition)));
        let builder = RouteTable::builder().routes(&all);
        builder.build().unwrap()
    };
    let (one, other) =
        (table(&["a = '1'", "b = '2'", "c = '3'"]), table(&["c = '1'", "a = '2'", "b = '3'", "a1 = 'x'"]));
    for maker in [&one, &other] {
        for count in [0, 46, 47, 200] {
            let mut properties = vec![(maker.key("a"), "1"), (maker.key("B"), "2"), (maker.system_key("c"), "3")];
            properties.extend((0..count).map(|n| (maker.key(&format!("unread{n}")), "x")));
            let message = Message::new(Origin::device("d")).properties(&properties);
            assert_eq!(one.route(&message).len(), 3, "{count}");
            assert_eq!(other.route(&message).len(), 0, "{count}");
        }
    }
}

/// A hub's own properties that panic on a chosen visit.
struct Panicking {
    left: Cell<usize>,
}

impl Properties for Panicking {
    fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
        visit("a", Some("x"));
        assert!(self.left.get() > 0, "the hub's own");
        self.left.set(self.left.get() - 1);
        visit("n", Some("5"));
    }
}

#[test]
fn a_scratch_is_as_new_after_the_properties_of_a_hub_panicked() {
    let conditions = ["a = 'x'", "a != 'y'", "as_number(n) > 3", "b = 'x'", "not is_defined(a)", "length(b) = 1"];
    for budgets in every_shape() {
        // Several segments, each of which visits the message.
        let mut set = RouteSet::new(RouteTable::builder().budgets(budgets.with_whole(0))).unwrap();
        let mut table = None;
        for route in routes(conditions.map(|condition| ("/*", condition))) {
            table = Some(set.apply(Changes::new().set(route)).unwrap());
        }
        let table = table.unwrap();
        let properties = [("b", "x")];
        let message = Message::new(Origin::device("d")).properties(&properties);
        let expected = found(table.route(&message));
        assert_eq!(expected.len(), 3);
        let mut scratch = table.create_scratch();
        let mut panics = 0;
        for left in 0.. {
            let properties = Panicking { left: Cell::new(left) };
            let panicking = Message::new(Origin::device("d")).properties(&properties);
            let routed = catch_unwind(AssertUnwindSafe(|| table.route_with(&mut scratch, &panicking).len()));
            assert_eq!(found(table.route_with(&mut scratch, &message)), expected, "after {left} panics");
            match routed {
                Ok(deliveries) => {
                    assert_eq!(deliveries, 3);
                    break;
                }
                Err(_) => panics += 1,
            }
        }
        assert!(panics > 1, "{panics}");
    }
}
