//! Lowers typed conditions to formulas.
//!
//! Two loops over the arena of the condition do this, without recursion. The first goes from the root to the leaves and
//! records for each node whether its truth, its falsehood or both are needed (`not` swaps them). The second goes back
//! and builds only those formulas. The cost is linear in the condition.

use smallvec::SmallVec;

use super::expression::Expression;
use super::{Affix, FormulaId, Formulas, Interner, Interval, Orderings, Slot, States, Test, TestKind, ValueConstant};
use crate::builtin::Function;
use crate::hir::{Comparison, Condition, Node, NodeId, NodeKind, Text, Type};
use crate::steps;

/// Which formulas of a node are needed.
#[derive(Copy, Clone, Default, PartialEq, Eq, Debug)]
struct Asked {
    truth: bool,
    falsehood: bool,
}

/// The formulas of a node: when it is true, and when it is false. A formula that is not needed is `false`.
#[derive(Copy, Clone, Debug)]
struct Lowered {
    truth: FormulaId,
    falsehood: FormulaId,
}

impl Asked {
    const BOTH: Self = Self { truth: true, falsehood: true };

    fn swapped(self) -> Self {
        Self { truth: self.falsehood, falsehood: self.truth }
    }

    fn any(self) -> bool {
        self.truth || self.falsehood
    }
}

/// Returns the formula that is true exactly when `condition` is; the condition should be folded. Clears `formulas`
/// first.
pub fn lower(condition: &Condition<'_>, interner: &mut Interner, formulas: &mut Formulas) -> FormulaId {
    formulas.clear();
    let root = condition.root();
    match condition.type_of(root) {
        Type::Bool | Type::Value => {
            let asked = ask(condition, root);
            let done = SmallVec::with_capacity(asked.len());
            let mut lowering = Lowering { condition, interner, formulas, done };
            for ((id, node), asked) in condition.nodes().zip(asked) {
                steps::step();
                let lowered = if asked.any() { lowering.node(id, node, asked) } else { nothing() };
                lowering.done.push(lowered);
            }
            let truth = lowering.done.last().map_or(Formulas::constant(false), |lowered| lowered.truth);
            formulas.simplify(truth, &mut interner.constants)
        }
        Type::Text | Type::Number | Type::Null | Type::Undefined => Formulas::constant(false),
    }
}

/// The formulas of a node that is never true and never false.
fn nothing() -> Lowered {
    Lowered { truth: Formulas::constant(false), falsehood: Formulas::constant(false) }
}

