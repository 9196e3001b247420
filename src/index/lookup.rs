//! Switches: from what a message holds to the candidates that want it.

use super::GroupId;
use super::hash::HashKey;
use crate::predicate::Slot;
use crate::work;

/// The routes from one source. Most groups are lists, so these are small.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// All its candidates.
    pub(crate) all: Candidates,
    /// How a large group is split; of a list all candidates are always looked at.
    pub(crate) split: Option<Box<Split>>,
}

/// What selects the candidates of a large group.
#[derive(Debug, Default)]
pub(crate) struct Split {
    /// Candidates that are always looked at.
    pub(crate) always: Candidates,
    /// Slots some of whose values have candidates, ascending.
    pub(crate) equal: Box<[Slot]>,
    /// Slots that have candidates where they are there, ascending.
    pub(crate) present: Box<[Slot]>,
    /// Body slots some of whose values have candidates, ascending.
    pub(crate) values: Box<[Slot]>,
    pub(crate) affixes: Box<[AffixSwitch]>,
    pub(crate) numbers: Box<[NumberSwitch]>,
}

/// Some candidates of a tree, which stand together.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Prefixes or suffixes of one property.
#[derive(Debug)]
pub(crate) struct AffixSwitch {
    pub(crate) slot: Slot,
    pub(crate) end: AffixEnd,
    /// Their lengths in bytes, ascending.
    pub(crate) lengths: Box<[u32]>,
}

/// Which end of a text.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AffixEnd {
    Start,
    End,
}

impl AffixEnd {
    /// Where such affixes are filed.
    pub(crate) const fn space(self) -> Space {
        match self {
            Self::Start => Space::Prefix,
            Self::End => Space::Suffix,
        }
    }

    /// The first or last `length` bytes; `None` where there are not so many.
    #[inline]
    pub(crate) fn part(self, bytes: &[u8], length: usize) -> Option<&[u8]> {
        match self {
            Self::Start => bytes.get(..length),
            Self::End => bytes.get(bytes.len().checked_sub(length)?..),
        }
    }
}

impl AffixSwitch {
    /// The part of an affix that it is filed under: as long as the longest length that it has.
    pub(super) fn part<'b>(&self, affix: &'b [u8]) -> Option<&'b [u8]> {
        let at = self.lengths.partition_point(|&length| length as usize <= affix.len()).checked_sub(1)?;
        self.end.part(affix, *self.lengths.get(at)? as usize)
    }
}

/// Intervals of one number.
#[derive(Debug)]
pub(crate) struct NumberSwitch {
    pub(crate) slot: Slot,
    pub(crate) classes: Box<[NumberClass]>,
}

/// Intervals of about the same width.
#[derive(Debug)]
pub(crate) struct NumberClass {
    /// `low + width >= high` of every interval of the class, as computed in floating point.
    pub(crate) width: f64,
    /// The intervals' lower bounds, ascending.
    pub(crate) lows: Box<[f64]>,
    /// Their upper bounds.
    pub(crate) highs: Box<[f64]>,
    /// The candidate of each, from here on.
    pub(crate) start: u32,
}

/// What a place of the hash table is about.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Space {
    Equal = 0,
    Value = 1,
    Prefix = 2,
    Suffix = 3,
}

/// One hash table for all groups: (group, slot, space, hash of the constant), mixed to 64 bits, to candidates. Where two
/// constants of one group are mixed to one key, both find the candidates of both, and the programs decide. Programs do not
/// know the source, so what is asked in one group must not find what another has filed: that takes 64 equal bits of a hash
/// whose key neither routes nor messages know, and nothing else is there against it.
///
/// Places stand in buckets of a cache line each, and looking one up takes no branch that depends on what is found: a
/// mispredicted one would cost more than the rest, and keep the look-ups of several keys from overlapping.
#[derive(Debug)]
pub(crate) struct Switches {
    /// A power of two of buckets, at most five eighths of their places taken; empty where nothing is filed.
    buckets: Box<[Bucket]>,
}

#[derive(Copy, Clone, Debug)]
#[repr(align(64))]
struct Bucket([Place; PLACES]);

const PLACES: usize = 4;

#[derive(Copy, Clone, Debug)]
struct Place {
    key: u64,
    /// The upper bit of the first `end` of a bucket is set where keys of the bucket stand in the next one.
    candidates: Candidates,
}

const OVERFULL: u32 = 1 << 31;

/// No candidates, so nobody's place.
const FREE: Place = Place { key: 0, candidates: Candidates { start: 0, end: 0 } };

impl Switches {
    /// The table of `filed`: keys from [`Self::key`], each once, and none without candidates.
    pub(super) fn new(filed: &[(u64, Candidates)]) -> Self {
        let count = if filed.is_empty() { 0 } else { (filed.len() * 2).div_ceil(5).next_power_of_two() };
        let mut buckets = vec![Bucket([FREE; PLACES]); count];
        for &(key, candidates) in filed {
            let mut at = place(key, count);
            while let Some(Bucket(bucket)) = buckets.get_mut(at) {
                work::step();
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

    /// The key of a constant of a slot in a group.
    #[inline]
    pub(crate) fn key(key: &HashKey, group: GroupId, slot: Slot, space: Space, hash: u64) -> u64 {
        let place = (group.index() as u64) << 32 | (slot.index() as u64) << 8 | space as u64;
        key.combine(hash, place)
    }

    /// The candidates that are filed under a key; empty where none are.
    #[inline]
    pub(crate) fn find(&self, key: u64) -> Candidates {
        let mut at = place(key, self.buckets.len());
        let mut found = Candidates { start: 0, end: 0 };
        // Two fifths of the places are free, so this ends; mostly it does at once.
        while let Some(Bucket(bucket)) = self.buckets.get(at) {
            work::step();
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

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }
}

#[inline]
fn place(key: u64, count: usize) -> usize {
    usize::try_from(key & (count as u64).wrapping_sub(1)).unwrap_or_default()
}

impl Group {
    /// Candidates that are always looked at.
    #[inline]
    pub(crate) fn always(&self) -> Candidates {
        self.split.as_ref().map_or(self.all, |split| split.always)
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.split.as_ref().map_or(0, |split| size_of::<Split>() + split.heap_bytes())
    }
}

impl Split {
    fn heap_bytes(&self) -> usize {
        let affixes: usize =
            self.affixes.iter().map(|affix| size_of::<AffixSwitch>() + size_of_val(&*affix.lengths)).sum();
        let classes = self.numbers.iter().flat_map(|number| &number.classes);
        let numbers: usize = classes
            .map(|class| size_of::<NumberClass>() + size_of_val(&*class.lows) + size_of_val(&*class.highs))
            .sum();
        size_of_val(&*self.equal)
            + size_of_val(&*self.present)
            + size_of_val(&*self.values)
            + affixes
            + numbers
            + self.numbers.len() * size_of::<NumberSwitch>()
    }
}
