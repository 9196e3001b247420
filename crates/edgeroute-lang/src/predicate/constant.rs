//! The constants that tests compare with, each once.

use crate::hash_map::RandomMap;
use crate::id::{define_id, to_u32};
use crate::steps;
use crate::value::Comparable;

define_id! {
    /// A string constant.
    pub struct TextId
}

define_id! {
    /// An interval of numbers.
    pub struct IntervalId
}

define_id! {
    /// A constant that body values are compared with.
    pub struct ValueId
}

/// The constants of a table.
#[derive(Debug, Default)]
pub struct Constants {
    texts: Texts,
    intervals: Interned<(u64, u64), Interval>,
    values: Interned<(u8, u64), ValueConstant>,
}

/// Strings in one buffer.
#[derive(Debug, Default)]
pub(super) struct Texts {
    buffer: String,
    /// The end of each string; a string starts at the end of the one before.
    ends: Vec<u32>,
    ids: RandomMap<Box<str>, TextId>,
}

#[derive(Debug)]
struct Interned<K, V> {
    all: Vec<V>,
    ids: RandomMap<K, usize>,
}

impl<K, V> Default for Interned<K, V> {
    fn default() -> Self {
        Self { all: Vec::new(), ids: RandomMap::default() }
    }
}

/// The numbers from `low` to `high`, both included: `low <= high`, neither is NaN, and there is no negative zero.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// A defined body value.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum ValueConstant {
    /// A bool.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(TextId),
    /// Null.
    Null,
}

impl ValueConstant {
    /// Returns the value for comparisons.
    #[inline]
    #[must_use]
    pub const fn as_comparable(self) -> Comparable<TextId> {
        match self {
            Self::Bool(truth) => Comparable::Bool(truth),
            Self::Number(number) => Comparable::Number(number),
            Self::Text(text) => Comparable::Text(text),
            Self::Null => Comparable::Null,
        }
    }
}

impl Interval {
    /// Every number.
    pub const ALL: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// Creates the interval from `low` to `high`; `None` if it is empty or a bound is NaN.
    pub fn new(low: f64, high: f64) -> Option<Self> {
        // Adding zero turns negative zero into zero.
        (low <= high).then_some(Self { low: low + 0.0, high: high + 0.0 })
    }

    /// Whether the number is in the interval.
    pub fn contains(self, number: f64) -> bool {
        self.low <= number && number <= self.high
    }

    /// Returns the numbers that are in both intervals.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.low.max(other.low), self.high.min(other.high))
    }

    /// Returns the numbers less than `number`.
    pub fn below(number: f64) -> Option<Self> {
        (number > f64::NEG_INFINITY).then(|| Self::new(f64::NEG_INFINITY, number.next_down())).flatten()
    }

    /// Returns the numbers greater than `number`.
    pub fn above(number: f64) -> Option<Self> {
        (number < f64::INFINITY).then(|| Self::new(number.next_up(), f64::INFINITY)).flatten()
    }
}

impl Constants {
    /// Returns the id of a string. Allocates if it is new.
    pub fn text(&mut self, text: &str) -> TextId {
        steps::bytes(text.len());
        if let Some(&id) = self.texts.ids.get(text) {
            return id;
        }
        let id = TextId::new(self.texts.ends.len());
        self.texts.buffer.push_str(text);
        self.texts.ends.push(to_u32(self.texts.buffer.len()));
        self.texts.ids.insert(text.into(), id);
        id
    }

    /// Drops what only building needs, including the strings: the index has its own copy.
    pub(super) fn freeze(&mut self) {
        self.texts = Texts::default();
        self.intervals.freeze();
        self.values.freeze();
    }

    /// Returns the bytes allocated on the heap, once frozen.
    pub(super) fn heap_bytes(&self) -> usize {
        self.intervals.all.capacity() * size_of::<Interval>() + self.values.all.capacity() * size_of::<ValueConstant>()
    }

