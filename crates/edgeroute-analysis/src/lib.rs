//! Analyses of edgeroute routes for route authors and operators.
//!
//! This crate answers questions about a set of routes that matching itself does not: what is wrong with them, why a
//! message goes where it goes, how modules and routes are connected, and what a change of the routes does. It has five modules:
//!
//! - `topology`: which modules send messages to which, and where messages loop.
//! - `explain`: why a message goes where it goes, and which routes many messages never reach.
//! - `lint`: finds routes that are valid but almost certainly wrong, and fixes them.
//! - `diff`: what differs between two sets of routes, and whether any message is delivered differently.
//! - `render`: writes findings, explanations and topologies as text, JSON, SARIF and pictures.
//!
//! This is an internal crate of `edgeroute`. It makes no semver promises of its own; depend on `edgeroute` instead.
#![forbid(unsafe_code)]

pub mod topology;

pub mod explain;

pub mod lint;

pub mod diff;

pub mod render;

/// Runs the example programs of the code pages as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/codes.md")]
struct Codes;
