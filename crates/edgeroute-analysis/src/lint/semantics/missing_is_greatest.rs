use std::collections::BTreeMap;

use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::TypedRoute;
use edgeroute_lang::predicate::FormulaId;
use edgeroute_lang::prove::Answer;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::{BinaryOperator, Expr, ExprId, ExprKind, Literal, UnaryOperator};

lint! {
    /// A comparison that is true if the body has no such value.
    ///
    /// # Why
    /// A missing body path is null, and null is greater than every number, string and bool, and different from each.
    /// So `$body.temperature > 30` is true for every readable body without a `temperature`;
    /// `>=`, `!=` and `not ($body.temperature < 30)` behave in the same way.
    /// The names of members are case-sensitive: `{"Temperature": 5}` has no `temperature`.
    /// The lint proves that the comparison is true if the value is missing,
    /// and is silent if the condition is proved never to be true then.
    ///
    /// This lint is off by default, because a sender may always set the value.
    ///
    /// # Example
    /// ```route W0214
    /// FROM /messages/* WHERE $contentType = 'application/json' and $body.temperature > 30 INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE $contentType = 'application/json' and $body.temperature > 30 and $body.temperature != null INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Adds the test for null, which changes the meaning.
    Lint {
        code: Code::MissingIsGreatest,
        name: "missing-is-greatest",
        level: Level::Allow,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

/// The most comparisons of one route that are examined.
const EXAMINED: usize = 64;

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    // While the lint is off, one finding is enough to announce it.
    if findings.level == Level::Allow && !findings.found.is_empty() {
        return;
    }
    let mut candidates =
        subject.expressions().filter_map(|(id, expression)| Some((id, Candidate::of(subject, expression)?)));
    let Some(first) = candidates.next() else {
        return;
    };
    let parents = subject.parents();
    let mut formulas = BTreeMap::new();
    for (id, candidate) in core::iter::once(first).chain(candidates).take(EXAMINED) {
        let Some(place) = Place::of(subject, id, &parents) else {
            continue;
        };
        if !is_reached(subject, &candidate, &place, &mut formulas, findings) {
            continue;
        }
        let Candidate { comparison, path } = candidate;
        let written = subject.slice(comparison);
        let (shown, guard) = if place.is_negated {
            (format!("not ({written})"), format!("{written} or {path} = null"))
        } else {
            (written.to_owned(), format!("{written} and {path} != null"))
        };
        let fixed = if place.needs_parentheses { format!("({guard})") } else { guard.clone() };
        let value = if place.is_negated { "false" } else { "true" };
        let diagnostic = findings
            .diagnostic(comparison, format!("`{shown}` is true if the body does not have this value"))
            .with_label(format!("{value} if `{path}` is missing"))
            .with_help(format!("a missing body path is null, which is greater than every value; write `{guard}`"));
        let diagnostic = findings.fix(subject, diagnostic, comparison, &fixed);
        findings.add(subject.index, diagnostic);
    }
}

/// Compares a body value with a literal.
struct Candidate<'r> {
    comparison: Span,
    /// The body path, as in the route.
    path: &'r str,
}

impl<'r> Candidate<'r> {
    fn of(subject: &CheckedRoute<'r>, expression: &Expr<'r>) -> Option<Self> {
        let ExprKind::Binary { operator, left, right, .. } = expression.kind else {
            return None;
        };
        if !matches!(operator.precedence(), 4 | 5) {
            return None;
        }
        let (left, right) = (subject.unparenthesized(left)?, subject.unparenthesized(right)?);
        let is_value = |operand: &Expr<'_>| match &operand.kind {
            ExprKind::Literal(literal) => !matches!(literal, Literal::Null | Literal::Undefined),
            ExprKind::Unary { operator: UnaryOperator::Negate, .. } => true,
            _ => false,
        };
        let body = match (is_value(left), is_value(right)) {
            (false, true) => left,
            (true, false) => right,
            _ => return None,
        };
        let ExprKind::SystemProperty(path) = body.kind else {
            return None;
        };
        let is_body = path.get(..6).is_some_and(|first| first.eq_ignore_ascii_case("$body."));
        is_body.then_some(Self { comparison: expression.span, path })
    }
}

/// Where a comparison is in the condition.
struct Place {
    /// Whether the condition needs it to be false.
    is_negated: bool,
    /// The largest part of the condition that needs the comparison.
    part: Span,
    /// Whether the condition needs the part to be false.
    is_part_negated: bool,
    /// Whether an `and` or `or` in its place must be in parentheses.
    needs_parentheses: bool,
}

