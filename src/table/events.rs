//! What building and changing tables tells `tracing`, where the feature of that name is on; nothing where it is off.
//! Matching tells nothing, whatever the features.
//!
//! The work runs in a span, `build_table` or `change_routes`, so that a subscriber can time it. It ends with an event:
//! `INFO` what there is now, or `ERROR` that it was refused. Each route that is left out, or that is why, is a `WARN`.

use super::build::Compiled;
use super::error::CompileError;
#[cfg(feature = "tracing")]
use super::error::RouteProblem;

/// What subscribers filter by.
#[cfg(feature = "tracing")]
const TARGET: &str = "edgeroute";

/// What is being done.
#[derive(Copy, Clone)]
#[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "nobody is told"))]
pub(super) enum Work {
    /// A table is built of this many routes.
    Build(usize),
    /// This many changes are made to a set of routes.
    Change(usize),
}

/// Does the work and tells of it.
#[cfg(feature = "tracing")]
pub(super) fn told(work: Work, run: impl FnOnce() -> Result<Compiled, CompileError>) -> Result<Compiled, CompileError> {
    let span = match work {
        Work::Build(routes) => tracing::info_span!(target: TARGET, "build_table", routes),
        Work::Change(changes) => tracing::info_span!(target: TARGET, "change_routes", changes),
    };
    let _entered = span.enter();
    let result = run();
    match &result {
        Ok(compiled) => {
            compiled.skipped.iter().for_each(|problem| tell(problem, "route left out"));
            let (routes, skipped) = (compiled.table.len(), compiled.skipped.len());
            tracing::info!(target: TARGET, routes, problems = skipped, "table ready");
        }
        Err(error) => {
            error.problems.iter().for_each(|problem| tell(problem, "route refused"));
            tracing::error!(target: TARGET, problems = error.problems.len(), "table refused");
        }
    }
    result
}

#[cfg(feature = "tracing")]
fn tell(problem: &RouteProblem, what: &'static str) {
    let (route, code) = (problem.route(), problem.diagnostic().code.as_str());
    tracing::warn!(target: TARGET, route, code, problem = problem.diagnostic().message, "{what}");
}

/// Does the work.
#[cfg(not(feature = "tracing"))]
pub(super) fn told(_: Work, run: impl FnOnce() -> Result<Compiled, CompileError>) -> Result<Compiled, CompileError> {
    run()
}
