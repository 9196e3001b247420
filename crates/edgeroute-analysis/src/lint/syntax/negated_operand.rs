use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::{ExprKind, UnaryOperator};

lint! {
    /// `not` before a comparison without parentheses.
    ///
    /// # Why
    /// `not` binds tighter than any comparison: `not a = b` means `(not a) = b`.
    /// That compiles if `a` is a bool or a body value, but it differs from `not (a = b)` when `a` is missing or not a
    /// bool.
    ///
    /// # Example
    /// ```route W0102
    /// FROM /messages/* WHERE $contentType = 'application/json' and not $body.alarm = $body.acknowledged INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE $contentType = 'application/json' and not ($body.alarm = $body.acknowledged) INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Puts the comparison in parentheses, which changes the meaning.
    Lint {
        code: Code::NegatedOperand,
        name: "negated-operand",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for (_, expression) in subject.expressions() {
        let ExprKind::Binary { operator, left, .. } = expression.kind else {
            continue;
        };
        let Some(left) = subject.expression(left).filter(|_| matches!(operator.precedence(), 4 | 5)) else {
            continue;
        };
        let ExprKind::Unary { operator: UnaryOperator::Not, operator_span, operand } = left.kind else {
            continue;
        };
        let Some(operand) = subject.expression(operand) else {
            continue;
        };
        let place = Span::new(operand.span.start(), expression.span.end());
        let fixed = format!("({})", subject.slice(place));
        let diagnostic = findings
            .diagnostic(left.span, "`not` negates only the left operand, not the comparison")
            .with_label(format!("means `(not {})`", subject.slice(operand.span)))
            .with_secondary(operator_span, "`not` binds tighter than any comparison")
            .with_help(format!("to negate the comparison, write `not {fixed}`"));
        let diagnostic = findings.fix(subject, diagnostic, place, &fixed);
        findings.add(subject.index, diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "`not` negates only the left operand, not the comparison";
        check_conditions(
            "negated-operand",
            &[
                ("not $body.a = $body.b", &format!("{message}: `not $body.a` -> not ($body.a = $body.b)")),
                (
                    "not $body.a = true and c = 'd'",
                    &format!("{message}: `not $body.a` -> not ($body.a = true) and c = 'd'"),
                ),
            ],
            &[
                "not ($body.a = $body.b)",
                "(not $body.a) = $body.b",
                "not $body.a or is_defined(b)",
                "not is_defined(a)",
            ],
        );
    }
}
