//! The numbers of the routes and groups of an index.

use edgeroute_lang::id::define_id;

define_id! {
    /// A route of an index.
    pub struct LocalRouteId
}

impl LocalRouteId {
    /// No route; no index has this many routes.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

define_id! {
    /// The group of routes from one source.
    pub(crate) struct GroupId
}
