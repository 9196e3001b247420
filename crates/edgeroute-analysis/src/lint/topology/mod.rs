//! Lints about routes together, and about what they and the modules of a manifest make.

mod conflicting_time_to_live;
mod duplicate_route;
mod message_loop;
mod missing_default_output;
mod no_way_upstream;
mod odd_endpoint_address;
mod outranked_by_catch_all;
mod possible_loop;
mod relations;
mod self_loop;
mod senders;
mod sinks_differ_by_case;
mod subsumed_route;
mod unknown_module;
mod unknown_source;
mod unreached_module;
mod unserved_leaf_devices;

pub(super) use relations::{Relation, RelationKind, Relations};

use super::Lint;

/// The lints of this group, in the order of their codes.
pub(super) const LINTS: &[&Lint] = &[
    &unknown_module::LINT,
    &self_loop::LINT,
    &message_loop::LINT,
    &missing_default_output::LINT,
    &duplicate_route::LINT,
    &subsumed_route::LINT,
    &outranked_by_catch_all::LINT,
    &conflicting_time_to_live::LINT,
    &no_way_upstream::LINT,
    &unreached_module::LINT,
    &unserved_leaf_devices::LINT,
    &sinks_differ_by_case::LINT,
    &unknown_source::LINT,
    &odd_endpoint_address::LINT,
    &possible_loop::LINT,
];
