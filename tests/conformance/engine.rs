//! The engine configurations that every row runs against.

use std::collections::BTreeMap;
use std::fmt;

use edgeroute::{Changes, CompileError, Route, RouteProblem, RouteSet, RouteTable, RouteTableBuilder};
use edgeroute_analysis::explain::{RouteExplanation, Routes, explain};
use edgeroute_lang::hir::{CheckOptions, Condition, Shadowing, TwinFunctions, TypedRoute, check};
use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
use edgeroute_lang::limits::{Budgets, Limits};
use edgeroute_lang::message::Origin;
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::source::SourcePattern;
use edgeroute_lang::syntax::{ast, parse_condition};

use crate::compare::Refusal;
use crate::corpus::{Delivery, SetRoute, Truth, VectorMessage};
use crate::front::endpoint_id;

/// One way to evaluate conditions and sets of routes.
pub(crate) trait Engine {
    /// The name by which it is selected and reported.
    fn name(&self) -> &'static str;

    /// Compiles a standalone condition for messages of `source`, and evaluates it on each message.
    fn verdicts(&self, condition: &str, source: &str, messages: &[&VectorMessage]) -> Result<Vec<Outcome>, Refusal>;

    /// Compiles a set of routes, and finds the deliveries of each message in any order.
    fn deliveries(
        &self,
        routes: &[SetRoute],
        fallback: Option<&SetRoute>,
        messages: &[&VectorMessage],
    ) -> Result<Vec<Vec<Delivery>>, Refusal>;
}

/// Every configuration.
pub(crate) fn all() -> Vec<Box<dyn Engine>> {
    vec![
        Box::new(Interpreter),
        Box::new(Explained),
        Box::new(Table { name: "table", ..Table::default() }),
        Box::new(Table { name: "table-scratch-reused", scratch: ScratchUse::Reused, ..Table::default() }),
        Box::new(Table {
            name: "table-without-budgets",
            budgets: Budgets::none(),
            scratch: ScratchUse::Reused,
            ..Table::default()
        }),
        Box::new(Table {
            name: "table-changed",
            budgets: Budgets::default().with_whole(0),
            scratch: ScratchUse::Reused,
            making: Making::ByChanges,
        }),
        Box::new(Table {
            name: "table-without-terms",
            budgets: Budgets::default().with_terms(0),
            scratch: ScratchUse::Reused,
            ..Table::default()
        }),
        Box::new(Table {
            name: "table-without-lists",
            budgets: Budgets::default().with_terms(0).with_list(0).with_affix_lengths(1),
            scratch: ScratchUse::Reused,
            ..Table::default()
        }),
    ]
}

/// An engine's answer for a message.
pub(crate) enum Outcome {
    /// The engine distinguishes all three verdicts.
    Verdict(Truth),
    /// The engine only knows whether a route matches.
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

/// Evaluates every route on every message with the interpreter alone.
struct Interpreter;

impl Engine for Interpreter {
    fn name(&self) -> &'static str {
        "interpreter"
    }

