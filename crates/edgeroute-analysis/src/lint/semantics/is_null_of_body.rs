use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::builtin::Function;
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::NodeKind;

lint! {
    /// `is_null` of a body query.
    ///
    /// # Why
    /// `is_null` of a body query is true for every value that is present, including `5` and `'text'`, and false for a
    /// missing path.
    /// The reference hub behaves this way and edgeroute matches it.
    /// To test for null, compare with `null`.
    ///
    /// # Example
    /// ```route W0205
    /// FROM /messages/* WHERE $contentType = 'application/json' and is_null($body.alarm) INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE $contentType = 'application/json' and $body.alarm = null INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Compares with null, which changes the meaning.
    Lint {
        code: Code::IsNullOfBody,
        name: "is-null-of-body",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for node in subject.nodes() {
        let NodeKind::Call(Function::IsNull, arguments) = &node.kind else {
            continue;
        };
        let Some(body) = arguments.first().and_then(|argument| subject.node(*argument)) else {
            continue;
        };
        if matches!(body.kind, NodeKind::Body { .. }) {
            let query = subject.slice(body.span);
            let fixed = subject.grouped(node.span, &format!("{query} = null"));
            let diagnostic = findings
                .diagnostic(node.span, "`is_null` of a body query is true for every value that is present")
                .with_label("false if the body has no value here")
                .with_help(format!("to test for null or missing, write `{query} = null`"));
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
            "is-null-of-body",
            &[(
                "is_null($body.a)",
                "`is_null` of a body query is true for every value that is present: `is_null($body.a)` -> $body.a = null",
            )],
            &["is_null(a)", "$body.a = null"],
        );
    }
}
