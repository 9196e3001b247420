//! Analyses of edgeroute routes for route authors and operators.
//!
//! This crate answers questions about a set of routes that matching itself does not: what is wrong with them, why a
//! message goes where it goes, and how modules and routes are connected. It has four modules:
//!
//! - `topology`: which modules send messages to which, and where messages loop.
//! - `explain`: why a message goes where it goes, and which routes many messages never reach.
//! - `lint`: finds routes that are valid but almost certainly wrong, and fixes them.
//! - `render`: writes findings, explanations and topologies as text, JSON, SARIF and pictures.
//!
//! This is an internal crate of `edgeroute`. It makes no semver promises of its own; depend on `edgeroute` instead.
#![forbid(unsafe_code)]

pub mod topology;

pub mod explain;

pub mod lint;

pub mod render;

/// Runs the example programs of the code pages as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/codes.md")]
struct Codes;
