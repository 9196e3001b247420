//! Decides which routes a change compiles, and into which segments.
//!
//! Nothing in the set is changed here. The compiled parts are put in place once all of them exist.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::build::{BadRoutes, Declared, too_many_reads, too_many_routes};
use super::error::{CompileError, ProblemBudget, RouteProblem};
use super::plan::{Plan, Planned, PlannedFallback};
use super::segment::{EndpointNumbers, Lifetimes, Segment, SegmentBuilder};
use super::set::{Level, Place, Route, RouteSet};
use crate::index::{RouteId, TooManyReads};
use crate::tuning::{BASE_SHARE, GROWTH, MIN_CHANGES};
use edgeroute_lang::hir;

/// The routes of a plan, each compiled alone.
pub(super) struct Checked<'p> {
    good: BTreeMap<u32, hir::Route<'p>>,
    pub(super) bad: BTreeMap<u32, Vec<RouteProblem>>,
    fallback: Option<(&'p Planned, hir::Route<'p>)>,
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
    /// The places of the routes in the new segments, with their ranks in the plan.
    pub(super) places: Vec<(u32, Place)>,
    pub(super) fallback: Option<Arc<Segment>>,
    /// The endpoint numbers, if all segments are new.
    pub(super) endpoints: Option<EndpointNumbers>,
    /// The routes that die in segments that are kept.
    pub(super) killed: Vec<Place>,
}

/// A new segment.
struct Part {
    /// `None` if it would have no routes.
    level: Option<Level>,
    places: Vec<(u32, Place)>,
}

