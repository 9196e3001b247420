//! `edgeroute match`: reads messages and writes their deliveries, one per line.

use std::fmt;
use std::io::{self, Write};

use edgeroute::{Retention, RouteTable, Scratch};
use serde::Serialize;

use crate::compiled::{BadRoutesArguments, CompiledFile, ManifestArguments};
use crate::message_line::{InvalidMessage, MessageLine};
use crate::messages::{MessageArguments, Messages};
use crate::{Outcome, count, input};

const ABOUT: &str = "\
Show where messages go.

Reads messages as JSON and writes their deliveries as JSON lines: the line of the message, the endpoint, the priority \
(2000000000: none is set), the time to live of the route in seconds (0: the hub's default), the effective time to live, for \
which the hub keeps the message (null: until it is delivered), and the name of the route. A message that no route takes has \
no deliveries. Memory does not grow with the number of messages.

Messages are JSON objects, one per line, each over several lines, or in an array. A single message can be given by options \
instead. The output of `az iot hub monitor-events --output json --properties all` is read as well.

A message is an object with any of these keys:
  origin            the sender: {\"device\": \"d\"} for a leaf device,
                    {\"device\": \"d\", \"module\": \"m\", \"output\": \"o\"} for a module (output is optional),
                    {\"device\": \"d\", \"twinChange\": true} for a twin change.
                    Default: the system properties connectionModuleId, outputName, messageType
  properties        application properties: strings or null
  systemProperties  such as contentType and contentEncoding: strings or null
  body              a string (the text of the body), or any other JSON (the body verbatim)
  bodyBase64        the bytes of the body in Base64
  source            an explicit source path, such as \"/deviceLifecycleEvents\"

No defaults are added: routes that query the body need a message with contentType (application/json) and \
contentEncoding (utf-8), as in a hub.

A message that is not valid is reported with its line; the others are processed, and the exit code is 2.";

const EXAMPLES: &str = "\
Examples:
  edgeroute match deployment.json --messages messages.jsonl
  edgeroute match deployment.json --device leaf-7 -p temperature=85
  edgeroute match base.json layer.json --from sensor/temp --body '{\"level\": 4}'
  edgeroute match --route 'FROM /messages/* WHERE level = 1 INTO $upstream' < messages.jsonl
  edgeroute match deployment.json < messages.jsonl | jq -r .endpoint | sort | uniq -c";

/// Show where messages go
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    manifest: ManifestArguments,
    /// Use this route in place of a manifest; may be repeated
    #[arg(long, value_name = "ROUTE")]
    route: Vec<String>,
    #[command(flatten)]
    messages: MessageArguments,
    #[command(flatten)]
    bad_routes: BadRoutesArguments,
}

/// A line of output.
#[derive(Serialize)]
struct DeliveryLine<'d> {
    /// The line number of the message.
    message: usize,
    endpoint: String,
    priority: u32,
    #[serde(rename = "timeToLiveSecs")]
    time_to_live: u32,
    /// `None` if the hub keeps the message until it is delivered.
    #[serde(rename = "effectiveTimeToLiveSecs")]
    effective_time_to_live: Option<u64>,
    route: &'d str,
}

/// Counts of messages and deliveries.
#[derive(Default)]
struct Counts {
    messages: usize,
    matched: usize,
    deliveries: usize,
    bad_lines: usize,
}

/// Compiles the manifest, then routes every message.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let file = CompiledFile::read_with_messages(
        &arguments.manifest,
        &arguments.route,
        &arguments.messages,
        arguments.bad_routes,
    )?;
    let Some(table) = file.and_then(CompiledFile::into_table) else {
        return Ok(Outcome::Problems);
    };
    let mut messages = Messages::open(&arguments.messages)?;
    let mut router = Router { scratch: table.create_scratch(), table: &table, counts: Counts::default() };
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    // A program that pipes in one message at a time waits for its deliveries before it sends the next.
    while let Some((number, line)) = messages.next(|| out.flush())? {
        if let Some(problem) = router.route(&line, number, &mut out)? {
            messages.report(&problem);
        }
    }
    out.flush()?;
    router.counts.bad_lines = messages.bad_lines();
    input::report(&router.counts.to_string());
    Ok(if messages.bad_lines() == 0 { Outcome::Well } else { Outcome::Unusable })
}

/// Routes messages through the table.
struct Router<'t> {
    table: &'t RouteTable,
    scratch: Scratch,
    counts: Counts,
}

impl Router<'_> {
    /// Writes the deliveries of a message. Returns an error if the message is invalid.
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
                effective_time_to_live: match delivery.retention() {
                    Retention::For(duration) => Some(duration.as_secs()),
                    Retention::Forever => None,
                },
                route: delivery.route(),
            };
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
        Ok(None)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, matched, deliveries, bad_lines } = *self;
        write!(f, "{}, {matched} matched, {}", count(messages, "message"), count(deliveries, "delivery"))?;
        if bad_lines > 0 { write!(f, ", {}", count(bad_lines, "bad line")) } else { Ok(()) }
    }
}
