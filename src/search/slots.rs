//! Stores the values of a message that routes read: filled once for each message, and read by every test.

use super::names::Names;
use crate::index::{HashSeed, Index, Readers, ValueHash};
use edgeroute_lang::id::to_u32;
use edgeroute_lang::message::{Message, Properties};
use edgeroute_lang::predicate::Slot;
use edgeroute_lang::steps;
use edgeroute_lang::text::as_number;

/// The slots of a table, without a message. The size depends only on the table.
#[derive(Debug)]
pub(crate) struct SlotMemory {
    /// One state for each slot, and an extra one that is always present.
    states: Box<[SlotState]>,
    /// For each slot the number that its string reads as, once a test has read it.
    numbers: Box<[Number]>,
    /// The slots whose numbers were read. Has room for all slots.
    parsed: Vec<Slot>,
    /// The contents of the slots that are not absent. Has room for all slots; empty between messages.
    held: Vec<Held<'static>>,
}

#[derive(Copy, Clone, Debug, Default)]
struct SlotState {
    hash: ValueHash,
    /// The index in `held`; out of range for a slot that is absent.
    place: u32,
}

/// The name of a property, which decides between two names that differ only in case, and its value, where `None` is
/// null.
#[derive(Copy, Clone, Debug)]
struct Held<'m> {
    slot: Slot,
    name: &'m str,
    text: Option<&'m str>,
}

#[derive(Copy, Clone, Debug)]
enum Number {
    NotRead,
    Read(Option<f64>),
}

/// The slots filled with a message.
#[derive(Debug)]
pub(crate) struct Slots<'s, 'm> {
    states: &'s mut [SlotState],
    numbers: &'s mut [Number],
    parsed: &'s mut Vec<Slot>,
    held: Vec<Held<'m>>,
}

/// The contents of a property slot.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Property<'m> {
    Absent,
    Null,
    Text(&'m str),
}

impl SlotMemory {
    /// Creates the slots of `index`. Allocates.
    pub(crate) fn new(index: &Index) -> Self {
        let count = index.interner.reads.len();
        let mut slots = vec![SlotState::default(); count + 1];
        if let Some(always) = slots.last_mut() {
            always.hash = ValueHash::PRESENT;
        }
        Self {
            states: slots.into(),
            numbers: vec![Number::NotRead; count].into(),
            parsed: Vec::with_capacity(count),
            held: Vec::with_capacity(count),
        }
    }

    /// Fills the slots from a message and passes them to `use_slots`. Allocates nothing.
    #[inline]
    pub(crate) fn with<'m, P: Properties + ?Sized, S: Properties + ?Sized, R>(
        &mut self,
        index: &Index,
        message: &Message<'m, P, S>,
        names: &mut Names,
        use_slots: impl FnOnce(&mut Slots<'_, 'm>) -> R,
    ) -> R {
        if self.held.capacity() < self.numbers.len() {
            // A `Properties` implementation of the hub panicked in the middle of a message, so the values of that
            // message are still here.
            *self = Self::new(index);
        }
        let mut slots = Slots {
            states: &mut self.states,
            numbers: &mut self.numbers,
            parsed: &mut self.parsed,
            held: recycle(core::mem::take(&mut self.held)),
        };
        slots.fill(index, message, names);
        let result = use_slots(&mut slots);
        let Slots { held, .. } = slots;
        for held in &held {
            if let Some(state) = self.states.get_mut(held.slot.index()) {
                *state = SlotState::default();
            }
        }
        for slot in self.parsed.drain(..) {
            if let Some(number) = self.numbers.get_mut(slot.index()) {
                *number = Number::NotRead;
            }
        }
        self.held = recycle(held);
        result
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.states)
            + size_of_val(&*self.numbers)
            + self.parsed.capacity() * size_of::<Slot>()
            + self.held.capacity() * size_of::<Held<'_>>()
    }
}

