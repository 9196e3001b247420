use super::*;
use crate::hir::{CheckOptions, Shadowing, check};
use crate::limits::Limits;
use crate::message::Origin;
use crate::syntax::parse_condition;

type Pairs = [(&'static str, Option<&'static str>)];

const READABLE: &Pairs = &[("contentType", Some("application/json")), ("contentEncoding", Some("utf-8"))];

fn resolve<'m>(
    message: &Message<'m, impl Properties + ?Sized, impl Properties + ?Sized>,
) -> Result<ResolvedMessage<'m>, InvalidMessage> {
    ResolvedMessage::new(message, &Limits::default())
}

fn with_condition<R>(text: &str, options: CheckOptions, use_it: impl Fn(&Condition<'_>) -> R) -> R {
    let parsed = parse_condition(text, &Limits::default());
    assert_eq!(parsed.errors, [], "{text}");
    let condition = check(&parsed.tree, &options).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    use_it(&condition)
}

/// Returns the verdict, which every way of computing it must agree on.
fn verdict_on(text: &str, facts: &ResolvedMessage<'_>, options: CheckOptions) -> Verdict {
    with_condition(text, options, |condition| {
        let found = verdict(condition, facts);
        assert_eq!(evaluate(condition, facts).verdict(), found, "{text}");
        assert_eq!(verdict(&crate::hir::fold(condition), facts), found, "{text}, folded");
        found
    })
}

/// Returns the verdicts for a message with these properties and this JSON body.
fn on(properties: &Pairs, body: &str, cases: &[(&str, Verdict)]) {
    let message =
        Message::new(Origin::device("d")).properties(properties).system_properties(READABLE).body(body.as_bytes());
    let facts = resolve(&message).unwrap();
    for (text, expected) in cases {
        assert_eq!(verdict_on(text, &facts, CheckOptions::default()), *expected, "{text}");
    }
}

use Verdict::{False, True, Undefined};

#[test]
fn the_type_of_the_whole_decides_what_can_be_true() {
    on(
        &[("t", Some("true"))],
        r#"{"t": true, "f": false, "n": 1, "s": "true", "u": null}"#,
        &[
            ("true", True),
            ("false", False),
            ("null", False),
            ("null and true", False),
            ("undefined", Undefined),
            ("", Undefined),
            ("t", Undefined),
            ("1", Undefined),
            ("$body.t", True),
            ("$body.f", False),
            ("$body.n", Undefined),
            ("$body.s", Undefined),
            ("$body.u", Undefined),
            ("$body.none", Undefined),
        ],
    );
}

#[test]
fn verdicts_are_written_as_the_literals_are() {
    assert_eq!([True, False, Undefined].map(|verdict| verdict.to_string()), ["true", "false", "undefined"]);
}

#[test]
fn numbers_are_computed_from_what_is_read() {
    on(
        &[("n", Some("5")), ("word", Some("abc"))],
        r#"{"n": 5}"#,
        &[
            ("as_number(n) / 2 = 2.5", True),
            ("$body.n / 2 = 2.5", True),
            ("as_number(n) % 2 = 1", True),
            ("- as_number(n) = -5", True),
            ("index_of(word, 'c') = 2", True),
            ("index_of(word, '') = 0", True),
            ("index_of(word, 'z') = -1", True),
        ],
    );
}

#[test]
fn properties_are_found_in_any_case() {
    on(
        &[("Größe", Some("5")), ("ΣΑΣ", Some("x"))],
        "{}",
        &[
            ("gRÖßE = '5'", True),
            ("σας = 'x'", True),
            ("{$ContentType} = 'application/json'", True),
            ("$CONTENTTYPE = 'application/json'", True),
            ("$größe = '5'", Undefined),
            ("größ = '5'", Undefined),
        ],
    );
}

#[test]
fn application_property_shadows_system_property_but_not_in_braces() {
    on(
        &[("$contentType", Some("mine")), ("$messageId", None)],
        "{}",
        &[
            ("$contentType = 'mine'", True),
            ("{$contentType} = 'application/json'", True),
            ("is_null($messageId)", True),
            ("is_defined({$messageId})", False),
        ],
    );
}

#[test]
fn stamps_win_over_properties_of_their_name() {
    let forged = [("$connectionDeviceId", "other"), ("$inputName", "in")];
    let message = Message::new(Origin::module("d", "m").output("o")).properties(&forged);
    let facts = resolve(&message).unwrap();
    let reference = CheckOptions { shadowing: Shadowing::Reference, ..CheckOptions::default() };
    for (text, ours, theirs) in [
        ("$connectionDeviceId = 'd'", True, False),
        ("$CONNECTIONDEVICEID = 'other'", False, True),
        ("{$connectionDeviceId} = 'd'", True, True),
        ("$connectionModuleId = 'm'", True, True),
        ("$outputName = 'o'", True, True),
        ("is_defined($inputName)", False, True),
    ] {
        assert_eq!(verdict_on(text, &facts, CheckOptions::default()), ours, "{text}");
        assert_eq!(verdict_on(text, &facts, reference), theirs, "{text}");
    }
}

#[test]
fn an_application_property_shadows_a_body_query_without_brackets() {
    on(
        &[("$body.a", Some("mine")), ("$BODY.B", None), ("$body.c[0]", Some("x"))],
        r#"{"a": 1, "b": 2, "c": [3]}"#,
        &[
            ("$body.a = 'mine'", True),
            ("{$body.a} = 1", True),
            // A null property is a string below every other string.
            ("$body.b < ''", True),
            ("$body.b > 1000", True),
            ("is_string($body.b)", False),
            ("is_null($body.b)", True),
            ("$body.c[0] = 3", True),
        ],
    );
}

#[test]
fn a_missing_body_path_is_a_null_that_is_null_denies() {
    on(
        &[],
        r#"{"u": null, "o": {}, "l": [1]}"#,
        &[
            ("$body.none = null", True),
            ("$body.u = null", True),
            ("$body.none = $body.u", True),
            ("is_defined($body.none)", True),
            ("is_null($body.none)", False),
            ("is_null($body.u)", True),
            ("is_null(null ?? $body.none)", True),
            ("$body.l[7] = null", True),
            ("$body.o = null", Undefined),
            ("is_defined($body.l)", False),
            ("$body.none ?? true", Undefined),
            ("$body.o ?? true", True),
        ],
    );
}

#[test]
fn body_values_compare_by_kind() {
    on(
        &[],
        r#"{"n": 5, "t": true, "s": "a", "d": "2017-03-09T00:30:00Z"}"#,
        &[
            ("$body.n = 5", True),
            ("$body.n = '5'", False),
            ("$body.n != '5'", True),
            ("$body.t < $body.n", True),
            ("$body.n < $body.s", True),
            ("$body.s < null", True),
            ("$body.n = missing", Undefined),
            ("$body.d = '2017-03-09T00:30:00Z'", Undefined),
        ],
    );
}

#[test]
fn a_number_that_becomes_a_value_is_undefined_if_nan_and_a_value_that_is_nan_is_defined() {
    on(
        &[],
        r#"{"i": 1e400}"#,
        &[
            ("$body.i - $body.i = $body.i - $body.i", True),
            ("$body.i - $body.i < -1e400", True),
            ("is_defined($body.i - $body.i)", True),
            ("is_number($body.i - $body.i)", False),
            ("is_null($body.i - $body.i)", True),
            ("abs($body.i - $body.i) = 1", Undefined),
            ("power($body.i - $body.i, 0) = 1", True),
            ("1e400 - 1e400 = $body.i", Undefined),
            ("is_defined(as_number($body.i - $body.i))", False),
            ("(1e400 - 1e400 ?? $body.i) > 0", True),
        ],
    );
}

#[test]
fn an_unreadable_body_makes_queries_undefined() {
    let body = br#"{"a": null}"#;
    let readable = |system: &Pairs, body: &[u8]| {
        let message = Message::new(Origin::device("d")).system_properties(system).body(body);
        verdict_on("$body.a = null", &resolve(&message).unwrap(), CheckOptions::default()) == True
    };
    assert!(readable(READABLE, body));
    assert!(readable(&[("CONTENTTYPE", Some("Application/JSON")), ("contentEncoding", Some("UTF-8"))], body));
    assert!(!readable(READABLE, b"{"));
    assert!(!readable(READABLE, b"[]"));
    assert!(!readable(&READABLE[..1], body));
    assert!(!readable(&READABLE[1..], body));
    assert!(!readable(&[("contentType", None), ("contentEncoding", Some("utf-8"))], body));
    let charset = [("contentType", Some("application/json; charset=utf-8")), ("contentEncoding", Some("utf-8"))];
    assert!(!readable(&charset, body));
    assert!(!readable(&[("contentType", Some("application/json")), ("contentEncoding", Some("latin1"))], body));
}

#[test]
fn twin_change_includes_works_in_twin_routes() {
    let options = CheckOptions { twin_functions: crate::hir::TwinFunctions::Known, ..CheckOptions::default() };
    let body = br#"{"tags": {"a": null, "o": {}, "Case": 1}, "properties": {"reported": {"x": 5}}}"#;
    let message = Message::new(Origin::twin_change("d")).system_properties(READABLE).body(body);
    let facts = resolve(&message).unwrap();
    for (text, expected) in [
        ("twin_change_includes(tags.a)", True),
        ("twin_change_includes(tags.o)", True),
        ("twin_change_includes(tags.case)", False),
        ("twin_change_includes(properties.reported.x)", True),
        ("twin_change_includes(properties.desired.x)", False),
    ] {
        assert_eq!(verdict_on(text, &facts, options), expected, "{text}");
    }
    let unreadable = Message::new(Origin::twin_change("d")).body(body);
    assert_eq!(verdict_on("twin_change_includes(tags.a)", &resolve(&unreadable).unwrap(), options), Undefined);
}

#[test]
fn two_properties_that_differ_by_case_make_an_invalid_message() {
    let properties = [("level", "low"), ("LEVEL", "high"), ("Level", "mid")];
    let message = Message::new(Origin::device("d")).properties(&properties);
    let error = resolve(&message).unwrap_err();
    assert_eq!(error.to_string(), "the message has two properties named `LEVEL`, which is compared ignoring case");
    assert_eq!(ResolvedMessage::lenient(&message, &Limits::default()).property("level"), Presence::Text("high"));
    let system = [("cid", "1"), ("CID", "2")];
    assert!(resolve(&Message::new(Origin::device("d")).system_properties(&system)).is_err());
    // The same name may be in both sets.
    let both = [("cid", "1")];
    assert!(resolve(&Message::new(Origin::device("d")).properties(&both).system_properties(&both)).is_ok());
}

#[test]
fn values_of_nodes_can_be_looked_at() {
    let properties = [("level", "high")];
    let facts = resolve(&Message::new(Origin::device("d")).properties(&properties)).unwrap();
    with_condition("level = 'high' and site = 'x'", CheckOptions::default(), |condition| {
        let evaluation = evaluate(condition, &facts);
        let values: Vec<&Value> = condition.nodes().map(|(id, _)| evaluation.value(id)).collect();
        let (high, x) = (&Value::text("high"), &Value::text("x"));
        assert_eq!(
            values,
            [high, high, &Value::Bool(true), &Value::Undefined, x, &Value::Undefined, &Value::Undefined]
        );
        assert_eq!(evaluation.verdict(), Undefined);
    });
}

mod folding {
    use proptest::prelude::*;

    use super::*;

    /// Generates conditions of every type, most of them well typed, with constants that reach the edge cases of every
    /// operation.
    fn expression() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            4 => prop::sample::select(vec!["a", "b", "$body.n", "$body.t", "$body.s", "$body.none", "$body.u", "$body.o"]),
            3 => prop::sample::select(vec!["''", "'a'", "'5'", r"'\ud83d'", "'true'"]),
            3 => prop::sample::select(vec!["0", "-0", "1", "2.5", "-1e400", "1e400", "0x10"]),
            3 => prop::sample::select(vec!["true", "false", "null", "undefined"]),
        ]
        .prop_map(str::to_owned);
        leaf.prop_recursive(4, 24, 3, |inner| {
            let binary = prop::sample::select(vec![
                "+", "-", "*", "/", "%", "||", "<", "<=", ">", ">=", "=", "!=", "and", "or", "??",
            ]);
            let unary = prop::sample::select(vec![
                "not ", "- ", "abs", "as_number", "ceiling", "exp", "floor", "is_bool", "is_defined", "is_null",
                "is_number", "is_string", "length", "lower", "sign", "sqrt", "square", "upper",
            ]);
            let call =
                prop::sample::select(vec!["power", "contains", "starts_with", "ends_with", "index_of", "substring"]);
            prop_oneof![
                6 => (binary, inner.clone(), inner.clone()).prop_map(|(operator, a, b)| format!("({a} {operator} {b})")),
                2 => (unary, inner.clone()).prop_map(|(function, a)| format!("{function}({a})")),
                1 => (call, inner.clone(), inner).prop_map(|(function, a, b)| format!("{function}({a}, {b})")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

        #[test]
        fn folding_never_changes_a_verdict(text in expression()) {
            let parsed = parse_condition(&text, &Limits::default());
            prop_assert!(parsed.errors.is_empty(), "{}: {:?}", text, parsed.errors);
            let Ok(condition) = check(&parsed.tree, &CheckOptions::default()) else {
                return Err(TestCaseError::reject("not well typed"));
            };
            let folded = crate::hir::fold(&condition);
            prop_assert!(folded.nodes().len() <= condition.nodes().len());
            prop_assert_eq!(folded.type_of(folded.root()), condition.type_of(condition.root()));
            prop_assert_eq!(&crate::hir::fold(&folded), &folded);
            let messages: [(&Pairs, &str); 3] = [
                (&[("a", Some("a")), ("b", None)], r#"{"n": 5, "t": true, "s": "5", "u": null, "o": {}}"#),
                (&[("a", Some("5")), ("$body.n", None)], r#"{"n": -0.0, "t": false, "s": "", "u": null, "o": []}"#),
                (&[], "not JSON"),
            ];
            for (properties, body) in messages {
                let message = Message::new(Origin::device("d")).properties(properties);
                let message = message.system_properties(READABLE).body(body.as_bytes());
                let facts = ResolvedMessage::lenient(&message, &Limits::default());
                let root = |condition: &Condition<'_>| {
                    let evaluation = evaluate(condition, &facts);
                    (evaluation.verdict(), format!("{:?}", evaluation.value(condition.root())))
                };
                prop_assert_eq!(root(&folded), root(&condition));
            }
        }
    }
}
