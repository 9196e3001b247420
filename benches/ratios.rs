//! `cargo bench --bench ratios`: measures the cost of matching, as a ratio to a linear scan written by hand.
//!
//! All contenders of a workload match the same messages, in alternation, in this process. Every answer is checked
//! before anything is timed. Prints a table, or with `--json` one JSON object for each line:
//!
//! - `workload`, and its `shape` if it is *adversarial*;
//! - `routes`: the number of routes;
//! - `messages`: `cold` (2,000 different messages) or `warm` (200 messages that repeat);
//! - `keys`: `text`, or `resolved` if the hub has resolved the keys beforehand;
//! - `outcome`: `mixed` (at least seven of ten messages are delivered), `miss` (none is), or `foreign` (none is, and no
//!   route names their module or tests their properties);
//! - `table_ns`, `linear_ns`, `interpreter_ns`: medians, in nanoseconds for each message;
//! - `ratio`: the time of the table divided by the time of the linear scan;
//! - `build_us_per_route`: microseconds, starting from the text of the routes;
//! - `bytes_per_route`: the measured heap of the table, minus the bytes of the names and of the endpoints. Allocations
//!   of other threads (feature `parallel`) are not counted;
//! - `allocations`: the number of allocations when every message of the set is matched once.
//!
//! Values that a contender does not provide are `null`. `--large` adds a million routes, which takes several minutes
//! more. Other arguments select workloads by name. Without `--bench`, as in `cargo test`, it checks the answers of
//! small tables and measures almost nothing.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use edgeroute_testkit::competitors::{Interpreter, ResolvedTable, Table};
use edgeroute_testkit::harness::timing::{Effort, interleave, median};
use edgeroute_testkit::harness::{BuildCost, Contender, Linear, as_f64};
use edgeroute_testkit::workloads::{COLD, Kind, Outcome, Shape, WARM, WorkMessage, WorkRoute, Workload};
use serde::Serialize;

/// Whether the keys of the messages are strings or were resolved beforehand.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Keys {
    Text,
    Resolved,
}

/// The column of a contender in a row.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Column {
    Table(Keys),
    Linear,
    Interpreter,
}

/// The maximum number of routes for the interpreter, which takes many milliseconds for each message in larger tables.
const MOST_INTERPRETED: usize = 10_000;

/// The number of routes that the interpreter evaluates when its answers are checked; this limits the number of
/// messages.
const CHECKED_INTERPRETATIONS: usize = 200_000;

/// A contender that has been built.
struct Entrant<'m> {
    column: Column,
    contender: Box<dyn Contender<'m> + 'm>,
    cost: BuildCost,
}

/// Messages of one outcome, each with the routes that deliver it.
struct MessageSet {
    outcome: Outcome,
    messages: Vec<WorkMessage>,
    expected: Vec<Vec<usize>>,
}

/// One line of the result, described at the top of this file.
#[derive(Debug, Serialize)]
struct Row {
    workload: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<&'static str>,
    routes: usize,
    messages: &'static str,
    keys: &'static str,
    outcome: &'static str,
    table_ns: Option<f64>,
    linear_ns: Option<f64>,
    interpreter_ns: Option<f64>,
    ratio: Option<f64>,
    build_us_per_route: Option<f64>,
    bytes_per_route: Option<f64>,
    allocations: Option<u64>,
}

/// The options from the command line.
#[derive(Debug)]
struct Options {
    json: bool,
    large: bool,
    /// Whether this is run by `cargo bench`, not by `cargo test`.
    bench: bool,
    /// The names of the selected workloads; all if empty.
    selected: Vec<String>,
}

