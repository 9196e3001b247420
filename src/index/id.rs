//! The numbers of the routes and groups of an index.

use edgeroute_lang::id::define_id;

define_id! {
    /// A route of an index.
    pub struct LocalRouteId
}

define_id! {
    /// The group of routes from one source.
    pub(crate) struct GroupId
}
