//! A body query beside a test for a content type that cannot be queried.
//!
//! # Why
//! A body can be queried only if `contentType` is exactly `application/json`, without parameters, and `contentEncoding`
//! `utf-8`, `utf-16` or `utf-32` (case does not matter). A condition that asks for anything else and for the body is never
//! true.
//!
//! # Example
//! ```route W0212
//! FROM /messages/* WHERE $contentType = 'application/json;charset=utf-8' and $body.level = 'critical' INTO $upstream
//! ```
//!
//! # Use instead
//! ```route
//! FROM /messages/* WHERE $contentType = 'application/json' and $body.level = 'critical' INTO $upstream
//! ```

use crate::diagnostic::Code;
use crate::hir::{Comparison, Node, NodeId, NodeKind, Text};
use crate::lint::meaning::unknown_system_property::system_name;
use crate::lint::{Findings, Level, Lint, Pass, Subject};
use crate::span::Span;
use crate::text::eq_ignore_case;

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::WrongContentType,
    name: "wrong-content-type",
    level: Level::Warn,
    fixes: None,
    pass: Pass::Route(check),
};

fn check(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let conjuncts: Vec<Span> = subject.conjuncts().iter().map(|conjunct| conjunct.span).collect();
    for node in subject.nodes() {
        let Some((property, expected)) = wrong_test(subject, node).filter(|_| conjuncts.contains(&node.span)) else {
            continue;
        };
        // The query stands in another operand of the same `and`.
        let is_beside = |query: &&Node<'_>| {
            let is_within = |part: &Span| part.start() <= query.span.start() && query.span.end() <= part.end();
            matches!(query.kind, NodeKind::Body { .. })
                && conjuncts.iter().any(|part| part != &node.span && is_within(part))
        };
        if let Some(query) = subject.nodes().find(is_beside) {
            let diagnostic = findings
                .diagnostic(node.span, format!("a body of another `{property}` than {expected} cannot be queried"))
                .with_label("where this is true")
                .with_secondary(query.span, "this is undefined")
                .with_help(format!("the hub reads a body only where `{property}` is {expected}"));
            findings.add(subject.index, diagnostic);
        }
    }
}

/// Whether a node asks for a content type or encoding that cannot be queried: its property, and what it must be.
fn wrong_test(subject: &Subject<'_>, node: &Node<'_>) -> Option<(&'static str, &'static str)> {
    let NodeKind::Compare(Comparison::Equal, left, right) = node.kind else {
        return None;
    };
    let (name, text) = match (name(subject, left), text(subject, right)) {
        (Some(name), Some(text)) => (name, text),
        _ => (name(subject, right)?, text(subject, left)?),
    };
    let is_one_of = |known: &[&str]| known.iter().any(|known| eq_ignore_case(known, text));
    if eq_ignore_case(name, "contentType") && !is_one_of(&["application/json"]) {
        return Some(("contentType", "`application/json`"));
    }
    if eq_ignore_case(name, "contentEncoding") && !is_one_of(&["utf-8", "utf-16", "utf-32"]) {
        return Some(("contentEncoding", "`utf-8`, `utf-16` or `utf-32`"));
    }
    None
}

fn name<'r>(subject: &Subject<'r>, id: NodeId) -> Option<&'r str> {
    system_name(&subject.node(id)?.kind)
}

fn text<'s>(subject: &'s Subject<'_>, id: NodeId) -> Option<&'s str> {
    match &subject.node(id)?.kind {
        NodeKind::Text(Text::WellFormed(text)) => Some(text),
        _ => None,
    }
}
