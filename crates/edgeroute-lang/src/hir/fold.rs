//! Evaluates constants at compile time, without changing any verdict (SEMANTICS#folding).
//!
//! Expressions that do not depend on the message are computed by the operations that interpreting uses, so folding
//! cannot change a verdict. Besides, if one operand decides the result (`false and x`), or has no effect (`true and
//! x`), the expression is replaced by one of its operands. One loop does this, in time linear in the condition.

use std::borrow::Cow;

use super::arena::Arena;
use super::{Condition, Node, NodeId, NodeKind, Operand, Text, Type, Value, compute};
use crate::steps;

/// Longer strings, in UTF-16 code units, are not computed at compile time, so that functions nested around a long
/// string cost little.
const MAX_TEXT: usize = 1 << 16;

/// The maximum number of code units that one condition may compute at compile time, for the same reason.
const MAX_TEXTS: usize = 1 << 18;

/// Computes the constants of a condition. The verdict stays the same for every message. Most conditions that people
/// write have nothing to compute: these are borrowed. Otherwise it allocates.
#[must_use]
pub fn fold<'c, 't>(condition: &'c Condition<'t>) -> Cow<'c, Condition<'t>> {
    if condition.nodes.iter().all(|node| is_simple(condition, node)) {
        return Cow::Borrowed(condition);
    }
    let size = condition.nodes.len();
    let mut folder = Folder {
        arena: Arena::with_capacity(size),
        values: Vec::with_capacity(size),
        folded: Vec::with_capacity(size),
        made: 0,
    };
    for (_, node) in condition.nodes() {
        let id = folder.node(node);
        folder.folded.push(id);
    }
    match folder.folded.last() {
        Some(&root) => Cow::Owned(folder.arena.finish(root)),
        None => Cow::Borrowed(condition),
    }
}

/// Whether a node stays as it is if all its operands do, so that [`Folder::simplify`] has nothing to do.
fn is_simple(condition: &Condition<'_>, node: &Node<'_>) -> bool {
    steps::step();
    let (mut operands, mut constants) = (0, 0);
    node.kind.for_each_operand(|operand| {
        operands += 1;
        constants += usize::from(condition.get(operand).is_none_or(|node| node.kind.is_constant()));
    });
    match node.kind {
        NodeKind::And(..) | NodeKind::Or(..) | NodeKind::Coalesce(..) => constants == 0,
        // Besides `undefined`, these accept only what is undefined too, which is constant or contains a `??` of
        // constants.
        _ => operands == 0 || constants < operands,
    }
}

struct Folder<'t> {
    arena: Arena<'t>,
    /// The values of the constants in `arena`; `None` for its other nodes.
    values: Vec<Option<Value>>,
    /// For each node of the condition so far, its replacement.
    folded: Vec<NodeId>,
    /// The code units of the strings that were computed.
    made: usize,
}

impl<'t> Folder<'t> {
    /// Adds the replacement of `node`.
    fn node(&mut self, node: &Node<'t>) -> NodeId {
        let mut node = node.clone();
        node.kind.for_each_operand_mut(|operand| {
            if let Some(&folded) = self.folded.get(operand.index()) {
                *operand = folded;
            }
        });
        let (kind, value) = match self.simplify(&node) {
            Simpler::Operand(id) => return id,
            Simpler::Constant(kind, value) => (kind, Some(value)),
            Simpler::Not => (node.kind, None),
        };
        self.values.push(value);
        self.arena.push(kind, node.ty, node.span)
    }

    fn simplify(&mut self, node: &Node<'t>) -> Simpler<'t> {
        let operands = node.kind.operands();
        if operands.iter().all(|&operand| self.constant(operand).is_some()) {
            return self.computed(node);
        }
        match node.kind {
            NodeKind::And(left, right) => self.decided(false, left, right),
            NodeKind::Or(left, right) => self.decided(true, left, right),
            NodeKind::Coalesce(left, right) => match (self.constant(left), self.constant(right)) {
                (Some(Value::Undefined), _) => Simpler::Operand(right),
                (Some(_), _) | (_, Some(Value::Undefined)) => Simpler::Operand(left),
                _ => Simpler::Not,
            },
            // Functions of several arguments, arithmetic and comparisons are undefined if an operand is.
            NodeKind::Arithmetic(..) | NodeKind::Compare(..) | NodeKind::Call(..)
                if operands.iter().any(|&operand| self.constant(operand) == Some(&Value::Undefined)) =>
            {
                Simpler::UNDEFINED
            }
            _ => Simpler::Not,
        }
    }

    /// Folds `and` or `or` with at most one constant operand; the bool `decisive` decides the result if both are bools.
    fn decided(&self, decisive: bool, left: NodeId, right: NodeId) -> Simpler<'t> {
        let (constant, other) = match (self.constant(left), self.constant(right)) {
            (Some(constant), _) => (constant, right),
            (_, Some(constant)) => (constant, left),
            _ => return Simpler::Not,
        };
        match (constant, self.arena.type_of(left) == Type::Value) {
            (Value::Bool(value), false) if *value == decisive => {
                Simpler::Constant(NodeKind::Bool(decisive), Value::Bool(decisive))
            }
            (Value::Bool(_), false) => Simpler::Operand(other),
            // Body values must both be bools.
            (Value::Bool(_), true) | (_, false) => Simpler::Not,
            (_, true) => Simpler::UNDEFINED,
        }
    }

