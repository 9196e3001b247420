//! Writes the rows of the result as a table or as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::Engine;
use edgeroute_testkit::workloads::Workload;

/// One contender on one set of messages, described at the top of `main.rs`. A missing figure is `null`.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) workload: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shape: Option<&'static str>,
    pub(crate) routes: usize,
    pub(crate) messages: Option<&'static str>,
    pub(crate) outcome: Option<&'static str>,
    pub(crate) engine: &'static str,
    pub(crate) version: Option<&'static str>,
    pub(crate) ns: Option<f64>,
    pub(crate) ratio: Option<f64>,
    pub(crate) build_us_per_route: Option<f64>,
    pub(crate) bytes_per_route: Option<f64>,
    pub(crate) allocations_per_message: Option<f64>,
    pub(crate) answers: String,
}

impl Row {
    /// Creates a row without figures.
    pub(crate) fn new(workload: &Workload, engine: Engine, answers: String) -> Self {
        Self {
            workload: workload.kind.name(),
            shape: workload.kind.shape(),
            routes: workload.routes.len(),
            messages: None,
            outcome: None,
            engine: engine.name,
            version: engine.version,
            ns: None,
            ratio: None,
            build_us_per_route: None,
            bytes_per_route: None,
            allocations_per_message: None,
            answers,
        }
    }
}

pub(crate) fn write_json(row: &Row, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, row)?;
    writeln!(out)
}

pub(crate) fn write_header(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<28} {:>7} {:<5} {:<7} {:<22} {:>11} {:>8} {:>9} {:>8} {:>9}  answers",
        "workload", "routes", "cache", "outcome", "engine", "ns", "ratio", "build us", "bytes", "allocs"
    )
}

pub(crate) fn write_row(row: &Row, out: &mut impl Write) -> io::Result<()> {
    let workload = match row.shape {
        None => row.workload.to_owned(),
        Some(shape) => format!("{}, {shape}", row.workload),
    };
    let engine = match row.version {
        None => row.engine.to_owned(),
        Some(version) => format!("{} {version}", row.engine),
    };
    let number = |value: Option<f64>, decimals: usize| match value {
        None => "-".to_owned(),
        Some(value) => format!("{value:.decimals$}"),
    };
    writeln!(
        out,
        "{workload:<28} {:>7} {:<5} {:<7} {engine:<22} {:>11} {:>8} {:>9} {:>8} {:>9}  {}",
        row.routes,
        row.messages.unwrap_or("-"),
        row.outcome.unwrap_or("-"),
        number(row.ns, 0),
        number(row.ratio, 2),
        number(row.build_us_per_route, 2),
        number(row.bytes_per_route, 0),
        number(row.allocations_per_message, 1),
        row.answers,
    )
}
