//! Checks that the tests named in `grammar/DEVIATIONS.md` exist. Contains the tests of deviations that belong to no
//! single module.

use edgeroute::RouteTable;
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{CheckOptions, Shadowing, TypedRoute, check};
use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, Origin};
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::route::Route;
use edgeroute_lang::syntax::parse_condition;

use crate::files;

#[test]
fn every_deviation_is_complete_and_names_a_test_that_exists() {
    let code: String = files::sources().map(|(_, text)| text).collect();
    let document = edgeroute_testkit::read("grammar/DEVIATIONS.md");
    let deviations: Vec<&str> = document.split("\n### ").skip(1).collect();
    assert!(deviations.len() > 10);
    for deviation in deviations {
        let id = deviation.lines().next().unwrap();
        for part in ["Reference", "edgeroute", "Why"] {
            assert!(deviation.contains(&format!("\n- **{part}**: ")), "{id} does not say: {part}");
        }
        let test = deviation.split("- **Test**: `").nth(1).and_then(|rest| rest.split('`').next());
        let test = test.unwrap_or_else(|| panic!("{id} names no test"));
        assert!(code.contains(&format!("fn {test}()")), "{id} names the test {test}, which does not exist");
    }
}

/// The verdict of a condition on a message with this body, in JSON and UTF-8, and the property `text`.
fn says(condition: &str, text: &str, body: &str) -> Verdict {
    let limits = Limits::default();
    let parsed = parse_condition(condition, &limits);
    assert_eq!(parsed.errors, []);
    let condition = check(&parsed.tree, &CheckOptions::default()).unwrap();
    let properties = [("text", text)];
    let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
    let message =
        Message::new(Origin::device("leaf")).properties(&properties).system_properties(&system).body(body.as_bytes());
    verdict(&condition, &ResolvedMessage::lenient(&message, &limits))
}

#[test]
fn nesting_over_the_limit_is_refused() {
    let limits = Limits::default();
    let nested = |depth: usize| format!("FROM /* WHERE {}true{} INTO $upstream", "(".repeat(depth), ")".repeat(depth));
    let codes = |depth| {
        let text = nested(depth);
        let errors = TypedRoute::compile(&text, Shadowing::default(), &limits).err().unwrap_or_default();
        errors.into_iter().map(|error| error.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(limits.nesting), []);
    assert_eq!(codes(limits.nesting + 1), [Code::NestingTooDeep]);
    assert_eq!(codes(100_000), [Code::NestingTooDeep]);
}

#[test]
fn large_exponents_are_weighed_with_the_digits() {
    let tiny = format!("0.{}1e1101", "0".repeat(1100));
    assert_eq!(says("as_number(text) = 1", &tiny, ""), Verdict::True);
    let huge = format!("1{}e-1500", "0".repeat(1500));
    assert_eq!(says("as_number(text) = 1", &huge, ""), Verdict::True);
}

#[test]
fn body_integers_of_any_length_are_rounded_correctly() {
    assert_eq!(says("$body.n = 12345678901234560000", "", r#"{"n": 12345678901234567890}"#), Verdict::False);
    assert_eq!(says("$body.n = 12345678901234567890.0", "", r#"{"n": 12345678901234567890}"#), Verdict::True);
    let long = format!(r#"{{"n": 1{}}}"#, "0".repeat(400));
    assert_eq!(says("$body.n = 1e400", "", &long), Verdict::True);
}

#[test]
fn a_body_that_is_not_strict_json_is_unreadable() {
    assert_eq!(says("$body.a = 1", "", r#"{"a": 1}"#), Verdict::True);
    for lenient in
        ["{a: 1}", "{'a': 1}", r#"{"a": 1,}"#, r#"{"a": 01}"#, r#"{/**/"a": 1}"#, "{\"a\": 1, \"b\": \"\t\"}"]
    {
        assert_eq!(says("$body.a = 1", "", lenient), Verdict::Undefined, "{lenient}");
    }
}

#[test]
fn date_function_strings_take_four_digit_offsets_only() {
    let is_text = |text: &str| says("is_string($body.t)", "", &format!(r#"{{"t": "{text}"}}"#)) == Verdict::True;
    for date in ["/Date(0)/", "/Date(-1)/", "/Date(5+0100)/", "/Date(5-2359)/"] {
        assert!(!is_text(date), "{date}");
    }
    for text in ["/Date(5+01)/", "/Date(5+01000)/", "/Date(5+1:00)/", "/Date()/"] {
        assert!(is_text(text), "{text}");
    }
}

#[test]
fn the_last_midnight_is_a_date() {
    assert_eq!(says("is_string($body.t)", "", r#"{"t": "9999-12-31T24:00:00"}"#), Verdict::False);
    assert_eq!(says("is_string($body.t)", "", r#"{"t": "9999-12-31T24:00:01"}"#), Verdict::True);
}

#[test]
fn first_declared_route_wins_a_tie() {
    let seconds = TimeToLive::from_secs;
    let text = "FROM /messages/* INTO $upstream";
    let table = RouteTable::builder()
        .add(Route::new("low", text).with_priority(Priority::LOWEST).with_time_to_live(seconds(1)))
        .add(Route::new("first", text).with_priority(Priority::HIGHEST).with_time_to_live(seconds(20)))
        .add(Route::new("second", text).with_priority(Priority::HIGHEST).with_time_to_live(seconds(3)))
        .build()
        .unwrap();
    let deliveries = table.route(&Message::new(Origin::device("leaf")));
    let shown: Vec<_> = deliveries.iter().map(|delivery| (delivery.route(), delivery.time_to_live())).collect();
    assert_eq!(shown, [("first", seconds(20))]);
}

#[test]
fn of_names_that_differ_by_case_the_first_in_order_counts() {
    let route = "FROM /messages/* WHERE level = 'first' and $cid = 'first' INTO $upstream";
    let table = RouteTable::builder().route("first", route).build().unwrap();
    let mut scratch = table.create_scratch();
    // `LEVEL` sorts before `Level` before `level`, `CID` before `cid`.
    let names = [("LEVEL", "first"), ("level", "third"), ("Level", "second")];
    for shift in 0..3 {
        let mut properties = names;
        properties.rotate_left(shift);
        let mut system = [("CID", "first"), ("cid", "second")];
        system.rotate_left(shift % 2);
        let message = Message::new(Origin::device("leaf")).properties(&properties).system_properties(&system);
        assert!(table.is_match_with(&mut scratch, &message), "{properties:?}");
        assert!(ResolvedMessage::new(&message, &Limits::default()).is_err());
    }
}
