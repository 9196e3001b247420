//! Typographic quotes, which quote nothing.
//!
//! # Why
//! Word processors and chats turn `'critical'` into `‘critical’`. To a route these quotes are letters: `‘critical’` is
//! the name of a property, which no message has.
//!
//! # Example
//! ```route W0109
//! FROM /messages/* WHERE level = ‘critical’ INTO $upstream
//! ```
//!
//! # Use instead
//! ```route
//! FROM /messages/* WHERE level = 'critical' INTO $upstream
//! ```
//!
//! # Fix
//! Writes straight quotes, which changes the meaning.

use crate::diagnostic::Code;
use crate::lint::{Findings, Fixes, Level, Lint, Pass, Subject};
use crate::syntax::ast::ExprKind;

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::SmartQuote,
    name: "smart-quote",
    level: Level::Warn,
    fixes: Some(Fixes::ChangeMeaning),
    pass: Pass::Route(check),
};

/// Quotation marks, primes and accents that are typed or pasted for `'` and `"`.
const QUOTES: [char; 16] = [
    '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}', '\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}', '\u{2032}',
    '\u{2033}', '\u{ab}', '\u{bb}', '\u{2039}', '\u{203a}', '\u{b4}', '`',
];

fn check(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (_, expression) in subject.expressions() {
        let (ExprKind::Property(name) | ExprKind::SystemProperty(name)) = expression.kind else {
            continue;
        };
        let Some(quote) = name.chars().find(|character| QUOTES.contains(character)) else {
            continue;
        };
        let diagnostic = findings
            .diagnostic(expression.span, format!("`{quote}` quotes nothing: it is part of a name"))
            .with_label("reads a property of this name");
        let inner = name.trim_matches(QUOTES);
        let mended = format!("'{inner}'");
        let is_quoted = name.starts_with(QUOTES) && name.ends_with(QUOTES) && !inner.contains(['\'', '\\']);
        let diagnostic = if is_quoted {
            findings.mend(subject, diagnostic.with_help(format!("write `{mended}`")), expression.span, &mended)
        } else {
            diagnostic.with_help("quote texts by ' or \"")
        };
        findings.add(subject.index, diagnostic);
    }
}
