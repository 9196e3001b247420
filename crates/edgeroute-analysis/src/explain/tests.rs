use super::*;
use crate::render::{SourceDetail, TextStyle, explanation_text};
use edgeroute_lang::message::Origin;
use edgeroute_lang::priority::{Priority, TimeToLive};

type Pairs = [(&'static str, Option<&'static str>)];

const JSON: &Pairs = &[("contentType", Some("application/json")), ("contentEncoding", Some("utf-8"))];

/// The values of a condition's parts in the order in which they are computed, as `part = value (note)`.
#[track_caller]
fn parts(condition: &str, message: &Message<'_, Pairs, Pairs>) -> Vec<String> {
    let text = format!("FROM /* WHERE {condition} INTO $upstream");
    let mut routes = Routes::default();
    let route = Route::new("r", &text);
    routes.add(&route).unwrap();
    let explanation = explain(&routes, message);
    let condition = explanation.routes()[0].condition().unwrap();
    let shown = |part: &Part| {
        let note = part.note().map(|note| format!(" ({note})")).unwrap_or_default();
        format!("{} = {}{note}", part.span().slice(&text), part.value())
    };
    condition.parts().iter().map(shown).collect()
}

/// The first note of a condition, for a message with these properties and this body.
#[track_caller]
fn note(condition: &str, properties: &Pairs, system: &Pairs, body: &str) -> String {
    let message =
        Message::new(Origin::device("d")).properties(properties).system_properties(system).body(body.as_bytes());
    parts(condition, &message).into_iter().find(|part| part.ends_with(')') && part.contains(" (")).unwrap_or_default()
}

#[test]
fn parts_are_explained_from_the_inside_out() {
    let properties: &Pairs = &[("t", Some("21.5")), ("level", Some("x"))];
    let message = Message::new(Origin::device("d")).properties(properties).system_properties(&[] as &Pairs);
    assert_eq!(
        parts("as_number(t) > 80 and (not is_defined(level) or level = 'x')", &message),
        [
            "t = \"21.5\"",
            "as_number(t) = 21.5",
            "as_number(t) > 80 = false",
            "level = \"x\"",
            "is_defined(level) = true",
            "not is_defined(level) = false",
            "level = \"x\"",
            "level = 'x' = true",
            "not is_defined(level) or level = 'x' = true",
            "as_number(t) > 80 and (not is_defined(level) or level = 'x') = false",
        ]
    );
}

#[test]
fn a_missing_property_is_named_with_what_is_there_instead() {
    let check = |condition, expected| {
        let properties: &Pairs = &[("Temprature", Some("1")), ("site", None), ("messageId", Some("m"))];
        assert_eq!(note(condition, properties, JSON, "{}"), expected);
    };
    check("temperature = '1'", "temperature = undefined (the message has no property `temperature`, but `Temprature`)");
    check("level = '1'", "level = undefined (the message has no property `level`)");
    check("site = '1'", "site = null (the property is null)");
    check(
        "contentType = '1'",
        "contentType = undefined (the message has no property `contentType`, but the system property `$contentType`)",
    );
    check(
        "$messageId = '1'",
        "$messageId = undefined (the message has no system property `$messageId`, but the application property `messageId`)",
    );
    check(
        "$contentTyp = '1'",
        "$contentTyp = undefined (the message has no system property `$contentTyp`, but `$contentType`)",
    );
    check(
        "$connectionModuleId = '1'",
        "$connectionModuleId = undefined (the message has no system property `$connectionModuleId`)",
    );
    check("$inputName = '1'", "$inputName = undefined (set only on delivery, never while routing)");
}

