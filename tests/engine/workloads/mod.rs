//! Tests the workloads of the benches: they must be as described, and the contenders must agree with a plain evaluation
//! of them.

mod agreement;
mod distribution;
mod scan;

use edgeroute_testkit::linear_scan::LinearScan;
use edgeroute_testkit::workloads::{Kind, Outcome, Shape, WorkMessage, Workload};

/// Every kind of workload, at a size that a test can afford.
fn small_workloads() -> Vec<Workload> {
    let kinds = [Kind::Typical, Kind::Equality, Kind::Mixed, Kind::Cover];
    kinds.into_iter().chain(Shape::ALL.map(Kind::Adversarial)).map(|kind| Workload::generate(kind, 300)).collect()
}

/// Some messages with this outcome.
fn messages(workload: &Workload, outcome: Outcome, count: usize) -> Vec<WorkMessage> {
    let scan = LinearScan::new(&workload.routes);
    let mut scratch = scan.create_scratch();
    let delivers = |message: &WorkMessage| !scan.matches(&mut scratch, message).is_empty();
    let found = workload.messages(outcome, count, delivers);
    assert!(found.is_some(), "{:?}: misses are rare", workload.kind);
    found.unwrap_or_default()
}
