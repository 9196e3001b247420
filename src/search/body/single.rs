//! Paths that reach at most one value: members and elements only. Values are stored during the scan.
//!
//! Of duplicate members the last one counts, so everything stored below an earlier one has to be forgotten. Every place
//! has the time at which it was last reached. A value counts if that time is later than the last time of the place
//! above, and if the value of that place counts too. So a duplicate costs nothing when it appears. If there was any
//! duplicate, the end of the scan takes one pass over the places.

use super::guesses::Context;
use super::scanner::{Kind, Opened, Selector};
use super::token::{Inside, scalar};
use super::trie::{Element, Member, PlaceId, Trie};
use super::units::{Units, until};
use crate::search::scalar::Scalar;
use edgeroute_lang::id::to_u32;
use edgeroute_lang::steps;

/// The memory for following a scan.
#[derive(Debug)]
pub(super) struct SingleScratch {
    /// The time at which each place was last reached; 0 for never.
    times: Box<[u64]>,
    /// The time of the next place that is reached. Never 0.
    clock: u64,
    /// The containers that paths lead to around the innermost one, outermost first. Has room for all.
    outer: Vec<Container>,
}

/// A container that paths lead to, while the scan is in a container inside it.
#[derive(Copy, Clone, Debug)]
struct Container {
    place: PlaceId,
    /// The index of the next element.
    index: u32,
    /// The number of elements that paths lead to and that the scan has passed.
    passed: u32,
}

impl SingleScratch {
    /// Creates memory for bodies nested up to `max_depth` containers deep. Allocates.
    pub(super) fn new(trie: &Trie, max_depth: usize) -> Self {
        // Paths enter at most as many containers as they have steps.
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
    /// The clock at the start of the scan.
    start: u64,
    /// Whether a place was reached twice.
    repeated: bool,
    /// The place of the innermost container that was entered, and the places it leads to.
    place: PlaceId,
    members: &'s [Member],
    /// The elements that the scan has not passed yet.
    elements: &'s [Element],
    /// The index of the next element.
    index: u32,
}

impl<'s, 'm> Single<'s, 'm> {
    /// Begins a new scan. `slots` must have one slot for each slot of the trie; all become missing.
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
            steps::step();
            let above = scratch.times.get(place.parent as usize).copied().unwrap_or_default();
            let Some(time) = scratch.times.get_mut(id.index()) else { continue };
            // The root is its own parent. No other two places were reached at the same time.
            let counts = above >= start && *time >= above;
            if !counts {
                *time = 0;
                if let Some(slot) = slots.get_mut(place.slot as usize) {
                    *slot = Scalar::Missing;
                }
            }
        }
    }

    /// Notes that the child is at this place.
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
        let passed = to_u32(elements - self.elements.len());
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
    /// `None` if no path leads there.
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
