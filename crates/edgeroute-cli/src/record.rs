//! `edgeroute record`: writes test cases from messages, with the deliveries that a manifest gives now.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use edgeroute::{Delivery, RouteTable, Scratch};

use crate::compiled::{BadRoutesArguments, CompiledFile, ManifestArguments};
use crate::message_line::{InvalidMessage, MessageLine};
use crate::messages::{MessageArguments, Messages};
use crate::{Outcome, count, input, output};

const ABOUT: &str = "\
Write test cases from messages, with the deliveries that the manifest gives now.

The cases are YAML for `edgeroute test`: record them before you change routes, and run them afterwards. Identical messages \
become one case. Messages have the format that `edgeroute match --help` describes.";

const EXAMPLES: &str = "\
Examples:
  edgeroute record deployment.json --messages messages.jsonl --output cases.yaml
  edgeroute record deployment.json --exact < messages.jsonl > cases.yaml
  edgeroute record deployment.json --from sensor/temp -p temperature=85

Exit codes:
  0  the cases were written
  1  the manifest has problems
  2  the arguments or an input could not be used, or the output file exists";

/// Write test cases from messages, with the deliveries that the manifest gives now
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    manifest: ManifestArguments,
    #[command(flatten)]
    messages: MessageArguments,
    /// Also record the route, priority and time to live of each delivery
    #[arg(long)]
    exact: bool,
    /// Write the cases to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the output file if it exists
    #[arg(long, requires = "output")]
    force: bool,
    #[command(flatten)]
    bad_routes: BadRoutesArguments,
}

/// Routes every message, then writes the cases.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    if let Some(path) = &arguments.output
        && !path.extension().is_some_and(|end| end == "yaml" || end == "yml")
    {
        return Err(input::invalid(path, "cases are written as YAML; name a file *.yaml"));
    }
    if let Some(path) = arguments.output.as_ref().filter(|path| !arguments.force && path.exists()) {
        return Err(io::Error::other(format!("{}: the file exists; replace it with --force", input::name(path))));
    }
    let file = CompiledFile::read_with_messages(&arguments.manifest, &[], &arguments.messages, arguments.bad_routes)?;
    let Some(table) = file.and_then(CompiledFile::into_table) else {
        return Ok(Outcome::Problems);
    };
    let mut messages = Messages::open(&arguments.messages)?;
    let mut recorder = Recorder::new(&table, arguments.exact);
    while let Some((number, line)) = messages.next(|| Ok(()))? {
        if let Err(problem) = recorder.add(number, &line) {
            messages.report(&problem);
        }
    }
    let text = arguments.head() + &recorder.cases();
    if let Some(path) = &arguments.output {
        output::write(path, text.as_bytes())?;
    } else {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
    }
    let (read, cases) = (count(recorder.messages, "message"), count(recorder.seen.len(), "case"));
    input::report(&format!("{read}, {cases}"));
    Ok(if messages.bad_lines() == 0 { Outcome::Well } else { Outcome::Unusable })
}

impl Arguments {
    /// The start of the file, with the manifest if there is one that the file can refer to.
    fn head(&self) -> String {
        let mut manifests = self.manifest.paths();
        let only = manifests.next().filter(|path| manifests.next().is_none() && !input::is_stdin(path));
        let path = only.and_then(|path| relative(path, self.output.as_deref()));
        match path {
            Some(path) => format!("manifest: {}\n", yaml(&path)),
            None => "# Run with --manifest.\n".to_owned(),
        }
    }
}

/// The path of a manifest relative to the directory of the output, if it is in that directory or below.
fn relative(manifest: &Path, output: Option<&Path>) -> Option<String> {
    let directory = output.and_then(Path::parent).filter(|parent| !parent.as_os_str().is_empty());
    let path = match directory {
        None => manifest.to_owned(),
        Some(directory) => {
            let manifest = manifest.canonicalize().ok()?;
            let directory = directory.canonicalize().ok()?;
            manifest.strip_prefix(&directory).map_or(manifest.clone(), Path::to_owned)
        }
    };
    path.to_str().map(str::to_owned)
}

/// Collects cases.
struct Recorder<'t> {
    table: &'t RouteTable,
    scratch: Scratch,
    is_exact: bool,
    messages: usize,
    /// The messages of the cases, in YAML.
    seen: HashSet<String>,
    cases: String,
}

impl<'t> Recorder<'t> {
    fn new(table: &'t RouteTable, is_exact: bool) -> Self {
        let (scratch, seen) = (table.create_scratch(), HashSet::new());
        Self { table, scratch, is_exact, messages: 0, seen, cases: String::new() }
    }

    /// Adds a case, unless there is one with the same message.
    fn add(&mut self, number: usize, line: &MessageLine) -> Result<(), InvalidMessage> {
        let message = line.message()?;
        self.messages += 1;
        let written = line.to_yaml();
        if self.seen.contains(&written) {
            return Ok(());
        }
        let name = format!("message {number} from {}", message.origin().source());
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.cases, "  - name: {}", yaml(&name));
        if written.is_empty() {
            self.cases.push_str("    message: {}\n");
        } else {
            self.cases.push_str("    message:\n");
            written.lines().for_each(|line| self.cases.extend(["      ", line, "\n"]));
        }
        let mut deliveries = self.table.route_with(&mut self.scratch, &message).peekable();
        self.cases.push_str(if deliveries.peek().is_some() { "    expect:\n" } else { "    expect: []\n" });
        for delivery in deliveries {
            let _ = writeln!(self.cases, "      - {}", expectation(&delivery, self.is_exact));
        }
        self.seen.insert(written);
        Ok(())
    }

    fn cases(&self) -> String {
        if self.cases.is_empty() { "cases: []\n".to_owned() } else { format!("cases:\n{}", self.cases) }
    }
}

fn expectation(delivery: &Delivery<'_>, is_exact: bool) -> String {
    let endpoint = yaml(&delivery.endpoint().to_string());
    if !is_exact {
        return endpoint;
    }
    let (priority, time_to_live) = (delivery.priority().get(), delivery.time_to_live().as_secs());
    let route = yaml(delivery.route());
    format!("{{endpoint: {endpoint}, route: {route}, priority: {priority}, timeToLiveSecs: {time_to_live}}}")
}

/// Writes a string as YAML: in double quotes, in which YAML reads all of JSON's escapes.
pub(crate) fn yaml(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            // YAML does not allow these characters, or reads them as line breaks.
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}
