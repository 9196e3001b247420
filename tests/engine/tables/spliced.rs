//! Joins conditions of the conformance vectors at random and runs them on the vectors' messages: the index must agree
//! with the interpreter, and so must lints and explanations. The vectors cover constructs that the generator of
//! [`shared`](edgeroute_testkit::cases) does not.
//!
//! `EDGEROUTE_SPLICED=20000 cargo test --release --test engine spliced` makes this many tables instead of a few dozen,
//! with routes chosen by the seed `EDGEROUTE_SEED`.

use std::{env, fs};

use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::{Budgets, Limits};
use edgeroute_lang::route::Route;
use serde_json::Value;

use edgeroute_testkit::cases::{Case, MessageParts, OriginParts};

/// Pseudo-random numbers (Marsaglia, Xorshift RNGs, 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }

    fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

fn rows(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(format!("tests/conformance/{file}")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn route(condition: &str, number: usize) -> Route {
    // Not from `/messages/*`, where a comment may begin that ends within the condition.
    let text = format!("FROM /messages WHERE {condition} INTO BrokeredEndpoint('/modules/m{number}/inputs/in')");
    Route::new(format!("r{number}"), text)
}

fn compiles(route: &Route) -> bool {
    TypedRoute::compile(route.text(), Shadowing::default(), &Limits::default()).is_ok()
}

/// The vectors' conditions that compile.
fn conditions() -> Vec<String> {
    let rows = ["conditions.jsonl", "targeted.jsonl"].into_iter().flat_map(rows);
    let conditions = rows.filter(|row| row.get("verdicts").is_some()).filter_map(|row| {
        let condition = row.get("condition")?.as_str()?;
        (condition.len() < 200 && compiles(&route(condition, 0))).then(|| condition.to_owned())
    });
    conditions.collect()
}

fn pairs(row: &Value, key: &str) -> Vec<(String, Option<String>)> {
    let pairs = row.get(key).and_then(Value::as_object).into_iter().flatten();
    pairs.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned))).collect()
}

fn messages() -> Vec<MessageParts> {
    let message = |row: &Value| MessageParts {
        origin: OriginParts::SystemProperties,
        properties: pairs(row, "properties"),
        system_properties: pairs(row, "systemProperties"),
        body: row.get("body").and_then(Value::as_str).unwrap_or_default().as_bytes().to_vec(),
    };
    rows("messages.jsonl").iter().map(message).collect()
}

/// A condition that joins others, which need not be bools.
fn spliced(random: &mut Random, conditions: &[String], depth: usize) -> String {
    if depth == 0 {
        return random.pick(conditions).clone();
    }
    let mut part = || {
        let depth = random.below(depth);
        format!("({})", spliced(random, conditions, depth))
    };
    let (a, b) = (part(), part());
    let comparison = *random.pick(&["=", "!=", "<", ">="]);
    match random.below(16) {
        0..=3 => format!("{a} and {b}"),
        4..=6 => format!("{a} or {b}"),
        7..=8 => format!("not {a}"),
        9..=10 => format!("{a} ?? {b}"),
        11 => format!("{a} {comparison} {b}"),
        12 => format!("{a} {comparison} {}", random.pick(&["true", "false", "null", "undefined", "5", "'on'"])),
        13 => format!("{} {a}", random.pick(&["$body.flag and", "$body.machine.status or", "true and", "null ??"])),
        14 => format!("{}{a}", random.pick(&["is_defined", "is_bool", "as_number", "is_null", "length"])),
        _ => format!("not {a} and not {b}"),
    }
}

/// Passes tables of such routes with some of the vectors' messages to `check`.
fn for_each_case(tables: u64, most_routes: usize, mut check: impl FnMut(&Case)) {
    let number = |name: &str, default: u64| env::var(name).map_or(default, |value| value.parse().unwrap());
    let mut random = Random(number("EDGEROUTE_SEED", 1) | 1 << 63);
    let (conditions, messages) = (conditions(), messages());
    assert!(conditions.len() > 3_000 && messages.len() == 400);
    for table in 0..number("EDGEROUTE_SPLICED", tables) {
        let mut routes = Vec::new();
        let most = if table % 3 == 0 { most_routes } else { most_routes.min(8) };
        while routes.len() < most {
            let depth = random.below(4) + 1;
            let route = route(&spliced(&mut random, &conditions, depth), routes.len());
            if compiles(&route) {
                routes.push(route);
            }
        }
        let budgets = match table % 3 {
            0 => Budgets::default().with_terms(0).with_list(4),
            1 => Budgets::default(),
            _ => Budgets::default().with_terms(0).with_list(0),
        };
        check(&Case {
            routes,
            fallback: None,
            messages: (0..12).map(|_| random.pick(&messages).clone()).collect(),
            budgets,
            shadowing: if random.below(2) == 0 { Shadowing::default() } else { Shadowing::Reference },
            limits: Limits::default(),
        });
    }
}

#[test]
fn a_table_of_joined_vectors_gives_what_the_interpreter_gives() {
    let mut deliveries = 0;
    for_each_case(60, 50, |case| {
        let Ok(count) = case.check() else {
            let smaller = case.smaller(Case::check);
            panic!("{smaller:#?}\n{}", smaller.check().unwrap_err());
        };
        deliveries += count;
    });
    assert!(deliveries > 0, "nothing was ever delivered");
}

#[test]
fn lints_are_sound_on_joined_vectors() {
    for_each_case(60, 8, |case| {
        if case.check_lints().is_err() {
            let smaller = case.smaller(Case::check_lints);
            panic!("{smaller:#?}\n{}", smaller.check_lints().map(|_| ()).unwrap_err());
        }
    });
}

#[test]
fn explanations_of_joined_vectors_agree_with_the_table() {
    for_each_case(20, 8, |case| {
        if case.check_explanations().is_err() {
            let smaller = case.smaller(Case::check_explanations);
            panic!("{smaller:#?}\n{}", smaller.check_explanations().unwrap_err());
        }
    });
}
