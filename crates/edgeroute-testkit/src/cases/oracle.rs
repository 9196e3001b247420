//! Computes the deliveries of a set of routes with the interpreter, one route after the other.

use std::collections::BTreeMap;

use edgeroute::Delivery;
use edgeroute_lang::diagnostic;
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, Properties};
use edgeroute_lang::route::Route;

/// A delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub route: String,
    pub endpoint: String,
    pub priority: u32,
    pub time_to_live: u32,
}

/// Collects a table's deliveries.
#[expect(single_use_lifetimes, reason = "`impl Trait` in arguments takes no anonymous lifetimes yet")]
pub fn found<'t>(deliveries: impl IntoIterator<Item = Delivery<'t>>) -> Vec<Found> {
    deliveries
        .into_iter()
        .map(|delivery| Found {
            route: delivery.route().to_owned(),
            endpoint: delivery.endpoint().to_string(),
            priority: delivery.priority().get(),
            time_to_live: delivery.time_to_live().as_secs(),
        })
        .collect()
}

/// Routes that are compiled but not lowered.
pub struct Oracle<'t> {
    routes: Vec<(&'t Route, TypedRoute<'t>)>,
    fallback: Option<(&'t Route, TypedRoute<'t>)>,
    limits: Limits,
}

impl<'t> Oracle<'t> {
    pub fn new(
        routes: &'t [Route],
        fallback: Option<&'t Route>,
        shadowing: Shadowing,
        limits: &Limits,
    ) -> Result<Self, String> {
        let compile = |route: &'t Route| match TypedRoute::compile(route.text(), shadowing, limits) {
            Ok(compiled) => Ok((route, compiled)),
            Err(errors) => Err(wrong(route, &errors)),
        };
        Ok(Self {
            routes: routes.iter().map(compile).collect::<Result<_, _>>()?,
            fallback: fallback.map(compile).transpose()?,
            limits: limits.clone(),
        })
    }

    /// "Per endpoint one delivery: the lowest priority number wins; on a tie we pick the route declared first." In the
    /// order of declaration.
    pub fn deliveries(&self, message: &Message<'_, impl Properties + ?Sized, impl Properties + ?Sized>) -> Vec<Found> {
        let facts = ResolvedMessage::lenient(message, &self.limits);
        let source = message.origin().source();
        let holds = |route: &TypedRoute<'_>| verdict(&route.condition, &facts) == Verdict::True;
        let mut winners: BTreeMap<String, (u32, usize)> = BTreeMap::new();
        for (index, (text, route)) in self.routes.iter().enumerate() {
            if route.source.matches(source) && holds(route) {
                let rank = (text.priority().get(), index);
                let winner = winners.entry(route.endpoint.to_string()).or_insert(rank);
                *winner = rank.min(*winner);
            }
        }
        let mut indices: Vec<usize> = winners.into_values().map(|(_, index)| index).collect();
        indices.sort_unstable();
        if !indices.is_empty() {
            return indices.into_iter().filter_map(|index| self.routes.get(index)).map(delivered).collect();
        }
        // "Used only if nothing matched and the message source starts with `/messages/` (case-sensitive)".
        let is_telemetry = format!("{}/", source.to_string().trim()).starts_with("/messages/");
        self.fallback.iter().filter(|(_, route)| is_telemetry && holds(route)).map(delivered).collect()
    }
}

fn delivered((text, route): &(&Route, TypedRoute<'_>)) -> Found {
    Found {
        route: text.name().to_owned(),
        endpoint: route.endpoint.to_string(),
        priority: text.priority().get(),
        time_to_live: text.time_to_live().as_secs(),
    }
}

fn wrong(route: &Route, errors: &[diagnostic::Diagnostic]) -> String {
    let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    format!("{}\n  does not compile: {}", route.text(), messages.join("; "))
}
