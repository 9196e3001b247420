//! Routes that can be changed.
//!
//! The set keeps what its tables do not need: the texts of the routes, and where each is. The routes of a table lie in
//! *levels*, each at most one [segment](super::segment): the base, and above it segments of at most 8, 64, 512 routes and
//! so on. A change kills the routes that it removes or replaces where they are, and puts what it brings into the lowest
//! level that can hold it together with all levels before, which are compiled into one new segment. So a route is
//! compiled again once or a few times for each level that it passes, of which there are as many as the logarithm of the
//! number of changes, and a message visits as many segments. When the changes since the base was compiled come to a
//! quarter of all routes, everything becomes a new base. Where there are few routes, that is done at once: small tables
//! always are one segment.
//!
//! This is a log-structured merge tree with one run for each level (O'Neil and others: The Log-Structured Merge-Tree,
//! 1996); its deletion is not by tombstones that shadow, but by versions on what is deleted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::build::{Compiled, Declared, Options, RouteTableBuilder};
use super::changes::{Change, Changes};
use super::error::{CompileError, RouteProblem};
use super::events::{Work, told};
use super::plan::{Plan, Planned, PlannedFallback};
use super::segment::{EndpointNumbers, Segment};
use super::update::{Built, Merge};
use super::{Inner, RouteTable};
use crate::index::{HashSeed, RouteId};
use edgeroute_lang::hash_map::RandomMap;

/// Routes that can be changed while messages flow.
///
/// Makes a new [`RouteTable`] of an old one and some changes, at a cost that does not grow with the number of routes but
/// by its logarithm (on average: now and then a change compiles all routes anew). The tables answer exactly as one that
/// is built of the same routes at once, in the same order: a replaced route keeps its place, an added one goes to the end.
/// A table that was handed out is never changed.
///
/// A set has one owner, who changes routes and hands the tables to those who route with them, such as through the crate
/// `arc-swap`: see `examples/reload.rs`. It keeps the texts of the routes.
///
/// ```
/// use edgeroute::{Changes, RouteSet, RouteTable};
/// use edgeroute::{Message, Origin};
///
/// let builder = RouteTable::builder()
///     .route("hot", "FROM /messages/* WHERE as_number(temperature) > 80 INTO $upstream")
///     .fallback("rest", "FROM /messages/* INTO $upstream");
/// let mut routes = RouteSet::new(builder)?;
/// let table = routes.table().clone();
/// let mut scratch = table.create_scratch();
/// let properties = [("temperature", "75")];
/// let message = Message::new(Origin::module("edge-1", "sensor").output("temp")).properties(&properties);
/// let winners = |table: &RouteTable, scratch: &mut _| -> Vec<String> {
///     table.route_with(scratch, &message).map(|delivery| delivery.route().to_owned()).collect()
/// };
/// assert_eq!(winners(&table, &mut scratch), ["rest"]);
///
/// // A bad change is refused, and changes nothing.
/// assert!(routes.apply(Changes::new().add("warm", "FROM nowhere")).is_err());
///
/// let changes = Changes::new()
///     .replace("hot", "FROM /messages/* WHERE as_number(temperature) > 70 INTO $upstream")
///     .add("log", "FROM /messages/* INTO BrokeredEndpoint(\"/modules/log/inputs/in\")");
/// let table = routes.apply(changes)?.into_table();
/// table.adapt_scratch(&mut scratch);
/// assert_eq!(winners(&table, &mut scratch), ["hot", "log"]);
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
pub struct RouteSet {
    pub(super) options: Options,
    pub(super) key: HashSeed,
    /// By rank, which is the order of declaration; `None` where a route was removed.
    pub(super) routes: Vec<Option<Route>>,
    ranks: RandomMap<Box<str>, u32>,
    pub(super) fallback: Option<Fallback>,
    /// Those that do not compile, by rank.
    left_out: BTreeMap<u32, Vec<RouteProblem>>,
    /// The base, and above it levels of at most [`capacity`] routes.
    pub(super) levels: Vec<Option<Level>>,
    pub(super) endpoints: EndpointNumbers,
    /// Since the base was compiled.
    pub(super) changes: usize,
    pub(super) table: RouteTable,
}

