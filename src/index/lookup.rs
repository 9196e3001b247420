//! Lookups: find the candidates for the values that a message contains.

use core::ops::Range;

use super::hash::{HashSeed, ValueHash};
use super::id::GroupId;
use super::program::ProgramAt;
use crate::tuning::BUCKETS_FOR_KEYS;
use edgeroute_lang::id::to_u32;
use edgeroute_lang::predicate::{Interval, Slot};
use edgeroute_lang::steps;

/// The group of routes from one source. Most groups are lists, so this type is small.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// All candidates of the group.
    pub(crate) all: Candidates,
    /// The slots that the routes of the group read.
    pub(crate) read: SlotSet,
    /// How a large group is split. In a list, all candidates are always checked.
    pub(crate) split: Option<Box<Split>>,
}

/// Selects the candidates of a large group.
#[derive(Debug, Default)]
pub(crate) struct Split {
    /// Candidates that are always checked.
    pub(crate) always: Candidates,
    /// Slots that have candidates for some values, in ascending order.
    pub(crate) equal: Box<[EqualLookup]>,
    /// Slots that have candidates if the slot is present, in ascending order.
    pub(crate) present: Box<[Slot]>,
    /// Body slots that have candidates for some values, in ascending order.
    pub(crate) values: Box<[Slot]>,
    pub(crate) affixes: Box<[AffixLookup]>,
    pub(crate) numbers: Box<[NumberLookup]>,
}

/// A set of slots with one bit for every 64th slot, so it may contain more slots than were added.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotSet(u64);

impl SlotSet {
    /// All slots.
    pub(crate) const ALL: Self = Self(u64::MAX);

    pub(super) const fn of(slot: Slot) -> Self {
        Self(1 << (slot.index() % 64))
    }

    #[inline]
    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether the set may contain a slot. It is `true` for every slot that was added.
    #[inline]
    pub(crate) const fn may_have(self, slot: Slot) -> bool {
        self.0 >> (slot.index() % 64) & 1 != 0
    }
}

/// The equalities of one property.
#[derive(Copy, Clone, Debug)]
pub(crate) struct EqualLookup {
    pub(crate) slot: Slot,
    /// The part of a [key](Lookups::key) that does not depend on the value.
    pub(crate) salt: u64,
    pub(crate) filter: HashFilter,
}

/// A filter that rejects the hashes of most values without candidates. It has a bit for some bits of each hash that was
/// added.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct HashFilter(u64);

impl HashFilter {
    pub(super) fn add(&mut self, hash: ValueHash) {
        self.0 |= Self::bit(hash);
    }

    /// Returns whether a hash may have been added. It is `true` for every hash that was.
    #[inline]
    pub(crate) fn may_have(self, hash: ValueHash) -> bool {
        self.0 & Self::bit(hash) != 0
    }

    #[inline]
    fn bit(hash: ValueHash) -> u64 {
        // The lowest bit of a hash is the same for all values.
        1 << (hash.bits() >> 1 & 63)
    }
}

/// A contiguous range of the candidates of an index.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A route that a message may match.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Candidate {
    /// The header: this entry of the [hashes of a message](crate::search) must be this hash. The entries are the hashes
    /// of all slots; then for each slot [`PRESENT`](ValueHash::PRESENT) if it is present; then one that is always
    /// `PRESENT`.
    pub(crate) entry: u32,
    pub(crate) hash: ValueHash,
    /// The residual program, which must hold.
    pub(crate) program: ProgramAt,
}

/// Prefixes or suffixes of one property.
#[derive(Debug)]
pub(crate) struct AffixLookup {
    pub(crate) slot: Slot,
    pub(crate) end: AffixEnd,
    /// The lengths in bytes, in ascending order.
    pub(crate) lengths: Box<[AffixLength]>,
}

/// The affixes that have postings under their parts of one length.
#[derive(Copy, Clone, Debug)]
pub(crate) struct AffixLength {
    pub(crate) bytes: u32,
    /// A bit for the innermost byte of each of these parts. Most strings without one of the affixes are rejected by it.
    edges: [u64; 4],
}

impl AffixLength {
    pub(super) const fn new(bytes: u32) -> Self {
        Self { bytes, edges: [0; 4] }
    }

