//! A part of a table: routes that were compiled together.
//!
//! A table that was built at once has one segment. Changing routes adds small segments beside the first. Routes that
//! are removed or replaced are marked as dead where they are. Several tables can share a segment; they differ in which
//! of its routes are alive. Each route has the *version* in which it died. For a table, a route is dead if it died in
//! the version of the table or an earlier one. So removing a route takes a single store, whatever the size of the
//! segment, and does not affect tables that are in use.

use std::collections::BTreeMap;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, Ordering};

use super::build::Declared;
use crate::index::{HashSeed, IndexBuilder, RouteId, TooManyReads};
use crate::search::Matcher;
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::hir::{self, fold};
use edgeroute_lang::id::to_u32 as word;
use edgeroute_lang::limits::Budgets;
use edgeroute_lang::priority::{Priority, TimeToLive};

/// A set of compiled routes. If the fallback is in this segment, it comes last.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) matcher: Matcher,
    /// Indexed by [`RouteId`]: the number of the record of the route.
    routes: Box<[u32]>,
    /// The distinct records: most routes share theirs with many others.
    records: Box<[RouteRecord]>,
    /// All names in one string, and the end of each, indexed by [`RouteId`].
    names: Box<str>,
    name_ends: Box<[u32]>,
    /// The position of each route in the order of declaration; empty if that is the order of the ids.
    ranks: Box<[u32]>,
    /// For each route the version in which it died, or [`ALIVE`] if it has not died; empty if routes of this segment
    /// never die.
    deaths: Box<[AtomicU32]>,
    /// The endpoints of the routes, in ascending order of their numbers.
    endpoints: Box<[Endpoint]>,
    /// The numbers of `endpoints`; empty if they are 0, 1, 2 and so on.
    endpoint_numbers: Box<[u32]>,
}

const ALIVE: u32 = 0;

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
    /// A route is alive until it is [killed](Segment::kill).
    Tombstoned,
}

impl Segment {
    /// Returns whether a route belongs to the tables of this version.
    #[inline]
    pub(super) fn is_alive(&self, route: RouteId, version: u32) -> bool {
        // Relaxed ordering is enough: a table of some version is handed to its user after all stores that belong to
        // that version. A later store belongs to a later version, so it makes no difference whether it is visible.
        self.deaths.get(route.index()).is_none_or(|death| {
            let death = death.load(Ordering::Relaxed);
            death == ALIVE || death > version
        })
    }

    /// Removes a route from all tables of this version and later ones. The version must not be 0.
    pub(super) fn kill(&self, route: RouteId, version: u32) {
        if let Some(death) = self.deaths.get(route.index()) {
            death.store(version, Ordering::Relaxed);
        }
    }

    /// Returns the position of a route in the order of declaration.
    #[inline]
    pub(super) fn rank(&self, route: RouteId) -> u32 {
        self.ranks.get(route.index()).copied().unwrap_or_else(|| word(route.index()))
    }

    /// Returns the number of routes, including dead ones and the fallback.
    pub(super) fn len(&self) -> usize {
        self.routes.len()
    }

    /// Returns where a route sends messages, and how.
    #[inline]
    pub(super) fn record(&self, route: RouteId) -> Option<&RouteRecord> {
        self.records.get(*self.routes.get(route.index())? as usize)
    }

    pub(super) fn endpoint(&self, number: u32) -> Option<&Endpoint> {
        let index = if self.endpoint_numbers.is_empty() {
            number as usize
        } else {
            self.endpoint_numbers.binary_search(&number).ok()?
        };
        self.endpoints.get(index)
    }

    pub(super) fn name(&self, route: RouteId) -> &str {
        let end = |index: usize| self.name_ends.get(index).map_or(0, |&end| end as usize);
        let start = route.index().checked_sub(1).map_or(0, end);
        self.names.get(start..end(route.index())).unwrap_or_default()
    }

    /// Iterates over all routes, including dead ones and the fallback.
    pub(super) fn ids(&self) -> impl ExactSizeIterator<Item = RouteId> + use<> {
        (0..self.routes.len()).map(RouteId::new)
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
            + size_of_val(&*self.name_ends)
            + size_of_val(&*self.ranks)
            + size_of_val(&*self.deaths)
            + size_of::<Self>()
    }
}

