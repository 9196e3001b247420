//! Text as the reference sees it: UTF-16 code units, simple case mapping, number texts, date-like strings.
//!
//! Shared by the interpreter and the matcher; nothing here allocates.

mod case;

pub use case::eq_ignore_case;
