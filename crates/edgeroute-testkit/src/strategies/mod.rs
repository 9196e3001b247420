//! Random conditions, routes and messages as proptest strategies.

pub mod messages;
pub mod texts;
