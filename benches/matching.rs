//! `cargo bench --bench matching`: measures one message against a table, by workload, with string keys and with
//! resolved keys.
//!
//! Use this bench to follow your own changes with the statistics of criterion. The bench `ratios` compares edgeroute
//! with a linear scan, in alternation. Here there are 2,000 messages, some of which match, so that caches are cold.
//! Before anything is timed, the answers are checked against those of the interpreter.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing better to do")]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use edgeroute_testkit::competitors::{Interpreter, ResolvedTable, Table};
use edgeroute_testkit::harness::{Contender, wrong_answers};
use edgeroute_testkit::workloads::{COLD, Kind, Outcome, Shape, Workload};

/// The number of messages that are interpreted before anything is timed, times the number of routes.
const INTERPRETED: usize = 400_000;

fn matching(criterion: &mut Criterion) {
    let workloads = [
        (Kind::Typical, 12),
        (Kind::Equality, 1_000),
        (Kind::Equality, 10_000),
        (Kind::Mixed, 1_000),
        (Kind::Mixed, 10_000),
        (Kind::Cover, 10_000),
    ];
    let hostile = Shape::ALL.map(|shape| (Kind::Adversarial(shape), 1_000));
    for (kind, count) in workloads.into_iter().chain(hostile) {
        let workload = Workload::generate(kind, count);
        let texts: Vec<String> = workload.routes.iter().map(ToString::to_string).collect();
        let messages = workload.messages(Outcome::Mixed, COLD, |_| true).unwrap();
        let table = edgeroute_testkit::competitors::table::build(&workload.routes, &texts).unwrap();
        let mut interpreter = Interpreter::new(&workload.routes, &texts).unwrap();
        interpreter.load(&messages);
        let expected: Vec<Vec<usize>> = (0..(INTERPRETED / count).min(messages.len()))
            .map(|index| {
                let mut routes = Vec::new();
                interpreter.deliveries(index, &mut routes);
                routes.sort_unstable();
                routes
            })
            .collect();
        let name = kind.shape().unwrap_or(kind.name());
        let mut group = criterion.benchmark_group(format!("match/{name}"));
        group.measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_secs(1)).sample_size(30);
        let contenders: [(&str, Box<dyn Contender<'_>>); 2] =
            [("text", Box::new(Table::new(table.clone()))), ("resolved", Box::new(ResolvedTable::new(table)))];
        for (keys, mut contender) in contenders {
            contender.load(&messages);
            assert_eq!(wrong_answers(&mut *contender, &expected), 0, "wrong answers");
            let mut next = 0;
            group.bench_function(BenchmarkId::new(keys, count), |bencher| {
                bencher.iter(|| {
                    next = (next + 1) % messages.len();
                    contender.count(next)
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, matching);
criterion_main!(benches);
