//! A part of a table: routes that were compiled together.
//!
//! A table that was built at once has one segment. Changing routes adds small segments beside the first. Routes that
//! are removed or replaced are marked as retired where they are. Several tables can share a segment; they differ in
//! which of its routes are alive. Each route has the *version* in which it was retired. For a table, a route is not
//! alive if it was retired in the version of the table or an earlier one. So removing a route takes a single store,
//! whatever the size of the segment, and does not affect tables that are in use.

use std::collections::BTreeMap;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, Ordering};

use super::id::{Numbers, RouteId};
use super::rank::Rank;
use crate::index::{HashSeed, IndexBuilder, LocalRouteId, TooManyReads};
use crate::search::Matcher;
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::hir::{self, fold};
use edgeroute_lang::id::to_u32;
use edgeroute_lang::limits::Budgets;
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::route::Route;

/// A set of compiled routes. If the fallback is in this segment, it comes last.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) matcher: Matcher,
    /// Indexed by [`LocalRouteId`].
    routes: Box<[RouteEntry]>,
    /// The distinct records: most routes share theirs with many others.
    records: Box<[RouteRecord]>,
    /// All names in one string.
    names: Box<str>,
    /// The place of each route in the order of declaration; empty if the routes are ranked from the start.
    ranks: Box<[Rank]>,
    /// The id of each route in the table; empty if it is the local one.
    ids: Box<[RouteId]>,
    /// For each route the version in which it was retired, or [`ALIVE`]; empty if routes of this segment are never
    /// retired.
    retirements: Box<[AtomicU32]>,
    /// The endpoints of the routes, in ascending order of their numbers.
    endpoints: Box<[Endpoint]>,
    /// The numbers of `endpoints`; empty if they are 0, 1, 2 and so on.
    endpoint_numbers: Box<[u32]>,
}

const ALIVE: u32 = 0;

/// What a delivery reads of a route, in one place.
#[derive(Copy, Clone, Debug)]
struct RouteEntry {
    /// The number of the record of the route.
    record: u32,
    /// The end of the name in the string of all names. The name starts at the end of the one before.
    name_end: u32,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RouteRecord {
    /// The number of the endpoint, which is the same in all segments of a table.
    pub(super) endpoint: u32,
    pub(super) priority: Priority,
    pub(super) time_to_live: TimeToLive,
}

/// Determines whether routes can be removed from a segment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Lifetimes {
    /// The table never changes.
    Forever,
    /// A route is alive until it is [retired](Segment::retire).
    Tombstoned,
}

impl Segment {
    /// Returns whether a route belongs to the tables of this version.
    #[inline]
    pub(super) fn is_alive(&self, route: LocalRouteId, version: u32) -> bool {
        // Relaxed ordering is enough: a table of some version is handed to its user after all stores that belong to
        // that version. A later store belongs to a later version, so it makes no difference whether it is visible.
        self.retirements.get(route.index()).is_none_or(|retirement| {
            let retirement = retirement.load(Ordering::Relaxed);
            retirement == ALIVE || retirement > version
        })
    }

    /// Removes a route from all tables of this version and later ones. The version must not be 0.
    pub(super) fn retire(&self, route: LocalRouteId, version: u32) {
        if let Some(retirement) = self.retirements.get(route.index()) {
            retirement.store(version, Ordering::Relaxed);
        }
    }

    /// Returns the place of a route in the order of declaration.
    #[inline]
    pub(super) fn rank(&self, route: LocalRouteId) -> Rank {
        self.ranks.get(route.index()).copied().unwrap_or_else(|| Rank::nth(route.index()))
    }

    /// Returns whether the routes are ranked from the start, in the order of their local ids.
    #[inline]
    pub(super) fn is_ranked_by_id(&self) -> bool {
        self.ranks.is_empty()
    }

    /// Returns the id of a route in the table.
    pub(super) fn route_id(&self, route: LocalRouteId) -> RouteId {
        self.ids.get(route.index()).copied().unwrap_or_else(|| RouteId::nth(route.index()))
    }

    /// Returns the number of routes, including retired ones and the fallback.
    pub(super) fn len(&self) -> usize {
        self.routes.len()
    }

    /// Returns where a route sends messages, and how.
    #[inline]
    pub(super) fn record(&self, route: LocalRouteId) -> Option<&RouteRecord> {
        self.records.get(self.routes.get(route.index())?.record as usize)
    }

