use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::prove::Answer;
use edgeroute_lang::span::Span;

lint! {
    /// A condition that every message of the source satisfies.
    ///
    /// # Why
    /// The route takes everything, so the condition has no effect.
    /// This is proved: the condition is true whatever a message contains.
    /// (`a = 'x' or a != 'x'` is not always true: it is undefined if `a` is missing.)
    ///
    /// # Example
    /// ```route W0202
    /// FROM /messages/* WHERE is_defined(level) or not is_defined(level) INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Removes the condition if it is true for messages from any source, which changes nothing.
    Lint {
        code: Code::AlwaysTrue,
        name: "always-true",
        level: Level::Warn,
        fixes: Some(Fixes::KeepMeaning),
        pass: Pass::Route(check),
    }
}

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

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check(
            "always-true",
            &[
                (
                    "FROM /* WHERE true INTO $upstream",
                    "this condition is always true: `true` -> FROM /* INTO $upstream",
                ),
                (
                    "FROM /* WHERE is_defined(a) or not is_defined(a) INTO $upstream",
                    "this condition is always true: `is_defined(a) or not is_defined(a)` -> FROM /* INTO $upstream",
                ),
                (
                    // Selects only these messages, so nothing is fixed.
                    "FROM /messages/modules/* WHERE is_defined($connectionModuleId) INTO $upstream",
                    "this condition is always true: `is_defined($connectionModuleId)`",
                ),
            ],
            &[
                "FROM /* INTO $upstream",
                "FROM /* WHERE a = 'x' or a != 'x' INTO $upstream",
                "FROM /messages/* WHERE is_defined($connectionModuleId) INTO $upstream",
                "FROM /messages/modules/a/* WHERE $connectionModuleId = 'a' INTO $upstream",
            ],
        );
    }
}
