//! `edgeroute fmt`: formats the routes of manifests in canonical form.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use edgeroute_lang::diagnostic::{Diagnostic, Fix};
use edgeroute_lang::format::{FormattedManifest, Kept, format_manifest};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{RouteSpec, apply};
use edgeroute_lang::span::{PositionWalk, Span};

use crate::config::Configs;
use crate::input::{self, printable};
use crate::manifests::{Found, Input, ManifestFile, ReadingArguments, View, inputs};
use crate::{Outcome, count};

const ABOUT: &str = "\
Format the routes of deployment manifests in canonical form.

SELECT, FROM, WHERE and INTO in upper case; and, or, not and functions in lower case; != for <>; one space around \
operators; parentheses only where precedence requires them; one line. The routes keep their meaning, and everything \
else in the file is preserved byte for byte: layout, order, keys, and the escapes of JSON strings.

Each file is replaced in one atomic step; with -, the manifest is read from standard input and written to standard \
output. Routes with errors, with comments (/* ... */, which formatting would lose) or with text after the sink (which the \
hub ignores) are left unchanged and reported. Exits with 1 if a route has errors.

With --check, writes nothing: lists the routes that would change, before and after, and exits with 1 if there are any.";

const EXAMPLES: &str = "\
Examples:
  edgeroute fmt deployment.json layers/*.json
  edgeroute fmt --check deployment.json      # in continuous integration
  edgeroute fmt - < deployment.json > formatted.json";

/// Format the routes of deployment manifests in canonical form
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Manifests, directories, and patterns such as 'layers/*.json'; - to read standard input and write standard output
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Only list what would change; exit with 1 if anything would
    #[arg(long)]
    check: bool,
}

/// Counts over all files.
#[derive(Default)]
struct Counts {
    files: usize,
    routes: usize,
    changed: usize,
    changed_files: usize,
    kept: usize,
}

/// Formats every file, then prints a summary.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    input::check_stdin_once(&arguments.files)?;
    let found = arguments.files.iter().flat_map(|path| inputs(path).unwrap_or_default());
    let found: Vec<PathBuf> = found.map(|input| input.path).collect();
    if Configs::read(&found, None)?.is_none() {
        return Ok(Outcome::Unusable);
    }
    let mut outcome = Outcome::Well;
    let mut counts = Counts::default();
    for path in &arguments.files {
        let done = format_path(path, arguments, &mut counts).or_else(failed);
        outcome = outcome.max(done?);
    }
    if arguments.check && counts.changed > 0 {
        outcome = outcome.max(Outcome::Problems);
    }
    counts.report(arguments);
    Ok(outcome)
}

/// Reports an input that cannot be formatted. The others still are.
fn failed(error: io::Error) -> io::Result<Outcome> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Err(error);
    }
    input::report(&format!("error: {error}"));
    Ok(Outcome::Unusable)
}

fn format_path(path: &Path, arguments: &Arguments, counts: &mut Counts) -> io::Result<Outcome> {
    let mut outcome = Outcome::Well;
    for Input { path, found } in inputs(path)? {
        let file = ManifestFile::read(&path, &arguments.reading);
        if found == Found::BySearch && !file.as_ref().is_ok_and(ManifestFile::may_be_manifest) {
            continue;
        }
        counts.files += 1;
        outcome = outcome.max(file.and_then(|file| format_file(file, arguments, counts)).or_else(failed)?);
    }
    Ok(outcome)
}

fn format_file(file: ManifestFile<'_>, arguments: &Arguments, counts: &mut Counts) -> io::Result<Outcome> {
    let name = file.name();
    let mut outcome = Outcome::Well;
    let mut edits = Vec::new();
    let mut changes = 0;
    for (view, text) in file.views() {
        let formatted = format_manifest(text, &Limits::default());
        counts.routes += formatted.routes.len();
        counts.kept += formatted.kept().count();
        outcome = outcome.max(report_kept(&name, &file, view, &formatted));
        // The values of placeholders are not in the file, so their routes cannot be rewritten there.
        let changed: Vec<_> = formatted.changed().filter(|(route, _)| !view.is_filled_in(route.text_span())).collect();
        changes += changed.len();
        if arguments.check {
            show_changes(&name, &file, view, &changed)?;
        }
        edits.extend(changed.iter().map(|(route, canonical)| {
            let Fix { span, replacement, .. } = route.rewritten(text, canonical);
            Fix::new(view.locate_span(span), replacement)
        }));
    }
    let has_changed = !edits.is_empty();
    let text = apply(file.text(), &edits).text;
    let file = file.with_text(text)?;
    if arguments.check {
        // Nothing is written.
    } else if input::is_stdin(file.path()) {
        let mut out = io::stdout().lock();
        out.write_all(&file.bytes())?;
        out.flush()?;
    } else if has_changed {
        file.write()?;
    }
    counts.changed += changes;
    counts.changed_files += usize::from(has_changed);
    Ok(outcome)
}

/// Shows each route that would change, with its position, its current text and its new text.
fn show_changes(name: &str, file: &ManifestFile<'_>, view: &View, changed: &[(&RouteSpec, &str)]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut walk = PositionWalk::new(file.text());
    for (route, canonical) in changed {
        let position = walk.advance_to(view.locate_span(route.text_span()).start());
        writeln!(out, "{name}:{position}: route `{}`", printable(route.name()))?;
        writeln!(out, "- {}", printable(route.text()))?;
        writeln!(out, "+ {}\n", printable(canonical))?;
    }
    out.flush()
}

/// Reports the routes that were not formatted, in the order of the file, and why.
fn report_kept(name: &str, file: &ManifestFile<'_>, view: &View, formatted: &FormattedManifest) -> Outcome {
    let mut outcome = Outcome::Well;
    let mut lines: Vec<(Span, String)> = Vec::new();
    for problem in &formatted.problems {
        let what = problem.route().map_or_else(|| "the manifest".to_owned(), in_quotes);
        lines.push((problem.diagnostic().primary.span, format!("{what}: {}", shown(problem.diagnostic()))));
        outcome = Outcome::Problems;
    }
    for (route, kept) in formatted.kept() {
        let (span, why) = match kept {
            Kept::Errors(errors) => {
                outcome = Outcome::Problems;
                let more = match errors.len() {
                    0 | 1 => String::new(),
                    several => format!(" (and {} more)", several - 1),
                };
                let first = errors.first();
                let span = first.map_or(route.text_span(), |error| error.primary.span);
                (span, format!("{}{more}", first.map(shown).unwrap_or_default()))
            }
            Kept::Comment(span) => (*span, "it has a comment that would be lost".to_owned()),
            Kept::Trailing(span) => (*span, "it has text after its sink that would be lost".to_owned()),
            Kept::TooLong(bytes) => {
                (route.text_span(), format!("its canonical form has {bytes} bytes, which is too long"))
            }
        };
        lines.push((span, format!("{} is left unchanged: {why}", of_route(route))));
    }
    lines.sort_by_key(|(span, _)| *span);
    let mut walk = PositionWalk::new(file.text());
    for (span, line) in lines {
        let position = walk.advance_to(view.locate_span(span).start());
        input::report(&format!("{name}:{position}: {}", printable(&line)));
    }
    outcome
}

fn shown(diagnostic: &Diagnostic) -> String {
    format!("{}[{}]: {}", diagnostic.severity, diagnostic.code, diagnostic.message)
}

fn of_route(route: &RouteSpec) -> String {
    in_quotes(route.name())
}

fn in_quotes(name: &str) -> String {
    format!("route `{name}`")
}

impl Counts {
    fn report(&self, arguments: &Arguments) {
        let done = if arguments.check { "would change" } else { "changed" };
        let routes = count(self.routes, "route");
        let files = count(self.files, "file");
        let kept = if self.kept > 0 {
            format!(", {} could not be formatted", count(self.kept, "route"))
        } else {
            String::new()
        };
        let changed = self.changed;
        input::report(&format!("{changed} of {routes} {done}, in {} of {files}{kept}", self.changed_files));
    }
}