    /// Iterates over the numbers of the endpoints of all routes.
    pub(super) fn endpoint_numbers(&self) -> impl Iterator<Item = u32> {
        let counted = if self.endpoint_numbers.is_empty() { to_u32(self.endpoints.len()) } else { 0 };
        (0..counted).chain(self.endpoint_numbers.iter().copied())
    }

    pub(super) fn endpoint(&self, number: u32) -> Option<&Endpoint> {
        let index = if self.endpoint_numbers.is_empty() {
            number as usize
        } else {
            self.endpoint_numbers.binary_search(&number).ok()?
        };
        self.endpoints.get(index)
    }

    pub(super) fn name(&self, route: LocalRouteId) -> &str {
        let end = |index: usize| self.routes.get(index).map_or(0, |route| route.name_end as usize);
        let start = route.index().checked_sub(1).map_or(0, end);
        self.names.get(start..end(route.index())).unwrap_or_default()
    }

    /// Iterates over all routes, including retired ones and the fallback.
    pub(super) fn ids(&self) -> impl ExactSizeIterator<Item = LocalRouteId> + use<> {
        (0..self.routes.len()).map(LocalRouteId::new)
    }

    /// Returns the number of bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let texts: usize = self
            .endpoints
            .iter()
            .map(|endpoint| match endpoint {
                Endpoint::Upstream => 0,
                Endpoint::Module { module, input } => module.len() + input.len(),
            })
            .sum();
        self.matcher.heap_bytes()
            + size_of_val(&*self.routes)
            + size_of_val(&*self.records)
            + size_of_val(&*self.endpoints)
            + size_of_val(&*self.endpoint_numbers)
            + texts
            + self.names.len()
            + size_of_val(&*self.ranks)
            + size_of_val(&*self.ids)
            + size_of_val(&*self.retirements)
            + size_of::<Self>()
    }
}

/// Numbers endpoints in the order in which they are first seen.
#[derive(Clone, Debug, Default)]
pub(super) struct EndpointNumbers {
    numbers: RandomMap<Endpoint, u32>,
    allocated: Numbers,
}

impl EndpointNumbers {
    fn number(&mut self, endpoint: &Endpoint) -> u32 {
        if let Some(&number) = self.numbers.get(endpoint) {
            return number;
        }
        let number = self.allocated.allocate();
        self.numbers.insert(endpoint.clone(), number);
        number
    }

    /// Releases all numbers but these.
    pub(super) fn keep_only(&mut self, used: impl Iterator<Item = u32>) {
        let mut is_used = vec![false; self.bound()];
        for number in used {
            if let Some(is_used) = is_used.get_mut(number as usize) {
                *is_used = true;
            }
        }
        let Self { numbers, allocated } = self;
        numbers.retain(|_, number| {
            let is_used = is_used.get(*number as usize).is_some_and(|is_used| *is_used);
            if !is_used {
                allocated.release(*number);
            }
            is_used
        });
    }

    /// Every number is below this.
    pub(super) const fn bound(&self) -> usize {
        self.allocated.bound()
    }
}

/// Builds a segment from routes that are added in the order of declaration.
pub(super) struct SegmentBuilder<'e> {
    index: IndexBuilder,
    routes: Vec<RouteEntry>,
    records: Vec<RouteRecord>,
    record_numbers: RandomMap<RouteRecord, u32>,
    names: String,
    ranks: Vec<Rank>,
    ids: Vec<RouteId>,
    numbers: &'e mut EndpointNumbers,
    endpoints: BTreeMap<u32, Endpoint>,
}

impl<'e> SegmentBuilder<'e> {
    pub(super) fn new(budgets: Budgets, numbers: &'e mut EndpointNumbers) -> Self {
        Self {
            index: IndexBuilder::new(budgets),
            routes: Vec::new(),
            records: Vec::new(),
            record_numbers: RandomMap::default(),
            names: String::new(),
            ranks: Vec::new(),
            ids: Vec::new(),
            numbers,
            endpoints: BTreeMap::new(),
        }
    }

    /// Adds a route.
    pub(super) fn add(
        &mut self,
        rank: Rank,
        id: RouteId,
        route: &Route,
        compiled: &hir::TypedRoute<'_>,
    ) -> Result<LocalRouteId, TooManyReads> {
        let local = self.record(rank, id, route, &compiled.endpoint);
        self.index.add(local, &compiled.source, &fold(&compiled.condition))?;
        Ok(local)
    }

