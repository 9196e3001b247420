//! Finds the routes and endpoints of a table by their ids.

use std::collections::BTreeMap;

use super::RouteTable;
use super::id::{EndpointId, RouteId};
use super::rank::Rank;
use crate::index::LocalRouteId;

/// Where a route of a table is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Location {
    /// The number of the segment.
    pub(super) segment: u32,
    pub(super) route: LocalRouteId,
}

/// Where all routes and endpoints of a table are.
#[derive(Debug)]
pub(super) struct Directory {
    /// Indexed by [`RouteId`].
    routes: Box<[Option<Location>]>,
    /// Indexed by [`EndpointId`]: the first route that sends to it.
    endpoints: Box<[Option<Location>]>,
    /// The endpoints in the order in which routes first name them.
    first_named: Box<[EndpointId]>,
}

impl Directory {
    /// Visits every route.
    pub(super) fn of(table: &RouteTable) -> Self {
        let mut routes = vec![None; table.route_bound()];
        let mut endpoints = vec![None; table.endpoint_bound()];
        // The fallback comes after all other routes.
        let mut first: BTreeMap<EndpointId, ((bool, Rank), Location)> = BTreeMap::new();
        for (number, segment) in (0..).zip(table.segments()) {
            let is_fallback = number as usize == table.inner.segments.len();
            for route in segment.ids().filter(|route| segment.is_alive(*route, table.inner.version)) {
                let location = Location { segment: number, route };
                if let Some(slot) = routes.get_mut(segment.route_id(route).index()) {
                    *slot = Some(location);
                }
                let Some(record) = segment.record(route) else { continue };
                let named = ((is_fallback, segment.rank(route)), location);
                let first = first.entry(EndpointId(record.endpoint)).or_insert(named);
                *first = named.min(*first);
            }
        }
        for (id, (_, location)) in &first {
            if let Some(slot) = endpoints.get_mut(id.index()) {
                *slot = Some(*location);
            }
        }
        let mut first_named: Vec<_> = first.into_iter().map(|(id, (rank, _))| (rank, id)).collect();
        first_named.sort_unstable();
        Self {
            routes: routes.into(),
            endpoints: endpoints.into(),
            first_named: first_named.into_iter().map(|(_, id)| id).collect(),
        }
    }

    /// Iterates over the routes in the order of their ids.
    pub(super) fn routes(&self) -> impl Iterator<Item = (RouteId, Location)> {
        let all = self.routes.iter().enumerate();
        all.filter_map(|(index, location)| Some((RouteId::nth(index), (*location)?)))
    }

    pub(super) fn route(&self, id: RouteId) -> Option<Location> {
        *self.routes.get(id.index())?
    }

    /// Returns a route that sends to the endpoint.
    pub(super) fn endpoint(&self, id: EndpointId) -> Option<Location> {
        *self.endpoints.get(id.index())?
    }

    /// Iterates over the endpoints in the order in which routes first name them.
    pub(super) fn endpoints(&self) -> impl ExactSizeIterator<Item = EndpointId> {
        self.first_named.iter().copied()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.routes) + size_of_val(&*self.endpoints) + size_of_val(&*self.first_named)
    }
}
