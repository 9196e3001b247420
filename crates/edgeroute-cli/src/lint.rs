//! `edgeroute lint`: reports routes that are valid but almost certainly wrong.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use edgeroute::CheckedManifest;
use edgeroute_analysis::lint::{self, Fixes, Level, Levels, Linter, Selector, fix_manifest};
use edgeroute_analysis::render::{FileReport, Report, Unreadable};
use edgeroute_lang::diagnostic::Finding;

use crate::reporting::{Format, ReportArguments};
use crate::{Outcome, count, input, lint_config, output};

const ABOUT: &str = "\
Find probable mistakes in the routes of deployment manifests.

Reports errors like `edgeroute check`. In addition, each lint looks for one kind of mistake: an operator that is part of \
a name, a condition that is never true, modules whose messages loop, a route made superfluous by another. \
`edgeroute lint --list` lists all lints, and `edgeroute explain-code CODE` explains one.

The level of a lint is `allow` (off), `warn` (warnings) or `deny` (errors). LINT is the name or code of a lint, one of \
the groups `syntax`, `semantics`, `topology`, `manifest` and `all`, or `warnings` for all lints at level `warn`. Levels can be set in \
a file edgeroute.toml next to the manifest or in a directory above it:

  [lints]
  topology = \"deny\"
  missing-default-output = \"allow\"

A lint overrides its group, and a group overrides `all`. The command line overrides the file.";

const EXAMPLES: &str = "\
Examples:
  edgeroute lint deployment.json
  edgeroute lint --deny warnings deployment.json       # in continuous integration
  edgeroute lint --allow syntax --deny W0201 deployment.json
  edgeroute lint --fix deployment.json
  edgeroute lint --list

Exit codes:
  0  no errors; there may be warnings
  1  errors, or findings of lints at level `deny`
  2  the arguments or an input could not be used";

/// Find probable mistakes in the routes of deployment manifests
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Deployment manifests; - for standard input
    #[arg(required_unless_present = "list", value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    report: ReportArguments,
    /// Turn this lint off; may be repeated
    #[arg(long, short = 'A', value_name = "LINT")]
    allow: Vec<Selector>,
    /// Report findings of this lint as warnings; may be repeated
    #[arg(long, short = 'W', value_name = "LINT")]
    warn: Vec<Selector>,
    /// Report findings of this lint as errors; may be repeated
    #[arg(long, short = 'D', value_name = "LINT")]
    deny: Vec<Selector>,
    /// Read levels from this file instead of edgeroute.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Apply fixes that keep the meaning of the routes; everything else stays byte for byte
    #[arg(long)]
    fix: bool,
    /// Also apply fixes that change what a route means
    #[arg(long, requires = "fix")]
    unsafe_fixes: bool,
    /// List all lints with their levels and kinds of fix
    #[arg(long, conflicts_with = "fix")]
    list: bool,
}

/// A file with its findings.
struct Linted {
    name: String,
    text: String,
    routes: usize,
    findings: Vec<Finding>,
}

/// Counts of other results.
#[derive(Default)]
struct Counts {
    fixed: usize,
    undecided: usize,
    hints: BTreeSet<&'static str>,
}

/// Lints every file, then prints a summary.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    if arguments.list {
        return list(arguments);
    }
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    let mut counts = Counts::default();
    for path in &arguments.files {
        match lint_file(path, arguments, &mut counts) {
            Ok(file) => files.push(file),
            Err(error) => {
                input::report(&error.to_string());
                unreadable.push((input::name(path), error.to_string()));
            }
        }
    }
    let is_unusable = !unreadable.is_empty();
    let unreadable = unreadable.iter().map(|(name, message)| Unreadable { name, message }).collect();
    let reports = files.iter().map(|file| FileReport::new(&file.name, &file.text, file.routes, &file.findings));
    let report = Report::new(reports.collect()).with_unreadable(unreadable);
    let (errors, _) = report.counts();
    if arguments.fixes_standard_input() {
        // Standard output receives the manifest itself.
        for file in &files {
            io::stdout().lock().write_all(file.text.as_bytes())?;
        }
        input::report(report.short().trim_end());
    } else {
        arguments.report.write(&report)?;
        if arguments.report.format.is_for_people() {
            summarize(&report, &counts, arguments)?;
        }
    }
    Ok(if is_unusable {
        Outcome::Unusable
    } else if errors > 0 {
        Outcome::Problems
    } else {
        Outcome::Well
    })
}

