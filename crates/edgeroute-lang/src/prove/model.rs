//! What an open case requires of each slot, as values that a message may have there.

use super::domains::Domains;
use super::property::PropertyDomain;
use super::value::ValueDomain;
use super::{Exhausted, Prover, Steps};
use crate::predicate::{Expression, OperationKind, Slot, SlotKind};
use crate::text::{lower, upper, utf16_len};
use crate::value::Text;

/// The maximum number of values of one slot.
pub(super) const CANDIDATES: usize = 24;

/// The maximum length of a constant that values are derived from, in bytes.
const LONGEST: usize = 1 << 12;

/// Values of slots that may meet the requirements of an open case.
///
/// They meet the tests of each slot. They are only guesses for expressions, and for slots that depend on each other,
/// such as a system property and the application property that shadows it.
#[derive(Clone, Debug, Default)]
pub struct Model {
    slots: Vec<SlotValues>,
    has_expressions: bool,
}

/// The values that a slot may have, the simplest first; never empty.
#[derive(Clone, Debug)]
pub struct SlotValues {
    /// What the slot reads.
    pub kind: SlotKind,
    /// The values.
    pub values: Vec<SlotValue>,
}

/// A value of a slot.
#[derive(Clone, PartialEq, Debug)]
pub enum SlotValue {
    /// The message has no such property, or nothing at this place of the body.
    Missing,
    /// Null.
    Null,
    /// A place in the body with an object, which no operation accepts.
    Undefined,
    /// A bool in the body.
    Bool(bool),
    /// A number in the body.
    Number(f64),
    /// A string.
    Text(String),
}

/// Constants of expressions, from which values are guessed.
#[derive(Clone, Debug, Default)]
pub(super) struct Hints {
    pub(super) numbers: Vec<f64>,
    pub(super) texts: Vec<String>,
}

impl Model {
    /// Returns the slots that the case constrains or that its expressions read, each once.
    #[must_use]
    pub fn slots(&self) -> &[SlotValues] {
        &self.slots
    }

    /// Whether the case requires something of an expression, which the values only guess.
    #[must_use]
    pub const fn has_expressions(&self) -> bool {
        self.has_expressions
    }

    pub(super) fn of(domains: &Domains, prover: &Prover, steps: &mut Steps) -> Result<Self, Exhausted> {
        let mut hints = Hints::default();
        let mut read: Vec<Slot> = Vec::new();
        let mut has_expressions = false;
        for class in domains.expressions() {
            let expressions = prover.interner.expressions();
            let Some(expression) = prover.representatives.get(class).and_then(|id| expressions.get(id.index())) else {
                continue;
            };
            steps.spend(expression.operations().len())?;
            has_expressions = true;
            hints.add(expression);
            read.extend(slots(expression));
        }
        read.sort_unstable();
        read.dedup();
        let constants = &prover.interner.constants;
        let mut found = Self { slots: Vec::new(), has_expressions };
        let mut add = |slot: Slot, values: Vec<SlotValue>, steps: &mut Steps| {
            steps.spend(1)?;
            read.retain(|other| *other != slot);
            if let (Some(kind), false) = (prover.interner.reads.get(slot), values.is_empty()) {
                found.slots.push(SlotValues { kind: kind.clone(), values });
            }
            Ok(())
        };
        for (slot, domain) in domains.properties() {
            add(slot, domain.candidates(&hints, constants), steps)?;
        }
        for (slot, domain) in domains.values() {
            add(slot, domain.candidates(&hints, constants), steps)?;
        }
        for slot in read {
            steps.spend(1)?;
            let Some(kind) = prover.interner.reads.get(slot) else {
                continue;
            };
            // A string or number is more often what an expression needs than nothing.
            let mut values = match kind {
                SlotKind::Body { .. } => ValueDomain::default().candidates(&hints, constants),
                _ => PropertyDomain::default().candidates(&hints, constants),
            };
            if values.first() == Some(&SlotValue::Missing) {
                values.rotate_left(1);
            }
            found.slots.push(SlotValues { kind: kind.clone(), values });
        }
        Ok(found)
    }
}

fn slots(expression: &Expression) -> impl Iterator<Item = Slot> {
    expression.operations().iter().filter_map(|operation| match operation.kind {
        OperationKind::Slot(slot) | OperationKind::TwinChangeIncludes(slot) => Some(slot),
        _ => None,
    })
}

impl Hints {
    /// Adds the constants of an expression, and strings of the lengths that it names.
    fn add(&mut self, expression: &Expression) {
        for operation in expression.operations() {
            if self.numbers.len() + self.texts.len() >= CANDIDATES {
                return;
            }
            match &operation.kind {
                OperationKind::Number(number) => {
                    self.numbers.push(*number);
                    let lengths = [*number, number + 1.0, number - 1.0];
                    let texts = lengths.into_iter().filter(|length| (0.0..=64.0).contains(length)).map(|length| {
                        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 64")]
                        let length = length as usize;
                        "abcdefgh".chars().cycle().take(length).collect()
                    });
                    self.texts.extend(texts);
                }
                OperationKind::Text(Text::WellFormed(text)) if text.len() <= LONGEST => {
                    self.texts.push(text.clone().into_owned());
                    self.texts.push(text.chars().map(lower).collect());
                    self.texts.push(text.chars().map(upper).collect());
                    self.texts.push(format!("{text}a"));
                    self.texts.push(format!("a{text}"));
                    self.numbers.push(f64::from(u32::try_from(utf16_len(text)).unwrap_or_default()));
                }
                _ => {}
            }
        }
    }
}