    pub(super) fn add(&mut self, end: AffixEnd, part: &[u8]) {
        let edge = end.edge(part);
        if let Some(bits) = self.edges.get_mut(usize::from(edge / 64)) {
            *bits |= 1 << (edge % 64);
        }
    }

    /// Returns whether a part may have been added. It is `true` for every part that was.
    #[inline]
    pub(crate) fn may_have(&self, end: AffixEnd, part: &[u8]) -> bool {
        let edge = end.edge(part);
        self.edges.get(usize::from(edge / 64)).is_some_and(|bits| bits >> (edge % 64) & 1 != 0)
    }
}

/// Selects the start or the end of a string.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AffixEnd {
    Start,
    End,
}

impl AffixEnd {
    /// Returns the hash table space in which these affixes have postings.
    pub(crate) const fn space(self) -> Space {
        match self {
            Self::Start => Space::Prefix,
            Self::End => Space::Suffix,
        }
    }

    /// Returns the first or last `length` bytes, or `None` if there are fewer bytes.
    #[inline]
    pub(crate) fn part(self, bytes: &[u8], length: usize) -> Option<&[u8]> {
        match self {
            Self::Start => bytes.get(..length),
            Self::End => bytes.get(bytes.len().checked_sub(length)?..),
        }
    }

    /// Returns the innermost byte of a part.
    #[inline]
    fn edge(self, part: &[u8]) -> u8 {
        let edge = match self {
            Self::Start => part.last(),
            Self::End => part.first(),
        };
        edge.copied().unwrap_or_default()
    }
}

impl AffixLookup {
    /// Returns the part of an affix under which it has its posting. Its length is the greatest length in `lengths` that
    /// fits.
    pub(super) fn part<'b>(&self, affix: &'b [u8]) -> Option<&'b [u8]> {
        let at = self.length_of(affix)?;
        self.end.part(affix, self.lengths.get(at)?.bytes as usize)
    }

    /// Adds an affix. Returns the part of it under which it has its posting.
    pub(super) fn add<'b>(&mut self, affix: &'b [u8]) -> Option<&'b [u8]> {
        let at = self.length_of(affix)?;
        let length = self.lengths.get_mut(at)?;
        let part = self.end.part(affix, length.bytes as usize)?;
        length.add(self.end, part);
        Some(part)
    }

    fn length_of(&self, affix: &[u8]) -> Option<usize> {
        self.lengths.partition_point(|length| length.bytes as usize <= affix.len()).checked_sub(1)
    }
}

/// Intervals of one number.
#[derive(Debug)]
pub(crate) struct NumberLookup {
    pub(crate) slot: Slot,
    /// Intervals of which few contain the same numbers.
    pub(crate) tables: Box<[StabbingTable]>,
    /// The other intervals, by their width.
    pub(crate) classes: Box<[NumberClass]>,
}

/// Finds the intervals that contain a number. Between two adjacent bounds, all numbers are in the same intervals, so there
/// is one list of candidates for the numbers between any two bounds. An interval is in the lists of all bounds inside it,
/// so this is only for intervals that do not contain many bounds of others.
#[derive(Debug)]
pub(crate) struct StabbingTable {
    /// The bounds in ascending order. A number on a bound belongs to the list after it.
    bounds: Box<[f64]>,
    /// For each number of bounds at or below a number the first candidate of its list; and the end of the last list.
    starts: Box<[u32]>,
    /// For each [cell](Self::cell), and one more, the number of bounds in cells before it.
    grid: Box<[u32]>,
    origin: f64,
    /// The number of cells for each unit.
    scale: f64,
}

/// The lists of a [`StabbingTable`] before they have a place.
#[derive(Debug)]
pub(super) struct StabbingLists {
    bounds: Vec<f64>,
    /// For each interval the lists that contain it.
    lists: Vec<Range<usize>>,
}

