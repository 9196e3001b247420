use crate::lint::{CheckedRoute, Findings, Level, Pass};
use edgeroute_lang::diagnostic::{Code, Diagnostic};
use edgeroute_lang::hir::{CheckOptions, Type, check as check_condition};
use edgeroute_lang::predicate::FormulaId;
use edgeroute_lang::prove::{Answer, SourceFacts};
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::parse_condition;

lint! {
    /// A condition that no message satisfies.
    ///
    /// # Why
    /// The route never matches.
    /// The usual causes are `and` in place of `or`, a bound on the wrong side, and a string or number in place of a
    /// comparison.
    /// This is proved, not guessed: no message can make the condition true.
    ///
    /// # Example
    /// ```route W0201
    /// FROM /messages/* WHERE level = 'warning' and level = 'critical' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE level = 'warning' or level = 'critical' INTO $upstream
    /// ```
    Lint {
        code: Code::NeverTrue,
        name: "never-true",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Route(check),
    }
}

/// Conditions with up to this many operands of `and` are searched for two that contradict each other.
const EXPLAINED: usize = 24;

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    let Some(condition) = &subject.tree.condition else {
        return;
    };
    if findings.reasoner.refute(&[(subject.formula, true)], &SourceFacts::default()) != Answer::Impossible {
        return;
    }
    let diagnostic =
        findings.diagnostic(condition.span(), "this condition is never true").with_label("no message satisfies it");
    let diagnostic = match subject.typed.condition.type_of(subject.typed.condition.root()) {
        Type::Text => diagnostic.with_help("a string is neither true nor false; compare it with another string"),
        Type::Number => diagnostic.with_help("a number is neither true nor false; compare it with another number"),
        Type::Null | Type::Undefined => diagnostic.with_help("null and undefined are neither true nor false"),
        Type::Bool | Type::Value => explained(subject, diagnostic, findings),
    };
    findings.add(subject.index, diagnostic);
}

/// Points at an operand of `and` that is never true, or at two that are never true together.
fn explained(subject: &CheckedRoute<'_>, diagnostic: Diagnostic, findings: &mut Findings<'_>) -> Diagnostic {
    let conjuncts = subject.conjuncts();
    if conjuncts.len() < 2 || conjuncts.len() > EXPLAINED {
        return diagnostic;
    }
    let formulas: Vec<(Span, Option<FormulaId>)> = conjuncts
        .iter()
        .map(|conjunct| (conjunct.span, formula(subject, subject.slice(conjunct.span), findings)))
        .collect();
    let mut is_impossible =
        |claims: &[(FormulaId, bool)]| findings.reasoner.refute(claims, &SourceFacts::default()) == Answer::Impossible;
    for (index, &(span, formula)) in formulas.iter().enumerate() {
        let Some(formula) = formula else {
            continue;
        };
        if is_impossible(&[(formula, true)]) {
            return diagnostic.with_secondary(span, "never true by itself");
        }
        for &(other_span, other) in formulas.iter().take(index) {
            if other.is_some_and(|other| is_impossible(&[(other, true), (formula, true)])) {
                return diagnostic.with_secondary(other_span, "if this is true").with_secondary(span, "this is false");
            }
        }
    }
    diagnostic
}

/// The formula of a part of the condition that is a condition itself.
fn formula(subject: &CheckedRoute<'_>, text: &str, findings: &mut Findings<'_>) -> Option<FormulaId> {
    let parsed = parse_condition(text, subject.limits);
    let options = CheckOptions { shadowing: subject.shadowing, ..CheckOptions::default() };
    let typed = check_condition(&parsed.tree, &options).ok().filter(|_| parsed.errors.is_empty())?;
    Some(findings.reasoner.add(&typed))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check_conditions, linter};
    use edgeroute_lang::route::Route;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "this condition is never true";
        let all = |condition: &str| format!("{message}: `{condition}`");
        check_conditions(
            "never-true",
            &[
                ("a = 'x' and a = 'y'", &all("a = 'x' and a = 'y'")),
                ("as_number(a) > 5 and as_number(a) < 3", &all("as_number(a) > 5 and as_number(a) < 3")),
                ("level", &all("level")),
                ("1 > 2", &all("1 > 2")),
                (
                    "$body.a > 5 and $body.a < 'x' and $body.a = null",
                    &all("$body.a > 5 and $body.a < 'x' and $body.a = null"),
                ),
            ],
            &["a = 'x' or a = 'y'", "as_number(a) > 3 and as_number(a) < 5", "a != 'x' and a != 'y'", "length(a) < 0"],
        );
        let report = linter("never-true").lint_routes(&[Route::new(
            "r",
            "FROM /* WHERE b = 'z' and a = 'x' and c = 'z' and a = 'y' INTO $upstream",
        )]);
        let labels: Vec<(u32, &str)> = report.findings()[0]
            .diagnostic()
            .secondary
            .iter()
            .map(|label| (label.span.start(), label.text.as_str()))
            .collect();
        assert_eq!(labels, [(26, "if this is true"), (50, "this is false")]);
    }
}
