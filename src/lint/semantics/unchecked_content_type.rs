//! Routes that query the body and do not ask what it is.
//!
//! # Why
//! The body of a message can be queried only if its sender has set the system properties `contentType` to
//! `application/json` and `contentEncoding` to `utf-8`, `utf-16` or `utf-32`. Otherwise every query is undefined, and the
//! route does not match, without a word. Clients do not set them by themselves. A condition that asks for them says so to
//! whoever reads it, and to whoever wonders why nothing arrives.
//!
//! This lint is off unless asked for, since a condition need not ask. It speaks once for all routes that do not.
//!
//! # Example
//! ```route W0211
//! FROM /messages/* WHERE $body.level = 'critical' INTO $upstream
//! ```
//!
//! # Use instead
//! ```route
//! FROM /messages/* WHERE $contentType = 'application/json' and $body.level = 'critical' INTO $upstream
//! ```

use crate::diagnostic::Code;
use crate::hir::NodeKind;
use crate::lint::semantics::unknown_system_property::system_name;
use crate::lint::{Findings, Level, Lint, Pass, Related, Set, Subject};
use crate::span::Span;
use crate::text::eq_ignore_case;

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::UncheckedContentType,
    name: "unchecked-content-type",
    level: Level::Allow,
    fixes: None,
    pass: Pass::Set(check),
};

/// The most other routes that are pointed at.
const SHOWN: usize = 4;

fn check(set: &Set<'_>, findings: &mut Findings<'_>) {
    let mut routes = set.subjects.iter().filter_map(|subject| Some((subject, untested_query(subject)?)));
    let Some((first, query)) = routes.next() else {
        return;
    };
    let others: Vec<(&Subject<'_>, Span)> = routes.collect();
    let message = "a body can be queried only where the sender has set `contentType` and `contentEncoding`";
    let diagnostic = findings
        .diagnostic(query, message)
        .with_label("undefined otherwise, so that the route does not match")
        .with_help(
            "senders must set `application/json` and `utf-8`; `$contentType = 'application/json' and ...` says so",
        );
    let diagnostic = match others.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => {
            let help = diagnostic.help.clone().unwrap_or_default();
            diagnostic.with_help(format!("{help} (and in {more} more routes)"))
        }
        _ => diagnostic,
    };
    let related = others.into_iter().take(SHOWN).map(|(subject, span)| Related {
        route: subject.index,
        span,
        text: "here too".to_owned(),
    });
    findings.add_related(first.index, diagnostic, related.collect());
}

/// The first body query of a route that asks for no content type. Changes of twins always have one.
fn untested_query(subject: &Subject<'_>) -> Option<Span> {
    if subject.typed.source.is_twin_changes() {
        return None;
    }
    let is_asked = subject.nodes().any(|node| {
        system_name(&node.kind)
            .is_some_and(|name| eq_ignore_case(name, "contentType") || eq_ignore_case(name, "contentEncoding"))
    });
    let query = subject.nodes().find(|node| matches!(node.kind, NodeKind::Body { .. }))?;
    (!is_asked).then_some(query.span)
}