impl StabbingLists {
    pub(super) fn new(intervals: impl Iterator<Item = Interval> + Clone) -> Self {
        // One bound of an interval is its lowest number, the other one is the number after its highest one.
        let mut bounds: Vec<f64> = (intervals.clone())
            .flat_map(|Interval { low, high }| {
                let low = (low != f64::NEG_INFINITY).then_some(low);
                let after = (high != f64::INFINITY).then_some(high.next_up());
                [low, after].into_iter().flatten()
            })
            .collect();
        steps::steps(bounds.len());
        bounds.sort_unstable_by(f64::total_cmp);
        bounds.dedup();
        let up_to = |bound: f64| bounds.partition_point(|&other| other <= bound);
        let lists = intervals.map(|Interval { low, high }| {
            steps::step();
            let first = if low == f64::NEG_INFINITY { 0 } else { up_to(low) };
            let end = if high == f64::INFINITY { bounds.len() + 1 } else { up_to(high.next_up()) };
            first..end
        });
        let lists = lists.collect();
        Self { bounds, lists }
    }

    /// Returns the number of entries of all lists.
    pub(super) fn len(&self) -> usize {
        self.lists.iter().map(Range::len).sum()
    }

    /// Returns the entries of all lists, each as the number of its interval, and the table of the lists if they start at
    /// `start`.
    pub(super) fn finish(self, start: u32) -> (Vec<usize>, StabbingTable) {
        let mut starts = vec![0; self.bounds.len() + 2];
        for list in self.lists.iter().cloned().flatten() {
            steps::step();
            if let Some(length) = starts.get_mut(list + 1) {
                *length += 1;
            }
        }
        let mut end = start;
        for each in &mut starts {
            end += *each;
            *each = end;
        }
        let mut entries = vec![0; self.len()];
        let mut next = starts.clone();
        for (interval, lists) in self.lists.into_iter().enumerate() {
            for list in lists {
                let Some(next) = next.get_mut(list) else { continue };
                if let Some(entry) = entries.get_mut((*next - start) as usize) {
                    *entry = interval;
                }
                *next += 1;
            }
        }
        (entries, StabbingTable::new(self.bounds, starts))
    }
}

impl StabbingTable {
    /// Bounds of a cell up to which all of them are compared, without a search.
    const FEW: usize = 8;

    fn new(bounds: Vec<f64>, starts: Vec<u32>) -> Self {
        let cells = bounds.len().max(1);
        let (first, last) = (bounds.first().copied().unwrap_or_default(), bounds.last().copied().unwrap_or_default());
        let scale = f64::from(to_u32(cells)) / (last - first);
        // If the cells have no finite width, all numbers are in the first one.
        let scale = if scale.is_finite() { scale } else { 0.0 };
        let mut table = Self {
            bounds: bounds.into(),
            starts: starts.into(),
            grid: vec![0; cells + 1].into(),
            origin: first,
            scale,
        };
        let mut before = 0;
        let grid = (0..=cells).map(|cell| {
            while table.bounds.get(before).is_some_and(|&bound| table.cell(bound) < cell) {
                steps::step();
                before += 1;
            }
            to_u32(before)
        });
        table.grid = grid.collect();
        table
    }

    /// Returns the cell of a number. A greater number never has a lower cell, because every operation rounds
    /// monotonically.
    #[inline]
    fn cell(&self, number: f64) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and turns NaN into 0"
        )]
        let cell = ((number - self.origin) * self.scale) as u32;
        (cell as usize).min(self.grid.len().saturating_sub(2))
    }

    /// Returns the candidates of the intervals that contain the number.
    #[inline]
    pub(crate) fn find(&self, number: f64) -> Candidates {
        let cell = self.cell(number);
        let before = |cell: usize| self.grid.get(cell).map_or(0, |&before| before as usize);
        let (first, end) = (before(cell), before(cell + 1));
        let bounds = self.bounds.get(first..end).unwrap_or_default();
        let within = if bounds.len() <= Self::FEW {
            bounds.iter().map(|&bound| usize::from(bound <= number)).sum()
        } else {
            bounds.partition_point(|&bound| bound <= number)
        };
        self.list(first + within)
    }

    fn list(&self, list: usize) -> Candidates {
        match self.starts.get(list..) {
            Some(&[start, end, ..]) => Candidates { start, end },
            _ => Candidates::default(),
        }
    }

    /// Returns all lists with the numbers that they are for.
    pub(super) fn lists(&self) -> impl Iterator<Item = (Candidates, Interval)> {
        (0..=self.bounds.len()).filter_map(|list| {
            let low = list.checked_sub(1).and_then(|at| self.bounds.get(at)).map_or(f64::NEG_INFINITY, |&bound| bound);
            let high = self.bounds.get(list).map_or(f64::INFINITY, |bound| bound.next_down());
            Some((self.list(list), Interval::new(low, high)?))
        })
    }

    fn heap_bytes(&self) -> usize {
        size_of_val(&*self.bounds) + size_of_val(&*self.starts) + size_of_val(&*self.grid)
    }
}