    /// Returns the id of an interval. Allocates if it is new.
    pub fn interval(&mut self, interval: Interval) -> IntervalId {
        let key = (interval.low.to_bits(), interval.high.to_bits());
        IntervalId::new(self.intervals.id(key, interval))
    }

    /// Returns the id of a value. Allocates if it is new.
    pub fn value(&mut self, value: ValueConstant) -> ValueId {
        let key = match value {
            ValueConstant::Bool(truth) => (0, u64::from(truth)),
            ValueConstant::Number(number) => (1, (number + 0.0).to_bits()),
            ValueConstant::Text(text) => (2, text.index() as u64),
            ValueConstant::Null => (3, 0),
        };
        ValueId::new(self.values.id(key, value))
    }

    /// Returns the string of this id.
    pub fn text_of(&self, id: TextId) -> &str {
        let end = |index: usize| self.texts.ends.get(index).map_or(0, |&end| end as usize);
        let start = id.index().checked_sub(1).map_or(0, end);
        self.texts.buffer.get(start..end(id.index())).unwrap_or_default()
    }

    /// Returns the interval of this id.
    pub fn interval_of(&self, id: IntervalId) -> Interval {
        self.intervals.all.get(id.index()).copied().unwrap_or(Interval::ALL)
    }

    /// Returns the value of this id.
    pub fn value_of(&self, id: ValueId) -> ValueConstant {
        self.values.all.get(id.index()).copied().unwrap_or(ValueConstant::Null)
    }

    #[cfg(feature = "parallel")]
    pub(super) fn intervals(&self) -> impl ExactSizeIterator<Item = Interval> {
        self.intervals.all.iter().copied()
    }

    #[cfg(feature = "parallel")]
    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = ValueConstant> {
        self.values.all.iter().copied()
    }

    /// Iterates over the strings in the order of their ids.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.texts.ends.len()).map(|index| self.text_of(TextId::new(index)))
    }
}

impl<K: Eq + std::hash::Hash, V> Interned<K, V> {
    fn freeze(&mut self) {
        self.ids = RandomMap::default();
        self.all.shrink_to_fit();
    }

    fn id(&mut self, key: K, value: V) -> usize {
        let next = self.all.len();
        let id = *self.ids.entry(key).or_insert(next);
        if id == next {
            self.all.push(value);
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_ends_of_intervals_exclude_the_bound() {
        for bound in [0.0, -0.0, 1.0, -1.0, 80.0, 1e308, -1e-320, f64::MAX, f64::MIN, f64::MIN_POSITIVE] {
            let below = Interval::below(bound).unwrap();
            assert!(!below.contains(bound) && below.contains(f64::NEG_INFINITY) && below.high < bound, "{bound}");
            let above = Interval::above(bound).unwrap();
            assert!(!above.contains(bound) && above.contains(f64::INFINITY) && above.low > bound, "{bound}");
            assert_eq!(below.intersection(above), None);
        }
        assert_eq!(Interval::below(f64::NEG_INFINITY), None);
        assert_eq!(Interval::above(f64::INFINITY), None);
        assert!(Interval::above(f64::NEG_INFINITY).unwrap().contains(f64::MIN));
        assert!(Interval::below(f64::INFINITY).unwrap().contains(f64::MAX));
        assert_eq!(Interval::new(f64::NAN, 1.0), None);
    }

    #[test]
    fn equal_constants_have_one_id() {
        let mut constants = Constants::default();
        let (a, b) = (constants.text("a"), constants.text("bc"));
        assert_eq!((constants.text("a"), constants.text("bc")), (a, b));
        assert_eq!((constants.text_of(a), constants.text_of(b)), ("a", "bc"));
        assert_eq!(constants.value(ValueConstant::Number(0.0)), constants.value(ValueConstant::Number(-0.0)));
        assert_ne!(constants.value(ValueConstant::Bool(false)), constants.value(ValueConstant::Number(0.0)));
    }
}
