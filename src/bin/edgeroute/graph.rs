//! `edgeroute graph`: how the routes of a manifest are found.

use std::io::{self, Write as _};

use edgeroute::render::tree_dot;

use crate::compiled::CompiledFile;
use crate::{GraphArguments, GraphFormat, Outcome, input};

/// Prints the structure of the manifest's routes; or, where it has problems, those, and no structure.
pub(crate) fn run(arguments: &GraphArguments) -> io::Result<Outcome> {
    let file = CompiledFile::read(&arguments.manifest)?;
    if file.problem_count() > 0 {
        for problem in file.rendered_problems() {
            input::report(&format!("{problem}\n"));
        }
        return Ok(Outcome::Problems);
    }
    let Some(table) = file.into_table() else {
        return Ok(Outcome::Problems);
    };
    let mut out = io::stdout().lock();
    match arguments.format {
        GraphFormat::Text => write!(out, "{table:?}")?,
        GraphFormat::Dot => out.write_all(tree_dot(&table).as_bytes())?,
    }
    out.flush()?;
    Ok(Outcome::Well)
}
