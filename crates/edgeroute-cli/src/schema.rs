//! `edgeroute schema`: prints the JSON Schema of input files, for editors and validators.

use std::io::{self, Write as _};

use crate::Outcome;

const ABOUT: &str = "\
Print the JSON Schema of a file format that edgeroute reads.

Editors use it to complete and check files, and so can validators in other languages. The schemas use draft 2020-12.";

const EXAMPLES: &str = "\
Examples:
  edgeroute schema manifest > manifest.schema.json
  edgeroute schema cases > .vscode/cases.schema.json
  edgeroute schema messages | jq .properties.origin";

/// Print the JSON Schema of manifests, messages or test cases
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Which schema to print
    #[arg(value_enum, value_name = "KIND")]
    kind: Kind,
}

#[derive(Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Deployment manifests
    Manifest,
    /// A message: one line of the input of match, explain and coverage
    Messages,
    /// Files of test cases
    Cases,
}

pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let schema = match arguments.kind {
        Kind::Manifest => include_str!("../../../schemas/manifest.schema.json"),
        Kind::Messages => include_str!("../../../schemas/message.schema.json"),
        Kind::Cases => include_str!("../../../schemas/cases.schema.json"),
    };
    let mut out = io::stdout().lock();
    out.write_all(schema.as_bytes())?;
    out.flush()?;
    Ok(Outcome::Well)
}
