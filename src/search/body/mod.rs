//! Body queries: finds everything that the routes of a table ask of a body in one pass over its bytes.
//!
//! The paths of a table are merged when the table is built. A scan checks the whole body, strictly, and stores the
//! values that the paths ask for on the way. It gives exactly the results of
//! [`Document`](edgeroute_lang::body::Document), which reads and keeps the whole body. A scan does not allocate or
//! recurse, whatever the body. Its time is linear in the length of the body, even for hostile bodies. A value is only
//! decoded if it is stored.
//!
//! Nearly all paths consist of names and indices and reach at most one value ([`single`]). Paths that can reach several
//! values ([`several`]) take a second pass, and one more pass to find the overwritten members; in large bodies, several
//! more.

#![expect(
    clippy::inline_always,
    reason = "a scan is one loop, and a call costs more than most of the functions in it do (`benches/body`)"
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
use self::units::{Units, Utf8, Wide};
use super::scalar::Scalar;
use crate::tuning::LOOK_AHEAD;
use edgeroute_lang::body::{BodyPath, Encoding, Step};

/// What the routes of a table ask of a body.
#[derive(Debug)]
pub(crate) struct BodyPlan {
    /// The number of paths.
    paths: usize,
    single: Trie,
    /// `None` if no path can reach several values.
    several: Option<Trie>,
    /// For each path that leads to the same place as an earlier one: its number, and the number of the earlier path.
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

/// The error for a body that is not valid.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct InvalidBody {
    /// The byte at which it is invalid. [`Unreadable`](edgeroute_lang::body::Unreadable) has the same offset and also
    /// the reason.
    pub(crate) offset: usize,
}

impl BodyPlan {
    /// Merges paths, which are numbered in their order. Allocates.
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

    /// Finds what is at each path, by its number. The body must be a JSON object, strictly by RFC 8259, with nothing
    /// after it, and nested no deeper than the scratch allows. `found` must have one entry for each path, and the
    /// scratch must have been made for this plan. Allocates nothing.
    ///
    /// # Errors
    /// Fails if the body is not such an object, or has 4 GiB or more. Then nothing is found, and every path is
    /// unreadable.
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

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.single.heap_bytes()
            + self.several.as_ref().map_or(0, Trie::heap_bytes)
            + size_of_val(&*self.same)
            + size_of_val(&*self.impossible)
    }
}

impl BodyScratch {
    /// Creates memory for scans by `plan` of bodies nested up to `max_depth` containers deep, including the root. The
    /// size depends only on these two. Allocates.
    pub(crate) fn new(plan: &BodyPlan, max_depth: usize) -> Self {
        Self::with_window(plan, max_depth, LOOK_AHEAD)
    }

    /// Like [`new`](Self::new), with a look-ahead of this number of members to find those that are overwritten. The
    /// window changes the cost of a scan, never its result.
    pub(crate) fn with_window(plan: &BodyPlan, max_depth: usize, window: usize) -> Self {
        Self {
            nesting: Nesting::new(max_depth),
            guesses: Guesses::new(plan.paths > 0),
            single: SingleScratch::new(&plan.single, max_depth),
            several: plan.several.as_ref().map(|trie| SeveralScratch::new(trie, max_depth, window)),
        }
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.nesting.heap_bytes()
            + self.guesses.heap_bytes()
            + self.single.heap_bytes()
            + self.several.as_ref().map_or(0, SeveralScratch::heap_bytes)
    }
}
