//! `cargo bench --bench body`: what it costs to find three paths in a body.
//!
//! The scanner, `serde_json` into a struct of just these fields (its texts borrowed, all else skipped), and `serde_json`
//! into nothing (`IgnoredAny`: the grammar alone, and texts are not looked at) read the same bodies by turns, in this
//! process; before any is timed, every answer is checked. A cell is the median over the rounds, in processor time of this
//! thread, so that what other programs do in between does not count. Prints a table in Markdown; `ratio` is the scanner's
//! time over that of `serde_json` into the struct.
//!
//! Arguments select shapes, by how their names begin. `--count CONTENDER` prints nothing: it reads the bodies of each
//! shape once with `scanner`, `struct` or `nothing`, in the function `read_all`, so that
//! `valgrind --tool=callgrind --toggle-collect='*read_all*'` counts the instructions of that alone. Run without `--bench`,
//! as `cargo test` does, it checks the answers and times nothing.

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

/// Rounds, and the time of one contender's turn in each.
const ROUNDS: usize = 61;
const TURN: Duration = Duration::from_millis(2);

/// What the arguments ask for.
#[derive(Debug, Default)]
struct Options {
    /// Run by `cargo bench`, not by `cargo test`.
    bench: bool,
    /// The place in [`CONTENDERS`] of the only one to run.
    count: Option<usize>,
    /// How names of shapes begin; empty: all.
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
            // As in a hub that has been running for a while.
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

/// All find the same in every body, and something unless nothing is there to be found.
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

/// Reads bodies, and gives how many of them are valid.
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

/// Once each; its instructions are what `--count` is for.
#[inline(never)]
fn read_all(contender: &mut Contender<'_>, bodies: &[Vec<u8>]) -> usize {
    contender(bodies)
}

/// Has each contender read all bodies by turns, as often as fit its turn, and gives for each the median over the rounds,
/// in nanoseconds a body.
fn interleave<const N: usize>(mut contenders: [Box<Contender<'_>>; N], bodies: &[Vec<u8>]) -> [f64; N] {
    let mut timed: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        for (contender, timed) in contenders.iter_mut().zip(&mut timed) {
            // What the others left in the caches does not count.
            black_box(read_all(contender, bodies));
            let (mut read, start) = (0, ThreadTime::now());
            let elapsed = loop {
                // A single body is read in less time than it takes to read the clock.
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
