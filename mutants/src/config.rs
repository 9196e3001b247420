//! What of the configuration of cargo-mutants says how to test.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Result;

/// Features, and the tests that a mutant is shown to.
#[derive(Deserialize)]
pub(crate) struct Config {
    features: Vec<String>,
    additional_cargo_test_args: Vec<String>,
}

impl Config {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Ok(toml::from_str(&fs::read_to_string(path)?)?)
    }

    /// The features, as an argument of cargo.
    pub(crate) fn features(&self) -> String {
        format!("--features={}", self.features.join(","))
    }

    /// The tests, as arguments of `cargo test`.
    pub(crate) fn tests(&self) -> &[String] {
        &self.additional_cargo_test_args
    }
}
