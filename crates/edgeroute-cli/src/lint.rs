//! `edgeroute lint`: reports routes that are valid but almost certainly wrong.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use edgeroute::Route;
use edgeroute_analysis::lint::{self, Fixes, Level, Levels, Lint, Linter, Selector, fix_text};
use edgeroute_analysis::render::Report;
use edgeroute_lang::diagnostic::{Applicability, Finding};
use serde::Serialize;
use similar::TextDiff;

use crate::baseline::Baseline;
use crate::compiled::{CheckedFile, errors_in};
use crate::config::Configs;
use crate::examined::{Examined, InputArguments, Results, Subject};
use crate::manifests::ManifestFile;
use crate::reporting::{Format, ReportArguments};
use crate::{Outcome, count, input, known, watch};

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
  [files.\"layers/*.json\".lints]
  no-way-upstream = \"allow\"
  [routes.\"alertsUpstream\".lints]
  always-true = \"allow\"

A lint overrides its group, and a group overrides `all`. The command line overrides [lints]; the levels of a file and of a \
route override both. A comment before FROM turns lints off for one route: /* edgeroute: allow(self-loop, W0303) */.

To adopt the command for existing manifests, write the present findings to a baseline; only new ones are reported then.";

const EXAMPLES: &str = "\
Examples:
  edgeroute lint deployment.json
  edgeroute lint --deny warnings deployment.json       # in continuous integration
  edgeroute lint --allow syntax --deny W0201 deployment.json
  edgeroute lint --max-warnings 0 --format github .    # in a workflow of GitHub Actions
  edgeroute lint --fix deployment.json
  edgeroute lint --write-baseline lint-baseline.json .
  edgeroute lint --baseline lint-baseline.json .       # only what is new
  edgeroute lint --list

Exit codes:
  0  no errors; there may be warnings
  1  errors, findings of lints at level `deny`, or more warnings than --max-warnings
  2  the arguments or an input could not be used";

/// Find probable mistakes in the routes of deployment manifests
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub(crate) struct Arguments {
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    report: ReportArguments,
    /// Turn this lint off; may be repeated
    #[arg(long, short = 'A', value_name = "LINT", value_parser = known::lints(), hide_possible_values = true)]
    allow: Vec<Selector>,
    /// Report findings of this lint as warnings; may be repeated
    #[arg(long, short = 'W', value_name = "LINT", value_parser = known::lints(), hide_possible_values = true)]
    warn: Vec<Selector>,
    /// Report findings of this lint as errors; may be repeated
    #[arg(long, short = 'D', value_name = "LINT", value_parser = known::lints(), hide_possible_values = true)]
    deny: Vec<Selector>,
    /// Read levels from this file instead of edgeroute.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Fix errors and findings whose fix keeps the meaning of valid routes; everything else stays byte for byte
    #[arg(long)]
    fix: bool,
    /// Also apply fixes that change what a route means, or that are a guess
    #[arg(long)]
    unsafe_fixes: bool,
    /// Show what --fix would change, as a diff, without writing; exit with 1 if anything would change
    #[arg(long, conflicts_with = "fix")]
    diff: bool,
    /// Exit with 1 if there are more warnings than this
    #[arg(long, value_name = "NUMBER")]
    max_warnings: Option<usize>,
    /// Do not report the findings in this file, which --write-baseline has written
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings of lints to this file, and report only errors
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "diff"])]
    write_baseline: Option<PathBuf>,
    /// List all lints with their levels and kinds of fix
    #[arg(long, conflicts_with = "fix")]
    list: bool,
}

/// Counts of other results.
#[derive(Default)]
struct Counts {
    fixed: usize,
    /// The number of files that could not be written.
    unwritten: usize,
    undecided: usize,
    /// Findings that the baseline has, and findings in the baseline that no longer occur.
    known: usize,
    gone: usize,
    hints: BTreeSet<&'static str>,
}

/// Lints every input, once or after every change.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    if arguments.list {
        return list(arguments);
    }
    if arguments.unsafe_fixes && !arguments.fix && !arguments.diff {
        return Err(io::Error::other("--unsafe-fixes needs --fix or --diff"));
    }
    if (arguments.fix || arguments.diff) && arguments.input.merge {
        return Err(io::Error::other("the result of --merge is in no file, so it cannot be fixed"));
    }
    if arguments.input.watch {
        watch::repeat(|| arguments.watched(), || run_once(arguments).map(|_| Vec::new()))?;
    }
    run_once(arguments)
}

