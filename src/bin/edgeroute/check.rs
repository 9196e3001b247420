//! `edgeroute check`: every problem of every file.

use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::compiled::CompiledFile;
use crate::{Outcome, count, input};

const ABOUT: &str = "\
Report every problem of every route of deployment manifests.

Takes whole deployments, layered ones, and the hub's desired properties alone. Every problem of every file is \
reported at once, with its line and column in the file. The exit code is 1 if there is any.";

const EXAMPLES: &str = "\
Examples:
  edgeroute check deployment.json layers/*.json
  git show main:deployment.json | edgeroute check -";

/// Report every problem of every route of deployment manifests
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Deployment manifests; - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Checks every file, then says how many problems there are in all.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut outcome = Outcome::Well;
    let (mut problems, mut routes) = (0, 0);
    for path in &arguments.files {
        let file = match CompiledFile::read(path) {
            Ok(file) => file,
            Err(error) => {
                out.flush()?;
                input::report(&error.to_string());
                outcome = outcome.max(Outcome::Unusable);
                continue;
            }
        };
        for problem in file.rendered_problems() {
            writeln!(out, "{problem}\n")?;
        }
        problems += file.problem_count();
        routes += file.route_count();
    }
    if problems > 0 {
        outcome = outcome.max(Outcome::Problems);
    }
    let [problems, routes, files] = [(problems, "problem"), (routes, "route"), (arguments.files.len(), "file")]
        .map(|(number, what)| count(number, what));
    writeln!(out, "{problems}, {routes} in {files}")?;
    out.flush()?;
    Ok(outcome)
}
