//! Compares edgeroute with peers that are published as crates, and with the linear scan, on the workloads of edgeroute.
//!
//! Run `cargo run --release` in this directory. All contenders of a workload match the same messages, in alternation,
//! in this process. Before they are timed, their answers are checked against those of the linear scan. A peer that
//! gives different answers is still timed, and its row says so. The conditions are translated into the language of each
//! peer as its module describes. If a peer has its own form of a message, filling it in is part of the measured time.
//!
//! Prints a table, or with `--json` one JSON object for each line: `workload` (and `shape`), `routes`, `messages`,
//! `outcome`, `engine`, `version`, `ns` (median, in nanoseconds for each message), `ratio` (to the linear scan),
//! `build_us_per_route`, `bytes_per_route` (the heap of the engine), `allocations_per_message`, and `answers`: `right`,
//! the number of wrong answers, or the reason for the missing figures. `--all` adds messages that repeat and messages
//! that no route takes, and `--large` adds tables of 100,000 routes. Other arguments select workloads or peers by name.

mod a_tree;
mod cel;
mod dialect;
mod evalexpr;
mod quamina;
mod report;
mod wirefilter;

use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use dialect::Deadline;
use edgeroute::RouteTable;
use edgeroute_testkit::competitors;
use edgeroute_testkit::harness::timing::{Effort, interleave};
use edgeroute_testkit::harness::{BuildCost, Contender, Linear, as_f64};
use edgeroute_testkit::workloads::{COLD, Kind, Outcome, Shape, WARM, WorkMessage, WorkRoute, Workload};
use report::Row;

/// The reason for missing figures.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// The peer cannot express something.
    Unsupported(String),
    /// The build was stopped after this number of routes.
    TooSlow { built: usize },
    /// The peer panicked.
    Panicked,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(what) => write!(f, "unsupported: {}", what.lines().next().unwrap_or_default()),
            Self::TooSlow { built } => write!(f, "given up: {built} routes built in the time allowed"),
            Self::Panicked => f.write_str("panics"),
        }
    }
}

type Boxed<'m> = Box<dyn Contender<'m> + 'm>;

/// Builds an engine from the routes and their texts.
type Build = for<'m> fn(&'m [WorkRoute], &'m [String], Deadline) -> Result<Boxed<'m>, Refusal>;

/// The name of a contender in the report.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    pub(crate) version: Option<&'static str>,
}

impl Engine {
    const fn own(name: &'static str) -> Self {
        Self { name, version: None }
    }

    const fn published(name: &'static str, version: &'static str) -> Self {
        Self { name, version: Some(version) }
    }
}

/// An engine to build. edgeroute itself is three of them: with string keys, with resolved keys, and its interpreter.
struct Peer {
    engine: Engine,
    /// The maximum table size in a normal run, and with `--large`. Larger tables take too long.
    most_routes: [usize; 2],
    build: Build,
}

static PEERS: [Peer; 8] = [
    Peer {
        engine: Engine::own("edgeroute"),
        most_routes: [usize::MAX, usize::MAX],
        build: |routes, texts, _| Ok(Box::new(competitors::Table::new(table(routes, texts)?))),
    },
    Peer {
        engine: Engine::own("edgeroute-resolved"),
        most_routes: [usize::MAX, usize::MAX],
        build: |routes, texts, _| Ok(Box::new(competitors::ResolvedTable::new(table(routes, texts)?))),
    },
    Peer {
        engine: Engine::own("edgeroute-interpreter"),
        most_routes: [1_000, 10_000],
        build: |routes, texts, _| {
            let interpreter = competitors::Interpreter::new(routes, texts);
            Ok(Box::new(interpreter.map_err(Refusal::Unsupported)?))
        },
    },
    Peer {
        engine: Engine::published("wirefilter", "0.6.1"),
        most_routes: [10_000, 100_000],
        build: |routes, _, deadline| Ok(Box::new(wirefilter::Wirefilter::new(routes, deadline)?)),
    },
    Peer {
        engine: Engine::published("a-tree", "0.6.1"),
        most_routes: [10_000, 100_000],
        build: |routes, _, deadline| Ok(Box::new(a_tree::Expressions::new(routes, deadline)?)),
    },
    Peer {
        engine: Engine::published("quamina", "0.7.0"),
        most_routes: [10_000, 100_000],
        build: |routes, _, deadline| Ok(Box::new(quamina::Automaton::new(routes, deadline)?)),
    },
    Peer {
        engine: Engine::published("cel", "0.15.0"),
        most_routes: [1_000, 10_000],
        build: |routes, _, deadline| Ok(Box::new(cel::Cel::new(routes, deadline)?)),
    },
    Peer {
        engine: Engine::published("evalexpr", "11.3.1"),
        most_routes: [1_000, 10_000],
        build: |routes, _, deadline| Ok(Box::new(evalexpr::Evalexpr::new(routes, deadline)?)),
    },
];

