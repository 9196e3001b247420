//! What many messages make of a set of routes: which routes never take one, and which messages go nowhere.
//!
//! Each message costs what matching costs: a table finds all routes that take it, not only those that win. Why a route
//! takes nothing is looked into for the first messages only, up to a number of evaluations; why a message goes nowhere,
//! for the first such messages. So time grows with the messages as matching does, and memory does not grow with them at
//! all.

use core::cmp::Reverse;
use std::collections::BTreeMap;

use super::condition;
use super::note::Note;
use super::part::PartValue;
use super::routes::{Compiled, Role, RouteText, Routes};
use crate::endpoint::Endpoint;
use crate::interpret::{Facts, Verdict};
use crate::limits::Limits;
use crate::message::{Message, MessageSource, Properties};
use crate::table::{CompileError, Compiled as CompiledTable, RouteTable, Scratch};

/// How many conditions are evaluated to tell why routes take nothing.
const EVALUATIONS: usize = 200_000;
/// How many sources of messages that go nowhere are told apart.
const SOURCES: usize = 1000;
/// How many routes are named of a message that goes nowhere.
const NAMED: usize = 3;

/// Collects what becomes of messages.
///
/// ```
/// use edgeroute::explain::{Coverage, RouteText, Routes};
/// use edgeroute::message::{Message, Origin};
///
/// let mut routes = Routes::default();
/// routes.add(RouteText::new("hot", "FROM /messages/modules/* WHERE t = 'hot' INTO $upstream")).expect("it compiles");
/// routes.add(RouteText::new("leaf", "FROM /messages WHERE level = 'high' INTO $upstream")).expect("it compiles");
///
/// let mut coverage = Coverage::new(&routes, 10)?;
/// coverage.add(1, &Message::new(Origin::device("leaf-7")).properties(&[("level", "high")]));
/// coverage.add(2, &Message::new(Origin::device("leaf-7")).properties(&[("level", "low")]));
/// let never: Vec<&str> =
///     coverage.routes().iter().filter(|route| route.matched() == 0).map(|route| route.text().name).collect();
/// assert_eq!(never, ["hot"]);
/// assert_eq!((coverage.messages(), coverage.nowhere(), coverage.lost()[0].message()), (2, 1, 2));
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
#[derive(Debug)]
pub struct Coverage<'r, 't> {
    limits: &'r Limits,
    /// Every route with an endpoint of its own, so that none is outranked; named by its place.
    table: RouteTable,
    scratch: Scratch,
    routes: Vec<RouteCoverage<'r, 't>>,
    /// The places of the routes that have taken nothing yet.
    unmatched: Vec<usize>,
    evaluations: usize,
    /// Room for the routes that take the message at hand.
    taking: Vec<usize>,
    messages: u64,
    deliveries: u64,
    nowhere: u64,
    /// At most `kept`.
    lost: Vec<Lost<'r>>,
    kept: usize,
    /// Of messages that go nowhere; at most [`SOURCES`].
    sources: BTreeMap<String, u64>,
    of_other_sources: u64,
}

impl<'r, 't> Coverage<'r, 't> {
    /// Of no messages yet. The first `kept` messages that go nowhere will be kept.
    ///
    /// # Errors
    /// Where the routes have more different names and paths than a table can hold.
    pub fn new(routes: &'r Routes<'t>, kept: usize) -> Result<Self, CompileError> {
        let table = table_of_each(routes)?;
        let mut numbers: BTreeMap<&Endpoint, usize> = BTreeMap::new();
        let covered: Vec<RouteCoverage<'r, 't>> = routes
            .compiled()
            .chain(routes.compiled_fallback())
            .map(|route| {
                let next = numbers.len();
                let endpoint = *numbers.entry(&route.typed.endpoint).or_insert(next);
                RouteCoverage { route, endpoint, matched: 0, delivered: 0, unmatched: Unmatched::default() }
            })
            .collect();
        Ok(Self {
            limits: routes.limits(),
            scratch: table.create_scratch(),
            table,
            unmatched: (0..covered.len()).collect(),
            routes: covered,
            evaluations: 0,
            taking: Vec::new(),
            messages: 0,
            deliveries: 0,
            nowhere: 0,
            lost: Vec::new(),
            kept,
            sources: BTreeMap::new(),
            of_other_sources: 0,
        })
    }

    /// Counts a message; `number` is what it is called.
    pub fn add(&mut self, number: usize, message: &Message<'_, impl Properties + ?Sized, impl Properties + ?Sized>) {
        self.messages += 1;
        self.taking.clear();
        let matching = self.table.route_with(&mut self.scratch, message);
        self.taking.extend(matching.filter_map(|delivery| delivery.route().parse::<usize>().ok()));
        self.count_deliveries();
        let source = message.origin().source();
        let is_kept = self.taking.is_empty() && self.lost.len() < self.kept;
        if self.taking.is_empty() {
            self.count_lost(source);
        }
        if is_kept || self.looks_into_unmatched() {
            let facts = Facts::lenient(message, self.limits);
            if is_kept {
                self.lost.push(Lost::new(number, &self.routes, source, &facts));
            }
            if self.looks_into_unmatched() {
                self.look_into_unmatched(number, source, &facts);
            }
        }
    }

