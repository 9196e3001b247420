//! Decides which routes a change compiles, and into which segments.
//!
//! Nothing in the set is changed here. The compiled parts are put in place once all of them exist.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::build::{BadRoutes, too_many_reads, too_many_routes};
use super::error::{CompileError, ProblemBudget, RouteProblem};
use super::id::RouteId;
use super::plan::{Plan, Planned, PlannedFallback};
use super::rank::{Position, Rank};
use super::segment::{EndpointNumbers, Lifetimes, Segment, SegmentBuilder};
use super::set::{Declared, Level, Place, PlannedIds, RouteSet};
use crate::index::{LocalRouteId, TooManyReads};
use crate::tuning::{BASE_SHARE, GROWTH, MIN_CHANGES};
use edgeroute_lang::hir;
use edgeroute_lang::route::Route;

/// The routes of a plan, each compiled alone.
pub(super) struct Checked<'p> {
    good: BTreeMap<Position, hir::TypedRoute<'p>>,
    pub(super) bad: BTreeMap<Position, Vec<RouteProblem>>,
    fallback: Option<(&'p Planned, hir::TypedRoute<'p>)>,
}

/// Selects the routes that go into a new segment.
pub(super) enum Merge {
    /// All routes.
    All,
    /// The levels from the first one above the base up to `level`, and further levels in which most routes are dead.
    Into { level: usize, absorbed: Vec<usize> },
}

/// The parts that a change puts in place.
pub(super) struct Built {
    pub(super) levels: Vec<Option<Level>>,
    /// The places of the routes in the new segments, with their ranks after the change.
    pub(super) places: Vec<(Rank, Place)>,
    pub(super) fallback: Option<Arc<Segment>>,
    /// The endpoint numbers, if all segments are new. All routes then have new ranks.
    pub(super) endpoints: Option<EndpointNumbers>,
    /// The routes that are removed from segments that are kept.
    pub(super) retired: Vec<Place>,
}

/// A new segment.
struct Part {
    /// `None` if it would have no routes.
    level: Option<Level>,
    places: Vec<(Rank, Place)>,
}