/// How long the contenders of a workload are timed.
const EFFORT: Effort = Effort { total: Duration::from_secs(2), turn: Duration::from_millis(2), least_rounds: 9 };

fn table(routes: &[WorkRoute], texts: &[String]) -> Result<RouteTable, Refusal> {
    competitors::table::build(routes, texts).map_err(|error| Refusal::Unsupported(error.to_string()))
}

/// The options from the command line.
#[derive(Debug, Default)]
struct Options {
    json: bool,
    all: bool,
    large: bool,
    /// The names of the selected workloads and peers; all if empty.
    selected: Vec<String>,
}

impl Options {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--json" => options.json = true,
                "--all" => options.all = true,
                "--large" => options.large = true,
                _ if argument.starts_with('-') => {
                    return Err(format!(
                        "unknown argument `{argument}`, expected `--json`, `--all`, `--large` or a name"
                    ));
                }
                _ => options.selected.push(argument),
            }
        }
        Ok(options)
    }

    /// Returns the workloads with their sizes.
    fn plan(&self) -> Vec<(Kind, usize)> {
        let sizes: &[usize] = if self.large { &[1_000, 10_000, 100_000] } else { &[1_000, 10_000] };
        let mut plan = vec![(Kind::Typical, 12)];
        for kind in [Kind::Equality, Kind::Mixed, Kind::Cover] {
            plan.extend(sizes.iter().map(|&routes| (kind, routes)));
        }
        for shape in Shape::ALL {
            plan.push((Kind::Adversarial(shape), if shape == Shape::Disjunctions { 200 } else { 1_000 }));
        }
        plan.retain(|(kind, _)| self.selects(kind.name(), |name| !PEERS.iter().any(|peer| peer.engine.name == name)));
        plan
    }

    fn peers(&self, routes: usize) -> impl Iterator<Item = &'static Peer> {
        let most = usize::from(self.large);
        PEERS.iter().filter(move |peer| {
            routes <= peer.most_routes[most]
                && self.selects(peer.engine.name, |name| PEERS.iter().any(|peer| peer.engine.name == name))
        })
    }

    /// Returns whether `name` is selected by the arguments of its kind.
    fn selects(&self, name: &str, of_its_kind: impl Fn(&str) -> bool) -> bool {
        let mut arguments = self.selected.iter().filter(|argument| of_its_kind(argument)).peekable();
        arguments.peek().is_none() || arguments.any(|argument| argument == name)
    }

    fn build_time(&self) -> Duration {
        Duration::from_secs(if self.large { 120 } else { 10 })
    }
}

fn main() -> ExitCode {
    let outcome = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => run(&options, &mut io::stdout().lock()).map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, out: &mut impl Write) -> io::Result<()> {
    // A peer that panics becomes a line of the report.
    std::panic::set_hook(Box::new(|_| ()));
    if !options.json {
        report::write_header(out)?;
    }
    for (kind, routes) in options.plan() {
        for row in measure(&Workload::generate(kind, routes), options) {
            if options.json { report::write_json(&row, out)? } else { report::write_row(&row, out)? }
        }
        out.flush()?;
    }
    Ok(())
}

/// A contender that has been built.
struct Entrant<'m> {
    engine: Engine,
    contender: Boxed<'m>,
    cost: BuildCost,
}

