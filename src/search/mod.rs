//! Matches one message against an index: what is read of the message, and which candidates are checked.

mod bitset;
pub(crate) mod body;
pub(crate) mod evaluate;
mod matcher;
mod names;
pub(crate) mod scalar;
mod slots;
mod text_test;

pub(crate) use matcher::{Matcher, SearchMemory};
