//! A query of a twin, which the hub's routes do not have.
//!
//! # Why
//! Routes in the cloud may ask for `$twin.tags.site`. Routes of the edge hub take `$twin` for a system property of that
//! name, which no message has: it is undefined.
//!
//! # Example
//! ```route W0208
//! FROM /messages/* WHERE $twin.tags.site = 'plant1' INTO $upstream
//! ```
//!
//! # Use instead
//! Let the sender put what matters into a property of the message:
//! ```route
//! FROM /messages/* WHERE site = 'plant1' INTO $upstream
//! ```

use crate::diagnostic::Code;
use crate::lint::semantics::unknown_system_property::{is_of_twin, system_name};
use crate::lint::{Findings, Level, Lint, Pass, Subject};

pub(in crate::lint) const LINT: Lint =
    Lint { code: Code::TwinQuery, name: "twin-query", level: Level::Warn, fixes: None, pass: Pass::Route(check) };

fn check(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for node in subject.nodes() {
        if let Some(name) = system_name(&node.kind).filter(|name| is_of_twin(name)) {
            let diagnostic = findings
                .diagnostic(node.span, format!("`${name}` is no query of a twin: routes of the edge hub have none"))
                .with_label("a system property that no message has")
                .with_help("let the sender put it into a property of the message");
            findings.add(subject.index, diagnostic);
        }
    }
}
