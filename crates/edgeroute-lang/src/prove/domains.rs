//! What each slot may still hold, and each expression be, where some tests hold and others do not.

use smallvec::SmallVec;

use super::property::PropertyDomain;
use super::value::ValueDomain;
use super::{Reasoner, SourceFacts};
use crate::predicate::{Slot, SlotKind, Test, TestKind, Vocabulary};

/// What each slot may still hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Domains {
    properties: SmallVec<[(Slot, PropertyDomain); 4]>,
    values: SmallVec<[(Slot, ValueDomain); 2]>,
    /// By class: the truth values that are possible.
    expressions: SmallVec<[(usize, Truths); 2]>,
}

/// True, false, undefined: a set of them.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
struct Truths(u8);

impl Truths {
    const ALL: Self = Self(7);

    /// What is left where the expression is (or is not) of this truth.
    const fn keep(self, truth: bool, holds: bool) -> Self {
        let bit = if truth { 1 } else { 2 };
        Self(self.0 & if holds { bit } else { 7 & !bit })
    }
}

impl Domains {
    pub(super) fn with(facts: &SourceFacts, vocabulary: &Vocabulary) -> Self {
        let mut domains = Self::default();
        for (slot, domain) in facts.domains(vocabulary) {
            domains.properties.push((slot, domain));
        }
        domains
    }

    pub(super) fn len(&self) -> usize {
        self.properties.len() + self.values.len() + self.expressions.len()
    }

    /// Takes up a test that is to hold, or not to. Gives whether that can be.
    pub(super) fn assume(&mut self, test: Test, holds: bool, reasoner: &Reasoner) -> bool {
        let constants = &reasoner.vocabulary.constants;
        if let TestKind::Expression(truth, expression) = test.kind {
            let truths = entry(&mut self.expressions, reasoner.class(expression), Truths::ALL);
            return truths.is_none_or(|truths| {
                *truths = truths.keep(truth, holds);
                truths.0 != 0
            });
        }
        match reasoner.vocabulary.reads.get(test.slot) {
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

    /// Whether a test can hold (or not hold) beside what is assumed already.
    pub(super) fn allows(&self, test: Test, holds: bool, reasoner: &Reasoner) -> bool {
        let constants = &reasoner.vocabulary.constants;
        if let TestKind::Expression(truth, expression) = test.kind {
            let truths = find(&self.expressions, reasoner.class(expression)).copied().unwrap_or(Truths::ALL);
            return truths.keep(truth, holds).0 != 0;
        }
        match reasoner.vocabulary.reads.get(test.slot) {
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

/// The entry of `key`, made where there is none: never `None`.
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
