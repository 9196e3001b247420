//! `cargo bench --bench reload`: measures the cost of changing routes, by the number of routes.
//!
//! - `replace`, `add and remove`: a sequence of changes of one route each to a single set. The mean includes the
//!   changes that recompile many routes.
//! - `new scratch`, `adapted scratch`: the cost for a worker that receives a new table.
//! - `match`: a message on a table that was built at once, and on a table in which a tenth of the routes were changed
//!   one by one.
//!
//! Before anything is timed, the changed table is checked against a new table of the same routes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on has nothing better to do"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use edgeroute::{Changes, Delivery, RouteSet, RouteTable};
use edgeroute_lang::message::{Message, Origin};

/// Returns a route with two equalities. It is from one of a number of modules that is a tenth of the number of routes.
fn route(number: usize, count: usize) -> String {
    let module = number % (count / 10);
    format!(
        "FROM /messages/modules/m{module}/* WHERE level = 'l{}' and site = 's{}' \
         INTO BrokeredEndpoint('/modules/worker/inputs/i{}')",
        number % 50,
        number % 20,
        number % 100,
    )
}

fn routes(count: usize) -> Vec<(String, String)> {
    (0..count).map(|number| (format!("route-{number}"), route(number, count))).collect()
}

fn set(routes: &[(String, String)]) -> RouteSet {
    let builder = routes.iter().fold(RouteTable::builder(), |builder, (name, text)| builder.route(name, text));
    RouteSet::new(builder).unwrap()
}

struct Properties {
    module: String,
    pairs: [(&'static str, String); 4],
}

/// Returns messages that each match one route.
fn messages(count: usize) -> Vec<Properties> {
    let message = |number: usize| Properties {
        module: format!("m{}", number % (count / 10)),
        pairs: [
            ("temp", "21.5".to_owned()),
            ("level", format!("l{}", number % 50)),
            ("site", format!("s{}", number % 20)),
            ("device", format!("d{number}")),
        ],
    };
    (0..500).map(|index| message(index * 7_919 % count)).collect()
}

fn answers<'t>(table: &'t RouteTable, messages: &[Properties]) -> Vec<Vec<Delivery<'t>>> {
    let route = |Properties { module, pairs }: &Properties| {
        table.route(&Message::new(Origin::module("edge", module)).properties(&pairs[..]))
    };
    messages.iter().map(route).collect()
}

fn reload(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reload");
    group.measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1)).sample_size(20);
    for count in [1_000, 10_000, 100_000] {
        let mut routes = routes(count);
        let mut changing = set(&routes);
        let built = changing.table().clone();
        for step in 0..count / 10 {
            let number = step * 10;
            routes[number].1 = route(number + 1, count);
            let (name, text) = &routes[number];
            changing.apply(Changes::new().replace((name, text))).unwrap();
        }
        let changed = changing.table().clone();
        let messages = messages(count);
        let fresh = set(&routes);
        let (expected, found) = (answers(fresh.table(), &messages), answers(&changed, &messages));
        assert!(found == expected && found.iter().any(|deliveries| !deliveries.is_empty()), "wrong answers");

        let mut step = 0;
        group.bench_function(BenchmarkId::new("replace", count), |bencher| {
            bencher.iter(|| {
                step += 1;
                let number = step * 7_919 % count;
                let changes = Changes::new().replace((format!("route-{number}"), route(number + step % 89, count)));
                black_box(changing.apply(changes).unwrap());
            });
        });
        group.bench_function(BenchmarkId::new("add and remove", count), |bencher| {
            bencher.iter(|| {
                changing.apply(Changes::new().add(("another", route(step, count)))).unwrap();
                black_box(changing.apply(Changes::new().remove("another")).unwrap());
            });
        });
        group.bench_function(BenchmarkId::new("new scratch", count), |bencher| {
            bencher.iter(|| black_box(changed.create_scratch()));
        });
        let mut scratch = changed.create_scratch();
        let next = fresh_after(&mut changing, count);
        group.bench_function(BenchmarkId::new("adapted scratch", count), |bencher| {
            let mut turn = 0;
            bencher.iter(|| {
                turn += 1;
                next[turn % 2].adapt_scratch(&mut scratch);
            });
        });
        for (name, table) in [("match, built", &built), ("match, changed", &changed)] {
            let mut scratch = table.create_scratch();
            let mut turn = 0;
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter(|| {
                    turn += 1;
                    let Properties { module, pairs } = &messages[turn % messages.len()];
                    let message = Message::new(Origin::module("edge", module)).properties(&pairs[..]);
                    table.route_with(&mut scratch, &message).len()
                });
            });
        }
        println!("{count} routes, a tenth of them changed: {} segments", changed.stats().segments);
    }
    group.finish();
}

/// Returns two tables that differ by one change.
fn fresh_after(set: &mut RouteSet, count: usize) -> [RouteTable; 2] {
    let before = set.table().clone();
    let changed = set.apply(Changes::new().set(("another", route(1, count)))).unwrap_or_else(|error| panic!("{error}"));
    [before, changed]
}

criterion_group!(benches, reload);
criterion_main!(benches);
