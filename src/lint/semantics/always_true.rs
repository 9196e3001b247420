//! A condition that every message of the route's source satisfies.
//!
//! # Why
//! The route takes everything, which is not what a condition is written for. This is proved: whatever a message holds,
//! the condition is true. (`a = 'x' or a != 'x'` is not: it is undefined where `a` is missing.)
//!
//! # Example
//! ```route W0202
//! FROM /messages/* WHERE is_defined(level) or not is_defined(level) INTO $upstream
//! ```
//!
//! # Use instead
//! ```route
//! FROM /messages/* INTO $upstream
//! ```
//!
//! # Fix
//! Removes the condition where it is always true by itself, which changes nothing.

use crate::diagnostic::Code;
use crate::lint::{Findings, Fixes, Level, Lint, Pass, Subject};
use crate::predicate::Answer;
use crate::span::Span;

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::AlwaysTrue,
    name: "always-true",
    level: Level::Warn,
    fixes: Some(Fixes::KeepMeaning),
    pass: Pass::Route(check),
};

fn check(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let (Some(condition), Some(source)) = (&subject.tree.condition, &subject.tree.source) else {
        return;
    };
    if findings.reasoner.refute(&[(subject.formula, false)], &subject.facts) != Answer::Impossible {
        return;
    }
    let diagnostic = findings
        .diagnostic(condition.span(), "this condition is always true")
        .with_label("every message of the source satisfies this")
        .with_help("a route without WHERE takes every message of its source");
    let clause = Span::new(source.span.end(), condition.span().end());
    let diagnostic =
        if subject.slice(clause).contains("/*") { diagnostic } else { findings.mend(subject, diagnostic, clause, "") };
    findings.add(subject.index, diagnostic);
}