impl Options {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { json: false, large: false, bench: false, selected: Vec::new() };
        for argument in arguments {
            match argument.as_str() {
                "--json" => options.json = true,
                "--large" => options.large = true,
                "--bench" => options.bench = true,
                _ if argument.starts_with('-') => {
                    return Err(format!("unknown argument `{argument}`, expected `--json`, `--large` or a workload"));
                }
                _ => options.selected.push(argument),
            }
        }
        Ok(options)
    }

    /// Returns the workloads with their sizes.
    fn plan(&self) -> Vec<(Kind, usize)> {
        let growing: &[usize] = match (self.bench, self.large) {
            (false, _) => &[60],
            (true, false) => &[1_000, 10_000, 100_000],
            (true, true) => &[1_000, 10_000, 100_000, 1_000_000],
        };
        let cover = if self.bench { 100_000 } else { 60 };
        let mut plan = vec![(Kind::Typical, 12)];
        plan.extend(growing.iter().map(|&routes| (Kind::Equality, routes)));
        plan.extend(growing.iter().map(|&routes| (Kind::Mixed, routes)));
        plan.push((Kind::Cover, cover));
        for shape in Shape::ALL {
            let hostile: &[usize] = match shape {
                _ if !self.bench => &[60],
                // Each of its routes is as much work as many others.
                Shape::Disjunctions => &[200, 2_000],
                _ => &[1_000, 10_000],
            };
            plan.extend(hostile.iter().map(|&routes| (Kind::Adversarial(shape), routes)));
        }
        plan.retain(|(kind, _)| self.selected.is_empty() || self.selected.iter().any(|name| name == kind.name()));
        plan
    }

    fn effort(&self) -> Effort {
        let milliseconds = Duration::from_millis;
        if self.bench {
            Effort { total: milliseconds(800), turn: milliseconds(2), least_rounds: 9 }
        } else {
            Effort { total: milliseconds(1), turn: milliseconds(1), least_rounds: 1 }
        }
    }

    /// Returns the number of different messages in a set.
    const fn messages(&self) -> usize {
        if self.bench { COLD } else { WARM }
    }
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&options, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, out: &mut impl Write) -> io::Result<()> {
    if !options.json {
        write_header(out)?;
    }
    for (kind, routes) in options.plan() {
        for row in measure(&Workload::generate(kind, routes), options)? {
            if options.json {
                serde_json::to_writer(&mut *out, &row)?;
                writeln!(out)?;
            } else {
                write_row(&row, out)?;
            }
            out.flush()?;
        }
    }
    Ok(())
}

/// Measures all contenders on one workload.
fn measure(workload: &Workload, options: &Options) -> io::Result<Vec<Row>> {
    let routes = &workload.routes;
    let texts: Vec<_> = routes.iter().map(ToString::to_string).collect();
    let (mut linear, cost) = edgeroute_testkit::harness::measure_build(|| Linear::new(routes));
    let outcomes: &[Outcome] = match workload.kind {
        Kind::Equality | Kind::Mixed => &[Outcome::Mixed, Outcome::Miss, Outcome::Foreign],
        _ => &[Outcome::Mixed, Outcome::Miss],
    };
    let sets: Vec<_> = outcomes
        .iter()
        .filter_map(|&outcome| {
            let messages =
                workload.messages(outcome, options.messages(), |message| !linear.expected(message).is_empty())?;
            let expected = messages.iter().map(|message| linear.expected(message)).collect();
            Some(MessageSet { outcome, messages, expected })
        })
        .collect();
    let mut entrants = vec![Entrant { column: Column::Linear, contender: Box::new(linear), cost }];
    let (table, cost) =
        measure_rebuilds(|| edgeroute_testkit::competitors::table::build(routes, &texts), options.effort());
    let table = table.map_err(io::Error::other)?;
    let contender = Box::new(Table::new(table.clone()));
    entrants.push(Entrant { column: Column::Table(Keys::Text), contender, cost });
    let contender = Box::new(ResolvedTable::new(table));
    entrants.push(Entrant { column: Column::Table(Keys::Resolved), contender, cost });
    if routes.len() <= MOST_INTERPRETED {
        let (interpreter, cost) = edgeroute_testkit::harness::measure_build(|| Interpreter::new(routes, &texts));
        let contender = Box::new(interpreter.map_err(io::Error::other)?);
        entrants.push(Entrant { column: Column::Interpreter, contender, cost });
    }
    let mut rows = Vec::new();
    for set in &sets {
        let mut allocations = Vec::new();
        for entrant in &mut entrants {
            entrant.contender.load(&set.messages);
            let checks = match entrant.column {
                // The expected answers come from the linear scan itself.
                Column::Linear => 0,
                Column::Interpreter => (CHECKED_INTERPRETATIONS / routes.len()).min(set.expected.len()),
                Column::Table(_) => set.expected.len(),
            };
            let checked = set.expected.get(..checks).unwrap_or_default();
            let wrong = edgeroute_testkit::harness::wrong_answers(&mut *entrant.contender, checked);
            if wrong > 0 {
                let (name, column) = (workload.kind.name(), entrant.column);
                return Err(io::Error::other(format!(
                    "{name}, {} routes: {column:?} errs {wrong} times",
                    routes.len()
                )));
            }
            allocations.push(edgeroute_testkit::harness::allocations(&mut *entrant.contender, checks));
        }
        for (messages, loaded) in [("cold", set.messages.len()), ("warm", WARM)] {
            let mut contenders: Vec<_> = entrants.iter_mut().map(|entrant| &mut *entrant.contender).collect();
            let times = interleave(&mut contenders, loaded, options.effort());
            let place = |column: Column| entrants.iter().position(|entrant| entrant.column == column);
            let time = |column| place(column).and_then(|index| times.get(index).copied());
            for keys in [Keys::Text, Keys::Resolved] {
                let table = place(Column::Table(keys));
                let cost = table.and_then(|index| entrants.get(index)).map(|entrant| entrant.cost);
                let table_ns = time(Column::Table(keys));
                let linear_ns = time(Column::Linear);
                rows.push(Row {
                    workload: workload.kind.name(),
                    shape: workload.kind.shape(),
                    routes: routes.len(),
                    messages,
                    keys: if keys == Keys::Text { "text" } else { "resolved" },
                    outcome: set.outcome.name(),
                    table_ns,
                    linear_ns,
                    interpreter_ns: time(Column::Interpreter),
                    ratio: table_ns.zip(linear_ns).map(|(table, linear)| table / linear),
                    build_us_per_route: cost.map(|cost| cost.nanoseconds / 1e3 / as_f64(routes.len())),
                    bytes_per_route: cost.map(|cost| bytes_beside_texts(cost, routes)),
                    allocations: table.and_then(|index| allocations.get(index).copied()),
                });
            }
        }
    }
    Ok(rows)
}

