//! `edgeroute schema`: what files look like, for editors and validators.

use std::io::{self, Write as _};

use crate::Outcome;

const ABOUT: &str = "\
Print the JSON Schema of a kind of file that edgeroute reads.

Editors complete and check by it, and validators in other languages can, too. Draft 2020-12.";

const EXAMPLES: &str = "\
Examples:
  edgeroute schema manifest > manifest.schema.json
  edgeroute schema cases > .vscode/cases.schema.json
  edgeroute schema messages | jq .properties.origin";

/// Print the JSON Schema of manifests, messages or cases
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Of what
    #[arg(value_enum, value_name = "KIND")]
    kind: Kind,
}

#[derive(Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Deployment manifests, as all commands read them
    Manifest,
    /// A message, which is a line of what match, explain and coverage read
    Messages,
    /// A file of cases, as test reads it
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
