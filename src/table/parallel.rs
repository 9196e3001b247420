//! Compiles on several threads. The result is the same, byte for byte, whatever the number of threads.
//!
//! Each thread compiles a run of consecutive routes into its own index builder. The builders are then merged in order.
//! Everything is numbered in the order in which it is first seen, so the result does not depend on where a run ends.
//! Merging and adding the postings of the groups happen on one thread. The builder of a run is kept until it is merged,
//! so the peak memory is higher than when compiling on one thread.

use std::num::NonZeroUsize;
use std::thread;

use super::build::{Options, add_each};
use super::error::{CompileError, ProblemBudget, RouteProblem};
use super::segment::SegmentBuilder;
use crate::index::{IndexBuilder, LocalRouteId, MAX_SLOTS, TooManyReads};
use crate::tuning::ROUTES_PER_THREAD;
use edgeroute_lang::diagnostic::Diagnostic;
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::hir::fold;
use edgeroute_lang::route::Route;

/// The result of compiling a run of routes.
struct Run {
    /// Contains the routes that compile, numbered from 0.
    index: IndexBuilder,
    /// The endpoint or the problems of each route.
    routes: Vec<Result<Endpoint, Vec<Diagnostic>>>,
}

/// Compiles routes on several threads and adds them, like [`add_each`].
pub(super) fn add_all(
    routes: &[Route],
    options: &Options,
    threads: NonZeroUsize,
    segment: &mut SegmentBuilder<'_>,
) -> Result<Vec<RouteProblem>, CompileError> {
    let Some(runs) = compile(routes, options, threads) else {
        return add_each(routes, options, segment);
    };
    let mut problems = Vec::new();
    let mut budget = ProblemBudget::new();
    let mut declared = routes.iter().enumerate();
    for Run { index, routes } in runs {
        let mut compiled = Vec::with_capacity(routes.len());
        for (result, (position, route)) in routes.into_iter().zip(declared.by_ref()) {
            match result {
                Ok(endpoint) => compiled.push((position, route, endpoint)),
                Err(errors) => problems.extend(RouteProblem::all(route, position, budget.select(errors))),
            }
        }
        segment.absorb(&compiled, index);
    }
    Ok(problems)
}

/// Returns the number of threads on which to compile this number of routes.
pub(super) fn threads_for(routes: usize) -> NonZeroUsize {
    let available = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    NonZeroUsize::new(routes / ROUTES_PER_THREAD).map_or(NonZeroUsize::MIN, |useful| useful.min(available))
}

