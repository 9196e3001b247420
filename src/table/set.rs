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

use super::build::{BadRoutes, Options, RouteTableBuilder};
use super::changes::{Change, Changes};
use super::error::{CompileError, RouteProblem};
use super::events::{Work, observed};
use super::id::{Numbers, RouteId};
use super::plan::{Plan, Planned, PlannedFallback};
use super::rank::{Position, Rank};
use super::segment::{EndpointNumbers, Segment};
use super::update::{Built, Merge};
use super::{Inner, PartialTable, RouteTable};
use crate::index::{HashSeed, LocalRouteId};
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::manifest::Retention;
use edgeroute_lang::route::Route;

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
/// use edgeroute::{Changes, Message, Origin, Route, RouteSet, RouteTable};
///
/// let builder = RouteTable::builder()
///     .route("hot", "FROM /messages/* WHERE as_number(temperature) > 80 INTO $upstream")
///     .fallback(Route::new("rest", "FROM /messages/* INTO $upstream"));
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
/// assert!(routes.apply(Changes::new().add(Route::new("warm", "FROM nowhere"))).is_err());
///
/// let changes = Changes::new()
///     .replace(Route::new("hot", "FROM /messages/* WHERE as_number(temperature) > 70 INTO $upstream"))
///     .add(Route::new("log", "FROM /messages/* INTO BrokeredEndpoint(\"/modules/log/inputs/in\")"));
/// let table = routes.apply(changes)?;
/// table.adapt_scratch(&mut scratch);
/// assert_eq!(winners(&table, &mut scratch), ["hot", "log"]);
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
pub struct RouteSet {
    pub(super) options: Options,
    pub(super) key: HashSeed,
    /// In the order of declaration.
    pub(super) routes: BTreeMap<Rank, Declared>,
    ranks: RandomMap<Arc<str>, Rank>,
    /// The ids of all routes and of the fallback.
    ids: Numbers,
    pub(super) fallback: Option<Fallback>,
    /// The problems of routes that do not compile.
    left_out: BTreeMap<Rank, Vec<RouteProblem>>,
    /// The base, and above it levels of at most [`capacity`] routes.
    pub(super) levels: Vec<Option<Level>>,
    pub(super) endpoints: EndpointNumbers,
    /// The number of changes since the base was compiled.
    pub(super) changes: usize,
    pub(super) table: RouteTable,
}

/// A route of the set.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) route: Route,
    pub(super) id: RouteId,
    /// `None` if the route does not compile.
    pub(super) place: Option<Place>,
}

impl Declared {
    /// Returns whether the table contains exactly this route.
    pub(super) fn is_compiled_from(&self, route: &Route) -> bool {
        self.place.is_some() && self.route == *route
    }
}

#[derive(Copy, Clone, Debug)]
pub(super) struct Place {
    pub(super) level: usize,
    pub(super) route: LocalRouteId,
}

