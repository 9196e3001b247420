//! Checks shared by the fuzz targets, on what the library reports about a text.
#![forbid(unsafe_code)]

use edgeroute_lang::diagnostic::{Diagnostic, render};
use edgeroute_lang::span::{LineIndex, Span};

/// Checks that every span of every finding is within the text on character boundaries, and that every finding can be
/// shown.
///
/// # Panics
/// Panics if a check fails.
pub fn assert_about(text: &str, findings: &[Diagnostic]) {
    let lines = LineIndex::new(text);
    for finding in findings {
        assert_within(text, finding.primary.span);
        finding.secondary.iter().for_each(|label| assert_within(text, label.span));
        finding.fix.iter().for_each(|fix| assert_within(text, fix.span));
        assert!(!render(finding, "input", text, &lines).is_empty());
    }
}

/// Checks that the span is within the text on character boundaries.
///
/// # Panics
/// Panics if it is not.
pub fn assert_within(text: &str, span: Span) {
    assert!(text.get(span.range()).is_some(), "{span:?} in a text of {} bytes", text.len());
}
