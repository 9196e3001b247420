//! The public interface: compiles routes into a table and matches messages against it.

mod build;
mod changes;
mod checked;
mod delivery;
mod directory;
mod error;
mod events;
mod id;
mod key;
mod listing;
#[cfg(feature = "miette")]
mod miette;
#[cfg(feature = "parallel")]
mod parallel;
mod plan;
mod rank;
mod scratch;
mod segment;
#[cfg(feature = "serde")]
mod serialize;
mod set;
mod stats;
mod update;

use std::fmt;
use std::sync::{Arc, OnceLock};

pub use build::{PartialTable, RouteTableBuilder};
pub use changes::Changes;
pub use checked::CheckedManifest;
pub use delivery::{Deliveries, Delivery};
pub use error::{CompileError, RouteProblem};
pub use id::{EndpointId, RouteId};
pub use key::Key;
pub use listing::{Listing, SegmentListing};
pub use scratch::Scratch;
pub use set::RouteSet;
pub use stats::{Interests, Stats};

use directory::{Directory, Location};
use segment::Segment;
use smallvec::SmallVec;

use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::manifest::Retention;
use edgeroute_lang::message::{Message, Properties};

/// Holds the compiled routes of a hub. A table is immutable, can be shared between threads, and is cheap to clone.
///
/// A message is matched against all routes at once. Several routes may take the message and send it to the same
/// endpoint. The route with the lowest priority number wins; among equal priorities, the route declared first. So each
/// endpoint gets at most one delivery.
///
/// ```
/// use edgeroute::{Message, Origin, RouteTable};
///
/// let table = RouteTable::builder()
///     .route("hot", "FROM /messages/modules/sensor/* WHERE as_number(temperature) > 80 INTO $upstream")
///     .route("all", "FROM /messages/* INTO BrokeredEndpoint(\"/modules/store/inputs/in\")")
///     .build()?;
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
    /// Holds exactly one segment if the table was built at once.
    segments: SmallVec<[Arc<Segment>; 1]>,
    /// Holds only the fallback. `None` if there is no fallback, or if the fallback is in the only segment.
    fallback: Option<Arc<Segment>>,
    /// Determines which routes of the segments are alive.
    version: u32,
    /// The number of routes, not counting the fallback.
    len: usize,
    /// Every route id is below this.
    route_bound: usize,
    /// Every endpoint id is below this.
    endpoint_bound: usize,
    body_depth: usize,
    /// How long the hub keeps the messages of routes that have no time to live.
    retention: Retention,
    /// Computed on first use.
    directory: OnceLock<Directory>,
}

/// The sizes that a table has to know from its parts.
#[derive(Copy, Clone)]
struct Extent {
    /// Every route id is below this.
    routes: usize,
    /// Every endpoint id is below this.
    endpoints: usize,
    body_depth: usize,
}

/// Building a table.
impl RouteTable {
    /// Returns an empty builder with the default limits.
    #[must_use]
    pub fn builder() -> RouteTableBuilder {
        RouteTableBuilder::new()
    }

    /// Makes a table of one segment, which may contain a fallback.
    fn of_segment(segment: Arc<Segment>, extent: Extent, retention: Retention) -> Self {
        let len = segment.len() - usize::from(segment.matcher.index.fallback.is_some());
        Self {
            inner: Arc::new(Inner {
                segments: SmallVec::from_buf([segment]),
                fallback: None,
                version: 0,
                len,
                route_bound: extent.routes,
                endpoint_bound: extent.endpoints,
                body_depth: extent.body_depth,
                retention,
                directory: OnceLock::new(),
            }),
        }
    }
}

/// Matching messages.
impl RouteTable {
    /// Creates the memory that matching needs. Create one scratch for each worker and reuse it for every message. A
    /// scratch belongs to this table and its clones. Allocates; the size depends only on the table.
    #[must_use]
    pub fn create_scratch(&self) -> Scratch {
        Scratch::new(self)
    }

    /// Makes a scratch created by another table belong to this one. Allocates, but costs little if this table was [made
    /// from the other one by changes](RouteSet::apply): the memory for the parts that both tables share is kept. Does
    /// nothing if the scratch already belongs to this table, so a worker whose table may have changed can call it
    /// before every message.
    #[inline]
    pub fn adapt_scratch(&self, scratch: &mut Scratch) {
        if !scratch.belongs_to(self) {
            scratch.adapt(self);
        }
    }

    /// Returns the deliveries of a message: at most one for each endpoint, in the order in which the winning routes
    /// were declared.
    ///
    /// Never allocates, whatever the message contains. The cost grows with the number of properties in the message and
    /// the number of candidate routes, not with the number of routes in the table. The body is read only if a route
    /// needs it and everything else that the route asks for holds.
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

    /// Returns whether any route takes the message, including the fallback. Costs the same as
    /// [`route_with`](Self::route_with).
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

