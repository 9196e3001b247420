//! Lints about what a condition means.

mod always_true;
mod bare_system_property;
mod body_date_time;
mod contradicts_source;
mod input_name_while_routing;
mod is_defined_of_body;
mod is_null_of_body;
mod missing_is_greatest;
mod never_true;
mod string_number_comparison;
mod twin_query;
mod unchecked_content_type;
mod unknown_system_property;
mod wrong_content_type;

pub(super) use unknown_system_property::system_name;

use super::Lint;

/// The lints of this group, in the order of their codes.
pub(super) const LINTS: &[&Lint] = &[
    &never_true::LINT,
    &always_true::LINT,
    &contradicts_source::LINT,
    &is_defined_of_body::LINT,
    &is_null_of_body::LINT,
    &body_date_time::LINT,
    &input_name_while_routing::LINT,
    &twin_query::LINT,
    &unknown_system_property::LINT,
    &string_number_comparison::LINT,
    &unchecked_content_type::LINT,
    &wrong_content_type::LINT,
    &bare_system_property::LINT,
    &missing_is_greatest::LINT,
];
