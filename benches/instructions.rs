//! `cargo bench --bench instructions`: matches the messages of the workloads once each, to count instructions.
//!
//! A count of instructions does not depend on what else the machine does, so it settles small differences:
//!
//! ```sh
//! cargo bench --bench instructions --no-run
//! valgrind --tool=callgrind --toggle-collect='*match_all*' target/release/deps/instructions-* --bench mixed
//! ```
//!
//! Arguments select workloads by name: `typical` (12 routes), `equality` (1,000), `mixed` (10,000). Prints the number of
//! messages and deliveries; the instructions per message are the total divided by the messages. Without `--bench`, as
//! `cargo test` runs it, the tables are small.

use std::hint::black_box;
use std::io::{self, Write as _};

use edgeroute_testkit::competitors::{Table, table};
use edgeroute_testkit::harness::{Contender, Linear};
use edgeroute_testkit::workloads::{COLD, Kind, Outcome, WARM, Workload};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let selected: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    for (kind, routes) in [(Kind::Typical, 12), (Kind::Equality, 1_000), (Kind::Mixed, 10_000)] {
        if !selected.is_empty() && !selected.iter().any(|name| *name == kind.name()) {
            continue;
        }
        let workload = Workload::generate(kind, if is_bench { routes } else { routes.min(60) });
        let mut linear = Linear::new(&workload.routes);
        let count = if is_bench { COLD } else { WARM };
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
        writeln!(io::stdout(), "{}: {count} messages, {deliveries} deliveries", kind.name())?;
    }
    Ok(())
}

/// The part that is counted.
#[inline(never)]
fn match_all(table: &mut dyn Contender<'_>, messages: usize) -> usize {
    black_box(table.count_batch(0, messages, messages))
}
