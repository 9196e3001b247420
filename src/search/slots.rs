//! Stores the values of a message that routes read: filled once for each message, and read by every test.

use super::names::Names;
use crate::index::{HashSeed, Index, Readers, SlotSet, ValueHash};
use crate::tuning::CLEARED_SLOTS;
use edgeroute_lang::id::to_u32;
use edgeroute_lang::message::{Message, Properties};
use edgeroute_lang::predicate::Slot;
use edgeroute_lang::steps;
use edgeroute_lang::text::as_number;

/// The slots of a table, without a message. The size depends only on the table.
#[derive(Debug)]
pub(crate) struct SlotMemory {
    /// For each slot the hash of its contents; then for each slot whether it is present; then one entry that is always
    /// present. A header names one of these entries.
    hashes: Box<[ValueHash]>,
    /// For each slot the index in `held`; without meaning for a slot that is absent.
    places: Box<[u32]>,
    /// For each slot the number that its string reads as, once a test has read it.
    numbers: Box<[Number]>,
    /// The slots whose numbers were read. Has room for all slots.
    parsed: Vec<Slot>,
    /// The contents of the slots that are not absent. Has room for [twice as many](held_capacity); empty between
    /// messages.
    held: Vec<Held<'static>>,
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
    hashes: &'s mut [ValueHash],
    places: &'s mut [u32],
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

/// Returns the room that `held` needs: properties are settled only when it is full, so each slot has room for two, and
/// one property can fill two slots.
const fn held_capacity(slots: usize) -> usize {
    2 * slots + 2
}

impl SlotMemory {
    /// Creates the slots of `index`. Allocates.
    pub(crate) fn new(index: &Index) -> Self {
        let count = index.interner.reads.len();
        let mut hashes = vec![ValueHash::ABSENT; 2 * count + 1];
        if let Some(always) = hashes.last_mut() {
            *always = ValueHash::PRESENT;
        }
        Self {
            hashes: hashes.into(),
            places: vec![0; count].into(),
            numbers: vec![Number::NotRead; count].into(),
            parsed: Vec::with_capacity(count),
            held: Vec::with_capacity(held_capacity(count)),
        }
    }

