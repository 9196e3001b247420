//! Lints about how a route is written.

mod coalesced_comparison;
mod comment_in_source;
mod concatenated_alternatives;
mod confusable_character;
mod glued_operator;
mod invisible_character;
mod miscased_constant;
mod negated_operand;
mod placeholder_in_string;
mod smart_quote;
mod star_after_name;
mod star_in_source;
mod trailing_text;
mod unknown_lint;
mod unparenthesized_concatenation;

use super::Lint;

/// The lints of this group, in the order of their codes.
pub(super) const LINTS: &[&Lint] = &[
    &glued_operator::LINT,
    &negated_operand::LINT,
    &coalesced_comparison::LINT,
    &miscased_constant::LINT,
    &trailing_text::LINT,
    &comment_in_source::LINT,
    &star_in_source::LINT,
    &star_after_name::LINT,
    &smart_quote::LINT,
    &confusable_character::LINT,
    &invisible_character::LINT,
    &placeholder_in_string::LINT,
    &concatenated_alternatives::LINT,
    &unparenthesized_concatenation::LINT,
    &unknown_lint::LINT,
];
