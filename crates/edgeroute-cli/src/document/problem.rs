//! Errors in documents, with their positions.

use std::fmt::Write as _;
use std::ops::Range;

use edgeroute_lang::span::{LineIndex, Span};

use crate::input::printable;

/// The number of characters of a line that are shown before and after the position.
const SHOWN: usize = 100;

/// The most characters of a name that a message repeats.
const NAME_WIDTH: usize = 60;

/// Quotes a name from a document for a message.
pub(crate) fn quoted(name: &str) -> String {
    let mut characters = name.chars();
    let start: String = characters.by_ref().take(NAME_WIDTH).collect();
    let dots = if characters.next().is_some() { "..." } else { "" };
    format!("`{start}{dots}`")
}

/// An error in a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    /// The position in bytes of the document.
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Problem {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Formats the problem with its line and a caret under the position, in the style of a compiler.
    pub(crate) fn render(&self, name: &str, text: &str) -> String {
        let lines = LineIndex::new(text);
        let span = Span::from_range(self.span.clone());
        let position = lines.position(text, span.start());
        let line_span = lines.line_span(text, position.line);
        let start = span.start().clamp(line_span.start(), line_span.end());
        let before = Span::new(line_span.start(), start).slice(text);
        let marked = Span::new(start, span.end().min(line_span.end())).slice(text);
        let after = Span::new(span.end().clamp(start, line_span.end()), line_span.end()).slice(text);
        let skipped = before.chars().count().saturating_sub(SHOWN);
        let marked: String = marked.chars().take(SHOWN).collect();
        let shown: String =
            before.chars().skip(skipped).chain(marked.chars()).chain(after.chars().take(SHOWN)).collect();
        let dots = if skipped > 0 { "..." } else { "" };
        let shown: String =
            shown.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
        let indent = before.chars().count() - skipped + dots.len();
        let carets = "^".repeat(marked.chars().count().max(1));
        let number = position.line.to_string();
        let width = number.len();
        let mut out = format!(
            "error: {}\n{:width$}--> {name}:{position}\n{:width$} |\n{number} | {dots}{}\n{:width$} | {:indent$}{carets}",
            printable(&self.message),
            "",
            "",
            shown.trim_end(),
            "",
            "",
        );
        if let Some(help) = &self.help {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\n{:width$} = help: {}", "", printable(help));
        }
        out
    }
}
