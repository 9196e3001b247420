//! The table of all lints.

use super::{Lint, semantics, syntax, topology};

/// Every lint, in the order of the codes.
pub const ALL: &[&Lint] = &[
    &syntax::glued_operator::LINT,
    &syntax::negated_operand::LINT,
    &syntax::coalesced_comparison::LINT,
    &syntax::miscased_constant::LINT,
    &syntax::trailing_text::LINT,
    &syntax::comment_in_source::LINT,
    &syntax::star_in_source::LINT,
    &syntax::star_after_name::LINT,
    &syntax::smart_quote::LINT,
    &syntax::confusable_character::LINT,
    &syntax::invisible_character::LINT,
    &semantics::never_true::LINT,
    &semantics::always_true::LINT,
    &semantics::contradicts_source::LINT,
    &semantics::is_defined_of_body::LINT,
    &semantics::is_null_of_body::LINT,
    &semantics::body_date_time::LINT,
    &semantics::input_name_while_routing::LINT,
    &semantics::twin_query::LINT,
    &semantics::unknown_system_property::LINT,
    &semantics::string_number_comparison::LINT,
    &semantics::unchecked_content_type::LINT,
    &semantics::wrong_content_type::LINT,
    &topology::unknown_module::LINT,
    &topology::self_loop::LINT,
    &topology::message_loop::LINT,
    &topology::missing_default_output::LINT,
    &topology::duplicate_route::LINT,
    &topology::subsumed_route::LINT,
    &topology::outranked_by_catch_all::LINT,
    &topology::conflicting_time_to_live::LINT,
    &topology::no_way_upstream::LINT,
    &topology::unreached_module::LINT,
    &topology::unserved_leaf_devices::LINT,
    &topology::sinks_differ_by_case::LINT,
    &topology::unknown_source::LINT,
];

#[cfg(test)]
mod tests {
    use super::*;
    use edgeroute_lang::diagnostic::{Code, Severity};

    #[test]
    fn each_warning_code_has_one_lint_in_order() {
        let of_lints: Vec<Code> = ALL.iter().map(|lint| lint.code()).collect();
        let warnings = Code::ALL.iter().copied().filter(|code| code.severity() == Severity::Warning);
        assert_eq!(of_lints, warnings.collect::<Vec<_>>());
    }

    #[test]
    fn names_are_words_with_hyphens_and_no_two_alike() {
        let mut names: Vec<&str> = ALL.iter().map(|lint| lint.name()).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