/// Messages of one outcome, each with the routes that deliver it.
struct MessageSet {
    outcome: Outcome,
    messages: Vec<WorkMessage>,
    expected: Vec<Vec<usize>>,
}

/// How the answers of a contender compare with the expected ones.
#[derive(Copy, Clone, Debug)]
struct Answers {
    wrong: usize,
    of: usize,
    allocations_per_message: f64,
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.wrong {
            0 => f.write_str("right"),
            wrong => write!(f, "{wrong} of {} wrong", self.of),
        }
    }
}

/// Loads the messages of `set` and returns the answers.
fn check<'m>(contender: &mut Boxed<'m>, set: &'m MessageSet) -> Result<Answers, Refusal> {
    let of = set.messages.len();
    let answers = catch_unwind(AssertUnwindSafe(|| {
        contender.load(&set.messages);
        let wrong = edgeroute_testkit::harness::wrong_answers(&mut **contender, &set.expected);
        let allocations = edgeroute_testkit::harness::allocations(&mut **contender, of);
        Answers {
            wrong,
            of,
            allocations_per_message: as_f64(usize::try_from(allocations).unwrap_or(usize::MAX)) / as_f64(of),
        }
    }));
    answers.map_err(|_| Refusal::Panicked)
}

/// Measures all contenders on one workload.
fn measure(workload: &Workload, options: &Options) -> Vec<Row> {
    let routes = &workload.routes;
    let texts: Vec<_> = routes.iter().map(ToString::to_string).collect();
    let (mut linear, cost) = edgeroute_testkit::harness::measure_build(|| Linear::new(routes));
    let outcomes: &[Outcome] =
        if options.all { &[Outcome::Mixed, Outcome::Miss, Outcome::Foreign] } else { &[Outcome::Mixed] };
    let sets: Vec<_> = outcomes
        .iter()
        .filter_map(|&outcome| {
            let messages = workload.messages(outcome, COLD, |message| !linear.expected(message).is_empty())?;
            let expected = messages.iter().map(|message| linear.expected(message)).collect();
            Some(MessageSet { outcome, messages, expected })
        })
        .collect();
    let mut rows = Vec::new();
    let mut entrants = vec![Entrant { engine: Engine::own("linear-scan"), contender: Box::new(linear), cost }];
    for peer in options.peers(routes.len()) {
        let deadline = Deadline(Instant::now() + options.build_time());
        let build = || catch_unwind(|| (peer.build)(routes, &texts, deadline)).unwrap_or(Err(Refusal::Panicked));
        match edgeroute_testkit::harness::measure_build(build) {
            (Ok(contender), cost) => entrants.push(Entrant { engine: peer.engine, contender, cost }),
            (Err(refusal), _) => rows.push(Row::new(workload, peer.engine, refusal.to_string())),
        }
    }
    for set in &sets {
        let mut answers = Vec::new();
        entrants.retain_mut(|entrant| match check(&mut entrant.contender, set) {
            Ok(found) => {
                answers.push(found);
                true
            }
            Err(refusal) => {
                rows.push(Row::new(workload, entrant.engine, refusal.to_string()));
                false
            }
        });
        let kinds: &[_] = if options.all { &[("cold", COLD), ("warm", WARM)] } else { &[("cold", COLD)] };
        for &(messages, loaded) in kinds {
            let mut contenders: Vec<_> = entrants.iter_mut().map(|entrant| &mut *entrant.contender).collect();
            let times = interleave(&mut contenders, loaded, EFFORT);
            let linear_ns = times.first().copied();
            for ((entrant, answers), ns) in entrants.iter().zip(&answers).zip(times) {
                rows.push(Row {
                    messages: Some(messages),
                    outcome: Some(set.outcome.name()),
                    ns: Some(ns),
                    ratio: linear_ns.map(|linear_ns| ns / linear_ns),
                    build_us_per_route: Some(entrant.cost.nanoseconds / 1e3 / as_f64(routes.len())),
                    bytes_per_route: Some(entrant.cost.bytes / as_f64(routes.len())),
                    allocations_per_message: Some(answers.allocations_per_message),
                    ..Row::new(workload, entrant.engine, answers.to_string())
                });
            }
        }
    }
    rows
}