/// Numbers endpoints in the order in which they are first seen.
#[derive(Debug, Default)]
pub(super) struct EndpointNumbers {
    numbers: RandomMap<Endpoint, u32>,
}

impl EndpointNumbers {
    fn number(&mut self, endpoint: &Endpoint) -> u32 {
        if let Some(&number) = self.numbers.get(endpoint) {
            return number;
        }
        let number = word(self.numbers.len());
        self.numbers.insert(endpoint.clone(), number);
        number
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}

/// Builds a segment from routes that are added in the order of declaration.
pub(super) struct SegmentBuilder<'e> {
    tree: IndexBuilder,
    routes: Vec<u32>,
    records: Vec<RouteRecord>,
    record_numbers: RandomMap<RouteRecord, u32>,
    names: String,
    name_ends: Vec<u32>,
    ranks: Vec<u32>,
    numbers: &'e mut EndpointNumbers,
    endpoints: BTreeMap<u32, Endpoint>,
}

impl<'e> SegmentBuilder<'e> {
    pub(super) fn new(budgets: Budgets, numbers: &'e mut EndpointNumbers) -> Self {
        Self {
            tree: IndexBuilder::new(budgets),
            routes: Vec::new(),
            records: Vec::new(),
            record_numbers: RandomMap::default(),
            names: String::new(),
            name_ends: Vec::new(),
            ranks: Vec::new(),
            numbers,
            endpoints: BTreeMap::new(),
        }
    }

    /// Adds the route that is declared at `rank`.
    pub(super) fn add(
        &mut self,
        rank: u32,
        declared: &Declared,
        route: &hir::Route<'_>,
    ) -> Result<RouteId, TooManyReads> {
        let id = self.record(rank, declared, &route.endpoint);
        self.tree.add(id, &route.source, &fold(&route.condition))?;
        Ok(id)
    }

    /// Adds routes with their endpoints; their conditions are in `tree`.
    #[cfg(feature = "parallel")]
    pub(super) fn absorb(&mut self, routes: &[(&Declared, Endpoint)], tree: IndexBuilder) {
        let first = RouteId::new(self.routes.len());
        for (declared, endpoint) in routes {
            self.record(word(self.routes.len()), declared, endpoint);
        }
        self.tree.absorb(tree, first);
    }

    /// Sets the fallback. Nothing may be added after it.
    pub(super) fn set_fallback(&mut self, declared: &Declared, route: &hir::Route<'_>) -> Result<(), TooManyReads> {
        let id = self.record(word(self.routes.len()), declared, &route.endpoint);
        self.tree.set_fallback(id, &fold(&route.condition))
    }

    fn record(&mut self, rank: u32, declared: &Declared, endpoint: &Endpoint) -> RouteId {
        let id = RouteId::new(self.routes.len());
        let number = self.numbers.number(endpoint);
        self.endpoints.entry(number).or_insert_with(|| endpoint.clone());
        let Declared { name, priority, time_to_live, .. } = declared;
        self.names.push_str(name);
        self.name_ends.push(word(self.names.len()));
        self.ranks.push(rank);
        let record = RouteRecord { endpoint: number, priority: *priority, time_to_live: *time_to_live };
        let next = word(self.records.len());
        let number = *self.record_numbers.entry(record).or_insert(next);
        if number == next {
            self.records.push(record);
        }
        self.routes.push(number);
        id
    }

    pub(super) fn finish(self, key: HashSeed, lifetimes: Lifetimes) -> Segment {
        let Self { tree, routes, records, names, name_ends, mut ranks, endpoints, .. } = self;
        let (mut endpoint_numbers, endpoints): (Vec<u32>, Vec<Endpoint>) = endpoints.into_iter().unzip();
        for numbers in [&mut ranks, &mut endpoint_numbers] {
            if numbers.iter().enumerate().all(|(index, &number)| number as usize == index) {
                numbers.clear();
            }
        }
        let mortals = match lifetimes {
            Lifetimes::Forever => 0,
            Lifetimes::Tombstoned => routes.len(),
        };
        Segment {
            matcher: Matcher::new(tree.finish(key)),
            deaths: (0..mortals).map(|_| AtomicU32::new(ALIVE)).collect(),
            routes: routes.into(),
            records: records.into(),
            names: names.into(),
            name_ends: name_ends.into(),
            ranks: ranks.into(),
            endpoints: endpoints.into(),
            endpoint_numbers: endpoint_numbers.into(),
        }
    }
}
