//! Writes findings as workflow commands, which GitHub Actions turns into annotations of a commit's files.
//!
//! A command is one line, `::error file=..,line=..::message`. In the message `%` and line breaks are escaped, and in the
//! other values `:` and `,` too, as the runner's own library does. The runner accepts columns only for a place within
//! one line.

use core::fmt::Write as _;

use super::Report;
use super::identity::path_of;
use edgeroute_lang::diagnostic::{Finding, quoted};
use edgeroute_lang::span::Position;

impl Report<'_> {
    /// Writes a workflow command for each finding, then one for each file that could not be read. Each ends with a line
    /// break.
    #[must_use]
    pub fn github(&self) -> String {
        let mut out = String::new();
        for (file, finding) in self.findings() {
            let diagnostic = &finding.diagnostic;
            let (start, end) = file.positions(diagnostic.primary.span);
            // Writing to a `String` cannot fail.
            let _ = writeln!(
                out,
                "::{} file={},{},title={}::{}",
                diagnostic.severity,
                property(path_of(file.name)),
                place(start, end),
                diagnostic.code,
                data(&message(finding)),
            );
        }
        for file in &self.unreadable {
            let _ = writeln!(out, "::error file={}::{}", property(path_of(file.name)), data(file.message));
        }
        out
    }
}

fn place(start: Position, end: Position) -> String {
    if start.line == end.line {
        format!("line={},col={},endLine={},endColumn={}", start.line, start.column, end.line, end.column)
    } else {
        format!("line={},endLine={}", start.line, end.line)
    }
}

/// The message, its route, and a line with the help.
fn message(finding: &Finding) -> String {
    let mut message = finding.diagnostic.message.clone();
    if let Some(route) = &finding.route {
        let _ = write!(message, " (in route `{}`)", quoted(route));
    }
    if let Some(help) = &finding.diagnostic.help {
        let _ = write!(message, "\nhelp: {help}");
    }
    message
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
