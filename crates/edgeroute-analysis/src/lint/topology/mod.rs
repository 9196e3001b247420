//! Lints about routes together, and about what they and the modules of a manifest make.

mod relations;
mod senders;

pub(super) mod conflicting_time_to_live;
pub(super) mod duplicate_route;
pub(super) mod message_loop;
pub(super) mod missing_default_output;
pub(super) mod no_way_upstream;
pub(super) mod outranked_by_catch_all;
pub(super) mod self_loop;
pub(super) mod sinks_differ_by_case;
pub(super) mod subsumed_route;
pub(super) mod unknown_module;
pub(super) mod unknown_source;
pub(super) mod unreached_module;
pub(super) mod unserved_leaf_devices;

pub(super) use relations::{Relation, RelationKind, Relations};
