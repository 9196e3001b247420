//! Checks of a hub's surroundings: each says what it found and what to do about it.
//!
//! Nothing is changed: a data directory that does not exist is not made.

mod certificate;
mod data;
mod network;
mod running;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;

use crate::clock::Clock;
use crate::config::Config;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing has to be done.
    Ok,
    /// The hub runs, but some clients may not be served.
    Warning,
    /// The hub does not start, or clients cannot connect.
    Problem,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked.
    pub check: &'static str,
    /// How bad it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do.
    pub remedy: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, found: found.into(), remedy: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warning, found: found.into(), remedy: Some(remedy.into()) }
    }

    fn problem(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Problem, found: found.into(), remedy: Some(remedy.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Problem => "problem",
        };
        write!(f, "{verdict:8} {:12} {}", self.check, self.found)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n{:21} {remedy}", ""),
            None => Ok(()),
        }
    }
}

/// Checks everything, in a fixed order. Blocks on the disk shortly; takes at most about 30 s if names do not resolve.
pub async fn examine(config: &Config, clock: &Clock) -> Vec<Finding> {
    let mut findings = data::check(config, clock);
    let occupied = network::check_ports(config, &mut findings).await;
    network::check_names(config, &mut findings).await;
    certificate::check(config, clock, occupied, &mut findings).await;
    findings
}