/// Compiles the routes in one run for each thread. Returns `None` if there would be only one thread, or if the routes
/// may read more names and paths than an index can number: compiling one by one then finds the route that exceeds the
/// limit.
fn compile(routes: &[Route], options: &Options, threads: NonZeroUsize) -> Option<Vec<Run>> {
    if threads == NonZeroUsize::MIN || routes.is_empty() {
        return None;
    }
    let length = routes.len().div_ceil(threads.get());
    let runs: Vec<Run> = thread::scope(|scope| {
        let started: Vec<_> = routes.chunks(length).map(|run| scope.spawn(|| compile_run(run, options))).collect();
        // Joins all threads, even if one has failed.
        let finished: Vec<_> = started.into_iter().map(thread::ScopedJoinHandle::join).collect();
        finished
            .into_iter()
            .map(|run| run.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Result<_, TooManyReads>>()
    })
    .ok()?;
    let reads: usize = runs.iter().map(|run| run.index.reads()).sum();
    (reads <= MAX_SLOTS).then_some(runs)
}

fn compile_run(routes: &[Route], options: &Options) -> Result<Run, TooManyReads> {
    let mut index = IndexBuilder::new(options.budgets.clone());
    let mut compiled = Vec::with_capacity(routes.len());
    // Each run gets the whole budget. Merging the runs decides which problems are reported.
    let mut budget = ProblemBudget::new();
    let mut next = 0;
    for route in routes {
        compiled.push(match options.compile(route) {
            Ok(route) => {
                index.add(LocalRouteId::new(next), &route.source, &fold(&route.condition))?;
                next += 1;
                Ok(route.endpoint)
            }
            Err(errors) => Err(budget.select(errors)),
        });
    }
    Ok(Run { index, routes: compiled })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::build::BadRoutes;
    use crate::table::{RouteTable, RouteTableBuilder};
    use edgeroute_lang::message::{Message, Origin};

    /// Routes of every kind over a few names and values, so that runs share most of what they read and see some of it
    /// in a different order. One route in fifty does not compile.
    fn routes(count: usize) -> RouteTableBuilder {
        let mut state = 7_u64;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut builder = RouteTable::builder().hash_seed(5);
        for number in 0..count {
            let mut clause = || {
                let (name, value) = (draw(9), draw(30));
                match draw(14) {
                    0..=4 => format!("a{name} = 'v{value}'"),
                    5 => format!("A{name} != 'v{value}'"),
                    6 => format!("as_number(a{name}) >= {value} and as_number(a{name}) < {}", value + 3),
                    7 => format!("starts_with(a{name}, 'p{value}/')"),
                    8 => format!("$body.b{name} = {value}"),
                    9 => format!("$body.b{name} = 'v{value}'"),
                    10 => format!("length(a{name}) + {value} > as_number($c{name})"),
                    11 => format!("(a{name} = 'v{value}' or is_defined($c{name}))"),
                    12 => format!("(a{name} = 'x' and a{name} = 'y{value}')"),
                    _ => format!("not contains({{$c{name}}}, 'i{value}')"),
                }
            };
            let condition = format!("{} and {} or {}", clause(), clause(), clause());
            let source = match draw(4) {
                0 => "/*".to_owned(),
                1 => format!("/messages/modules/m{}/*", draw(40)),
                2 => format!("/messages/modules/M{}/outputs/o{}", draw(40), draw(3)),
                _ => "/messages/*".to_owned(),
            };
            let operator = if draw(50) == 0 { "= 5 and" } else { "and" };
            let (module, input) = (draw(5), draw(2));
            builder = builder.route(
                format!("r{number}"),
                format!(
                    "FROM {source} WHERE a0 = 'v0' {operator} {condition} \
                     INTO BrokeredEndpoint(\"/modules/e{module}/inputs/i{input}\")"
                ),
            );
        }
        builder.fallback(("rest", "FROM /messages/* WHERE a8 != 'v1' INTO $upstream"))
    }

    /// Formats all arrays of the index of a table with one segment, and its records.
    fn inside(table: &RouteTable) -> String {
        let segment = &table.inner.segments[0];
        let index = &segment.matcher.index;
        let held = (&index.sources, &index.groups, &index.candidates, &index.lookups, &index.programs, &index.texts);
        let records: Vec<_> = segment.ids().map(|route| (segment.name(route), segment.record(route))).collect();
        format!("{held:?} {:?} {:?} {records:?}", index.interner, index.application)
    }

    #[test]
    fn tables_are_the_same_whatever_the_number_of_threads() {
        let count = 700;
        let one_by_one = routes(count).compile_with(BadRoutes::Skip, add_each).unwrap();
        assert!(one_by_one.skipped.len() > 5 && one_by_one.table.stats().never > 0);
        let properties = [("a0", "v0"), ("a1", "v3"), ("a2", "p4/x"), ("a3", "7"), ("c1", "2")];
        let deliveries = |table: &RouteTable| {
            let messages = (0..40).map(|module| {
                let module = format!("m{module}");
                let message = Message::new(Origin::module("d", &module).output("o1"));
                let found = table.route(&message.properties(&properties));
                found.iter().map(|delivery| delivery.route().to_owned()).collect::<Vec<_>>()
            });
            messages.collect::<Vec<_>>()
        };
        assert!(deliveries(&one_by_one.table).iter().all(|found| !found.is_empty()));
        for threads in [2, 3, 7, 701] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let add = |routes: &[Route], options: &Options, segment: &mut SegmentBuilder<'_>| {
                assert!(compile(routes, options, threads).is_some());
                add_all(routes, options, threads, segment)
            };
            let joined = routes(count).compile_with(BadRoutes::Skip, add).unwrap();
            assert_eq!(joined.table.listing().to_string(), one_by_one.table.listing().to_string(), "{threads} threads");
            assert_eq!(joined.table.stats(), one_by_one.table.stats(), "{threads} threads");
            assert_eq!(joined.table.interests(), one_by_one.table.interests());
            assert_eq!(joined.table.endpoints().collect::<Vec<_>>(), one_by_one.table.endpoints().collect::<Vec<_>>());
            assert_eq!(joined.skipped, one_by_one.skipped, "{threads} threads");
            assert_eq!(deliveries(&joined.table), deliveries(&one_by_one.table), "{threads} threads");
            assert!(inside(&joined.table) == inside(&one_by_one.table), "{threads} threads");
        }
    }

    /// Each run alone could number what it reads, but both together cannot. Then one thread finds the route that
    /// exceeds the limit.
    #[test]
    fn threads_together_read_no_more_names_than_one() {
        let reading = |first: usize, count: usize| {
            let tests: Vec<String> = (first..first + count).map(|name| format!("a{name} = 'x'")).collect();
            format!("FROM /* WHERE {} INTO $upstream", tests.join(" or "))
        };
        let two = NonZeroUsize::new(2).unwrap();
        let ok = Ok(());
        for (second, expected) in [
            (reading(0, 5), ok.clone()),
            (reading(MAX_SLOTS - 4, 4), ok),
            (reading(MAX_SLOTS - 4, 5), Err("b".to_owned())),
        ] {
            let builder = RouteTable::builder().route("a", reading(0, MAX_SLOTS - 4)).route("b", second);
            let built = builder
                .compile_with(BadRoutes::Refuse, |routes, options, segment| add_all(routes, options, two, segment));
            let found = built.map(|_| ()).map_err(|error| error.problems()[0].route().to_owned());
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn as_many_problems_are_reported_whatever_the_number_of_threads() {
        let builder = || {
            let names = (0..6_000).map(|number| number.to_string());
            names.fold(RouteTable::builder(), |builder, name| builder.route(name, "FROM /* WHERE a > 1 INTO $upstreem"))
        };
        let one_by_one = builder().compile_with(BadRoutes::Skip, add_each).unwrap();
        // Two problems for each of the first routes, then one.
        assert_eq!(one_by_one.skipped.len(), 11_000);
        for threads in [2, 5] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let add = |routes: &[Route], options: &Options, segment: &mut SegmentBuilder<'_>| {
                add_all(routes, options, threads, segment)
            };
            assert_eq!(
                builder().compile_with(BadRoutes::Skip, add).unwrap().skipped,
                one_by_one.skipped,
                "{threads} threads"
            );
        }
    }

    #[test]
    fn few_routes_are_not_worth_a_thread() {
        assert_eq!(threads_for(0).get(), 1);
        assert_eq!(threads_for(ROUTES_PER_THREAD).get(), 1);
        assert!(compile(&[], &Options::default(), NonZeroUsize::MAX).is_none());
    }
}
