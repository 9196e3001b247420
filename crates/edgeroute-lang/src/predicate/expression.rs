//! Expressions that no simple test can represent: typed conditions over slots, evaluated as a whole.

use smallvec::SmallVec;

use super::{Interner, Slot};
use crate::builtin::Function;
use crate::hir::{Condition, NodeId, NodeKind};
use crate::id::{define_id, to_u32};
use crate::steps;
use crate::value::{Arithmetic, Comparison, Text, Type};

define_id! {
    /// An expression of a table.
    pub struct ExpressionId
}

define_id! {
    /// A node of an [`Expression`].
    pub struct OperationId
}

/// A part of a typed condition with its names resolved to slots, in post-order: operands come before their users.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    operations: Box<[Operation]>,
    /// The arguments of all calls, one call after another.
    arguments: Box<[OperationId]>,
}

/// An operation with its static type.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// What it computes.
    pub kind: OperationKind,
    /// The static type of its result.
    pub ty: Type,
}

/// Like [`NodeKind`], with slots instead of names.
#[derive(Clone, Debug, PartialEq)]
pub enum OperationKind {
    /// The constant `undefined`.
    Undefined,
    /// The constant `null`.
    Null,
    /// A bool.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(Text<'static>),
    /// A property (string) or a body query (body value).
    Slot(Slot),
    /// A property or constant as a body value.
    ToValue(OperationId),
    /// `not`.
    Not(OperationId),
    /// Unary minus.
    Negate(OperationId),
    /// `and`.
    And(OperationId, OperationId),
    /// `or`.
    Or(OperationId, OperationId),
    /// An arithmetic operator.
    Arithmetic(Arithmetic, OperationId, OperationId),
    /// A comparison.
    Compare(Comparison, OperationId, OperationId),
    /// `??`.
    Coalesce(OperationId, OperationId),
    /// The arguments are those of the expression from the first index to the second, exclusive.
    Call(Function, u32, u32),
    /// Whether the body has anything at this place.
    TwinChangeIncludes(Slot),
}

impl Expression {
    /// Whether the expression reads this slot.
    #[must_use]
    pub fn reads(&self, slot: Slot) -> bool {
        self.operations.iter().any(|operation| matches!(operation.kind, OperationKind::Slot(read) if read == slot))
    }

    /// Returns the same expression with each slot replaced by `of(slot)`.
    #[cfg(feature = "parallel")]
    pub(super) fn with_slots(mut self, of: impl Fn(Slot) -> Slot) -> Self {
        for operation in &mut self.operations {
            if let OperationKind::Slot(slot) | OperationKind::TwinChangeIncludes(slot) = &mut operation.kind {
                *slot = of(*slot);
            }
        }
        self
    }

    /// Returns the bytes allocated on the heap, including string constants.
    pub fn heap_bytes(&self) -> usize {
        let texts = self.operations.iter().map(|operation| match &operation.kind {
            OperationKind::Text(Text::WellFormed(text)) => text.len(),
            OperationKind::Text(Text::IllFormed(units)) => size_of_val(&**units),
            _ => 0,
        });
        size_of_val(&*self.operations) + size_of_val(&*self.arguments) + texts.sum::<usize>()
    }

    /// Prints the expression as in a route, with each operation in parentheses; `name` names the slots. May take
    /// quadratic time.
    pub fn show(&self, name: impl Fn(Slot) -> String) -> String {
        let mut shown: Vec<String> = Vec::with_capacity(self.operations.len());
        for operation in &self.operations {
            let of = |id: &OperationId| shown.get(id.index()).map_or("", String::as_str);
            let binary = |left, operator: &str, right| format!("({} {operator} {})", of(left), of(right));
            shown.push(match &operation.kind {
                OperationKind::Undefined => "undefined".to_owned(),
                OperationKind::Null => "null".to_owned(),
                OperationKind::Bool(truth) => truth.to_string(),
                OperationKind::Number(number) => number.to_string(),
                OperationKind::Text(Text::WellFormed(text)) => format!("{text:?}"),
                OperationKind::Text(Text::IllFormed(units)) => format!("{:?}", String::from_utf16_lossy(units)),
                OperationKind::Slot(slot) => name(*slot),
                // Conversions are not part of the syntax.
                OperationKind::ToValue(operand) => of(operand).to_owned(),
                OperationKind::Not(operand) => format!("not {}", of(operand)),
                OperationKind::Negate(operand) => format!("- {}", of(operand)),
                OperationKind::And(left, right) => binary(left, "and", right),
                OperationKind::Or(left, right) => binary(left, "or", right),
                OperationKind::Arithmetic(operator, left, right) => binary(left, operator.as_str(), right),
                OperationKind::Compare(operator, left, right) => binary(left, operator.as_str(), right),
                OperationKind::Coalesce(left, right) => binary(left, "??", right),
                OperationKind::Call(function, first, end) => {
                    let arguments: Vec<&str> = self.arguments(*first, *end).iter().map(of).collect();
                    format!("{}({})", function.name(), arguments.join(", "))
                }
                OperationKind::TwinChangeIncludes(slot) => format!("twin_change_includes({})", name(*slot)),
            });
        }
        shown.pop().unwrap_or_default()
    }

