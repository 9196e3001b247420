use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::{BinaryOperator, ExprId, ExprKind};

lint! {
    /// `??` next to a comparison without parentheses.
    ///
    /// # Why
    /// `??` has the lowest precedence of all operators: `a ?? b = c` means `a ?? (b = c)`, and `a = b ?? c` means `(a = b)
    /// ?? c`.
    /// What looks like a default for a missing value is a default for the result of the comparison.
    ///
    /// # Example
    /// ```route W0103
    /// FROM /messages/* WHERE $body.level ?? $contentType = 'application/json' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE ($body.level ?? $contentType) = 'application/json' INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Puts `??` and its operands in parentheses, which changes the meaning.
    Lint {
        code: Code::CoalescedComparison,
        name: "coalesced-comparison",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for (_, expression) in subject.expressions() {
        let ExprKind::Binary { operator: BinaryOperator::Coalesce, operator_span, left, right } = expression.kind
        else {
            continue;
        };
        // How `??` and its operands would read if it bound tighter than the comparison, and what it compares instead.
        let (place, comparison) = match (comparison(subject, left), comparison(subject, right)) {
            (None, Some((middle, _))) => (span(subject, left).cover(span(subject, middle)), span(subject, right)),
            (Some((_, middle)), None) => (span(subject, middle).cover(span(subject, right)), span(subject, left)),
            _ => continue,
        };
        let fixed = format!("({})", subject.slice(place));
        // If `??` cannot bind tighter here, nobody reads it that way. A default for a comparison may be intended.
        if !subject.compiles_with(place, &fixed) {
            continue;
        }
        let diagnostic = findings
            .diagnostic(operator_span, "`??` gives a default for the comparison, not for its operand")
            .with_secondary(comparison, "compared first")
            .with_help(format!("`??` has the lowest precedence; write `{fixed}`"));
        let diagnostic = findings.fix(subject, diagnostic, place, &fixed);
        findings.add(subject.index, diagnostic);
    }
}

/// The operands of an expression that is a comparison without parentheses.
fn comparison(subject: &CheckedRoute<'_>, id: ExprId) -> Option<(ExprId, ExprId)> {
    match subject.expression(id)?.kind {
        ExprKind::Binary { operator, left, right, .. } if matches!(operator.precedence(), 4 | 5) => Some((left, right)),
        _ => None,
    }
}

fn span(subject: &CheckedRoute<'_>, id: ExprId) -> Span {
    subject.expression(id).map_or(Span::default(), |expression| expression.span)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "`??` gives a default for the comparison, not for its operand";
        check_conditions(
            "coalesced-comparison",
            &[
                ("$body.a ?? b = 'c'", &format!("{message}: `??` -> ($body.a ?? b) = 'c'")),
                ("'c' = $body.a ?? $body.b", &format!("{message}: `??` -> 'c' = ($body.a ?? $body.b)")),
            ],
            &["($body.a ?? b) = 'c'", "(a = 'c') ?? (b = 'd')", "a = 'c' ?? false", "$body.a ?? (b = 'c')"],
        );
    }
}
