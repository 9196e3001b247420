//! `edgeroute merge`: prints the deployment that a device receives.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::compiled::merged;
use crate::manifests::ReadingArguments;
use crate::{Outcome, input};

const ABOUT: &str = "\
Merge a deployment with the layered deployments on top of it.

Prints the deployment that the device receives. The files are given in the order in which they apply, the lowest priority \
first. As in IoT Hub, a key `properties.desired.PATH` of a layer sets the value at this path, null removes it, and \
`properties.desired` replaces everything that the files before it set for the module.

Every command that reads one manifest also accepts several and merges them in the same way; `edgeroute check` and \
`edgeroute lint` do so with --merge.";

const EXAMPLES: &str = "\
Examples:
  edgeroute merge base.json layers/*.json > merged.json
  edgeroute match base.json layer.json --messages messages.jsonl
  edgeroute lint --merge base.json layer.json";

/// Merge a deployment with the layered deployments on top of it
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A deployment and its layers; - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
}

/// Merges the files and prints the result.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    input::check_stdin_once(&arguments.files)?;
    let paths: Vec<&Path> = arguments.files.iter().map(PathBuf::as_path).collect();
    let merged = merged(&paths, &arguments.reading)?;
    let mut out = io::stdout().lock();
    out.write_all(merged.text().as_bytes())?;
    out.flush()?;
    Ok(Outcome::Well)
}
