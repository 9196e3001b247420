//! `$inputName` in a condition.
//!
//! # Why
//! The hub stamps the name of the input on a message when it delivers it to that input. While it routes, no message has
//! one: the property is undefined in every route.
//!
//! # Example
//! ```route W0207
//! FROM /messages/modules/filter/* WHERE $inputName = 'in' INTO $upstream
//! ```
//!
//! # Use instead
//! A message can be told by the output that it was sent to:
//! ```route
//! FROM /messages/modules/filter/* WHERE $outputName = 'out' INTO $upstream
//! ```

use crate::diagnostic::Code;
use crate::hir::{NodeKind, Property};
use crate::lint::{Findings, Level, Lint, Pass, Subject};
use crate::text::eq_ignore_case;

pub(in crate::lint) const LINT: Lint =
    Lint { code: Code::InputNameWhileRouting, name: "input-name-while-routing", level: Level::Warn, fixes: None, pass: Pass::Route(check) };

fn check(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for node in subject.nodes() {
        if let NodeKind::Property(Property::System(name)) = node.kind
            && eq_ignore_case(name, "inputName")
        {
            let diagnostic = findings
                .diagnostic(node.span, format!("`${name}` is never set while the hub routes"))
                .with_label("always undefined")
                .with_help("ask for `$outputName`, the output that the message was sent to");
            findings.add(subject.index, diagnostic);
        }
    }
}
