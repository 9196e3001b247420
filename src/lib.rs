//! edgeroute compiles the routes of an IoT Edge hub.
#![forbid(unsafe_code)]

mod index;
#[doc(hidden)]
pub mod internals;
mod search;
mod table;

pub use edgeroute_lang::endpoint::Endpoint;
pub use edgeroute_lang::hir::Shadowing;
pub use edgeroute_lang::limits::{Budgets, Limits};
pub use edgeroute_lang::manifest::Manifest;
pub use edgeroute_lang::message::{Message, MessageSource, NoProperties, Origin, Properties, PropertyName};
pub use edgeroute_lang::priority::{Priority, TimeToLive};
pub use edgeroute_lang::{diagnostic, manifest, span};
pub use table::{
    BadRoutes, Changes, CheckedManifest, CompileError, Compiled, Deliveries, Delivery, Interests, Key, RouteProblem,
    RouteSet, RouteTable, RouteTableBuilder, Scratch, Stats,
};

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