/// Reuses the same memory for values of another lifetime. The standard library collects a vector that is mapped in
/// place into its own memory; `tests/allocations.rs` checks that this does not allocate.
fn recycle<'to>(mut held: Vec<Held<'_>>) -> Vec<Held<'to>> {
    held.clear();
    held.into_iter().map(|held| Held { slot: held.slot, name: "", text: None }).collect()
}

impl<'m> Slots<'_, 'm> {
    #[inline]
    fn fill<P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        index: &Index,
        message: &Message<'m, P, S>,
        names: &mut Names,
    ) {
        let key = &index.key;
        names.visit_application(index, message, |readers, name, text| self.put(key, readers, 0, name, text));
        let floor = self.held.len();
        names.visit_system(index, message, |readers, name, text| self.put(key, readers, floor, name, text));
    }

    /// Stores a property in the slots that read it. The entries of `held` before `floor` take precedence.
    #[inline]
    fn put(&mut self, key: &HashSeed, readers: Readers, floor: usize, name: &'m str, text: Option<&'m str>) {
        if readers.first == Slot::NONE {
            return;
        }
        let hash = text.map_or(ValueHash::NULL, |text| key.value(text));
        self.put_into(floor, hash, Held { slot: readers.first, name, text });
        if readers.second != Slot::NONE {
            self.put_into(floor, hash, Held { slot: readers.second, name, text });
        }
    }

    #[inline]
    fn put_into(&mut self, floor: usize, hash: ValueHash, held: Held<'m>) {
        steps::step();
        let Some(state) = self.states.get_mut(held.slot.index()) else {
            return;
        };
        if state.hash == ValueHash::ABSENT {
            let place = to_u32(self.held.len());
            *state = SlotState { hash, place };
            self.held.push(held);
        } else if state.place as usize >= floor {
            self.prefer(hash, held);
        }
    }

    /// Of two names that differ only in case, the one that sorts first counts, whatever their order in the message.
    #[cold]
    fn prefer(&mut self, hash: ValueHash, held: Held<'m>) {
        if let Some(state) = self.states.get_mut(held.slot.index())
            && let Some(other) = self.held.get_mut(state.place as usize)
        {
            steps::comparison(held.name, other.name);
            if held.name < other.name {
                *other = held;
                state.hash = hash;
            }
        }
    }

    /// Returns the hash of the contents of a slot.
    #[inline]
    pub(crate) fn hash(&self, slot: usize) -> ValueHash {
        self.states.get(slot).map_or(ValueHash::ABSENT, |state| state.hash)
    }

    /// Returns the contents of a property slot.
    #[inline]
    pub(crate) fn property(&self, slot: Slot) -> Property<'m> {
        let held = match self.states.get(slot.index()) {
            Some(state) if state.hash != ValueHash::ABSENT => self.held.get(state.place as usize),
            _ => None,
        };
        match held {
            None => Property::Absent,
            Some(Held { text: None, .. }) => Property::Null,
            Some(Held { text: Some(text), .. }) => Property::Text(text),
        }
    }

    /// Returns the property as a number. Computed only once.
    #[inline]
    pub(crate) fn number(&mut self, slot: Slot) -> Option<f64> {
        if let Some(Number::Read(number)) = self.numbers.get(slot.index()) {
            return *number;
        }
        let number = match self.property(slot) {
            Property::Text(text) => {
                steps::bytes(text.len());
                as_number(text)
            }
            Property::Absent | Property::Null => None,
        };
        if let Some(known) = self.numbers.get_mut(slot.index()) {
            *known = Number::Read(number);
            self.parsed.push(slot);
        }
        number
    }

    /// Returns the number of slots that are not absent.
    #[inline]
    pub(crate) fn present(&self) -> usize {
        self.held.len()
    }

    /// Returns one of the slots that are not absent, by an index below [`present`](Self::present).
    #[inline]
    pub(crate) fn nth_present(&self, index: usize) -> Option<Slot> {
        self.held.get(index).map(|held| held.slot)
    }
}
