//! A set of routes that can be changed.
//!
//! The set keeps what its tables do not need: the text and the place of each route. The routes of a table are stored in
//! *levels*, each of at most one [segment](super::segment). The lowest level is the base. The levels above it hold at
//! most 8, 64, 512 routes and so on. A change marks the routes that it removes or replaces as dead where they are. It
//! puts the new routes into the lowest level above the base that can hold them together with the routes of all levels
//! between the base and it; all of these are compiled into one new segment. So a route is compiled again once or a few
//! times for each level that it passes through. The number of levels is the logarithm of the number of changes, and a
//! message visits at most one segment for each level. When the number of changes since the base was compiled exceeds a
//! quarter of all routes, everything is compiled into a new base. A small table is always recompiled as a whole, so it
//! always has one segment.
//!
//! This is a log-structured merge tree with one run for each level (O'Neil and others: The Log-Structured Merge-Tree,
//! 1996). A deletion does not add a tombstone that shadows the entry; it stores a version on the deleted entry.

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
use edgeroute_lang::id::to_u32 as word;

/// A set of routes that can be changed while messages flow.
///
/// Makes a new [`RouteTable`] from the current one and some changes. The average cost of a change grows with the
/// logarithm of the number of routes, not with the number itself; occasionally a change recompiles all routes. Each
/// table gives exactly the answers of a table built at once from the same routes in the same order: a replaced route
/// keeps its place, and an added route goes to the end. A table that was handed out never changes.
///
/// A set has one owner. The owner changes routes and hands the tables to the threads that route messages, for example
/// through the crate `arc-swap`: see `examples/reload.rs`. The set keeps the text of every route.
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
    /// Indexed by rank, which is the order of declaration; `None` where a route was removed.
    pub(super) routes: Vec<Option<Route>>,
    ranks: RandomMap<Box<str>, u32>,
    pub(super) fallback: Option<Fallback>,
    /// The problems of routes that do not compile, by rank.
    left_out: BTreeMap<u32, Vec<RouteProblem>>,
    /// The base, and above it levels of at most [`capacity`] routes.
    pub(super) levels: Vec<Option<Level>>,
    pub(super) endpoints: EndpointNumbers,
    /// The number of changes since the base was compiled.
    pub(super) changes: usize,
    pub(super) table: RouteTable,
}

#[derive(Debug)]
pub(super) struct Route {
    pub(super) declared: Declared,
    /// `None` if the route does not compile.
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
    /// The number of live routes in the segment.
    pub(super) alive: usize,
}

/// Changing routes.
impl RouteSet {
    /// Compiles the routes of a builder into a set.
    ///
    /// # Errors
    /// Fails under the same conditions as [`RouteTableBuilder::build`], and if two routes have the same name.
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

    /// Applies all changes or none of them, and returns the new table.
    ///
    /// Compiles the new routes and, on average, the same number of routes again for each level that they pass through.
    /// A route that is set to its current value is not compiled again. The previous table and all its clones keep
    /// giving the same answers.
    ///
    /// # Errors
    /// Under [`BadRoutes::Refuse`](crate::BadRoutes::Refuse), returns everything that is wrong with the changes;
    /// [positions](RouteProblem::position) count the changes. Under [`BadRoutes::Skip`](crate::BadRoutes::Skip), a
    /// route that does not compile is left out and reported with the table. If it was to replace another route, the old
    /// route is gone; the new one keeps the name and the place until it is replaced or removed. Both modes refuse
    /// adding a name that is taken, replacing or removing a name that does not exist, a fallback that does not compile,
    /// and more routes, names or paths than the limits allow.
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

/// Inspecting a set.
impl RouteSet {
    /// Returns the table of the current routes.
    #[must_use]
    pub const fn table(&self) -> &RouteTable {
        &self.table
    }

    /// Iterates over the names of the routes in the order of declaration, including the routes that are left out but
    /// not the fallback.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().flatten().map(|route| route.declared.name.as_str())
    }

    /// Returns the text of the route with this name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let route = self.routes.get(self.rank(name)? as usize)?.as_ref()?;
        Some(&route.declared.text)
    }

    /// Iterates over the problems of the routes that are left out under [`BadRoutes::Skip`](crate::BadRoutes::Skip), in
    /// the order of declaration. The positions are those of the changes that set these routes.
    pub fn skipped(&self) -> impl Iterator<Item = &RouteProblem> {
        self.left_out.values().flatten()
    }

    pub(super) fn rank(&self, name: &str) -> Option<u32> {
        self.ranks.get(name).copied()
    }

    /// Returns the rank that the next added route gets.
    pub(super) fn end_rank(&self) -> u32 {
        word(self.routes.len())
    }

    /// Returns the number of routes, including those that are left out.
    pub(super) fn declared(&self) -> usize {
        self.ranks.len()
    }

    /// Returns whether the table contains exactly this route at this rank.
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

/// Applying changes.
impl RouteSet {
    /// Puts the compiled parts in place. Cannot fail.
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
        // Each version accounts for at least one counted change, so there are fewer versions than routes.
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

    /// Puts a route at a rank, replacing what is there, or empties the rank.
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

    /// Renumbers the routes without gaps, as a new base does.
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