#[derive(Debug)]
pub(super) struct Route {
    pub(super) declared: Declared,
    /// `None` where it does not compile.
    pub(super) place: Option<Place>,
}

#[derive(Copy, Clone, Debug)]
pub(super) struct Place {
    pub(super) level: usize,
    pub(super) route: RouteId,
}

#[derive(Debug)]
pub(super) struct Fallback {
    pub(super) declared: Declared,
    pub(super) segment: Arc<Segment>,
}

#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) segment: Arc<Segment>,
    /// How many of its routes are alive.
    pub(super) alive: usize,
}

/// Changing routes.
impl RouteSet {
    /// Compiles the routes of a builder.
    ///
    /// # Errors
    /// As [`RouteTableBuilder::build`], and where two routes have one name.
    pub fn new(builder: RouteTableBuilder) -> Result<Self, CompileError> {
        let RouteTableBuilder { routes, fallback, options } = builder;
        let inner = Inner { body_depth: options.limits.body_depth, ..Inner::default() };
        let mut set = Self {
            key: options.hash_key(),
            options,
            routes: Vec::new(),
            ranks: RandomMap::default(),
            fallback: None,
            left_out: BTreeMap::new(),
            levels: Vec::new(),
            endpoints: EndpointNumbers::default(),
            changes: 0,
            table: RouteTable { inner: Arc::new(inner) },
        };
        let all = routes.into_iter().map(Change::Add).chain(fallback.map(Change::SetFallback)).collect();
        set.apply(Changes { all })?;
        Ok(set)
    }

    /// Makes the changes, all of them or none, and gives the new table.
    ///
    /// Compiles the routes that are new and, on average, as many again for each level that they pass; a route that is
    /// set to what it was before is not compiled again. The table that there was before, and all its clones, answer as
    /// before.
    ///
    /// # Errors
    /// Everything that is wrong with the changes, if [`BadRoutes::Refuse`](crate::BadRoutes::Refuse);
    /// [positions](RouteProblem::position) count the changes. With [`BadRoutes::Skip`](crate::BadRoutes::Skip), a bad
    /// route is left out and reported with the table, and a route that it was to replace is gone; it keeps the name and
    /// the place until it is replaced or removed. Refused in either case are a name that is taken, a name that no route
    /// has, a bad fallback, and more routes, names or paths than the limits allow.
    pub fn apply(&mut self, changes: Changes) -> Result<Compiled, CompileError> {
        told(Work::Change(changes.all.len()), || self.change(changes))
    }

    fn change(&mut self, changes: Changes) -> Result<Compiled, CompileError> {
        let plan = Plan::new(self, changes);
        if plan.problems.is_empty() && plan.len() == 0 {
            return Ok(Compiled { table: self.table.clone(), skipped: Vec::new() });
        }
        let checked = self.check(&plan)?;
        let built = match self.merge(&plan, &checked) {
            Merge::All => self.build_base(&plan, &checked)?,
            Merge::Into { level, absorbed } => self.build_level(&plan, &checked, level, &absorbed)?,
        };
        let bad = checked.bad;
        let skipped = bad.values().flatten().cloned().collect();
        self.commit(plan, bad, built);
        Ok(Compiled { table: self.table.clone(), skipped })
    }
}

/// Looking into it.
impl RouteSet {
    /// The table of the routes as they are now.
    #[must_use]
    pub const fn table(&self) -> &RouteTable {
        &self.table
    }

    /// The names of the routes in the order of declaration, those that are left out included, the fallback's not.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().flatten().map(|route| route.declared.name.as_str())
    }

    /// The text of the route of this name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let route = self.routes.get(self.rank(name)? as usize)?.as_ref()?;
        Some(&route.declared.text)
    }

    /// What is wrong with the routes that are left out, in the order of declaration, where
    /// [`BadRoutes::Skip`](crate::BadRoutes::Skip) was asked for. The positions are those of the changes that brought
    /// them.
    pub fn skipped(&self) -> impl Iterator<Item = &RouteProblem> {
        self.left_out.values().flatten()
    }

    pub(super) fn rank(&self, name: &str) -> Option<u32> {
        self.ranks.get(name).copied()
    }

    /// The rank of the next route that is added.
    pub(super) fn end_rank(&self) -> u32 {
        word(self.routes.len())
    }

    /// How many routes there are, those that are left out included.
    pub(super) fn declared(&self) -> usize {
        self.ranks.len()
    }

    /// Whether a route that is just this one is in the table at this rank.
    pub(super) fn has(&self, rank: u32, declared: &Declared) -> bool {
        self.place(rank).is_some() && self.route(rank).is_some_and(|route| route.declared == *declared)
    }

    pub(super) fn route(&self, rank: u32) -> Option<&Route> {
        self.routes.get(rank as usize)?.as_ref()
    }

    pub(super) fn place(&self, rank: u32) -> Option<Place> {
        self.route(rank)?.place
    }
}

