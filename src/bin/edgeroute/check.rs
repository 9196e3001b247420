//! `edgeroute check`: every problem of every file.

use std::io::{self, Write as _};

use crate::compiled::CompiledFile;
use crate::{CheckArguments, Outcome, count, input};

/// Checks every file, then says how many problems there are in all.
pub(crate) fn run(arguments: &CheckArguments) -> io::Result<Outcome> {
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
