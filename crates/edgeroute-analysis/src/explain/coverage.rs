//! Runs many messages through a set of routes: which routes never match, and which messages go nowhere.
//!
//! Each message costs as much as matching, because a table finds all routes that match it, not only the winners. The
//! reason why a route matches nothing is examined only for the first messages, up to a fixed number of evaluations. The
//! reason why a message goes nowhere is examined only for the first such messages. Time therefore grows with the number
//! of messages as matching does, and memory does not grow with it at all.

use core::cmp::Reverse;
use std::collections::BTreeMap;

use super::condition;
use super::note::Note;
use super::part::PartValue;
use super::routes::{Compiled, Role, Routes};
use edgeroute::{CompileError, RouteTable, Scratch};
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::interpret::{ResolvedMessage, Verdict};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, MessageSource, Properties};
use edgeroute_lang::route::Route;

/// The most conditions that are evaluated to explain why routes match nothing.
const EVALUATIONS: usize = 200_000;
/// The most sources of messages that go nowhere that are counted separately.
const SOURCES: usize = 1000;
/// The most routes that are named for a message that goes nowhere.
const NAMED: usize = 3;

/// Counts where messages go, route by route.
///
/// ```
/// use edgeroute::Route;
/// use edgeroute_analysis::explain::{Coverage, Routes};
/// use edgeroute_lang::message::{Message, Origin};
///
/// let mut routes = Routes::default();
/// let route = Route::new("hot", "FROM /messages/modules/* WHERE t = 'hot' INTO $upstream");
/// routes.add(&route).expect("it compiles");
/// let route = Route::new("leaf", "FROM /messages WHERE level = 'high' INTO $upstream");
/// routes.add(&route).expect("it compiles");
///
/// let mut coverage = Coverage::new(&routes, 10)?;
/// coverage.add(1, &Message::new(Origin::device("leaf-7")).properties(&[("level", "high")]));
/// coverage.add(2, &Message::new(Origin::device("leaf-7")).properties(&[("level", "low")]));
/// let never: Vec<&str> =
///     coverage.routes().iter().filter(|route| route.matched() == 0).map(|route| route.route().name()).collect();
/// assert_eq!(never, ["hot"]);
/// assert_eq!((coverage.messages(), coverage.nowhere(), coverage.lost()[0].message()), (2, 1, 2));
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
#[derive(Debug)]
pub struct Coverage<'r, 't> {
    limits: &'r Limits,
    /// Every route with an endpoint of its own, named by its place, so that none is outranked.
    table: RouteTable,
    scratch: Scratch,
    routes: Vec<RouteCoverage<'r, 't>>,
    /// The places of the routes that have not matched yet.
    unmatched: Vec<usize>,
    evaluations: usize,
    /// Buffer for the routes that match the current message.
    taking: Vec<usize>,
    messages: u64,
    deliveries: u64,
    nowhere: u64,
    /// Holds at most `kept` entries.
    lost: Vec<Lost<'r>>,
    kept: usize,
    /// Counts the messages that go nowhere by source; at most [`SOURCES`] entries.
    sources: BTreeMap<String, u64>,
    of_other_sources: u64,
}

impl<'r, 't> Coverage<'r, 't> {
    /// Starts with no messages. Keeps the first `kept` messages that go nowhere.
    ///
    /// # Errors
    /// Fails if the routes have more different names and paths than a table can hold.
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

    /// Counts a message. Reports refer to it by `number`.
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
            let facts = ResolvedMessage::lenient(message, self.limits);
            if is_kept {
                self.lost.push(Lost::new(number, &self.routes, source, &facts));
            }
            if self.looks_into_unmatched() {
                self.look_into_unmatched(number, source, &facts);
            }
        }
    }

    /// Counts the deliveries: for each endpoint, the best of the matching routes delivers.
    fn count_deliveries(&mut self) {
        let routes = &mut self.routes;
        let rank = |place: &usize| routes.get(*place).map(|route| (route.endpoint, route.route().priority(), *place));
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

    /// Whether reasons why routes match nothing are still being recorded.
    fn looks_into_unmatched(&self) -> bool {
        !self.unmatched.is_empty() && self.evaluations < EVALUATIONS
    }

    /// Records, for each route that has not matched yet, why it does not match this message either.
    fn look_into_unmatched(&mut self, number: usize, source: MessageSource<'_>, facts: &ResolvedMessage<'_>) {
        let routes = &mut self.routes;
        self.unmatched.retain(|&place| routes.get(place).is_some_and(|route| route.matched == 0));
        self.evaluations += self.unmatched.len();
        for &place in &self.unmatched {
            let Some(route) = routes.get_mut(place) else { continue };
            // A fallback that is not needed has not failed to match.
            if route.route.role == Role::Route || self.taking.is_empty() {
                route.unmatched.add(number, Why::of(route.route, source, facts));
            }
        }
    }
}

/// The counts.
impl<'r, 't> Coverage<'r, 't> {
    /// Every route, in the order of declaration, with the fallback last.
    #[must_use]
    pub fn routes(&self) -> &[RouteCoverage<'r, 't>] {
        &self.routes
    }

    /// The number of messages.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// The number of deliveries.
    #[must_use]
    pub const fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// The number of messages that went nowhere.
    #[must_use]
    pub const fn nowhere(&self) -> u64 {
        self.nowhere
    }

    /// The first messages that went nowhere.
    #[must_use]
    pub fn lost(&self) -> &[Lost<'r>] {
        &self.lost
    }

