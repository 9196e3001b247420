//! `edgeroute test`: checks that messages go where they should.

mod report;
mod suite;

use std::io::{self, Write};
use std::path::PathBuf;

use edgeroute_analysis::render::Color;

use crate::color::ColorArguments;
use crate::compiled::BadRoutesArguments;
use crate::document::Language;
use crate::manifests::ReadingArguments;
use crate::{Outcome, input, watch};
use report::{json, junit, text};
use suite::{Results, Suite, SuiteResult};

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
  edgeroute test --filter upstream cases.yaml
  edgeroute test --watch cases.yaml
  edgeroute test --format junit cases.yaml > report.xml

Exit codes:
  0  every case passes
  1  a case fails
  2  the arguments, a file of test cases or a manifest could not be used";

/// Run test cases against a manifest
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files of test cases; - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Deployment manifest, overriding the test files; - for standard input. Several are merged
    #[arg(long, short, value_name = "FILE")]
    manifest: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Format of the test files; by default, chosen by file extension
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// Run only the cases with this text in their name
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
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
    let inputs: Vec<PathBuf> = arguments.files.iter().chain(&arguments.manifest).cloned().collect();
    input::check_stdin_once(&inputs)?;
    if arguments.watch {
        watch::repeat(|| inputs.clone(), || run_once(arguments).map(|(_, manifests)| manifests))?;
    }
    run_once(arguments).map(|(outcome, _)| outcome)
}

/// Runs all cases. Also returns the manifests that were used.
fn run_once(arguments: &Arguments) -> io::Result<(Outcome, Vec<PathBuf>)> {
    let mut outcome = Outcome::Well;
    let (mut suites, mut unusable) = (Vec::new(), Vec::new());
    let mut manifests = Vec::new();
    for path in &arguments.files {
        let suite = Suite::read(path, arguments);
        match suite {
            Ok(suite) => {
                manifests.extend(suite.manifests().iter().cloned());
                suites.push(suite);
            }
            Err(found) => {
                outcome = Outcome::Unusable;
                manifests.extend(found.manifests.iter().cloned());
                found.messages.iter().for_each(|message| input::report(message));
                unusable.push((input::name(path), found));
            }
        }
    }
    let (mut out, color) = arguments.color.stream(io::stdout().lock());
    let color = if arguments.format == Format::Text { color } else { Color::Never };
    let filter = arguments.filter.as_deref().unwrap_or_default();
    let run: Vec<SuiteResult<'_>> = suites.iter().map(|suite| suite.run(filter, color)).collect();
    let results = Results { suites: run, unusable };
    let report = match arguments.format {
        Format::Text => text(&results, color),
        Format::Json => json(&results),
        Format::Junit => junit(&results),
    };
    out.write_all(report.as_bytes())?;
    out.flush()?;
    if results.failed() > 0 {
        outcome = outcome.max(Outcome::Problems);
    }
    if results.cases() == 0 && results.filtered_out() > 0 {
        input::report(&format!("edgeroute: no case has `{}` in its name", input::printable(filter)));
        outcome = Outcome::Unusable;
    }
    Ok((outcome, manifests))
}
