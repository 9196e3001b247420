//! Explains why a message goes where it goes: the verdict of every route with its reason, and for every endpoint the
//! winner and the routes it outranked.
//!
//! The explanation is recorded while the interpreter ([`edgeroute_lang::interpret`]) evaluates the conditions. There is
//! no second evaluation that could disagree with it. An explanation evaluates every route whose source matches, and
//! allocates freely; a hub that only needs to know where messages go uses its [`RouteTable`](edgeroute::RouteTable).
//! This module prints nothing: [`crate::render`] writes an [`Explanation`] as text or JSON.

mod condition;
mod coverage;
mod expression;
mod note;
mod part;
mod routes;

pub use coverage::{Coverage, Lost, LostWhy, RouteCoverage, Unmatched};
pub use expression::explain_expression;
pub use note::{BodyPart, BodyProperty, Kind, Member, Nearest, Note};
pub use part::{ConditionExplanation, Excerpt, Part, PartValue};
pub use routes::{Role, Routes};

use std::collections::BTreeMap;

use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::interpret::{ResolvedMessage, Verdict};
use edgeroute_lang::message::{Message, Properties};
use edgeroute_lang::route::Route;
use edgeroute_lang::source::SourceMismatch;
use routes::Compiled;

/// Explains where a message goes and why. Allocates.
///
/// ```
/// use edgeroute::Route;
/// use edgeroute_analysis::explain::{Outcome, Routes, explain};
/// use edgeroute_lang::interpret::Verdict;
/// use edgeroute_lang::message::{Message, Origin};
///
/// let mut routes = Routes::default();
/// let hot = "FROM /messages/* WHERE as_number(temperature) > 80 INTO $upstream";
/// let route = Route::new("hot", hot);
/// routes.add(&route).expect("it compiles");
///
/// let properties = [("Temprature", "95")];
/// let message = Message::new(Origin::device("leaf-7")).properties(&properties);
/// let explanation = explain(&routes, &message);
///
/// let route = &explanation.routes()[0];
/// assert_eq!(route.outcome(), &Outcome::NotTrue(Verdict::Undefined));
/// let parts = route.condition().expect("it was evaluated").parts();
/// let note = parts[0].note().expect("it is undefined for a reason").to_string();
/// assert_eq!(note, "the message has no property `temperature`, but `Temprature`");
/// ```
#[must_use]
pub fn explain<'r, 't>(
    routes: &'r Routes<'t>,
    message: &Message<'_, impl Properties + ?Sized, impl Properties + ?Sized>,
) -> Explanation<'r, 't> {
    let facts = ResolvedMessage::lenient(message, routes.limits());
    let source = message.origin().source();
    let mut explained: Vec<RouteExplanation<'r, 't>> = routes
        .compiled()
        .map(|route| match route.typed.source.mismatch(source) {
            Some(mismatch) => RouteExplanation::new(route, Outcome::OtherSource(mismatch), None),
            None => RouteExplanation::of_condition(route, &facts),
        })
        .collect();
    let mut deliveries = decide(&mut explained);
    if let Some(fallback) = routes.compiled_fallback() {
        let explanation = if !deliveries.is_empty() {
            RouteExplanation::new(fallback, Outcome::NotNeeded, None)
        } else if !fallback.takes(source) {
            RouteExplanation::new(fallback, Outcome::NotTelemetry, None)
        } else {
            RouteExplanation::of_condition(fallback, &facts)
        };
        if explanation.outcome == Outcome::Delivers {
            let winner = explained.len();
            deliveries.push(DeliveryExplanation { winner, outranked: Vec::new() });
        }
        explained.push(explanation);
    }
    Explanation { source: source.to_string(), routes: explained, deliveries }
}

/// Determines which route wins each endpoint: the one with the lowest priority number, then the one declared first.
/// Records in the other routes which route outranked them. The deliveries are in the order in which the winners are
/// declared.
fn decide(routes: &mut [RouteExplanation<'_, '_>]) -> Vec<DeliveryExplanation> {
    let mut matching: BTreeMap<&Endpoint, Vec<usize>> = BTreeMap::new();
    for (index, route) in routes.iter().enumerate().filter(|(_, route)| route.outcome == Outcome::Delivers) {
        matching.entry(route.endpoint()).or_default().push(index);
    }
    let priority = |index: usize| routes.get(index).map(|route| route.route().priority());
    let mut deliveries: Vec<DeliveryExplanation> = matching
        .into_values()
        .filter_map(|mut of_endpoint| {
            of_endpoint.sort_by_key(|&index| (priority(index), index));
            let (&winner, outranked) = of_endpoint.split_first()?;
            Some(DeliveryExplanation { winner, outranked: outranked.to_vec() })
        })
        .collect();
    deliveries.sort_by_key(|delivery| delivery.winner);
    let decided: Vec<(usize, usize, Outranking)> = deliveries
        .iter()
        .flat_map(|delivery| delivery.outranked.iter().map(|&loser| (delivery.winner, loser)))
        .map(|(winner, loser)| {
            let is_tie = priority(winner) == priority(loser);
            (winner, loser, if is_tie { Outranking::DeclaredFirst } else { Outranking::Priority })
        })
        .collect();
    for (by, loser, because) in decided {
        if let Some(route) = routes.get_mut(loser) {
            route.outcome = Outcome::Outranked { by, because };
        }
    }
    deliveries
}

