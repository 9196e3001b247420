//! `edgeroute fmt`: formats the routes of manifests in canonical form.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use edgeroute_lang::diagnostic::Diagnostic;
use edgeroute_lang::format::{FormattedManifest, Kept, format_manifest};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::RouteSpec;
use edgeroute_lang::span::{PositionWalk, Span};

use crate::input::{self, printable};
use crate::output;
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
    /// Deployment manifests; - to read standard input and write standard output
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only list what would change; exit with 1 if anything would
    #[arg(long)]
    check: bool,
}

/// Counts over all files.
#[derive(Default)]
struct Counts {
    routes: usize,
    changed: usize,
    changed_files: usize,
    kept: usize,
}

/// Formats every file, then prints a summary.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    if arguments.files.iter().filter(|path| input::is_stdin(path)).count() > 1 {
        return Err(io::Error::other("standard input can be given only once"));
    }
    let mut outcome = Outcome::Well;
    let mut counts = Counts::default();
    for path in &arguments.files {
        let done = format_file(path, arguments, &mut counts).or_else(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                return Err(error);
            }
            input::report(&error.to_string());
            Ok(Outcome::Unusable)
        });
        outcome = outcome.max(done?);
    }
    if arguments.check && counts.changed > 0 {
        outcome = outcome.max(Outcome::Problems);
    }
    counts.report(arguments);
    Ok(outcome)
}

fn format_file(path: &Path, arguments: &Arguments, counts: &mut Counts) -> io::Result<Outcome> {
    let text = input::read_text(path)?;
    let name = input::name(path);
    let formatted = format_manifest(&text, &Limits::default());
    counts.routes += formatted.routes.len();
    counts.changed += formatted.changed().count();
    counts.changed_files += usize::from(!formatted.is_unchanged());
    counts.kept += formatted.kept().count();
    let outcome = report_kept(&name, &text, &formatted);
    if arguments.check {
        show_changes(&name, &text, &formatted)?;
    } else if input::is_stdin(path) {
        let mut out = io::stdout().lock();
        out.write_all(formatted.text.as_bytes())?;
        out.flush()?;
    } else if !formatted.is_unchanged() {
        output::replace(path, &formatted.text)?;
    }
    Ok(outcome)
}

/// Shows each route that would change, with its position, its current text and its new text.
fn show_changes(name: &str, text: &str, formatted: &FormattedManifest) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut walk = PositionWalk::new(text);
    for (route, canonical) in formatted.changed() {
        let position = walk.advance_to(route.text_span().start());
        writeln!(out, "{name}:{position}: route `{}`", printable(route.name()))?;
        writeln!(out, "- {}", printable(route.text()))?;
        writeln!(out, "+ {}\n", printable(canonical))?;
    }
    out.flush()
}

/// Reports the routes that were not formatted, in the order of the file, and why.
fn report_kept(name: &str, text: &str, formatted: &FormattedManifest) -> Outcome {
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
    let mut walk = PositionWalk::new(text);
    for (span, line) in lines {
        let position = walk.advance_to(span.start());
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
        let files = count(arguments.files.len(), "file");
        let kept = if self.kept > 0 {
            format!(", {} could not be formatted", count(self.kept, "route"))
        } else {
            String::new()
        };
        let changed = self.changed;
        input::report(&format!("{changed} of {routes} {done}, in {} of {files}{kept}", self.changed_files));
    }
}
