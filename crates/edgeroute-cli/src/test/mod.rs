//! `edgeroute test`: checks that messages go where they should.

mod report;
mod suite;
mod watch;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use edgeroute_analysis::render::Color;

use crate::color::ColorArguments;
use crate::compiled::BadRoutesArguments;
use crate::document::Language;
use crate::{Outcome, input};
use report::{json, junit, text};
use suite::Suite;
use watch::Changes;

const ABOUT: &str = "\
Run test cases against a manifest.

A file of test cases, in YAML, TOML or JSON, lists messages and the deliveries expected for each:

  manifest: deployment.json           # relative to this file; --manifest overrides it
  cases:
    - name: hot readings go to the cloud
      message:
        origin: { device: edge-1, module: filter, output: readings }
        properties: { temperature: \"85\" }
      expect:
        - $upstream
        - endpoint: /modules/alarm/inputs/hot
          route: hotToAlarm
          priority: 2
          timeToLiveSecs: 60
    - name: cold readings stay
      message:
        origin: { device: edge-1, module: filter, output: readings }
        properties: { temperature: \"20\" }
      expect: []

A message has the keys that `edgeroute match --help` lists. A case passes if its message is delivered to all expected \
endpoints and no others; a route, priority or time to live is compared only if given. For a case that fails, shows the \
difference and explains the routes to endpoints that are missing and those that deliver to unexpected ones.";

const EXAMPLES: &str = "\
Examples:
  edgeroute test cases.yaml
  edgeroute test --manifest deployment.json cases/*.yaml
  edgeroute test --watch cases.yaml
  edgeroute test --format junit cases.yaml > report.xml

Exit codes:
  0  every case passes
  1  a case fails
  2  the arguments, a file of test cases or a manifest could not be used";

/// How often files are checked for changes, and how long a file must remain unchanged before it is read.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Run test cases against a manifest
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files of test cases; - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Deployment manifest, overriding the test files; - for standard input
    #[arg(long, short, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Format of the test files; by default, chosen by file extension
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    color: ColorArguments,
    #[command(flatten)]
    bad_routes: BadRoutesArguments,
    /// Run again whenever a file changes, until interrupted
    #[arg(long)]
    watch: bool,
}

#[derive(Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One line for each case, with an explanation of each failure
    Text,
    /// One JSON document, with the explanations
    Json,
    #[value(help = "JUnit XML, for build servers")]
    Junit,
}

/// Runs all cases, once or after every change.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let inputs: Vec<&Path> = arguments.files.iter().chain(&arguments.manifest).map(PathBuf::as_path).collect();
    let from_stdin = inputs.iter().filter(|path| input::is_stdin(path)).count();
    if from_stdin > 1 {
        return Err(io::Error::other("standard input can be given only once"));
    }
    if !arguments.watch {
        return run_once(arguments).map(|(outcome, _)| outcome);
    }
    if from_stdin > 0 {
        return Err(io::Error::other("standard input cannot be watched"));
    }
    loop {
        // The files are examined before they are read, so that no change is missed.
        let mut known = watch::Watched::look_at(inputs.iter().map(|path| path.to_path_buf()));
        let (_, manifests) = run_once(arguments)?;
        known.add(manifests);
        input::report(&format!("watching {} for changes", crate::count(known.len(), "file")));
        let mut changes = Changes::since(known.stamps());
        while !changes.have_settled(known.look_again()) {
            thread::sleep(LOOK_EVERY);
        }
    }
}

/// Runs all cases. Also returns the manifests that were used.
fn run_once(arguments: &Arguments) -> io::Result<(Outcome, Vec<PathBuf>)> {
    let mut outcome = Outcome::Well;
    let mut suites = Vec::new();
    let mut manifests = Vec::new();
    for path in &arguments.files {
        let suite = Suite::read(path, arguments);
        match suite {
            Ok(suite) => {
                manifests.extend(suite.manifest().map(Path::to_path_buf));
                suites.push(suite);
            }
            Err(unusable) => {
                outcome = Outcome::Unusable;
                manifests.extend(unusable.manifest);
                unusable.messages.iter().for_each(|message| input::report(message));
            }
        }
    }
    let (mut out, color) = arguments.color.stream(io::stdout().lock());
    let color = if arguments.format == Format::Text { color } else { Color::Never };
    let results: Vec<suite::SuiteResult<'_>> = suites.iter().map(|suite| suite.run(color)).collect();
    let report = match arguments.format {
        Format::Text => text(&results, color),
        Format::Json => json(&results),
        Format::Junit => junit(&results),
    };
    out.write_all(report.as_bytes())?;
    out.flush()?;
    if results.iter().any(|result| result.failed() > 0) {
        outcome = outcome.max(Outcome::Problems);
    }
    Ok((outcome, manifests))
}
