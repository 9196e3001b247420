//! Lints about what a condition means.

pub(super) mod always_true;
pub(super) mod body_date_time;
pub(super) mod contradicts_source;
pub(super) mod input_name_while_routing;
pub(super) mod is_defined_of_body;
pub(super) mod is_null_of_body;
pub(super) mod never_true;
pub(super) mod string_number_comparison;
pub(super) mod twin_query;
pub(super) mod unchecked_content_type;
pub(super) mod unknown_system_property;
pub(super) mod wrong_content_type;
