//! Body queries: all that the routes of a table ask of a body, found in one pass over its bytes.
//!
//! The paths of a table are merged when it is built. A scan checks the whole body, strictly, and stores what the paths
//! ask for as it goes by; it means just what [`Document`](crate::body::Document) means, which reads everything, and keeps
//! it. Nothing allocates and nothing recurses, whatever the body; time is linear in the body, also in hostile ones.
//! A value is decoded only where it is stored.
//!
//! Paths of names and indices, which is nearly all, reach one value at most ([`single`]). Those that can reach several
//! ([`several`]) take a second pass, and one more, or in large bodies some, to find out which members are overwritten.

#![expect(
    clippy::inline_always,
    reason = "a scan is one loop, and a call costs more than most of what stands in it does (`benches/body`)"
)]

mod duplicates;
mod guesses;
mod scanner;
mod several;
mod single;
mod token;
mod trie;
mod units;

#[cfg(test)]
mod tests;

use self::guesses::Guesses;
use self::scanner::{Nesting, scan};
use self::several::{SeveralScratch, scan_for_several};
use self::single::{Single, SingleScratch};
use self::trie::{Trie, TrieBuilder};
pub(super) use self::units::look;
use self::units::{Units, Utf8, Wide};
use super::scalar::Scalar;
use crate::body::{BodyPath, Encoding, Step};

/// What the routes of a table ask of a body.
#[derive(Debug)]
pub(crate) struct BodyPlan {
    /// How many paths there are.
    paths: usize,
    single: Trie,
    /// None if no path can reach several values.
    several: Option<Trie>,
    /// Of paths that lead to the same place as an earlier one: their number, and that of the earlier one.
    same: Box<[(u32, u32)]>,
    /// The paths that cannot be followed.
    impossible: Box<[u32]>,
}

/// All memory that scans need.
#[derive(Debug)]
pub(crate) struct BodyScratch {
    nesting: Nesting,
    guesses: Guesses,
    single: SingleScratch,
    several: Option<SeveralScratch>,
}

/// A body that is not valid.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct InvalidBody {
    /// The byte at which it is not: that of [`Unreadable`](crate::body::Unreadable), which tells why.
    pub(crate) offset: usize,
}

impl BodyPlan {
    /// Merges paths, which have their numbers by their order. Allocates.
    pub(crate) fn new(paths: &[BodyPath]) -> Self {
        let (mut single, mut several) = (TrieBuilder::default(), TrieBuilder::default());
        let (mut same, mut impossible) = (Vec::new(), Vec::new());
        let mut any_several = false;
        for (number, path) in (0..).zip(paths) {
            let Some(steps) = path.steps() else {
                impossible.push(number);
                continue;
            };
            let reaches_one = steps.iter().all(|step| matches!(step, Step::Member(_) | Step::Index(_)));
            any_several |= !reaches_one;
            let builder = if reaches_one { &mut single } else { &mut several };
            same.extend(builder.add(steps, number).map(|earlier| (number, earlier)));
        }
        Self {
            paths: paths.len(),
            single: single.build(),
            several: any_several.then(|| several.build()),
            same: same.into(),
            impossible: impossible.into(),
        }
    }

    /// Finds what is at each path, by its number, in a body: an object in JSON, strictly by RFC 8259, and nothing after
    /// it, nested no deeper than the scratch is made for. `found` must have one for each path, and the scratch must be
    /// made for this plan. Allocates nothing.
    ///
    /// # Errors
    /// Where the body is none of these, or has 4 GiB or more; then nothing is found, and all is unreadable.
    pub(crate) fn scan<'m>(
        &self,
        body: &'m [u8],
        encoding: Encoding,
        max_depth: usize,
        scratch: &mut BodyScratch,
        found: &mut [Scalar<'m>],
    ) -> Result<(), InvalidBody> {
        debug_assert_eq!(max_depth, scratch.nesting.max_depth(), "the scratch is made for this depth");
        debug_assert_eq!(found.len(), self.paths, "there is one value for each path");
        let result = match encoding {
            _ if u32::try_from(body.len()).is_err() => Err(InvalidBody { offset: 0 }),
            Encoding::Utf8 => self.scan_units::<Utf8>(body, scratch, found),
            Encoding::Utf16 => self.scan_units::<Wide<2>>(body, scratch, found),
            Encoding::Utf32 => self.scan_units::<Wide<4>>(body, scratch, found),
        };
        if result.is_err() {
            found.fill(Scalar::Unreadable);
        }
        result
    }

    fn scan_units<'m, U: Units>(
        &self,
        body: &'m [u8],
        scratch: &mut BodyScratch,
        found: &mut [Scalar<'m>],
    ) -> Result<(), InvalidBody> {
        let BodyScratch { nesting, guesses, single, several } = scratch;
        let invalid_at = |rest: &[u8]| InvalidBody { offset: body.len() - rest.len() };
        let mut selector = Single::new(&self.single, single, found);
        scan::<U, _>(body, nesting, guesses, &mut selector).map_err(invalid_at)?;
        selector.finish();
        if let (Some(trie), Some(several)) = (&self.several, several) {
            scan_for_several::<U>(body, nesting, trie, several, found).map_err(invalid_at)?;
        }
        for &number in &self.impossible {
            if let Some(found) = found.get_mut(number as usize) {
                *found = Scalar::Unreadable;
            }
        }
        for &(number, earlier) in &self.same {
            if let Some(&value) = found.get(earlier as usize)
                && let Some(found) = found.get_mut(number as usize)
            {
                *found = value;
            }
        }
        Ok(())
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.single.heap_bytes()
            + self.several.as_ref().map_or(0, Trie::heap_bytes)
            + size_of_val(&*self.same)
            + size_of_val(&*self.impossible)
    }
}

impl BodyScratch {
    /// Room for scans by `plan` of bodies in which at most `max_depth` containers lie within each other, the root counted.
    /// Its size depends on these two alone. Allocates.
    pub(crate) fn new(plan: &BodyPlan, max_depth: usize) -> Self {
        Self::with_window(plan, max_depth, SeveralScratch::WINDOW)
    }

    /// As [`new`](Self::new), looking so many members ahead for those that overwrite others. The window changes what a
    /// scan costs, never what it finds.
    pub(crate) fn with_window(plan: &BodyPlan, max_depth: usize, window: usize) -> Self {
        Self {
            nesting: Nesting::new(max_depth),
            guesses: Guesses::new(plan.paths > 0),
            single: SingleScratch::new(&plan.single, max_depth),
            several: plan.several.as_ref().map(|trie| SeveralScratch::new(trie, max_depth, window)),
        }
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.nesting.heap_bytes()
            + self.guesses.heap_bytes()
            + self.single.heap_bytes()
            + self.several.as_ref().map_or(0, SeveralScratch::heap_bytes)
    }
}
