//! Computes the result of changes before anything is changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::build::Declared;
use super::changes::{Change, Changes};
use super::error::RouteProblem;
use super::set::RouteSet;
use edgeroute_lang::diagnostic::{Code, Diagnostic, quoted};
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::span::Span;

/// The result of changes: what is declared at each rank that they affect.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By rank; `None` if the route is removed.
    pub(super) routes: BTreeMap<u32, Option<Planned>>,
    pub(super) fallback: PlannedFallback,
    /// Names that are already taken, and names that no route has.
    pub(super) problems: Vec<RouteProblem>,
    /// The number of declared routes after the changes.
    pub(super) declared: usize,
}

/// What happens to the fallback.
#[derive(Debug, Default)]
pub(super) enum PlannedFallback {
    #[default]
    Kept,
    Removed,
    Set(Planned),
}

/// A route that is to be declared.
#[derive(Debug)]
pub(super) struct Planned {
    /// The position of the change that declares the route.
    pub(super) position: usize,
    pub(super) declared: Declared,
}

impl Plan {
    pub(super) fn new(set: &RouteSet, changes: Changes) -> Self {
        let mut planner = Planner {
            set,
            plan: Self { declared: set.declared(), ..Self::default() },
            names: RandomMap::default(),
            next: set.end_rank(),
        };
        for (position, change) in changes.all.into_iter().enumerate() {
            planner.change(position, change);
        }
        let mut plan = planner.plan;
        plan.routes.retain(|rank, planned| match planned {
            Some(planned) => !set.has(*rank, &planned.declared),
            // A route that these changes added is not in the set.
            None => *rank < set.end_rank(),
        });
        plan
    }

    /// Returns the number of routes that the changes affect.
    pub(super) fn len(&self) -> usize {
        self.routes.len() + usize::from(!matches!(self.fallback, PlannedFallback::Kept))
    }
}

struct Planner<'s> {
    set: &'s RouteSet,
    plan: Plan,
    /// The rank of each name that was affected.
    names: RandomMap<String, Option<u32>>,
    /// The rank of the next route that is added.
    next: u32,
}

impl Planner<'_> {
    fn change(&mut self, position: usize, change: Change) {
        match change {
            Change::Add(declared) => {
                if self.rank(&declared.name).is_some() {
                    let message = format!("there is already a route named `{}`", quoted(&declared.name));
                    let error = Diagnostic::new(Code::RouteNameTaken, Span::default(), message);
                    self.plan.problems.push(declared.problem(position, error));
                } else {
                    self.add(Planned { position, declared });
                }
            }
            Change::Replace(declared) => {
                if let Some(rank) = self.rank(&declared.name) {
                    self.put(rank, Planned { position, declared });
                } else {
                    let error = no_such_route(&declared.name);
                    self.plan.problems.push(declared.problem(position, error));
                }
            }
            Change::Set(declared) => match self.rank(&declared.name) {
                Some(rank) => self.put(rank, Planned { position, declared }),
                None => self.add(Planned { position, declared }),
            },
            Change::Remove(name) => {
                if let Some(rank) = self.rank(&name) {
                    self.plan.routes.insert(rank, None);
                    self.plan.declared -= 1;
                    self.names.insert(name, None);
                } else {
                    let diagnostic = no_such_route(&name);
                    self.plan.problems.push(RouteProblem {
                        route: name.into(),
                        position,
                        text: Arc::default(),
                        diagnostic,
                    });
                }
            }
            Change::SetFallback(declared) => self.plan.fallback = PlannedFallback::Set(Planned { position, declared }),
            Change::RemoveFallback => self.plan.fallback = PlannedFallback::Removed,
        }
    }

    fn rank(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied().unwrap_or_else(|| self.set.rank(name))
    }

    fn add(&mut self, planned: Planned) {
        self.names.insert(planned.declared.name.clone(), Some(self.next));
        self.plan.declared += 1;
        self.put(self.next, planned);
        self.next += 1;
    }

    fn put(&mut self, rank: u32, planned: Planned) {
        self.plan.routes.insert(rank, Some(planned));
    }
}

fn no_such_route(name: &str) -> Diagnostic {
    Diagnostic::new(Code::NoSuchRoute, Span::default(), format!("there is no route named `{}`", quoted(name)))
}
