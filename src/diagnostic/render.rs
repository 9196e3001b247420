//! A diagnostic as plain text, with the line and a caret under the place.

use core::fmt::Write as _;

use super::Diagnostic;
use crate::span::{LineIndex, Span};

/// The most characters of a line that are shown; a longer line is cut around the place.
const LINE_WIDTH: usize = 120;

/// Writes `diagnostic` as a compiler would: code and message, `origin:line:column`, the line with carets under the
/// span, labels, help. No colour, no trailing newline. `lines` must have been made of `text`.
///
/// ```
/// use edgeroute::diagnostic::{Code, Diagnostic, render};
/// use edgeroute::span::{LineIndex, Span};
///
/// let text = "FROM /a WHERE b == 'c' INTO $upstream";
/// let found = Diagnostic::new(Code::ExpectedOperand, Span::new(17, 18), "expected an operand, found `=`");
/// let shown = render(&found, "route.txt", text, &LineIndex::new(text));
/// assert_eq!(shown.lines().next(), Some("error[E0106]: expected an operand, found `=`"));
/// assert!(shown.contains("--> route.txt:1:18"));
/// ```
#[must_use]
pub fn render(diagnostic: &Diagnostic, origin: &str, text: &str, lines: &LineIndex) -> String {
    let mut out = format!("{}[{}]: {}\n", diagnostic.severity(), diagnostic.code, diagnostic.message);
    let start = lines.position(text, diagnostic.primary.span.start());
    let labels =
        core::iter::once((&diagnostic.primary, '^')).chain(diagnostic.secondary.iter().map(|label| (label, '-')));
    let last_line = labels.clone().map(|(label, _)| lines.position(text, label.span.start()).line).max();
    let width = last_line.unwrap_or(start.line).to_string().len();
    // A `String` takes every write.
    let _ = writeln!(out, "{:width$}--> {origin}:{start}", "");
    let _ = writeln!(out, "{:width$} |", "");
    let mut shown_line = None;
    for (label, mark) in labels {
        let position = lines.position(text, label.span.start());
        let line_span = lines.line_span(text, position.line);
        let excerpt = Excerpt::new(line_span.slice(text), label.span, line_span);
        if shown_line != Some(position.line) || excerpt.is_cut {
            let _ = writeln!(out, "{:>width$} | {}", position.line, excerpt.text);
            shown_line = Some(position.line);
        }
        let marks = mark.to_string().repeat(excerpt.marked);
        let _ = writeln!(out, "{:width$} | {:indent$}{marks} {}", "", "", label.text, indent = excerpt.indent);
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "{:width$} = help: {help}", "");
    }
    out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The part of a line that is shown, and where its carets go.
struct Excerpt {
    /// Control characters are shown as spaces, so that the carets stay under their place.
    text: String,
    indent: usize,
    /// At least one.
    marked: usize,
    is_cut: bool,
}

impl Excerpt {
    fn new(line: &str, span: Span, line_span: Span) -> Self {
        let from = (span.start().saturating_sub(line_span.start())) as usize;
        let to = (span.end().min(line_span.end()).saturating_sub(line_span.start())) as usize;
        let before = line.get(..from).unwrap_or(line).chars().count();
        let marked = line.get(from..to).unwrap_or_default().chars().count().max(1);
        let total = line.chars().count();
        let first = if total <= LINE_WIDTH { 0 } else { before.saturating_sub(LINE_WIDTH / 3) };
        let shown = line.chars().skip(first).take(LINE_WIDTH).map(|c| if c.is_control() { ' ' } else { c });
        let mut text: String = shown.collect();
        let mut indent = before - first;
        if first > 0 {
            text.insert_str(0, "... ");
            indent += 4;
        }
        if first + LINE_WIDTH < total {
            text.push_str(" ...");
        }
        let room = text.chars().count().saturating_sub(indent).max(1);
        Self { text, indent, marked: marked.min(room), is_cut: first > 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    fn show(text: &str, diagnostic: &Diagnostic) -> String {
        render(diagnostic, "m.json", text, &LineIndex::new(text))
    }

    #[test]
    fn carets_stand_under_the_span_and_labels_behind_them() {
        let found = Diagnostic::new(Code::ExpectedKeyword, Span::new(8, 12), "expected INTO, found `here`")
            .with_label("expected INTO")
            .with_secondary(Span::new(0, 4), "of this route")
            .with_help("write INTO");
        assert_eq!(
            show("FROM /a\nhere", &found.map_spans(|span| span)),
            "error[E0107]: expected INTO, found `here`\n --> m.json:2:1\n  |\n2 | here\n  | ^^^^ expected INTO\n1 | FROM /a\n  | ---- of this route\n  = help: write INTO"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}@{}", "a".repeat(500), "b".repeat(500));
        let shown = show(&text, &Diagnostic::new(Code::UnknownCharacter, Span::new(500, 501), "unknown character `@`"));
        let lines: Vec<&str> = shown.lines().collect();
        let caret = lines[4].find('^').unwrap();
        assert_eq!(lines[3].as_bytes()[caret], b'@');
        assert!(lines[3].len() < 140);
    }

    #[test]
    fn a_span_past_the_end_or_within_a_character_is_shown_and_does_not_panic() {
        let end = show("é", &Diagnostic::new(Code::ExpectedOperand, Span::new(2, 2), "expected an operand"));
        assert!(end.contains("1:2"), "{end}");
        let far = show("é", &Diagnostic::new(Code::ExpectedOperand, Span::new(900, 999), "expected an operand"));
        assert!(far.contains("1:2"), "{far}");
        let inside = show("é", &Diagnostic::new(Code::ExpectedOperand, Span::new(1, 2), "expected an operand"));
        assert!(inside.contains("1:1"), "{inside}");
    }
}
