//! Matching: what is read of a message, and how.

pub(crate) mod body;
mod clauses;
pub(crate) mod evaluate;
mod names;
pub(crate) mod scalar;
mod slots;
mod walk;

pub(crate) use walk::{Matcher, WalkMemory};
