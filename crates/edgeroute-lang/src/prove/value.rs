//! The possible values of a body slot: undefined, or one of the values, which have one order across all kinds.

use core::cmp::Ordering;

use smallvec::SmallVec;

use super::model::{CANDIDATES, Hints, SlotValue};
use super::property::{NumberRange, plain_number};
use crate::predicate::{Constants, Interval, TestKind, ValueConstant};
use crate::text::{as_number, compare_utf16, is_date};
use crate::value::Comparable;

/// The possible kinds, and the constraints on a value that is defined or reads as a number.
#[derive(Clone, Debug)]
pub(super) struct ValueDomain {
    kinds: u8,
    low: Option<Bound>,
    high: Option<Bound>,
    excluded: SmallVec<[ValueConstant; 2]>,
    /// For a value that reads as a number, which may be a string.
    number: NumberRange,
}

const UNDEFINED: u8 = 1;
/// Defined, and does not read as a number.
const OTHER: u8 = 2;
const NUMERAL: u8 = 4;
const DEFINED: u8 = OTHER | NUMERAL;

#[derive(Copy, Clone, Debug)]
struct Bound {
    value: ValueConstant,
    is_included: bool,
}

impl Default for ValueDomain {
    fn default() -> Self {
        Self {
            kinds: UNDEFINED | DEFINED,
            low: None,
            high: None,
            excluded: SmallVec::new(),
            number: NumberRange::default(),
        }
    }
}

impl ValueDomain {
    /// Adds a test that is required to be true, or not true. Returns whether that is possible.
    pub(super) fn assume(&mut self, kind: TestKind, holds: bool, constants: &Constants) -> bool {
        match kind {
            TestKind::Value(orderings, value) => {
                let value = constants.value_of(value);
                let orderings = if holds { orderings } else { orderings.complement() };
                if holds {
                    self.kinds &= DEFINED;
                }
                let is = |ordering| orderings.contains(ordering);
                match (is(Ordering::Less), is(Ordering::Equal), is(Ordering::Greater)) {
                    (true, false, true) => self.excluded.push(value),
                    (less, is_included, greater) => {
                        let bound = Bound { value, is_included };
                        if !less {
                            self.low = Some(tighter(self.low, bound, Ordering::Greater, constants));
                        }
                        if !greater {
                            self.high = Some(tighter(self.high, bound, Ordering::Less, constants));
                        }
                    }
                }
            }
            TestKind::Number(within, interval) => {
                if holds {
                    self.kinds &= NUMERAL;
                }
                self.number.keep(within == holds, constants.interval_of(interval));
            }
            // These are never tests of body slots.
            TestKind::State(_) | TestKind::Text(..) | TestKind::Affix(..) | TestKind::Expression(..) => return true,
        }
        self.settle(constants);
        self.kinds != 0
    }

    /// Returns values that the place in the body may have; a missing one first. `hints` are tried as well.
    pub(super) fn candidates(&self, hints: &Hints, constants: &Constants) -> Vec<SlotValue> {
        let mut pool = vec![SlotValue::Missing];
        let mut numbers = self.number.clone();
        let mut texts: Vec<String> = Vec::new();
        let mut number_hints = hints.numbers.clone();
        let known = [self.low, self.high].into_iter().flatten().map(|bound| bound.value);
        for value in known.chain(self.excluded.iter().take(CANDIDATES).copied()) {
            match value {
                ValueConstant::Number(number) => number_hints.push(number),
                ValueConstant::Text(text) => {
                    let text = constants.text_of(text);
                    texts.extend(["", "a", "0", "\0"].map(|next| format!("{text}{next}")));
                }
                ValueConstant::Bool(_) | ValueConstant::Null => {}
            }
        }
        if let (Some(ValueConstant::Number(low)), Some(ValueConstant::Number(high))) =
            (self.low.map(|bound| bound.value), self.high.map(|bound| bound.value))
            && let Some(interval) = Interval::new(low, high)
        {
            numbers.keep(true, interval);
        }
        let numbers = numbers.candidates(&number_hints);
        let (first, others) = numbers.split_at(numbers.len().min(8));
        pool.extend(first.iter().copied().map(SlotValue::Number));
        pool.extend([SlotValue::Bool(true), SlotValue::Bool(false)]);
        texts.extend(hints.texts.iter().take(2 * CANDIDATES).cloned());
        texts.extend(["a", "b", ""].map(str::to_owned));
        texts.extend(numbers.iter().copied().take(4).map(plain_number));
        pool.extend(texts.into_iter().filter(|text| !is_date(text)).map(SlotValue::Text));
        pool.extend(others.iter().copied().map(SlotValue::Number));
        pool.push(SlotValue::Null);
        pool.push(SlotValue::Undefined);
        pool.retain(|value| self.admits(value, constants));
        pool.truncate(2 * CANDIDATES);
        pool
    }

