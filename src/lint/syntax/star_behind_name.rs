//! A `*` that touches the last name of a source.
//!
//! # Why
//! A `*` stands for whole names, not for the end of one. `/messages/modules/sensor*` is `/messages/modules/sensor/*`: it
//! takes the messages of `sensor` and not those of `sensor2`.
//!
//! # Example
//! ```route W0108
//! FROM /messages/modules/sensor* INTO $upstream
//! ```
//!
//! # Use instead
//! ```route
//! FROM /messages/modules/* WHERE starts_with($connectionModuleId, 'sensor') INTO $upstream
//! ```
//!
//! # Fix
//! Puts a slash before the `*`: that shows what it means, and changes nothing.

use crate::diagnostic::Code;
use crate::lint::{Findings, Fixes, Level, Lint, Pass, Subject};
use crate::span::Span;

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::StarBehindName,
    name: "star-behind-name",
    level: Level::Warn,
    fixes: Some(Fixes::KeepMeaning),
    pass: Pass::Route(check),
};

fn check(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let Some(source) = &subject.tree.source else {
        return;
    };
    let text = subject.slice(source.span);
    let name = text.trim_end_matches('*');
    if name.len() == text.len() || name.ends_with(['/', ' ', '\t', '\r', '\n']) || name.contains('*') {
        return;
    }
    let stars = Span::new(source.span.end() - Span::from_range(name.len()..text.len()).len(), source.span.end());
    let segment = name.rsplit('/').next().unwrap_or_default();
    let diagnostic = findings
        .diagnostic(stars, format!("`{segment}*` takes `{segment}` alone, not all names that start with it"))
        .with_label("stands for whole names only");
    let is_module = subject.typed.source.as_str().to_ascii_lowercase().starts_with("/messages/modules/")
        && subject.typed.source.as_str().matches('/').count() == 4;
    let diagnostic = if is_module {
        diagnostic.with_help(format!(
            "to take all of them, write `/messages/modules/* WHERE starts_with($connectionModuleId, '{segment}')`"
        ))
    } else {
        diagnostic.with_help(format!("write `{name}/*`"))
    };
    let diagnostic = findings.mend(subject, diagnostic, stars, "/*");
    findings.add(subject.index, diagnostic);
}