/// Intervals of similar width.
#[derive(Debug)]
pub(crate) struct NumberClass {
    /// For every interval of the class, `low + width >= high`, as computed in floating point.
    pub(crate) width: f64,
    /// The lower bounds of the intervals, in ascending order.
    pub(crate) lows: Box<[f64]>,
    /// The upper bounds of the intervals.
    pub(crate) highs: Box<[f64]>,
    /// The first candidate. Candidates are in the order of the intervals.
    pub(crate) start: u32,
}

/// The kind of test that a place of the hash table belongs to.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Space {
    Equal = 0,
    Value = 1,
    Prefix = 2,
    Suffix = 3,
}

/// One hash table for all groups. It maps (group, slot, space, hash of the constant), mixed to 64 bits, to candidates.
/// If two constants of one group have the same key, both lookups find the candidates of both, and the programs decide.
/// Programs do not check the source, so a lookup in one group must never find the postings of another. For that to
/// happen, 64 bits of a hash would have to be equal, and neither routes nor messages know the seed of the hash. There
/// is no other protection.
///
/// Places are grouped into buckets of one cache line each. A lookup takes no branch that depends on what it finds: a
/// mispredicted branch would cost more than the rest of the lookup and prevent the lookups of several keys from
/// overlapping.
#[derive(Debug)]
pub(crate) struct Lookups {
    /// The number of buckets is a power of two, and at most five eighths of their places are taken; empty if there are
    /// no postings.
    buckets: Box<[Bucket]>,
}

#[derive(Copy, Clone, Debug)]
#[repr(align(64))]
struct Bucket([Place; PLACES]);

const PLACES: usize = 4;

#[derive(Copy, Clone, Debug)]
struct Place {
    key: u64,
    /// The upper bit of the first `end` of a bucket is set if the next bucket contains keys that belong to this one.
    candidates: Candidates,
}

const OVERFULL: u32 = 1 << 31;

/// A place without candidates, which is free.
const FREE: Place = Place { key: 0, candidates: Candidates { start: 0, end: 0 } };

impl Lookups {
    /// Builds the table from pairs of a [key](Self::key) and its candidates. Each key occurs once, and no candidates
    /// are empty.
    pub(super) fn new(postings: &[(u64, Candidates)]) -> Self {
        let (buckets, keys) = BUCKETS_FOR_KEYS;
        let count = if postings.is_empty() { 0 } else { (postings.len() * buckets).div_ceil(keys).next_power_of_two() };
        let mut buckets = vec![Bucket([FREE; PLACES]); count];
        for &(key, candidates) in postings {
            let mut at = place(key, count);
            while let Some(Bucket(bucket)) = buckets.get_mut(at) {
                steps::step();
                if let Some(free) = bucket.iter_mut().find(|place| place.candidates.end & !OVERFULL == 0) {
                    let Candidates { start, end } = candidates;
                    *free = Place { key, candidates: Candidates { start, end: end | free.candidates.end } };
                    break;
                }
                let [first, ..] = bucket;
                first.candidates.end |= OVERFULL;
                at = (at + 1) & (count - 1);
            }
        }
        Self { buckets: buckets.into() }
    }

    /// Returns the key of a constant of a slot in a group.
    #[inline]
    pub(crate) fn key(key: &HashSeed, group: GroupId, slot: Slot, space: Space, hash: u64) -> u64 {
        key.salted(hash, Self::salt(key, group, slot, space))
    }

    /// Returns the part of a key that does not depend on the constant.
    #[inline]
    pub(crate) fn salt(key: &HashSeed, group: GroupId, slot: Slot, space: Space) -> u64 {
        key.salt((group.index() as u64) << 32 | (slot.index() as u64) << 8 | space as u64)
    }

    /// Reads the bucket of a key, so that [`find`](Self::find) does not wait for memory.
    #[inline]
    pub(crate) fn touch(&self, key: u64) -> u64 {
        self.buckets.get(place(key, self.buckets.len())).map_or(0, |Bucket([first, ..])| first.key)
    }

