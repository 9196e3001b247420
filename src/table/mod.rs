//! The facade: routes in, a table out; messages in, deliveries out.

mod build;
mod changes;
mod checked;
mod delivery;
mod error;
mod events;
mod key;
mod listing;
#[cfg(feature = "miette")]
mod miette;
#[cfg(feature = "parallel")]
mod parallel;
mod plan;
mod scratch;
mod segment;
mod set;
mod stats;
mod update;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

pub use build::{BadRoutes, Compiled, RouteTableBuilder};
pub use changes::Changes;
pub use checked::CheckedManifest;
pub use delivery::{Deliveries, Delivery};
pub use error::{CompileError, RouteProblem};
pub use key::Key;
pub use listing::Listing;
pub use scratch::Scratch;
pub use set::RouteSet;
pub use stats::{Interests, Stats};

use scratch::Winner;
use segment::Segment;
use smallvec::SmallVec;

use crate::index::RouteId;
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::message::{Message, Properties};

/// The compiled routes of a hub: immutable, shared, cheap to clone.
///
/// A message is matched against all routes at once. Of all routes that take it and send it to one endpoint, the one with
/// the lowest priority number wins, and among those the one declared first; so there is one delivery for each endpoint.
///
/// ```
/// use edgeroute::RouteTable;
/// use edgeroute::{Message, Origin};
///
/// let compiled = RouteTable::builder()
///     .route("hot", "FROM /messages/modules/sensor/* WHERE as_number(temperature) > 80 INTO $upstream")
///     .route("all", "FROM /messages/* INTO BrokeredEndpoint(\"/modules/store/inputs/in\")")
///     .build()?;
/// let table = compiled.into_table();
/// let mut scratch = table.create_scratch();
///
/// let properties = [("temperature", "81.5")];
/// let message = Message::new(Origin::module("edge-1", "sensor").output("temp")).properties(&properties);
/// let routes: Vec<&str> = table.route_with(&mut scratch, &message).map(|delivery| delivery.route()).collect();
/// assert_eq!(routes, ["hot", "all"]);
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
#[derive(Clone)]
pub struct RouteTable {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// One where the table was built at once.
    segments: SmallVec<[Arc<Segment>; 1]>,
    /// Holds nothing but the fallback. `None` where there is none, or it is of the one segment.
    fallback: Option<Arc<Segment>>,
    /// Tells which routes of the segments are alive.
    version: u32,
    /// How many routes there are, the fallback not counted.
    len: usize,
    /// All numbers of endpoints are below this.
    endpoint_count: usize,
    body_depth: usize,
    /// Worked out when they are asked for.
    endpoints: OnceLock<Box<[Endpoint]>>,
}

/// Building.
impl RouteTable {
    /// An empty builder with the default limits.
    #[must_use]
    pub fn builder() -> RouteTableBuilder {
        RouteTableBuilder::new()
    }

    /// The table of one segment, which may have a fallback.
    fn of_segment(segment: Arc<Segment>, endpoint_count: usize, body_depth: usize) -> Self {
        let len = segment.len() - usize::from(segment.matcher.tree.fallback.is_some());
        let segments = SmallVec::from_buf([segment]);
        let endpoints = OnceLock::new();
        Self {
            inner: Arc::new(Inner { segments, fallback: None, version: 0, len, endpoint_count, body_depth, endpoints }),
        }
    }
}

/// Matching.
impl RouteTable {
    /// The memory that matching needs: make one for each worker, and use it for one message after the other. It belongs
    /// to this table and its clones. Allocates; its size depends on the table alone.
    #[must_use]
    pub fn create_scratch(&self) -> Scratch {
        Scratch::new(self)
    }

    /// Makes a scratch that another table has made belong to this one. Allocates, and costs little where this table was
    /// [made from the other one by changes](RouteSet::apply): what they share is kept. Where the scratch belongs to this
    /// table, nothing is done, so a worker whose table may have been changed can call it before every message.
    #[inline]
    pub fn adapt_scratch(&self, scratch: &mut Scratch) {
        if !scratch.belongs_to(self) {
            scratch.adapt(self);
        }
    }