#[derive(Debug)]
pub(super) struct Fallback {
    pub(super) route: Route,
    pub(super) id: RouteId,
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
        Self::build(builder, BadRoutes::Refuse)
    }

    /// Compiles the routes of a builder into a set, and leaves out those that do not compile. [`skipped`](Self::skipped)
    /// reports them.
    ///
    /// # Errors
    /// Fails under the same conditions as [`RouteTableBuilder::build_partial`], and if two routes have the same name.
    pub fn new_partial(builder: RouteTableBuilder) -> Result<Self, CompileError> {
        Self::build(builder, BadRoutes::Skip)
    }

    fn build(builder: RouteTableBuilder, bad_routes: BadRoutes) -> Result<Self, CompileError> {
        let RouteTableBuilder { routes, fallback, options } = builder;
        let inner = Inner { body_depth: options.limits.body_depth, retention: options.retention, ..Inner::default() };
        let mut set = Self {
            key: options.hash_key(),
            options,
            routes: BTreeMap::new(),
            ranks: RandomMap::default(),
            ids: Numbers::default(),
            fallback: None,
            left_out: BTreeMap::new(),
            levels: Vec::new(),
            endpoints: EndpointNumbers::default(),
            changes: 0,
            table: RouteTable { inner: Arc::new(inner) },
        };
        let all = routes.into_iter().map(Change::Add).chain(fallback.map(Change::SetFallback)).collect();
        set.change(Changes { all }, bad_routes)?;
        Ok(set)
    }

    /// Applies all changes or none of them, and returns the new table.
    ///
    /// Compiles the new routes and, on average, the same number of routes again for each level that they pass through.
    /// A route that is set to its current value is not compiled again. The previous table and all its clones keep
    /// giving the same answers.
    ///
    /// # Errors
    /// Returns everything that is wrong with the changes: routes that do not compile, adding a name that is taken,
    /// replacing or removing a name that does not exist, and more routes, names or paths than the limits allow.
    /// [Indices](RouteProblem::index) count the changes, where [`Changes::replace_all`] counts as its routes.
    pub fn apply(&mut self, changes: Changes) -> Result<RouteTable, CompileError> {
        let PartialTable { table, .. } = self.change(changes, BadRoutes::Refuse)?;
        Ok(table)
    }

    /// Applies changes like [`apply`](Self::apply), but leaves out routes that do not compile and reports them together
    /// with the table. If such a route was to replace another one, the old route is gone; the new one keeps the name,
    /// the id and the place until it is replaced or removed.
    ///
    /// # Errors
    /// Fails like [`apply`](Self::apply), but not because of a route that does not compile, except for the fallback.
    pub fn apply_partial(&mut self, changes: Changes) -> Result<PartialTable, CompileError> {
        self.change(changes, BadRoutes::Skip)
    }

    fn change(&mut self, changes: Changes, bad_routes: BadRoutes) -> Result<PartialTable, CompileError> {
        observed(Work::Change(changes.all.len()), || {
            let plan = Plan::new(self, changes);
            if plan.problems.is_empty() && plan.len() == 0 {
                if plan.retention != self.retention() {
                    self.table = self.assemble(self.table.inner.version, plan.retention);
                }
                return Ok(PartialTable { table: self.table.clone(), skipped: Vec::new() });
            }
            let checked = self.check(&plan, bad_routes)?;
            let ids = self.allocate_ids(&plan);
            let built = match self.merge(&plan, &checked) {
                Merge::All => self.build_base(&plan, &checked, &ids),
                Merge::Into { level, absorbed } => self.build_level(&plan, &checked, &ids, level, &absorbed),
            };
            let built = match built {
                Ok(built) => built,
                Err(error) => {
                    self.ids.take_back(ids.allocated.iter().map(|id| id.0), ids.bound_before);
                    self.release_unused_endpoints();
                    return Err(error);
                }
            };
            let bad = checked.bad;
            let skipped = bad.values().flatten().cloned().collect();
            self.commit(plan, bad, ids, built);
            Ok(PartialTable { table: self.table.clone(), skipped })
        })
    }
}

/// Inspecting a set.
impl RouteSet {
    /// Returns the table of the current routes.
    #[must_use]
    pub const fn table(&self) -> &RouteTable {
        &self.table
    }

    /// Iterates over the routes in the order of declaration, including the routes that are left out but not the
    /// fallback.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.values().map(|declared| &declared.route)
    }

    /// Iterates over the names of the routes, in the same order as [`routes`](Self::routes).
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.routes().map(Route::name)
    }

    /// Returns the route with this name. Does not look at the fallback.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Route> {
        Some(&self.route(self.rank(name)?)?.route)
    }

    /// Returns the id of the route with this name. Does not look at the fallback.
    #[must_use]
    pub fn route_id(&self, name: &str) -> Option<RouteId> {
        Some(self.route(self.rank(name)?)?.id)
    }

    /// Returns the fallback.
    #[must_use]
    pub fn fallback(&self) -> Option<&Route> {
        self.fallback.as_ref().map(|fallback| &fallback.route)
    }

    /// Iterates over the problems of the routes that are left out, in the order of declaration. The indices are those
    /// of the changes that set these routes.
    pub fn skipped(&self) -> impl Iterator<Item = &RouteProblem> {
        self.left_out.values().flatten()
    }

    pub(super) fn retention(&self) -> Retention {
        self.table.inner.retention
    }

    pub(super) fn rank(&self, name: &str) -> Option<Rank> {
        self.ranks.get(name).copied()
    }

    pub(super) fn last_rank(&self) -> Option<Rank> {
        self.routes.last_key_value().map(|(rank, _)| *rank)
    }

    /// Iterates over all ranks, with the names of the routes, in ascending order.
    pub(super) fn ranked_names(&self) -> impl Iterator<Item = (Rank, Arc<str>)> {
        self.routes.iter().map(|(rank, declared)| (*rank, declared.route.shared_name()))
    }

    /// Returns the number of routes, including those that are left out.
    pub(super) fn declared(&self) -> usize {
        self.routes.len()
    }

    pub(super) fn route(&self, rank: Rank) -> Option<&Declared> {
        self.routes.get(&rank)
    }
}

