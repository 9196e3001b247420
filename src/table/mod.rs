//! The facade: routes in, a table out; messages in, deliveries out.

mod build;
mod delivery;
mod error;
mod key;
mod scratch;
mod stats;

use std::fmt;
use std::sync::Arc;

pub use build::{BadRoutes, Compiled, RouteTableBuilder};
pub use delivery::{Deliveries, Delivery};
pub use error::{CompileError, RouteProblem};
pub use key::Key;
pub use scratch::Scratch;
pub use stats::{Interests, Stats};

use crate::endpoint::Endpoint;
use crate::matcher::Matcher;
use crate::message::{Message, Properties};
use crate::priority::{Priority, TimeToLive};
use crate::tree::{ListedFiling, ListedGroup, RouteId};

/// The compiled routes of a hub: immutable, shared, cheap to clone.
///
/// A message is matched against all routes at once. Of all routes that take it and send it to one endpoint, the one with
/// the lowest priority number wins, and among those the one declared first; so there is one delivery for each endpoint.
///
/// ```
/// use edgeroute::RouteTable;
/// use edgeroute::message::{Message, Origin};
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

struct Inner {
    matcher: Matcher,
    /// By [`RouteId`], which is the order of declaration. The fallback, if there is one, stands last.
    routes: Box<[RouteRecord]>,
    /// By the number of the endpoint, in the order in which routes first name them.
    endpoints: Box<[Endpoint]>,
    /// All names, and where each ends, by [`RouteId`].
    names: Box<str>,
    name_ends: Box<[u32]>,
    body_depth: usize,
}

#[derive(Copy, Clone, Debug)]
struct RouteRecord {
    endpoint: u32,
    priority: Priority,
    time_to_live: TimeToLive,
}

/// Building.
impl RouteTable {
    /// An empty builder with the default limits.
    #[must_use]
    pub fn builder() -> RouteTableBuilder {
        RouteTableBuilder::new()
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

    /// The deliveries of a message, one for each endpoint, in the order in which the winning routes were declared.
    ///
    /// Allocates nothing, whatever the message holds. The cost grows with the message's properties and with the routes
    /// that are alike enough to be looked at, not with the number of routes. The body is looked at only if a route that is
    /// otherwise satisfied asks for it.
    ///
    /// # Panics
    /// If `scratch` was made by another table: an answer would be wrong.
    pub fn route_with<'a, P: Properties + ?Sized, S: Properties + ?Sized>(
        &'a self,
        scratch: &'a mut Scratch,
        message: &Message<'_, P, S>,
    ) -> Deliveries<'a> {
        assert!(
            scratch.belongs_to(self),
            "the scratch was made by another route table: call `create_scratch` of the table that routes with it"
        );
        Deliveries::new(self, scratch.route(self, message))
    }

    /// Whether any route takes the message, the fallback included. Costs what [`route_with`](Self::route_with) does.
    ///
    /// # Panics
    /// As [`route_with`](Self::route_with).
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
        scratch.route(self, message).iter().filter_map(|route| self.delivery(*route)).collect()
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
        self.inner.routes.len() - usize::from(self.inner.matcher.tree.fallback.is_some())
    }

    /// Whether it has no routes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The endpoints that routes send to, in the order in which routes first name them.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.inner.endpoints
    }

    /// What the routes read of messages: a hub need not decode what nobody asks for. Allocates.
    #[must_use]
    pub fn interests(&self) -> Interests {
        Interests::of(&self.inner.matcher.tree)
    }

    /// How the routes were compiled. Walks the table.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::of(self)
    }

    /// Bytes on the heap, those of names and endpoints included. Walks the table.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        let Inner { matcher, routes, endpoints, names, name_ends, .. } = &*self.inner;
        let texts: usize = endpoints
            .iter()
            .map(|endpoint| match endpoint {
                Endpoint::Upstream => 0,
                Endpoint::Module { module, input } => module.len() + input.len(),
            })
            .sum();
        matcher.heap_bytes()
            + size_of_val(&**routes)
            + size_of_val(&**endpoints)
            + texts
            + names.len()
            + size_of_val(&**name_ends)
            + size_of::<Inner>()
    }

    fn delivery(&self, route: RouteId) -> Option<Delivery<'_>> {
        let record = self.inner.routes.get(route.index())?;
        let endpoint = self.inner.endpoints.get(record.endpoint as usize)?;
        Some(Delivery::new(self.name(route), endpoint, record.priority, record.time_to_live))
    }

    fn name(&self, route: RouteId) -> &str {
        let end = |index: usize| self.inner.name_ends.get(index).map_or(0, |&end| end as usize);
        let start = route.index().checked_sub(1).map_or(0, end);
        self.inner.names.get(start..end(route.index())).unwrap_or_default()
    }
}

/// For [`render`](crate::render): the structure by name.
impl RouteTable {
    /// Every source with the ways in which its routes are found.
    pub(crate) fn listing(&self) -> Vec<ListedGroup> {
        self.inner.matcher.tree.listing()
    }

    /// The fallback route and its condition.
    pub(crate) fn listed_fallback(&self) -> Option<(RouteId, String)> {
        self.inner.matcher.tree.listed_fallback()
    }

    /// A route with where it sends messages, `name -> endpoint`.
    pub(crate) fn label(&self, route: RouteId) -> String {
        let record = self.inner.routes.get(route.index());
        let endpoint = record.and_then(|record| self.inner.endpoints.get(record.endpoint as usize));
        match endpoint {
            Some(endpoint) => format!("{} -> {endpoint}", self.name(route)),
            None => self.name(route).to_owned(),
        }
    }
}

/// Each source with its routes, a line for each way in which a route is found: by which test, which header it must pass,
/// and what is then checked.
impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "RouteTable of {} routes to {} endpoints", self.len(), self.inner.endpoints.len())?;
        for group in self.listing() {
            writeln!(f, "{}", group.path)?;
            for filing in group.filings {
                let ListedFiling { route, access, header, condition } = filing;
                let access = access.map_or_else(|| "always".to_owned(), |access| format!("by {access}"));
                let header = header.map_or_else(String::new, |header| format!(", header {header}"));
                writeln!(f, "  {}: {access}{header}, if {condition}", self.label(route))?;
            }
        }
        match self.listed_fallback() {
            Some((route, condition)) => writeln!(f, "fallback\n  {}: if {condition}", self.label(route)),
            None => Ok(()),
        }
    }
}
