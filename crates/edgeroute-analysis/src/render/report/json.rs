//! Writes the report as one JSON document, described in `docs/output.md`.
//!
//! The findings of a file are under `details.compilationErrors`, in the shape in which the cloud service reports errors
//! in a route (`TestRouteResult`), with additional keys.

use serde::Serialize;

use super::{FileReport, Report, message_of};
use edgeroute_lang::diagnostic::{Finding, Fix, Label};
use edgeroute_lang::span::{Position, Span};

/// The version of the document's shape. A new key does not change it.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'r> {
    version: u32,
    summary: Summary,
    files: Vec<File<'r>>,
    unreadable: Vec<Unreadable<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    errors: usize,
    warnings: usize,
    routes: usize,
    files: usize,
    fixable: usize,
    fixable_unsafely: usize,
    unreadable: usize,
}

#[derive(Serialize)]
struct File<'r> {
    #[serde(rename = "file")]
    name: &'r str,
    routes: usize,
    details: Details<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'r> {
    compilation_errors: Vec<Item<'r>>,
}

#[derive(Serialize)]
struct Item<'r> {
    code: &'static str,
    severity: &'static str,
    message: &'r str,
    location: Location,
    route: Option<&'r str>,
    label: Option<&'r str>,
    related: Vec<Related<'r>>,
    help: Option<&'r str>,
    fix: Option<Edit<'r>>,
}

#[derive(Serialize)]
struct Related<'r> {
    message: Option<&'r str>,
    location: Location,
}

#[derive(Serialize)]
struct Edit<'r> {
    location: Location,
    replacement: &'r str,
    applicability: &'static str,
}

#[derive(Serialize)]
struct Location {
    start: Place,
    /// The position after the last character.
    end: Place,
}

#[derive(Serialize)]
struct Place {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Unreadable<'r> {
    file: &'r str,
    message: &'r str,
}

impl Report<'_> {
    /// Writes one JSON document on one line, without a line break at its end.
    #[must_use]
    pub fn json(&self) -> String {
        let (errors, warnings) = self.counts();
        let (fixable, fixable_unsafely) = self.fixable();
        let document = Document {
            version: VERSION,
            summary: Summary {
                errors,
                warnings,
                routes: self.routes(),
                files: self.files.len(),
                fixable,
                fixable_unsafely,
                unreadable: self.unreadable.len(),
            },
            files: self.files.iter().map(file).collect(),
            unreadable: self
                .unreadable
                .iter()
                .map(|file| Unreadable { file: file.name, message: file.message })
                .collect(),
        };
        // The document has only strings as keys, so serializing it cannot fail.
        serde_json::to_string(&document).unwrap_or_default()
    }
}

fn file<'r>(file: &FileReport<'r>) -> File<'r> {
    let compilation_errors = file.findings.iter().map(|finding| item(file, finding)).collect();
    File { name: file.name, routes: file.routes, details: Details { compilation_errors } }
}

fn item<'r>(file: &FileReport<'r>, finding: &'r Finding) -> Item<'r> {
    let location = |span: Span| {
        let (start, end) = file.positions(span);
        Location { start: place(start), end: place(end) }
    };
    let diagnostic = &finding.diagnostic;
    let related = |label: &'r Label| Related { message: message_of(label), location: location(label.span) };
    let edit = |fix: &'r Fix| Edit {
        location: location(fix.span),
        replacement: &fix.replacement,
        applicability: fix.applicability.as_str(),
    };
    Item {
        code: diagnostic.code.as_str(),
        severity: diagnostic.severity.as_str(),
        message: &diagnostic.message,
        location: location(diagnostic.primary.span),
        route: finding.route.as_deref(),
        label: message_of(&diagnostic.primary),
        related: diagnostic.secondary.iter().map(related).collect(),
        help: diagnostic.help.as_deref(),
        fix: diagnostic.fix.as_ref().map(edit),
    }
}

fn place(position: Position) -> Place {
    Place { line: position.line, column: position.column }
}