    /// Fills the slots from a message and passes them to `use_slots`. The hashes of slots that are not in `read` may be
    /// missing. Allocates nothing.
    #[inline]
    pub(crate) fn with<'m, P: Properties + ?Sized, S: Properties + ?Sized, R>(
        &mut self,
        index: &Index,
        message: &Message<'m, P, S>,
        names: &mut Names,
        read: SlotSet,
        use_slots: impl FnOnce(&mut Slots<'_, 'm>) -> R,
    ) -> R {
        if self.held.capacity() < held_capacity(self.numbers.len()) {
            // A `Properties` implementation of the hub panicked in the middle of a message, so the values of that
            // message are still here.
            *self = Self::new(index);
        }
        let mut slots = Slots {
            hashes: &mut self.hashes,
            places: &mut self.places,
            numbers: &mut self.numbers,
            parsed: &mut self.parsed,
            held: recycle(core::mem::take(&mut self.held)),
        };
        slots.fill(index, message, names, read);
        let result = use_slots(&mut slots);
        slots.clear();
        let Slots { held, .. } = slots;
        self.held = recycle(held);
        result
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.hashes)
            + size_of_val(&*self.places)
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
        read: SlotSet,
    ) {
        // Two short loops: one finds the properties that are read, the other hashes their values. The first one asks for
        // the memory of all values, so the second one does not wait for each of them.
        let key = &index.key;
        names.visit_application(index, message, |readers, name, text| self.hold(key, readers, 0, name, text));
        self.hash_held(key, 0, read);
        let floor = self.held.len();
        names.visit_system(index, message, |readers, name, text| self.hold(key, readers, floor, name, text));
        self.hash_held(key, floor, read);
    }

    /// Stores a property for the slots that read it. The entries of `held` before `floor` take precedence.
    #[inline]
    fn hold(&mut self, key: &HashSeed, readers: Readers, floor: usize, name: &'m str, text: Option<&'m str>) {
        if readers.first == Slot::NONE {
            return;
        }
        if self.held.len() + 2 > self.held.capacity() {
            self.settle(key, floor);
        }
        core::hint::black_box(text.and_then(|text| text.as_bytes().first().copied()));
        self.held.push(Held { slot: readers.first, name, text });
        if readers.second != Slot::NONE {
            self.held.push(Held { slot: readers.second, name, text });
        }
    }

    /// Fills the slots of the properties that are held from `floor` on.
    #[inline]
    fn hash_held(&mut self, key: &HashSeed, floor: usize, read: SlotSet) {
        let (hashes, presence) = self.hashes.split_at_mut(self.places.len());
        let mut is_ambiguous = false;
        for (index, held) in self.held.iter().enumerate().skip(floor) {
            steps::step();
            let at = held.slot.index();
            let (Some(hash), Some(place), Some(is_present)) =
                (hashes.get_mut(at), self.places.get_mut(at), presence.get_mut(at))
            else {
                continue;
            };
            is_ambiguous |= *is_present != ValueHash::ABSENT;
            *is_present = ValueHash::PRESENT;
            *place = to_u32(index);
            if read.may_have(held.slot) {
                *hash = held.text.map_or(ValueHash::NULL, |text| key.value(text));
            }
        }
        if is_ambiguous {
            self.settle(key, floor);
        }
    }

    /// Keeps one property for each slot: one before `floor`, or else, of names that differ only in case, the one that
    /// sorts first, whatever their order in the message.
    #[cold]
    #[inline(never)]
    fn settle(&mut self, key: &HashSeed, floor: usize) {
        let (hashes, presence) = self.hashes.split_at_mut(self.places.len());
        for held in &self.held {
            if let Some(is_present) = presence.get_mut(held.slot.index()) {
                *is_present = ValueHash::ABSENT;
            }
        }
        // The entries before `floor` are settled, so they keep their places.
        let mut kept = 0;
        for index in 0..self.held.len() {
            steps::step();
            let Some(&held) = self.held.get(index) else { continue };
            let at = held.slot.index();
            let (Some(hash), Some(place), Some(is_present)) =
                (hashes.get_mut(at), self.places.get_mut(at), presence.get_mut(at))
            else {
                continue;
            };
            if *is_present == ValueHash::ABSENT {
                *is_present = ValueHash::PRESENT;
                *place = to_u32(kept);
                kept += 1;
            } else {
                let other = self.held.get(*place as usize).map_or("", |held| held.name);
                steps::comparison(held.name, other);
                if (*place as usize) < floor || held.name >= other {
                    continue;
                }
            }
            *hash = held.text.map_or(ValueHash::NULL, |text| key.value(text));
            if let Some(entry) = self.held.get_mut(*place as usize) {
                *entry = held;
            }
        }
        self.held.truncate(kept);
    }

    /// Empties the slots, but not `held`.
    #[inline]
    fn clear(&mut self) {
        let count = self.places.len();
        let (hashes, presence) = self.hashes.split_at_mut(count);
        if count <= CLEARED_SLOTS {
            hashes.fill(ValueHash::ABSENT);
            if let Some(presence) = presence.get_mut(..count) {
                presence.fill(ValueHash::ABSENT);
            }
        } else {
            for held in &self.held {
                let at = held.slot.index();
                if let (Some(hash), Some(is_present)) = (hashes.get_mut(at), presence.get_mut(at)) {
                    *hash = ValueHash::ABSENT;
                    *is_present = ValueHash::ABSENT;
                }
            }
        }
        for slot in self.parsed.drain(..) {
            if let Some(number) = self.numbers.get_mut(slot.index()) {
                *number = Number::NotRead;
            }
        }
    }

    /// Returns the hashes of the contents of all slots, and what headers ask for besides; see [`SlotMemory`].
    #[inline]
    pub(crate) fn hashes(&self) -> &[ValueHash] {
        self.hashes
    }

    /// Returns the hash of the contents of a slot.
    #[inline]
    pub(crate) fn hash(&self, slot: Slot) -> ValueHash {
        self.hashes.get(slot.index()).copied().unwrap_or(ValueHash::ABSENT)
    }

    #[inline]
    pub(crate) fn is_present(&self, slot: Slot) -> bool {
        self.hashes.get(self.places.len() + slot.index()).is_some_and(|&hash| hash != ValueHash::ABSENT)
    }

    /// Returns the contents of a property slot.
    #[inline]
    pub(crate) fn property(&self, slot: Slot) -> Property<'m> {
        let held = match self.places.get(slot.index()) {
            Some(&place) if self.is_present(slot) => self.held.get(place as usize),
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
