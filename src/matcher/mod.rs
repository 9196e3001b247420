//! Matching: what is read of a message, and how.

pub(crate) mod body;
pub(crate) mod evaluate;
pub(crate) mod scalar;
mod slots;
mod walk;

pub(crate) use walk::{Matcher, WalkMemory};
