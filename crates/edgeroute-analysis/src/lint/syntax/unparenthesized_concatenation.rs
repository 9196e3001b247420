use super::concatenated_alternatives::joined_literals;
use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::syntax::ast::{BinaryOperator, ExprKind};

lint! {
    /// `||` next to a comparison without parentheses.
    ///
    /// # Why
    /// In other languages `||` means *or*; here it joins strings, and it binds tighter than a comparison.
    /// `level = 'high' || $body.alarm` compares `level` with one string, the value of `$body.alarm` after `high`.
    /// The hub accepts this.
    ///
    /// This lint is off by default, because the route may mean what it says.
    ///
    /// # Example
    /// ```route W0114
    /// FROM /messages/* WHERE id = site || line INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE id = (site || line) INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Puts `||` and its operands in parentheses.
    Lint {
        code: Code::UnparenthesizedConcatenation,
        name: "unparenthesized-concatenation",
        level: Level::Allow,
        fixes: Some(Fixes::KeepMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for (_, expression) in subject.expressions() {
        let ExprKind::Binary { operator, left, right, .. } = expression.kind else {
            continue;
        };
        if !matches!(operator.precedence(), 4 | 5) {
            continue;
        }
        for operand in [left, right] {
            let Some(joined) = subject.expression(operand) else {
                continue;
            };
            let ExprKind::Binary { operator: BinaryOperator::Concat, operator_span, .. } = joined.kind else {
                continue;
            };
            // Another lint reports strings that are joined with strings.
            if matches!(operator, BinaryOperator::Equal | BinaryOperator::NotEqual)
                && joined_literals(subject, operand).is_some()
            {
                continue;
            }
            let fixed = format!("({})", subject.slice(joined.span));
            let diagnostic = findings
                .diagnostic(operator_span, "`||` joins strings, and binds tighter than the comparison")
                .with_secondary(joined.span, "compared as one string")
                .with_help(format!("if one of two conditions is enough, write `or`; otherwise write `{fixed}`"));
            let diagnostic = findings.fix(subject, diagnostic, joined.span, &fixed);
            findings.add(subject.index, diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "`||` joins strings, and binds tighter than the comparison: `||`";
        check_conditions(
            "unparenthesized-concatenation",
            &[
                ("a = 'b' and c = 'd' || x", &format!("{message} -> a = 'b' and c = ('d' || x)")),
                ("a = 'b' || $body.c", &format!("{message} -> a = ('b' || $body.c)")),
                ("a || b != c", &format!("{message} -> (a || b) != c")),
                ("a > b || c || d", &format!("{message} -> a > (b || c || d)")),
            ],
            &["a = ('b' || c)", "a = 'b' || 'c'", "a = 'b' or c = 'd'", "length(a || b) = 5", "starts_with(a, b || c)"],
        );
    }
}
