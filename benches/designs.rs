//! `cargo bench --bench designs`: the two structures that edgeroute could have been, side by side.
//!
//! The linear scan, the star-edge decision tree in two orders, and edgeroute's own table work on the same 2,000 messages
//! by turns, in this process; before any is timed, every answer is checked. Prints a table in Markdown, which
//! ARCHITECTURE.md shows: nanoseconds a message (medians over the rounds), their ratio to the linear scan, and bytes a
//! route (heap once built, counted, with the memory of matching, without names and endpoint texts).
//!
//! Arguments select rows: by workload, by shape, or by what they are called. `--count CONTENDER` prints nothing: it
//! matches the messages of each row once with `linear`, `name`, `selectivity` or `table`, in the function `match_all`, so
//! that `valgrind --tool=callgrind --toggle-collect='*match_all*'` counts the instructions of that alone. Run without
//! `--bench`, as `cargo test` does, it checks the answers of small tables and times next to nothing.

mod baseline;
#[expect(dead_code, unused_imports, reason = "shared with `ratios`, which uses more of them")]
mod contenders;
#[expect(dead_code, reason = "shared with `ratios`, which uses more of it")]
mod contest;
#[path = "contenders/star_tree/mod.rs"]
mod star_tree;
#[expect(dead_code, reason = "shared with `ratios`, which uses more of them")]
mod workloads;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use contenders::Table;
use contest::timing::{Effort, interleave};
use contest::{BuildCost, Contender, Linear, as_f64, measure_build};
use star_tree::{Order, StarTree};
use workloads::{COLD, Kind, Outcome, Shape, WARM, WorkRoute, Workload};

/// The contenders, as `--count` and the table's header call them.
const CONTENDERS: [(&str, &str); 4] = [
    ("linear", "linear scan"),
    ("name", "star tree, by name"),
    ("selectivity", "star tree, by selectivity"),
    ("table", "edgeroute"),
];

/// What the arguments ask for.
#[derive(Debug, Default)]
struct Options {
    /// Run by `cargo bench`, not by `cargo test`.
    bench: bool,
    /// The place in [`CONTENDERS`] of the only one to run.
    count: Option<usize>,
    /// Names of workloads; empty: all.
    selected: Vec<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bench" => options.bench = true,
                "--count" => {
                    let name = arguments.next().unwrap_or_default();
                    let place = CONTENDERS.iter().position(|(known, _)| *known == name);
                    options.count = Some(place.ok_or_else(|| format!("unknown contender `{name}`"))?);
                }
                _ if argument.starts_with('-') => {
                    return Err(format!("unknown argument `{argument}`, expected `--count` or a workload"));
                }
                _ => options.selected.push(argument),
            }
        }
        Ok(options)
    }

    /// The workloads and their sizes.
    fn plan(&self) -> Vec<(Kind, usize)> {
        let size = |routes: usize| if self.bench || self.count.is_some() { routes } else { routes.min(60) };
        let mut plan = vec![
            (Kind::Typical, 12),
            (Kind::Equality, size(1_000)),
            (Kind::Equality, size(10_000)),
            (Kind::Mixed, size(1_000)),
            (Kind::Mixed, size(10_000)),
            (Kind::Cover, size(10_000)),
        ];
        plan.extend(Shape::ALL.map(|shape| match shape {
            // Each of its routes is as much work as many others.
            Shape::Disjunctions => (Kind::Adversarial(shape), size(200)),
            _ => (Kind::Adversarial(shape), size(1_000)),
        }));
        plan.dedup();
        plan.retain(|&(kind, routes)| {
            let names = [kind.name().to_owned(), kind.shape().unwrap_or_default().to_owned(), label(kind, routes)];
            self.selected.is_empty() || self.selected.iter().any(|name| names.contains(name))
        });
        plan
    }

    fn effort(&self) -> Effort {
        let milliseconds = Duration::from_millis;
        if self.bench {
            Effort { total: milliseconds(2_000), turn: milliseconds(5), least_rounds: 21 }
        } else {
            Effort { total: milliseconds(1), turn: milliseconds(1), least_rounds: 1 }
        }
    }

    /// Different messages in a set.
    const fn messages(&self) -> usize {
        if self.bench || self.count.is_some() { COLD } else { WARM }
    }
}

