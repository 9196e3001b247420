//! Deliveries: where a message goes.

use std::fmt;

use super::RouteTable;
use super::id::{EndpointId, RouteId};
use super::scratch::Winner;
use super::segment::{RouteRecord, Segment};
use crate::index::LocalRouteId;
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::manifest::Retention;
use edgeroute_lang::priority::{Priority, TimeToLive};

/// Describes one delivery of a message: the endpoint, and the route that won it.
///
/// It borrows the table, not the message or the scratch, so it can be kept while other messages are routed. Two
/// deliveries are equal if route, endpoint, priority and time to live are, whatever their tables.
#[derive(Copy, Clone)]
pub struct Delivery<'t> {
    endpoint: &'t Endpoint,
    record: &'t RouteRecord,
    segment: &'t Segment,
    route: LocalRouteId,
    /// Of routes that have no time to live.
    retention: &'t Retention,
}

impl<'t> Delivery<'t> {
    #[inline]
    pub(super) fn new(retention: &'t Retention, segment: &'t Segment, route: LocalRouteId) -> Option<Self> {
        let record = segment.record(route)?;
        Some(Self { endpoint: segment.endpoint(record.endpoint)?, record, segment, route, retention })
    }

    /// Returns the name of the route.
    #[must_use]
    pub fn route(&self) -> &'t str {
        self.segment.name(self.route)
    }

    /// Returns the id of the route.
    #[must_use]
    pub fn route_id(&self) -> RouteId {
        self.segment.route_id(self.route)
    }

    /// Returns the endpoint that the message goes to.
    #[must_use]
    pub const fn endpoint(&self) -> &'t Endpoint {
        self.endpoint
    }

    /// Returns the id of the endpoint.
    #[must_use]
    pub const fn endpoint_id(&self) -> EndpointId {
        EndpointId(self.record.endpoint)
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
        self.record.priority
    }

    /// Returns the time to live that the route declares. [`retention`](Self::retention) applies the hub's default.
    #[must_use]
    pub const fn time_to_live(&self) -> TimeToLive {
        self.record.time_to_live
    }

    /// Returns how long the hub keeps the message while it cannot deliver it: the time to live of the route, or if it
    /// has none, that of the hub's store-and-forward configuration (SEMANTICS#time-to-live).
    #[must_use]
    pub fn retention(&self) -> Retention {
        self.record.time_to_live.duration().map_or(*self.retention, Retention::For)
    }
}

impl PartialEq for Delivery<'_> {
    fn eq(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.priority(), it.time_to_live());
        self.endpoint == other.endpoint && self.route() == other.route() && key(self) == key(other)
    }
}

impl Eq for Delivery<'_> {}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("route", &self.route())
            .field("endpoint", self.endpoint)
            .field("priority", &self.priority())
            .field("time_to_live", &self.time_to_live())
            .finish_non_exhaustive()
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
        self.table.delivery(self.routes.next()?.location)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.routes.size_hint()
    }
}

impl ExactSizeIterator for Deliveries<'_, '_> {}
