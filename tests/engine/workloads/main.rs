//! What the benches are measured by: that the workloads are what they are said to be, and that the contenders agree
//! with a plain evaluation of them.

#[path = "../../benches/baseline/mod.rs"]
mod baseline;
#[path = "../../benches/contenders/mod.rs"]
mod contenders;
#[path = "../../benches/contest/mod.rs"]
#[expect(dead_code, reason = "nothing is timed here")]
mod contest;
#[path = "../../benches/workloads/mod.rs"]
#[expect(dead_code, reason = "names are for reports")]
mod workloads;

mod agreement;
mod distribution;
mod scan;

use baseline::LinearScan;
use workloads::{Kind, Outcome, Shape, WorkMessage, Workload};

/// Every kind of workload, at a size that a test can afford.
fn small_workloads() -> Vec<Workload> {
    let kinds = [Kind::Typical, Kind::Equality, Kind::Mixed, Kind::Cover];
    kinds.into_iter().chain(Shape::ALL.map(Kind::Adversarial)).map(|kind| Workload::generate(kind, 300)).collect()
}

/// Some messages of this outcome.
fn messages(workload: &Workload, outcome: Outcome, count: usize) -> Vec<WorkMessage> {
    let scan = LinearScan::new(&workload.routes);
    let mut scratch = scan.create_scratch();
    let delivers = |message: &WorkMessage| !scan.matches(&mut scratch, message).is_empty();
    let found = workload.messages(outcome, count, delivers);
    assert!(found.is_some(), "{:?}: misses are rare", workload.kind);
    found.unwrap_or_default()
}