    /// Returns the value of a node if it is constant.
    fn constant(&self, id: NodeId) -> Option<&Value> {
        self.values.get(id.index())?.as_ref()
    }

    /// Adds a node without operands, or with constant ones.
    fn computed(&mut self, node: &Node<'t>) -> Simpler<'t> {
        let value = compute(node, |id| Operand {
            ty: self.arena.type_of(id),
            value: self.constant(id).unwrap_or(&Value::Undefined),
        });
        let Some(value) = value else {
            return Simpler::Not;
        };
        if let Value::Text(units) = &value {
            steps::bytes(size_of_val(&**units));
        }
        if node.kind.is_constant() {
            return Simpler::Constant(node.kind.clone(), value);
        }
        let kind = match &value {
            Value::Undefined => NodeKind::Undefined,
            Value::Null => NodeKind::Null,
            Value::Bool(value) => NodeKind::Bool(*value),
            Value::Number(number) if !number.is_nan() => NodeKind::Number(*number),
            Value::Text(units) if units.len() <= MAX_TEXT && self.made + units.len() <= MAX_TEXTS => {
                self.made += units.len();
                NodeKind::Text(match String::from_utf16(units) {
                    Ok(text) => Text::WellFormed(Cow::Owned(text)),
                    Err(_) => Text::IllFormed(units.iter().copied().collect()),
                })
            }
            // Values that no literal can express.
            Value::Number(_) | Value::Text(_) | Value::Missing | Value::NullText => return Simpler::Not,
        };
        Simpler::Constant(kind, value)
    }
}

/// The replacement of a node.
enum Simpler<'t> {
    /// A constant with its value.
    Constant(NodeKind<'t>, Value),
    /// One of its operands.
    Operand(NodeId),
    /// The node itself.
    Not,
}

impl Simpler<'_> {
    const UNDEFINED: Self = Self::Constant(NodeKind::Undefined, Value::Undefined);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hir::{CheckOptions, check};
    use crate::limits::Limits;
    use crate::syntax::parse_condition;

    fn folded(text: &str) -> String {
        let parsed = parse_condition(text, &Limits::default());
        let condition = check(&parsed.tree, &CheckOptions::default()).unwrap_or_else(|errors| panic!("{errors:?}"));
        format!("{:?}", fold(&condition))
    }

    #[test]
    fn constants_are_computed() {
        for (text, expected) in [
            ("1 + 2 * 3 = 7", "#0 bool: true"),
            ("length('a' || upper('bc')) > 3", "#0 bool: false"),
            ("upper('a' || 'b')", r#"#0 string: "AB""#),
            (r"substring('\ud83d\ude00', 1)", "#0 string: [de00]"),
            ("1e400 - 1e400", "#0 number: undefined"),
            ("e5 ?? undefined", "#0 undefined: undefined"),
            ("not (null = null)", "#0 bool: false"),
            ("not true", "#0 bool: false"),
            ("- (5)", "#0 number: -5.0"),
            ("is_defined(undefined)", "#0 bool: false"),
            ("(e5 ?? undefined) = undefined", "#0 bool: undefined"),
            ("is_defined(substring('a', 2))", "#0 bool: false"),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    #[test]
    fn a_constant_operand_decides_or_gives_way() {
        let property = "#0 string: property a\n#1 string: \"b\"\n#2 bool: #0 = #1";
        for (text, expected) in [
            ("a = 'b' and 1 < 2", property),
            ("1 > 2 or a = 'b'", property),
            ("a = 'b' and 1 > 2", "#0 bool: false"),
            ("1 < 2 or a = 'b'", "#0 bool: true"),
            ("substring('a', 2) = a", "#0 bool: undefined"),
            ("contains(a, substring('a', 2))", "#0 bool: undefined"),
            ("(substring('a', 2) ?? a) = 'b'", property),
            ("(a ?? substring('a', 2)) = 'b'", property),
            ("('b' ?? a) = a", "#0 string: \"b\"\n#1 string: property a\n#2 bool: #0 = #1"),
            ("$body.x and 5", "#0 bool: undefined"),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_body_value_must_be_is_kept() {
        // The result is neither the value itself, which may not be a bool, nor `false`, which is not certain.
        for text in ["$body.x and true", "$body.x and false", "$body.x or true"] {
            assert!(folded(text).lines().count() > 2, "{text}");
        }
    }

    /// One string over 65,536 code units, and the fifth of those of 60,000: at most 262,144 are computed in all.
    #[test]
    fn long_texts_are_not_made_beforehand() {
        let made = |count: usize, length: usize| {
            let part = format!("a = upper('{}')", "x".repeat(length));
            let calls = folded(&vec![part; count].join(" or ")).matches("upper").count();
            count - calls
        };
        assert_eq!([made(1, 65_536), made(1, 65_537)], [1, 0]);
        assert_eq!([made(4, 60_000), made(6, 60_000)], [4, 4]);
        assert_eq!(made(4, 65_536), 4);
    }

    #[test]
    fn long_chains_fold_in_linear_time() {
        let parts = vec!["'a'"; 60_000].join(" || ");
        assert_eq!(folded(&format!("length({parts})")), "#0 number: 60000.0");
        let sum = vec!["1"; 100_000].join(" + ");
        assert_eq!(folded(&sum), "#0 number: 100000.0");
    }
}
