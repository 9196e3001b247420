//! `cargo bench --bench instructions`: matches the messages of the workloads once each, to count instructions.
//!
//! A count of instructions does not depend on what else the machine does, so it settles small differences:
//!
//! ```sh
//! cargo bench --bench instructions --no-run
//! valgrind --tool=callgrind --toggle-collect='*match_all*' target/release/deps/instructions-* --bench mixed
//! ```
//!
//! Arguments select workloads by name, and the hostile shapes of *adversarial* by theirs, such as `overlaps` or
//! `one-value`. `--routes=100000` sets the number of routes; without it, `typical` has 12, `mixed` 10,000, and every other
//! workload 1,000. Prints the number of messages and deliveries; the instructions per message are the total divided by the
//! messages. Without `--bench`, as `cargo test` runs it, the tables are small.

use std::hint::black_box;
use std::io::{self, Write as _};

use edgeroute_testkit::competitors::{Table, table};
use edgeroute_testkit::harness::{Contender, Linear};
use edgeroute_testkit::workloads::{COLD, Kind, Outcome, Shape, WARM, Workload};

/// The routes of a small table.
const SMALL: usize = 60;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let selected: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let routes = arguments.iter().find_map(|argument| argument.strip_prefix("--routes="));
    let routes: Option<usize> = routes.map(str::parse).transpose().map_err(io::Error::other)?;
    for (kind, usual) in workloads() {
        let name = kind.shape().map_or_else(|| kind.name().to_owned(), |shape| shape.replace(' ', "-"));
        if !selected.is_empty() && !selected.contains(&&name) {
            continue;
        }
        let routes = routes.unwrap_or(usual);
        let workload = Workload::generate(kind, if is_bench { routes } else { routes.min(SMALL) });
        let mut linear = Linear::new(&workload.routes);
        // A hostile message costs as much as many others.
        let count = if is_bench && kind.shape().is_none() { COLD } else { WARM };
        let messages = workload
            .messages(Outcome::Mixed, count, |message| !linear.expected(message).is_empty())
            .ok_or_else(|| io::Error::other("too few messages"))?;
        let texts: Vec<_> = workload.routes.iter().map(ToString::to_string).collect();
        let table = table::build(&workload.routes, &texts).map_err(|error| io::Error::other(error.to_string()))?;
        let mut table = Table::new(table);
        table.load(&messages);
        // Fills the caches of names.
        black_box(table.count_batch(0, count, count));
        let deliveries = match_all(&mut table, count);
        writeln!(io::stdout(), "{name}: {routes} routes, {count} messages, {deliveries} deliveries")?;
    }
    Ok(())
}

/// Returns the workloads with their usual numbers of routes.
fn workloads() -> impl Iterator<Item = (Kind, usize)> {
    let hostile = Shape::ALL.map(|shape| (Kind::Adversarial(shape), 1_000));
    [(Kind::Typical, 12), (Kind::Equality, 1_000), (Kind::Mixed, 10_000)].into_iter().chain(hostile)
}

/// The part that is counted.
#[inline(never)]
fn match_all(table: &mut dyn Contender<'_>, messages: usize) -> usize {
    black_box(table.count_batch(0, messages, messages))
}