/// Making changes.
impl RouteSet {
    /// Puts in place what was built. Cannot fail.
    fn commit(&mut self, plan: Plan, mut bad: BTreeMap<u32, Vec<RouteProblem>>, built: Built) {
        let Built { levels, places, fallback, endpoints, killed } = built;
        self.changes += plan.len();
        for (rank, planned) in plan.routes {
            self.declare(rank, planned, bad.remove(&rank));
        }
        for (rank, place) in places {
            if let Some(Some(route)) = self.routes.get_mut(rank as usize) {
                route.place = Some(place);
            }
        }
        let declared = match plan.fallback {
            PlannedFallback::Kept => self.fallback.take().map(|fallback| fallback.declared),
            PlannedFallback::Removed => None,
            PlannedFallback::Set(Planned { declared, .. }) => Some(declared),
        };
        self.fallback = declared.zip(fallback).map(|(declared, segment)| Fallback { declared, segment });
        // At least one of the changes that are counted is behind each version, so there are fewer than routes.
        let mut version = self.table.inner.version + 1;
        if let Some(endpoints) = endpoints {
            // All segments are new.
            version = 0;
            self.changes = 0;
            self.endpoints = endpoints;
            self.close_gaps();
        }
        self.levels = levels;
        for Place { level, route } in killed {
            if let Some(Some(level)) = self.levels.get(level) {
                level.segment.kill(route, version);
            }
        }
        for level in &mut self.levels {
            *level = level.take().filter(|level| level.alive > 0);
        }
        let occupied = || self.levels.iter().flatten();
        self.table = RouteTable {
            inner: Arc::new(Inner {
                segments: occupied().map(|level| Arc::clone(&level.segment)).collect(),
                fallback: self.fallback.as_ref().map(|fallback| Arc::clone(&fallback.segment)),
                version,
                len: occupied().map(|level| level.alive).sum(),
                endpoint_count: self.endpoints.len(),
                body_depth: self.options.limits.body_depth,
                endpoints: OnceLock::new(),
            }),
        };
    }

    /// Puts a route at a rank in place of what is there, or nothing.
    fn declare(&mut self, rank: u32, planned: Option<Planned>, problems: Option<Vec<RouteProblem>>) {
        self.routes.resize_with(self.routes.len().max(rank as usize + 1), || None);
        let Some(slot) = self.routes.get_mut(rank as usize) else {
            return;
        };
        let before = slot.take();
        self.left_out.remove(&rank);
        self.left_out.extend(problems.map(|problems| (rank, problems)));
        match (before, planned) {
            (_, Some(Planned { declared, .. })) => {
                self.ranks.insert(declared.name.as_str().into(), rank);
                *slot = Some(Route { declared, place: None });
            }
            (Some(before), None) => drop(self.ranks.remove(before.declared.name.as_str())),
            (None, None) => {}
        }
    }

    /// Numbers the routes anew, as a new base does.
    fn close_gaps(&mut self) {
        let mut left_out = core::mem::take(&mut self.left_out);
        let mut closed = Vec::with_capacity(self.ranks.len());
        for (old, route) in core::mem::take(&mut self.routes).into_iter().enumerate() {
            let Some(route) = route else { continue };
            let rank = word(closed.len());
            self.left_out.extend(left_out.remove(&word(old)).map(|problems| (rank, problems)));
            if let Some(named) = self.ranks.get_mut(route.declared.name.as_str()) {
                *named = rank;
            }
            closed.push(Some(route));
        }
        self.routes = closed;
    }
}

fn word(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl fmt::Debug for RouteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteSet")
            .field("routes", &self.declared())
            .field("left_out", &self.left_out.len())
            .field("changes", &self.changes)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}