    /// Returns the operations: operands come before their users, and the outermost is last.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Returns the arguments of a call.
    pub fn arguments(&self, first: u32, end: u32) -> &[OperationId] {
        self.arguments.get(first as usize..end as usize).unwrap_or_default()
    }

    /// Builds the expression of the part of `condition` whose outermost node is `root`. Visits only that part.
    pub fn of(condition: &Condition<'_>, root: NodeId, interner: &mut Interner) -> Self {
        let mut needed: SmallVec<[NodeId; 16]> = SmallVec::new();
        needed.push(root);
        let mut at = 0;
        while let Some(node) = needed.get(at).map(|id| condition.get(*id)) {
            steps::step();
            if let Some(node) = node {
                needed.extend(node.kind.operands());
            }
            at += 1;
        }
        // Operands come before their users.
        needed.sort_unstable();
        let mut operations = Vec::with_capacity(needed.len());
        let mut arguments = Vec::new();
        let of = |id: NodeId| OperationId::new(needed.binary_search(&id).unwrap_or_default());
        for node in needed.iter().filter_map(|id| condition.get(*id)) {
            let kind = operation(&node.kind, of, &mut arguments, interner);
            operations.push(Operation { kind, ty: node.ty });
        }
        Self { operations: operations.into(), arguments: arguments.into() }
    }
}

fn operation(
    kind: &NodeKind<'_>,
    of: impl Fn(NodeId) -> OperationId,
    arguments: &mut Vec<OperationId>,
    interner: &mut Interner,
) -> OperationKind {
    match kind {
        NodeKind::Undefined => OperationKind::Undefined,
        NodeKind::Null => OperationKind::Null,
        NodeKind::Bool(truth) => OperationKind::Bool(*truth),
        NodeKind::Number(number) => OperationKind::Number(*number),
        NodeKind::Text(text) => OperationKind::Text(match text {
            Text::WellFormed(text) => Text::WellFormed(text.clone().into_owned().into()),
            Text::IllFormed(units) => Text::IllFormed(units.clone()),
        }),
        NodeKind::Property(property) => OperationKind::Slot(interner.reads.property(*property)),
        NodeKind::Body { path, shadow } => OperationKind::Slot(interner.reads.body(path, *shadow)),
        NodeKind::ToValue(operand) => OperationKind::ToValue(of(*operand)),
        NodeKind::Not(operand) => OperationKind::Not(of(*operand)),
        NodeKind::Negate(operand) => OperationKind::Negate(of(*operand)),
        NodeKind::And(left, right) => OperationKind::And(of(*left), of(*right)),
        NodeKind::Or(left, right) => OperationKind::Or(of(*left), of(*right)),
        NodeKind::Arithmetic(operator, left, right) => OperationKind::Arithmetic(*operator, of(*left), of(*right)),
        NodeKind::Compare(operator, left, right) => OperationKind::Compare(*operator, of(*left), of(*right)),
        NodeKind::Coalesce(left, right) => OperationKind::Coalesce(of(*left), of(*right)),
        NodeKind::Call(function, operands) => {
            let first = arguments.len();
            arguments.extend(operands.iter().map(|operand| of(*operand)));
            OperationKind::Call(*function, to_u32(first), to_u32(arguments.len()))
        }
        NodeKind::TwinChangeIncludes(path) => OperationKind::TwinChangeIncludes(interner.reads.body(path, None)),
    }
}