    /// The sources of messages that went nowhere with their numbers of messages, the most frequent first. Allocates.
    #[must_use]
    pub fn lost_by_source(&self) -> Vec<(&str, u64)> {
        let mut sources: Vec<(&str, u64)> =
            self.sources.iter().map(|(source, count)| (source.as_str(), *count)).collect();
        sources.sort_by_key(|(source, count)| (Reverse(*count), *source));
        sources
    }

    /// The number of messages that went nowhere from sources that are no longer counted separately.
    #[must_use]
    pub const fn of_other_sources(&self) -> u64 {
        self.of_other_sources
    }
}

/// Builds the table in which each route has an endpoint of its own. The text up to the end of the condition is kept;
/// only the sink is replaced, since whatever follows a sink is ignored.
fn table_of_each(routes: &Routes<'_>) -> Result<RouteTable, CompileError> {
    let limits = routes.limits();
    let limits = limits.clone().with_route_bytes(limits.route_bytes.saturating_add(128));
    let mut builder = RouteTable::builder().limits(limits).shadowing(routes.shadowing());
    let text = |route: &Compiled<'_>, place: usize| {
        let before = route.route.text().get(..route.sink_span.range().start).unwrap_or_default();
        format!("{before}BrokeredEndpoint(\"/modules/route/inputs/{place}\")")
    };
    for (place, route) in routes.compiled().enumerate() {
        builder = builder.route(place.to_string(), text(route, place));
    }
    if let Some(fallback) = routes.compiled_fallback() {
        let place = routes.len();
        builder = builder.fallback((place.to_string(), text(fallback, place)));
    }
    builder.build()
}

/// The coverage of one route.
#[derive(Clone, Debug)]
pub struct RouteCoverage<'r, 't> {
    route: &'r Compiled<'t>,
    /// Shared by all routes with the same endpoint.
    endpoint: usize,
    matched: u64,
    delivered: u64,
    unmatched: Unmatched,
}

impl<'r, 't> RouteCoverage<'r, 't> {
    /// The route as it was given.
    #[must_use]
    pub fn route(&self) -> &'t Route {
        self.route.route
    }

    /// The endpoint that the route sends messages to.
    #[must_use]
    pub const fn endpoint(&self) -> &'r Endpoint {
        &self.route.typed.endpoint
    }

    /// The number of messages that the route matched.
    #[must_use]
    pub const fn matched(&self) -> u64 {
        self.matched
    }

    /// The number of matched messages that the route delivered because no other route took precedence over it.
    #[must_use]
    pub const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// For a route that matched nothing, the reasons, counted over the messages that were examined.
    #[must_use]
    pub fn unmatched(&self) -> Option<&Unmatched> {
        (self.matched == 0).then_some(&self.unmatched)
    }
}

/// The reasons why a route matched no message, counted over the first messages.
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

    /// The number of messages from other sources.
    #[must_use]
    pub const fn other_source(&self) -> u64 {
        self.other_source
    }

    /// The number of messages for which the condition was false.
    #[must_use]
    pub const fn is_false(&self) -> u64 {
        self.is_false
    }

    /// The number of messages for which the condition was undefined.
    #[must_use]
    pub const fn undefined(&self) -> u64 {
        self.undefined
    }

    /// The number of messages that were examined.
    #[must_use]
    pub const fn looked_into(&self) -> u64 {
        self.other_source + self.is_false + self.undefined
    }

    /// The first message for which the condition was undefined, and why.
    #[must_use]
    pub fn example(&self) -> Option<(usize, &Note)> {
        self.example.as_ref().map(|(number, note)| (*number, note))
    }
}

/// The reason why a route does not match a message.
enum Why {
    OtherSource,
    False,
    /// Carries the note of the first undefined part.
    Undefined(Option<Note>),
}

impl Why {
    fn of(route: &Compiled<'_>, source: MessageSource<'_>, facts: &ResolvedMessage<'_>) -> Self {
        if !route.takes(source) {
            return Self::OtherSource;
        }
        let explained = condition::explain(&route.typed.condition, route.route.text(), facts);
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

/// A route that selects the source of a message that went nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LostWhy<'r> {
    route: &'r str,
    verdict: Verdict,
    note: Option<Note>,
}

impl<'r> Lost<'r> {
    fn new(
        message: usize,
        routes: &[RouteCoverage<'r, '_>],
        source: MessageSource<'_>,
        facts: &ResolvedMessage<'_>,
    ) -> Self {
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
            // An undefined condition is more often a mistake than a false one, and the longest source is closest to the
            // message's.
            let rank = (verdict == Verdict::False, Reverse(route.route.typed.source.as_str().len()));
            whys.push((rank, LostWhy { route: route.route().name(), verdict, note }));
        }
        whys.sort_by_key(|(rank, _)| *rank);
        lost.why = whys.into_iter().take(NAMED).map(|(_, why)| why).collect();
        lost
    }

    /// The number of the message, as given to [`Coverage::add`].
    #[must_use]
    pub const fn message(&self) -> usize {
        self.message
    }

    /// The path that the message came from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The number of routes that select other sources.
    #[must_use]
    pub const fn other_source(&self) -> usize {
        self.other_source
    }

    /// The number of routes whose condition is false.
    #[must_use]
    pub const fn is_false(&self) -> usize {
        self.is_false
    }

    /// The number of routes whose condition is undefined.
    #[must_use]
    pub const fn undefined(&self) -> usize {
        self.undefined
    }

    /// Some of the routes that select the message's source. Routes whose condition is undefined come first, and among
    /// these the ones with the longest sources.
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

    /// The verdict of its condition on the message.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The reason why the condition is undefined.
    #[must_use]
    pub const fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }
}