/// Where a message goes, and why.
#[derive(Clone, Debug)]
pub struct Explanation<'r, 't> {
    source: String,
    routes: Vec<RouteExplanation<'r, 't>>,
    deliveries: Vec<DeliveryExplanation>,
}

impl<'r, 't> Explanation<'r, 't> {
    /// The path that the message comes from, which routes select on.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Every route, in the order of declaration, with the fallback last.
    #[must_use]
    pub fn routes(&self) -> &[RouteExplanation<'r, 't>] {
        &self.routes
    }

    /// The deliveries, one per endpoint, in the order in which the winning routes were declared.
    #[must_use]
    pub fn deliveries(&self) -> &[DeliveryExplanation] {
        &self.deliveries
    }

    /// A route by its place in [`routes`](Self::routes).
    #[must_use]
    pub fn route(&self, index: usize) -> Option<&RouteExplanation<'r, 't>> {
        self.routes.get(index)
    }
}

/// One delivery: the route that won an endpoint. Numbers are places in [`Explanation::routes`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryExplanation {
    winner: usize,
    outranked: Vec<usize>,
}

impl DeliveryExplanation {
    /// The route that delivers.
    #[must_use]
    pub const fn winner(&self) -> usize {
        self.winner
    }

    /// The routes that also match the message and send it to this endpoint, the next best first.
    #[must_use]
    pub fn outranked(&self) -> &[usize] {
        &self.outranked
    }
}

/// What a route does with a message, and why.
#[derive(Clone, Debug)]
pub struct RouteExplanation<'r, 't> {
    route: &'r Compiled<'t>,
    outcome: Outcome,
    condition: Option<ConditionExplanation>,
}

impl<'r, 't> RouteExplanation<'r, 't> {
    fn new(route: &'r Compiled<'t>, outcome: Outcome, condition: Option<ConditionExplanation>) -> Self {
        Self { route, outcome, condition }
    }

    /// Explains a route that selects the message's source. A match is recorded as a delivery until another route
    /// outranks it.
    fn of_condition(route: &'r Compiled<'t>, facts: &ResolvedMessage<'_>) -> Self {
        let condition = condition::explain(&route.typed.condition, route.route.text(), facts);
        let outcome = match condition.verdict() {
            Verdict::True => Outcome::Delivers,
            verdict => Outcome::NotTrue(verdict),
        };
        Self::new(route, outcome, Some(condition))
    }

    /// The route as it was given.
    #[must_use]
    pub fn route(&self) -> &'t Route {
        self.route.route
    }

    /// Whether it is a route or the fallback.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.route.role
    }

    /// The endpoint that the route sends messages to.
    #[must_use]
    pub const fn endpoint(&self) -> &'r Endpoint {
        &self.route.typed.endpoint
    }

    /// What happens to the message at this route.
    #[must_use]
    pub const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// How the condition reached its verdict. `None` if it was not evaluated, because the message is from another
    /// source or the fallback does not apply.
    #[must_use]
    pub const fn condition(&self) -> Option<&ConditionExplanation> {
        self.condition.as_ref()
    }

    /// The span in the route's text of the source segment that differs from the message's source. It covers the whole
    /// source if the segment cannot be located, and is `None` if the source matches.
    #[must_use]
    pub fn mismatch_span(&self) -> Option<edgeroute_lang::span::Span> {
        match &self.outcome {
            Outcome::OtherSource(mismatch) => Some(self.route.segment_span(mismatch.segment())),
            _ => None,
        }
    }
}

/// What happens to a message at one route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The route matches and wins its endpoint.
    Delivers,
    /// The route matches, but another one wins the endpoint.
    Outranked {
        /// The winner's place in [`Explanation::routes`].
        by: usize,
        /// Why the winner takes precedence.
        because: Outranking,
    },
    /// The message is from another source.
    OtherSource(SourceMismatch),
    /// The condition is false or undefined.
    NotTrue(Verdict),
    /// The route is the fallback, and other routes deliver.
    NotNeeded,
    /// The route is the fallback, which applies only to messages from `/messages/`.
    NotTelemetry,
}

/// Why one of two routes that match a message for the same endpoint takes precedence.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Outranking {
    /// Its priority number is lower.
    Priority,
    /// The priorities are equal, and it was declared first.
    DeclaredFirst,
}

#[cfg(test)]
mod tests;
