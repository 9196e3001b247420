//! Merges one interner into another.

use super::{ExpressionId, Interner, IntervalId, Slot, SlotKind, Test, TestKind, TextId, ValueConstant, ValueId};

/// Maps the ids of a interner to the ids of the one that it was merged into.
#[derive(Debug)]
pub struct Translation {
    slots: Vec<Slot>,
    texts: Vec<TextId>,
    intervals: Vec<IntervalId>,
    values: Vec<ValueId>,
    /// The index of its first expression.
    first_expression: usize,
}

impl Interner {
    /// Adds the contents of `other`. New entries are numbered after the present ones, in the order of `other`.
    pub fn absorb(&mut self, other: Self) -> Translation {
        let mut slots: Vec<Slot> = Vec::with_capacity(other.reads.len());
        for (_, kind) in other.reads.iter() {
            let kind = match kind {
                // A shadow comes before the slot it shadows.
                SlotKind::Body { path, shadow } => {
                    let shadow = shadow.and_then(|shadow| slots.get(shadow.index()).copied());
                    SlotKind::Body { path: path.clone(), shadow }
                }
                named => named.clone(),
            };
            slots.push(self.reads.slot(kind));
        }
        let texts: Vec<TextId> = other.constants.texts().map(|text| self.constants.text(text)).collect();
        let intervals = other.constants.intervals().map(|interval| self.constants.interval(interval)).collect();
        let values = (other.constants.values())
            .map(|value| match value {
                ValueConstant::Text(text) => ValueConstant::Text(texts.get(text.index()).copied().unwrap_or(text)),
                other => other,
            })
            .map(|value| self.constants.value(value))
            .collect();
        let first_expression = self.expressions.len();
        let of_slot = |slot: Slot| slots.get(slot.index()).copied().unwrap_or(slot);
        self.expressions.extend(other.expressions.into_iter().map(|expression| expression.with_slots(of_slot)));
        Translation { slots, texts, intervals, values, first_expression }
    }
}

impl Translation {
    /// Translates a test into the interner that was merged into.
    pub fn test(&self, test: Test) -> Test {
        let text = |id: TextId| self.texts.get(id.index()).copied().unwrap_or(id);
        let kind = match test.kind {
            TestKind::State(states) => TestKind::State(states),
            TestKind::Text(orderings, id) => TestKind::Text(orderings, text(id)),
            TestKind::Affix(affix, has, id) => TestKind::Affix(affix, has, text(id)),
            TestKind::Number(within, id) => {
                TestKind::Number(within, self.intervals.get(id.index()).copied().unwrap_or(id))
            }
            TestKind::Value(orderings, id) => {
                TestKind::Value(orderings, self.values.get(id.index()).copied().unwrap_or(id))
            }
            // The slot of an expression is unused.
            TestKind::Expression(truth, id) => {
                let id = ExpressionId::new(self.first_expression + id.index());
                return Test { slot: test.slot, kind: TestKind::Expression(truth, id) };
            }
        };
        Test { slot: self.slots.get(test.slot.index()).copied().unwrap_or(test.slot), kind }
    }
}