/// Builds something repeatedly while time remains, at least once. Its cost is the median.
fn measure_rebuilds<T>(construct: impl Fn() -> T, effort: Effort) -> (T, BuildCost) {
    let start = Instant::now();
    let mut times = Vec::new();
    loop {
        let (built, cost) = edgeroute_testkit::harness::measure_build(&construct);
        times.push(cost.nanoseconds);
        if start.elapsed() >= effort.total {
            return (built, BuildCost { nanoseconds: median(times), ..cost });
        }
    }
}

/// Returns the heap of a table in bytes for each route, without the names of its routes and the strings of its
/// endpoints, counting each endpoint once.
fn bytes_beside_texts(cost: BuildCost, routes: &[WorkRoute]) -> f64 {
    let names: usize = routes.iter().map(|route| route.name.len()).sum();
    let endpoints: BTreeSet<_> = routes.iter().map(|route| route.endpoint.to_string()).collect();
    let texts = names + endpoints.iter().map(String::len).sum::<usize>();
    (cost.bytes - as_f64(texts)) / as_f64(routes.len())
}

fn write_header(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<28} {:>8} {:<5} {:<9} {:<8} {:>10} {:>12} {:>12} {:>11} {:>9} {:>8} {:>6}",
        "workload",
        "routes",
        "cache",
        "keys",
        "outcome",
        "table ns",
        "linear ns",
        "interp. ns",
        "ratio",
        "build us",
        "bytes",
        "allocs"
    )
}

fn write_row(row: &Row, out: &mut impl Write) -> io::Result<()> {
    let workload = match row.shape {
        None => row.workload.to_owned(),
        Some(shape) => format!("{}, {shape}", row.workload),
    };
    let number = |value: Option<f64>, decimals: usize| match value {
        None => "-".to_owned(),
        Some(value) => format!("{value:.decimals$}"),
    };
    let ratio = match row.ratio {
        None => "-".to_owned(),
        Some(ratio) if ratio < 0.1 => format!("1/{:.0}", ratio.recip()),
        Some(ratio) => format!("{ratio:.2}"),
    };
    writeln!(
        out,
        "{workload:<28} {:>8} {:<5} {:<9} {:<8} {:>10} {:>12} {:>12} {ratio:>11} {:>9} {:>8} {:>6}",
        row.routes,
        row.messages,
        row.keys,
        row.outcome,
        number(row.table_ns, 0),
        number(row.linear_ns, 0),
        number(row.interpreter_ns, 0),
        number(row.build_us_per_route, 2),
        number(row.bytes_per_route, 1),
        row.allocations.map_or_else(|| "-".to_owned(), |allocations| allocations.to_string()),
    )
}