    /// Adds routes with their positions in the builder and their endpoints; their conditions are in `index`.
    #[cfg(feature = "parallel")]
    pub(super) fn absorb(&mut self, routes: &[(usize, &Route, Endpoint)], index: IndexBuilder) {
        let first = LocalRouteId::new(self.routes.len());
        for (position, route, endpoint) in routes {
            self.record(Rank::nth(*position), RouteId::nth(*position), route, endpoint);
        }
        self.index.absorb(index, first);
    }

    /// Sets the fallback. Nothing may be added after it.
    pub(super) fn set_fallback(
        &mut self,
        rank: Rank,
        id: RouteId,
        route: &Route,
        compiled: &hir::TypedRoute<'_>,
    ) -> Result<(), TooManyReads> {
        let local = self.record(rank, id, route, &compiled.endpoint);
        self.index.set_fallback(local, &fold(&compiled.condition))
    }

    fn record(&mut self, rank: Rank, id: RouteId, route: &Route, endpoint: &Endpoint) -> LocalRouteId {
        let local = LocalRouteId::new(self.routes.len());
        let number = self.numbers.number(endpoint);
        self.endpoints.entry(number).or_insert_with(|| endpoint.clone());
        self.names.push_str(route.name());
        self.ranks.push(rank);
        self.ids.push(id);
        let record = RouteRecord { endpoint: number, priority: route.priority(), time_to_live: route.time_to_live() };
        let next = to_u32(self.records.len());
        let number = *self.record_numbers.entry(record).or_insert(next);
        if number == next {
            self.records.push(record);
        }
        self.routes.push(RouteEntry { record: number, name_end: to_u32(self.names.len()) });
        local
    }

    pub(super) fn finish(self, key: HashSeed, lifetimes: Lifetimes) -> Segment {
        let Self { index, routes, records, names, ranks, ids, endpoints, .. } = self;
        let (endpoint_numbers, endpoints): (Vec<u32>, Vec<Endpoint>) = endpoints.into_iter().unzip();
        let tombstones = match lifetimes {
            Lifetimes::Forever => 0,
            Lifetimes::Tombstoned => routes.len(),
        };
        let contenders = |same: &mut [LocalRouteId]| match lifetimes {
            Lifetimes::Forever => contenders(same, |route| {
                let record = records.get(routes.get(route.index())?.record as usize)?;
                Some((record.endpoint, record.priority, *ranks.get(route.index())?))
            }),
            // If the winner is retired, the next one wins.
            Lifetimes::Tombstoned => same.len(),
        };
        Segment {
            matcher: Matcher::new(index.finish(key, &contenders)),
            retirements: (0..tombstones).map(|_| AtomicU32::new(ALIVE)).collect(),
            routes: routes.into(),
            records: records.into(),
            names: names.into(),
            ranks: unless_counted(ranks, Rank::nth),
            ids: unless_counted(ids, RouteId::nth),
            endpoints: endpoints.into(),
            endpoint_numbers: unless_counted(endpoint_numbers, to_u32),
        }
    }
}

/// Of routes with the same condition, moves the winner of each endpoint before the others. Returns the number of winners.
/// `preference` is the endpoint of a route, and then what decides between the routes of an endpoint.
fn contenders(same: &mut [LocalRouteId], preference: impl Fn(LocalRouteId) -> Option<(u32, Priority, Rank)>) -> usize {
    same.sort_unstable_by_key(|&route| preference(route));
    let endpoint = |route: LocalRouteId| preference(route).map(|(endpoint, ..)| endpoint);
    let mut winners = 0;
    let mut last = None;
    for index in 0..same.len() {
        let of_this = same.get(index).and_then(|&route| endpoint(route));
        if index == 0 || of_this != last {
            same.swap(winners, index);
            winners += 1;
            last = of_this;
        }
    }
    let (first, others) = same.split_at_mut(winners);
    first.sort_unstable();
    others.sort_unstable();
    winners
}

/// Returns the elements, or nothing if each of them follows from its index.
fn unless_counted<T: PartialEq>(elements: Vec<T>, nth: impl Fn(usize) -> T) -> Box<[T]> {
    let is_counted = elements.iter().enumerate().all(|(index, element)| *element == nth(index));
    if is_counted { Box::default() } else { elements.into() }
}
