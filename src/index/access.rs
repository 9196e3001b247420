//! Which test of a route to file it under: its access test.
//!
//! A *cover* of a formula is a set of tests of which at least one holds whenever the formula does. A conjunction is
//! covered by the cover of any one part, a disjunction by the covers of all. So a route is found through its cover, and
//! its program decides; no formula is ever expanded.

use smallvec::SmallVec;

use crate::limits::Budgets;
use crate::predicate::{
    Affix, Formula, FormulaId, Formulas, IntervalId, Orderings, Slot, SlotKind, States, Test, TestKind, TextId,
    ValueConstant, ValueId, Vocabulary,
};
use crate::work;

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

impl Filing {
    /// Under nothing at all.
    pub(super) const ALWAYS: Self = Self { access: Access::Always, header: Access::Always };
}

/// How to find a route.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Cover {
    Filings(SmallVec<[Filing; 2]>),
    /// No test helps.
    None,
    /// Only more tests than the budget allows would.
    OverBudget,
}

/// How often tests occur among the routes of a group, from which it is guessed how likely a message satisfies them.
#[derive(Debug, Default)]
pub(super) struct Occurrences {
    /// The tests that were added, one by one; sorted once all are there.
    added: Vec<AccessKey>,
    /// What they are, each once, ascending, with how many there are.
    accesses: Vec<(AccessKey, u32)>,
    /// Ascending by slot and family.
    families: Vec<FamilyCount>,
}

/// A slot (24 bits), what is asked of it (8 bits), and the number of the constant (32 bits).
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct AccessKey(u64);

impl AccessKey {
    fn new(slot: Slot, family: Family, constant: usize) -> Self {
        Self((slot.index() as u64) << 40 | u64::from(family as u8) << 32 | u64::from(word(constant)))
    }

    /// The slot, and what is asked of it.
    const fn family(self) -> u64 {
        self.0 >> 32
    }

    /// The interval, where one is asked for.
    fn interval(self) -> Option<IntervalId> {
        let is_number = self.0 >> 32 & 0xff == u64::from(Family::Number as u8);
        let constant = usize::try_from(self.0 & u64::from(u32::MAX)).ok();
        constant.filter(|_| is_number).map(IntervalId::new)
    }
}

#[derive(Copy, Clone, Debug)]
struct FamilyCount {
    family: u64,
    count: u32,
    /// The least and the greatest bound of numbers.
    span: (f64, f64),
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
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

    fn key(self) -> Option<AccessKey> {
        let (slot, family, constant) = match self {
            Self::Equal(slot, text) => (slot, Family::Equal, text.index()),
            Self::Value(slot, value) => (slot, Family::Value, value.index()),
            Self::Prefix(slot, text) => (slot, Family::Prefix, text.index()),
            Self::Suffix(slot, text) => (slot, Family::Suffix, text.index()),
            Self::Number(slot, interval) => (slot, Family::Number, interval.index()),
            Self::Present(_) | Self::Always => return None,
        };
        Some(AccessKey::new(slot, family, constant))
    }
}

fn is_body(slot: Slot, vocabulary: &Vocabulary) -> bool {
    matches!(vocabulary.reads.get(slot), Some(SlotKind::Body { .. }) | None)
}

impl Occurrences {
    /// Counts the tests of the routes of a group, in place of those of the group before.
    pub(super) fn count(&mut self, tests: impl Iterator<Item = Test>, vocabulary: &Vocabulary) {
        let Self { added, accesses, families } = self;
        added.clear();
        accesses.clear();
        families.clear();
        added.extend(tests.filter_map(|test| Access::of(test, vocabulary).key()));
        work::steps(added.len());
        added.sort_unstable();
        for same in added.chunk_by(|a, b| a.family() == b.family()) {
            let Some(family) = same.first().map(|key| key.family()) else { continue };
            let mut span = (f64::INFINITY, f64::NEG_INFINITY);
            for same in same.chunk_by(|a, b| a == b) {
                let Some(&key) = same.first() else { continue };
                accesses.push((key, word(same.len())));
                if let Some(interval) = key.interval() {
                    let interval = vocabulary.constants.interval_of(interval);
                    span = (span.0.min(interval.low), span.1.max(interval.high));
                }
            }
            families.push(FamilyCount { family, count: word(same.len()), span });
        }
    }

    fn of(&self, key: AccessKey) -> Option<(u32, FamilyCount)> {
        let access = self.accesses.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        let family = self.families.binary_search_by_key(&key.family(), |count| count.family).ok()?;
        Some((self.accesses.get(access)?.1, *self.families.get(family)?))
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
        work::step();
        let Some(key) = access.key() else {
            return if access == Access::Always { 1.0 } else { 0.9 };
        };
        // Every test that is asked for has been counted.
        let Some((count, family)) = self.of(key) else {
            return 0.9;
        };
        let all = f64::from(family.count) + OTHERS;
        let rarity = f64::from(count) / all;
        match access {
            Access::Number(_, id) => {
                let interval = vocabulary.constants.interval_of(id);
                let span = family.span.1 - family.span.0;
                // Half and half: infinite spans would otherwise make every interval look narrow.
                let share = if span.is_finite() && span > 0.0 { (interval.high - interval.low) / span } else { 1.0 };
                (share + 1.0 / all).min(0.9)
            }
            // The body has to be read first, so a property goes before it unless it tells far less.
            Access::Value(..) => 0.3 + rarity * 0.6,
            _ => rarity.min(0.9),
        }
    }
}

