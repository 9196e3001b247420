//! Computes the result of changes before anything is changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::changes::{Change, Changes};
use super::error::RouteProblem;
use super::rank::{Position, Rank};
use super::set::RouteSet;
use edgeroute_lang::diagnostic::{Code, Diagnostic, quoted};
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::manifest::Retention;
use edgeroute_lang::route::Route;
use edgeroute_lang::span::Span;

/// The result of changes: what is declared at each position that they affect.
#[derive(Debug)]
pub(super) struct Plan {
    /// `None` if nothing is declared at this position any more.
    pub(super) routes: BTreeMap<Position, Option<Planned>>,
    pub(super) fallback: PlannedFallback,
    pub(super) retention: Retention,
    /// Names that are already taken, and names that no route has.
    pub(super) problems: Vec<RouteProblem>,
    /// The number of declared routes after the changes.
    pub(super) declared: usize,
}

/// What happens to the fallback.
#[derive(Debug)]
pub(super) enum PlannedFallback {
    Kept,
    Removed,
    Set(Planned),
}

/// A route that is to be declared.
#[derive(Debug)]
pub(super) struct Planned {
    /// The position in the list of changes, for problems.
    pub(super) position: usize,
    pub(super) route: Route,
}

impl Plan {
    pub(super) fn new(set: &RouteSet, changes: Changes) -> Self {
        let plan = Self {
            routes: BTreeMap::new(),
            fallback: PlannedFallback::Kept,
            retention: set.retention(),
            problems: Vec::new(),
            declared: set.declared(),
        };
        let last = set.last_rank().map(Position::from);
        let mut planner = Planner { set, plan, names: RandomMap::default(), last, position: 0 };
        for change in changes.all {
            planner.change(change);
        }
        let mut plan = planner.plan;
        plan.routes.retain(|position, planned| {
            let before = position.rank().and_then(|rank| set.route(rank));
            match planned {
                Some(planned) => !before.is_some_and(|before| before.is_compiled_from(&planned.route)),
                // A route that these changes added is not in the set.
                None => before.is_some(),
            }
        });
        let is_same = |planned: &Planned| set.fallback().is_some_and(|fallback| *fallback == planned.route);
        match &plan.fallback {
            PlannedFallback::Set(planned) if is_same(planned) => plan.fallback = PlannedFallback::Kept,
            PlannedFallback::Removed if set.fallback().is_none() => plan.fallback = PlannedFallback::Kept,
            _ => {}
        }
        plan
    }

    /// Returns the number of routes that the changes affect.
    pub(super) fn len(&self) -> usize {
        self.routes.len() + usize::from(!matches!(self.fallback, PlannedFallback::Kept))
    }

    /// Returns whether routes come between others that have no rank between them, so that all routes need new ranks.
    pub(super) fn needs_new_ranks(&self) -> bool {
        self.routes.keys().any(|position| position.rank().is_none())
    }
}

struct Planner<'s> {
    set: &'s RouteSet,
    plan: Plan,
    /// The position of each name that was affected.
    names: RandomMap<Arc<str>, Option<Position>>,
    /// Every position is at most this.
    last: Option<Position>,
    /// The position of the current change.
    position: usize,
}