    /// Of the routes that take the message, the best of each endpoint delivers.
    fn count_deliveries(&mut self) {
        let routes = &mut self.routes;
        let rank = |place: &usize| routes.get(*place).map(|route| (route.endpoint, route.text().priority, *place));
        self.taking.sort_by_key(rank);
        let mut last = None;
        for &place in &self.taking {
            if let Some(route) = routes.get_mut(place) {
                route.matched += 1;
                if last.replace(route.endpoint) != Some(route.endpoint) {
                    route.delivered += 1;
                    self.deliveries += 1;
                }
            }
        }
    }

    fn count_lost(&mut self, source: MessageSource<'_>) {
        self.nowhere += 1;
        let path = source.to_string();
        if let Some(count) = self.sources.get_mut(&path) {
            *count += 1;
        } else if self.sources.len() < SOURCES {
            self.sources.insert(path, 1);
        } else {
            self.of_other_sources += 1;
        }
    }

    /// Whether it is still noted why routes take nothing.
    fn looks_into_unmatched(&self) -> bool {
        !self.unmatched.is_empty() && self.evaluations < EVALUATIONS
    }

    /// Notes for each route that has taken nothing yet why it does not take this message either.
    fn look_into_unmatched(&mut self, number: usize, source: MessageSource<'_>, facts: &Facts<'_>) {
        let routes = &mut self.routes;
        self.unmatched.retain(|&place| routes.get(place).is_some_and(|route| route.matched == 0));
        self.evaluations += self.unmatched.len();
        for &place in &self.unmatched {
            let Some(route) = routes.get_mut(place) else { continue };
            // A fallback that is not needed is not at fault.
            if route.route.role == Role::Route || self.taking.is_empty() {
                route.unmatched.add(number, Why::of(route.route, source, facts));
            }
        }
    }
}

/// What was counted.
impl<'r, 't> Coverage<'r, 't> {
    /// Every route, in the order of declaration, the fallback last.
    #[must_use]
    pub fn routes(&self) -> &[RouteCoverage<'r, 't>] {
        &self.routes
    }

    /// How many messages there were.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// How many deliveries.
    #[must_use]
    pub const fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// How many messages went nowhere.
    #[must_use]
    pub const fn nowhere(&self) -> u64 {
        self.nowhere
    }

    /// The first messages that went nowhere.
    #[must_use]
    pub fn lost(&self) -> &[Lost<'r>] {
        &self.lost
    }

    /// Where messages that went nowhere came from, and how many from there, the most first. Allocates.
    #[must_use]
    pub fn lost_by_source(&self) -> Vec<(&str, u64)> {
        let mut sources: Vec<(&str, u64)> =
            self.sources.iter().map(|(source, count)| (source.as_str(), *count)).collect();
        sources.sort_by_key(|(source, count)| (Reverse(*count), *source));
        sources
    }

    /// How many came from sources that are not told apart any more.
    #[must_use]
    pub const fn of_other_sources(&self) -> u64 {
        self.of_other_sources
    }
}

/// The table in which each route has an endpoint of its own. Whatever follows a sink is ignored, so what stands before it
/// is all there is to a route but where it leads.
fn table_of_each(routes: &Routes<'_>) -> Result<RouteTable, CompileError> {
    let limits = routes.limits().clone();
    let limits = Limits { route_bytes: limits.route_bytes.saturating_add(128), ..limits };
    let mut builder = RouteTable::builder().limits(limits).shadowing(routes.shadowing());
    let text = |route: &Compiled<'_>, place: usize| {
        let before = route.text.text.get(..route.sink_span.range().start).unwrap_or_default();
        format!("{before}BrokeredEndpoint(\"/modules/route/inputs/{place}\")")
    };
    for (place, route) in routes.compiled().enumerate() {
        builder = builder.route(place.to_string(), text(route, place));
    }
    if let Some(fallback) = routes.compiled_fallback() {
        let place = routes.len();
        builder = builder.fallback(place.to_string(), text(fallback, place));
    }
    builder.build().map(CompiledTable::into_table)
}

/// What messages made of a route.
#[derive(Clone, Debug)]
pub struct RouteCoverage<'r, 't> {
    route: &'r Compiled<'t>,
    /// The same for all routes that lead there.
    endpoint: usize,
    matched: u64,
    delivered: u64,
    unmatched: Unmatched,
}

impl<'r, 't> RouteCoverage<'r, 't> {
    /// The route as it was given.
    #[must_use]
    pub fn text(&self) -> &'r RouteText<'t> {
        &self.route.text
    }

