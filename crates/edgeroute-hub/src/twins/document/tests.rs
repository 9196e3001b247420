use proptest::prelude::*;
use serde_json::json;

use super::*;

fn document(value: Value) -> Document {
    match value {
        Value::Object(document) => document,
        other => panic!("{other}"),
    }
}

fn merged(target: Value, patch: Value) -> Value {
    let mut target = document(target);
    merge(&mut target, document(patch));
    Value::Object(target)
}

fn refused(patch: &Value) -> String {
    let error = parse_patch(patch.to_string().as_bytes()).expect_err("it is refused");
    assert_eq!(error.status(), 400);
    error.to_string()
}

fn accepted(patch: &Value) {
    parse_patch(patch.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }))
}

#[test]
fn patches_are_merged() {
    assert_eq!(merged(json!({"a": 1}), json!({"b": 2})), json!({"a": 1, "b": 2}));
    assert_eq!(merged(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 3}})), json!({"a": {"b": 3, "c": 2}}));
    assert_eq!(merged(json!({"a": {"b": 1}}), json!({"a": 2})), json!({"a": 2}));
    assert_eq!(merged(json!({"a": 1}), json!({"a": {"b": 2}})), json!({"a": {"b": 2}}));
    assert_eq!(merged(json!({"a": [1, 2, 3]}), json!({"a": [4]})), json!({"a": [4]}));
    assert_eq!(merged(json!({"a": {}}), json!({})), json!({"a": {}}));
}

#[test]
fn null_removes() {
    assert_eq!(merged(json!({"a": 1, "b": 2}), json!({"a": null, "c": null})), json!({"b": 2}));
    assert_eq!(merged(json!({"a": {"b": 1}}), json!({"a": {"b": null}})), json!({"a": {}}));
    assert_eq!(merged(json!({}), json!({"a": {"b": null, "c": {"d": null}}})), json!({"a": {"c": {}}}));
    // The recorded patch.
    assert_eq!(merged(json!({}), json!({"a": {"b": 1}, "gone": null})), json!({"a": {"b": 1}}));
}

#[test]
fn a_difference_is_a_patch() {
    let difference = |old, new| Value::Object(difference(&document(old), &document(new)));
    assert_eq!(difference(json!({"a": 1, "b": {"c": 1}}), json!({"a": 1, "b": {"c": 1}})), json!({}));
    assert_eq!(
        difference(json!({"a": {"b": 1, "c": 2}, "d": 1}), json!({"a": {"b": 1, "e": 3}})),
        json!({"a": {"c": null, "e": 3}, "d": null})
    );
    assert_eq!(difference(json!({"a": 1}), json!({"a": {}})), json!({"a": {}}));
}

#[test]
fn limits_are_exact() {
    accepted(&nested(11));
    assert_eq!(refused(&nested(12)), "more than 10 objects and arrays are nested at `a`");
    let arrays = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    accepted(&json!({ "a": arrays(10) }));
    assert_eq!(refused(&json!({ "a": arrays(11) })), "more than 10 objects and arrays are nested at `a`");
    assert!(refused(&json!({ "a": [{ "b": arrays(9) }] })).ends_with("are nested at `b`"));
    accepted(&json!({ "n".repeat(1_024): 1 }));
    assert!(refused(&json!({ "n".repeat(1_025): 1 })).ends_with("..` has 1025 bytes, more than 1024"));
    accepted(&json!({ "a": "v".repeat(4_096) }));
    assert_eq!(refused(&json!({ "a": "v".repeat(4_097) })), "the string `a` has 4097 bytes, more than 4096");
    accepted(&json!({ "a": 4_503_599_627_370_495_i64, "b": -4_503_599_627_370_496_i64, "c": 1e300 }));
    for integer in [json!(4_503_599_627_370_496_i64), json!(-4_503_599_627_370_497_i64), json!(u64::MAX)] {
        assert!(refused(&json!({ "a": integer })).starts_with("`a` is "));
    }
    // `{"a":"..","b":"..", ..}` of exactly 32 KiB.
    let patch = |last: usize| {
        let mut patch = Document::new();
        for name in ["a", "b", "c", "d", "e", "f", "g"] {
            patch.insert(name.to_owned(), "v".repeat(4_096).into());
        }
        patch.insert("h".to_owned(), "v".repeat(last).into());
        Value::Object(patch)
    };
    let overhead = patch(0).to_string().len();
    accepted(&patch(LARGEST - overhead));
    assert_eq!(refused(&patch(LARGEST - overhead + 1)), "the properties have 32769 bytes, more than 32768");
}