fn word(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The best cover of a conjunction of tests: its least likely one.
pub(super) fn cover_conjunction(
    tests: impl Iterator<Item = Test>,
    occurrences: &Occurrences,
    vocabulary: &Vocabulary,
    budgets: &Budgets,
) -> Cover {
    // The least likely test so far, and of the others the least likely header.
    let mut best = (Access::Always, 1.0);
    let mut header = (Access::Always, 1.0);
    let less = |a: (Access, f64), b: (Access, f64)| a.1.total_cmp(&b.1).is_lt();
    for test in tests {
        let access = Access::of(test, vocabulary);
        let found = (access, occurrences.likelihood(access, vocabulary));
        let other = if less(found, best) { core::mem::replace(&mut best, found) } else { found };
        let as_header = other.0.as_header();
        let likely = if as_header == other.0 { other.1 } else { occurrences.likelihood(as_header, vocabulary) };
        if less((as_header, likely), header) {
            header = (as_header, likely);
        }
    }
    if best.1 >= 1.0 {
        Cover::None
    } else if budgets.filings == 0 {
        Cover::OverBudget
    } else {
        Cover::Filings(SmallVec::from_slice(&[Filing { access: best.0, header: header.0 }]))
    }
}

/// The best cover of a formula, or of a part of it.
#[derive(Copy, Clone)]
enum Best {
    /// How likely it holds, and of how many tests it is.
    Of { likely: f64, tests: usize },
    /// Only covers of more tests than the budget allows.
    OverBudget,
    /// No test helps.
    None,
}

impl Best {
    fn within(budgets: &Budgets, likely: f64, tests: usize) -> Self {
        if tests > budgets.filings { Self::OverBudget } else { Self::Of { likely, tests } }
    }

    /// The cover of any of the two parts.
    fn either(self, other: Self, budgets: &Budgets) -> Self {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::OverBudget, _) | (_, Self::OverBudget) => Self::OverBudget,
            (Self::Of { likely, tests }, Self::Of { likely: other, tests: others }) => {
                Self::within(budgets, 1.0 - (1.0 - likely) * (1.0 - other), tests.saturating_add(others))
            }
        }
    }

    /// The less likely cover first; of equally likely ones the one of fewer tests.
    fn order(&self, other: &Self) -> core::cmp::Ordering {
        // A likelihood is at most 1.
        let rank = |best: &Self| match *best {
            Self::Of { likely, tests } => (likely, tests),
            Self::OverBudget => (2.0, 0),
            Self::None => (2.0, 1),
        };
        let (a, b) = (rank(self), rank(other));
        a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
    }
}

/// A formula's best cover: for a conjunction its least likely part, for a disjunction all of its parts. The formula stands
/// in `formulas` from its first part to itself.
pub(super) fn cover(
    formulas: &Formulas,
    (first, root): (FormulaId, FormulaId),
    occurrences: &Occurrences,
    vocabulary: &Vocabulary,
    budgets: &Budgets,
) -> Cover {
    // The best cover of each formula. Parts stand before wholes.
    let mut best: SmallVec<[Best; 16]> = SmallVec::new();
    let place = |part: &FormulaId| part.index().saturating_sub(first.index());
    for index in first.index()..=root.index() {
        let of = |part: &FormulaId| best.get(place(part)).copied().unwrap_or(Best::None);
        let whole = match formulas.get(FormulaId::new(index)) {
            Formula::True | Formula::False => Best::None,
            Formula::Test(test) => match Access::of(*test, vocabulary) {
                Access::Always => Best::None,
                access => Best::within(budgets, occurrences.likelihood(access, vocabulary), 1),
            },
            Formula::And(parts) => {
                work::steps(parts.len());
                parts.iter().map(of).min_by(Best::order).unwrap_or(Best::None)
            }
            Formula::Or(parts) => {
                work::steps(parts.len());
                let none_yet = Best::Of { likely: 0.0, tests: 0 };
                parts.iter().map(of).fold(none_yet, |all, part| all.either(part, budgets))
            }
        };
        best.push(whole);
    }
    match best.last() {
        Some(Best::Of { .. }) => {}
        Some(Best::OverBudget) => return Cover::OverBudget,
        Some(Best::None) | None => return Cover::None,
    }
    let mut filings = SmallVec::new();
    let mut stack: SmallVec<[(FormulaId, Access); 8]> = SmallVec::new();
    stack.push((root, Access::Always));
    while let Some((formula, header)) = stack.pop() {
        match formulas.get(formula) {
            Formula::True | Formula::False => return Cover::None,
            Formula::Test(test) => filings.push(Filing { access: Access::of(*test, vocabulary), header }),
            Formula::Or(parts) => stack.extend(parts.iter().rev().map(|part| (*part, header))),
            Formula::And(parts) => {
                let of = |part: &FormulaId| best.get(place(part)).copied().unwrap_or(Best::None);
                let Some(&chosen) = parts.iter().min_by(|a, b| of(a).order(&of(b))) else {
                    return Cover::None;
                };
                let headers =
                    parts.iter().filter(|part| **part != chosen).filter_map(|part| match formulas.get(*part) {
                        Formula::Test(test) => Some(Access::of(*test, vocabulary).as_header()),
                        _ => None,
                    });
                let header = (headers.chain([header]))
                    .map(|access| (occurrences.likelihood(access, vocabulary), access))
                    .min_by(|a, b| a.0.total_cmp(&b.0));
                stack.push((chosen, header.map_or(Access::Always, |(_, access)| access)));
            }
        }
    }
    Cover::Filings(filings)
}
