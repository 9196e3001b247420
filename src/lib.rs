//! edgeroute compiles the routes of an IoT Edge hub and tells, for every message, where it goes.
#![forbid(unsafe_code)]

pub mod body;
pub mod builtin;
pub mod diagnostic;
pub mod endpoint;
pub mod explain;
pub mod format;
pub mod hir;
mod id;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
pub mod interpret;
mod keyed;
pub mod limits;
pub mod lint;
pub mod manifest;
mod matcher;
pub mod message;
mod predicate;
pub mod priority;
pub mod render;
pub mod source;
pub mod span;
pub mod syntax;
mod table;
pub mod text;
pub mod topology;
#[expect(unused_imports, reason = "body queries and expressions follow")]
mod tree;
pub mod value;
mod work;

pub use table::{
    BadRoutes, Changes, CheckedManifest, CompileError, Compiled, Deliveries, Delivery, Interests, Key, RouteProblem,
    RouteSet, RouteTable, RouteTableBuilder, Scratch, Stats,
};

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The examples of the codes that are programs, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/codes.md")]
struct Codes;
