//! Lints about how a route is written.

pub(super) mod coalesced_comparison;
pub(super) mod comment_in_source;
pub(super) mod confusable_character;
pub(super) mod glued_operator;
pub(super) mod invisible_character;
pub(super) mod miscased_constant;
pub(super) mod negated_operand;
pub(super) mod smart_quote;
pub(super) mod star_after_name;
pub(super) mod star_in_source;
pub(super) mod trailing_text;