/// The steps of a change.
impl RouteSet {
    /// Compiles the routes of the plan.
    pub(super) fn check<'p>(&self, plan: &'p Plan) -> Result<Checked<'p>, CompileError> {
        let limit = self.options.limits.routes;
        if let (true, Some(last)) = (plan.declared > limit, plan.routes.values().flatten().next_back()) {
            let problem = last.declared.problem(last.position, too_many_routes(plan.declared, limit));
            return Err(CompileError { problems: vec![problem] });
        }
        let mut fatal = plan.problems.clone();
        let mut room = ProblemBudget::new();
        let mut checked = Checked { good: BTreeMap::new(), bad: BTreeMap::new(), fallback: None };
        for (&rank, planned) in &plan.routes {
            let Some(Planned { position, declared }) = planned else { continue };
            match self.options.compile(declared) {
                Ok(route) => drop(checked.good.insert(rank, route)),
                Err(errors) => {
                    let problems = declared.problems(*position, room.told(errors)).collect();
                    checked.bad.insert(rank, problems);
                }
            }
        }
        if let PlannedFallback::Set(planned) = &plan.fallback {
            match self.compile(planned.position, &planned.declared) {
                Ok(route) => checked.fallback = Some((planned, route)),
                Err(CompileError { problems }) => fatal.extend(problems),
            }
        }
        let is_refused = self.options.bad_routes == BadRoutes::Refuse && !checked.bad.is_empty();
        if fatal.is_empty() && !is_refused {
            return Ok(checked);
        }
        fatal.extend(checked.bad.into_values().flatten());
        fatal.sort_by_key(RouteProblem::position);
        Err(CompileError { problems: fatal })
    }

    fn compile<'t>(&self, position: usize, declared: &'t Declared) -> Result<hir::Route<'t>, CompileError> {
        self.options
            .compile(declared)
            .map_err(|errors| CompileError { problems: declared.problems(position, errors).collect() })
    }

    /// Selects the segments that are compiled again together with the routes of the plan.
    pub(super) fn merge(&self, plan: &Plan, checked: &Checked<'_>) -> Merge {
        let changes = self.changes + plan.len();
        let is_over = changes > MIN_CHANGES.max(plan.declared / BASE_SHARE);
        if self.levels.is_empty() || plan.declared <= self.options.budgets.whole || is_over {
            return Merge::All;
        }
        let alive = |level: &Option<Level>| level.as_ref().map_or(0, |level| level.alive);
        let mut alive: Vec<usize> = self.levels.iter().map(alive).collect();
        for place in plan.routes.keys().filter_map(|&rank| self.place(rank)) {
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

    /// Compiles all routes into a new base.
    pub(super) fn build_base(&self, plan: &Plan, checked: &Checked<'_>) -> Result<Built, CompileError> {
        let end = plan.routes.keys().next_back().map_or(0, |&rank| rank + 1).max(self.end_rank());
        let is_declared = |rank: &u32| match plan.routes.get(rank) {
            Some(planned) => planned.is_some(),
            None => self.route(*rank).is_some(),
        };
        let mut endpoints = EndpointNumbers::default();
        let ranks = (0..end).filter(is_declared).zip(0..);
        let Part { level: base, places } = self.build_segment(plan, checked, 0, ranks, &mut endpoints)?;
        let fallback = self.build_fallback(plan, checked, &mut endpoints)?;
        Ok(Built { levels: vec![base], places, fallback, endpoints: Some(endpoints), killed: Vec::new() })
    }

    /// Compiles the routes of the plan and the routes of some levels into a new segment.
    pub(super) fn build_level(
        &mut self,
        plan: &Plan,
        checked: &Checked<'_>,
        into: usize,
        absorbed: &[usize],
    ) -> Result<Built, CompileError> {
        let mut levels = self.levels.clone();
        levels.resize(levels.len().max(into + 1), None);
        let mut ranks: Vec<u32> = checked.good.keys().copied().collect();
        for index in (1..=into).chain(absorbed.iter().copied()) {
            let Some(Level { segment, .. }) = levels.get_mut(index).and_then(Option::take) else { continue };
            let version = self.table.inner.version;
            let alive = segment.ids().filter(|route| segment.is_alive(*route, version));
            ranks.extend(alive.map(|route| segment.rank(route)).filter(|rank| !plan.routes.contains_key(rank)));
        }
        ranks.sort_unstable();
        let mut killed = Vec::new();
        for place in plan.routes.keys().filter_map(|&rank| self.place(rank)) {
            if let Some(Some(level)) = levels.get_mut(place.level) {
                level.alive -= 1;
                killed.push(place);
            }
        }
        // If the change fails, endpoints that got a number do no harm.
        let mut endpoints = core::mem::take(&mut self.endpoints);
        let ranks = ranks.iter().map(|&rank| (rank, rank));
        let part = self.build_segment(plan, checked, into, ranks, &mut endpoints);
        let fallback = match (&plan.fallback, &self.fallback) {
            (PlannedFallback::Kept, Some(fallback)) => Ok(Some(Arc::clone(&fallback.segment))),
            _ => self.build_fallback(plan, checked, &mut endpoints),
        };
        self.endpoints = endpoints;
        let Part { level, places } = part?;
        if let (Some(_), Some(slot)) = (&level, levels.get_mut(into)) {
            *slot = level;
        }
        Ok(Built { levels, places, fallback: fallback?, endpoints: None, killed })
    }

    /// Compiles the routes at some ranks into a segment for `level`. Each rank comes with the new rank of the route.
    fn build_segment(
        &self,
        plan: &Plan,
        checked: &Checked<'_>,
        level: usize,
        ranks: impl Iterator<Item = (u32, u32)>,
        endpoints: &mut EndpointNumbers,
    ) -> Result<Part, CompileError> {
        let mut builder = SegmentBuilder::new(self.options.budgets.clone(), endpoints);
        let mut places = Vec::new();
        for (rank, becomes) in ranks {
            if let Some(route) = self.add(&mut builder, plan, checked, rank, becomes)? {
                places.push((rank, Place { level, route }));
            }
        }
        let segment = Arc::new(builder.finish(self.key.clone(), Lifetimes::Tombstoned));
        let alive = segment.len();
        Ok(Part { level: (alive > 0).then_some(Level { segment, alive }), places })
    }

    /// Adds the route that is at `rank` after the plan to a segment. Returns `None` if the route is left out.
    fn add(
        &self,
        builder: &mut SegmentBuilder<'_>,
        plan: &Plan,
        checked: &Checked<'_>,
        rank: u32,
        becomes: u32,
    ) -> Result<Option<RouteId>, CompileError> {
        let (position, declared, id) = match (plan.routes.get(&rank), self.route(rank)) {
            (Some(Some(Planned { position, declared })), _) => match checked.good.get(&rank) {
                Some(route) => (*position, declared, builder.add(becomes, declared, route)),
                None => return Ok(None),
            },
            (None, Some(Route { declared, place: Some(_) })) => {
                (0, declared, builder.add(becomes, declared, &self.compile(0, declared)?))
            }
            _ => return Ok(None),
        };
        id.map(Some).map_err(|TooManyReads| too_many_reads(declared, position))
    }

    /// Compiles the segment of the fallback as it is after the plan.
    fn build_fallback(
        &self,
        plan: &Plan,
        checked: &Checked<'_>,
        endpoints: &mut EndpointNumbers,
    ) -> Result<Option<Arc<Segment>>, CompileError> {
        let compiled;
        let (position, declared, route) = match (&plan.fallback, &checked.fallback, &self.fallback) {
            (PlannedFallback::Set(_), Some((Planned { position, declared }, route)), _) => (*position, declared, route),
            (PlannedFallback::Kept, _, Some(fallback)) => {
                compiled = self.compile(0, &fallback.declared)?;
                (0, &fallback.declared, &compiled)
            }
            _ => return Ok(None),
        };
        let mut builder = SegmentBuilder::new(self.options.budgets.clone(), endpoints);
        let set = builder.set_fallback(declared, route);
        set.map_err(|TooManyReads| too_many_reads(declared, position))?;
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