    fn verdicts(&self, condition: &str, source: &str, messages: &[&VectorMessage]) -> Result<Vec<Outcome>, Refusal> {
        let parsed = parse(condition)?;
        let condition = type_of(&parsed, condition, source)?;
        let outcome = |message: &&VectorMessage| {
            let message = message.with_origin(message.origin());
            Outcome::Verdict(truth(verdict(&condition, &ResolvedMessage::lenient(&message, &Limits::default()))))
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
            let facts = ResolvedMessage::lenient(&message, &Limits::default());
            let holds = |route: &TypedRoute<'_>| verdict(&route.condition, &facts) == Verdict::True;
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

/// Evaluates every route on every message with explanations.
struct Explained;

impl Engine for Explained {
    fn name(&self) -> &'static str {
        "explanation"
    }

    fn verdicts(&self, condition: &str, source: &str, messages: &[&VectorMessage]) -> Result<Vec<Outcome>, Refusal> {
        let (source, text) = route_of_condition(condition, source)?;
        let mut routes = Routes::default();
        let route = Route::new("", text);
        routes.add(&route).map_err(|diagnostics| Refusal { text: route.text().to_owned(), diagnostics })?;
        let outcome = |message: &&VectorMessage| {
            let message = message.with_origin(message.origin().with_source(source.as_str()));
            let explanation = explain(&routes, &message);
            let condition = explanation.route(0).and_then(RouteExplanation::condition);
            Outcome::Verdict(condition.map_or(Truth::Undefined, |condition| truth(condition.verdict())))
        };
        Ok(messages.iter().map(outcome).collect())
    }

    fn deliveries(
        &self,
        routes: &[SetRoute],
        fallback: Option<&SetRoute>,
        messages: &[&VectorMessage],
    ) -> Result<Vec<Vec<Delivery>>, Refusal> {
        let refusal = |route: &SetRoute, diagnostics| Refusal { text: route.route.clone(), diagnostics };
        let mut compiled = Routes::default();
        let declared: Vec<(&SetRoute, Route)> = routes.iter().map(|route| (route, route.named(""))).collect();
        let declared_fallback = fallback.map(|route| (route, route.named("")));
        for (given, route) in &declared {
            compiled.add(route).map_err(|diagnostics| refusal(given, diagnostics))?;
        }
        if let Some((given, route)) = &declared_fallback {
            compiled.set_fallback(route).map_err(|diagnostics| refusal(given, diagnostics))?;
        }
        let deliveries = |message: &&VectorMessage| {
            let explanation = explain(&compiled, &message.with_origin(message.origin()));
            let winners = explanation.deliveries().iter().filter_map(|delivery| explanation.route(delivery.winner()));
            let delivery = |winner: &RouteExplanation<'_, '_>| Delivery {
                endpoint: endpoint_id(winner.endpoint()),
                priority: winner.route().priority().get(),
                ttl: winner.route().time_to_live().as_secs(),
                ttl_candidates: Vec::new(),
            };
            winners.map(delivery).collect()
        };
        Ok(messages.iter().map(deliveries).collect())
    }
}

/// Puts a standalone condition into a route of its own, and returns the route and its source. Text after the
/// condition's longest valid prefix, which would be an error in a route, is left out. The source has no `*`, which
/// might open a comment.
fn route_of_condition(condition: &str, source: &str) -> Result<(String, String), Refusal> {
    let parsed = parse(condition)?;
    type_of(&parsed, condition, source)?;
    let root = parsed.root().and_then(|root| parsed.get(root));
    let text = root.map_or("undefined", |root| root.span.slice(condition));
    let source = SourcePattern::new(source).as_str().trim_end_matches('/').to_owned();
    let route = format!("FROM {source} WHERE {text} INTO $upstream");
    Ok((source, route))
}

/// A route table.
#[derive(Default)]
struct Table {
    name: &'static str,
    budgets: Budgets,
    scratch: ScratchUse,
    making: Making,
}

/// How a table is made.
#[derive(Copy, Clone, Default)]
enum Making {
    /// Built from all routes at once.
    #[default]
    AtOnce,
    /// Built from other routes, which are then changed into the wanted ones.
    ByChanges,
}

/// How long a scratch is used.
#[derive(Copy, Clone, PartialEq, Eq, Default)]
enum ScratchUse {
    /// For one message.
    #[default]
    EachMessage,
    /// For all messages of a table.
    Reused,
}

impl Table {
    fn table(&self, routes: &[SetRoute], fallback: Option<&SetRoute>) -> Result<RouteTable, CompileError> {
        let mut builder = RouteTable::builder().budgets(self.budgets.clone());
        if let Making::ByChanges = self.making {
            return by_changes(builder, routes, fallback);
        }
        for route in routes {
            builder = builder.add(route.named(""));
        }
        if let Some(route) = fallback {
            builder = builder.fallback(route.named(""));
        }
        builder.build()
    }

    /// The deliveries of each message; `origin` determines its origin.
    fn route_all<'m>(
        &self,
        table: &RouteTable,
        messages: &[&'m VectorMessage],
        origin: impl Fn(&'m VectorMessage) -> Origin<'m>,
    ) -> Vec<Vec<Delivery>> {
        let mut scratch = table.create_scratch();
        let mut route = |message: &&'m VectorMessage| {
            let message = message.with_origin(origin(message));
            match self.scratch {
                ScratchUse::EachMessage => table.route(&message).into_iter().map(delivered).collect(),
                ScratchUse::Reused => table.route_with(&mut scratch, &message).map(delivered).collect(),
            }
        };
        messages.iter().map(&mut route).collect()
    }
}

impl Engine for Table {
    fn name(&self) -> &'static str {
        self.name
    }

    fn verdicts(&self, condition: &str, source: &str, messages: &[&VectorMessage]) -> Result<Vec<Outcome>, Refusal> {
        let (source, route) = route_of_condition(condition, source)?;
        let route = SetRoute { id: None, route, priority: None, ttl: None };
        let table = self.table(&[route], None).map_err(|error| refusal(&error))?;
        let deliveries = self.route_all(&table, messages, |message| message.origin().with_source(source.as_str()));
        Ok(deliveries.iter().map(|deliveries| Outcome::Fires(!deliveries.is_empty())).collect())
    }

    fn deliveries(
        &self,
        routes: &[SetRoute],
        fallback: Option<&SetRoute>,
        messages: &[&VectorMessage],
    ) -> Result<Vec<Vec<Delivery>>, Refusal> {
        let table = self.table(routes, fallback).map_err(|error| refusal(&error))?;
        Ok(self.route_all(&table, messages, VectorMessage::origin))
    }
}

/// Makes a table of the routes by changes. In the initial table, the first half of the routes have other texts, the
/// rest are missing, and one route is surplus. Each route is then set by a change of its own.
fn by_changes(
    builder: RouteTableBuilder,
    routes: &[SetRoute],
    fallback: Option<&SetRoute>,
) -> Result<RouteTable, CompileError> {
    let everything = "FROM /* INTO BrokeredEndpoint('/modules/m/inputs/before')";
    let (there, missing) = routes.split_at(routes.len() / 2);
    let builder = (0..there.len()).fold(builder.fallback(("before", everything)), |builder, index| {
        builder.add(Route::new(format!("{index}"), everything).with_priority(Priority::HIGHEST))
    });
    let mut set = RouteSet::new(builder.route("gone", everything))?;
    let named = |changes: Changes, index: usize, route: &SetRoute| changes.set(route.named(index.to_string()));
    // Backwards is safe, because a replaced route keeps its place.
    for (index, route) in there.iter().enumerate().rev() {
        set.apply(named(Changes::new(), index, route))?;
    }
    for (index, route) in (there.len()..).zip(missing) {
        set.apply(named(Changes::new(), index, route))?;
    }
    let changes = Changes::new().remove("gone");
    let changes = match fallback {
        Some(route) => changes.fallback(route.named("")),
        None => changes.remove_fallback(),
    };
    set.apply(changes)
}

fn delivered(delivery: edgeroute::Delivery<'_>) -> Delivery {
    Delivery {
        endpoint: endpoint_id(delivery.endpoint()),
        priority: delivery.priority().get(),
        ttl: delivery.time_to_live().as_secs(),
        ttl_candidates: Vec::new(),
    }
}

impl SetRoute {
    fn named(&self, name: impl AsRef<str>) -> Route {
        Route::new(name, &self.route).with_priority(self.priority()).with_time_to_live(self.time_to_live())
    }

