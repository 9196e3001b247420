//! Writes the report as a SARIF 2.1.0 log, the form that code scanning services and editors read.
//!
//! There is one run, with a rule for each code that occurs. Columns count Unicode code points. A route's name is a
//! logical location; a fix is an edit of the file.

use core::fmt::Write as _;
use std::borrow::Cow;

use serde::Serialize;

use super::{FileReport, Report, message_of};
use crate::lint::explanation;
use edgeroute_lang::diagnostic::{Code, Diagnostic, Finding, Fix, Label, Severity};
use edgeroute_lang::span::Span;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Tool,
    invocations: [Invocation<'r>; 1],
    column_kind: &'static str,
    results: Vec<Outcome<'r>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    name: String,
    short_description: Message<'static>,
    full_description: Message<'static>,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Help {
    text: Cow<'static, str>,
    markdown: Cow<'static, str>,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

/// How the run went. Files that could not be read are reported here, because they are not results.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'r> {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification<'r>>,
}

#[derive(Serialize)]
struct Notification<'r> {
    level: &'static str,
    message: Message<'r>,
    locations: [Location<'r>; 1],
}

/// A result, in SARIF's terms.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'r> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message<'r>,
    locations: [Location<'r>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<SarifFix<'r>>,
}

#[derive(Serialize)]
struct Message<'r> {
    text: Text<'r>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Text<'r> {
    Borrowed(&'r str),
    Made(String),
}

impl<'r> Message<'r> {
    const fn new(text: &'r str) -> Self {
        Self { text: Text::Borrowed(text) }
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_locations: Option<[LogicalLocation<'r>; 1]>,
    #[serde(rename = "physicalLocation")]
    place: PhysicalLocation<'r>,
}

#[derive(Serialize)]
struct LogicalLocation<'r> {
    name: &'r str,
    kind: &'static str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation<'r> {
    artifact_location: Artifact<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Copy, Clone, Default, Serialize)]
struct Artifact<'r> {
    uri: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

/// A fix, in SARIF's terms.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifFix<'r> {
    description: Message<'r>,
    artifact_changes: [Change<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'r> {
    artifact_location: Artifact<'r>,
    replacements: [Replacement<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'r> {
    deleted_region: Region,
    inserted_content: Message<'r>,
}

impl Report<'_> {
    /// Writes one SARIF log, without a line break at its end.
    #[must_use]
    pub fn sarif(&self) -> String {
        let codes = self.codes();
        let uris: Vec<String> = self.files.iter().map(|file| uri(file.name)).collect();
        let unreadable: Vec<String> = self.unreadable.iter().map(|file| uri(file.name)).collect();
        let results = self.files.iter().zip(&uris).flat_map(|(file, uri)| {
            let place = Place { file, artifact: Artifact { uri } };
            let codes = &codes;
            file.findings.iter().map(move |finding| place.outcome(finding, codes))
        });
        let notifications = self.unreadable.iter().zip(&unreadable).map(|(file, uri)| Notification {
            level: Severity::Error.as_str(),
            message: Message::new(file.message),
            locations: [Location {
                place: PhysicalLocation { artifact_location: Artifact { uri }, region: None },
                ..Location::default()
            }],
        });
        let log = Log {
            schema: SCHEMA,
            version: "2.1.0",
            runs: [Run {
                tool: Tool {
                    driver: Driver {
                        name: env!("CARGO_PKG_NAME"),
                        version: env!("CARGO_PKG_VERSION"),
                        rules: codes.iter().map(|&code| rule(code)).collect(),
                    },
                },
                invocations: [Invocation {
                    execution_successful: self.unreadable.is_empty(),
                    tool_execution_notifications: notifications.collect(),
                }],
                column_kind: "unicodeCodePoints",
                results: results.collect(),
            }],
        };
        // The log has only strings as keys, so serializing it cannot fail.
        serde_json::to_string(&log).unwrap_or_default()
    }
}

fn rule(code: Code) -> Rule {
    let explanation = explanation(code);
    let first_paragraph = explanation.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    Rule {
        id: code.as_str(),
        name: format!("{code:?}"),
        short_description: Message::new(code.title()),
        full_description: Message { text: Text::Made(first_paragraph.trim().to_owned()) },
        help: Help { text: explanation.clone(), markdown: explanation },
        default_configuration: Configuration { level: code.severity().as_str() },
    }
}

/// A file in the log.
#[derive(Copy, Clone)]
struct Place<'r> {
    file: &'r FileReport<'r>,
    artifact: Artifact<'r>,
}

impl<'r> Place<'r> {
    fn outcome(self, finding: &'r Finding, codes: &[Code]) -> Outcome<'r> {
        let diagnostic = &finding.diagnostic;
        let route = finding.route.as_deref();
        let location = Location {
            logical_locations: route.map(|name| [LogicalLocation { name, kind: "member" }]),
            ..self.location(None, &diagnostic.primary)
        };
        let related = diagnostic.secondary.iter().enumerate();
        Outcome {
            rule_id: diagnostic.code.as_str(),
            rule_index: codes.binary_search(&diagnostic.code).unwrap_or_default(),
            level: diagnostic.severity.as_str(),
            message: message(diagnostic),
            locations: [location],
            related_locations: related.map(|(id, label)| self.location(Some(id), label)).collect(),
            fixes: diagnostic.fix.iter().map(|fix| self.fix(diagnostic, fix)).collect(),
        }
    }

    fn location(self, id: Option<usize>, label: &'r Label) -> Location<'r> {
        let region = Some(self.region(label.span));
        Location {
            id,
            message: message_of(label).map(Message::new),
            logical_locations: None,
            place: PhysicalLocation { artifact_location: self.artifact, region },
        }
    }

    fn fix(self, diagnostic: &'r Diagnostic, fix: &'r Fix) -> SarifFix<'r> {
        let replacement =
            Replacement { deleted_region: self.region(fix.span), inserted_content: Message::new(&fix.replacement) };
        SarifFix {
            description: Message::new(diagnostic.help.as_deref().unwrap_or("apply the fix")),
            artifact_changes: [Change { artifact_location: self.artifact, replacements: [replacement] }],
        }
    }

    fn region(self, span: Span) -> Region {
        let (start, end) = self.file.positions(span);
        Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
    }
}

/// The problem and how to fix it, in one message, because few viewers show more than a result's message.
fn message(diagnostic: &Diagnostic) -> Message<'_> {
    match &diagnostic.help {
        Some(help) => Message { text: Text::Made(format!("{}\nhelp: {help}", diagnostic.message)) },
        None => Message::new(&diagnostic.message),
    }
}

/// Writes a path as a URI reference (RFC 3986): everything except slashes and unreserved characters is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