    /// The deliveries of a message, one for each endpoint, in the order in which the winning routes were declared.
    ///
    /// Allocates nothing, whatever the message holds. The cost grows with the message's properties and with the routes
    /// that are alike enough to be looked at, not with the number of routes. The body is looked at only if a route that is
    /// otherwise satisfied asks for it.
    ///
    /// # Panics
    /// If `scratch` was made by another table: an answer would be wrong.
    #[track_caller]
    pub fn route_with<'t, 's, P: Properties + ?Sized, S: Properties + ?Sized>(
        &'t self,
        scratch: &'s mut Scratch,
        message: &Message<'_, P, S>,
    ) -> Deliveries<'t, 's> {
        assert!(
            scratch.belongs_to(self),
            "the scratch was made by another route table: call `create_scratch` or `adapt_scratch` on the table you are routing with"
        );
        Deliveries::new(self, scratch.route(self, message))
    }

    /// Whether any route takes the message, the fallback included. Costs what [`route_with`](Self::route_with) does.
    ///
    /// # Panics
    /// As [`route_with`](Self::route_with).
    #[track_caller]
    pub fn is_match_with<P: Properties + ?Sized, S: Properties + ?Sized>(
        &self,
        scratch: &mut Scratch,
        message: &Message<'_, P, S>,
    ) -> bool {
        self.route_with(scratch, message).len() > 0
    }

    /// The deliveries of a message, with a scratch of its own: convenient, and **allocates**. A hub calls
    /// [`route_with`](Self::route_with).
    #[must_use]
    pub fn route<P: Properties + ?Sized, S: Properties + ?Sized>(
        &self,
        message: &Message<'_, P, S>,
    ) -> Vec<Delivery<'_>> {
        let mut scratch = self.create_scratch();
        scratch.route(self, message).iter().filter_map(|winner| self.delivery(*winner)).collect()
    }

    /// Whether any route takes the message, with a scratch of its own: **allocates**.
    #[must_use]
    pub fn is_match<P: Properties + ?Sized, S: Properties + ?Sized>(&self, message: &Message<'_, P, S>) -> bool {
        self.is_match_with(&mut self.create_scratch(), message)
    }
}

/// Looking into it.
impl RouteTable {
    /// How many routes it has, the fallback not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len
    }

    /// Whether it has no routes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The endpoints that routes send to, in the order in which routes first name them. The first call walks the table
    /// and allocates.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        self.inner.endpoints.get_or_init(|| {
            let mut first_named: BTreeMap<u32, (u64, &Endpoint)> = BTreeMap::new();
            for (segment, route) in self.live_routes() {
                let Some(record) = segment.record(route) else { continue };
                let Some(endpoint) = segment.endpoint(record.endpoint) else { continue };
                // The fallback stands after all others.
                let is_fallback =
                    self.inner.fallback.as_ref().is_some_and(|fallback| core::ptr::eq(segment, Arc::as_ptr(fallback)));
                let rank = if is_fallback { u64::MAX } else { segment.rank(route).into() };
                let first = first_named.entry(record.endpoint).or_insert((rank, endpoint));
                first.0 = first.0.min(rank);
            }
            let mut endpoints: Vec<(u64, &Endpoint)> = first_named.into_values().collect();
            endpoints.sort_unstable_by_key(|(rank, _)| *rank);
            endpoints.into_iter().map(|(_, endpoint)| endpoint.clone()).collect()
        })
    }

    /// What the routes read of messages: a hub need not decode what nobody asks for. Allocates. Where routes were
    /// [changed](RouteSet::apply), it may name what those read that are gone.
    #[must_use]
    pub fn interests(&self) -> Interests {
        Interests::of(self)
    }

    /// How the routes were compiled. Walks the table.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::of(self)
    }

    /// Bytes on the heap, those of names and endpoints included. Walks the table. Tables that were made of one another by
    /// [changes](RouteSet::apply) share most of it.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        let segments: usize = self.segments().map(Segment::heap_bytes).sum();
        segments + size_of::<Inner>()
    }

    /// All segments, that of the fallback last.
    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.inner.segments.iter().chain(&self.inner.fallback).map(|segment| &**segment)
    }

    /// All routes that are alive, the fallback included, segment by segment.
    fn live_routes(&self) -> impl Iterator<Item = (&Segment, RouteId)> {
        let version = self.inner.version;
        self.segments().flat_map(move |segment| {
            segment.ids().filter(move |route| segment.is_alive(*route, version)).map(move |route| (segment, route))
        })
    }

    fn delivery(&self, winner: Winner) -> Option<Delivery<'_>> {
        let Inner { segments, fallback, .. } = &*self.inner;
        let segment = segments.get(winner.segment as usize).or(fallback.as_ref())?;
        let record = segment.record(winner.route)?;
        let endpoint = segment.endpoint(record.endpoint)?;
        Some(Delivery::new(segment.name(winner.route), endpoint, record.priority, record.time_to_live))
    }
}
