//! Renders a diagnostic as plain text, with the lines and carets under the spans.

use core::fmt::Write as _;

use super::Diagnostic;
use super::excerpt::{bounded, excerpts};
use crate::span::{LineIndex, Span};

/// Renders `diagnostic` the way a compiler does: code and message, `origin:line:column`, the lines with carets under
/// the spans, labels, help. It adds no colour and no trailing newline. `lines` must have been built from `text`.
///
/// The text may come from anywhere. Only a window of a long line is shown, and characters that control a terminal or
/// reverse the direction of writing are shown as their codes. The cost does not depend on the length of the text.
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
    let mut out = format!("{}[{}]: {}\n", diagnostic.severity, diagnostic.code, bounded(&diagnostic.message));
    let start = lines.position(text, diagnostic.primary.span.start());
    let labels: Vec<_> = diagnostic.labels().collect();
    let spans: Vec<Span> = labels.iter().map(|label| label.span).collect();
    let excerpts = excerpts(text, lines, &spans);
    let width = excerpts.last().map_or(start.line, |last| last.line).to_string().len();
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "{:width$}--> {}:{start}", "", bounded(origin));
    let _ = writeln!(out, "{:width$} |", "");
    for excerpt in excerpts {
        let _ = writeln!(out, "{:>width$} | {}", excerpt.line, excerpt.text);
        for mark in excerpt.marks {
            let indent = excerpt.text.get(..mark.range.start).map_or(0, |before| before.chars().count());
            let marked = excerpt.text.get(mark.range).map_or(0, |marked| marked.chars().count()).max(1);
            let carets = if mark.label == 0 { "^" } else { "-" }.repeat(marked);
            let text = labels.get(mark.label).map_or_else(String::new, |label| bounded(&label.text));
            let _ = writeln!(out, "{:width$} | {:indent$}{carets} {text}", "", "");
        }
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "{:width$} = help: {}", "", bounded(help));
    }
    out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, is_invisible};

    fn show(text: &str, diagnostic: &Diagnostic) -> String {
        render(diagnostic, "m.json", text, &LineIndex::new(text))
    }

    #[test]
    fn carets_are_under_the_span_and_labels_after_them() {
        let found = Diagnostic::new(Code::ExpectedKeyword, Span::new(8, 12), "expected INTO, found `here`")
            .with_label("expected INTO")
            .with_secondary(Span::new(0, 4), "of this route")
            .with_help("write INTO");
        assert_eq!(
            show("FROM /a\nhere", &found.map_spans(|span| span)),
            "error[E0107]: expected INTO, found `here`\n --> m.json:2:1\n  |\n1 | FROM /a\n  | ---- of this route\n2 | here\n  | ^^^^ expected INTO\n  = help: write INTO"
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
    fn hostile_texts_are_shown_safely_and_in_little_space() {
        let name = "\u{202e}\u{1b}[2J".repeat(100_000);
        let found = Diagnostic::new(Code::UnknownFunction, Span::new(0, 1_000_000), format!("no function {name}"))
            .with_label(name.clone())
            .with_help(name.clone());
        let shown = render(&found, &name, &name, &LineIndex::new(&name));
        assert!(!shown.chars().any(|c| c != '\n' && is_invisible(c)), "{shown:?}");
        assert!(shown.len() < 40_000, "{}", shown.len());
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
