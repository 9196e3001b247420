//! `cargo bench --bench body`: what it costs to find three paths in a body.
//!
//! Three contenders read the same bodies in alternation, in this process: the scanner; `serde_json` into a struct of
//! exactly these fields, with borrowed strings and everything else skipped; and `serde_json` into nothing
//! (`IgnoredAny`), which checks only the grammar and does not decode strings. Every answer is checked before anything
//! is timed. A cell is the median over the rounds, in processor time of this thread, so other programs do not distort
//! it. Prints a table in Markdown; `ratio` is the time of the scanner divided by the time of `serde_json` into the
//! struct.
//!
//! Arguments select shapes by the start of their names. `--count CONTENDER` prints nothing. It reads the bodies of each
//! shape once with `scanner`, `struct` or `nothing`, in the function `read_all`, so that `valgrind --tool=callgrind
//! --toggle-collect='*read_all*'` counts only the instructions of that function. Without `--bench`, as in `cargo test`,
//! it checks the answers and measures nothing.

mod shapes;

use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use cpu_time::ThreadTime;
use edgeroute::internals::{BodyScalars, BodyScanner};
use edgeroute_lang::body::{BodyPath, Document, Found};
use shapes::Shape;

const MAX_DEPTH: usize = 64;

const CONTENDERS: [&str; 3] = ["scanner", "struct", "nothing"];

/// The number of rounds, and the time of one contender's turn in each round.
const ROUNDS: usize = 61;
const TURN: Duration = Duration::from_millis(2);

/// The options from the command line.
#[derive(Debug, Default)]
struct Options {
    /// Whether this is run by `cargo bench`, not by `cargo test`.
    bench: bool,
    /// The index in [`CONTENDERS`] of the only contender to run.
    count: Option<usize>,
    /// The starts of the names of the selected shapes; all if empty.
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
                    let place = CONTENDERS.iter().position(|contender| *contender == name);
                    options.count = Some(place.ok_or_else(|| format!("unknown contender `{name}`"))?);
                }
                _ if argument.starts_with('-') => {
                    return Err(format!("unknown argument `{argument}`, expected `--count` or a shape"));
                }
                _ => options.selected.push(argument),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "body: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let print = |line: String| writeln!(io::stdout(), "{line}").map_err(|error| error.to_string());
    if options.bench && options.count.is_none() {
        print("| shape | bytes | scanner | serde_json, struct | ratio | serde_json, nothing |".to_owned())?;
        print("|---|--:|--:|--:|--:|--:|".to_owned())?;
    }
    for shape in shapes::all() {
        let selected = &options.selected;
        if !selected.is_empty() && !selected.iter().any(|selected| shape.name.starts_with(selected)) {
            continue;
        }
        let paths = parse(&shape)?;
        let mut scanner = BodyScanner::new(&paths, MAX_DEPTH);
        if let Some(place) = options.count {
            let contender = &mut *contenders(&shape, &mut scanner)[place];
            // Warm up, as in a hub that has been running for a while.
            black_box(contender(&shape.bodies));
            black_box(read_all(contender, &shape.bodies));
            continue;
        }
        check(&shape, &paths, &mut scanner)?;
        if options.bench {
            let bytes = shape.bodies.iter().map(Vec::len).sum::<usize>() / shape.bodies.len();
            let [scanner, into_struct, into_nothing] = interleave(contenders(&shape, &mut scanner), &shape.bodies);
            print(format!(
                "| {} | {bytes} | {scanner:.0} ns | {into_struct:.0} ns | {:.2} | {into_nothing:.0} ns |",
                shape.name,
                scanner / into_struct,
            ))?;
        }
    }
    Ok(())
}

fn parse(shape: &Shape) -> Result<Vec<BodyPath>, String> {
    shape.paths.iter().map(|path| BodyPath::parse(path).map_err(|error| error.to_string())).collect()
}

/// Checks that all contenders find the same in every body, and that they find something if there is anything to find.
fn check(shape: &Shape, paths: &[BodyPath], scanner: &mut BodyScanner) -> Result<(), String> {
    for body in &shape.bodies {
        let document = Document::read(body, shape.encoding, MAX_DEPTH).map_err(|error| error.to_string())?;
        let expected: Vec<Found<'_>> = paths.iter().map(|path| document.select(path)).collect();
        let mut scalars = BodyScalars::new(paths.len());
        scanner
            .scan(body, shape.encoding, &mut scalars)
            .map_err(|offset| format!("{}: refused at byte {offset}", shape.name))?;
        let found = expected.iter().enumerate().all(|(number, expected)| scalars.is(number, *expected));
        let is_miss = expected.iter().all(|expected| *expected == Found::Missing);
        if !found || !(shape.peer.is)(body, shape.encoding, &expected) || is_miss != shape.name.ends_with("misses") {
            return Err(format!("{}: wrong answers for {}", shape.name, String::from_utf8_lossy(body)));
        }
    }
    let read = [shape.peer.into_struct, shape.peer.into_nothing].map(|read| read(&shape.bodies, shape.encoding));
    if read == [shape.bodies.len(); 2] { Ok(()) } else { Err(format!("{}: not all bodies are read", shape.name)) }
}

/// Reads bodies and returns how many of them are valid.
type Contender<'c> = dyn FnMut(&[Vec<u8>]) -> usize + 'c;

fn contenders<'c>(shape: &'c Shape, scanner: &'c mut BodyScanner) -> [Box<Contender<'c>>; 3] {
    let (encoding, paths, peer) = (shape.encoding, shape.paths.len(), shape.peer);
    let scan = move |bodies: &[Vec<u8>]| {
        let mut scalars = BodyScalars::new(paths);
        let mut scan = |body| scanner.scan(black_box(body), encoding, black_box(&mut scalars)).is_ok();
        bodies.iter().map(|body| usize::from(scan(body))).sum()
    };
    [
        Box::new(scan),
        Box::new(move |bodies| (peer.into_struct)(bodies, encoding)),
        Box::new(move |bodies| (peer.into_nothing)(bodies, encoding)),
    ]
}

/// Reads every body once; `--count` counts the instructions of this function.
#[inline(never)]
fn read_all(contender: &mut Contender<'_>, bodies: &[Vec<u8>]) -> usize {
    contender(bodies)
}

/// Lets the contenders read all bodies in alternation, as often as fits into their turns, and returns for each the
/// median over the rounds, in nanoseconds for each body.
fn interleave<const N: usize>(mut contenders: [Box<Contender<'_>>; N], bodies: &[Vec<u8>]) -> [f64; N] {
    let mut timed: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        for (contender, timed) in contenders.iter_mut().zip(&mut timed) {
            // The effect of the other contenders on the caches is excluded.
            black_box(read_all(contender, bodies));
            let (mut read, start) = (0, ThreadTime::now());
            let elapsed = loop {
                // Reading a single body takes less time than reading the clock.
                for _ in 0..2_000_usize.div_ceil(bodies.len()) {
                    read += read_all(contender, bodies);
                }
                let elapsed = start.elapsed();
                if elapsed >= TURN {
                    break elapsed;
                }
            };
            timed.push(elapsed.as_secs_f64() * 1e9 / f64::from(u32::try_from(read).unwrap_or(u32::MAX)));
        }
    }
    timed.map(|mut timed| {
        timed.sort_unstable_by(f64::total_cmp);
        timed[ROUNDS / 2]
    })
}
