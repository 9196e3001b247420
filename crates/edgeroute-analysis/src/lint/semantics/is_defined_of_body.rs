use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::body::BodyPath;
use edgeroute_lang::builtin::Function;
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{Node, NodeId, NodeKind};

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
    /// FROM /messages/* WHERE $contentType = 'application/json' and is_defined($body.alarm) and $body.alarm < 3 INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE $contentType = 'application/json' and $body.alarm != null and $body.alarm < 3 INTO $upstream
    /// ```
    ///
    /// An object, an array or a date cannot be compared with null: ask for a member of it, as in
    /// `$body.heartbeat.at != null`.
    ///
    /// # Fix
    /// Compares with null, which changes the meaning.
    /// There is a fix only if the condition also uses the value otherwise, because it might be an object.
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
        let NodeKind::Body { path, .. } = &body.kind else {
            continue;
        };
        let query = subject.slice(body.span);
        let diagnostic = findings
            .diagnostic(node.span, "`is_defined` of a body query does not test whether a value is present")
            .with_label("also true if the body has no value here");
        let diagnostic = if subject.typed.source.is_twin_changes() {
            diagnostic.with_help(format!("write `twin_change_includes({})`", path.as_str()))
        } else {
            diagnostic.with_help(format!(
                "a missing body path is null; write `{query} != null`, or for an object or a date, which is never \
                 compared, ask for a member of it"
            ))
        };
        // An object would satisfy neither condition, and no lint would report the fixed one.
        let uses =
            subject.nodes().filter(|node| matches!(&node.kind, NodeKind::Body { path: used, .. } if used == path));
        let diagnostic = if uses.count() > number_of_tests(subject, path) {
            let fixed = subject.grouped(node.span, &format!("{query} != null"));
            findings.fix(subject, diagnostic, node.span, &fixed)
        } else {
            diagnostic
        };
        findings.add(subject.index, diagnostic);
    }
}

/// The number of tests whether a body path is defined or null.
fn number_of_tests(subject: &CheckedRoute<'_>, path: &BodyPath) -> usize {
    let is_of_path = |id: &NodeId| {
        subject
            .node(*id)
            .is_some_and(|node| matches!(&node.kind, NodeKind::Body { path: tested, .. } if tested == path))
    };
    let is_test = |node: &&Node<'_>| match &node.kind {
        NodeKind::Call(Function::IsDefined | Function::IsNull, arguments) => arguments.first().is_some_and(is_of_path),
        _ => false,
    };
    subject.nodes().filter(is_test).count()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, check_conditions};

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "`is_defined` of a body query does not test whether a value is present";
        check_conditions(
            "is-defined-of-body",
            &[
                // It may be an object.
                ("not is_defined($body.a.b)", &format!("{message}: `is_defined($body.a.b)`")),
                ("is_defined($body.a) and $body.b > 5", &format!("{message}: `is_defined($body.a)`")),
                (
                    "is_defined($body.a) and $body.a > 5",
                    &format!("{message}: `is_defined($body.a)` -> $body.a != null and $body.a > 5"),
                ),
                (
                    "not is_defined($body.a) or $body.a > 5",
                    &format!("{message}: `is_defined($body.a)` -> not ($body.a != null) or $body.a > 5"),
                ),
                (
                    "$body.a > 5 and (is_defined($body.a))",
                    &format!("{message}: `is_defined($body.a)` -> $body.a > 5 and ($body.a != null)"),
                ),
            ],
            &["is_defined(a)", "is_defined($body.a = 5)", "$body.a != null", "is_string($body.a)"],
        );
        check(
            "is-defined-of-body",
            &[(
                "FROM /twinChangeNotifications WHERE is_defined($body.tags.a) INTO $upstream",
                &format!("{message}: `is_defined($body.tags.a)`"),
            )],
            &["FROM /twinChangeNotifications WHERE twin_change_includes(tags.a) INTO $upstream"],
        );
    }
}