impl Planner<'_> {
    fn change(&mut self, change: Change) {
        match change {
            Change::Add(route) => {
                if self.find(route.name()).is_some() {
                    self.refuse_taken(&route);
                } else {
                    self.add(route);
                }
            }
            Change::Replace(route) => {
                if let Some(position) = self.find(route.name()) {
                    self.put(position, route);
                } else {
                    let problem = RouteProblem::new(&route, self.position, no_such_route(route.name()));
                    self.plan.problems.push(problem);
                }
            }
            Change::Set(route) => match self.find(route.name()) {
                Some(position) => self.put(position, route),
                None => self.add(route),
            },
            Change::Remove(name) => {
                if let Some(position) = self.find(&name) {
                    self.plan.routes.insert(position, None);
                    self.plan.declared -= 1;
                    self.names.insert(name.into(), None);
                } else {
                    let problem = no_such_route(&name);
                    self.plan.problems.push(RouteProblem::new(&Route::new(name, ""), self.position, problem));
                }
            }
            Change::ReplaceAll(routes) => return self.replace_all(routes),
            Change::SetFallback(route) => {
                self.plan.fallback = PlannedFallback::Set(Planned { position: self.position, route });
            }
            Change::RemoveFallback => self.plan.fallback = PlannedFallback::Removed,
            Change::Retain(retention) => self.plan.retention = retention,
        }
        self.position += 1;
    }

    /// Makes `routes` the only routes. Those that keep their order among each other keep their ranks.
    fn replace_all(&mut self, routes: Vec<Route>) {
        self.plan.fallback = PlannedFallback::Removed;
        self.plan.routes.clear();
        self.names.clear();
        for (rank, name) in self.set.ranked_names() {
            self.plan.routes.insert(rank.into(), None);
            self.names.insert(name, None);
        }
        self.plan.declared = 0;
        let ranks: Vec<Option<Rank>> = routes.iter().map(|route| self.set.rank(route.name())).collect();
        let kept = longest_increasing(&ranks);
        let mut routes = routes.into_iter();
        let mut left = None;
        let mut done = 0;
        for index in kept {
            let Some(&Some(rank)) = ranks.get(index) else { continue };
            let places = Position::between(left, rank, index - done).chain([rank.into()]);
            for (place, route) in places.zip(routes.by_ref()) {
                self.put_new(place, route);
            }
            left = Some(rank);
            done = index + 1;
        }
        for route in routes {
            let place = Position::next(self.last);
            self.last = Some(place);
            self.put_new(place, route);
        }
    }

    /// Declares a route that must have a new name.
    fn put_new(&mut self, place: Position, route: Route) {
        if self.find(route.name()).is_some() {
            self.refuse_taken(&route);
        } else {
            self.plan.declared += 1;
            self.names.insert(route.shared_name(), Some(place));
            self.put(place, route);
        }
        self.position += 1;
    }

    fn find(&self, name: &str) -> Option<Position> {
        self.names.get(name).copied().unwrap_or_else(|| self.set.rank(name).map(Position::from))
    }

    /// Declares a route after all others.
    fn add(&mut self, route: Route) {
        let place = Position::next(self.last);
        self.last = Some(place);
        self.plan.declared += 1;
        self.names.insert(route.shared_name(), Some(place));
        self.put(place, route);
    }

    fn put(&mut self, place: Position, route: Route) {
        self.plan.routes.insert(place, Some(Planned { position: self.position, route }));
    }

    fn refuse_taken(&mut self, route: &Route) {
        let message = format!("there is already a route named `{}`", quoted(route.name()));
        let error = Diagnostic::new(Code::RouteNameTaken, Span::default(), message);
        self.plan.problems.push(RouteProblem::new(route, self.position, error));
    }
}

fn no_such_route(name: &str) -> Diagnostic {
    Diagnostic::new(Code::NoSuchRoute, Span::default(), format!("there is no route named `{}`", quoted(name)))
}

/// Returns the indices of a longest strictly increasing subsequence, in ascending order. `None` is not part of it.
/// This is patience sorting (Fredman: On computing the length of longest increasing subsequences, 1975).
fn longest_increasing(ranks: &[Option<Rank>]) -> Vec<usize> {
    // For each length, the rank and the index at which the subsequence of this length with the smallest end ends.
    let mut ends: Vec<(Rank, usize)> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; ranks.len()];
    for (index, rank) in ranks.iter().enumerate() {
        let Some(rank) = *rank else { continue };
        let length = ends.partition_point(|(end, _)| *end < rank);
        if let (Some(slot), Some((_, previous))) =
            (before.get_mut(index), length.checked_sub(1).and_then(|shorter| ends.get(shorter)))
        {
            *slot = Some(*previous);
        }
        match ends.get_mut(length) {
            Some(end) => *end = (rank, index),
            None => ends.push((rank, index)),
        }
    }
    let mut kept = Vec::with_capacity(ends.len());
    let mut next = ends.last().map(|(_, index)| *index);
    while let Some(index) = next {
        kept.push(index);
        next = before.get(index).copied().flatten();
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_kept_ranks_are_a_longest_increasing_subsequence(
            numbers in prop::collection::vec(prop::option::weighted(0.8, 0_usize..12), 0..9),
        ) {
            let ranks: Vec<Option<Rank>> = numbers.iter().map(|number| number.map(Rank::nth)).collect();
            let kept = longest_increasing(&ranks);
            prop_assert!(kept.is_sorted_by(|one, other| one < other));
            let of = |indices: &[usize]| indices.iter().map(|index| ranks[*index]).collect::<Vec<_>>();
            prop_assert!(of(&kept).is_sorted_by(|one, other| one < other));
            prop_assert!(of(&kept).iter().all(Option::is_some));
            let longest = (0..1_usize << ranks.len())
                .map(|mask| (0..ranks.len()).filter(|index| mask >> index & 1 == 1).collect::<Vec<_>>())
                .filter(|indices| of(indices).iter().all(Option::is_some))
                .filter(|indices| of(indices).is_sorted_by(|one, other| one < other))
                .map(|indices| indices.len())
                .max();
            prop_assert_eq!(Some(kept.len()), longest);
        }
    }
}
