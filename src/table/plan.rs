//! What changes come to, worked out before anything is changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::build::Declared;
use super::changes::{Change, Changes};
use super::error::RouteProblem;
use super::set::RouteSet;
use edgeroute_lang::diagnostic::{Code, Diagnostic, quoted};
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::span::Span;

/// The outcome of changes: what is declared at each rank that they touch.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By rank; `None` where a route is removed.
    pub(super) routes: BTreeMap<u32, Option<Planned>>,
    pub(super) fallback: PlannedFallback,
    /// Names that are taken, and names that no route has.
    pub(super) problems: Vec<RouteProblem>,
    /// How many routes are declared then.
    pub(super) declared: usize,
}

/// What becomes of the fallback.
#[derive(Debug, Default)]
pub(super) enum PlannedFallback {
    #[default]
    Kept,
    Removed,
    Set(Planned),
}

/// A route that is to be.
#[derive(Debug)]
pub(super) struct Planned {
    /// Which of the changes says so.
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
            // One that was added by these changes is not there.
            None => *rank < set.end_rank(),
        });
        plan
    }

    /// How much is changed.
    pub(super) fn len(&self) -> usize {
        self.routes.len() + usize::from(!matches!(self.fallback, PlannedFallback::Kept))
    }
}

struct Planner<'s> {
    set: &'s RouteSet,
    plan: Plan,
    /// The rank of each name that was touched.
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
