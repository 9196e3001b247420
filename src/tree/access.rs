//! Which test of a route to file it under: its access test.
//!
//! A *cover* of a formula is a set of tests of which at least one holds whenever the formula does. A conjunction is
//! covered by the cover of any one part, a disjunction by the covers of all. So a route is found through its cover, and
//! its program decides; no formula is ever expanded.

use smallvec::SmallVec;

use crate::keyed::KeyedMap;
use crate::limits::Budgets;
use crate::predicate::{
    Affix, Formula, FormulaId, Formulas, IntervalId, Orderings, Slot, SlotKind, States, Test, TestKind, TextId,
    ValueConstant, ValueId, Vocabulary,
};

/// The longest text, in bytes, that a route is filed under as a body value: a text with escapes is unescaped before it is
/// hashed, and there is only so much room.
pub(crate) const MAX_FILED_TEXT: usize = 256;

/// A test that routes can be filed under.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Access {
    /// A property is this text.
    Equal(Slot, TextId),
    /// A body slot is this value.
    Value(Slot, ValueId),
    /// A property starts with this text, which is not empty.
    Prefix(Slot, TextId),
    /// A property ends in this text, which is not empty.
    Suffix(Slot, TextId),
    /// A property reads as a number in this interval, which is bounded at both ends.
    Number(Slot, IntervalId),
    /// A property is there.
    Present(Slot),
    /// No test helps: the route is looked at for every message of its source.
    Always,
}

/// Where a route is filed, and a further test that must hold there, which is checked before its program is touched.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Filing {
    pub(super) access: Access,
    /// `Equal`, `Present` or `Always`.
    pub(super) header: Access,
}

/// How often tests occur among the routes of a group, from which it is guessed how likely a message satisfies them.
#[derive(Debug, Default)]
pub(super) struct Occurrences {
    of: KeyedMap<Access, u32>,
    on_slot: KeyedMap<(Slot, Family), u32>,
    /// The least and the greatest bound of numbers.
    spans: KeyedMap<Slot, (f64, f64)>,
}

#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
enum Family {
    Equal,
    Value,
    Prefix,
    Suffix,
    Number,
}

impl Access {
    /// What the test implies, as something to file under.
    pub(super) fn of(test: Test, vocabulary: &Vocabulary) -> Self {
        let slot = test.slot;
        let is_text = |text: &TextId| !vocabulary.constants.text_of(*text).is_empty();
        match test.kind {
            TestKind::Text(Orderings::EQUAL, text) => Self::Equal(slot, text),
            TestKind::Affix(Affix::Prefix, true, text) if is_text(&text) => Self::Prefix(slot, text),
            TestKind::Affix(Affix::Suffix, true, text) if is_text(&text) => Self::Suffix(slot, text),
            TestKind::Value(Orderings::EQUAL, value) => match vocabulary.constants.value_of(value) {
                ValueConstant::Text(text) if vocabulary.constants.text_of(text).len() > MAX_FILED_TEXT => Self::Always,
                _ => Self::Value(slot, value),
            },
            TestKind::State(states) if states.contains(States::ABSENT) => Self::Always,
            TestKind::Expression(..) => Self::Always,
            TestKind::Number(..) | TestKind::Value(..) if is_body(slot, vocabulary) => Self::Always,
            TestKind::Number(true, id) => {
                let interval = vocabulary.constants.interval_of(id);
                let is_bounded = interval.low.is_finite() && interval.high.is_finite();
                if is_bounded { Self::Number(slot, id) } else { Self::Present(slot) }
            }
            TestKind::State(_)
            | TestKind::Text(..)
            | TestKind::Affix(..)
            | TestKind::Number(..)
            | TestKind::Value(..) => Self::Present(slot),
        }
    }

    /// What of it fits a candidate's header.
    pub(super) fn as_header(self) -> Self {
        match self {
            Self::Equal(..) | Self::Present(_) | Self::Always => self,
            Self::Prefix(slot, _) | Self::Suffix(slot, _) | Self::Number(slot, _) => Self::Present(slot),
            Self::Value(..) => Self::Always,
        }
    }

    fn family(self) -> Option<(Slot, Family)> {
        match self {
            Self::Equal(slot, _) => Some((slot, Family::Equal)),
            Self::Value(slot, _) => Some((slot, Family::Value)),
            Self::Prefix(slot, _) => Some((slot, Family::Prefix)),
            Self::Suffix(slot, _) => Some((slot, Family::Suffix)),
            Self::Number(slot, _) => Some((slot, Family::Number)),
            Self::Present(_) | Self::Always => None,
        }
    }
}

fn is_body(slot: Slot, vocabulary: &Vocabulary) -> bool {
    matches!(vocabulary.reads.get(slot), Some(SlotKind::Body { .. }) | None)
}

