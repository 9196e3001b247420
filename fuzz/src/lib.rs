//! What the fuzz targets share: checks on what the library says about a text.
#![forbid(unsafe_code)]

use edgeroute_lang::diagnostic::{Diagnostic, render};
use edgeroute_lang::span::{LineIndex, Span};

/// Every span of every finding is within the text and between its characters, and every finding can be shown.
///
/// # Panics
/// If it is not.
pub fn assert_about(text: &str, findings: &[Diagnostic]) {
    let lines = LineIndex::new(text);
    for finding in findings {
        assert_within(text, finding.primary.span);
        finding.secondary.iter().for_each(|label| assert_within(text, label.span));
        finding.fix.iter().for_each(|fix| assert_within(text, fix.span));
        assert!(!render(finding, "input", text, &lines).is_empty());
    }
}

/// The span is within the text and between its characters.
///
/// # Panics
/// If it is not.
pub fn assert_within(text: &str, span: Span) {
    assert!(text.get(span.range()).is_some(), "{span:?} in a text of {} bytes", text.len());
}