/// The ids of the routes that a plan declares.
pub(super) struct PlannedIds {
    /// The ids of the routes of the plan, by name.
    routes: RandomMap<Arc<str>, RouteId>,
    pub(super) fallback: Option<RouteId>,
    /// The ids that no route had before.
    allocated: Vec<RouteId>,
    /// The bound of the ids before any of these was allocated.
    bound_before: usize,
    /// The ids that no route has afterwards.
    released: Vec<RouteId>,
}

impl PlannedIds {
    /// Returns the id of a route of the plan.
    pub(super) fn of(&self, route: &Route) -> RouteId {
        self.routes.get(route.name()).copied().unwrap_or(RouteId(u32::MAX))
    }
}

/// Applying changes.
impl RouteSet {
    /// Decides the ids of the routes of a plan. A route keeps the id of the route of its name.
    fn allocate_ids(&mut self, plan: &Plan) -> PlannedIds {
        let bound_before = self.ids.bound();
        let mut allocated = Vec::new();
        let mut allocate = |numbers: &mut Numbers| {
            let id = RouteId(numbers.allocate());
            allocated.push(id);
            id
        };
        let mut routes = RandomMap::default();
        for Planned { route, .. } in plan.routes.values().flatten() {
            let id = self.route_id(route.name()).unwrap_or_else(|| allocate(&mut self.ids));
            routes.insert(route.shared_name(), id);
        }
        let before = self.fallback.as_ref().map(|fallback| fallback.id);
        let (fallback, removed) = match plan.fallback {
            PlannedFallback::Kept => (before, None),
            PlannedFallback::Removed => (None, before),
            PlannedFallback::Set(_) => (Some(before.unwrap_or_else(|| allocate(&mut self.ids))), None),
        };
        let replaced = plan.routes.keys().filter_map(|position| self.route(position.rank()?));
        let released = replaced.filter(|before| !routes.contains_key(before.route.name())).map(|before| before.id);
        PlannedIds { released: released.chain(removed).collect(), routes, fallback, allocated, bound_before }
    }

    /// Releases the numbers of endpoints that a failed change has allocated.
    fn release_unused_endpoints(&mut self) {
        let segments = self.levels.iter().flatten().map(|level| &level.segment);
        let segments = segments.chain(self.fallback.as_ref().map(|fallback| &fallback.segment));
        self.endpoints.keep_only(segments.flat_map(|segment| segment.endpoint_numbers()));
    }

    fn release_ids(&mut self, ids: Vec<RouteId>) {
        for RouteId(id) in ids {
            self.ids.release(id);
        }
    }

    /// Puts the compiled parts in place. Cannot fail.
    fn commit(&mut self, plan: Plan, bad: BTreeMap<Position, Vec<RouteProblem>>, ids: PlannedIds, built: Built) {
        let Built { levels, places, fallback, endpoints, retired } = built;
        self.changes += plan.len();
        let new_ranks = if endpoints.is_some() { Ranks::New } else { Ranks::Kept };
        self.declare(plan.routes, bad, &ids, new_ranks);
        for (rank, place) in places {
            if let Some(declared) = self.routes.get_mut(&rank) {
                declared.place = Some(place);
            }
        }
        let route = match plan.fallback {
            PlannedFallback::Kept => self.fallback.take().map(|fallback| fallback.route),
            PlannedFallback::Removed => None,
            PlannedFallback::Set(Planned { route, .. }) => Some(route),
        };
        self.fallback = match (route, ids.fallback, fallback) {
            (Some(route), Some(id), Some(segment)) => Some(Fallback { route, id, segment }),
            _ => None,
        };
        self.release_ids(ids.released);
        // Each version accounts for at least one counted change, so there are fewer versions than routes.
        let mut version = self.table.inner.version + 1;
        if let Some(endpoints) = endpoints {
            // All segments are new.
            version = 0;
            self.changes = 0;
            self.endpoints = endpoints;
        }
        self.levels = levels;
        for Place { level, route } in retired {
            if let Some(Some(level)) = self.levels.get(level) {
                level.segment.retire(route, version);
            }
        }
        for level in &mut self.levels {
            *level = level.take().filter(|level| level.alive > 0);
        }
        self.table = self.assemble(version, plan.retention);
    }

