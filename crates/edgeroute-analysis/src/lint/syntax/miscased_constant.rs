use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::syntax::ast::ExprKind;

lint! {
    /// A constant that is not in lower case.
    ///
    /// # Why
    /// `true`, `false`, `null` and `undefined` are case-sensitive.
    /// `TRUE` is a property name.
    /// Messages do not have that property, so a comparison with it is undefined.
    ///
    /// # Example
    /// ```route W0104
    /// FROM /messages/* WHERE $contentType = 'application/json' and $body.alarm = TRUE INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE $contentType = 'application/json' and $body.alarm = true INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Writes the constant in lower case, or in quotes where a string is needed.
    /// That changes the meaning.
    Lint {
        code: Code::MiscasedConstant,
        name: "miscased-constant",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for (_, expression) in subject.expressions() {
        let ExprKind::Property(name) = expression.kind else {
            continue;
        };
        let constants = ["true", "false", "null", "undefined"];
        let Some(constant) = constants.into_iter().find(|constant| constant.eq_ignore_ascii_case(name)) else {
            continue;
        };
        let message = format!("`{name}` is a property name; the constant is `{constant}`");
        let diagnostic =
            findings.diagnostic(expression.span, message).with_label(format!("reads the property `{name}`"));
        let quoted = format!("'{name}'");
        let (help, fixed) = if subject.compiles_with(expression.span, constant) {
            (format!("write `{constant}`"), constant)
        } else {
            (format!("if you mean a string, write `{quoted}`"), &*quoted)
        };
        let diagnostic = findings.fix(subject, diagnostic.with_help(help), expression.span, fixed);
        findings.add(subject.index, diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check_conditions(
            "miscased-constant",
            &[
                ("$body.a = TRUE", "`TRUE` is a property name; the constant is `true`: `TRUE` -> $body.a = true"),
                ("a = True", "`True` is a property name; the constant is `true`: `True` -> a = 'True'"),
                ("$body.a = NULL", "`NULL` is a property name; the constant is `null`: `NULL` -> $body.a = null"),
            ],
            &["$body.a = true", "a = 'TRUE'", "truth = 'x'", "$TRUE = 'x'"],
        );
    }
}
