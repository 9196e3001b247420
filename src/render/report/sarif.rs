//! The report as a SARIF 2.1.0 log: the form that code scanning services and editors read.
//!
//! One run, with a rule for each code that occurs. Columns count Unicode code points. A route's name is a logical
//! location; a fix is an edit of the file.

use core::fmt::Write as _;

use serde_json::{Value, json};

use super::{FileReport, Report, message_of};
use crate::diagnostic::{Code, Diagnostic, Finding, Fix, Label};
use crate::span::Span;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

impl Report<'_> {
    /// One SARIF log, without a line break at its end.
    #[must_use]
    pub fn sarif(&self) -> String {
        let codes = self.codes();
        let results: Vec<Value> = self.findings().map(|(file, finding)| result(file, finding, &codes)).collect();
        let log = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": {
                    "driver": {
                        "name": env!("CARGO_PKG_NAME"),
                        "version": env!("CARGO_PKG_VERSION"),
                        "rules": codes.iter().map(|&code| rule(code)).collect::<Vec<_>>(),
                    },
                },
                "invocations": [self.invocation()],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }],
        });
        log.to_string()
    }

    /// How the run went: what could not be read is no result.
    fn invocation(&self) -> Value {
        let notifications: Vec<Value> = self
            .unreadable
            .iter()
            .map(|file| {
                json!({
                    "level": "error",
                    "message": { "text": file.message },
                    "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(file.name) } } }],
                })
            })
            .collect();
        json!({
            "executionSuccessful": self.unreadable.is_empty(),
            "toolExecutionNotifications": notifications,
        })
    }
}

fn rule(code: Code) -> Value {
    let explanation = code.explanation();
    let first_paragraph = explanation.split("\n\n").next().unwrap_or(explanation).replace('\n', " ");
    json!({
        "id": code.as_str(),
        "name": format!("{code:?}"),
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": first_paragraph.trim() },
        "help": { "text": explanation, "markdown": explanation },
        "defaultConfiguration": { "level": code.severity().as_str() },
    })
}

fn result(file: &FileReport<'_>, finding: &Finding, codes: &[Code]) -> Value {
    let diagnostic = &finding.diagnostic;
    let mut location = json!({ "physicalLocation": physical_location(file, diagnostic.primary.span) });
    if let Some(text) = message_of(&diagnostic.primary) {
        insert(&mut location, "message", json!({ "text": text }));
    }
    if let Some(route) = &finding.route {
        insert(&mut location, "logicalLocations", json!([{ "name": route, "kind": "member" }]));
    }
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "ruleIndex": codes.binary_search(&diagnostic.code).unwrap_or_default(),
        "level": diagnostic.severity().as_str(),
        "message": { "text": message(diagnostic) },
        "locations": [location],
    });
    if !diagnostic.secondary.is_empty() {
        let related: Vec<Value> =
            diagnostic.secondary.iter().enumerate().map(|(id, label)| related_location(file, id, label)).collect();
        insert(&mut result, "relatedLocations", json!(related));
    }
    if let Some(fix) = &diagnostic.fix {
        insert(&mut result, "fixes", json!([edit(file, diagnostic, fix)]));
    }
    result
}

/// What is wrong, and what to do about it: few viewers show more than a result's message.
fn message(diagnostic: &Diagnostic) -> String {
    match &diagnostic.help {
        Some(help) => format!("{}\nhelp: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    }
}

fn related_location(file: &FileReport<'_>, id: usize, label: &Label) -> Value {
    let mut related = json!({ "id": id, "physicalLocation": physical_location(file, label.span) });
    if let Some(text) = message_of(label) {
        insert(&mut related, "message", json!({ "text": text }));
    }
    related
}

fn edit(file: &FileReport<'_>, diagnostic: &Diagnostic, fix: &Fix) -> Value {
    json!({
        "description": { "text": diagnostic.help.as_deref().unwrap_or("mend it") },
        "artifactChanges": [{
            "artifactLocation": { "uri": uri(file.name) },
            "replacements": [{
                "deletedRegion": region(file, fix.span),
                "insertedContent": { "text": fix.replacement },
            }],
        }],
    })
}

fn physical_location(file: &FileReport<'_>, span: Span) -> Value {
    json!({ "artifactLocation": { "uri": uri(file.name) }, "region": region(file, span) })
}

fn region(file: &FileReport<'_>, span: Span) -> Value {
    let (start, end) = file.positions(span);
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn insert(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

/// A path as a URI reference (RFC 3986): all but what is unreserved, and slashes, is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // A `String` takes every write.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