/// The steps of a change.
impl RouteSet {
    /// Compiles the routes of the plan.
    pub(super) fn check<'p>(&self, plan: &'p Plan, bad_routes: BadRoutes) -> Result<Checked<'p>, CompileError> {
        let limit = self.options.limits.routes;
        if let (true, Some(last)) = (plan.declared > limit, plan.routes.values().flatten().next_back()) {
            let error = too_many_routes(plan.declared, limit);
            return Err(CompileError { problems: vec![RouteProblem::new(&last.route, last.position, error)] });
        }
        let mut fatal = plan.problems.clone();
        let mut budget = ProblemBudget::new();
        let mut checked = Checked { good: BTreeMap::new(), bad: BTreeMap::new(), fallback: None };
        for (&place, planned) in &plan.routes {
            let Some(Planned { position, route }) = planned else { continue };
            match self.options.compile(route) {
                Ok(compiled) => drop(checked.good.insert(place, compiled)),
                Err(errors) => {
                    let problems = RouteProblem::all(route, *position, budget.select(errors)).collect();
                    checked.bad.insert(place, problems);
                }
            }
        }
        if let PlannedFallback::Set(planned) = &plan.fallback {
            match self.compile(planned.position, &planned.route) {
                Ok(route) => checked.fallback = Some((planned, route)),
                Err(CompileError { problems }) => fatal.extend(problems),
            }
        }
        let is_refused = bad_routes == BadRoutes::Refuse && !checked.bad.is_empty();
        if fatal.is_empty() && !is_refused {
            return Ok(checked);
        }
        fatal.extend(checked.bad.into_values().flatten());
        fatal.sort_by_key(RouteProblem::index);
        Err(CompileError { problems: fatal })
    }

    fn compile<'t>(&self, position: usize, route: &'t Route) -> Result<hir::TypedRoute<'t>, CompileError> {
        self.options
            .compile(route)
            .map_err(|errors| CompileError { problems: RouteProblem::all(route, position, errors).collect() })
    }

    /// Returns the places in the current segments of the routes that the plan removes or replaces.
    fn replaced(&self, plan: &Plan) -> impl Iterator<Item = Place> {
        plan.routes.keys().filter_map(|position| self.route(position.rank()?)?.place)
    }

    /// Selects the segments that are compiled again together with the routes of the plan.
    pub(super) fn merge(&self, plan: &Plan, checked: &Checked<'_>) -> Merge {
        let changes = self.changes + plan.len();
        let is_over = changes > MIN_CHANGES.max(plan.declared / BASE_SHARE);
        let is_small = plan.declared <= self.options.budgets.whole;
        if self.levels.is_empty() || is_small || is_over || plan.needs_new_ranks() {
            return Merge::All;
        }
        let alive = |level: &Option<Level>| level.as_ref().map_or(0, |level| level.alive);
        let mut alive: Vec<usize> = self.levels.iter().map(alive).collect();
        for place in self.replaced(plan) {
            if let Some(alive) = alive.get_mut(place.level) {
                *alive -= 1;
            }
        }
        let mut incoming = checked.good.len();
        let mut absorbed = Vec::new();
        for (index, (level, alive)) in self.levels.iter().zip(&mut alive).enumerate().skip(1) {
            if let Some(level) = level
                && *alive < level.segment.len().div_ceil(2)
            {
                incoming += core::mem::take(alive);
                absorbed.push(index);
            }
        }
        let mut level = 0;
        while incoming > capacity(level) {
            level += 1;
            incoming += alive.get(level).copied().unwrap_or(0);
        }
        Merge::Into { level, absorbed }
    }

    /// Compiles all routes into a new base, ranked from the start.
    pub(super) fn build_base(
        &self,
        plan: &Plan,
        checked: &Checked<'_>,
        ids: &PlannedIds,
    ) -> Result<Built, CompileError> {
        let kept = self.routes.keys().map(|rank| Position::from(*rank));
        let planned = plan.routes.iter().filter(|(_, planned)| planned.is_some()).map(|(position, _)| *position);
        let mut positions: Vec<Position> =
            kept.filter(|position| !plan.routes.contains_key(position)).chain(planned).collect();
        positions.sort_unstable();
        let ranked = positions.into_iter().enumerate().map(|(index, position)| (position, Rank::nth(index)));
        let mut endpoints = self.endpoints.clone();
        let Part { level: base, places } = self.build_segment(plan, checked, ids, 0, ranked, &mut endpoints)?;
        let fallback = self.build_fallback(plan, checked, ids, &mut endpoints)?;
        let segments = base.iter().map(|base| &base.segment).chain(&fallback);
        endpoints.keep_only(segments.flat_map(|segment| segment.endpoint_numbers()));
        Ok(Built { levels: vec![base], places, fallback, endpoints: Some(endpoints), retired: Vec::new() })
    }

    /// Compiles the routes of the plan and the routes of some levels into a new segment.
    pub(super) fn build_level(
        &mut self,
        plan: &Plan,
        checked: &Checked<'_>,
        ids: &PlannedIds,
        into: usize,
        absorbed: &[usize],
    ) -> Result<Built, CompileError> {
        let mut levels = self.levels.clone();
        levels.resize(levels.len().max(into + 1), None);
        let mut ranks: Vec<Rank> = checked.good.keys().filter_map(|position| position.rank()).collect();
        for index in (1..=into).chain(absorbed.iter().copied()) {
            let Some(Level { segment, .. }) = levels.get_mut(index).and_then(Option::take) else { continue };
            let version = self.table.inner.version;
            let alive = segment.ids().filter(|route| segment.is_alive(*route, version));
            let kept = alive.map(|route| segment.rank(route)).filter(|rank| !plan.routes.contains_key(&(*rank).into()));
            ranks.extend(kept);
        }
        ranks.sort_unstable();
        let mut retired = Vec::new();
        for place in self.replaced(plan) {
            if let Some(Some(level)) = levels.get_mut(place.level) {
                level.alive -= 1;
                retired.push(place);
            }
        }
        let mut endpoints = core::mem::take(&mut self.endpoints);
        let ranked = ranks.iter().map(|&rank| (rank.into(), rank));
        let part = self.build_segment(plan, checked, ids, into, ranked, &mut endpoints);
        let fallback = match (&plan.fallback, &self.fallback) {
            (PlannedFallback::Kept, Some(fallback)) => Ok(Some(Arc::clone(&fallback.segment))),
            _ => self.build_fallback(plan, checked, ids, &mut endpoints),
        };
        self.endpoints = endpoints;
        let Part { level, places } = part?;
        if let (Some(_), Some(slot)) = (&level, levels.get_mut(into)) {
            *slot = level;
        }
        Ok(Built { levels, places, fallback: fallback?, endpoints: None, retired })
    }

    /// Compiles the routes at some positions into a segment for `level`. Each position comes with the rank that the
    /// route gets.
    fn build_segment(
        &self,
        plan: &Plan,
        checked: &Checked<'_>,
        ids: &PlannedIds,
        level: usize,
        ranked: impl Iterator<Item = (Position, Rank)>,
        endpoints: &mut EndpointNumbers,
    ) -> Result<Part, CompileError> {
        let mut builder = SegmentBuilder::new(self.options.budgets.clone(), endpoints);
        let mut places = Vec::new();
        for (position, rank) in ranked {
            if let Some(route) = self.add(&mut builder, plan, checked, ids, position, rank)? {
                places.push((rank, Place { level, route }));
            }
        }
        let segment = Arc::new(builder.finish(self.key.clone(), Lifetimes::Tombstoned));
        let alive = segment.len();
        Ok(Part { level: (alive > 0).then_some(Level { segment, alive }), places })
    }

    /// Adds the route that is at a position after the plan to a segment. Returns `None` if the route is left out.
    fn add(
        &self,
        builder: &mut SegmentBuilder<'_>,
        plan: &Plan,
        checked: &Checked<'_>,
        ids: &PlannedIds,
        position: Position,
        rank: Rank,
    ) -> Result<Option<LocalRouteId>, CompileError> {
        let recompiled;
        let (position, route, id, compiled) = match plan.routes.get(&position) {
            Some(Some(Planned { position: change, route })) => match checked.good.get(&position) {
                Some(compiled) => (*change, route, ids.of(route), compiled),
                None => return Ok(None),
            },
            Some(None) => return Ok(None),
            None => match position.rank().and_then(|rank| self.route(rank)) {
                Some(Declared { route, id, place: Some(_) }) => {
                    recompiled = self.compile(0, route)?;
                    (0, route, *id, &recompiled)
                }
                _ => return Ok(None),
            },
        };
        let added = builder.add(rank, id, route, compiled);
        added.map(Some).map_err(|TooManyReads| too_many_reads(route, position))
    }

    /// Compiles the segment of the fallback as it is after the plan.
    fn build_fallback(
        &self,
        plan: &Plan,
        checked: &Checked<'_>,
        ids: &PlannedIds,
        endpoints: &mut EndpointNumbers,
    ) -> Result<Option<Arc<Segment>>, CompileError> {
        let recompiled;
        let (position, route, compiled) = match (&plan.fallback, &checked.fallback, &self.fallback) {
            (PlannedFallback::Set(_), Some((Planned { position, route }, compiled)), _) => (*position, route, compiled),
            (PlannedFallback::Kept, _, Some(fallback)) => {
                recompiled = self.compile(0, &fallback.route)?;
                (0, &fallback.route, &recompiled)
            }
            _ => return Ok(None),
        };
        let mut builder = SegmentBuilder::new(self.options.budgets.clone(), endpoints);
        let set = builder.set_fallback(Rank::nth(0), ids.fallback.unwrap_or(RouteId(0)), route, compiled);
        set.map_err(|TooManyReads| too_many_reads(route, position))?;
        Ok(Some(Arc::new(builder.finish(self.key.clone(), Lifetimes::Forever))))
    }
}

/// Returns the maximum number of routes of a level above the base. Returns 0 for level 0.
fn capacity(level: usize) -> usize {
    match u32::try_from(level) {
        Ok(0) => 0,
        level => level.ok().and_then(|level| GROWTH.checked_pow(level)).unwrap_or(usize::MAX),
    }
}
