//! Paths that reach one value at most: members and elements only. Values are stored as they go by.
//!
//! Of duplicate members the last counts, so what was stored below an earlier one has to be forgotten. Every place has
//! the time at which it was last reached, and a value counts if that is later than the last time of the place above,
//! whose own value counts. So a duplicate costs nothing when it comes; if there was any, the end of the scan takes one
//! pass over the places.

use super::guesses::Context;
use super::scanner::{Kind, Opened, Selector};
use super::token::{Inside, scalar};
use super::trie::{Element, Member, PlaceId, Trie};
use super::units::{Units, look, until};
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
    place: PlaceId,
    /// The index of the next element.
    index: u32,
    /// How many of the elements that paths lead to have gone by.
    passed: u32,
}

impl SingleScratch {
    /// For bodies in which at most `max_depth` containers lie within each other. Allocates.
    pub(super) fn new(trie: &Trie, max_depth: usize) -> Self {
        // Paths lead into no more containers than they have steps.
        let levels = max_depth.min(trie.height);
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
    /// The place of the innermost container that was entered, and where it leads.
    place: PlaceId,
    members: &'s [Member],
    /// Those that have not gone by.
    elements: &'s [Element],
    /// The index of the next element.
    index: u32,
}

impl<'s, 'm> Single<'s, 'm> {
    /// Follows a new scan. There must be a slot for each of the trie's; all become missing.
    pub(super) fn new(trie: &'s Trie, scratch: &'s mut SingleScratch, slots: &'s mut [Scalar<'m>]) -> Self {
        slots.fill(Scalar::Missing);
        scratch.outer.clear();
        let start = scratch.clock;
        let place = PlaceId::ROOT;
        Self { trie, scratch, slots, start, repeated: false, place, members: &[], elements: &[], index: 0 }
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
            look();
            let above = scratch.times.get(place.parent as usize).copied().unwrap_or_default();
            let Some(time) = scratch.times.get_mut(id.index()) else { continue };
            // The root is above itself. No two others were reached at one time.
            let counts = above >= start && *time >= above;
            if !counts {
                *time = 0;
                if let Some(slot) = slots.get_mut(place.slot as usize) {
                    *slot = Scalar::Missing;
                }
            }
        }
    }

    /// The child is at this place.
    #[inline(never)]
    fn reach(&mut self, child: PlaceId) -> Option<PlaceId> {
        let time = self.scratch.times.get_mut(child.index())?;
        self.repeated |= *time >= self.start;
        *time = self.scratch.clock;
        self.scratch.clock += 1;
        Some(child)
    }

    fn enter(&mut self, container: Container) {
        let Container { place: id, index, passed } = container;
        let Some(place) = self.trie.place(id) else { return };
        self.place = id;
        self.members = self.trie.members(place);
        self.elements = self.trie.elements(place).get(passed as usize..).unwrap_or_default();
        self.index = index;
    }

    fn current(&self) -> Container {
        let elements = self.trie.place(self.place).map_or(0, |place| self.trie.elements(place).len());
        let passed = u32::try_from(elements - self.elements.len()).unwrap_or(u32::MAX);
        Container { place: self.place, index: self.index, passed }
    }

    #[inline(never)]
    fn open_child(&mut self, child: PlaceId) -> Opened {
        let Some(place) = self.trie.place(child) else { return Opened::Skipped };
        if let Some(slot) = self.slots.get_mut(place.slot as usize) {
            *slot = Scalar::Undefined;
        }
        if self.trie.members(place).is_empty() && self.trie.elements(place).is_empty() {
            return Opened::Skipped;
        }
        let current = self.current();
        self.scratch.outer.push(current);
        self.enter(Container { place: child, index: 0, passed: 0 });
        Opened::Entered
    }

    #[inline(never)]
    fn store<U: Units>(&mut self, child: PlaceId, rest: &'m [u8], end: &'m [u8]) {
        if let Some(place) = self.trie.place(child)
            && let Some(slot) = self.slots.get_mut(place.slot as usize)
        {
            *slot = scalar::<U>(until(rest, end));
        }
    }

    #[inline(never)]
    fn close_child(&mut self) {
        if let Some(outer) = self.scratch.outer.pop() {
            self.enter(outer);
        }
    }
}

impl<'m, U: Units> Selector<'m, U> for Single<'_, 'm> {
    /// None if no path leads there.
    type Child = Option<PlaceId>;

    fn root(&mut self) -> Option<PlaceId> {
        self.reach(PlaceId::ROOT)
    }

    #[inline(always)]
    fn member(&mut self, name: Inside<'m>) -> Option<PlaceId> {
        let child = self.trie.member(self.members, name, U::ENCODING)?;
        self.reach(child)
    }

    #[inline(always)]
    fn element(&mut self) -> Option<PlaceId> {
        let index = self.index;
        self.index = index.saturating_add(1);
        let (element, rest) = self.elements.split_first()?;
        if element.index != index {
            return None;
        }
        self.elements = rest;
        self.reach(element.to)
    }

    #[inline(always)]
    fn value(&mut self, child: Option<PlaceId>, rest: &'m [u8], end: &'m [u8]) {
        if let Some(child) = child {
            self.store::<U>(child, rest, end);
        }
    }

    #[inline(always)]
    fn open(&mut self, child: Option<PlaceId>, _: &'m [u8], _: Kind) -> Opened {
        child.map_or(Opened::Skipped, |child| self.open_child(child))
    }

    #[inline(always)]
    fn close(&mut self) {
        self.close_child();
    }
    #[inline(always)]
    fn context(&self) -> Context {
        Context::new(Some(self.place), U::ENCODING)
    }

    #[inline(always)]
    fn guessed(&mut self, place: Option<PlaceId>) -> Option<PlaceId> {
        self.reach(place?)
    }

    fn place(child: Option<PlaceId>) -> Option<PlaceId> {
        child
    }
}