    /// Whether the place in the body may have this value.
    fn admits(&self, value: &SlotValue, constants: &Constants) -> bool {
        let (comparable, number) = match value {
            SlotValue::Undefined => return self.kinds & UNDEFINED != 0,
            SlotValue::Missing | SlotValue::Null => (Comparable::Null, None),
            SlotValue::Bool(truth) => (Comparable::Bool(*truth), None),
            SlotValue::Number(number) => (Comparable::Number(*number), Some(*number)),
            SlotValue::Text(text) => (Comparable::Text(text.as_str()), as_number(text)),
        };
        let kind = match number.filter(|number| !number.is_nan()) {
            Some(number) if self.number.contains(number) => NUMERAL,
            Some(_) => return false,
            None => OTHER,
        };
        let compared = |other: ValueConstant| {
            comparable.compare(other.as_comparable(), |text, other| compare_utf16(text, constants.text_of(other)))
        };
        let within = |bound: Option<Bound>, outside: Ordering| {
            bound.is_none_or(|bound| match compared(bound.value) {
                Ordering::Equal => bound.is_included,
                ordering => ordering != outside,
            })
        };
        self.kinds & kind != 0
            && within(self.low, Ordering::Less)
            && within(self.high, Ordering::Greater)
            && !self.excluded.iter().any(|excluded| compared(*excluded).is_eq())
    }

    /// Removes the kinds that are impossible.
    fn settle(&mut self, constants: &Constants) {
        if self.number.is_empty() {
            self.kinds &= !NUMERAL;
        }
        if self.is_out_of_bounds(constants) {
            self.kinds &= !DEFINED;
            return;
        }
        match (self.low, self.high) {
            (Some(low), Some(high)) => self.settle_between(low, high, constants),
            (None, Some(Bound { value: ValueConstant::Bool(_), .. }))
            | (Some(Bound { value: ValueConstant::Null, .. }), None) => self.kinds &= !NUMERAL,
            _ => {}
        }
    }

    fn settle_between(&mut self, low: Bound, high: Bound, constants: &Constants) {
        match (low.value, high.value) {
            (ValueConstant::Number(low_number), ValueConstant::Number(high_number)) => {
                // Only numbers are between numbers.
                self.kinds &= !OTHER;
                let least = if low.is_included { low_number } else { low_number.next_up() };
                let most = if high.is_included { high_number } else { high_number.next_down() };
                let mut number = self.number.clone();
                match Interval::new(least, most) {
                    Some(interval) => number.keep(true, interval),
                    None => self.kinds &= !NUMERAL,
                }
                for excluded in &self.excluded {
                    if let ValueConstant::Number(point) = *excluded
                        && let Some(point) = Interval::new(point, point)
                    {
                        number.keep(false, point);
                    }
                }
                if number.is_empty() {
                    self.kinds &= !NUMERAL;
                }
            }
            (ValueConstant::Bool(_), ValueConstant::Bool(_)) | (ValueConstant::Null, ValueConstant::Null) => {
                self.kinds &= !NUMERAL;
            }
            (ValueConstant::Text(text), ValueConstant::Text(other)) if text == other => {
                match as_number(constants.text_of(text)).filter(|number| !number.is_nan()) {
                    Some(number) if self.number.contains(number) => self.kinds &= !OTHER,
                    Some(_) => self.kinds &= !DEFINED,
                    None => self.kinds &= !NUMERAL,
                }
            }
            _ => {}
        }
    }

    /// Whether the bounds and exclusions leave no value.
    fn is_out_of_bounds(&self, constants: &Constants) -> bool {
        // The first and the last value in the order of all values (SEMANTICS#order-across-kinds).
        let is_below_all = self.high.is_some_and(|high| high.value == ValueConstant::Bool(false) && !high.is_included);
        let is_above_all = self.low.is_some_and(|low| low.value == ValueConstant::Null && !low.is_included);
        if is_below_all || is_above_all {
            return true;
        }
        let (Some(low), Some(high)) = (self.low, self.high) else {
            return false;
        };
        match compare(low.value, high.value, constants) {
            Ordering::Greater => true,
            Ordering::Equal => {
                let is_excluded = |other: &ValueConstant| compare(low.value, *other, constants).is_eq();
                !(low.is_included && high.is_included) || self.excluded.iter().any(is_excluded)
            }
            // No value is between `false` and `true`.
            Ordering::Less => {
                let is = |bound: Bound, truth| bound.value == ValueConstant::Bool(truth);
                let is_open = |bound: Bound| {
                    !bound.is_included
                        || self.excluded.iter().any(|other| compare(bound.value, *other, constants).is_eq())
                };
                is(low, false) && is(high, true) && is_open(low) && is_open(high)
            }
        }
    }
}

fn compare(left: ValueConstant, right: ValueConstant, constants: &Constants) -> Ordering {
    left.as_comparable()
        .compare(right.as_comparable(), |left, right| compare_utf16(constants.text_of(left), constants.text_of(right)))
}

/// Returns the stricter bound; `inwards` is how the stricter one compares to the other.
fn tighter(known: Option<Bound>, new: Bound, inwards: Ordering, constants: &Constants) -> Bound {
    let Some(known) = known else {
        return new;
    };
    match compare(new.value, known.value, constants) {
        Ordering::Equal => Bound { value: new.value, is_included: known.is_included && new.is_included },
        ordering if ordering == inwards => new,
        _ => known,
    }
}
