//! `cargo bench --bench compile`: measures the cost of compiling the workloads, by stage and by the number of routes.
//!
//! - `parse`: from the text of the routes to syntax trees;
//! - `check`: from syntax trees to typed, folded conditions;
//! - `build`: from the text of the routes to a table: all stages, including the creation of the postings. With the
//!   feature `parallel`, it uses as many threads as the builder does.
//!
//! Throughput is measured in routes. Before anything is timed, the answers of the table are checked against those of
//! the interpreter.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing better to do")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use edgeroute::{RouteTable, RouteTableBuilder};
use edgeroute_lang::hir::{Shadowing, TypedRoute, fold};
use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, Origin};
use edgeroute_lang::syntax::parse_route;
use edgeroute_testkit::workloads::{Kind, Outcome, WorkMessage, Workload};

fn builder(texts: &[String]) -> RouteTableBuilder {
    let routes = texts.iter().enumerate();
    routes.fold(RouteTable::builder(), |builder, (number, text)| builder.route(number.to_string(), text))
}

fn compile(criterion: &mut Criterion) {
    for kind in [Kind::Equality, Kind::Mixed] {
        let mut group = criterion.benchmark_group(format!("compile/{}", kind.name()));
        for count in [1_000, 10_000] {
            let workload = Workload::generate(kind, count);
            let texts: Vec<String> = workload.routes.iter().map(ToString::to_string).collect();
            check_answers(&workload, &texts);
            let limits = Limits::default();
            group.throughput(Throughput::Elements(u64::try_from(count).unwrap()));
            group.bench_function(BenchmarkId::new("parse", count), |bencher| {
                bencher.iter(|| texts.iter().for_each(|text| drop(black_box(parse_route(text, &limits)))));
            });
            let parsed: Vec<_> = texts.iter().map(|text| parse_route(text, &limits).tree).collect();
            group.bench_function(BenchmarkId::new("check", count), |bencher| {
                bencher.iter(|| {
                    for tree in &parsed {
                        let route = TypedRoute::check(tree, Vec::new(), Shadowing::default()).unwrap();
                        black_box(fold(&route.condition));
                    }
                });
            });
            group.bench_function(BenchmarkId::new("build", count), |bencher| {
                let builder = || builder(&texts);
                bencher.iter_batched(builder, |builder| builder.build().unwrap(), BatchSize::LargeInput);
            });
        }
        group.finish();
    }
}

/// Checks a table against the interpreter: for each message both must find the same endpoints, and the interpreter must
/// find the condition of each winning route true.
fn check_answers(workload: &Workload, texts: &[String]) {
    let table = builder(texts).build().unwrap();
    let limits = Limits::default();
    let routes: Vec<TypedRoute<'_>> =
        texts.iter().map(|text| TypedRoute::compile(text, Shadowing::default(), &limits).unwrap()).collect();
    let mut delivered = 0;
    for message in workload.messages(Outcome::Mixed, 50, |_| true).unwrap() {
        let WorkMessage { device, module, output, properties, system_properties, body } = &message;
        let message = Message::new(Origin::module(device, module).output(output))
            .properties(properties)
            .system_properties(system_properties)
            .body(body);
        let facts = ResolvedMessage::lenient(&message, &limits);
        let source = message.origin().source();
        let takes = |route: &&TypedRoute<'_>| {
            route.source.matches(source) && verdict(&route.condition, &facts) == Verdict::True
        };
        let mut expected: Vec<_> = routes.iter().filter(takes).map(|route| route.endpoint.clone()).collect();
        expected.sort();
        expected.dedup();
        let mut found: Vec<_> = table.route(&message).iter().map(|delivery| delivery.endpoint().clone()).collect();
        found.sort();
        assert_eq!(found, expected, "{message:?}");
        delivered += found.len();
    }
    assert!(delivered > 0, "no route takes any message");
}

criterion_group!(benches, compile);
criterion_main!(benches);
