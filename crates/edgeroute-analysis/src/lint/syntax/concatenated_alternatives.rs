use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::{BinaryOperator, ExprId, ExprKind, Literal};

lint! {
    /// Strings joined with `||` instead of compared one by one.
    ///
    /// # Why
    /// `||` joins strings: `level = 'critical' || 'warning'` compares `level` with `criticalwarning`.
    /// No other operator lists alternatives either; each needs its own comparison.
    ///
    /// # Example
    /// ```route W0113
    /// FROM /messages/* WHERE level = 'critical' || 'warning' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE level = 'critical' or level = 'warning' INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Compares with each string, which changes the meaning.
    Lint {
        code: Code::ConcatenatedAlternatives,
        name: "concatenated-alternatives",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for (id, expression) in subject.expressions() {
        let ExprKind::Binary { operator, left, right, .. } = expression.kind else {
            continue;
        };
        let (sign, word) = match operator {
            BinaryOperator::Equal => ("=", "or"),
            BinaryOperator::NotEqual => ("!=", "and"),
            _ => continue,
        };
        let found = joined_literals(subject, right).map(|joined| (left, joined));
        let Some((other, (joined, strings))) = found.or_else(|| Some((right, joined_literals(subject, left)?))) else {
            continue;
        };
        let Some(other) = subject.expression(other).map(|other| subject.slice(other.span)) else {
            continue;
        };
        let comparisons: Vec<String> =
            strings.iter().map(|string| format!("{other} {sign} {}", subject.slice(*string))).collect();
        let meant = comparisons.join(&format!(" {word} "));
        let diagnostic = findings
            .diagnostic(joined, "`||` joins these strings into one")
            .with_label("a single string")
            .with_help(format!("to compare with each, write `{meant}`"));
        let parent = subject.parents().get(id.index()).copied().flatten().and_then(|parent| subject.expression(parent));
        let is_operand = parent.is_some_and(|parent| !matches!(parent.kind, ExprKind::Parenthesized(_)));
        let fixed = if is_operand { format!("({meant})") } else { meant };
        let diagnostic = findings.fix(subject, diagnostic, expression.span, &fixed);
        findings.add(subject.index, diagnostic);
    }
}

/// The spans of an expression and of its operands if it joins only string literals.
pub(super) fn joined_literals(subject: &CheckedRoute<'_>, id: ExprId) -> Option<(Span, Vec<Span>)> {
    let whole = subject.unparenthesized(id)?.span;
    let mut strings = Vec::new();
    let mut open = vec![id];
    while let Some(expression) = open.pop().and_then(|id| subject.unparenthesized(id)) {
        match expression.kind {
            ExprKind::Binary { operator: BinaryOperator::Concat, left, right, .. } => open.extend([right, left]),
            ExprKind::Literal(Literal::String(_)) => strings.push(expression.span),
            _ => return None,
        }
    }
    (strings.len() > 1).then_some((whole, strings))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "`||` joins these strings into one";
        check_conditions(
            "concatenated-alternatives",
            &[
                ("a = 'b' || 'c'", &format!("{message}: `'b' || 'c'` -> a = 'b' or a = 'c'")),
                (
                    "$body.a = 'b' || 'c' || 'd' and e = 'f'",
                    &format!(
                        "{message}: `'b' || 'c' || 'd'` -> ($body.a = 'b' or $body.a = 'c' or $body.a = 'd') and e = 'f'"
                    ),
                ),
                ("('b' || 'c') = a", &format!("{message}: `'b' || 'c'` -> a = 'b' or a = 'c'")),
                ("not (a = 'b' || 'c')", &format!("{message}: `'b' || 'c'` -> not (a = 'b' or a = 'c')")),
                ("a != 'b' || 'c'", &format!("{message}: `'b' || 'c'` -> a != 'b' and a != 'c'")),
            ],
            &[
                "a = 'b' || c",
                "a = b || c",
                "a = 'b' or a = 'c'",
                "length('b' || 'c') = 2",
                "a = concat('b', 'c')",
                "a > 'b' || 'c'",
            ],
        );
    }
}
