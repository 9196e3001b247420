//! `edgeroute check`: reports every error of every file.

use std::io::{self, Write as _};

use crate::compiled::{CheckedFile, errors_in};
use crate::examined::{Examined, InputArguments, Subject};
use crate::reporting::{Format, ReportArguments};
use crate::{Outcome, count, watch};

const ABOUT: &str = "\
Report every error in the routes of deployment manifests.

Accepts whole deployments, layered deployments, and the hub's desired properties on their own. Reports all errors of \
all files in one run, each with its line and column. Exits with 1 if there are any.

Finds a manifest inside a larger document, such as an ARM template, a device template or a module twin. Reads UTF-8 and \
UTF-16; comments and trailing commas in files *.template.json and *.jsonc, or with --jsonc.

To explain an error, run `edgeroute explain-code CODE`.";

const EXAMPLES: &str = "\
Examples:
  edgeroute check deployment.json layers/*.json
  edgeroute check .                            # every manifest in this directory
  edgeroute check --route 'FROM /messages/* WHERE level = 3 INTO $upstream'
  edgeroute check --merge base.json layer.json # as the device receives them
  edgeroute check --define MODULE=filter deployment.template.json
  git show main:deployment.json | edgeroute check -
  edgeroute check --format short deployment.json
  edgeroute check --format json deployment.json | jq '.files[].details.compilationErrors[] | .route'
  edgeroute check --format sarif deployment.json > edgeroute.sarif
  edgeroute check --quiet --format short . || exit 1";

/// Report every error in the routes of deployment manifests
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    report: ReportArguments,
}

/// Checks every input, once or after every change.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    if arguments.input.watch {
        let configs = || arguments.input.configs(None).unwrap_or_default();
        let watched = || arguments.input.watched(configs().as_ref());
        watch::repeat(watched, || run_once(arguments).map(|_| Vec::new()))?;
    }
    run_once(arguments)
}

/// Checks every input, then prints the total number of errors.
fn run_once(arguments: &Arguments) -> io::Result<Outcome> {
    if arguments.input.configs(None)?.is_none() {
        return Ok(Outcome::Unusable);
    }
    let results = arguments.input.examine(|subject| Ok(examine(subject)))?;
    let report = results.report();
    arguments.report.write(&report)?;
    let (errors, warnings) = report.counts();
    if arguments.report.has_summary() {
        let mut out = io::stdout().lock();
        writeln!(out, "{}, {}", count(errors + warnings, "problem"), results.summary())?;
        match report.fixable() {
            (0, 0) => {}
            (0, unsafely) => writeln!(out, "{unsafely} fixable with `edgeroute lint --fix --unsafe-fixes`")?,
            (fixable, 0) => writeln!(out, "{fixable} fixable with `edgeroute lint --fix`")?,
            (fixable, unsafely) => {
                writeln!(out, "{fixable} fixable with `edgeroute lint --fix`, {unsafely} more with --unsafe-fixes")?;
            }
        }
        if arguments.report.format == Format::Text {
            let codes: Vec<&str> = report.codes().iter().map(|code| code.as_str()).collect();
            if !codes.is_empty() {
                writeln!(out, "for details, run `edgeroute explain-code {}`", codes.join(" "))?;
            }
        }
        out.flush()?;
    }
    Ok(if results.is_incomplete() {
        Outcome::Unusable
    } else if errors > 0 {
        Outcome::Problems
    } else {
        Outcome::Well
    })
}

fn examine(subject: Subject<'_>) -> Examined {
    match subject {
        Subject::File(file) => {
            let CheckedFile { findings, routes, .. } = CheckedFile::of(&file);
            Examined { text: file.into_text(), routes, findings }
        }
        Subject::Route(text) => Examined { text: text.to_owned(), routes: 1, findings: errors_in(text) },
    }
}
