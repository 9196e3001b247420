//! `edgeroute graph`: how the routes of a manifest are found.

use std::io::{self, Write as _};
use std::path::PathBuf;

use edgeroute::render::tree_dot;

use crate::Outcome;
use crate::compiled::CompiledFile;

const ABOUT: &str = "\
Show how the routes of a manifest are found.

With --tree, prints the structure that the routes are compiled to: for each source, the tests by which its routes are \
found, and what is then checked. As text, or as a graph in DOT, the language of Graphviz.";

const EXAMPLES: &str = "\
Examples:
  edgeroute graph --tree --manifest deployment.json
  edgeroute graph --tree --format dot --manifest deployment.json | dot -Tsvg > tree.svg";

/// Show how the routes of a manifest are found
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The deployment manifest; - for standard input
    #[arg(long, short, value_name = "FILE")]
    manifest: PathBuf,
    /// Show the decision structure over all routes
    #[arg(long, required = true)]
    tree: bool,
    /// In which form
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line for each way in which a route is found
    Text,
    /// A graph in DOT
    Dot,
}

/// Prints the structure of the manifest's routes; or, where it has problems, those, and no structure.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let file = CompiledFile::read(&arguments.manifest)?;
    if file.problem_count() > 0 {
        file.report_problems();
        return Ok(Outcome::Problems);
    }
    let Some(table) = file.into_table() else {
        return Ok(Outcome::Problems);
    };
    let mut out = io::stdout().lock();
    match arguments.format {
        Format::Text => write!(out, "{table:?}")?,
        Format::Dot => out.write_all(tree_dot(&table).as_bytes())?,
    }
    out.flush()?;
    Ok(Outcome::Well)
}
