//! Checks the grammar files against the measured behaviour of the reference, so that they describe its language.

use edgeroute_lang::syntax::{Lexer, TokenKind};
use serde_json::Value;

use super::sentences::{Judge, language};
use super::token_rules::{assert_lexed_by_the_rules, rule_of};

/// The rows of a file of conformance vectors.
fn rows(file: &str) -> Vec<Value> {
    let path = edgeroute_testkit::repository().join("tests/conformance").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect()
}

fn text<'r>(row: &'r Value, key: &str) -> Option<&'r str> {
    row.get(key).and_then(Value::as_str)
}

/// The rules of a text's tokens, by the lexer. The first test here checks it against the rules on these texts.
fn tokens(text: &str) -> Vec<String> {
    Lexer::new(text).map(|token| token.kind).filter(|&kind| kind != TokenKind::Eof).map(rule_of).collect()
}

fn judged(text: &str, judge: impl Fn(&[&str]) -> bool) -> bool {
    judge(&tokens(text).iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn texts_of_the_vectors_are_cut_as_the_rules_say() {
    let grammar = language();
    for file in ["conditions.jsonl", "targeted.jsonl", "routes.jsonl", "reference_suite.jsonl"] {
        for row in rows(file) {
            for key in ["condition", "route"] {
                if let Some(text) = text(&row, key) {
                    assert_lexed_by_the_rules(&grammar, text);
                }
            }
        }
    }
}

/// The language contains all conditions that the reference compiles, and none that it rejects for a syntax error.
#[test]
fn the_grammar_accepts_the_conditions_that_the_reference_accepts() {
    let grammar = language();
    let judge = Judge::new(&grammar);
    let mut rows_judged = [0; 2];
    for file in ["conditions.jsonl", "targeted.jsonl"] {
        for row in rows(file) {
            let condition = text(&row, "condition").expect("a condition");
            let is_good = row.get("rejected").is_none();
            let is_syntax = row["rejected"]["errors"].as_array().is_some_and(|errors| {
                let message = |error: &Value| error["message"].as_str().unwrap_or_default().to_owned();
                errors.iter().map(message).any(|message| message.starts_with("Syntax error"))
            });
            if is_good || is_syntax {
                assert_eq!(judged(condition, |tokens| judge.accepts_condition(tokens)), is_good, "{condition}");
                rows_judged[usize::from(is_good)] += 1;
            }
        }
    }
    assert!(rows_judged[0] > 200 && rows_judged[1] > 3_000, "{rows_judged:?}");
}

/// The reference's parser of routes leaves some errors of a condition to the compilation of the condition. It rejects a
/// sink for its name or address without a position; that is outside the grammar.
#[test]
fn the_grammar_accepts_the_routes_that_the_reference_parses() {
    let grammar = language();
    let judge = Judge::new(&grammar);
    let mut rows_judged = [0; 2];
    for row in rows("routes.jsonl") {
        let route = text(&row, "route").expect("a route");
        let accepts = judged(route, |tokens| judge.accepts_route(tokens));
        if let Some(parsed) = row.get("parsed") {
            let compiles = text(parsed, "condition")
                .is_none_or(|condition| judged(condition, |tokens| judge.accepts_condition(tokens)));
            assert_eq!(accepts, compiles, "{route}");
            rows_judged[1] += 1;
        } else if row["rejected"]["errors"].as_array().is_some_and(|errors| !errors.is_empty()) {
            assert!(!accepts, "{route}");
            rows_judged[0] += 1;
        }
    }
    assert!(rows_judged[0] > 100 && rows_judged[1] > 700, "{rows_judged:?}");
}
