//! The engine configurations that every row is asked of.

use std::collections::BTreeMap;
use std::fmt;

use edgeroute::diagnostic::Diagnostic;
use edgeroute::hir::{CheckOptions, Route, Shadowing, TwinFunctions, check};
use edgeroute::interpret::{Facts, Verdict, verdict};
use edgeroute::limits::Limits;
use edgeroute::source::SourcePattern;
use edgeroute::syntax::parse_condition;

use crate::compare::Refusal;
use crate::corpus::{Delivery, SetRoute, Truth, VectorMessage};
use crate::front::endpoint_id;

/// One way to evaluate conditions and sets of routes.
pub(crate) trait Engine {
    /// By which it is selected, and named in the report.
    fn name(&self) -> &'static str;

    /// Compiles a condition that stands alone, for messages of `source`, and evaluates it on each message.
    fn verdicts(&self, condition: &str, source: &str, messages: &[&VectorMessage]) -> Result<Vec<Outcome>, Refusal>;

    /// Compiles a set of routes, and finds the deliveries of each message, in any order.
    fn deliveries(
        &self,
        routes: &[SetRoute],
        fallback: Option<&SetRoute>,
        messages: &[&VectorMessage],
    ) -> Result<Vec<Vec<Delivery>>, Refusal>;
}

/// Every configuration.
pub(crate) fn all() -> Vec<Box<dyn Engine>> {
    vec![Box::new(Interpreter)]
}

/// What an engine says of a message.
pub(crate) enum Outcome {
    /// It tells all three apart.
    Verdict(Truth),
    /// It only knows whether a route fires.
    #[expect(dead_code, reason = "the interpreter tells all three apart")]
    Fires(bool),
}

impl Outcome {
    pub(crate) fn agrees(&self, expected: Truth) -> bool {
        match self {
            Self::Verdict(found) => *found == expected,
            Self::Fires(found) => *found == (expected == Truth::True),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict(found) => found.fmt(f),
            Self::Fires(true) => f.write_str("a match"),
            Self::Fires(false) => f.write_str("no match"),
        }
    }
}

/// Every route on every message, by the interpreter alone.
struct Interpreter;

impl Engine for Interpreter {
    fn name(&self) -> &'static str {
        "interpreter"
    }

    fn verdicts(&self, condition: &str, source: &str, messages: &[&VectorMessage]) -> Result<Vec<Outcome>, Refusal> {
        let refusal = |diagnostics: Vec<Diagnostic>| Refusal { text: condition.to_owned(), diagnostics };
        let parsed = parse_condition(condition, &Limits::default());
        if !parsed.errors.is_empty() {
            return Err(refusal(parsed.errors));
        }
        let is_of_twins = SourcePattern::new(source).is_twin_changes();
        let twin_functions = if is_of_twins { TwinFunctions::Known } else { TwinFunctions::Unknown };
        let options = CheckOptions { twin_functions, ..CheckOptions::default() };
        let condition = check(&parsed.tree, &options).map_err(refusal)?;
        let outcome = |message: &&VectorMessage| {
            let message = message.with_origin(message.origin());
            Outcome::Verdict(truth(verdict(&condition, &Facts::lenient(&message, &Limits::default()))))
        };
        Ok(messages.iter().map(outcome).collect())
    }

    fn deliveries(
        &self,
        routes: &[SetRoute],
        fallback: Option<&SetRoute>,
        messages: &[&VectorMessage],
    ) -> Result<Vec<Vec<Delivery>>, Refusal> {
        let compiled = routes.iter().map(compile_route).collect::<Result<Vec<_>, Refusal>>()?;
        let fallback = fallback.map(|route| Ok((route, compile_route(route)?))).transpose()?;
        let deliveries = |message: &&VectorMessage| {
            let origin = message.origin();
            let message = message.with_origin(origin);
            let facts = Facts::lenient(&message, &Limits::default());
            let holds = |route: &Route<'_>| verdict(&route.condition, &facts) == Verdict::True;
            let mut best: BTreeMap<String, Delivery> = BTreeMap::new();
            for (route, compiled) in routes.iter().zip(&compiled) {
                if compiled.source.matches(origin.source()) && holds(compiled) {
                    let delivery = delivery(route, compiled);
                    let best = best.entry(delivery.endpoint.clone()).or_insert_with(|| delivery.clone());
                    if delivery.priority < best.priority {
                        *best = delivery;
                    }
                }
            }
            let is_telemetry = format!("{}/", origin.source()).starts_with("/messages/");
            match &fallback {
                Some((route, compiled)) if best.is_empty() && is_telemetry && holds(compiled) => {
                    vec![delivery(route, compiled)]
                }
                _ => best.into_values().collect(),
            }
        };
        Ok(messages.iter().map(deliveries).collect())
    }
}

fn compile_route(route: &SetRoute) -> Result<Route<'_>, Refusal> {
    Route::compile(&route.route, Shadowing::default(), &Limits::default())
        .map_err(|diagnostics| Refusal { text: route.route.clone(), diagnostics })
}

fn delivery(route: &SetRoute, compiled: &Route<'_>) -> Delivery {
    Delivery {
        endpoint: endpoint_id(&compiled.endpoint),
        priority: route.priority.unwrap_or(2_000_000_000),
        ttl: route.ttl.unwrap_or(0),
        ttl_candidates: Vec::new(),
    }
}

fn truth(verdict: Verdict) -> Truth {
    match verdict {
        Verdict::True => Truth::True,
        Verdict::False => Truth::False,
        Verdict::Undefined => Truth::Undefined,
    }
}