/// Returns what is needed of each node, the root last.
fn ask(condition: &Condition<'_>, root: NodeId) -> SmallVec<[Asked; 32]> {
    let mut asked: SmallVec<[Asked; 32]> = SmallVec::from_elem(Asked::default(), root.index() + 1);
    if let Some(last) = asked.last_mut() {
        last.truth = true;
    }
    for (id, node) in condition.nodes().rev() {
        steps::step();
        let Some(of_node) = asked.get(id.index()).copied().filter(|asked| asked.any()) else {
            continue;
        };
        let mut ask = |operand: NodeId, what: Asked| {
            if let Some(asked) = asked.get_mut(operand.index()) {
                *asked = what;
            }
        };
        match node.kind {
            NodeKind::Not(operand) => ask(operand, of_node.swapped()),
            NodeKind::ToValue(operand) if condition.type_of(operand) == Type::Bool => ask(operand, of_node),
            NodeKind::And(left, right) | NodeKind::Or(left, right) => {
                if let Some(of_operands) = of_connective(condition, node, of_node) {
                    ask(left, of_operands);
                    ask(right, of_operands);
                }
            }
            NodeKind::Compare(_, left, right) if condition.type_of(left) == Type::Bool => {
                match (is_bool(condition, left), is_bool(condition, right)) {
                    (None, Some(_)) => ask(left, Asked::BOTH),
                    (Some(_), None) => ask(right, Asked::BOTH),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    asked
}

/// Returns what `and` or `or` needs of its operands; `None` if they are better evaluated as a whole.
fn of_connective(condition: &Condition<'_>, node: &Node<'_>, asked: Asked) -> Option<Asked> {
    let (left, right, doubles) = match node.kind {
        NodeKind::And(left, right) => (left, right, asked.falsehood),
        NodeKind::Or(left, right) => (left, right, asked.truth),
        _ => return None,
    };
    if condition.type_of(left) != Type::Value || !doubles {
        return Some(asked);
    }
    // Two body values must both be bools, so each occurs more than once in the formula: only leaves are cheap enough.
    let is_leaf =
        |id| condition.get(id).is_some_and(|node| matches!(node.kind, NodeKind::Body { .. } | NodeKind::Bool(_)));
    (is_leaf(left) && is_leaf(right)).then_some(Asked::BOTH)
}

fn is_bool(condition: &Condition<'_>, id: NodeId) -> Option<bool> {
    match condition.get(id)?.kind {
        NodeKind::Bool(truth) => Some(truth),
        _ => None,
    }
}

struct Lowering<'l, 't> {
    condition: &'l Condition<'t>,
    interner: &'l mut Interner,
    formulas: &'l mut Formulas,
    /// The formulas of the nodes before the current one.
    done: SmallVec<[Lowered; 32]>,
}

/// One item that can be read and compared.
#[derive(Copy, Clone)]
enum Operand<'l> {
    Read(Slot),
    /// `as_number` of a slot.
    NumberOf(Slot),
    Text(&'l str),
    Number(f64),
    Value(ValueConstant),
}

impl<'l, 't> Lowering<'l, 't> {
    fn of(&self, id: NodeId) -> Lowered {
        self.done.get(id.index()).copied().unwrap_or_else(nothing)
    }

    fn node(&mut self, id: NodeId, node: &Node<'t>, asked: Asked) -> Lowered {
        match &node.kind {
            NodeKind::Bool(truth) => {
                Lowered { truth: Formulas::constant(*truth), falsehood: Formulas::constant(!*truth) }
            }
            NodeKind::Not(operand) => {
                let Lowered { truth, falsehood } = self.of(*operand);
                Lowered { truth: falsehood, falsehood: truth }
            }
            // A node that is not a bool is neither true nor false, so nothing was requested of it.
            NodeKind::ToValue(operand) => self.of(*operand),
            NodeKind::And(left, right) | NodeKind::Or(left, right) => {
                match of_connective(self.condition, node, asked) {
                    None => self.expression(id),
                    Some(of_operands) => self.connective(node, of_operands, *left, *right),
                }
            }
            NodeKind::Body { path, shadow } => {
                let slot = self.interner.reads.body(path, *shadow);
                self.value_is_bool(slot)
            }
            NodeKind::Compare(comparison, left, right) => self.compare(id, *comparison, *left, *right),
            NodeKind::Call(function, arguments) => self.call(id, *function, arguments),
            NodeKind::Undefined
            | NodeKind::Null
            | NodeKind::Number(_)
            | NodeKind::Text(_)
            | NodeKind::Property(_)
            | NodeKind::Negate(_)
            | NodeKind::Arithmetic(..) => nothing(),
            NodeKind::Coalesce(..) | NodeKind::TwinChangeIncludes(_) => self.expression(id),
        }
    }

    fn connective(&mut self, node: &Node<'t>, of_operands: Asked, left: NodeId, right: NodeId) -> Lowered {
        let (l, r) = (self.of(left), self.of(right));
        let is_and = matches!(node.kind, NodeKind::And(..));
        if self.condition.type_of(left) != Type::Value {
            return if is_and {
                let (truth, falsehood) =
                    (self.formulas.and(l.truth, r.truth), self.formulas.or(l.falsehood, r.falsehood));
                Lowered { truth, falsehood }
            } else {
                let (truth, falsehood) =
                    (self.formulas.or(l.truth, r.truth), self.formulas.and(l.falsehood, r.falsehood));
                Lowered { truth, falsehood }
            };
        }
        // Two body values, which must both be bools. `both` is true for `and`, false for `or`.
        let (l_both, l_any, r_both, r_any) = if is_and {
            (l.truth, l.falsehood, r.truth, r.falsehood)
        } else {
            (l.falsehood, l.truth, r.falsehood, r.truth)
        };
        if of_operands != Asked::BOTH {
            // Only this formula is needed; each operand may be any formula, but is used once.
            let both = self.formulas.and(l_both, r_both);
            let never = Formulas::constant(false);
            return if is_and {
                Lowered { truth: both, falsehood: never }
            } else {
                Lowered { truth: never, falsehood: both }
            };
        }
        let both = self.both(l_both, r_both);
        let (left_any, any, right_any) = (self.both(l_any, r_both), self.both(l_any, r_any), self.both(l_both, r_any));
        let any = self.formulas.or(left_any, any);
        let any = self.formulas.or(any, right_any);
        if is_and { Lowered { truth: both, falsehood: any } } else { Lowered { truth: any, falsehood: both } }
    }

    /// Returns the conjunction of two tests or constants, which may be used again.
    fn both(&mut self, left: FormulaId, right: FormulaId) -> FormulaId {
        let (left, right) = (self.formulas.copy(left), self.formulas.copy(right));
        self.formulas.and(left, right)
    }

    fn compare(&mut self, id: NodeId, comparison: Comparison, left: NodeId, right: NodeId) -> Lowered {
        match self.condition.type_of(left) {
            Type::Null | Type::Undefined => self.expression(id),
            Type::Bool => self.compare_bools(id, comparison, left, right),
            Type::Text | Type::Number | Type::Value => {
                let (Some(l), Some(r)) = (self.operand(left), self.operand(right)) else {
                    return self.expression(id);
                };
                let orderings = orderings(comparison);
                let lowered = match (l, r) {
                    (Operand::Read(_) | Operand::NumberOf(_), _) => self.compare_with_constant(orderings, &l, &r),
                    _ => self.compare_with_constant(orderings.swapped(), &r, &l),
                };
                lowered.unwrap_or_else(|| self.expression(id))
            }
        }
    }

    fn compare_with_constant(
        &mut self,
        orderings: Orderings,
        read: &Operand<'_>,
        constant: &Operand<'_>,
    ) -> Option<Lowered> {
        let kinds = |orderings: Orderings, kind: &dyn Fn(Orderings) -> TestKind| {
            (kind(orderings), kind(orderings.complement()))
        };
        let (slot, (truth, falsehood)) = match (read, constant) {
            (Operand::Read(slot), Operand::Text(text)) => {
                let text = self.interner.constants.text(text);
                (*slot, kinds(orderings, &|orderings| TestKind::Text(orderings, text)))
            }
            (Operand::Read(slot), Operand::Value(value)) => {
                let value = self.interner.constants.value(*value);
                (*slot, kinds(orderings, &|orderings| TestKind::Value(orderings, value)))
            }
            (Operand::NumberOf(slot), Operand::Number(number)) => {
                let truth = self.number_test(*slot, orderings, *number);
                let falsehood = self.number_test(*slot, orderings.complement(), *number);
                return Some(Lowered { truth, falsehood });
            }
            _ => return None,
        };
        let (truth, falsehood) = (Test { slot, kind: truth }, Test { slot, kind: falsehood });
        Some(Lowered { truth: self.formulas.test(truth), falsehood: self.formulas.test(falsehood) })
    }

    /// The slot reads as a number in one of these orderings to `number`.
    fn number_test(&mut self, slot: Slot, orderings: Orderings, number: f64) -> FormulaId {
        let (within, interval) = match orderings {
            Orderings::DIFFERENT => (false, Interval::new(number, number)),
            Orderings::EQUAL => (true, Interval::new(number, number)),
            Orderings::LESS => (true, Interval::below(number)),
            Orderings::AT_MOST => (true, Interval::new(f64::NEG_INFINITY, number)),
            Orderings::GREATER => (true, Interval::above(number)),
            Orderings::AT_LEAST => (true, Interval::new(number, f64::INFINITY)),
            _ => (true, None),
        };
        match interval {
            Some(interval) => {
                let interval = self.interner.constants.interval(interval);
                self.formulas.test(Test { slot, kind: TestKind::Number(within, interval) })
            }
            None => Formulas::constant(false),
        }
    }

    /// Compares a bool with a constant, or else evaluates the comparison as a whole.
    fn compare_bools(&mut self, id: NodeId, comparison: Comparison, left: NodeId, right: NodeId) -> Lowered {
        let (operand, constant, orderings) = match (is_bool(self.condition, left), is_bool(self.condition, right)) {
            (None, Some(constant)) => (left, constant, orderings(comparison)),
            (Some(constant), None) => (right, constant, orderings(comparison).swapped()),
            _ => return self.expression(id),
        };
        let Lowered { truth, falsehood } = self.of(operand);
        // The results of the comparison for a true and for a false operand.
        match (orderings.contains(true.cmp(&constant)), orderings.contains(false.cmp(&constant))) {
            (true, false) => Lowered { truth, falsehood },
            (false, true) => Lowered { truth: falsehood, falsehood: truth },
            (always, _) => {
                let defined = self.formulas.or(truth, falsehood);
                let never = Formulas::constant(false);
                if always {
                    Lowered { truth: defined, falsehood: never }
                } else {
                    Lowered { truth: never, falsehood: defined }
                }
            }
        }
    }

    fn call(&mut self, id: NodeId, function: Function, arguments: &[NodeId]) -> Lowered {
        let states = match function {
            Function::IsDefined => States::PRESENT,
            Function::IsNull => States::NULL,
            Function::IsString => States::TEXT,
            Function::StartsWith => return self.affix(id, Affix::Prefix, arguments),
            Function::EndsWith => return self.affix(id, Affix::Suffix, arguments),
            Function::Contains => return self.affix(id, Affix::Infix, arguments),
            _ => return self.expression(id),
        };
        let Some(slot) = arguments.first().and_then(|argument| self.property(*argument)) else {
            return self.expression(id);
        };
        let test = |states| Test { slot, kind: TestKind::State(states) };
        Lowered { truth: self.formulas.test(test(states)), falsehood: self.formulas.test(test(states.complement())) }
    }

    fn affix(&mut self, id: NodeId, affix: Affix, arguments: &[NodeId]) -> Lowered {
        let &[text, part] = arguments else {
            return self.expression(id);
        };
        // An ill-formed part may occur in a well-formed string, within a surrogate pair.
        let (Some(slot), Some(Operand::Text(part))) = (self.property(text), self.operand(part)) else {
            return self.expression(id);
        };
        let part = self.interner.constants.text(part);
        let mut test = |has| self.formulas.test(Test { slot, kind: TestKind::Affix(affix, has, part) });
        Lowered { truth: test(true), falsehood: test(false) }
    }

    fn property(&mut self, id: NodeId) -> Option<Slot> {
        match self.condition.get(id)?.kind {
            NodeKind::Property(property) => Some(self.interner.reads.property(property)),
            _ => None,
        }
    }

    /// Returns the operand of a comparison if it is simple enough for a test.
    fn operand(&mut self, id: NodeId) -> Option<Operand<'l>> {
        let condition = self.condition;
        let node = condition.get(id)?;
        match &node.kind {
            NodeKind::Property(_) | NodeKind::Body { .. } => self.read(id).map(Operand::Read),
            NodeKind::Call(Function::AsNumber, arguments) => self.read(*arguments.first()?).map(Operand::NumberOf),
            // Folding turns a converted constant into a constant of type Value.
            _ if node.ty == Type::Value => self.value(node),
            NodeKind::Text(Text::WellFormed(text)) => Some(Operand::Text(text)),
            NodeKind::Number(number) => Some(Operand::Number(*number)),
            _ => None,
        }
    }

    fn read(&mut self, id: NodeId) -> Option<Slot> {
        match &self.condition.get(id)?.kind {
            NodeKind::Property(property) => Some(self.interner.reads.property(*property)),
            NodeKind::Body { path, shadow } => Some(self.interner.reads.body(path, *shadow)),
            _ => None,
        }
    }

    /// Returns a constant as a body value.
    fn value(&mut self, constant: &Node<'_>) -> Option<Operand<'l>> {
        Some(Operand::Value(match &constant.kind {
            NodeKind::Null => ValueConstant::Null,
            NodeKind::Bool(truth) => ValueConstant::Bool(*truth),
            NodeKind::Number(number) => ValueConstant::Number(*number),
            NodeKind::Text(Text::WellFormed(text)) => ValueConstant::Text(self.interner.constants.text(text)),
            _ => return None,
        }))
    }

    /// The formulas of a body slot: it contains `true`, and it contains `false`.
    fn value_is_bool(&mut self, slot: Slot) -> Lowered {
        let mut test = |truth| {
            let value = self.interner.constants.value(ValueConstant::Bool(truth));
            self.formulas.test(Test { slot, kind: TestKind::Value(Orderings::EQUAL, value) })
        };
        Lowered { truth: test(true), falsehood: test(false) }
    }

    /// The formulas of a node that is evaluated as a whole.
    fn expression(&mut self, id: NodeId) -> Lowered {
        let expression = Expression::of(self.condition, id, self.interner);
        let expression = self.interner.expression(expression);
        let mut test =
            |truth| self.formulas.test(Test { slot: Slot::new(0), kind: TestKind::Expression(truth, expression) });
        Lowered { truth: test(true), falsehood: test(false) }
    }
}

fn orderings(comparison: Comparison) -> Orderings {
    match comparison {
        Comparison::Equal => Orderings::EQUAL,
        Comparison::NotEqual => Orderings::DIFFERENT,
        Comparison::Less => Orderings::LESS,
        Comparison::LessOrEqual => Orderings::AT_MOST,
        Comparison::Greater => Orderings::GREATER,
        Comparison::GreaterOrEqual => Orderings::AT_LEAST,
    }
}

#[cfg(test)]
mod tests;
