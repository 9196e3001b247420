//! `edgeroute match`: messages in, deliveries out, a line at a time.

use std::fmt;
use std::io::{self, IsTerminal as _, Read, Write};
use std::path::PathBuf;

use edgeroute::{RouteTable, Scratch};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::compiled::CompiledFile;
use crate::input::{self, printable};
use crate::lines::{Line, Lines};
use crate::message_line::{InvalidMessage, MessageLine};
use crate::{Outcome, count};

const ABOUT: &str = "\
Tell where messages go.

Reads messages as JSON lines and writes their deliveries as JSON lines: the number of the message's line, endpoint, \
priority, time to live in seconds (0: the hub's default) and the route's name. A message that no route takes has no \
delivery. Memory does not grow with the number of messages.

A message is an object with any of these keys:
  origin            who sent it: {\"device\": \"d\"} a leaf device,
                    {\"device\": \"d\", \"module\": \"m\", \"output\": \"o\"} a module (the output may be missing),
                    {\"device\": \"d\", \"twinChange\": true} a change of a twin.
                    Without it, the system properties say so: connectionModuleId, outputName, messageType
  properties        application properties: strings or null
  systemProperties  such as contentType and contentEncoding: strings or null
  body              a text, or any other JSON, which is then the body as it is written
  bodyBase64        the body's bytes
  source            a source path of its own, such as \"/deviceLifecycleEvents\"

Nothing is filled in: routes that query the body need a message's contentType (application/json) and contentEncoding \
(utf-8) here as they do in a hub.

A line that is no message is reported with its number, the rest goes on, and the exit code is 2 at the end.";

const EXAMPLES: &str = "\
Examples:
  edgeroute match --manifest deployment.json --messages messages.jsonl
  echo '{\"origin\": {\"device\": \"leaf-7\"}}' | edgeroute match --manifest deployment.json
  edgeroute match --manifest deployment.json < messages.jsonl | jq -r .endpoint | sort | uniq -c";

/// Tell where messages go
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The deployment manifest; - for standard input
    #[arg(long, short, value_name = "FILE")]
    manifest: PathBuf,
    /// The messages, as JSON lines; - for standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    messages: PathBuf,
    /// Leave out routes that have problems, instead of refusing the manifest
    #[arg(long)]
    skip_bad_routes: bool,
    /// The longest line that is read as a message, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    max_line_bytes: usize,
}

/// One line of output.
#[derive(Serialize)]
struct DeliveryLine<'d> {
    /// The number of the message's line.
    message: usize,
    endpoint: String,
    priority: u32,
    #[serde(rename = "timeToLiveSecs")]
    time_to_live: u32,
    route: &'d str,
}

/// What became of the messages.
#[derive(Default)]
struct Counts {
    messages: usize,
    matched: usize,
    deliveries: usize,
    bad_lines: usize,
}

/// Compiles the manifest, then routes every message.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    if input::is_stdin(&arguments.manifest) && input::is_stdin(&arguments.messages) {
        return Err(io::Error::other("standard input cannot be both the manifest and the messages"));
    }
    let Some(table) = compile(arguments)? else {
        return Ok(Outcome::Problems);
    };
    if input::is_stdin(&arguments.messages) && io::stdin().is_terminal() {
        input::report("reading messages from standard input, one JSON object a line");
    }
    let (reader, length) = input::open(&arguments.messages)?;
    let progress = progress_bar(length);
    let mut router = Router {
        origin: input::name(&arguments.messages),
        scratch: table.create_scratch(),
        table: &table,
        progress: &progress,
        counts: Counts::default(),
    };
    let routed = router.route_all(Lines::new(reader, arguments.max_line_bytes), arguments.max_line_bytes);
    progress.finish_and_clear();
    routed?;
    input::report(&router.counts.to_string());
    Ok(if router.counts.bad_lines == 0 { Outcome::Well } else { Outcome::Unusable })
}

/// The table of a manifest's routes, or `None` where it has problems that are not to be skipped.
fn compile(arguments: &Arguments) -> io::Result<Option<RouteTable>> {
    let manifest = CompiledFile::read(&arguments.manifest)?;
    manifest.report_problems();
    let bad_routes: Vec<String> =
        manifest.bad_routes().into_iter().map(|name| format!("`{}`", printable(name))).collect();
    if manifest.problem_count() > 0 && !arguments.skip_bad_routes {
        input::report(&format!("{}: {}", input::name(&arguments.manifest), count(manifest.problem_count(), "problem")));
        return Ok(None);
    }
    let table = manifest.into_table();
    if table.is_some() && !bad_routes.is_empty() {
        input::report(&format!("left out: {}", bad_routes.join(", ")));
    }
    Ok(table)
}

/// The messages' way through the table.
struct Router<'t> {
    /// What to call the messages' file.
    origin: String,
    table: &'t RouteTable,
    scratch: Scratch,
    progress: &'t ProgressBar,
    counts: Counts,
}

impl Router<'_> {
    fn route_all(&mut self, mut lines: Lines<impl Read>, limit: usize) -> io::Result<()> {
        let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        loop {
            // Whoever pipes messages in one at a time wants their deliveries before the next.
            if !lines.has_next_at_hand() {
                out.flush()?;
            }
            let problem = match lines.next_line()? {
                None => break,
                Some(Line::Whole(line)) if line.trim_ascii().is_empty() => None,
                Some(Line::Whole(line)) => match MessageLine::parse(line) {
                    Err(problem) => Some(problem),
                    Ok(message) => self.route(&message, lines.number(), &mut out)?,
                },
                Some(Line::TooLong(bytes)) => {
                    let reason = format!("the line has {bytes} bytes, more than --max-line-bytes of {limit}");
                    Some(InvalidMessage { column: None, reason })
                }
            };
            if let Some(problem) = problem {
                self.counts.bad_lines += 1;
                self.report(lines.number(), &problem);
            }
            self.progress.set_position(lines.bytes());
        }
        out.flush()
    }

    /// Writes the deliveries of one message. Gives back why it is none.
    fn route(&mut self, line: &MessageLine, number: usize, out: &mut impl Write) -> io::Result<Option<InvalidMessage>> {
        let message = match line.message() {
            Ok(message) => message,
            Err(problem) => return Ok(Some(problem)),
        };
        let deliveries = self.table.route_with(&mut self.scratch, &message);
        self.counts.messages += 1;
        self.counts.matched += usize::from(deliveries.len() > 0);
        for delivery in deliveries {
            self.counts.deliveries += 1;
            let line = DeliveryLine {
                message: number,
                endpoint: delivery.endpoint().to_string(),
                priority: delivery.priority().get(),
                time_to_live: delivery.time_to_live().as_secs(),
                route: delivery.route(),
            };
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
        Ok(None)
    }

    fn report(&self, number: usize, problem: &InvalidMessage) {
        let column = problem.column.map(|column| format!(":{column}")).unwrap_or_default();
        let line = format!("{}:{number}{column}: {}", self.origin, printable(&problem.reason));
        self.progress.suspend(|| input::report(&line));
    }
}

/// Progress on a terminal; hidden where standard error is none, or where the deliveries scroll by on the same one.
fn progress_bar(length: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() || io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {elapsed}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, matched, deliveries, bad_lines } = *self;
        write!(f, "{}, {matched} matched, {}", count(messages, "message"), count(deliveries, "delivery"))?;
        if bad_lines > 0 { write!(f, ", {}", count(bad_lines, "bad line")) } else { Ok(()) }
    }
}