fn main() -> ExitCode {
    let result = Options::parse(std::env::args().skip(1))
        .and_then(|options| run(&options, &mut io::stdout().lock()).map_err(|error| error.to_string()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, out: &mut impl Write) -> io::Result<()> {
    if options.count.is_none() {
        writeln!(out, "| workload | {} |", CONTENDERS.map(|(_, name)| name).join(" | "))?;
        writeln!(out, "|---|{}", "--:|".repeat(CONTENDERS.len()))?;
    }
    for (kind, routes) in options.plan() {
        let workload = Workload::generate(kind, routes);
        let row = measure(&workload, options)?;
        if options.count.is_none() {
            write!(out, "| {} |", label(kind, routes))?;
            let linear = row.first().map_or(f64::NAN, |(time, _)| *time);
            for (place, (time, bytes)) in row.into_iter().enumerate() {
                let ratio = if place == 0 { String::new() } else { format!(" ({})", ratio(time / linear)) };
                write!(out, " {time:.0} ns{ratio}, {bytes:.0} B |")?;
            }
            writeln!(out)?;
            out.flush()?;
        }
    }
    Ok(())
}

fn ratio(ratio: f64) -> String {
    if ratio < 0.1 { format!("1/{:.0}", ratio.recip()) } else { format!("{ratio:.2}") }
}

/// What a row is called.
fn label(kind: Kind, routes: usize) -> String {
    format!("{}, {routes}", kind.shape().unwrap_or(kind.name()))
}

/// Nanoseconds a message and bytes a route of each contender that is asked for.
fn measure(workload: &Workload, options: &Options) -> io::Result<Vec<(f64, f64)>> {
    let routes = &workload.routes;
    let mut linear = Linear::new(routes);
    let messages = workload
        .messages(Outcome::Mixed, options.messages(), |message| !linear.expected(message).is_empty())
        .ok_or_else(|| io::Error::other("too few messages"))?;
    let expected: Vec<_> = messages.iter().map(|message| linear.expected(message)).collect();
    let mut contenders: Vec<Box<dyn Contender<'_>>> = Vec::new();
    let mut bytes = Vec::new();
    for (place, (name, _)) in CONTENDERS.iter().enumerate() {
        if options.count.is_some_and(|only| only != place) {
            continue;
        }
        let (mut contender, cost) = construct(name, routes)?;
        contender.load(&messages);
        // The linear scan has said what is expected.
        let wrong = contest::wrong_answers(&mut *contender, if place == 0 { &[] } else { &expected });
        // Not where instructions are counted: a compiler that sees the likeness makes one function of it and `match_all`.
        let checked = if options.count.is_some() { 0 } else { messages.len() };
        let allocations = contest::allocations(&mut *contender, checked);
        if wrong + usize::try_from(allocations).unwrap_or(usize::MAX) > 0 {
            let label = label(workload.kind, routes.len());
            let problem = format!("{label}: {name} errs {wrong} times, allocates {allocations} times");
            return Err(io::Error::other(problem));
        }
        bytes.push(cost.bytes / as_f64(routes.len()));
        contenders.push(contender);
    }
    if options.count.is_some() {
        for contender in &mut contenders {
            match_all(&mut **contender, messages.len());
        }
        return Ok(Vec::new());
    }
    let mut turns: Vec<_> = contenders.iter_mut().map(|contender| &mut **contender).collect();
    let times = interleave(&mut turns, messages.len(), options.effort());
    Ok(times.into_iter().zip(bytes).collect())
}

fn construct<'m>(name: &str, routes: &[WorkRoute]) -> io::Result<(Box<dyn Contender<'m> + 'm>, BuildCost)> {
    Ok(match name {
        "linear" => boxed(measure_build(|| Linear::new(routes))),
        "name" => boxed(measure_build(|| StarTree::new(routes, Order::Name))),
        "selectivity" => boxed(measure_build(|| StarTree::new(routes, Order::Selectivity))),
        _ => {
            let texts: Vec<_> = routes.iter().map(ToString::to_string).collect();
            let (table, mut cost) = measure_build(|| contenders::table::build(routes, &texts).map(Table::new));
            cost.bytes -= as_f64(text_bytes(routes));
            boxed((table.map_err(|error| io::Error::other(error.to_string()))?, cost))
        }
    })
}

fn boxed<'m>((contender, cost): (impl Contender<'m> + 'm, BuildCost)) -> (Box<dyn Contender<'m> + 'm>, BuildCost) {
    (Box::new(contender), cost)
}

/// Once each; its instructions are what `--count` is for.
#[inline(never)]
fn match_all(contender: &mut dyn Contender<'_>, messages: usize) {
    black_box(contender.count_batch(0, messages, messages));
}

/// The names of the routes and the texts of the endpoints, each endpoint once.
fn text_bytes(routes: &[WorkRoute]) -> usize {
    let names: usize = routes.iter().map(|route| route.name.len()).sum();
    let endpoints: BTreeSet<_> = routes.iter().map(|route| route.endpoint.to_string()).collect();
    names + endpoints.iter().map(String::len).sum::<usize>()
}
