//! Strategies for messages: those that the conditions of [`crate::strategies::texts`] refer to, and arbitrary ones.

use edgeroute_lang::message::{Message, Origin};
use proptest::prelude::*;
use proptest::sample::select;

pub type Pairs = Vec<(String, Option<String>)>;

/// The parts of a message, owned.
#[derive(Clone, Debug)]
pub struct Parts {
    pub properties: Pairs,
    pub system_properties: Pairs,
    pub body: Vec<u8>,
}

impl Parts {
    pub fn message(&self) -> Message<'_, Pairs, Pairs> {
        Message::new(Origin::module("device", "module").output("output"))
            .properties(&self.properties)
            .system_properties(&self.system_properties)
            .body(&self.body)
    }
}

/// Messages whose properties and body are the ones that the typed conditions name, some of them missing or null.
pub fn fitting() -> impl Strategy<Value = Parts> {
    let value = || {
        prop::option::weighted(
            0.9,
            select(vec!["5", "b", "", "abc", " -3 ", "1e3", "É", "\u{1F600}", "true"]).prop_map(str::to_owned),
        )
    };
    let named = |names: &'static [&'static str]| {
        prop::sample::subsequence(names, 0..=names.len()).prop_flat_map(move |names| {
            let values = prop::collection::vec(value(), names.len());
            values.prop_map(move |values| names.iter().copied().map(str::to_owned).zip(values).collect::<Pairs>())
        })
    };
    (named(&["A", "b", "n", "e", "nul", "$sys", "$body.n"]), named(&["sys", "other"]), typed_as_json(), body())
        .prop_map(|(properties, mut system_properties, content, body)| {
            system_properties.extend(content);
            Parts { properties, system_properties, body: body.into_bytes() }
        })
}

/// The system properties that allow body queries to read a body, most of the time.
fn typed_as_json() -> impl Strategy<Value = Pairs> {
    let of = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
    let json = vec![of("contentType", "application/json"), of("contentEncoding", "utf-8")];
    let wrong = vec![of("contentType", "application/json"), of("contentEncoding", "utf-16")];
    prop_oneof![8 => Just(json), 1 => Just(wrong), 1 => Just(Vec::new())]
}

fn body() -> impl Strategy<Value = String> {
    let value = select(vec![
        "true",
        "false",
        "5",
        "-0",
        "1e400",
        "2.5",
        "\"b\"",
        "\"5\"",
        "\"\"",
        "null",
        "{\"x\": 1}",
        "[1, \"b\", null]",
        "\"2020-01-01T00:00:00Z\"",
        "\"\\uD800\"",
    ]);
    let members = prop::collection::vec((select(vec!["t", "f", "n", "z", "s", "u", "o", "arr", "fl"]), value), 0..9);
    let object = members.prop_map(|members| {
        let members: Vec<String> = members.into_iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
        format!("{{{}}}", members.join(", "))
    });
    prop_oneof![8 => object, 1 => Just("[1]".to_owned()), 1 => Just("{\"n\": 5".to_owned())]
}

/// Messages with arbitrary names, values and bytes.
pub fn arbitrary() -> impl Strategy<Value = Parts> {
    let pairs = || prop::collection::vec((any::<String>(), any::<Option<String>>()), 0..6);
    (pairs(), pairs(), typed_as_json(), prop::collection::vec(any::<u8>(), 0..80)).prop_map(
        |(properties, mut system_properties, content, body)| {
            system_properties.extend(content);
            Parts { properties, system_properties, body }
        },
    )
}
