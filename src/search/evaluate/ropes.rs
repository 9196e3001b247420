//! All ropes of one evaluation, and the operations on their contents.
//!
//! Creating a [rope](super::rope) costs a few words. Operations on its contents run a [cursor](super::cursor) over its
//! characters; plain strings use the standard library instead.

use core::cmp::Ordering;

use super::cursor::{CodeUnits, Layer, Points};
use super::find::{Needle, RollingKey};
use super::rope::{Case, Rope, RopeId};
use crate::search::scalar::BodyText;
use edgeroute_lang::steps;
use edgeroute_lang::text::{as_number, compare_utf16, digits_as_number, infinity_as_number, utf16_len};
use edgeroute_lang::value::Texts;

/// The maximum sizes of the rope memory.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct RopeSizes {
    /// The total number of ropes.
    pub(super) ropes: usize,
    /// The number of parts of concatenations.
    pub(super) parts: usize,
    /// The nesting depth.
    pub(super) depth: usize,
}

impl RopeSizes {
    /// Returns sizes that are enough for either.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            ropes: self.ropes.max(other.ropes),
            parts: self.parts.max(other.parts),
            depth: self.depth.max(other.depth),
        }
    }
}

/// The memory of ropes.
#[derive(Debug)]
pub(super) struct RopeMemory {
    /// Empty between evaluations.
    ropes: Vec<Rope<'static>>,
    room: Room,
}

/// The part of the memory that does not borrow the message.
#[derive(Debug)]
struct Room {
    /// The parts of concatenations.
    parts: Vec<RopeId>,
    /// The ropes that are still to be measured.
    pending: Vec<RopeId>,
    /// The layers of two cursors.
    layers: [Vec<Layer>; 2],
    key: RollingKey,
}

/// The ropes of one evaluation.
#[derive(Debug)]
pub(super) struct Ropes<'r, 'x> {
    ropes: Vec<Rope<'x>>,
    room: &'r mut Room,
}

impl RopeMemory {
    /// Creates memory of these sizes. Allocates.
    pub(super) fn new(sizes: RopeSizes) -> Self {
        let layers = || Vec::with_capacity(sizes.depth);
        Self {
            ropes: Vec::with_capacity(sizes.ropes),
            room: Room {
                parts: Vec::with_capacity(sizes.parts),
                pending: Vec::with_capacity(sizes.parts + 1),
                layers: [layers(), layers()],
                key: RollingKey::random(),
            },
        }
    }

    /// Uses another key.
    #[cfg(test)]
    pub(super) fn with_key(mut self, key: RollingKey) -> Self {
        self.room.key = key;
        self
    }

    /// Passes an empty set of ropes to `use_ropes`.
    pub(super) fn with<'x, R>(&mut self, use_ropes: impl FnOnce(&mut Ropes<'_, 'x>) -> R) -> R {
        self.room.parts.clear();
        let mut ropes = Ropes { ropes: recycle(core::mem::take(&mut self.ropes)), room: &mut self.room };
        let result = use_ropes(&mut ropes);
        self.ropes = recycle(ropes.ropes);
        result
    }

    /// Returns the number of bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let Room { parts, pending, layers: [one, other], key: _ } = &self.room;
        self.ropes.capacity() * size_of::<Rope<'_>>()
            + (parts.capacity() + pending.capacity()) * size_of::<RopeId>()
            + (one.capacity() + other.capacity()) * size_of::<Layer>()
    }
}

/// Reuses the same memory for ropes of another lifetime. The standard library collects a vector that is mapped in place
/// into its own memory; `tests/allocations.rs` checks that this does not allocate.
fn recycle<'to>(mut ropes: Vec<Rope<'_>>) -> Vec<Rope<'to>> {
    ropes.clear();
    ropes.into_iter().map(|_| Rope::Text("")).collect()
}

/// Creating ropes from plain strings.
impl<'x> Ropes<'_, 'x> {
    pub(super) fn text(&mut self, text: &'x str) -> RopeId {
        self.push(Rope::Text(text))
    }

    pub(super) fn units(&mut self, units: &'x [u16]) -> RopeId {
        self.push(Rope::Units(units))
    }

    pub(super) fn body_text(&mut self, text: BodyText<'x>) -> RopeId {
        self.push(text.as_str().map_or(Rope::Body(text), Rope::Text))
    }

    fn push(&mut self, rope: Rope<'x>) -> RopeId {
        let id = RopeId::new(self.ropes.len());
        self.ropes.push(rope);
        id
    }
}