impl Arguments {
    fn fixes_standard_input(&self) -> bool {
        self.fix && self.files.iter().any(|path| input::is_stdin(path))
    }

    /// The levels of the command line, which override those of the manifest's configuration file.
    fn levels(&self, manifest: Option<&Path>) -> io::Result<Levels> {
        let mut levels = match (&self.config, manifest) {
            (Some(path), _) => lint_config::read(path)?,
            (None, Some(manifest)) => lint_config::beside(manifest)?,
            (None, None) => lint_config::beside(Path::new("-"))?,
        };
        let given = [(&self.allow, Level::Allow), (&self.warn, Level::Warn), (&self.deny, Level::Deny)];
        for (selectors, level) in given {
            levels = selectors.iter().fold(levels, |levels, selector| levels.with(*selector, level));
        }
        Ok(levels)
    }
}

fn lint_file(path: &Path, arguments: &Arguments, counts: &mut Counts) -> io::Result<Linted> {
    let linter = Linter::with_levels(arguments.levels(Some(path))?);
    let mut text = input::read_text(path)?;
    if arguments.fix {
        let most = if arguments.unsafe_fixes { Fixes::ChangeMeaning } else { Fixes::KeepMeaning };
        let fixed = fix_manifest(&text, &linter, most);
        if fixed.applied > 0 && !input::is_stdin(path) {
            output::replace(path, &fixed.text)?;
        }
        counts.fixed += fixed.applied;
        text = fixed.text;
    }
    let checked = CheckedManifest::from_json(&text);
    let linted = linter.lint_manifest(&text);
    counts.undecided += linted.undecided();
    counts.hints.extend(linted.hints().iter().map(|lint| lint.name()));
    let mut findings = checked.findings().to_vec();
    findings.extend(linted.into_findings());
    findings.sort_by_key(|finding| finding.diagnostic.primary.span);
    Ok(Linted { name: input::name(path), routes: checked.route_count(), text, findings })
}

fn summarize(report: &Report<'_>, counts: &Counts, arguments: &Arguments) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (errors, warnings) = report.counts();
    let [errors, warnings, routes, files] =
        [(errors, "error"), (warnings, "warning"), (report.routes(), "route"), (arguments.files.len(), "file")]
            .map(|(number, what)| count(number, what));
    writeln!(out, "{errors}, {warnings}, {routes} in {files}")?;
    if arguments.fix {
        let fixes = if counts.fixed == 1 { "1 fix was".to_owned() } else { format!("{} fixes were", counts.fixed) };
        writeln!(out, "{fixes} applied")?;
    }
    if counts.undecided > 0 {
        let checks = count(counts.undecided, "check");
        writeln!(out, "{checks} exceeded the time budget; some problems may not be reported")?;
    }
    if !counts.hints.is_empty() {
        let names: Vec<String> = counts.hints.iter().map(|name| format!("--warn {name}")).collect();
        let lints = count(names.len(), "disabled lint");
        let (have, them) = if names.len() == 1 { ("has", "it") } else { ("have", "them") };
        writeln!(out, "{lints} {have} findings; enable {them} with {}", names.join(" "))?;
    }
    if arguments.report.format == Format::Text {
        let codes: Vec<&str> = report.codes().iter().map(|code| code.as_str()).collect();
        if !codes.is_empty() {
            writeln!(out, "for details, run `edgeroute explain-code {}`", codes.join(" "))?;
        }
    }
    out.flush()
}

fn list(arguments: &Arguments) -> io::Result<Outcome> {
    let levels = arguments.levels(arguments.files.first().map(PathBuf::as_path))?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut area = "";
    for lint in lint::all() {
        if lint.code().area() != area {
            let separator = if area.is_empty() { "" } else { "\n" };
            area = lint.code().area();
            writeln!(out, "{separator}{area}")?;
        }
        let fixes = match lint.fixes() {
            None => "",
            Some(Fixes::KeepMeaning) => " (--fix)",
            Some(Fixes::ChangeMeaning) => " (--fix --unsafe-fixes)",
        };
        let (code, name, level) = (lint.code(), lint.name(), levels.of(lint));
        writeln!(out, "  {code}  {:5}  {name:24}  {}{fixes}", level.to_string(), code.title())?;
    }
    out.flush()?;
    Ok(Outcome::Well)
}
