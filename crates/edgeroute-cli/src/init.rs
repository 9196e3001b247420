//! `edgeroute init`: writes a configuration, and a test case for each route.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use edgeroute::{Route, RouteTable, Scratch};
use edgeroute_analysis::diff::{Comparer, Declared};
use edgeroute_lang::message::OwnedMessage;

use crate::compiled::{BadRoutesArguments, CompiledFile};
use crate::input::{self, printable};
use crate::manifests::ReadingArguments;
use crate::record::yaml;
use crate::{Outcome, count};

const ABOUT: &str = "\
Write a configuration file and test cases for a manifest.

Writes edgeroute.toml, for the levels of lints, and cases.yaml, with a test case for each route: a message that the route \
takes, and the deliveries that the manifest gives it now. `edgeroute test cases.yaml` then reports when a change of the \
manifest changes them. Existing files are not overwritten without --force.";

const EXAMPLES: &str = "\
Examples:
  edgeroute init deployment.json
  edgeroute init deployment.json --directory tests && edgeroute test tests/cases.yaml";

/// Write a configuration file and test cases for a manifest
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Deployment manifest
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Where to write the files [default: the directory of the manifest]
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    bad_routes: BadRoutesArguments,
}

const CONFIG: &str = "\
# Settings of edgeroute for the manifests in this directory and below.

# The levels of lints: allow, warn or deny. `edgeroute lint --list` lists all lints and their levels.
[lints]
# topology = \"deny\"
# possible-loop = \"warn\"
";

/// Writes both files.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    if input::is_stdin(&arguments.manifest) {
        return Err(io::Error::other("test cases need the name of the manifest, so it cannot be standard input"));
    }
    let Some(file) = CompiledFile::read(&[&arguments.manifest], &arguments.reading)?.usable(arguments.bad_routes)
    else {
        return Ok(Outcome::Problems);
    };
    let Some(table) = file.table() else {
        return Ok(Outcome::Problems);
    };
    let beside = arguments.manifest.parent().unwrap_or(Path::new(""));
    let directory = arguments.directory.as_deref().unwrap_or(beside);
    let manifest = match &arguments.directory {
        None => arguments.manifest.file_name().map(PathBuf::from).unwrap_or_default(),
        // A path that is valid from any directory.
        Some(_) => std::path::absolute(&arguments.manifest)?,
    };
    let mut cases = Cases { table, scratch: table.create_scratch(), text: String::new(), written: 0 };
    cases.begin(&manifest);
    for route in file.good_routes() {
        cases.add(route.route());
    }
    let Cases { mut text, written, .. } = cases;
    if written == 0 {
        text.push_str(" []\n");
    }
    std::fs::create_dir_all(directory).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound if directory.as_os_str().is_empty() => Ok(()),
        _ => Err(input::invalid(directory, &error.to_string())),
    })?;
    let files = [("edgeroute.toml", CONFIG), ("cases.yaml", &*text)];
    let mut outcome = Outcome::Well;
    for (name, content) in files {
        let path = directory.join(name);
        match write(&path, content, arguments.force) {
            Ok(()) => input::report(&format!("wrote {}", input::name(&path))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                input::report(&format!("{}: exists already; overwrite it with --force", input::name(&path)));
                outcome = Outcome::Unusable;
            }
            Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", input::name(&path)))),
        }
    }
    if outcome == Outcome::Well {
        input::report(&format!("{} for {}", count(written, "test case"), count(table.len(), "route")));
    }
    Ok(outcome)
}

fn write(path: &Path, content: &str, force: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    options.open(path)?.write_all(content.as_bytes())
}

/// The test cases of a manifest.
struct Cases<'t> {
    table: &'t RouteTable,
    scratch: Scratch,
    text: String,
    written: usize,
}

impl Cases<'_> {
    fn begin(&mut self, manifest: &Path) {
        // Writing to a `String` cannot fail.
        let _ = write!(self.text, "manifest: {}\ncases:", yaml(&manifest.to_string_lossy()));
    }

    /// Adds a case for a route, or a comment if no message was found that the route takes.
    fn add(&mut self, route: &Route) {
        let diff = Comparer::new().compare(&Declared::default(), &Declared::new([route.clone()]));
        let witness = diff.changes().iter().find_map(|change| change.gained().witness());
        let name = printable(route.name());
        let Some(message) = witness.map(|witness| witness.message().clone()) else {
            let _ = write!(self.text, "\n  # No message was found that the route {} takes.\n", yaml(&name));
            return;
        };
        self.written += 1;
        let message_json = with_readable_body(&message);
        let _ = write!(self.text, "\n  - name: {}\n    message: {message_json}\n", yaml(&name));
        self.expect(&message);
    }

    fn expect(&mut self, message: &OwnedMessage) {
        let deliveries = self.table.route_with(&mut self.scratch, &message.as_message());
        if deliveries.len() == 0 {
            self.text.push_str("    expect: []\n");
            return;
        }
        self.text.push_str("    expect:\n");
        for delivery in deliveries {
            let (endpoint, route) = (yaml(&delivery.endpoint().to_string()), yaml(delivery.route()));
            let _ = writeln!(self.text, "      - {{ endpoint: {endpoint}, route: {route} }}");
        }
    }
}

/// A message in JSON. A body that is a JSON object is written as it is, and not as a string.
fn with_readable_body(message: &OwnedMessage) -> String {
    let mut value = serde_json::to_value(message).unwrap_or_default();
    let body = str::from_utf8(message.body()).ok().and_then(|body| serde_json::from_str(body).ok());
    if let (Some(members), Some(body)) = (value.as_object_mut(), body.filter(serde_json::Value::is_object)) {
        members.insert("body".to_owned(), body);
    }
    value.to_string()
}
