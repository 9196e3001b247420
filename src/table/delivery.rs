//! Deliveries: where a message goes.

use super::RouteTable;
use super::scratch::Winner;
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::priority::{Priority, TimeToLive};

/// Describes one delivery of a message: the endpoint, and the route that won it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Delivery<'t> {
    route: &'t str,
    endpoint: &'t Endpoint,
    priority: Priority,
    time_to_live: TimeToLive,
}

impl<'t> Delivery<'t> {
    pub(super) fn new(route: &'t str, endpoint: &'t Endpoint, priority: Priority, time_to_live: TimeToLive) -> Self {
        Self { route, endpoint, priority, time_to_live }
    }

    /// Returns the name of the route.
    #[must_use]
    pub const fn route(&self) -> &'t str {
        self.route
    }

    /// Returns the endpoint that the message goes to.
    #[must_use]
    pub const fn endpoint(&self) -> &'t Endpoint {
        self.endpoint
    }

    /// Returns the name that a module receives as `inputName` with the message; `None` for the cloud.
    #[must_use]
    pub fn input_name(&self) -> Option<&'t str> {
        match self.endpoint {
            Endpoint::Upstream => None,
            Endpoint::Module { input, .. } => Some(input),
        }
    }

    /// Returns the priority of the route. 0 is the highest; 9 comes before the default.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// Returns how long the hub keeps the message while it cannot deliver it.
    #[must_use]
    pub const fn time_to_live(&self) -> TimeToLive {
        self.time_to_live
    }
}

/// The deliveries of one message: at most one per endpoint (SEMANTICS#one-delivery), in the order in which the winning
/// routes were declared.
#[derive(Clone, Debug)]
pub struct Deliveries<'t, 's> {
    table: &'t RouteTable,
    routes: core::slice::Iter<'s, Winner>,
}

impl<'t, 's> Deliveries<'t, 's> {
    pub(super) fn new(table: &'t RouteTable, routes: &'s [Winner]) -> Self {
        Self { table, routes: routes.iter() }
    }
}

impl<'t> Iterator for Deliveries<'t, '_> {
    type Item = Delivery<'t>;

    fn next(&mut self) -> Option<Delivery<'t>> {
        self.table.delivery(*self.routes.next()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.routes.size_hint()
    }
}

impl ExactSizeIterator for Deliveries<'_, '_> {}
