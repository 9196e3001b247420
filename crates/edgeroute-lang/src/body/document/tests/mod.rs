//! Tests of whole bodies.

mod paths;
mod reading;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::body::path::BodyPath;

const DEPTH: usize = 64;

fn read(body: &str) -> Document {
    Document::read(body.as_bytes(), Encoding::Utf8, DEPTH).unwrap_or_else(|error| panic!("{body}: {error}"))
}

#[track_caller]
fn check(document: &Document, path: &str, expected: Found<'_>) {
    let path = BodyPath::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(document.select(&path), expected, "{path}");
}

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no NaN", |number| number.is_finite()).prop_map(Value::from),
        "[a\"\\\\/\u{7}\n\u{E9}\u{1D4B3}\u{FFFF}]{0,6}".prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("[ab\"\u{E9}]{0,2}", inner, 0..5)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

#[test]
fn each_kind_of_result_has_a_value_and_a_presence() {
    let table = [
        (Found::Missing, BodyValue::Null, Some(false)),
        (Found::Null, BodyValue::Null, Some(true)),
        (Found::Bool(false), BodyValue::Bool(false), Some(true)),
        (Found::Number(0.0), BodyValue::Number(0.0), Some(true)),
        (Found::Text(""), BodyValue::Text(""), Some(true)),
        (Found::Date, BodyValue::Undefined, Some(true)),
        (Found::Array, BodyValue::Undefined, Some(true)),
        (Found::Object, BodyValue::Undefined, Some(true)),
        (Found::Several, BodyValue::Undefined, Some(true)),
        (Found::Impossible, BodyValue::Undefined, None),
    ];
    for (found, value, there) in table {
        assert_eq!((found.value(), found.is_there()), (value, there), "{found:?}");
    }
}
