//! A condition that every message of the source satisfies.
//!
//! # Why
//! The route takes everything, so the condition has no effect.
//! This is proved: the condition is true whatever a message contains.
//! (`a = 'x' or a != 'x'` is not always true: it is undefined if `a` is missing.)
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
//! Removes the condition if it is true for messages from any source, which changes nothing.

use crate::lint::{CheckedRoute, Findings, Fixes, Level, Lint, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::prove::Answer;
use edgeroute_lang::span::Span;

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::AlwaysTrue,
    name: "always-true",
    level: Level::Warn,
    fixes: Some(Fixes::KeepMeaning),
    pass: Pass::Route(check),
};

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    let (Some(condition), Some(source)) = (&subject.tree.condition, &subject.tree.source) else {
        return;
    };
    if findings.reasoner.refute(&[(subject.formula, false)], &subject.facts) != Answer::Impossible {
        return;
    }
    let diagnostic = findings
        .diagnostic(condition.span(), "this condition is always true")
        .with_label("every message from this source satisfies it")
        .with_help("remove the WHERE clause; the route then takes every message from its source");
    let clause = Span::new(source.span.end(), condition.span().end());
    let diagnostic =
        if subject.slice(clause).contains("/*") { diagnostic } else { findings.fix(subject, diagnostic, clause, "") };
    findings.add(subject.index, diagnostic);
}
