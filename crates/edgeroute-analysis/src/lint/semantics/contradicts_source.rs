//! A condition that contradicts the source of its route.
//!
//! # Why
//! The source already fixes which module a message comes from, and which output.
//! A condition that requires another module or output contradicts it, and the route never matches.
//!
//! # Example
//! ```route W0203
//! FROM /messages/modules/camera/* WHERE $connectionModuleId = 'sensor' INTO $upstream
//! ```
//!
//! # Use instead
//! ```route
//! FROM /messages/modules/sensor/* INTO $upstream
//! ```

use crate::diagnostic::Code;
use crate::lint::{Findings, Level, Lint, Pass, Subject};
use crate::predicate::{Answer, SourceFacts};

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::ContradictsSource,
    name: "contradicts-source",
    level: Level::Warn,
    fixes: None,
    pass: Pass::Route(check),
};

fn check(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let (Some(condition), Some(source)) = (&subject.tree.condition, &subject.tree.source) else {
        return;
    };
    if subject.facts == SourceFacts::default() {
        return;
    }
    let claims = [(subject.formula, true)];
    if findings.reasoner.refute(&claims, &subject.facts) != Answer::Impossible
        || findings.reasoner.refute(&claims, &SourceFacts::default()) == Answer::Impossible
    {
        return;
    }
    let diagnostic = findings
        .diagnostic(condition.span(), "this condition is never true for messages from this source")
        .with_label("contradicts the source")
        .with_secondary(source.span, "messages from this source never satisfy it");
    findings.add(subject.index, diagnostic);
}
