//! Text as the reference sees it: UTF-16 code units, simple case mapping, number texts, date-like strings.
//!
//! Shared by the interpreter and the matcher. Every function takes one pass over its text, and none allocates, but for
//! [`fold`] where a letter changes.

mod case;
mod date;
mod number;
mod utf16;

pub use case::{eq_ignore_case, fold, fold_chars, lower, starts_with_ignore_case, upper};
pub(crate) use date::LONGEST_DATE;
pub use date::is_date;
pub use number::{as_number, as_number_units, hex_literal, number_literal};
pub(crate) use number::{as_number_points, digits_as_number, infinity_as_number};
pub use utf16::{compare_utf16, map_units, utf16_len};
