use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::builtin::Function;
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::NodeKind;

lint! {
    /// `is_defined` of a body query.
    ///
    /// # Why
    /// A missing body path is null, and null is defined: `is_defined($body.alarm)` is true for every readable body without
    /// an `alarm`.
    /// It is false if `alarm` is an object, an array or a date.
    ///
    /// # Example
    /// ```route W0204
    /// FROM /messages/* WHERE $contentType = 'application/json' and is_defined($body.alarm) INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE $contentType = 'application/json' and $body.alarm != null INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Compares with null, which changes the meaning.
    Lint {
        code: Code::IsDefinedOfBody,
        name: "is-defined-of-body",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for node in subject.nodes() {
        let NodeKind::Call(Function::IsDefined, arguments) = &node.kind else {
            continue;
        };
        let Some(body) = arguments.first().and_then(|argument| subject.node(*argument)) else {
            continue;
        };
        if matches!(body.kind, NodeKind::Body { .. }) {
            let query = subject.slice(body.span);
            let fixed = format!("({query} != null)");
            let diagnostic = findings
                .diagnostic(node.span, "`is_defined` of a body query does not test whether a value is present")
                .with_label("also true if the body has no value here")
                .with_help(format!("a missing body path is null; write `{query} != null`"));
            let diagnostic = findings.fix(subject, diagnostic, node.span, &fixed);
            findings.add(subject.index, diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check_conditions(
            "is-defined-of-body",
            &[(
                "not is_defined($body.a.b)",
                "`is_defined` of a body query does not test whether a value is present: `is_defined($body.a.b)` -> not \
                 ($body.a.b != null)",
            )],
            &["is_defined(a)", "is_defined($body.a = 5)", "$body.a != null", "is_string($body.a)"],
        );
    }
}
