//! Compares trees regardless of spans, in linear time and without recursion.

use super::ast::{Condition, ExprId, ExprKind, Route, Sink, SinkKind};

impl Route<'_> {
    /// Whether both routes are the same, apart from spans. Text after the sink is not compared. Allocates.
    #[must_use]
    pub fn eq_ignoring_spans(&self, other: &Route<'_>) -> bool {
        let paths = [&self.source, &other.source].map(|source| source.as_ref().map(|source| &*source.path));
        let is_same_condition = match (&self.condition, &other.condition) {
            (Some(ours), Some(theirs)) => ours.eq_ignoring_spans(theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        let is_same_sink = match (&self.sink, &other.sink) {
            (Some(ours), Some(theirs)) => is_same_sink(ours, theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        self.select.is_some() == other.select.is_some() && paths[0] == paths[1] && is_same_condition && is_same_sink
    }
}

fn is_same_sink(ours: &Sink<'_>, theirs: &Sink<'_>) -> bool {
    match (&ours.kind, &theirs.kind) {
        (SinkKind::System(ours), SinkKind::System(theirs)) => ours == theirs,
        (
            SinkKind::Function { name: our_name, address: our_address, .. },
            SinkKind::Function { name: their_name, address: their_address, .. },
        ) => our_name == their_name && our_address == their_address,
        _ => false,
    }
}

impl Condition<'_> {
    /// Whether both conditions are the same, apart from spans. Ignored text after a condition is not compared.
    /// Allocates.
    #[must_use]
    pub fn eq_ignoring_spans(&self, other: &Condition<'_>) -> bool {
        let mut pairs: Vec<(ExprId, ExprId)> = Vec::new();
        match (self.root(), other.root()) {
            (Some(ours), Some(theirs)) => pairs.push((ours, theirs)),
            (ours, theirs) => return ours.is_none() && theirs.is_none(),
        }
        while let Some((ours, theirs)) = pairs.pop() {
            let (Some(ours), Some(theirs)) = (self.get(ours), other.get(theirs)) else {
                return false;
            };
            if !is_same_kind(&ours.kind, &theirs.kind, &mut pairs) {
                return false;
            }
        }
        true
    }
}

/// Whether two expressions are the same apart from their operands, which are pushed to `operands` for comparison.
fn is_same_kind(ours: &ExprKind<'_>, theirs: &ExprKind<'_>, operands: &mut Vec<(ExprId, ExprId)>) -> bool {
    match (ours, theirs) {
        (ExprKind::Missing, ExprKind::Missing) => true,
        (ExprKind::Literal(ours), ExprKind::Literal(theirs)) => ours == theirs,
        (ExprKind::Property(ours), ExprKind::Property(theirs))
        | (ExprKind::SystemProperty(ours), ExprKind::SystemProperty(theirs))
        | (ExprKind::EscapedSystemProperty(ours), ExprKind::EscapedSystemProperty(theirs)) => ours == theirs,
        (
            ExprKind::Call { name: our_name, arguments: our_arguments, .. },
            ExprKind::Call { name: their_name, arguments: their_arguments, .. },
        ) => {
            operands.extend(our_arguments.iter().copied().zip(their_arguments.iter().copied()));
            our_name == their_name && our_arguments.len() == their_arguments.len()
        }
        (
            ExprKind::Unary { operator: our_operator, operand: our_operand, .. },
            ExprKind::Unary { operator: their_operator, operand: their_operand, .. },
        ) => {
            operands.push((*our_operand, *their_operand));
            our_operator == their_operator
        }
        (
            ExprKind::Binary { operator: our_operator, left: our_left, right: our_right, .. },
            ExprKind::Binary { operator: their_operator, left: their_left, right: their_right, .. },
        ) => {
            operands.extend([(*our_right, *their_right), (*our_left, *their_left)]);
            our_operator == their_operator
        }
        (ExprKind::Parenthesized(ours), ExprKind::Parenthesized(theirs)) => {
            operands.push((*ours, *theirs));
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::limits::Limits;
    use crate::syntax::{parse_condition, parse_route};

    #[test]
    fn layout_does_not_count_and_everything_else_does() {
        let limits = Limits::default();
        let is_same = |a, b| parse_condition(a, &limits).tree.eq_ignoring_spans(&parse_condition(b, &limits).tree);
        assert!(is_same("f(a , b)<>- 5 rest", "f( a,b ) != /* c */ - 5"));
        assert!(is_same("", "/* none */"));
        assert!(is_same("a =", "a  = "));
        for (a, b) in [
            ("a", "$a"),
            ("$a", "{$a}"),
            ("a", "(a)"),
            ("a", "A"),
            ("f(a)", "f(a, a)"),
            ("f(a)", "g(a)"),
            ("- 5", "-5"),
            ("- 5", "not 5"),
            ("a = b", "b = a"),
            ("a < b", "a > b"),
            ("a or b or c", "a or (b or c)"),
            ("5", "5.0"),
            ("'a'", "\"a\""),
            ("a", ""),
            ("a =", "a = b"),
        ] {
            assert!(!is_same(a, b), "{a} and {b}");
        }
    }

    #[test]
    fn routes_differ_by_any_part() {
        let limits = Limits::default();
        let is_same = |a, b| parse_route(a, &limits).tree.eq_ignoring_spans(&parse_route(b, &limits).tree);
        assert!(is_same("FROM /a/* INTO f('x') rest", "from / a / * into f(\"x\")"));
        for other in [
            "SELECT * FROM /a WHERE b INTO $x",
            "FROM /b WHERE b INTO $x",
            "FROM /a WHERE c INTO $x",
            "FROM /a INTO $x",
            "FROM /a WHERE b INTO $y",
            "FROM /a WHERE b INTO f('x')",
        ] {
            assert!(!is_same("FROM /a WHERE b INTO $x", other), "{other}");
        }
        assert!(!is_same("FROM /a INTO f('x')", "FROM /a INTO f('y')"));
        assert!(!is_same("FROM /a INTO $x", "FROM /a") && !is_same("FROM /a", "FROM /a INTO $x"));
        assert!(is_same("FROM /a", "FROM /a INTO"));
        assert!(!is_same("FROM /a INTO f('x')", "FROM /a INTO g('x')"));
    }
}
