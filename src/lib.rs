//! edgeroute compiles the routes of an IoT Edge hub and tells, for every message, where it goes.
#![forbid(unsafe_code)]

pub mod body;
pub mod builtin;
pub mod diagnostic;
pub mod endpoint;
pub mod hir;
mod id;
pub mod interpret;
pub mod limits;
pub mod message;
pub mod source;
pub mod span;
pub mod syntax;
pub mod text;
