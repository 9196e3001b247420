//! What route authors ask about routes.
#![forbid(unsafe_code)]

pub mod topology;

pub mod explain;

pub mod lint;

pub mod render;

/// The examples of the codes that are programs, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/codes.md")]
struct Codes;
