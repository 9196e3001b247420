//! Lookups: find the candidates for the values that a message contains.

use super::hash::{HashSeed, ValueHash};
use super::id::GroupId;
use super::program::ProgramAt;
use crate::tuning::BUCKETS_FOR_KEYS;
use edgeroute_lang::predicate::Slot;
use edgeroute_lang::steps;

/// The group of routes from one source. Most groups are lists, so this type is small.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// All candidates of the group.
    pub(crate) all: Candidates,
    /// How a large group is split. In a list, all candidates are always checked.
    pub(crate) split: Option<Box<Split>>,
}

/// Selects the candidates of a large group.
#[derive(Debug, Default)]
pub(crate) struct Split {
    /// Candidates that are always checked.
    pub(crate) always: Candidates,
    /// Slots that have candidates for some values, in ascending order.
    pub(crate) equal: Box<[Slot]>,
    /// Slots that have candidates if the slot is present, in ascending order.
    pub(crate) present: Box<[Slot]>,
    /// Body slots that have candidates for some values, in ascending order.
    pub(crate) values: Box<[Slot]>,
    pub(crate) affixes: Box<[AffixLookup]>,
    pub(crate) numbers: Box<[NumberLookup]>,
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
    /// The header: this slot must have this hash. There is one extra slot after the last one, and it always has the
    /// hash [`PRESENT`](ValueHash::PRESENT).
    pub(crate) slot: u32,
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
    pub(crate) lengths: Box<[u32]>,
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
}

impl AffixLookup {
    /// Returns the part of an affix under which it has its posting. Its length is the greatest length in `lengths` that
    /// fits.
    pub(super) fn part<'b>(&self, affix: &'b [u8]) -> Option<&'b [u8]> {
        let at = self.lengths.partition_point(|&length| length as usize <= affix.len()).checked_sub(1)?;
        self.end.part(affix, *self.lengths.get(at)? as usize)
    }
}

/// Intervals of one number.
#[derive(Debug)]
pub(crate) struct NumberLookup {
    pub(crate) slot: Slot,
    pub(crate) classes: Box<[NumberClass]>,
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
        let place = (group.index() as u64) << 32 | (slot.index() as u64) << 8 | space as u64;
        key.combine(hash, place)
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
                let mask = if place.key == key { u32::MAX } else { 0 };
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
        size_of_val(&*self.equal)
            + size_of_val(&*self.present)
            + size_of_val(&*self.values)
            + affixes
            + numbers
            + self.numbers.len() * size_of::<NumberLookup>()
    }
}