/// Reading ropes.
impl<'x> Ropes<'_, 'x> {
    /// Returns the string, if it is plain.
    fn plain(&self, id: RopeId) -> Option<&'x str> {
        match self.ropes.get(id.index()) {
            Some(Rope::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn points(&mut self, id: RopeId) -> Points<'_, 'x> {
        let [layers, _] = &mut self.room.layers;
        Points::new(&self.ropes, &self.room.parts, layers, id)
    }

    pub(super) fn code_units(&mut self, id: RopeId) -> CodeUnits<'_, 'x> {
        CodeUnits::new(self.points(id))
    }

    /// Iterates over the code units of two ropes, or of one rope twice, at the same time.
    fn two_code_units(&mut self, one: RopeId, other: RopeId) -> (CodeUnits<'_, 'x>, CodeUnits<'_, 'x>) {
        let Room { parts, layers: [layers, other_layers], .. } = &mut *self.room;
        let one = Points::new(&self.ropes, parts, layers, one);
        let other = Points::new(&self.ropes, parts, other_layers, other);
        (CodeUnits::new(one), CodeUnits::new(other))
    }

    /// Returns whether `part` occurs in `whole` at a position inside `whole`.
    fn occurs_at(&mut self, whole: RopeId, at: usize, part: RopeId) -> bool {
        let (whole, mut part) = self.two_code_units(whole, part);
        let mut whole = whole.skip(at);
        part.all(|unit| whole.next() == Some(unit))
    }
}

impl Texts for Ropes<'_, '_> {
    type Text = RopeId;

    /// Visits no rope twice, and nothing inside a part, because the length of a part is known.
    fn length(&mut self, text: &RopeId) -> usize {
        let Room { parts, pending, .. } = &mut *self.room;
        let mut length = 0;
        pending.clear();
        pending.push(*text);
        while let Some(id) = pending.pop() {
            steps::step();
            length += match self.ropes.get(id.index()) {
                Some(Rope::Text(text)) => {
                    steps::bytes(text.len());
                    utf16_len(text)
                }
                Some(Rope::Units(units)) => units.len(),
                Some(Rope::Body(text)) => text.chars().map(char::len_utf16).sum(),
                Some(Rope::Part { count, .. }) => *count,
                Some(Rope::Cased(_, of)) => {
                    pending.push(*of);
                    0
                }
                Some(Rope::Joined { first, end }) => {
                    pending.extend_from_slice(parts.get(*first..*end).unwrap_or_default());
                    0
                }
                None => 0,
            };
        }
        length
    }

    fn compare(&mut self, left: &RopeId, right: &RopeId) -> Ordering {
        if let (Some(left), Some(right)) = (self.plain(*left), self.plain(*right)) {
            steps::comparison(left, right);
            return compare_utf16(left, right);
        }
        let (left, right) = self.two_code_units(*left, *right);
        left.cmp(right)
    }

    /// If a string is not plain, one pass compares the hashes of all parts of the same length; a part with the same
    /// hash is then compared in full. Each accidental match of hashes would cost another pass, but their key is random:
    /// with 2^20 parts of 2^20 code units, this happens once in 2^21 searches.
    fn find(&mut self, whole: &RopeId, part: &RopeId) -> Option<usize> {
        if let (Some(whole), Some(part)) = (self.plain(*whole), self.plain(*part)) {
            steps::bytes(whole.len());
            return whole.find(part).and_then(|at| whole.get(..at)).map(utf16_len);
        }
        let key = self.room.key;
        let needle = Needle::new(key, self.code_units(*part));
        let mut from = 0;
        loop {
            let (entering, leaving) = self.two_code_units(*whole, *whole);
            let at = from + needle.find(entering.skip(from), leaving.skip(from))?;
            if self.occurs_at(*whole, at, *part) {
                return Some(at);
            }
            from = at + 1;
        }
    }

    fn starts_with(&mut self, whole: &RopeId, part: &RopeId) -> bool {
        match (self.plain(*whole), self.plain(*part)) {
            (Some(whole), Some(part)) => {
                steps::comparison(whole, part);
                whole.starts_with(part)
            }
            _ => self.occurs_at(*whole, 0, *part),
        }
    }

    fn ends_with(&mut self, whole: &RopeId, part: &RopeId) -> bool {
        if let (Some(whole), Some(part)) = (self.plain(*whole), self.plain(*part)) {
            steps::comparison(whole, part);
            return whole.ends_with(part);
        }
        let before = self.length(whole).checked_sub(self.length(part));
        before.is_some_and(|before| self.occurs_at(*whole, before, *part))
    }

    fn as_number(&mut self, text: &RopeId) -> Option<f64> {
        match self.ropes.get(text.index()) {
            Some(Rope::Text(text)) => {
                steps::bytes(text.len());
                as_number(text)
            }
            _ => digits_as_number(self.points(*text).map(u32::from))
                .or_else(|| infinity_as_number(self.points(*text).map(u32::from))),
        }
    }

    fn lower(&mut self, text: &RopeId) -> RopeId {
        self.push(Rope::Cased(Case::Lower, *text))
    }

    fn upper(&mut self, text: &RopeId) -> RopeId {
        self.push(Rope::Cased(Case::Upper, *text))
    }

    fn part(&mut self, text: &RopeId, start: usize, count: usize) -> RopeId {
        self.push(Rope::Part { of: *text, start, count })
    }

    fn join(&mut self, texts: impl Iterator<Item = RopeId>) -> RopeId {
        let first = self.room.parts.len();
        self.room.parts.extend(texts);
        self.push(Rope::Joined { first, end: self.room.parts.len() })
    }
}