    /// Returns the candidates that have postings under a key; empty if no candidate has any.
    #[inline]
    pub(crate) fn find(&self, key: u64) -> Candidates {
        let mut at = place(key, self.buckets.len());
        let mut found = Candidates { start: 0, end: 0 };
        // At least three eighths of the places are free, so this terminates, usually at once.
        while let Some(Bucket(bucket)) = self.buckets.get(at) {
            steps::step();
            for place in bucket {
                let mask = core::hint::select_unpredictable(place.key == key, u32::MAX, 0);
                found.start |= place.candidates.start & mask;
                found.end |= place.candidates.end & !OVERFULL & mask;
            }
            if bucket.first().is_none_or(|first| first.candidates.end & OVERFULL == 0) || found.end != 0 {
                break;
            }
            at = (at + 1) & (self.buckets.len() - 1);
        }
        found
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }
}

#[inline]
fn place(key: u64, count: usize) -> usize {
    usize::try_from(key & (count as u64).wrapping_sub(1)).unwrap_or_default()
}

impl Group {
    /// Returns the candidates that are always checked.
    #[inline]
    pub(crate) fn always(&self) -> Candidates {
        self.split.as_ref().map_or(self.all, |split| split.always)
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.split.as_ref().map_or(0, |split| size_of::<Split>() + split.heap_bytes())
    }
}

impl Split {
    fn heap_bytes(&self) -> usize {
        let affixes: usize =
            self.affixes.iter().map(|affix| size_of::<AffixLookup>() + size_of_val(&*affix.lengths)).sum();
        let classes = self.numbers.iter().flat_map(|number| &number.classes);
        let numbers: usize = classes
            .map(|class| size_of::<NumberClass>() + size_of_val(&*class.lows) + size_of_val(&*class.highs))
            .sum();
        let tables = self.numbers.iter().flat_map(|number| &number.tables);
        let tables: usize = tables.map(|table| size_of::<StabbingTable>() + table.heap_bytes()).sum();
        size_of_val(&*self.equal)
            + size_of_val(&*self.present)
            + size_of_val(&*self.values)
            + affixes
            + numbers
            + tables
            + self.numbers.len() * size_of::<NumberLookup>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_in_exactly_the_lists_of_the_intervals_that_contain_it() {
        let few = [f64::NEG_INFINITY, f64::MIN, -1.5, -0.0, 0.0, 5e-324, 1.0, 1e9, f64::MAX, f64::INFINITY];
        let near: Vec<f64> = (0..40).map(|n| f64::from(n * n) / 7.0).collect();
        for numbers in [few.to_vec(), near.clone(), [few.as_slice(), &near].concat()] {
            let intervals: Vec<Interval> = (numbers.iter().enumerate())
                .flat_map(|(index, &low)| numbers.iter().skip(index).step_by(3).map(move |&high| (low, high)))
                .filter_map(|(low, high)| Interval::new(low, high))
                .collect();
            assert!(intervals.len() > 20);
            let (entries, table) = StabbingLists::new(intervals.iter().copied()).finish(7);
            let beside = numbers.iter().flat_map(|&number| [number.next_down(), number, number.next_up()]);
            for number in beside {
                let Candidates { start, end } = table.find(number);
                let found = &entries[start as usize - 7..end as usize - 7];
                let expected: Vec<usize> = (0..intervals.len()).filter(|&at| intervals[at].contains(number)).collect();
                assert_eq!(found, expected, "{number}");
            }
            let listed: usize = table.lists().map(|(list, _)| (list.end - list.start) as usize).sum();
            assert_eq!(listed, entries.len());
        }
    }

    #[test]
    fn intervals_that_all_overlap_have_long_lists_and_others_do_not() {
        let entries = |of: fn(f64) -> (f64, f64)| {
            let intervals = (0..1_000).filter_map(|n| {
                let (low, high) = of(f64::from(n));
                Interval::new(low, high)
            });
            StabbingLists::new(intervals).len()
        };
        assert_eq!(entries(|n| (n, n + 0.5)), 1_000);
        assert_eq!(entries(|n| (n, n)), 1_000);
        assert!(entries(|n| (n, n + 1.5)) <= 4_000);
        assert!(entries(|n| (-n, n + 1.0)) > 500_000);
        assert!(entries(|n| (n, f64::INFINITY)) > 400_000);
    }
}
