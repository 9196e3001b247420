use crate::lint::editing::string_literal;
use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{Arithmetic, NodeKind, Type, TypedRoute};
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::{Expr, ExprKind};

lint! {
    /// An operator or quote that touches a name and so becomes part of it.
    ///
    /// # Why
    /// Names may contain almost any character: `'`, `-`, `+`, `*`, `%`, `!` and `|` among them.
    /// `level!='low'` reads a property named `level!`, and `$body.temp-1` reads the member `temp-1` of the body.
    /// Put white space around an operator.
    ///
    /// # Example
    /// ```route W0101
    /// FROM /messages/* WHERE level!='low' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE level != 'low' INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Puts spaces around the operator, which changes the meaning.
    Lint {
        code: Code::GluedOperator,
        name: "glued-operator",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for (_, expression) in subject.expressions() {
        let (ExprKind::Property(name) | ExprKind::SystemProperty(name)) = expression.kind else {
            continue;
        };
        let is_doubled = doubled_quote(name).is_some();
        if let Some((span, fixed)) = unglued(subject, expression, name).filter(|_| !is_doubled) {
            let message = format!("`{name}` is read as a single property name");
            let diagnostic = findings
                .diagnostic(expression.span, message)
                .with_label("a single name")
                .with_help(format!("put white space around the operator: `{fixed}`"));
            let diagnostic = findings.fix(subject, diagnostic, span, &fixed);
            findings.add(subject.index, diagnostic);
        } else if name.contains('\'') {
            let message = format!("`{name}` is read as a single property name, quotes included");
            let diagnostic = findings.diagnostic(expression.span, message).with_label("a single name");
            let diagnostic = match doubled_quote(name) {
                Some(literal) => {
                    let help = format!("escape a quote within a string with a backslash: `{literal}`");
                    findings.fix(subject, diagnostic.with_help(help), expression.span, &literal)
                }
                None => diagnostic.with_help("put white space around the string"),
            };
            findings.add(subject.index, diagnostic);
        }
    }
}

/// The string that is meant by `'it''s'`, where a quote is doubled as in SQL.
fn doubled_quote(name: &str) -> Option<String> {
    let inner = name.strip_prefix('\'')?.strip_suffix('\'')?;
    let value = inner.split("\'\'").collect::<Vec<_>>();
    let is_plain = value.iter().all(|part| !part.contains(['\'', '\\']));
    (value.len() > 1 && is_plain).then(|| string_literal(&value.join("\'")))
}

/// The name, or a span that begins with it, with white space around its operators, if the route still makes sense.
fn unglued(subject: &CheckedRoute<'_>, expression: &Expr<'_>, name: &str) -> Option<(Span, String)> {
    let span = expression.span;
    // In `a!=5` and in `a! = 5`, the name is `a!` and the operator `=`.
    let rest = subject.text.get(span.range().end..).unwrap_or_default();
    let blank = rest.len() - rest.trim_start_matches(' ').len();
    let next = Span::from_range(blank..blank + 1).shifted(span.end());
    let (span, fixed) = match name.strip_suffix('!') {
        Some(stem) if !stem.is_empty() && subject.slice(next) == "=" => (span.cover(next), format!("{stem} !=")),
        _ => (span, spaced(name)?),
    };
    let text = subject.with(span, &fixed);
    let route = TypedRoute::compile(&text, subject.shadowing, subject.limits).ok()?;
    (!computes_with_text(&route)).then_some((span, fixed))
}

/// The name with spaces around the operators and strings in it; `None` if it has none.
fn spaced(name: &str) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let string = first == '\'';
        let length = if string {
            rest.get(1..).and_then(|inner| inner.find('\'')).map(|end| end + 2)?
        } else if rest.starts_with("||") {
            2
        } else {
            first.len_utf8()
        };
        let (part, tail) = rest.split_at_checked(length)?;
        let is_operator = string || matches!(part, "||" | "+" | "-" | "*" | "%");
        if is_operator {
            parts.extend((!word.is_empty()).then(|| core::mem::take(&mut word)));
            parts.push(part.to_owned());
        } else {
            word.push_str(part);
        }
        rest = tail;
    }
    parts.extend((!word.is_empty()).then_some(word));
    (parts.len() > 1).then(|| parts.join(" "))
}

/// Whether the condition compares a computed number with a string. The name was then meant as a single name.
fn computes_with_text(route: &TypedRoute<'_>) -> bool {
    let condition = &route.condition;
    let is_computed = |id| {
        matches!(condition.get(id), Some(node) if matches!(node.kind, NodeKind::Arithmetic(operator, ..)
        if matches!(operator, Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply | Arithmetic::Remainder)))
    };
    let is_text = |id| match condition.get(id).map(|node| &node.kind) {
        Some(NodeKind::ToValue(operand)) => condition.type_of(*operand) == Type::Text,
        Some(NodeKind::Text(_)) => true,
        _ => false,
    };
    condition.nodes().any(|(_, node)| match node.kind {
        NodeKind::Compare(_, left, right) | NodeKind::Coalesce(left, right) => {
            (is_computed(left) && is_text(right)) || (is_text(left) && is_computed(right))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let said = |name: &str, fixed: &str| format!("`{name}` is read as a single property name: `{name}` -> {fixed}");
        check_conditions(
            "glued-operator",
            &[
                ("level!='low'", &said("level!", "level !='low'")),
                ("level!  = 'low'", &said("level!", "level != 'low'")),
                ("$body.n!=5", &said("$body.n!", "$body.n !=5")),
                ("a||'b' = 'c'", &said("a||'b'", "a || 'b' = 'c'")),
                ("$body.temp-1 > 5", &said("$body.temp-1", "$body.temp - 1 > 5")),
                ("$body.n*2 > 5", &said("$body.n*2", "$body.n * 2 > 5")),
                ("'a'||b = 'c'", &said("'a'||b", "'a' || b = 'c'")),
                (
                    "a = 'it''s'",
                    r"`'it''s'` is read as a single property name, quotes included: `'it''s'` -> a = 'it\'s'",
                ),
                ("it's = 'c'", "`it's` is read as a single property name, quotes included: `it's`"),
            ],
            &[
                "level != 'low'",
                "level<>'low'",
                "device-type = 'x'",
                "temp-1 = 'x'",
                "$dt-subject = 'x'",
                "$body.machine-id = 'x'",
                "$body.line-2 = 'x'",
                "$body.n - 1 > 5",
                "a || 'b' = 'c'",
                "a.b*c = 'x'",
                "as_number(a) > -5",
            ],
        );
    }
}