    /// Returns the deliveries of a message, using a new scratch. This is convenient, but it **allocates**; a hub calls
    /// [`route_with`](Self::route_with) instead.
    #[must_use]
    pub fn route<P: Properties + ?Sized, S: Properties + ?Sized>(
        &self,
        message: &Message<'_, P, S>,
    ) -> Vec<Delivery<'_>> {
        let mut scratch = self.create_scratch();
        scratch.route(self, message).iter().filter_map(|winner| self.delivery(winner.location)).collect()
    }

    /// Returns whether any route takes the message, using a new scratch. **Allocates**.
    #[must_use]
    pub fn is_match<P: Properties + ?Sized, S: Properties + ?Sized>(&self, message: &Message<'_, P, S>) -> bool {
        self.is_match_with(&mut self.create_scratch(), message)
    }
}

/// Inspecting a table.
impl RouteTable {
    /// Returns the number of routes, not counting the fallback.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len
    }

    /// Returns whether the table has no routes. The fallback does not count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Iterates over the endpoints that routes send to, in the order in which routes first name them. The first call of
    /// this or of another method that looks up ids visits every route and allocates.
    pub fn endpoints(&self) -> impl Iterator<Item = (EndpointId, &Endpoint)> {
        self.directory().endpoints().filter_map(|id| Some((id, self.endpoint(id)?)))
    }

    /// Returns the endpoint with this id. `None` if no route of this table sends to it. The first call of this or of
    /// another method that looks up ids visits every route and allocates.
    #[must_use]
    pub fn endpoint(&self, id: EndpointId) -> Option<&Endpoint> {
        Some(self.delivery(self.directory().endpoint(id)?)?.endpoint())
    }

    /// Iterates over the ids and names of the routes, and of the fallback, in the order of the ids. The first call of this
    /// or of another method that looks up ids visits every route and allocates.
    pub fn routes(&self) -> impl Iterator<Item = (RouteId, &str)> {
        self.directory().routes().filter_map(|(id, location)| Some((id, self.delivery(location)?.route())))
    }

    /// Returns the name of the route with this id. `None` if this table does not have it. The first call of this or of
    /// another method that looks up ids visits every route and allocates.
    #[must_use]
    pub fn route_name(&self, id: RouteId) -> Option<&str> {
        Some(self.delivery(self.directory().route(id)?)?.route())
    }

    /// Returns a number that is greater than the [index](RouteId::index) of every route. It is the number of routes that
    /// the builder had, with the fallback. In a [`RouteSet`](crate::RouteSet) it is at most twice the maximum number of
    /// routes that the set had at any time, with the fallback: the ids of routes that are removed are not given to
    /// routes that are added by the same call of [`apply`](crate::RouteSet::apply).
    #[must_use]
    pub fn route_bound(&self) -> usize {
        self.inner.route_bound
    }

    /// Returns a number that is greater than the [index](EndpointId::index) of every endpoint. It grows with the number
    /// of endpoints that are in use at the same time, and with the number of recent changes.
    #[must_use]
    pub fn endpoint_bound(&self) -> usize {
        self.inner.endpoint_bound
    }

    /// Returns how long the hub keeps the messages of routes that have no time to live.
    #[must_use]
    pub fn retention(&self) -> Retention {
        self.inner.retention
    }

    /// Returns what the routes read from messages, so that a hub need not decode anything else. Allocates. If routes
    /// were [changed](RouteSet::apply), the result may include names that only removed routes read.
    #[must_use]
    pub fn interests(&self) -> Interests {
        Interests::of(self)
    }

    /// Returns statistics on how the routes were compiled. Visits the whole table.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::of(self)
    }

    /// Returns the number of bytes on the heap, including names and endpoints. Visits the whole table. Tables made from
    /// one another by [changes](RouteSet::apply) share most of this memory.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        let segments: usize = self.segments().map(Segment::heap_bytes).sum();
        segments + self.inner.directory.get().map_or(0, Directory::heap_bytes) + size_of::<Inner>()
    }

    /// Iterates over all segments; the segment that holds only the fallback comes last.
    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.inner.segments.iter().chain(&self.inner.fallback).map(|segment| &**segment)
    }

    /// Returns the segment with this number; the segment that holds only the fallback comes last.
    #[inline]
    fn segment(&self, number: u32) -> Option<&Segment> {
        let Inner { segments, fallback, .. } = &*self.inner;
        segments.get(number as usize).or(fallback.as_ref()).map(|segment| &**segment)
    }

    #[inline]
    fn delivery(&self, location: Location) -> Option<Delivery<'_>> {
        Delivery::new(&self.inner.retention, self.segment(location.segment)?, location.route)
    }

    fn directory(&self) -> &Directory {
        self.inner.directory.get_or_init(|| Directory::of(self))
    }
}

/// One line, whatever the number of routes. [`RouteTable::listing`] shows the routes.
impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { len, segments, endpoint_bound, .. } = &*self.inner;
        f.debug_struct("RouteTable")
            .field("routes", len)
            .field("segments", &segments.len())
            .field("endpoint_bound", endpoint_bound)
            .finish_non_exhaustive()
    }
}
