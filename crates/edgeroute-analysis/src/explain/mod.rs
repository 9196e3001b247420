//! Why a message goes where it goes: for every route its verdict and the reason, for every endpoint the winner and what
//! it outranked.
//!
//! What is explained is what the interpreter does ([`crate::interpret`]), watched while it does it: there is no second
//! evaluation that could say something else. It costs an evaluation of every route whose source matches, and allocates
//! freely; a hub that only wants to know where messages go asks its [`RouteTable`](crate::RouteTable). Nothing is
//! printed here: [`crate::render`] makes text and JSON of an [`Explanation`].

mod condition;
mod coverage;
mod note;
mod part;
mod routes;

pub use coverage::{Coverage, Lost, LostWhy, RouteCoverage, Unmatched};
pub use note::{BodyPart, BodyProperty, Kind, Nearest, Note};
pub use part::{ConditionExplanation, Excerpt, Part, PartValue};
pub use routes::{Role, RouteText, Routes};

use std::collections::BTreeMap;

use crate::endpoint::Endpoint;
use crate::interpret::{Facts, Verdict};
use crate::message::{Message, Properties};
use crate::source::SourceMismatch;
use routes::Compiled;

/// Explains what becomes of a message. Allocates.
///
/// ```
/// use edgeroute::explain::{Outcome, RouteText, Routes, explain};
/// use edgeroute::interpret::Verdict;
/// use edgeroute::message::{Message, Origin};
///
/// let mut routes = Routes::default();
/// let hot = "FROM /messages/* WHERE as_number(temperature) > 80 INTO $upstream";
/// routes.add(RouteText::new("hot", hot)).expect("it compiles");
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
    let facts = Facts::lenient(message, routes.limits());
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

/// For each endpoint the route that wins it: the lowest priority number, then the first declared. The others are told by
/// whom they were outranked. In the order of the winners' declaration.
fn decide(routes: &mut [RouteExplanation<'_, '_>]) -> Vec<DeliveryExplanation> {
    let mut matching: BTreeMap<&Endpoint, Vec<usize>> = BTreeMap::new();
    for (index, route) in routes.iter().enumerate().filter(|(_, route)| route.outcome == Outcome::Delivers) {
        matching.entry(route.endpoint()).or_default().push(index);
    }
    let priority = |index: usize| routes.get(index).map(|route| route.text().priority);
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

/// What becomes of a message, and why.
#[derive(Clone, Debug)]
pub struct Explanation<'r, 't> {
    source: String,
    routes: Vec<RouteExplanation<'r, 't>>,
    deliveries: Vec<DeliveryExplanation>,
}

impl<'r, 't> Explanation<'r, 't> {
    /// The path that the message comes from, which routes select by.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Every route, in the order of declaration, the fallback last.
    #[must_use]
    pub fn routes(&self) -> &[RouteExplanation<'r, 't>] {
        &self.routes
    }

    /// The deliveries, one for each endpoint, in the order in which the winning routes were declared.
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

/// One delivery: which route won the endpoint. Numbers are places in [`Explanation::routes`].
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

    /// The routes that also take the message and send it to this endpoint, the next best first.
    #[must_use]
    pub fn outranked(&self) -> &[usize] {
        &self.outranked
    }
}

/// What a route makes of a message, and why.
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

    /// Of a route that looks at the message. That it delivers is said before others may outrank it.
    fn of_condition(route: &'r Compiled<'t>, facts: &Facts<'_>) -> Self {
        let condition = condition::explain(&route.typed.condition, route.text.text, facts);
        let outcome = match condition.verdict() {
            Verdict::True => Outcome::Delivers,
            verdict => Outcome::NotTrue(verdict),
        };
        Self::new(route, outcome, Some(condition))
    }

    /// The route as it was given.
    #[must_use]
    pub fn text(&self) -> &'r RouteText<'t> {
        &self.route.text
    }

    /// Whether it is a route or the fallback.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.route.role
    }

    /// Where it sends messages.
    #[must_use]
    pub const fn endpoint(&self) -> &'r Endpoint {
        &self.route.typed.endpoint
    }

    /// What becomes of the message by this route.
    #[must_use]
    pub const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// How the condition came to its verdict. `None` where it was not asked: the message is from another source, or the
    /// fallback is not for it.
    #[must_use]
    pub const fn condition(&self) -> Option<&ConditionExplanation> {
        self.condition.as_ref()
    }

    /// Where the segment of the route's source that the message's differs in stands in the route's text: the whole source
    /// where it cannot be told apart. `None` where the message's source matches.
    #[must_use]
    pub fn mismatch_span(&self) -> Option<crate::span::Span> {
        match &self.outcome {
            Outcome::OtherSource(mismatch) => Some(self.route.segment_span(mismatch.segment())),
            _ => None,
        }
    }
}

/// What becomes of a message by one route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The route takes it, and wins its endpoint.
    Delivers,
    /// The route takes it, and another one wins the endpoint.
    Outranked {
        /// The winner's place in [`Explanation::routes`].
        by: usize,
        /// Why that one wins.
        because: Outranking,
    },
    /// The message is from another source.
    OtherSource(SourceMismatch),
    /// The condition is false or undefined.
    NotTrue(Verdict),
    /// It is the fallback, and other routes deliver.
    NotNeeded,
    /// It is the fallback, which is for messages of `/messages/` only.
    NotTelemetry,
}

/// Why one of two routes that take a message for one endpoint goes before the other.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Outranking {
    /// Its priority number is lower.
    Priority,
    /// The priorities are the same, and it was declared first.
    DeclaredFirst,
}

#[cfg(test)]
mod tests;
