//! The possible values of a property: missing, null, or a string, which may read as a number.

use smallvec::SmallVec;

use super::text_range::TextRange;
use crate::predicate::{Constants, Interval, States, TestKind};
use crate::text::as_number;

/// The possible states, and the constraints in the states with a string or number.
#[derive(Clone, Debug)]
pub(super) struct PropertyDomain {
    kinds: Kinds,
    /// The constraints on a string.
    text: TextRange,
    /// The constraints on the number that a string reads as.
    number: NumberRange,
}

/// A set of possible states.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
struct Kinds(u8);

impl Kinds {
    const ABSENT: u8 = 1;
    const NULL: u8 = 2;
    /// A string that does not read as a number.
    const WORD: u8 = 4;
    /// A string that reads as a number.
    const NUMERAL: u8 = 8;
    const TEXT: u8 = Self::WORD | Self::NUMERAL;
    const ALL: Self = Self(15);

    fn keep(&mut self, kinds: u8) {
        self.0 &= kinds;
    }
}

/// The numbers of an interval, except those of other intervals.
#[derive(Clone, Debug)]
pub(super) struct NumberRange {
    interval: Option<Interval>,
    excluded: SmallVec<[Interval; 2]>,
}

impl Default for NumberRange {
    fn default() -> Self {
        Self { interval: Some(Interval::ALL), excluded: SmallVec::new() }
    }
}

impl NumberRange {
    /// Keeps the numbers that are, or are not, in the interval.
    pub(super) fn keep(&mut self, within: bool, interval: Interval) {
        if within {
            self.interval = self.interval.and_then(|kept| kept.intersection(interval));
        } else {
            self.excluded.push(interval);
        }
    }

    pub(super) fn contains(&self, number: f64) -> bool {
        self.interval.is_some_and(|interval| interval.contains(number))
            && !self.excluded.iter().any(|excluded| excluded.contains(number))
    }

    pub(super) fn is_empty(&self) -> bool {
        let Some(interval) = self.interval else {
            return true;
        };
        let mut excluded = self.excluded.clone();
        excluded.sort_by(|a, b| a.low.total_cmp(&b.low));
        // The least number that is not excluded so far.
        let mut least = interval.low;
        for Interval { low, high } in excluded {
            if low <= least && high >= least {
                if high >= interval.high {
                    return true;
                }
                least = high.next_up();
            }
        }
        false
    }
}

impl Default for PropertyDomain {
    fn default() -> Self {
        Self { kinds: Kinds::ALL, text: TextRange::default(), number: NumberRange::default() }
    }
}

impl PropertyDomain {
    /// Creates a property that is present and not null, and that upper-cases to `folded` if that is given.
    pub(super) fn text(folded: Option<&str>) -> Self {
        let text = folded.map(TextRange::folding_to).unwrap_or_default();
        Self { kinds: Kinds(Kinds::TEXT), text, number: NumberRange::default() }
    }

    /// Adds a test that is required to be true, or not true. Returns whether that is possible.
    pub(super) fn assume(&mut self, kind: TestKind, holds: bool, constants: &Constants) -> bool {
        match kind {
            TestKind::State(states) => self.kinds.keep(kinds(if holds { states } else { states.complement() })),
            TestKind::Text(orderings, text) => {
                let orderings = if holds { orderings } else { orderings.complement() };
                self.needs_text(holds);
                self.text.order(orderings, text, constants);
            }
            TestKind::Affix(affix, has, text) => {
                self.needs_text(holds);
                self.text.affix(affix, has == holds, text);
            }
            TestKind::Number(within, interval) => {
                if holds {
                    self.kinds.keep(Kinds::NUMERAL);
                }
                self.number.keep(within == holds, constants.interval_of(interval));
            }
            // These are never tests of properties.
            TestKind::Value(..) | TestKind::Expression(..) => return true,
        }
        self.settle(constants);
        self.kinds.0 != 0
    }

    /// Adds a test of strings. If it must be true, there must be a string; if it must not, there may be none.
    fn needs_text(&mut self, holds: bool) {
        if holds {
            self.kinds.keep(Kinds::TEXT);
        }
    }

    /// Removes the states that are impossible.
    fn settle(&mut self, constants: &Constants) {
        if self.text.is_empty(constants) {
            self.kinds.keep(!Kinds::TEXT);
        } else if let Some(text) = self.text.only(constants) {
            match as_number(text).filter(|number| !number.is_nan()) {
                Some(number) if self.number.contains(number) => self.kinds.keep(!Kinds::WORD),
                Some(_) => self.kinds.keep(!Kinds::TEXT),
                None => self.kinds.keep(!Kinds::NUMERAL),
            }
        }
        if self.number.is_empty() {
            self.kinds.keep(!Kinds::NUMERAL);
        }
    }
}

fn kinds(states: States) -> u8 {
    [(States::ABSENT, Kinds::ABSENT), (States::NULL, Kinds::NULL), (States::TEXT, Kinds::TEXT)]
        .into_iter()
        .filter(|(state, _)| states.contains(*state))
        .fold(0, |all, (_, kinds)| all | kinds)
}