    /// Where it sends messages.
    #[must_use]
    pub const fn endpoint(&self) -> &'r Endpoint {
        &self.route.typed.endpoint
    }

    /// How many messages it took.
    #[must_use]
    pub const fn matched(&self) -> u64 {
        self.matched
    }

    /// How many of those it delivered, because no other route went before it.
    #[must_use]
    pub const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Of a route that took nothing, why; of the messages that were looked into.
    #[must_use]
    pub fn unmatched(&self) -> Option<&Unmatched> {
        (self.matched == 0).then_some(&self.unmatched)
    }
}

/// Why a route took no message, counted over the first ones.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Unmatched {
    other_source: u64,
    is_false: u64,
    undefined: u64,
    example: Option<(usize, Note)>,
}

impl Unmatched {
    fn add(&mut self, number: usize, why: Why) {
        match why {
            Why::OtherSource => self.other_source += 1,
            Why::False => self.is_false += 1,
            Why::Undefined(note) => {
                self.undefined += 1;
                if self.example.is_none() {
                    self.example = note.map(|note| (number, note));
                }
            }
        }
    }

    /// How many messages were from other sources.
    #[must_use]
    pub const fn other_source(&self) -> u64 {
        self.other_source
    }

    /// For how many the condition was false.
    #[must_use]
    pub const fn is_false(&self) -> u64 {
        self.is_false
    }

    /// For how many it was undefined.
    #[must_use]
    pub const fn undefined(&self) -> u64 {
        self.undefined
    }

    /// How many messages were looked into.
    #[must_use]
    pub const fn looked_into(&self) -> u64 {
        self.other_source + self.is_false + self.undefined
    }

    /// The first message for which it was undefined, and why.
    #[must_use]
    pub fn example(&self) -> Option<(usize, &Note)> {
        self.example.as_ref().map(|(number, note)| (*number, note))
    }
}

/// Why a route does not take a message.
enum Why {
    OtherSource,
    False,
    /// With what is undefined first.
    Undefined(Option<Note>),
}

impl Why {
    fn of(route: &Compiled<'_>, source: MessageSource<'_>, facts: &Facts<'_>) -> Self {
        if !route.takes(source) {
            return Self::OtherSource;
        }
        let explained = condition::explain(&route.typed.condition, route.text.text, facts);
        if explained.verdict() != Verdict::Undefined {
            return Self::False;
        }
        let reason = explained.parts.into_iter().find(|part| {
            let is_cause = part.note.as_ref().is_some_and(|note| !note.is_consequence());
            is_cause && (part.value == PartValue::Undefined || matches!(part.note, Some(Note::NoBool(_))))
        });
        Self::Undefined(reason.and_then(|part| part.note))
    }
}

/// A message that went nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lost<'r> {
    message: usize,
    source: String,
    other_source: usize,
    is_false: usize,
    undefined: usize,
    why: Vec<LostWhy<'r>>,
}

/// A route that looked at a message that went nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LostWhy<'r> {
    route: &'r str,
    verdict: Verdict,
    note: Option<Note>,
}

impl<'r> Lost<'r> {
    fn new(message: usize, routes: &[RouteCoverage<'r, '_>], source: MessageSource<'_>, facts: &Facts<'_>) -> Self {
        let mut lost =
            Self { message, source: source.to_string(), other_source: 0, is_false: 0, undefined: 0, why: Vec::new() };
        let mut whys = Vec::new();
        for route in routes {
            let (verdict, note) = match Why::of(route.route, source, facts) {
                Why::OtherSource => {
                    lost.other_source += 1;
                    continue;
                }
                Why::False => (Verdict::False, None),
                Why::Undefined(note) => (Verdict::Undefined, note),
            };
            lost.is_false += usize::from(verdict == Verdict::False);
            lost.undefined += usize::from(verdict == Verdict::Undefined);
            // What is undefined is more often a mistake, and the longest source is nearest to the message's.
            let rank = (verdict == Verdict::False, Reverse(route.route.typed.source.as_str().len()));
            whys.push((rank, LostWhy { route: route.text().name, verdict, note }));
        }
        whys.sort_by_key(|(rank, _)| *rank);
        lost.why = whys.into_iter().take(NAMED).map(|(_, why)| why).collect();
        lost
    }

    /// What the message is called.
    #[must_use]
    pub const fn message(&self) -> usize {
        self.message
    }

    /// The path that it came from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many routes look at other sources.
    #[must_use]
    pub const fn other_source(&self) -> usize {
        self.other_source
    }

    /// How many routes' conditions are false.
    #[must_use]
    pub const fn is_false(&self) -> usize {
        self.is_false
    }

    /// How many routes' conditions are undefined.
    #[must_use]
    pub const fn undefined(&self) -> usize {
        self.undefined
    }

    /// Some of the routes that looked at it, those whose condition is undefined first, and of these
    /// those with the longest sources.
    #[must_use]
    pub fn why(&self) -> &[LostWhy<'r>] {
        &self.why
    }
}

impl<'r> LostWhy<'r> {
    /// The route's name.
    #[must_use]
    pub const fn route(&self) -> &'r str {
        self.route
    }

    /// What its condition says of the message.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Why it is undefined.
    #[must_use]
    pub const fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }
}
