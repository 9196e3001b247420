//! The possible values of each slot and expression, given that some tests are true and others are not.

use smallvec::SmallVec;

use super::property::PropertyDomain;
use super::value::ValueDomain;
use super::{Prover, SourceFacts};
use crate::predicate::{Interner, Slot, SlotKind, Test, TestKind};

/// The possible values of each slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Domains {
    properties: SmallVec<[(Slot, PropertyDomain); 4]>,
    values: SmallVec<[(Slot, ValueDomain); 2]>,
    /// By class, the possible truth values.
    expressions: SmallVec<[(usize, Truths); 2]>,
}

/// A set of truth values: true, false, undefined.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
struct Truths(u8);

impl Truths {
    const ALL: Self = Self(7);

    /// Keeps the truth values of an expression that is, or is not, of this truth.
    const fn keep(self, truth: bool, holds: bool) -> Self {
        let bit = if truth { 1 } else { 2 };
        Self(self.0 & if holds { bit } else { 7 & !bit })
    }
}

impl Domains {
    pub(super) fn with(facts: &SourceFacts, interner: &Interner) -> Self {
        let mut domains = Self::default();
        for (slot, domain) in facts.domains(interner) {
            domains.properties.push((slot, domain));
        }
        domains
    }

    /// Iterates over the slots of properties that are constrained.
    pub(super) fn properties(&self) -> impl Iterator<Item = (Slot, &PropertyDomain)> {
        self.properties.iter().map(|(slot, domain)| (*slot, domain))
    }

    /// Iterates over the body slots that are constrained.
    pub(super) fn values(&self) -> impl Iterator<Item = (Slot, &ValueDomain)> {
        self.values.iter().map(|(slot, domain)| (*slot, domain))
    }

    /// Iterates over the classes of expressions that are constrained.
    pub(super) fn expressions(&self) -> impl Iterator<Item = usize> {
        self.expressions.iter().map(|(class, _)| *class)
    }

    pub(super) fn len(&self) -> usize {
        self.properties.len() + self.values.len() + self.expressions.len()
    }

    /// Adds a test that is required to be true, or not true. Returns whether that is possible.
    pub(super) fn assume(&mut self, test: Test, holds: bool, reasoner: &Prover) -> bool {
        let constants = &reasoner.interner.constants;
        if let TestKind::Expression(truth, expression) = test.kind {
            let truths = entry(&mut self.expressions, reasoner.class(expression), Truths::ALL);
            return truths.is_none_or(|truths| {
                *truths = truths.keep(truth, holds);
                truths.0 != 0
            });
        }
        match reasoner.interner.reads.get(test.slot) {
            Some(SlotKind::Body { .. }) => {
                let domain = entry(&mut self.values, test.slot, ValueDomain::default());
                domain.is_none_or(|domain| domain.assume(test.kind, holds, constants))
            }
            Some(_) => {
                let domain = entry(&mut self.properties, test.slot, PropertyDomain::default());
                domain.is_none_or(|domain| domain.assume(test.kind, holds, constants))
            }
            None => true,
        }
    }

    /// Whether a test can be true (or not true) given the assumptions so far.
    pub(super) fn allows(&self, test: Test, holds: bool, reasoner: &Prover) -> bool {
        let constants = &reasoner.interner.constants;
        if let TestKind::Expression(truth, expression) = test.kind {
            let truths = find(&self.expressions, reasoner.class(expression)).copied().unwrap_or(Truths::ALL);
            return truths.keep(truth, holds).0 != 0;
        }
        match reasoner.interner.reads.get(test.slot) {
            Some(SlotKind::Body { .. }) => {
                find(&self.values, test.slot).cloned().unwrap_or_default().assume(test.kind, holds, constants)
            }
            Some(_) => {
                find(&self.properties, test.slot).cloned().unwrap_or_default().assume(test.kind, holds, constants)
            }
            None => true,
        }
    }
}

fn find<K: PartialEq + Copy, V>(entries: &[(K, V)], key: K) -> Option<&V> {
    entries.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
}

/// Returns the entry of `key`, creating it if needed: never `None`.
fn entry<K: PartialEq + Copy, V, const N: usize>(
    entries: &mut SmallVec<[(K, V); N]>,
    key: K,
    new: V,
) -> Option<&mut V> {
    let known = entries.iter().position(|(known, _)| *known == key);
    let index = known.unwrap_or_else(|| {
        entries.push((key, new));
        entries.len() - 1
    });
    entries.get_mut(index).map(|(_, value)| value)
}
