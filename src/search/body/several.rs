//! Paths that can reach several values: `*`, `[*]`, `..`; and negative indices, which must not reach an array.
//!
//! The trie is run as a nondeterministic automaton. Each value of the body is reached by a set of places, each of them
//! once or more often. The set of a child follows from the set of its container. The sets of the open containers are
//! stored, which takes memory for the number of places in the trie times the depth. Members that a later one overwrites
//! are left out; [`Duplicates`] finds them by looking ahead.
//!
//! Routes rarely use such paths. This module answers them correctly in bounded memory, not quickly.

use super::duplicates::Duplicates;
use super::guesses::Guesses;
use super::scanner::{Kind, Nesting, Opened, Selector, scan};
use super::token::{Inside, scalar, skip_value};
use super::trie::{NONE, Place, PlaceId, Trie};
use super::units::{Units, until};
use crate::search::scalar::Scalar;
use edgeroute_lang::id::to_u32;

/// The memory for following a scan.
#[derive(Debug)]
pub(super) struct SeveralScratch {
    /// The places that have reached each of the open containers, outermost first, followed by those that have reached
    /// the child. `reached.len() == trie.len() * (max_depth + 1)`
    reached: Box<[Reached]>,
    /// For each place its last position in `reached`.
    positions: Box<[u32]>,
    /// The open containers, outermost first. Has room for all.
    open: Vec<Container>,
    duplicates: Duplicates,
    /// For each place the value that has reached it.
    findings: Box<[Finding]>,
}

/// A place that has reached a value.
#[derive(Copy, Clone, Debug)]
struct Reached {
    place: PlaceId,
    times: Times,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Times {
    Once,
    /// More than once; the exact number does not matter.
    Often,
}

#[derive(Copy, Clone, Debug)]
struct Container {
    /// The start of the places of this container in `reached`. They end where those of the next container or of the
    /// child begin.
    reached: u32,
    /// The index of the next element.
    index: u32,
}

/// Everything that has reached a place.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Finding {
    Nothing,
    /// The value that begins at this offset in the body.
    One(u32),
    Several,
    /// An array, reached by a negative index.
    Impossible,
}

impl SeveralScratch {
    /// Creates memory for bodies nested up to `max_depth` containers deep, with a look-ahead of `window` members, at
    /// least one. Allocates.
    pub(super) fn new(trie: &Trie, max_depth: usize, window: usize) -> Self {
        let nowhere = Reached { place: PlaceId::ROOT, times: Times::Once };
        Self {
            reached: vec![nowhere; trie.len().saturating_mul(max_depth.saturating_add(1))].into(),
            positions: vec![0; trie.len()].into(),
            open: Vec::with_capacity(max_depth),
            duplicates: Duplicates::new(max_depth, window),
            findings: vec![Finding::Nothing; trie.len()].into(),
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.reached)
            + size_of_val(&*self.positions)
            + self.open.capacity() * size_of::<Container>()
            + self.duplicates.heap_bytes()
            + size_of_val(&*self.findings)
    }
}

/// Scans a body and stores what the paths find into the slots of the trie. The error is the place at which the body is
/// invalid.
pub(super) fn scan_for_several<'m, U: Units>(
    body: &'m [u8],
    nesting: &mut Nesting,
    trie: &Trie,
    scratch: &mut SeveralScratch,
    slots: &mut [Scalar<'m>],
) -> Result<(), &'m [u8]> {
    scratch.open.clear();
    scratch.duplicates.clear();
    scratch.findings.fill(Finding::Nothing);
    let mut several = Several { trie, scratch, body, child: 0, end: 0, members: 0 };
    scan::<U, _>(body, nesting, &mut Guesses::new(false), &mut several)?;
    for ((_, place), finding) in trie.places().zip(&scratch.findings) {
        if let Some(slot) = slots.get_mut(place.slot as usize) {
            *slot = match *finding {
                Finding::Nothing => Scalar::Missing,
                Finding::One(start) => value_at::<U>(body.get(start as usize..).unwrap_or_default()),
                Finding::Several => Scalar::Undefined,
                Finding::Impossible => Scalar::Unreadable,
            };
        }
    }
    Ok(())
}

/// Returns the value that begins here, in a valid body.
fn value_at<U: Units>(rest: &[u8]) -> Scalar<'_> {
    // Anything that cannot be skipped like this is a container.
    skip_value::<U>(rest, U::peek(rest)).map_or(Scalar::Undefined, |end| scalar::<U>(until(rest, end)))
}

/// The automaton during a scan.
struct Several<'s, 'm> {
    trie: &'s Trie,
    scratch: &'s mut SeveralScratch,
    body: &'m [u8],
    /// The places that have reached the child, or the root, are in `reached` from here to `end`.
    child: usize,
    end: usize,
    /// The number of members so far.
    members: usize,
}

impl Several<'_, '_> {
    /// Begins a child: nothing has reached it yet.
    fn begin(&mut self) {
        self.end = self.child;
    }

