//! Mutation testing in minutes: all mutants that cargo-mutants lists are compiled at once, each behind a switch.
//!
//! cargo-mutants compiles a crate for each mutant, which for some thousands of them takes days. Here `woven` makes one
//! source tree of them all, in which the variable `MUTANT` of the environment says which is on. It is recorded which test
//! reaches which mutant, and each is shown to those that do, the quickest first, until one fails. Mutants where no switch
//! can stand, in constants mostly, are compiled one by one.
//!
//!     cargo run --release --manifest-path mutants/Cargo.toml            # all of .cargo/mutants.toml
//!     cargo run --release --manifest-path mutants/Cargo.toml src/tree   # files that begin so
//!
//! What is found goes to `mutants/target/run`: `results.jsonl`, a line for each mutant, and `missed.txt`, as cargo-mutants
//! writes it; a table of counts is printed. Run it from the root of the repository, with all that is to be tested
//! committed. A test that ends by a limit of CPU time counts as one that fails. Operators are changed in the syntax tree,
//! so in `a && b && c` the first becomes `(a || b) && c`, where cargo-mutants, which changes text, has `a || (b && c)`.

mod alone;
mod config;
mod judge;
mod list;
mod render;
mod report;
mod suite;
mod viable;
mod weave;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Where all is done, below the root of the repository.
const RUN: &str = "mutants/target/run";

/// The folders of a run.
struct Folders {
    /// What is committed.
    base: PathBuf,
    /// The same with all mutants woven in.
    woven: PathBuf,
    /// The same with one mutant.
    alone: PathBuf,
}

fn main() -> Result<()> {
    let prefixes: Vec<String> = std::env::args().skip(1).collect();
    let run = std::env::current_dir()?.join(RUN);
    let folders = Folders { base: run.join("base"), woven: run.join("woven"), alone: run.join("alone") };
    let config = config::Config::read(Path::new(".cargo/mutants.toml"))?;
    let mutants: Vec<_> = list::mutants()?
        .into_iter()
        .filter(|mutant| prefixes.is_empty() || prefixes.iter().any(|prefix| mutant.file.starts_with(prefix)))
        .collect();
    println!("{} mutants", mutants.len());

    for folder in [&folders.base, &folders.woven, &folders.alone] {
        check_out(folder)?;
    }
    let viability = viable::weave_what_compiles(&folders, &config, &mutants)?;
    println!("{} do not compile, {} cannot be switched", viability.unviable.len(), viability.unswitched.len());

    let suite = suite::Suite::build(&folders, &config)?;
    let reach = suite.trace(&run)?;
    println!("{} tests, {:.0} s of a core", reach.len(), reach.iter().map(|test| test.seconds).sum::<f64>());

    let mut verdicts = judge::judge(&suite, &reach, &mutants, &viability);
    // What is known so far: the others take a minute or so each.
    report::write(&run, &mutants, &verdicts)?;
    verdicts.extend(alone::judge(&folders, &config, &mutants, &viability)?);
    report::write(&run, &mutants, &verdicts)
}

/// The commit that is checked out, in `folder`: a workspace of its own, compiled so that tests run quickly and check what
/// debug builds check.
fn check_out(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let archive = folder.with_extension("tar");
    run(Command::new("git").args(["archive", "--format=tar", "HEAD", "-o"]).arg(&archive))?;
    run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(folder))?;
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)?;
    fs::write(manifest, text + "\n[workspace]\n\n[profile.dev]\ndebug = 0\nopt-level = 1\n")?;
    Ok(())
}

/// Runs a command to its end; it is an error if that is none.
fn run(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
