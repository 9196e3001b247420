//! A part of a table: routes that were compiled together.
//!
//! A table that was built at once is one segment. Changing routes adds small segments beside the first, and routes that
//! were removed or replaced die where they are. A segment is shared by all tables that it is part of, and they differ in
//! which of its routes are alive: each route has the *version* in which it died, and a table counts as dead what died in
//! its own version or before. So removing a route takes one store, whatever the size of the segment, and a table that
//! is in use goes on as if nothing had happened.

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
use edgeroute_lang::limits::Budgets;
use edgeroute_lang::priority::{Priority, TimeToLive};

/// Compiled routes. The fallback, if it is of this segment, stands last.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) matcher: Matcher,
    /// By [`RouteId`]: the number of the route's record.
    routes: Box<[u32]>,
    /// Each once: most routes share theirs with many.
    records: Box<[RouteRecord]>,
    /// All names, and where each ends, by [`RouteId`].
    names: Box<str>,
    name_ends: Box<[u32]>,
    /// Where each route stands in the order of declaration; empty where that is the order of the ids.
    ranks: Box<[u32]>,
    /// For each route the version in which it died, [`ALIVE`] before that; empty where none ever does.
    deaths: Box<[AtomicU32]>,
    /// The endpoints of the routes, by ascending number.
    endpoints: Box<[Endpoint]>,
    /// The numbers of `endpoints`; empty where they are 0, 1, 2 and so on.
    endpoint_numbers: Box<[u32]>,
}

const ALIVE: u32 = 0;

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RouteRecord {
    /// The number of the endpoint: the same in all segments of a table.
    pub(super) endpoint: u32,
    pub(super) priority: Priority,
    pub(super) time_to_live: TimeToLive,
}

/// Whether the routes of a segment can be taken out of it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Lifetimes {
    /// The table is never changed.
    Forever,
    /// Each is alive until it is [killed](Segment::kill).
    Tombstoned,
}

impl Segment {
    /// Whether a route is part of the tables of this version.
    #[inline]
    pub(super) fn is_alive(&self, route: RouteId, version: u32) -> bool {
        // Relaxed is enough: who has a table of a version has been handed it after all stores that belong to it; a later
        // store, seen or not, is of a later version.
        self.deaths.get(route.index()).is_none_or(|death| {
            let death = death.load(Ordering::Relaxed);
            death == ALIVE || death > version
        })
    }

    /// Takes a route out of all tables of this version, which is not 0, and later ones.
    pub(super) fn kill(&self, route: RouteId, version: u32) {
        if let Some(death) = self.deaths.get(route.index()) {
            death.store(version, Ordering::Relaxed);
        }
    }

    /// Where a route stands in the order of declaration.
    #[inline]
    pub(super) fn rank(&self, route: RouteId) -> u32 {
        self.ranks.get(route.index()).copied().unwrap_or_else(|| word(route.index()))
    }

    /// How many routes it has, dead ones and the fallback included.
    pub(super) fn len(&self) -> usize {
        self.routes.len()
    }

    /// Where a route sends to, and how.
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

    /// All routes, dead ones and the fallback included.
    pub(super) fn ids(&self) -> impl ExactSizeIterator<Item = RouteId> + use<> {
        (0..self.routes.len()).map(RouteId::new)
    }

    /// Bytes on the heap.
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

/// Numbers endpoints in the order in which they are first met.
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

/// A segment as its routes come in, in the order of their declaration.
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

    /// Adds routes, given with their endpoints, whose conditions are in `tree`.
    #[cfg(feature = "parallel")]
    pub(super) fn absorb(&mut self, routes: &[(&Declared, Endpoint)], tree: IndexBuilder) {
        let first = RouteId::new(self.routes.len());
        for (declared, endpoint) in routes {
            self.record(word(self.routes.len()), declared, endpoint);
        }
        self.tree.absorb(tree, first);
    }

    /// Sets the fallback; nothing may be added after it.
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

fn word(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