    /// Makes a table of the current segments.
    fn assemble(&self, version: u32, retention: Retention) -> RouteTable {
        let occupied = || self.levels.iter().flatten();
        RouteTable {
            inner: Arc::new(Inner {
                segments: occupied().map(|level| Arc::clone(&level.segment)).collect(),
                fallback: self.fallback.as_ref().map(|fallback| Arc::clone(&fallback.segment)),
                version,
                len: occupied().map(|level| level.alive).sum(),
                route_bound: self.ids.bound(),
                endpoint_bound: self.endpoints.bound(),
                body_depth: self.options.limits.body_depth,
                retention,
                directory: OnceLock::new(),
            }),
        }
    }

    /// Declares the routes of a plan in place of those that are at their positions. None of them has a place yet.
    fn declare(
        &mut self,
        planned: BTreeMap<Position, Option<Planned>>,
        mut bad: BTreeMap<Position, Vec<RouteProblem>>,
        ids: &PlannedIds,
        ranks: Ranks,
    ) {
        for rank in planned.keys().filter_map(|position| position.rank()) {
            self.left_out.remove(&rank);
            if let Some(before) = self.routes.remove(&rank) {
                self.ranks.remove(before.route.name());
            }
        }
        let new = planned.into_iter().filter_map(|(position, planned)| {
            let route = planned?.route;
            Some((position, Declared { id: ids.of(&route), route, place: None }))
        });
        match ranks {
            Ranks::Kept => {
                for (position, declared) in new {
                    let Some(rank) = position.rank() else { continue };
                    self.left_out.extend(bad.remove(&position).map(|problems| (rank, problems)));
                    self.ranks.insert(declared.route.shared_name(), rank);
                    self.routes.insert(rank, declared);
                }
            }
            Ranks::New => {
                let kept = core::mem::take(&mut self.routes).into_iter();
                let mut all: BTreeMap<Position, Declared> =
                    kept.map(|(rank, declared)| (rank.into(), declared)).collect();
                all.extend(new);
                bad.extend(core::mem::take(&mut self.left_out).into_iter().map(|(rank, it)| (rank.into(), it)));
                for (index, (position, declared)) in all.into_iter().enumerate() {
                    let rank = Rank::nth(index);
                    self.left_out.extend(bad.remove(&position).map(|problems| (rank, problems)));
                    self.ranks.insert(declared.route.shared_name(), rank);
                    self.routes.insert(rank, declared);
                }
            }
        }
    }
}

/// What happens to the ranks of routes that a change does not affect.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Ranks {
    Kept,
    /// All routes are ranked again from the start.
    New,
}

/// One line, whatever the number of routes.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::MAX_SLOTS;
    use edgeroute_lang::diagnostic::Code;
    use edgeroute_lang::limits::Budgets;

    /// A route that reads `count` properties.
    fn reading(first: usize, count: usize) -> String {
        let tests: Vec<String> = (first..first + count).map(|name| format!("a{name} = 'x'")).collect();
        format!("FROM /* WHERE {} INTO $upstream", tests.join(" or "))
    }

    fn set_of(routes: usize) -> RouteSet {
        let names = (0..routes).map(|number| (format!("r{number}"), "FROM /* INTO $upstream"));
        let budgets = Budgets::default().with_whole(0);
        RouteSet::new(RouteTable::builder().budgets(budgets).routes(names)).expect("good routes")
    }

    #[test]
    fn ids_of_a_change_that_fails_late_are_free_again() {
        let mut set = set_of(3);
        set.apply(Changes::new().remove("r1")).expect("good changes");
        let changes = Changes::new().add(("a", reading(0, MAX_SLOTS))).add(("b", reading(MAX_SLOTS, 1)));
        let error = set.apply(changes).expect_err("too many names");
        assert_eq!(error.problems()[0].diagnostic().code, Code::TooManyReads);
        let table = set.apply(Changes::new().add(("c", reading(0, 1)))).expect("good changes");
        assert_eq!((set.route_id("c"), table.route_bound()), (Some(RouteId(1)), 3));
        assert_eq!(table.endpoint_bound(), 1);
    }

    #[test]
    fn endpoints_of_changes_that_fail_late_do_not_add_up() {
        let mut set = set_of(3);
        for number in 0..20 {
            let route = format!("FROM /* INTO BrokeredEndpoint('/modules/m/inputs/{number}')");
            let changes =
                Changes::new().add(("new", route)).add(("a", reading(0, MAX_SLOTS))).add(("b", reading(MAX_SLOTS, 1)));
            set.apply(changes).expect_err("too many names");
        }
        assert!(set.endpoints.bound() <= 2, "{}", set.endpoints.bound());
    }
}