impl Occurrences {
    /// Counts the test of a route of the group.
    pub(super) fn add(&mut self, test: Test, vocabulary: &Vocabulary) {
        let access = Access::of(test, vocabulary);
        if let Access::Number(slot, id) = access {
            let interval = vocabulary.constants.interval_of(id);
            let span = self.spans.entry(slot).or_insert((interval.low, interval.high));
            *span = (span.0.min(interval.low), span.1.max(interval.high));
        }
        if let Some(family) = access.family() {
            *self.of.entry(access).or_default() += 1;
            *self.on_slot.entry(family).or_default() += 1;
        }
    }

    /// How likely a message of the group satisfies `access`: the heuristic by which routes are filed.
    ///
    /// Nothing is known of messages, so it is guessed from the routes: where many routes test a slot for equality and few
    /// of them for this constant, the slot tells much, and this constant is rare. A number's interval is as likely as it
    /// is wide beside all that are asked for. Selectivity, never the order of names, decides (Fabret et al., Filtering
    /// Algorithms and Implementation for Very Fast Publish/Subscribe Systems, 2001, section 3: access predicates).
    pub(super) fn likelihood(&self, access: Access, vocabulary: &Vocabulary) -> f64 {
        // As if each slot had been asked for eight other constants too: a lone constant tells something, not everything.
        const OTHERS: f64 = 8.0;
        let count = |counts: Option<&u32>| f64::from(counts.copied().unwrap_or(1));
        let Some(family) = access.family() else {
            return if access == Access::Always { 1.0 } else { 0.9 };
        };
        let rarity = count(self.of.get(&access)) / (count(self.on_slot.get(&family)) + OTHERS);
        match access {
            Access::Number(slot, id) => {
                let interval = vocabulary.constants.interval_of(id);
                let (low, high) = self.spans.get(&slot).copied().unwrap_or((interval.low, interval.high));
                let span = high - low;
                // Half and half: infinite spans would otherwise make every interval look narrow.
                let share = if span.is_finite() && span > 0.0 { (interval.high - interval.low) / span } else { 1.0 };
                (share + 1.0 / (count(self.on_slot.get(&family)) + OTHERS)).min(0.9)
            }
            // The body has to be read first, so a property goes before it unless it tells far less.
            Access::Value(..) => 0.3 + rarity * 0.6,
            _ => rarity.min(0.9),
        }
    }
}

/// A formula's best cover: for a conjunction its least likely part, for a disjunction all of its parts. `None` where it
/// would have more tests than the budget allows.
pub(super) fn cover(
    formulas: &Formulas,
    root: FormulaId,
    occurrences: &Occurrences,
    vocabulary: &Vocabulary,
    budgets: &Budgets,
) -> Option<SmallVec<[Filing; 2]>> {
    // How likely the best cover of each formula holds, and of how many tests it is. Parts stand before wholes.
    let mut best: Vec<(f64, usize)> = Vec::with_capacity(root.index() + 1);
    let likelihood = |test: Test| occurrences.likelihood(Access::of(test, vocabulary), vocabulary);
    for index in 0..=root.index() {
        let of = |part: &FormulaId| best.get(part.index()).copied().unwrap_or((1.0, 1));
        best.push(match formulas.get(FormulaId::new(index)) {
            Formula::True | Formula::False => (1.0, 1),
            Formula::Test(test) => (likelihood(*test), 1),
            Formula::And(parts) => parts.iter().map(of).min_by(compare).unwrap_or((1.0, 1)),
            Formula::Or(parts) => parts.iter().map(of).fold((0.0, 0), |(sum, all), (likely, tests)| {
                if tests > budgets.filings { (1.0, tests) } else { (sum + likely, all + tests) }
            }),
        });
    }
    let (likely, tests) = best.last().copied()?;
    if tests > budgets.filings || likely >= 1.0 {
        return None;
    }
    let mut filings = SmallVec::new();
    let mut stack = vec![(root, Access::Always)];
    while let Some((formula, header)) = stack.pop() {
        match formulas.get(formula) {
            Formula::True | Formula::False => return None,
            Formula::Test(test) => filings.push(Filing { access: Access::of(*test, vocabulary), header }),
            Formula::Or(parts) => stack.extend(parts.iter().rev().map(|part| (*part, header))),
            Formula::And(parts) => {
                let of = |part: &FormulaId| best.get(part.index()).copied().unwrap_or((1.0, 1));
                let chosen = *parts.iter().min_by(|a, b| compare(&of(a), &of(b)))?;
                let headers =
                    parts.iter().filter(|part| **part != chosen).filter_map(|part| match formulas.get(*part) {
                        Formula::Test(test) => Some(Access::of(*test, vocabulary).as_header()),
                        _ => None,
                    });
                let header = headers.chain([header]).min_by(|a, b| {
                    let likely = |access| occurrences.likelihood(access, vocabulary);
                    likely(*a).total_cmp(&likely(*b))
                });
                stack.push((chosen, header.unwrap_or(Access::Always)));
            }
        }
    }
    Some(filings)
}

/// The less likely cover first; of equally likely ones the one of fewer tests.
fn compare(a: &(f64, usize), b: &(f64, usize)) -> core::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}