impl Place {
    /// `None` if the comparison is not joined to the condition by `and`, `or` and `not` alone.
    fn of(subject: &CheckedRoute<'_>, comparison: ExprId, parents: &[Option<ExprId>]) -> Option<Self> {
        // From the comparison to the root.
        let mut way = Vec::new();
        let mut id = comparison;
        while let Some(parent) = parents.get(id.index()).copied().flatten() {
            way.push(subject.expression(parent)?);
            id = parent;
        }
        let mut negations = 0;
        for outer in &way {
            match outer.kind {
                ExprKind::Unary { operator: UnaryOperator::Not, .. } => negations += 1,
                ExprKind::Parenthesized(_)
                | ExprKind::Binary { operator: BinaryOperator::And | BinaryOperator::Or, .. } => {}
                _ => return None,
            }
        }
        let is_negated = negations % 2 == 1;
        let mut is_here_negated = is_negated;
        let mut part = (subject.expression(comparison)?.span, is_negated);
        for outer in &way {
            match outer.kind {
                ExprKind::Unary { .. } => is_here_negated = !is_here_negated,
                ExprKind::Binary { operator, .. } if (operator == BinaryOperator::Or) != is_here_negated => break,
                _ => {}
            }
            part = (outer.span, is_here_negated);
        }
        let needs_parentheses = match way.first().map(|outer| &outer.kind) {
            None | Some(ExprKind::Parenthesized(_)) => false,
            Some(ExprKind::Binary { operator: BinaryOperator::And, .. }) => is_negated,
            _ => true,
        };
        Some(Self { is_negated, part: part.0, is_part_negated: part.1, needs_parentheses })
    }
}

/// Whether the comparison is proved to be what the condition needs if the value is missing, and it is not proved that the
/// condition is then not true anyway.
fn is_reached(
    subject: &CheckedRoute<'_>,
    candidate: &Candidate<'_>,
    place: &Place,
    formulas: &mut BTreeMap<String, Option<FormulaId>>,
    findings: &mut Findings<'_>,
) -> bool {
    let mut formula_of = |condition: String, findings: &mut Findings<'_>| {
        *formulas.entry(condition).or_insert_with_key(|condition| {
            let source = subject.tree.source.as_ref().map(|source| subject.slice(source.span))?;
            let text = format!("FROM {source} WHERE {condition} INTO $upstream");
            let route = TypedRoute::compile(&text, subject.shadowing, subject.limits).ok()?;
            Some(findings.reasoner.add(&route.condition))
        })
    };
    let negated = |text: &str, is_negated| if is_negated { format!("not ({text})") } else { text.to_owned() };
    let missing = formula_of(format!("{} = null", candidate.path), findings);
    let needed = formula_of(negated(subject.slice(candidate.comparison), place.is_negated), findings);
    let (Some(missing), Some(needed)) = (missing, needed) else {
        return false;
    };
    let is_impossible = |claim, findings: &mut Findings<'_>| {
        findings.reasoner.refute(&[(missing, true), claim], &subject.facts) == Answer::Impossible
    };
    if !is_impossible((needed, false), findings) {
        return false;
    }
    let Some(part) = formula_of(negated(subject.slice(place.part), place.is_part_negated), findings) else {
        return false;
    };
    !is_impossible((part, true), findings) && !is_impossible((subject.formula, true), findings)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message =
            |shown: &str, marked: &str| format!("`{shown}` is true if the body does not have this value: `{marked}`");
        let plain = |shown: &str, fixed: &str| format!("{} -> {fixed}", message(shown, shown));
        let negated = |shown: &str, fixed: &str| format!("{} -> {fixed}", message(&format!("not ({shown})"), shown));
        check_conditions(
            "missing-is-greatest",
            &[
                ("$body.t > 30", &plain("$body.t > 30", "$body.t > 30 and $body.t != null")),
                ("30 <= $body.t", &plain("30 <= $body.t", "30 <= $body.t and $body.t != null")),
                ("$body.t > -1.5", &plain("$body.t > -1.5", "$body.t > -1.5 and $body.t != null")),
                ("$body.s != 'ok'", &plain("$body.s != 'ok'", "$body.s != 'ok' and $body.s != null")),
                ("$body.t > 30 and a = 'b'", &plain("$body.t > 30", "$body.t > 30 and $body.t != null and a = 'b'")),
                ("$body.t > 30 or a = 'b'", &plain("$body.t > 30", "($body.t > 30 and $body.t != null) or a = 'b'")),
                ("not ($body.t < 30)", &negated("$body.t < 30", "not ($body.t < 30 or $body.t = null)")),
                (
                    "not ($body.t < 30 and a = 'b')",
                    &negated("$body.t < 30", "not (($body.t < 30 or $body.t = null) and a = 'b')"),
                ),
                ("not (not ($body.t > 30))", &plain("$body.t > 30", "not (not ($body.t > 30 and $body.t != null))")),
                (
                    "($body.t > 30 and $body.t != null) or $body.t > 90",
                    &plain("$body.t > 90", "($body.t > 30 and $body.t != null) or ($body.t > 90 and $body.t != null)"),
                ),
            ],
            &[
                "$body.t > 30 and $body.t != null",
                "$body.t > 30 and $body.t < 90",
                "not ($body.t < 30 or $body.t = null)",
                "$body.t < 30",
                "$body.t = 30",
                "not ($body.t > 30)",
                "$body.t != null",
                "as_number($body.t) > 30",
                "$body.t + 1 > 30",
                "$body.t > limit",
                "is_defined($body.t > 30)",
                "t != 'x'",
            ],
        );
    }

    #[test]
    fn each_value_is_reported() {
        let linter = crate::lint::testing::linter("missing-is-greatest");
        let text = "FROM /* WHERE $body.t > 30 and ($body.h > 5 or not ($body.t >= 90)) INTO $upstream";
        let report = linter.lint_routes(&[edgeroute_lang::route::Route::new("r", text)]);
        assert_eq!(report.findings().len(), 2, "{:?}", report.findings());
    }
}
