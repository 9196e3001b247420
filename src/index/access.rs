//! Selects the access test of a route: the test under which the route gets its posting.
//!
//! A *cover* of a formula is a set of tests, at least one of which holds whenever the formula holds. The cover of any
//! one part covers a conjunction; the covers of all parts together cover a disjunction. A route is found through its
//! cover and decided by its program, so no formula is ever expanded.

use smallvec::SmallVec;

use crate::tuning::{ASSUMED_CONSTANTS, BODY_LIKELIHOOD, LIKELY, POSTED_BYTES};
use edgeroute_lang::id::to_u32;
use edgeroute_lang::limits::Budgets;
use edgeroute_lang::predicate::{
    Affix, Formula, FormulaId, Formulas, Interner, IntervalId, Orderings, Slot, SlotKind, States, Test, TestKind,
    TextId, ValueConstant, ValueId,
};
use edgeroute_lang::steps;

/// A test that can have postings.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Access {
    /// A property equals this string.
    Equal(Slot, TextId),
    /// A body slot equals this value.
    Value(Slot, ValueId),
    /// A property starts with this string, which is not empty.
    Prefix(Slot, TextId),
    /// A property ends with this string, which is not empty.
    Suffix(Slot, TextId),
    /// A property reads as a number in this interval, which is bounded at both ends.
    Number(Slot, IntervalId),
    /// A property is present.
    Present(Slot),
    /// No test selects the route: it is checked for every message from its source.
    Always,
}

/// The access test of a posting, and a second test that must also hold. The second test is checked before the program
/// is read.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Posting {
    pub(super) access: Access,
    /// `Equal`, `Present` or `Always`.
    pub(super) header: Access,
}

impl Posting {
    /// A posting that no test selects.
    pub(super) const ALWAYS: Self = Self { access: Access::Always, header: Access::Always };
}

/// The postings through which a route is found.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Cover {
    Postings(SmallVec<[Posting; 2]>),
    /// No test selects the route.
    None,
    /// Only a cover with more tests than the budget allows would select the route.
    OverBudget,
}

/// Counts the tests of the routes of a group, to estimate how likely a message satisfies each of them.
#[derive(Debug, Default)]
pub(super) struct Occurrences {
    /// The tests in the order in which they were added; sorted once all of them are added.
    added: Vec<AccessKey>,
    /// The distinct tests in ascending order, each with its count.
    accesses: Vec<(AccessKey, u32)>,
    /// In ascending order of slot and family.
    families: Vec<FamilyCount>,
}

/// A slot (24 bits), the kind of test (8 bits), and the number of the constant (32 bits).
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct AccessKey(u64);

impl AccessKey {
    fn new(slot: Slot, family: Family, constant: usize) -> Self {
        Self((slot.index() as u64) << 40 | u64::from(family as u8) << 32 | u64::from(to_u32(constant)))
    }

    /// Returns the slot and the kind of test.
    const fn family(self) -> u64 {
        self.0 >> 32
    }

