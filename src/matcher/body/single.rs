//! Paths that reach one value at most: members and elements only. Values are stored as they go by.
//!
//! Of duplicate members the last counts, so what was stored below an earlier one has to be forgotten. Every place has
//! the time at which it was last reached, and a value counts if that is later than the last time of the place above,
//! whose own value counts. So a duplicate costs nothing when it comes; if there was any, the end of the scan takes one
//! pass over the places.

use super::scanner::{Kind, Selector};
use super::token::{Inside, Token};
use super::trie::{Element, Member, NONE, PlaceId, Trie};
use super::units::Units;
use crate::matcher::scalar::Scalar;

/// Room for following a scan.
#[derive(Debug)]
pub(super) struct SingleScratch {
    /// When each place was last reached; 0 for never.
    times: Box<[u64]>,
    /// The time of the next one reached. Never 0.
    clock: u64,
    /// The containers around the innermost one of those that paths lead to, outermost first. Has room for all.
    outer: Vec<Container>,
}

/// A container that paths lead to, left for one inside.
#[derive(Copy, Clone, Debug)]
struct Container {
    place: Option<PlaceId>,
    /// The index of the next element.
    index: u32,
    /// How many of the elements that paths lead to have gone by.
    passed: u32,
}

impl SingleScratch {
    /// For bodies in which at most `max_depth` containers lie within each other. Allocates.
    pub(super) fn new(trie: &Trie, max_depth: usize) -> Self {
        // A container is left for one inside as far down as paths lead, and at the root, from what is outside.
        let levels = max_depth.min(trie.height.saturating_add(2));
        Self { times: vec![0; trie.len()].into(), clock: 1, outer: Vec::with_capacity(levels) }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.times) + self.outer.capacity() * size_of::<Container>()
    }
}

/// Stores values into the slots of a trie.
pub(super) struct Single<'s, 'm> {
    trie: &'s Trie,
    scratch: &'s mut SingleScratch,
    slots: &'s mut [Scalar<'m>],
    /// The clock when the scan began.
    start: u64,
    /// Whether a place was reached twice.
    repeated: bool,
    /// Where the next child is; none if no path leads there.
    child: Option<PlaceId>,
    /// Of the innermost container that paths lead to, or of the outermost one that none leads to.
    place: Option<PlaceId>,
    members: &'s [Member],
    /// Those that have not gone by.
    elements: &'s [Element],
    /// The index of the next element.
    index: u32,
    /// Open containers inside that one.
    skipped: usize,
}

impl<'s, 'm> Single<'s, 'm> {
    /// Follows a new scan. There must be a slot for each of the trie's; all become missing.
    pub(super) fn new(trie: &'s Trie, scratch: &'s mut SingleScratch, slots: &'s mut [Scalar<'m>]) -> Self {
        slots.fill(Scalar::Missing);
        scratch.outer.clear();
        let start = scratch.clock;
        let mut single = Self {
            trie,
            scratch,
            slots,
            start,
            repeated: false,
            child: None,
            place: None,
            members: &[],
            elements: &[],
            index: 0,
            skipped: 0,
        };
        single.reach(Some(PlaceId::ROOT));
        single
    }

    /// Ends a scan that has reached the end of the body.
    pub(super) fn finish(self) {
        if self.repeated {
            self.forget_overwritten();
        }
    }

    #[cold]
    fn forget_overwritten(self) {
        let Self { trie, scratch, slots, start, .. } = self;
        for (id, place) in trie.places() {
            let above = scratch.times.get(place.parent as usize).copied().unwrap_or_default();
            let Some(time) = scratch.times.get_mut(id.index()) else { continue };
            let counts = *time >= start && (id == PlaceId::ROOT || (above >= start && *time > above));
            if !counts {
                *time = 0;
                if let Some(slot) = slots.get_mut(place.slot as usize) {
                    *slot = Scalar::Missing;
                }
            }
        }
    }

    /// The child is at this place.
    #[inline]
    fn reach(&mut self, child: Option<PlaceId>) {
        self.child = child;
        if let Some(time) = child.and_then(|child| self.scratch.times.get_mut(child.index())) {
            self.repeated |= *time >= self.start;
            *time = self.scratch.clock;
            self.scratch.clock += 1;
        }
    }

    #[inline]
    fn store(&mut self, scalar: impl FnOnce() -> Scalar<'m>) {
        if let Some(place) = self.child.and_then(|child| self.trie.place(child))
            && place.slot != NONE
            && let Some(slot) = self.slots.get_mut(place.slot as usize)
        {
            *slot = scalar();
        }
    }

    fn enter(&mut self, container: Container) {
        let Container { place: id, index, passed } = container;
        let place = id.and_then(|id| self.trie.place(id));
        self.place = id;
        self.members = place.map_or(&[], |place| self.trie.members(place));
        let elements = place.map_or(&[][..], |place| self.trie.elements(place));
        self.elements = elements.get(passed as usize..).unwrap_or_default();
        self.index = index;
    }

    fn current(&self) -> Container {
        let elements = self.place.and_then(|id| self.trie.place(id)).map_or(0, |place| self.trie.elements(place).len());
        let passed = u32::try_from(elements - self.elements.len()).unwrap_or(u32::MAX);
        Container { place: self.place, index: self.index, passed }
    }
}

impl<'m, U: Units<'m>> Selector<'m, U> for Single<'_, 'm> {
    #[inline]
    fn member(&mut self, name: Inside<'m>) {
        let child = self.trie.member(self.members, name, U::ENCODING);
        self.reach(child);
    }

    #[inline]
    fn element(&mut self) {
        let child = match self.elements.split_first() {
            Some((element, rest)) if element.index == self.index => {
                self.elements = rest;
                Some(element.to)
            }
            _ => None,
        };
        self.reach(child);
        self.index = self.index.saturating_add(1);
    }

    #[inline]
    fn value(&mut self, _: U, value: Token<'m>) {
        self.store(|| value.scalar(U::ENCODING));
    }

    #[inline]
    fn open(&mut self, _: U, _: Kind) {
        if self.child.is_none() && self.place.is_none() {
            self.skipped += 1;
            return;
        }
        self.store(|| Scalar::Undefined);
        let current = self.current();
        self.scratch.outer.push(current);
        self.enter(Container { place: self.child, index: 0, passed: 0 });
    }

    #[inline]
    fn close(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
        } else if let Some(outer) = self.scratch.outer.pop() {
            self.enter(outer);
        }
    }
}
