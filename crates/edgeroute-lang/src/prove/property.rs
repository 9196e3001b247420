//! The possible values of a property: missing, null, or a string, which may read as a number.

use smallvec::SmallVec;

use super::model::{CANDIDATES, Hints, SlotValue};
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

    /// Returns numbers of the range, those with the shortest decimal form first: from its bounds, between them, and
    /// from `hints`.
    pub(super) fn candidates(&self, hints: &[f64]) -> Vec<f64> {
        let Some(interval) = self.interval else {
            return Vec::new();
        };
        let mut pool = Vec::new();
        let bounds = [interval].into_iter().chain(self.excluded.iter().take(CANDIDATES).copied());
        for bound in bounds.flat_map(|Interval { low, high }| [low, high]).chain(hints.iter().copied()) {
            let (floor, ceiling) = (bound.floor(), bound.ceil());
            pool.extend([bound, ceiling, floor, floor + 1.0, ceiling - 1.0, bound + 0.5]);
            pool.extend([bound.next_up(), bound.next_down()]);
        }
        pool.extend([f64::midpoint(interval.low, interval.high), 0.0, 1.0, -1.0]);
        pool.retain(|number| self.contains(*number));
        // Infinity has a short form too, but surprises readers.
        pool.sort_by_cached_key(|number| (number.is_infinite(), plain_number(*number).len()));
        pool.dedup();
        pool.truncate(CANDIDATES);
        pool
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

/// Returns the number as a string that reads as exactly this number.
pub(super) fn plain_number(number: f64) -> String {
    let magnitude = number.abs();
    if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else if magnitude != 0.0 && !(1e-5..1e16).contains(&magnitude) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

impl Default for PropertyDomain {
    fn default() -> Self {
        Self { kinds: Kinds::ALL, text: TextRange::default(), number: NumberRange::default() }
    }
}

impl PropertyDomain {
    /// Creates a property that is missing.
    pub(super) fn missing() -> Self {
        Self { kinds: Kinds(Kinds::ABSENT), ..Self::default() }
    }

    /// Creates a property that is present and not null, and that upper-cases to `folded` if that is given.
    pub(super) fn text(folded: Option<&str>) -> Self {
        let text = folded.map(TextRange::folding_to).unwrap_or_default();
        Self { kinds: Kinds(Kinds::TEXT), text, number: NumberRange::default() }
    }

    /// Returns values that the property may have: missing first, then strings. `hints` are tried as well.
    pub(super) fn candidates(&self, hints: &Hints, constants: &Constants) -> Vec<SlotValue> {
        let mut found = Vec::new();
        if self.kinds.0 & Kinds::ABSENT != 0 {
            found.push(SlotValue::Missing);
        }
        // Any string does where nothing is required of a number.
        let needs_number = self.kinds.0 & Kinds::WORD == 0 || !hints.numbers.is_empty();
        let numbers = if self.kinds.0 & Kinds::NUMERAL != 0 && needs_number {
            self.number.candidates(&hints.numbers)
        } else {
            Vec::new()
        };
        let numerals = numbers.into_iter().map(plain_number);
        let words = self.text.candidates(&hints.texts, constants);
        // Where a number is needed, numbers are tried first.
        let texts: Vec<String> = if self.kinds.0 & Kinds::WORD == 0 {
            numerals.chain(words).collect()
        } else {
            words.into_iter().chain(numerals).collect()
        };
        let mut texts: Vec<SlotValue> =
            texts.into_iter().filter(|text| self.admits(text, constants)).map(SlotValue::Text).collect();
        texts.truncate(2 * CANDIDATES);
        found.append(&mut texts);
        if self.kinds.0 & Kinds::NULL != 0 {
            found.push(SlotValue::Null);
        }
        found
    }

    /// Whether the property may be this string.
    fn admits(&self, text: &str, constants: &Constants) -> bool {
        let kind = match as_number(text).filter(|number| !number.is_nan()) {
            Some(number) if self.number.contains(number) => Kinds::NUMERAL,
            Some(_) => return false,
            None => Kinds::WORD,
        };
        self.kinds.0 & kind != 0 && self.text.admits(text, constants)
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
