//! Evaluates the conditions of the conformance vectors as a whole.

use std::fs;

use serde_json::Value as Json;

use super::*;
use edgeroute_lang::hir::{CheckOptions, TwinFunctions, check, fold};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, Origin};
use edgeroute_lang::syntax::parse_condition;

/// A message of the vectors. A body that the vectors give in Base64 is empty here.
struct Vector {
    properties: Vec<(String, Option<String>)>,
    system_properties: Vec<(String, Option<String>)>,
    body: String,
}

impl Vector {
    fn read(json: &Json) -> Self {
        let pairs = |key: &str| {
            let named = json[key].as_object().into_iter().flatten();
            named.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned))).collect()
        };
        Self {
            properties: pairs("properties"),
            system_properties: pairs("systemProperties"),
            body: json["body"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

fn rows(file: &str) -> Vec<Json> {
    let path = edgeroute_testkit::repository().join("tests/conformance").join(file);
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn whole_conditions_evaluate_to_the_verdict_of_the_interpreter() {
    let limits = Limits::default();
    let messages: Vec<Vector> = rows("messages.jsonl").iter().map(Vector::read).collect();
    let mut compared = 0;
    for (row, json) in
        ["conditions.jsonl", "targeted.jsonl", "reference_suite.jsonl"].map(rows).iter().flatten().enumerate()
    {
        let Some(text) = json["condition"].as_str() else { continue };
        let parsed = parse_condition(text, &limits);
        let options = CheckOptions { twin_functions: TwinFunctions::Known, ..CheckOptions::default() };
        let Ok(condition) = check(&parsed.tree, &options) else { continue };
        let own: Vec<Vector> = json["messages"].as_array().into_iter().flatten().map(Vector::read).collect();
        // The messages of the vector itself, and a sample of all messages.
        let named = json["verdicts"].as_object().into_iter().flatten();
        let named = named.filter_map(|(index, _)| messages.get(index.parse::<usize>().ok()?));
        let some = messages.iter().skip(row % 97).step_by(97);
        let condition = fold(&condition);
        let mut expressions = Expressions::of(&condition, [condition.root()].into_iter());
        for message in own.iter().chain(named).chain(some) {
            let body = message.body.as_bytes();
            let facts = Message::new(Origin::device("device"))
                .properties(&message.properties)
                .system_properties(&message.system_properties)
                .body(body);
            let facts = ResolvedMessage::lenient(&facts, &limits);
            expressions.check(text, &condition, &facts, body);
            compared += 1;
        }
    }
    assert!(compared > 30_000, "{compared} verdicts compared");
}
