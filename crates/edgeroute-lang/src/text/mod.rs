//! Strings as the reference sees them: UTF-16 code units, simple case mapping, numbers and dates in strings.
//!
//! The interpreter and the matcher share these functions. Each takes one pass over its string, and only [`fold`]
//! allocates, if a letter changes.

mod case;
mod date;
mod number;
mod utf16;

pub use case::{eq_ignore_case, fold, fold_chars, lower, starts_with_ignore_case, upper};
pub use date::LONGEST_DATE;
pub use date::is_date;
pub use number::{as_number, as_number_units, hex_literal, number_literal};
pub use number::{as_number_points, digits_as_number, infinity_as_number};
pub use utf16::{compare_utf16, map_units, utf16_len};
