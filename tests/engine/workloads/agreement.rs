//! Checks that every contender agrees with a plain evaluation of the typed routes, and so with all others.

use std::collections::BTreeMap;

use super::{messages, small_workloads};
use edgeroute_testkit::competitors::{Interpreter, ResolvedTable, Table, table};
use edgeroute_testkit::harness::{Contender, Linear, wrong_answers};
use edgeroute_testkit::workloads::condition::{Condition, Key, Test};
use edgeroute_testkit::workloads::route::Source;
use edgeroute_testkit::workloads::{Outcome, WorkMessage, WorkRoute};

/// Kleene's three values: `None` is undefined.
fn evaluate(condition: &Condition, message: &WorkMessage) -> Option<bool> {
    match condition {
        Condition::Test(key, test) => {
            let value = value(message, key)?;
            let number = || value.parse::<i64>().ok();
            Some(match test {
                Test::Equals(text) => value == text,
                Test::OneOf(texts) => texts.iter().any(|text| text == value),
                Test::StartsWith(prefix) => value.starts_with(prefix.as_str()),
                Test::Within(low, high) => (i64::from(*low)..i64::from(*high)).contains(&number()?),
                Test::Above(bound) => number()? > i64::from(*bound),
                Test::Below(bound) => number()? < i64::from(*bound),
            })
        }
        Condition::Differs(key, text) => Some(value(message, key)? != text),
        Condition::Not(condition) => evaluate(condition, message).map(|value| !value),
        Condition::All(conditions) => decide(conditions, message, false),
        Condition::Any(conditions) => decide(conditions, message, true),
    }
}

/// Returns `decisive` if any condition has this value, else undefined if any is, else the opposite.
fn decide(conditions: &[Condition], message: &WorkMessage, decisive: bool) -> Option<bool> {
    let values: Vec<_> = conditions.iter().map(|condition| evaluate(condition, message)).collect();
    if values.contains(&Some(decisive)) {
        Some(decisive)
    } else if values.contains(&None) {
        None
    } else {
        Some(!decisive)
    }
}

fn value<'m>(message: &'m WorkMessage, key: &Key) -> Option<&'m str> {
    let (name, pairs) = match key {
        Key::Application(name) => (name, &message.properties),
        Key::System(name) => (name, &message.system_properties),
    };
    pairs.iter().find_map(|(candidate, value)| (candidate == name).then_some(value.as_str()))
}

/// The routes that deliver, in ascending order.
fn deliveries(routes: &[WorkRoute], message: &WorkMessage) -> Vec<usize> {
    let mut best = BTreeMap::new();
    for (index, route) in routes.iter().enumerate() {
        let from_here = match &route.source {
            Source::Any => true,
            Source::Module(module) => *module == message.module,
            Source::Output { module, output } => *module == message.module && *output == message.output,
        };
        let takes = route.condition.as_ref().is_none_or(|condition| evaluate(condition, message) == Some(true));
        if from_here && takes {
            let candidate = (route.priority.unwrap_or(10), index);
            let winner = best.entry(route.endpoint.to_string()).or_insert(candidate);
            *winner = candidate.min(*winner);
        }
    }
    let mut routes: Vec<_> = best.into_values().map(|(_, index)| index).collect();
    routes.sort_unstable();
    routes
}

#[test]
fn every_contender_agrees_with_plain_evaluation() {
    for workload in small_workloads() {
        let routes = &workload.routes;
        let texts: Vec<_> = routes.iter().map(ToString::to_string).collect();
        for outcome in [Outcome::Mixed, Outcome::Miss, Outcome::Foreign] {
            let messages = messages(&workload, outcome, 60);
            let expected: Vec<_> = messages.iter().map(|message| deliveries(routes, message)).collect();
            let mut linear = Linear::new(routes);
            linear.load(&messages);
            assert_eq!(wrong_answers(&mut linear, &expected), 0, "{:?}, {outcome:?}", workload.kind);
            let compiled = table::build(routes, &texts).expect("every text compiles");
            let mut asked_by_text = Table::new(compiled.clone());
            asked_by_text.load(&messages);
            assert_eq!(wrong_answers(&mut asked_by_text, &expected), 0, "{:?}, {outcome:?}", workload.kind);
            let mut asked_by_key = ResolvedTable::new(compiled);
            asked_by_key.load(&messages);
            assert_eq!(wrong_answers(&mut asked_by_key, &expected), 0, "{:?}, {outcome:?}", workload.kind);
            let mut interpreter = Interpreter::new(routes, &texts).expect("every text compiles");
            interpreter.load(&messages);
            // Without optimization, some messages take tens of milliseconds.
            assert_eq!(wrong_answers(&mut interpreter, &expected[..5]), 0, "{:?}, {outcome:?}", workload.kind);
        }
    }
}

#[test]
fn a_wrong_answer_is_noticed() {
    let workload = &small_workloads()[0];
    let messages = messages(workload, Outcome::Mixed, 20);
    let mut linear = Linear::new(&workload.routes);
    let mut expected: Vec<_> = messages.iter().map(|message| linear.expected(message)).collect();
    expected[3].push(workload.routes.len());
    linear.load(&messages);
    assert_eq!(wrong_answers(&mut linear, &expected), 1);
}
