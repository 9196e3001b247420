//! Small numbers that identify routes and endpoints, and their allocation.

use std::collections::BTreeSet;
use std::fmt;

use edgeroute_lang::id::to_u32;

/// Identifies a route of a table by a small number, so that a hub can keep counters or settings of routes in an array.
///
/// In a table that was [built](super::RouteTableBuilder::build) at once, it is the position of the route in the builder,
/// and the fallback comes after all routes. In a [`RouteSet`](super::RouteSet) a route keeps its id as long as the set
/// has a route of its name, even if the route is replaced or moved. The id of a removed route may be given to a route
/// that a later call of [`apply`](super::RouteSet::apply) adds.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub(super) u32);

/// Identifies an endpoint of a table by a small number, so that a hub can keep its queues in an array.
///
/// Endpoints are numbered in the order in which routes first name them. In a [`RouteSet`](super::RouteSet) an endpoint
/// keeps its id as long as a route sends to it. The id of an endpoint that no route sends to any more may be given to
/// another endpoint by a later change. So after a change, a queue is free if the new table has no endpoint for its id,
/// or another one:
///
/// ```
/// use edgeroute::{Changes, RouteSet, RouteTable};
///
/// let to = |input: &str| format!("FROM /messages/* INTO BrokeredEndpoint('/modules/m/inputs/{input}')");
/// let mut routes = RouteSet::new(RouteTable::builder().route("a", to("x")).route("b", to("y")))?;
/// let old = routes.table().clone();
/// let mut queues: Vec<Vec<&str>> = vec![Vec::new(); old.endpoint_bound()];
///
/// let new = routes.apply(Changes::new().remove("a").add(("c", to("z"))))?;
/// queues.resize_with(new.endpoint_bound(), Vec::new);
/// for (id, endpoint) in old.endpoints() {
///     if new.endpoint(id) != Some(endpoint) {
///         queues[id.index()].clear();
///     }
/// }
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(pub(super) u32);

impl RouteId {
    pub(super) fn nth(index: usize) -> Self {
        Self(to_u32(index))
    }

    /// Returns the number. It is less than [`RouteTable::route_bound`](super::RouteTable::route_bound).
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl EndpointId {
    /// Returns the number. It is less than [`RouteTable::endpoint_bound`](super::RouteTable::endpoint_bound).
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for RouteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RouteId({})", self.0)
    }
}

impl fmt::Debug for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointId({})", self.0)
    }
}

/// Allocates numbers. The lowest free number comes first, so that numbers stay small.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    free: BTreeSet<u32>,
    /// Every number that was ever allocated is below this.
    bound: u32,
}

impl Numbers {
    pub(super) fn allocate(&mut self) -> u32 {
        self.free.pop_first().unwrap_or_else(|| {
            let number = self.bound;
            self.bound = number.saturating_add(1);
            number
        })
    }

    pub(super) fn release(&mut self, number: u32) {
        self.free.insert(number);
    }

    /// Undoes the allocation of these numbers. The bound was `bound` before it.
    pub(super) fn take_back(&mut self, numbers: impl IntoIterator<Item = u32>, bound: usize) {
        self.bound = to_u32(bound);
        self.free.extend(numbers.into_iter().filter(|number| (*number as usize) < bound));
    }

    pub(super) const fn bound(&self) -> usize {
        self.bound as usize
    }
}
