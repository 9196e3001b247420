//! Compiling on several threads, with the same result, byte for byte, whatever their number.
//!
//! Each thread compiles a run of neighbouring routes into a tree of its own; the trees are then joined in order. All is
//! numbered in the order in which it is first met, so nothing tells where one run ended and the next began. Joining and
//! the filing of routes in groups stay on one thread. A run's tree is held until it is joined, so this takes more
//! memory for a while than compiling on one thread.

use std::num::NonZeroUsize;
use std::thread;

use super::build::{Declared, Options, add_each};
use super::error::{CompileError, RouteProblem};
use super::segment::SegmentBuilder;
use crate::diagnostic::Diagnostic;
use crate::endpoint::Endpoint;
use crate::hir::fold;
use crate::tree::{MAX_SLOTS, RouteId, TooManyReads, TreeBuilder};

/// The fewest routes that are worth a thread: starting one and joining its tree costs what compiling some hundred does.
const ROUTES_PER_THREAD: usize = 1_000;

/// What a run of routes compiles to.
struct Run {
    /// Holds the routes that compile, numbered from 0.
    tree: TreeBuilder,
    /// For each route its endpoint, or what is wrong with it.
    routes: Vec<Result<Endpoint, Vec<Diagnostic>>>,
}

/// Adds routes as [`add_each`] does, compiled on several threads.
pub(super) fn add_all(
    routes: &[Declared],
    options: &Options,
    threads: NonZeroUsize,
    segment: &mut SegmentBuilder<'_>,
) -> Result<Vec<RouteProblem>, CompileError> {
    let Some(runs) = compile(routes, options, threads) else {
        return add_each(routes, options, segment);
    };
    let mut problems = Vec::new();
    let mut declared = routes.iter().enumerate();
    for Run { tree, routes } in runs {
        let mut compiled = Vec::with_capacity(routes.len());
        for (route, (position, declared)) in routes.into_iter().zip(declared.by_ref()) {
            match route {
                Ok(endpoint) => compiled.push((declared, endpoint)),
                Err(errors) => problems.extend(errors.into_iter().map(|error| declared.problem(position, error))),
            }
        }
        segment.absorb(&compiled, tree);
    }
    Ok(problems)
}

/// How many threads to compile so many routes on.
pub(super) fn threads_for(routes: usize) -> NonZeroUsize {
    let available = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    NonZeroUsize::new(routes / ROUTES_PER_THREAD).map_or(NonZeroUsize::MIN, |useful| useful.min(available))
}

/// Compiles the routes in as many runs as there are to be threads. `None` where that is one, or where the routes may read
/// more than a tree can number: then compiling them one by one tells which is the one too many.
fn compile(routes: &[Declared], options: &Options, threads: NonZeroUsize) -> Option<Vec<Run>> {
    if threads == NonZeroUsize::MIN || routes.is_empty() {
        return None;
    }
    let length = routes.len().div_ceil(threads.get());
    let runs: Vec<Run> = thread::scope(|scope| {
        let started: Vec<_> = routes.chunks(length).map(|run| scope.spawn(|| compile_run(run, options))).collect();
        // All are joined, also where one has failed.
        let finished: Vec<_> = started.into_iter().map(thread::ScopedJoinHandle::join).collect();
        finished
            .into_iter()
            .map(|run| run.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Result<_, TooManyReads>>()
    })
    .ok()?;
    let reads: usize = runs.iter().map(|run| run.tree.reads()).sum();
    (reads < MAX_SLOTS).then_some(runs)
}

fn compile_run(routes: &[Declared], options: &Options) -> Result<Run, TooManyReads> {
    let mut tree = TreeBuilder::new(options.budgets.clone());
    let mut compiled = Vec::with_capacity(routes.len());
    let mut next = 0;
    for declared in routes {
        compiled.push(match options.compile(declared) {
            Ok(route) => {
                tree.add(RouteId::new(next), &route.source, &fold(&route.condition))?;
                next += 1;
                Ok(route.endpoint)
            }
            Err(errors) => Err(errors),
        });
    }
    Ok(Run { tree, routes: compiled })
}