#[test]
fn a_body_query_says_what_it_needs_and_what_it_found() {
    let check = |condition, system, body, expected| assert_eq!(note(condition, &[], system, body), expected);
    let query = "$body.a = 1";
    check(query, &[], "{}", "$body.a = undefined (body not read because the message has no `contentType`)");
    check(
        query,
        &[("contentType", Some("text/plain"))],
        "{}",
        "$body.a = undefined (body not read because `contentType` is `text/plain`, not `application/json`)",
    );
    check(
        query,
        &[("contentType", Some("application/json"))],
        "{}",
        "$body.a = undefined (body not read because the message has no `contentEncoding`)",
    );
    check(
        query,
        &[("contentType", Some("application/json")), ("contentEncoding", Some("gzip"))],
        "{}",
        "$body.a = undefined (body not read because `contentEncoding` is `gzip`, not `utf-8`, `utf-16` or `utf-32`)",
    );
    check(
        query,
        JSON,
        r#"{"a": tru}"#,
        "$body.a = undefined (cannot read the body at byte 9: expected true, found `}`)",
    );
    check(query, JSON, "{}", "$body.a = null (the body has nothing at this path)");
    let near = r#"{"Temperature": 1, "protocol.id": 2}"#;
    check(
        "$body.temperature = 1",
        JSON,
        near,
        "$body.temperature = null (the body has nothing at this path, but `Temperature`)",
    );
    check(
        "$body.protocol.id = 1",
        JSON,
        near,
        "$body.protocol.id = null (the body has nothing at this path, but `protocol.id`, and a path cannot name a member \
         with a dot)",
    );
    for name in ["contentType", "content-type", "$.ct", "iothub-content-type"] {
        let message = Message::new(Origin::device("d")).body(b"{}");
        let properties = [(name, Some("application/json"))];
        let expected =
            format!("body not read because the message has no `contentType`, only an application property `{name}`");
        let note = &parts(query, &message.properties(&properties as &Pairs).system_properties(&[] as &Pairs))[0];
        assert!(note.contains(&expected), "{note}");
    }
    check(query, JSON, r#"{"a": {}}"#, "$body.a = undefined (an object, which has no value)");
    check(query, JSON, r#"{"a": []}"#, "$body.a = undefined (an array, which has no value)");
    check(query, JSON, r#"{"a": "2026-01-01T00:00:00Z"}"#, "$body.a = undefined (a date, which has no value)");
    check("$body.* = 1", JSON, r#"{"a": 1, "b": 2}"#, "$body.* = undefined (several values at this path)");
    check("$body.a] = 1", JSON, "{}", "$body.a] = undefined (the path cannot be followed)");
    assert_eq!(
        note(query, &[("$body.a", Some("x"))], JSON, "{}"),
        "$body.a = \"x\" (an application property of this name takes precedence)"
    );
}

#[test]
fn what_is_undefined_of_defined_operands_says_why() {
    let check = |condition, expected| {
        let properties: &Pairs = &[("t", Some("hot")), ("n", Some("9")), ("none", None), ("LEVEL", Some("Critical"))];
        let body = r#"{"n": 5, "s": "5", "t": true, "z": null}"#;
        let message =
            Message::new(Origin::device("d")).properties(properties).system_properties(JSON).body(body.as_bytes());
        // The note on a null property appears where the property is read.
        let noted = parts(condition, &message)
            .into_iter()
            .find(|part| part.contains(" (") && part.ends_with(')') && !part.ends_with("is null)"));
        assert_eq!(noted.unwrap_or_default(), expected);
    };
    check("as_number(t) = 1", "as_number(t) = undefined (the string is not a number)");
    check("as_number($body.z) = 1", "as_number($body.z) = undefined (expected a number, found null)");
    check("length($body.n) = 1", "length($body.n) = undefined (expected a string, found a number)");
    check("$body.s + 1 = 2", "$body.s + 1 = undefined (expected a number, found a string)");
    check("sqrt(0 - as_number(n)) = 1", "sqrt(0 - as_number(n)) = undefined (the result is not a number)");
    check("substring(t, 9) = ''", "substring(t, 9) = undefined (the index is out of range)");
    check("none = 'x'", "none = 'x' = undefined (compares a null property with a string)");
    check("contains(none, 'x')", "contains(none, 'x') = undefined (expected a string, found a null property)");
    check("(none || t || $body.n) = 'x'", "none || t || $body.n = undefined (expected a string, found a number)");
    check("not $body.n", "not $body.n = undefined (expected a bool, found a number)");
    check("$body.t and $body.n", "$body.t and $body.n = undefined (expected a bool, found a number)");
    check("$body.s", "$body.s = \"5\" (a condition that is a string is never true)");
    check("$body.n = '5'", "$body.n = '5' = false (compares a number with a string)");
    check("$body.n != null", "");
    check("level = 'critical'", "level = 'critical' = false (they differ only by case, and case matters)");
    check("n > '80'", "n > '80' = true (compared as strings, digit by digit, not as numbers)");
    check("n > '8'", "");
    check("e5 = e5", "e5 = undefined (this literal has no value)");
    check("null and none = 'x'", "null and none = 'x' = null (a condition that is null is never true)");
}

#[test]
fn long_texts_are_cut_between_characters() {
    let long = "😀".repeat(1000);
    let value = PartValue::Text(Excerpt::of(&format!("a{long}").encode_utf16().collect::<Vec<u16>>()));
    let PartValue::Text(excerpt) = value else { unreachable!() };
    assert_eq!((excerpt.length(), excerpt.is_cut(), excerpt.text().chars().count()), (2001, true, 128));
    assert!(!excerpt.text().contains('\u{FFFD}'));
}

/// Strings built by nested calls around a long body value must not all be kept in full: explaining a nest of calls on a
/// body of 100 KB stays small.
#[test]
fn an_explanation_does_not_grow_with_the_texts_it_is_about() {
    let nested = format!("{}$body.t{} = 'x'", "lower(".repeat(60), ")".repeat(60));
    let body = format!("{{\"t\": \"{}\"}}", "x".repeat(100_000));
    let message =
        Message::new(Origin::device("d")).properties(&[] as &Pairs).system_properties(JSON).body(body.as_bytes());
    let text = format!("FROM /* WHERE {nested} INTO $upstream");
    let mut routes = Routes::default();
    let route = Route::new("r", &text);
    routes.add(&route).unwrap();
    let explanation = explain(&routes, &message);
    let parts = explanation.routes()[0].condition().unwrap().parts();
    let kept: usize = parts
        .iter()
        .map(|part| match part.value() {
            PartValue::Text(excerpt) => excerpt.text().len(),
            _ => 0,
        })
        .sum();
    assert!(parts.len() > 60 && kept < 20_000, "{kept} bytes in {} parts", parts.len());
}

/// Covers routes with every outcome.
fn show(origin: Origin<'_>, detail: SourceDetail) -> String {
    let texts = [
        (
            "readings",
            "FROM /messages/modules/filter/outputs/readings WHERE as_number(t) > 80 and $body.on = true INTO $upstream",
            5,
        ),
        ("all", "FROM /messages/* INTO $upstream", 2),
        ("later", "FROM /messages/modules/filter/* INTO $upstream", 2),
        (
            "hot",
            "FROM /messages/modules/filter/* WHERE t = 'hot' INTO BrokeredEndpoint(\"/modules/alarm/inputs/hot\")",
            9,
        ),
        ("star", "FROM /messages/modules/*/outputs/readings INTO $upstream", 9),
    ];
    let mut routes = Routes::default();
    let declared = texts.map(|(name, text, priority)| {
        let priority = Priority::new(priority).unwrap();
        Route::new(name, text).with_priority(priority).with_time_to_live(TimeToLive::from_secs(60))
    });
    for route in &declared {
        routes.add(route).unwrap();
    }
    let fallback = Route::new("rest", "FROM /messages/* INTO BrokeredEndpoint(\"/modules/f/inputs/i\")");
    routes.set_fallback(&fallback).unwrap();
    let properties: &Pairs = &[("t", Some("95"))];
    let message = Message::new(origin).properties(properties).system_properties(JSON).body(b"{\"on\": true}");
    explanation_text(&explain(&routes, &message), &TextStyle { source_detail: detail, ..TextStyle::default() })
}

#[test]
fn every_fate_of_a_route_is_explained() {
    assert_eq!(
        show(Origin::module("d", "filter").output("readings"), SourceDetail::Brief),
        "\
from /messages/modules/filter/outputs/readings
  goes to $upstream by `all` (priority 2, kept 60 s), ahead of `later`, `readings`

`readings` to $upstream: also takes it, but `all` delivers: priority 2 takes precedence over priority 5
  | FROM /messages/modules/filter/outputs/readings WHERE as_number(t) > 80 and $body.on = true
  |                                                                - \"95\"      -------- true
  |                                                      ------------ 95       --------------- true
  |                                                      ----------------- true
  |                                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ true

`hot` to /modules/alarm/inputs/hot: the condition is false
  | FROM /messages/modules/filter/* WHERE t = 'hot' INTO BrokeredEndpoint(\"/modules/alarm/inputs/hot\")
  |                                       - \"95\"
  |                                       ^^^^^^^^^ false

`all` to $upstream: delivers
`later` to $upstream: also takes it, but `all` delivers: same priority, declared first
`star` to $upstream: source does not match: the message has `filter` where the route has `*`; a `*` that is not at the end matches only itself
`rest` (fallback) to /modules/f/inputs/i: not needed: other routes deliver
"
    );
}

#[test]
fn a_source_that_differs_is_marked_where_it_does() {
    let shown = show(Origin::twin_change("d"), SourceDetail::Full);
    assert!(
        shown.starts_with(
            "\
from /twinChangeNotifications
  goes nowhere

`readings` to $upstream: source does not match: the message has `twinChangeNotifications` where the route has `messages`
  | FROM /messages/modules/filter/outputs/readings WHERE as_number(t) > 80 and $body.on = true
  |       ^^^^^^^^ `twinChangeNotifications` in the source of the message
"
        ),
        "{shown}"
    );
    assert!(
        shown.ends_with("\n`rest` (fallback) to /modules/f/inputs/i: takes only messages from /messages/\n"),
        "{shown}"
    );
}

#[test]
fn a_segment_is_found_in_the_routes_text_or_the_whole_source_is_meant() {
    let span = |text: &str| {
        let mut routes = Routes::default();
        let route = Route::new("r", text);
        routes.add(&route).unwrap();
        let explanation = explain(&routes, &Message::new(Origin::module("d", "m")));
        explanation.routes()[0].mismatch_span().map(|span| span.slice(text).to_owned())
    };
    assert_eq!(span("FROM /messages/modules/x INTO $upstream").as_deref(), Some("x"));
    assert_eq!(span("FROM /messages /modules/x INTO $upstream").as_deref(), Some("/messages /modules/x"));
    assert_eq!(span("FROM /messages/modules/m/outputs/* INTO $upstream").as_deref(), Some("outputs"));
    assert_eq!(span("FROM /messages/modules/M INTO $upstream"), None);
}

#[test]
fn coverage_keeps_no_more_than_asked_for() {
    let mut routes = Routes::default();
    let never = Route::new("never", "FROM /messages/modules/m/* WHERE t = '1' INTO $upstream");
    routes.add(&never).unwrap();
    let mut coverage = Coverage::new(&routes, 3).unwrap();
    for number in 0..5000 {
        let module = format!("module-{}", number / 2);
        coverage.add(number, &Message::new(Origin::module("d", &module)));
    }
    assert_eq!((coverage.messages(), coverage.nowhere(), coverage.lost().len()), (5000, 5000, 3));
    let by_source = coverage.lost_by_source();
    assert_eq!((by_source.len(), by_source[0]), (1000, ("/messages/modules/module-0", 2)));
    assert_eq!(coverage.of_other_sources(), 3000);
    assert_eq!(coverage.routes()[0].unmatched().unwrap().other_source(), 5000);
}

#[test]
fn coverage_explains_why_a_route_takes_nothing_and_that_another_takes_precedence() {
    let mut routes = Routes::default();
    let first = Route::new("first", "FROM /messages/* WHERE t = '1' INTO $upstream what follows is ignored");
    routes.add(&first).unwrap();
    let second = Route::new("second", "FROM /messages/* WHERE t != '2' INTO $upstream");
    routes.add(&second).unwrap();
    let body = Route::new("body", "FROM /messages/* WHERE $body.t = 1 INTO $upstream");
    routes.add(&body).unwrap();
    let mut coverage = Coverage::new(&routes, 3).unwrap();
    for (number, value) in ["1", "1", "2"].into_iter().enumerate() {
        coverage.add(number + 1, &Message::new(Origin::device("d")).properties(&[("t", value)]));
    }
    let counts: Vec<(u64, u64)> = coverage.routes().iter().map(|route| (route.matched(), route.delivered())).collect();
    assert_eq!(counts, [(2, 2), (2, 0), (0, 0)]);
    let unmatched = coverage.routes()[2].unmatched().unwrap();
    let (message, note) = unmatched.example().unwrap();
    assert_eq!((unmatched.undefined(), message, note.code()), (3, 1, "content-type"));
    let lost = &coverage.lost()[0];
    let why: Vec<&str> = lost.why().iter().map(LostWhy::route).collect();
    assert_eq!((lost.message(), why), (3, vec!["body", "first", "second"]));
}

#[test]
fn every_code_of_a_note_is_documented() {
    let page = include_str!("../../../../docs/testing.md");
    let documented: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")?.1.split_once(" | ").map(|_| line))
        .filter_map(|line| line.split('`').nth(1))
        .collect();
    let source = include_str!("note.rs");
    let codes = source.split("const fn code(&self)").nth(1).unwrap().split("\n    }\n").next().unwrap();
    let codes: Vec<&str> = codes.split('"').skip(1).step_by(2).collect();
    assert!(codes.len() > 15, "{codes:?}");
    for code in codes {
        assert!(documented.contains(&code), "{code}");
    }
}
