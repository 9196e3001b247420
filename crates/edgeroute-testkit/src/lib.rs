//! The test kit of edgeroute, shared by its tests, benches and fuzz targets.
//!
//! It contains random tables with messages and the checks on them ([`cases`]), the workloads that benches measure
//! ([`workloads`]), the linear scan that edgeroute is compared with ([`linear_scan`]), the ways in which edgeroute can
//! match a message ([`competitors`]), what following advice must achieve ([`advice`]), what formatting must keep ([`formatting`]), and the harness that checks and times them in turn ([`harness`]).
#![forbid(unsafe_code)]

pub mod advice;
pub mod cases;
pub mod competitors;
pub mod formatting;
pub mod harness;
pub mod linear_scan;
pub mod strategies;
pub mod workloads;

use std::path::Path;

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Reads a file of the repository, given its path from the root.
///
/// # Panics
/// Panics if there is no such file.
#[must_use]
pub fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The configuration of a property test that runs this many cases. The environment variable `PROPTEST_CASES` overrides
/// the number. A failure prints its shrunk input; add that as a test of its own.
#[must_use]
pub fn proptest_config(cases: u32) -> proptest::test_runner::Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    proptest::test_runner::Config { cases: asked.unwrap_or(cases), failure_persistence: None, ..Default::default() }
}