#[test]
fn integers_are_exact_or_refused() {
    let text = |number: &str| format!("{{\"a\":[{{\"b\":{number}}}]}}");
    for integer in ["123456789012345678901234567890", "-9223372036854775809", "18446744073709551616"] {
        let error = parse_patch(text(integer).as_bytes()).expect_err("it is refused");
        let expected = format!("a property is {integer}, and integers go from -4503599627370496 to 4503599627370495");
        assert_eq!((error.status(), error.to_string()), (400, expected));
    }
    let error = parse_patch(text(&"9".repeat(300)).as_bytes()).expect_err("it is refused");
    assert!(error.to_string().starts_with(&format!("a property is {}.., and", "9".repeat(50))), "{error}");
    // They are not integers, but texts.
    accepted(&json!({ "a": "123456789012345678901234567890" }));
}

#[test]
fn numbers_keep_their_values() {
    let written = |number: &str| {
        let document = parse_patch(format!("{{\"a\":{number}}}").as_bytes()).expect("it is valid");
        document["a"].to_string()
    };
    for number in ["7.038531e-26", "0.1", "1e+300", "21.5", "-3", "2.2250738585072014e-308", "9007199254740993.0"] {
        let (value, expected) = (written(number).parse::<f64>(), number.parse::<f64>());
        assert_eq!(value, expected, "{number}");
    }
    assert_eq!(written("7.038531e-26"), "7.038531e-26");
    assert_eq!((written("-0").as_str(), written("-0.0").as_str(), written("[-0]").as_str()), ("0", "0", "[0]"));
}

#[test]
fn names_and_values_are_checked_everywhere() {
    for name in ["a.b", "$version", "a#", "a b", "a\tb", "a\u{7f}", "a\u{a0}b"] {
        assert!(refused(&json!({ name: 1 })).starts_with(&format!("the name `{name}` contains")), "{name}");
        assert!(refused(&json!({ "x": { name: 1 } })).starts_with("the name"), "{name}");
        assert!(refused(&json!({ "x": [{ name: 1 }] })).starts_with("the name"), "{name}");
    }
    assert_eq!(refused(&json!({ "x": [1, null] })), "the array `x` contains null");
    assert_eq!(refused(&json!({ "x": { "y": [[null]] } })), "the array `y` contains null");
    accepted(&json!({ "ä": null, "x": { "y": null }, "list": [1, [2], { "z": null }] }));
    accepted(&json!({}));
}

#[test]
fn what_is_not_a_json_object_is_refused() {
    for text in ["", " ", "[]", "1", "null", "{\"a\":1", "{\"a\":NaN}"] {
        assert_eq!(parse_patch(text.as_bytes()).expect_err("it is refused").status(), 400, "{text}");
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    assert_eq!(parse_patch(deep.as_bytes()).expect_err("it is refused").status(), 400);
}

#[test]
fn failures_have_the_body_that_node_recognises() {
    let error = parse_patch(b"[]").expect_err("it is refused");
    assert_eq!(
        String::from_utf8(error.body()).expect("it is UTF-8"),
        r#"{"errorCode":400004,"message":"the properties are not a JSON object"}"#
    );
    assert_eq!((TwinError::too_many().status(), TwinError::internal("x").status()), (429, 500));
}

fn any_document() -> impl Strategy<Value = Document> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        "[a-b]{0,1}".prop_map(Value::from)
    ];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-c]", value, 0..4).prop_map(|members| members.into_iter().collect())
}

proptest! {
    #[test]
    fn a_difference_from_a_blend_leads_from_each_document(all in prop::collection::vec(any_document(), 1..5), new in any_document()) {
        let mut blended = all[0].clone();
        for other in &all {
            blend(&mut blended, other);
        }
        let patch = difference(&blended, &new);
        for old in all {
            let mut merged = old.clone();
            merge(&mut merged, patch.clone());
            prop_assert_eq!(&merged, &new, "from {:?} by {:?}", old, patch);
        }
    }

    #[test]
    fn a_difference_leads_from_one_document_to_the_other(old in any_document(), new in any_document()) {
        let patch = difference(&old, &new);
        let mut merged = old.clone();
        merge(&mut merged, patch.clone());
        prop_assert_eq!(&merged, &new);
        // A patch that comes twice changes nothing.
        merge(&mut merged, patch);
        prop_assert_eq!(&merged, &new);
    }
}