/// Lints every input, then prints a summary.
fn run_once(arguments: &Arguments) -> io::Result<Outcome> {
    let Some(configs) = arguments.input.configs(arguments.config.as_deref())? else {
        return Ok(Outcome::Unusable);
    };
    let (read, written) = (&arguments.baseline, &arguments.write_baseline);
    let mut baseline = match (read, written) {
        (Some(path), _) => Some(Baseline::read(path)?),
        (None, Some(path)) => {
            // Only a baseline is overwritten.
            if path.exists() {
                Baseline::read(path)?;
            }
            Some(Baseline::beside(path))
        }
        (None, None) => None,
    };
    let mut counts = Counts::default();
    let results = arguments.input.examine(|subject| {
        let path = arguments.path_of(&subject);
        let linter = configs.linter(&path, arguments.levels(&configs, &path));
        let mut examined = match subject {
            Subject::File(file) => lint_file(file, &linter, arguments, &mut counts)?,
            Subject::Route(text) => lint_route(text, &linter, arguments, &mut counts),
        };
        if let Some(baseline) = &mut baseline {
            if written.is_some() {
                baseline.add(&path, &examined);
                examined.findings.retain(|finding| Lint::of(finding.diagnostic.code).is_none());
            } else {
                baseline.hide(&path, &mut examined);
            }
        }
        Ok(examined)
    })?;
    if let Some(baseline) = &baseline {
        (counts.known, counts.gone) = (baseline.hidden(), if read.is_some() { baseline.gone() } else { 0 });
    }
    let report = results.report().marking_fixes();
    let (errors, warnings) = report.counts();
    if arguments.fixes_standard_input() {
        // Standard output receives the manifest itself.
        input::report(report.short().trim_end());
    } else if !arguments.diff {
        arguments.report.write(&report)?;
        if arguments.report.has_summary() {
            summarize(&results, &report, &counts, arguments)?;
        }
    }
    if let (Some(baseline), Some(path)) = (baseline, written) {
        let left = count(baseline.left(), "finding");
        baseline.write(path)?;
        input::report(&format!("{left} written to {}", input::name(path)));
    }
    let most = arguments.max_warnings.filter(|most| !arguments.diff && warnings > *most);
    if let Some(most) = most {
        let (warnings, are) = (count(warnings, "warning"), if warnings == 1 { "is" } else { "are" });
        input::report(&format!("there {are} {warnings}; the limit --max-warnings is {most}"));
    }
    Ok(if results.is_incomplete() || counts.unwritten > 0 {
        Outcome::Unusable
    } else if arguments.diff && counts.fixed > 0 || !arguments.diff && errors > 0 || most.is_some() {
        Outcome::Problems
    } else {
        Outcome::Well
    })
}

impl Arguments {
    fn fixes_standard_input(&self) -> bool {
        self.fix && self.input.files.iter().any(|path| input::is_stdin(path))
    }

    fn most(&self) -> Applicability {
        if self.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe }
    }

    /// The files to watch.
    fn watched(&self) -> Vec<PathBuf> {
        let configs = self.input.configs(self.config.as_deref()).unwrap_or_default();
        let mut files = self.input.watched(configs.as_ref());
        files.extend(self.config.iter().chain(&self.baseline).cloned());
        files
    }

    /// The file whose configuration applies: the first of those that are merged, and standard input for a route on the
    /// command line.
    fn path_of(&self, subject: &Subject<'_>) -> PathBuf {
        match (subject, self.input.files.first()) {
            (Subject::File(_), Some(first)) if self.input.merge => first.clone(),
            (Subject::File(file), _) => file.path().to_owned(),
            (Subject::Route(_), _) => PathBuf::from("-"),
        }
    }

    /// The levels of the command line, which override those of the manifest's configuration file.
    fn levels(&self, configs: &Configs, manifest: &Path) -> Levels {
        let mut levels = configs.levels(manifest);
        let given = [(&self.allow, Level::Allow), (&self.warn, Level::Warn), (&self.deny, Level::Deny)];
        for (selectors, level) in given {
            levels = selectors.iter().fold(levels, |levels, selector| levels.with(*selector, level));
        }
        levels
    }
}

fn lint_file(
    mut file: ManifestFile<'_>,
    linter: &Linter,
    arguments: &Arguments,
    counts: &mut Counts,
) -> io::Result<Examined> {
    if arguments.fix || arguments.diff {
        let mut fixed = fix_text(file.text(), arguments.most(), |text| match file.reread(text) {
            Ok(file) => findings_in(&file, linter, &mut Counts::default()).1,
            Err(_) => Vec::new(),
        });
        if arguments.diff {
            counts.fixed += fixed.applied;
            show_diff(&file.name(), file.text(), &fixed.text)?;
            file.text().clone_into(&mut fixed.text);
        }
        let changed = file.reread(&fixed.text)?;
        let written = if arguments.fix && input::is_stdin(file.path()) {
            io::stdout().lock().write_all(&changed.bytes()).map(|()| true)
        } else if fixed.text != file.text() {
            changed.write().map(|()| true)
        } else {
            Ok(false)
        };
        match written {
            Ok(true) => {
                counts.fixed += fixed.applied;
                file = changed;
            }
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(error),
            // The findings of the file as it is are reported.
            Err(error) => {
                input::report(&format!("error: {error}"));
                counts.unwritten += 1;
            }
        }
    }
    let (routes, findings) = findings_in(&file, linter, counts);
    Ok(Examined { text: file.into_text(), routes, findings })
}

