//! edgeroute compiles the routes of an IoT Edge hub and tells, for every message, where it goes.
#![forbid(unsafe_code)]

pub mod body;
pub mod builtin;
pub mod diagnostic;
pub mod endpoint;
pub mod hir;
mod id;
pub mod interpret;
mod keyed;
pub mod limits;
pub mod manifest;
pub mod message;
#[expect(dead_code, unused_imports, reason = "the matcher is wired in a following commit")]
mod predicate;
pub mod priority;
pub mod source;
pub mod span;
pub mod syntax;
pub mod text;
#[expect(dead_code, unused_imports, reason = "the matcher is wired in a following commit")]
mod tree;
