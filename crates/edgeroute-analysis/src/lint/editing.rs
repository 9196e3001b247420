//! Writes parts of routes, for help and fixes.

use core::fmt::Write as _;

use super::CheckedRoute;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::{BinaryOperator, Condition, ExprKind};

/// Returns a string literal with this value.
pub(super) fn string_literal(value: &str) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('\'');
    for character in value.chars() {
        match character {
            '\'' | '\\' => literal.extend(['\\', character]),
            _ if character.is_control() => {
                // Writing to a `String` cannot fail.
                let _ = write!(literal, "\\u{:04x}", u32::from(character));
            }
            _ => literal.push(character),
        }
    }
    literal.push('\'');
    literal
}

impl CheckedRoute<'_> {
    /// Returns a comparison to replace the expression at `span`, in parentheses where it needs them.
    pub(super) fn grouped(&self, span: Span, comparison: &str) -> String {
        let place = self.expressions().find(|(_, expression)| expression.span == span).map(|(id, _)| id);
        let parent = self.expressions().find_map(|(_, expression)| match &expression.kind {
            ExprKind::Parenthesized(inner) => (Some(*inner) == place).then_some(false),
            ExprKind::Call { arguments, .. } => place.is_some_and(|place| arguments.contains(&place)).then_some(false),
            ExprKind::Unary { operand, .. } => (Some(*operand) == place).then_some(true),
            ExprKind::Binary { operator, left, right, .. } => (Some(*left) == place || Some(*right) == place)
                .then_some(operator.precedence() > BinaryOperator::And.precedence()),
            _ => None,
        });
        if parent == Some(true) { format!("({comparison})") } else { comparison.to_owned() }
    }

    /// Returns the edit that makes the route also require `condition`, whose operators bind tighter than `and`.
    pub(super) fn requiring(&self, condition: &str) -> Option<(Span, String)> {
        let Some(written) = &self.tree.condition else {
            let end = self.tree.source.as_ref()?.span.end();
            return Some((Span::new(end, end), format!(" WHERE {condition}")));
        };
        let span = written.span();
        let text = self.slice(span);
        let root = Condition::root(written).and_then(|id| self.expression(id));
        let binds_weaker = root.is_none_or(|root| {
            matches!(root.kind, ExprKind::Binary { operator, .. } if operator.precedence() < BinaryOperator::And.precedence())
        });
        let text = if binds_weaker { format!("({text}) and {condition}") } else { format!("{text} and {condition}") };
        Some((span, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgeroute_lang::limits::Limits;
    use edgeroute_lang::syntax::parse_condition;

    #[test]
    fn a_literal_has_its_value() {
        for (value, expected) in
            [("", "''"), ("a b", "'a b'"), ("it's", r"'it\'s'"), (r"a\b", r"'a\\b'"), ("\t", r"'\u0009'")]
        {
            assert_eq!(string_literal(value), expected);
            assert_eq!(parse_condition(&format!("a = {expected}"), &Limits::default()).errors, []);
        }
    }
}
