use std::borrow::Cow;

use crate::lint::{CheckedRoute, Findings, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{Known, assume};
use edgeroute_lang::prove::{Answer, SourceFacts};

lint! {
    /// A condition that contradicts the source of its route.
    ///
    /// # Why
    /// The source already fixes which module a message comes from, and which output.
    /// A condition that requires another module or output contradicts it, and the route never matches.
    ///
    /// # Example
    /// ```route W0203
    /// FROM /messages/modules/camera/* WHERE $connectionModuleId = 'sensor' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/modules/sensor/* INTO $upstream
    /// ```
    Lint {
        code: Code::ContradictsSource,
        name: "contradicts-source",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    let (Some(condition), Some(source)) = (&subject.tree.condition, &subject.tree.source) else {
        return;
    };
    if subject.facts == SourceFacts::default() {
        return;
    }
    // Every message from a module has the stamp, so an alternative for messages without it never applies.
    let assumed = assume(&subject.typed.condition, |stamp| subject.facts.has(stamp).then_some(Known::Present));
    let formula = match assumed {
        Cow::Borrowed(_) => subject.formula,
        Cow::Owned(assumed) => findings.reasoner.add(&assumed),
    };
    let claims = [(formula, true)];
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

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "this condition is never true for messages from this source";
        check(
            "contradicts-source",
            &[
                (
                    "FROM /messages/modules/a/* WHERE $connectionModuleId = 'b' INTO $upstream",
                    &format!("{message}: `$connectionModuleId = 'b'`"),
                ),
                (
                    "FROM /messages/modules/* WHERE not is_defined($connectionModuleId) INTO $upstream",
                    &format!("{message}: `not is_defined($connectionModuleId)`"),
                ),
                (
                    "FROM /messages/modules/a/* WHERE ($connectionModuleId ?? 'b') = 'b' INTO $upstream",
                    &format!("{message}: `($connectionModuleId ?? 'b') = 'b'`"),
                ),
                (
                    "FROM /messages/modules/a/outputs/o WHERE $outputName = 'p' INTO $upstream",
                    &format!("{message}: `$outputName = 'p'`"),
                ),
            ],
            &[
                "FROM /messages/modules/a/* WHERE $connectionModuleId = 'A' INTO $upstream",
                "FROM /messages/* WHERE $connectionModuleId = 'b' INTO $upstream",
                "FROM /messages/* WHERE ($connectionModuleId ?? 'b') = 'b' INTO $upstream",
                "FROM /messages/modules/a/* WHERE connectionModuleId = 'b' INTO $upstream",
                "FROM /messages/modules/a/* WHERE b = 'x' and b = 'y' INTO $upstream",
            ],
        );
    }
}
