//! The memory of matching.

use std::fmt;
use std::sync::{Arc, Weak};

use super::{Inner, RouteTable};
use crate::matcher::WalkMemory;
use crate::message::{Message, Properties};
use crate::tree::RouteId;

/// What matching writes to: made once for each worker by [`RouteTable::create_scratch`], used for one message after the
/// other. It keeps nothing of a message, so it outlives those it served.
pub struct Scratch {
    /// The table that it belongs to. Holding it weakly keeps its address from being used again.
    table: Weak<Inner>,
    walk: WalkMemory,
    /// For each endpoint the winner so far.
    best: Box<[Option<RouteId>]>,
    /// The endpoints that have a winner. Room for all.
    reached: Vec<u32>,
    /// The winners in order. Room for one for each endpoint.
    winners: Vec<RouteId>,
}

impl Scratch {
    pub(super) fn new(table: &RouteTable) -> Self {
        let endpoints = table.inner.endpoints.len();
        Self {
            table: Arc::downgrade(&table.inner),
            walk: WalkMemory::new(&table.inner.matcher, table.inner.body_depth),
            best: vec![None; endpoints].into(),
            reached: Vec::with_capacity(endpoints),
            winners: Vec::with_capacity(endpoints),
        }
    }

    #[inline]
    pub(super) fn belongs_to(&self, table: &RouteTable) -> bool {
        core::ptr::eq(self.table.as_ptr(), Arc::as_ptr(&table.inner))
    }

    /// The winning route of each endpoint, in the order of declaration.
    pub(super) fn route<P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        table: &RouteTable,
        message: &Message<'_, P, S>,
    ) -> &[RouteId] {
        let Self { walk, best, reached, winners, .. } = self;
        let routes = &*table.inner.routes;
        walk.walk(&table.inner.matcher, message, |route| {
            let Some(record) = routes.get(route.index()) else {
                return;
            };
            match best.get_mut(record.endpoint as usize) {
                Some(winner @ None) => {
                    *winner = Some(route);
                    reached.push(record.endpoint);
                }
                // The lower priority number wins, and on a tie the route declared first.
                Some(Some(winner)) => {
                    let priority = |route: RouteId| routes.get(route.index()).map(|record| record.priority);
                    if (priority(route), route) < (priority(*winner), *winner) {
                        *winner = route;
                    }
                }
                None => {}
            }
        });
        winners.clear();
        for endpoint in reached.drain(..) {
            winners.extend(best.get_mut(endpoint as usize).and_then(Option::take));
        }
        winners.sort_unstable();
        winners
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("endpoints", &self.best.len()).finish_non_exhaustive()
    }
}