/// The number of routes, and the errors and findings in the order of the text.
fn findings_in(file: &ManifestFile<'_>, linter: &Linter, counts: &mut Counts) -> (usize, Vec<Finding>) {
    let CheckedFile { mut findings, routes, .. } = CheckedFile::of(file);
    for (view, text) in file.views() {
        let linted = linter.lint_manifest(text);
        counts.undecided += linted.undecided();
        counts.hints.extend(linted.hints().iter().map(|lint| lint.name()));
        findings.extend(linted.into_findings().into_iter().map(|finding| view.locate(finding)));
    }
    findings.sort_by_key(|finding| finding.diagnostic.primary.span);
    (routes, findings)
}

fn lint_route(text: &str, linter: &Linter, arguments: &Arguments, counts: &mut Counts) -> Examined {
    let mut examine = |text: &str| {
        let mut findings = errors_in(text);
        let report = linter.lint_routes(&[Route::new("route", text)]);
        counts.undecided += report.undecided();
        counts.hints.extend(report.hints().iter().map(|lint| lint.name()));
        findings.extend(report.findings().iter().map(|finding| Finding::new(finding.diagnostic().clone())));
        findings
    };
    let mut text = text.to_owned();
    let mut applied = 0;
    if arguments.fix || arguments.diff {
        let fixed = fix_text(&text, arguments.most(), &mut examine);
        applied = fixed.applied;
        if arguments.fix {
            text = fixed.text;
            if applied > 0 {
                input::report(&format!("fixed: {}", input::printable(&text)));
            }
        } else if applied > 0 {
            input::report(&format!("- {}\n+ {}", input::printable(&text), input::printable(&fixed.text)));
        }
    }
    let findings = examine(&text);
    counts.fixed += applied;
    Examined { text, routes: 1, findings }
}

fn summarize(results: &Results, report: &Report<'_>, counts: &Counts, arguments: &Arguments) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (errors, warnings) = report.counts();
    let [errors, warnings] = [(errors, "error"), (warnings, "warning")].map(|(number, what)| count(number, what));
    writeln!(out, "{errors}, {warnings}, {}", results.summary())?;
    if arguments.fix {
        let fixes = if counts.fixed == 1 { "1 fix was".to_owned() } else { format!("{} fixes were", counts.fixed) };
        writeln!(out, "{fixes} applied")?;
    }
    match report.fixable() {
        (0, 0) => {}
        (0, unsafely) => writeln!(out, "{unsafely} fixable with --fix --unsafe-fixes")?,
        (fixable, 0) => writeln!(out, "{fixable} fixable with --fix")?,
        (fixable, unsafely) => writeln!(out, "{fixable} fixable with --fix, {unsafely} more with --unsafe-fixes")?,
    }
    match (counts.known, counts.gone) {
        (0, 0) => {}
        (known, 0) => writeln!(out, "{} in the baseline", count(known, "finding"))?,
        (known, gone) => {
            writeln!(out, "{} in the baseline; {gone} of its findings no longer occur", count(known, "finding"))?;
        }
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
    let Some(configs) = arguments.input.configs(arguments.config.as_deref())? else {
        return Ok(Outcome::Unusable);
    };
    let path = arguments.input.files.first().map_or(Path::new("-"), PathBuf::as_path);
    let levels = arguments.levels(&configs, path);
    let mut out = io::BufWriter::new(io::stdout().lock());
    match arguments.report.format {
        Format::Text | Format::Short => list_text(&levels, &mut out)?,
        Format::Json => list_json(&levels, &mut out)?,
        Format::Sarif | Format::Github | Format::Gitlab => {
            return Err(io::Error::other("--list has the formats text and json only"));
        }
    }
    out.flush()?;
    Ok(Outcome::Well)
}

fn list_text(levels: &Levels, out: &mut impl io::Write) -> io::Result<()> {
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
    Ok(())
}

/// A lint in the list.
#[derive(Serialize)]
struct Listed {
    code: &'static str,
    name: &'static str,
    level: String,
    #[serde(rename = "defaultLevel")]
    default_level: String,
    title: &'static str,
    /// `safe`, `unsafe`, or null if the lint has no fixes.
    fixes: Option<&'static str>,
}

fn list_json(levels: &Levels, out: &mut impl io::Write) -> io::Result<()> {
    let listed = lint::all().map(|lint| Listed {
        code: lint.code().as_str(),
        name: lint.name(),
        level: levels.of(lint).to_string(),
        default_level: lint.default_level().to_string(),
        title: lint.code().title(),
        fixes: lint.fixes().map(|fixes| fixes.applicability().as_str()),
    });
    writeln!(out, "{}", serde_json::to_string(&listed.collect::<Vec<_>>())?)
}

/// Prints the lines that change, in the form that `patch` reads.
fn show_diff(name: &str, old: &str, new: &str) -> io::Result<()> {
    let diff = TextDiff::from_lines(old, new);
    let mut out = io::stdout().lock();
    write!(out, "{}", diff.unified_diff().context_radius(2).header(name, name))?;
    out.flush()
}