    /// Adds a place to those that have reached the child.
    fn put(&mut self, place: PlaceId, times: Times) {
        if let (Some(position), Some(reached)) =
            (self.scratch.positions.get_mut(place.index()), self.scratch.reached.get_mut(self.end))
        {
            *position = to_u32(self.end);
            *reached = Reached { place, times };
            self.end += 1;
        }
    }

    /// Adds the places that a place of the container leads to. No place is added twice: each has only one place that
    /// leads to it, and, except for [`stays`](Place::stays), only one link.
    fn put_next(&mut self, of_place: impl Fn(&Trie, &Place) -> [Option<PlaceId>; 2]) {
        let container = self.scratch.open.last().map_or(0, |container| container.reached as usize);
        for index in container..self.child {
            let Some(Reached { place: id, times }) = self.scratch.reached.get(index).copied() else { continue };
            let Some(place) = self.trie.place(id) else { continue };
            let stays = place.stays.then_some(id);
            for next in of_place(self.trie, place).into_iter().chain([stays]).flatten() {
                self.put(next, times);
            }
        }
        self.put_along();
    }

    /// Adds the places that are reached along with those added so far.
    fn put_along(&mut self) {
        let mut index = self.child;
        while index < self.end {
            if let Some(Reached { place, times }) = self.scratch.reached.get(index).copied()
                && let Some(along) = self.along(place)
            {
                match self.position(along) {
                    // The place was still reached from further up, and is now also reached from here.
                    Some(position) => self.raise(position),
                    None => self.put(along, times),
                }
            }
            index += 1;
        }
    }

    /// Marks a place as reached more than once, together with the places reached along with it.
    fn raise(&mut self, position: usize) {
        let mut next = Some(position);
        while let Some(reached) = next.and_then(|position| self.scratch.reached.get_mut(position)) {
            if reached.times == Times::Often {
                return;
            }
            reached.times = Times::Often;
            let place = reached.place;
            next = self.along(place).and_then(|along| self.position(along));
        }
    }

    fn along(&self, place: PlaceId) -> Option<PlaceId> {
        self.trie.place(place).and_then(|place| place.along)
    }

    /// Returns the position in `reached` of a place of the child.
    fn position(&self, place: PlaceId) -> Option<usize> {
        let position = *self.scratch.positions.get(place.index())? as usize;
        let reached = self.scratch.reached.get(position)?;
        ((self.child..self.end).contains(&position) && reached.place == place).then_some(position)
    }

    /// Records what the child is, for the paths that end here.
    fn find(&mut self, start: usize, kind: Option<Kind>) {
        let start = to_u32(start);
        let Self { trie, scratch, child, end, .. } = self;
        for reached in scratch.reached.get(*child..*end).unwrap_or_default() {
            let Some(place) = trie.place(reached.place) else { continue };
            if place.slot != NONE
                && let Some(finding) = scratch.findings.get_mut(reached.place.index())
            {
                *finding = match (*finding, reached.times) {
                    (Finding::Nothing, Times::Once) => Finding::One(start),
                    _ => Finding::Several,
                };
            }
            if let (Some(Kind::Array), Some(impossible)) = (kind, place.negative_index)
                && let Some(finding) = scratch.findings.get_mut(impossible.index())
            {
                *finding = Finding::Impossible;
            }
        }
    }

    const fn offset(&self, rest: &[u8]) -> usize {
        self.body.len().saturating_sub(rest.len())
    }
}

impl<'m, U: Units> Selector<'m, U> for Several<'_, 'm> {
    type Child = ();

    fn root(&mut self) {
        self.put(PlaceId::ROOT, Times::Once);
        self.put_along();
    }

    fn member(&mut self, name: Inside<'m>) {
        let number = self.members;
        self.members += 1;
        self.begin();
        let container = self.scratch.open.last().map_or(0, |container| container.reached as usize);
        if container < self.child && !self.scratch.duplicates.is_overwritten::<U>(self.body, number) {
            self.put_next(|trie, place| [trie.member(trie.members(place), name, U::ENCODING), place.all_members]);
        }
    }

    fn element(&mut self) {
        self.begin();
        let Some(container) = self.scratch.open.last_mut() else { return };
        let index = container.index;
        container.index = index.saturating_add(1);
        self.put_next(|trie, place| [trie.element(place, index), place.all_elements]);
    }

    fn value(&mut self, (): (), rest: &'m [u8], _: &'m [u8]) {
        self.find(self.offset(rest), None);
    }

    fn open(&mut self, (): (), rest: &'m [u8], kind: Kind) -> Opened {
        self.find(self.offset(rest), Some(kind));
        let reached = to_u32(self.child);
        self.scratch.open.push(Container { reached, index: 0 });
        self.child = self.end;
        Opened::Entered
    }

    fn close(&mut self) {
        if let Some(container) = self.scratch.open.pop() {
            self.child = container.reached as usize;
            self.end = self.child;
        }
    }
}
