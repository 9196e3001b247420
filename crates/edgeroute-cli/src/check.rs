//! `edgeroute check`: reports every error of every file.

use std::io::{self, Write as _};
use std::path::PathBuf;

use edgeroute_analysis::render::{Report, Unreadable};

use crate::compiled::CompiledFile;
use crate::reporting::{Format, ReportArguments};
use crate::{Outcome, count, input};

const ABOUT: &str = "\
Report every error in the routes of deployment manifests.

Accepts whole deployments, layered deployments, and the hub's desired properties on their own. Reports all errors of \
all files in one run, each with its line and column. Exits with 1 if there are any.

To explain an error, run `edgeroute explain-code CODE`.";

const EXAMPLES: &str = "\
Examples:
  edgeroute check deployment.json layers/*.json
  git show main:deployment.json | edgeroute check -
  edgeroute check --format short deployment.json
  edgeroute check --format json deployment.json | jq '.files[].details.compilationErrors[] | .route'
  edgeroute check --format sarif deployment.json > edgeroute.sarif";

/// Report every error in the routes of deployment manifests
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Deployment manifests; - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    report: ReportArguments,
}

/// Checks every file, then prints the total number of errors.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    for path in &arguments.files {
        match CompiledFile::read(path) {
            Ok(file) => files.push(file),
            Err(error) => {
                input::report(&error.to_string());
                unreadable.push((input::name(path), error.to_string()));
            }
        }
    }
    let unreadable = unreadable.iter().map(|(name, message)| Unreadable { name, message }).collect::<Vec<_>>();
    let is_unusable = !unreadable.is_empty();
    let report = Report::new(files.iter().map(CompiledFile::report).collect()).with_unreadable(unreadable);
    arguments.report.write(&report)?;
    let (errors, warnings) = report.counts();
    if arguments.report.format.is_for_people() {
        let [problems, routes, files] =
            [(errors + warnings, "problem"), (report.routes(), "route"), (arguments.files.len(), "file")]
                .map(|(number, what)| count(number, what));
        let mut out = io::stdout().lock();
        writeln!(out, "{problems}, {routes} in {files}")?;
        if arguments.report.format == Format::Text {
            let codes: Vec<&str> = report.codes().iter().map(|code| code.as_str()).collect();
            if !codes.is_empty() {
                writeln!(out, "for details, run `edgeroute explain-code {}`", codes.join(" "))?;
            }
        }
        out.flush()?;
    }
    Ok(if is_unusable {
        Outcome::Unusable
    } else if errors > 0 {
        Outcome::Problems
    } else {
        Outcome::Well
    })
}