    /// Returns the interval, if the test has one.
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
    /// The lowest and the highest bound of the intervals.
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
    /// Returns an access test that `test` implies.
    pub(super) fn of(test: Test, interner: &Interner) -> Self {
        let slot = test.slot;
        let is_text = |text: &TextId| !interner.constants.text_of(*text).is_empty();
        match test.kind {
            TestKind::Text(Orderings::EQUAL, text) => Self::Equal(slot, text),
            TestKind::Affix(Affix::Prefix, true, text) if is_text(&text) => Self::Prefix(slot, text),
            TestKind::Affix(Affix::Suffix, true, text) if is_text(&text) => Self::Suffix(slot, text),
            TestKind::Value(Orderings::EQUAL, value) => match interner.constants.value_of(value) {
                ValueConstant::Text(text) if interner.constants.text_of(text).len() > POSTED_BYTES => Self::Always,
                _ => Self::Value(slot, value),
            },
            TestKind::State(states) if states.contains(States::ABSENT) => Self::Always,
            TestKind::Expression(..) => Self::Always,
            TestKind::Number(..) | TestKind::Value(..) if is_body(slot, interner) => Self::Always,
            TestKind::Number(true, id) => {
                let interval = interner.constants.interval_of(id);
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

    /// Returns the part of the test that fits into the header of a candidate.
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

fn is_body(slot: Slot, interner: &Interner) -> bool {
    matches!(interner.reads.get(slot), Some(SlotKind::Body { .. }) | None)
}

impl Occurrences {
    /// Counts the tests of the routes of a group. Discards the counts of the previous group.
    pub(super) fn count(&mut self, tests: impl Iterator<Item = Test>, interner: &Interner) {
        let Self { added, accesses, families } = self;
        added.clear();
        accesses.clear();
        families.clear();
        added.extend(tests.filter_map(|test| Access::of(test, interner).key()));
        steps::steps(added.len());
        added.sort_unstable();
        for same in added.chunk_by(|a, b| a.family() == b.family()) {
            let Some(family) = same.first().map(|key| key.family()) else { continue };
            let mut span = (f64::INFINITY, f64::NEG_INFINITY);
            for same in same.chunk_by(|a, b| a == b) {
                let Some(&key) = same.first() else { continue };
                accesses.push((key, to_u32(same.len())));
                if let Some(interval) = key.interval() {
                    let interval = interner.constants.interval_of(interval);
                    span = (span.0.min(interval.low), span.1.max(interval.high));
                }
            }
            families.push(FamilyCount { family, count: to_u32(same.len()), span });
        }
    }

    fn of(&self, key: AccessKey) -> Option<(u32, FamilyCount)> {
        let access = self.accesses.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        let family = self.families.binary_search_by_key(&key.family(), |count| count.family).ok()?;
        Some((self.accesses.get(access)?.1, *self.families.get(family)?))
    }

    /// Estimates how likely a message of the group satisfies `access`. This heuristic selects the access test of each
    /// route.
    ///
    /// Nothing is known about the messages, so the estimate comes from the routes. If many routes test a slot for
    /// equality and few of them test for this constant, the slot is selective and this constant is rare. The likelihood
    /// of an interval is its width relative to the span of all intervals on the slot. Only selectivity counts, never
    /// the order of names (Fabret et al., Filtering Algorithms and Implementation for Very Fast Publish/Subscribe
    /// Systems, 2001, section 3: access predicates).
    pub(super) fn likelihood(&self, access: Access, interner: &Interner) -> f64 {
        steps::step();
        let Some(key) = access.key() else {
            return if access == Access::Always { 1.0 } else { LIKELY };
        };
        // Every test that is estimated has been counted.
        let Some((count, family)) = self.of(key) else {
            return LIKELY;
        };
        let all = f64::from(family.count) + ASSUMED_CONSTANTS;
        let rarity = f64::from(count) / all;
        match access {
            Access::Number(_, id) => {
                let interval = interner.constants.interval_of(id);
                let span = family.span.1 - family.span.0;
                // The span is zero if all intervals are the same number, and overflows if they are far apart. Neither
                // says anything about the width of one interval, so the interval counts as likely.
                let share = if span.is_finite() && span > 0.0 { (interval.high - interval.low) / span } else { 1.0 };
                (share + 1.0 / all).min(LIKELY)
            }
            Access::Value(..) => {
                let (least, share) = BODY_LIKELIHOOD;
                least + rarity * share
            }
            _ => rarity.min(LIKELY),
        }
    }
}

/// Returns the best cover of a conjunction of tests: the test that is least likely to hold.
pub(super) fn cover_conjunction(
    tests: impl Iterator<Item = Test>,
    occurrences: &Occurrences,
    interner: &Interner,
    budgets: &Budgets,
) -> Cover {
    // The least likely test so far, and the least likely header among the other tests.
    let mut best = (Access::Always, 1.0);
    let mut header = (Access::Always, 1.0);
    let less = |a: (Access, f64), b: (Access, f64)| a.1.total_cmp(&b.1).is_lt();
    for test in tests {
        let access = Access::of(test, interner);
        let found = (access, occurrences.likelihood(access, interner));
        let other = if less(found, best) { core::mem::replace(&mut best, found) } else { found };
        let as_header = other.0.as_header();
        let likely = if as_header == other.0 { other.1 } else { occurrences.likelihood(as_header, interner) };
        if less((as_header, likely), header) {
            header = (as_header, likely);
        }
    }
    if best.1 >= 1.0 {
        Cover::None
    } else if budgets.postings == 0 {
        Cover::OverBudget
    } else {
        Cover::Postings(SmallVec::from_slice(&[Posting { access: best.0, header: header.0 }]))
    }
}

/// The best cover of a formula, or of a part of it.
#[derive(Copy, Clone)]
enum Best {
    /// A cover with its likelihood and its number of tests.
    Of { likely: f64, tests: usize },
    /// Every cover has more tests than the budget allows.
    OverBudget,
    /// No test selects the route.
    None,
}

impl Best {
    fn within(budgets: &Budgets, likely: f64, tests: usize) -> Self {
        if tests > budgets.postings { Self::OverBudget } else { Self::Of { likely, tests } }
    }

    /// Returns the cover of a disjunction of the two parts.
    fn either(self, other: Self, budgets: &Budgets) -> Self {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::OverBudget, _) | (_, Self::OverBudget) => Self::OverBudget,
            (Self::Of { likely, tests }, Self::Of { likely: other, tests: others }) => {
                Self::within(budgets, 1.0 - (1.0 - likely) * (1.0 - other), tests.saturating_add(others))
            }
        }
    }

    /// Orders the less likely cover first; of equally likely covers, the one with fewer tests.
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

/// Returns the best cover of a formula: for a conjunction its least likely part, for a disjunction all of its parts.
/// The formula occupies `formulas` from its first part to its own id.
pub(super) fn cover(
    formulas: &Formulas,
    (first, root): (FormulaId, FormulaId),
    occurrences: &Occurrences,
    interner: &Interner,
    budgets: &Budgets,
) -> Cover {
    // The best cover of each formula. Parts come before the formulas that contain them.
    let mut best: SmallVec<[Best; 16]> = SmallVec::new();
    let place = |part: &FormulaId| part.index().saturating_sub(first.index());
    for index in first.index()..=root.index() {
        let of = |part: &FormulaId| best.get(place(part)).copied().unwrap_or(Best::None);
        let whole = match formulas.get(FormulaId::new(index)) {
            Formula::True | Formula::False => Best::None,
            Formula::Test(test) => match Access::of(*test, interner) {
                Access::Always => Best::None,
                access => Best::within(budgets, occurrences.likelihood(access, interner), 1),
            },
            Formula::And(parts) => {
                steps::steps(parts.len());
                parts.iter().map(of).min_by(Best::order).unwrap_or(Best::None)
            }
            Formula::Or(parts) => {
                steps::steps(parts.len());
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
    let mut postings = SmallVec::new();
    let mut stack: SmallVec<[(FormulaId, Access); 8]> = SmallVec::new();
    stack.push((root, Access::Always));
    while let Some((formula, header)) = stack.pop() {
        match formulas.get(formula) {
            Formula::True | Formula::False => return Cover::None,
            Formula::Test(test) => postings.push(Posting { access: Access::of(*test, interner), header }),
            Formula::Or(parts) => stack.extend(parts.iter().rev().map(|part| (*part, header))),
            Formula::And(parts) => {
                let of = |part: &FormulaId| best.get(place(part)).copied().unwrap_or(Best::None);
                let Some(&chosen) = parts.iter().min_by(|a, b| of(a).order(&of(b))) else {
                    return Cover::None;
                };
                let headers =
                    parts.iter().filter(|part| **part != chosen).filter_map(|part| match formulas.get(*part) {
                        Formula::Test(test) => Some(Access::of(*test, interner).as_header()),
                        _ => None,
                    });
                let header = (headers.chain([header]))
                    .map(|access| (occurrences.likelihood(access, interner), access))
                    .min_by(|a, b| a.0.total_cmp(&b.0));
                stack.push((chosen, header.map_or(Access::Always, |(_, access)| access)));
            }
        }
    }
    Cover::Postings(postings)
}