    fn priority(&self) -> Priority {
        self.priority.and_then(Priority::new).unwrap_or_default()
    }

    fn time_to_live(&self) -> TimeToLive {
        self.ttl.map_or(TimeToLive::HUB_DEFAULT, TimeToLive::from_secs)
    }
}

/// The errors of the first route that has any.
fn refusal(error: &CompileError) -> Refusal {
    let first = error.problems().first().map_or(0, RouteProblem::index);
    let problems = error.problems().iter().filter(|problem| problem.index() == first);
    Refusal {
        text: error.problems().first().map(RouteProblem::text).unwrap_or_default().to_owned(),
        diagnostics: problems.map(|problem| problem.diagnostic().clone()).collect(),
    }
}

/// Parses a standalone condition.
fn parse(condition: &str) -> Result<ast::Condition<'_>, Refusal> {
    let parsed = parse_condition(condition, &Limits::default());
    if parsed.errors.is_empty() {
        Ok(parsed.tree)
    } else {
        Err(Refusal { text: condition.to_owned(), diagnostics: parsed.errors })
    }
}

/// Types a condition for messages of `source`.
fn type_of<'t>(parsed: &ast::Condition<'t>, text: &str, source: &str) -> Result<Condition<'t>, Refusal> {
    let is_of_twins = SourcePattern::new(source).is_twin_changes();
    let twin_functions = if is_of_twins { TwinFunctions::Known } else { TwinFunctions::Unknown };
    let options = CheckOptions { twin_functions, ..CheckOptions::default() };
    check(parsed, &options).map_err(|diagnostics| Refusal { text: text.to_owned(), diagnostics })
}

fn compile_route(route: &SetRoute) -> Result<TypedRoute<'_>, Refusal> {
    TypedRoute::compile(&route.route, Shadowing::default(), &Limits::default())
        .map_err(|diagnostics| Refusal { text: route.route.clone(), diagnostics })
}

fn delivery(route: &SetRoute, compiled: &TypedRoute<'_>) -> Delivery {
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
