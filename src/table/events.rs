//! Emits `tracing` events when tables are built and changed, if the feature `tracing` is on. Matching emits no events,
//! whatever the features.
//!
//! The work runs in a span, `build_table` or `change_routes`, so that a subscriber can time it. It ends with an event:
//! `INFO` with the new state, or `ERROR` if it was refused. Each route that is left out, or that causes the refusal,
//! emits a `WARN`.

use super::build::PartialTable;
use super::error::CompileError;
#[cfg(feature = "tracing")]
use super::error::RouteProblem;

/// The target by which subscribers filter.
#[cfg(feature = "tracing")]
const TARGET: &str = "edgeroute";

/// The work that is being done.
#[derive(Copy, Clone)]
#[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "without `tracing`, nothing reads it"))]
pub(super) enum Work {
    /// Building a table of this many routes.
    Build(usize),
    /// Applying this many changes to a set of routes.
    Change(usize),
}

/// Does the work and emits its events.
#[cfg(feature = "tracing")]
pub(super) fn observed(
    work: Work,
    run: impl FnOnce() -> Result<PartialTable, CompileError>,
) -> Result<PartialTable, CompileError> {
    let span = match work {
        Work::Build(routes) => tracing::info_span!(target: TARGET, "build_table", routes),
        Work::Change(changes) => tracing::info_span!(target: TARGET, "change_routes", changes),
    };
    let _entered = span.enter();
    let result = run();
    match &result {
        Ok(built) => {
            built.skipped.iter().for_each(|problem| warn(problem, "route left out"));
            let (routes, skipped) = (built.table.len(), built.skipped.len());
            tracing::info!(target: TARGET, routes, problems = skipped, "table ready");
        }
        Err(error) => {
            error.problems.iter().for_each(|problem| warn(problem, "route refused"));
            tracing::error!(target: TARGET, problems = error.problems.len(), "table refused");
        }
    }
    result
}

#[cfg(feature = "tracing")]
fn warn(problem: &RouteProblem, what: &'static str) {
    let (route, code) = (problem.route(), problem.diagnostic().code.as_str());
    tracing::warn!(target: TARGET, route, code, problem = problem.diagnostic().message, "{what}");
}

/// Does the work.
#[cfg(not(feature = "tracing"))]
pub(super) fn observed(
    _: Work,
    run: impl FnOnce() -> Result<PartialTable, CompileError>,
) -> Result<PartialTable, CompileError> {
    run()
}
