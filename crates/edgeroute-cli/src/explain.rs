//! `edgeroute explain`: shows why messages go where they go.

use std::io::{self, Write};

use edgeroute_analysis::explain::{Explanation, Routes, explain};
use edgeroute_analysis::render::{
    Color, ExplanationJson, SourceDetail, TextStyle, explanation_text, route_explanation_text,
};
use edgeroute_lang::diagnostic::closest;

use crate::color::ColorArguments;
use crate::compiled::{BadRoutesArguments, CompiledFile, ManifestArguments, names_of};
use crate::input::printable;
use crate::messages::{MessageArguments, Messages};
use crate::{Outcome, input};
use edgeroute::Route;

const ABOUT: &str = "\
Explain why messages go where they go.

For each message, shows its deliveries, and for each route whether it took the message and why. Below the text of a \
route, shows what each part of its condition evaluates to, from the inside out: a value, true, false, or undefined with \
the reason. The results are always those of `edgeroute match`.

Messages have the format that `edgeroute match --help` describes.";

const EXAMPLES: &str = "\
Examples:
  edgeroute explain deployment.json --messages messages.jsonl --line 5
  edgeroute explain deployment.json --from sensor/temp -p temperature=85 --body '{\"level\": 4}'
  edgeroute explain --route 'FROM /messages/* WHERE as_number(t) > 80 INTO $upstream' -p t=85
  edgeroute explain deployment.json --messages messages.jsonl --route alertsUpstream
  edgeroute explain deployment.json --format json < messages.jsonl |
      jq 'select(.deliveries == []) | .routes[] | select(.outcome == \"undefined\") | .name'";

/// Explain why messages go where they go
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    manifest: ManifestArguments,
    #[command(flatten)]
    messages: MessageArguments,
    /// Only explain the message on this line
    #[arg(long, value_name = "NUMBER")]
    line: Option<usize>,
    /// Only explain the route with this name, in full; or explain this route in place of a manifest. May be repeated
    #[arg(long, value_name = "NAME|ROUTE")]
    route: Vec<String>,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    color: ColorArguments,
    #[command(flatten)]
    bad_routes: BadRoutesArguments,
}

#[derive(Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The text of each route, with the values of its parts below
    Text,
    /// One JSON object per line for each message
    Json,
}

/// Explains every message, or only the selected one.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let (texts, mut names): (Vec<String>, Vec<String>) =
        arguments.route.iter().cloned().partition(|route| is_text_of_route(route));
    let (manifest, messages) = (&arguments.manifest, &arguments.messages);
    let file = CompiledFile::read_with_messages(manifest, &texts, messages, arguments.bad_routes)?;
    let Some(file) = file else {
        return Ok(Outcome::Problems);
    };
    if !texts.is_empty() && names.is_empty() {
        names = names_of(&texts);
    }
    let names = &*names;
    let routes = file.routes();
    if let Some(unknown) = names.iter().find(|name| !routes.iter().any(|route| route.name() == *name)) {
        return Err(io::Error::other(no_such_route(unknown, &routes)));
    }
    let mut messages = Messages::open(&arguments.messages)?;
    let (out, color) = arguments.color.stream(io::stdout().lock());
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    let mut is_found = false;
    while let Some((number, line)) = messages.next(|| out.flush())? {
        if arguments.line.is_some_and(|wanted| wanted != number) {
            continue;
        }
        match line.message() {
            Ok(message) => {
                let explanation = explain(&routes, &message);
                match arguments.format {
                    Format::Text => {
                        let separator = if is_found { "\n" } else { "" };
                        write!(out, "{separator}{}", text(names, &explanation, number, color))?;
                    }
                    Format::Json => writeln!(out, "{}", json(names, &explanation, number))?,
                }
                is_found = true;
            }
            Err(problem) => messages.report(&problem),
        }
        if arguments.line.is_some() {
            break;
        }
    }
    out.flush()?;
    if let Some(line) = arguments.line.filter(|_| !is_found) {
        input::report(&format!("edgeroute: no message on line {line}"));
        return Ok(Outcome::Unusable);
    }
    Ok(if messages.bad_lines() == 0 { Outcome::Well } else { Outcome::Unusable })
}

/// Whether an argument is the text of a route, and not a name.
fn is_text_of_route(argument: &str) -> bool {
    let first = argument.split_whitespace().next().unwrap_or_default();
    first.len() < argument.trim().len() && ["FROM", "SELECT"].iter().any(|word| word.eq_ignore_ascii_case(first))
}

fn no_such_route(name: &str, routes: &Routes<'_>) -> String {
    let hint = match closest(name, routes.iter().map(Route::name)) {
        Some(near) => format!(", did you mean `{}`?", printable(near)),
        None => String::new(),
    };
    format!("unknown route `{}`{hint}", printable(name))
}

fn text(names: &[String], explanation: &Explanation<'_, '_>, number: usize, color: Color) -> String {
    let style = TextStyle { color, ..TextStyle::default() };
    if names.is_empty() {
        return format!("message {number} {}", explanation_text(explanation, &style));
    }
    let style = TextStyle { source_detail: SourceDetail::Full, ..style };
    let mut out = format!("message {number} from {}\n", printable(explanation.source()));
    for route in explanation.routes().iter().filter(|route| names.iter().any(|name| name == route.route().name())) {
        out.push('\n');
        out.push_str(&route_explanation_text(explanation, route, &style));
    }
    out
}

fn json(names: &[String], explanation: &Explanation<'_, '_>, number: usize) -> String {
    let json = ExplanationJson::new().message(number);
    if names.is_empty() { json.write(explanation) } else { json.routes(names).write(explanation) }
}
