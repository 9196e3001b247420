//! From the name of a message's property to the slots that read it.

use super::hash::HashKey;
use crate::predicate::{Reads, Slot, SlotKind};
use crate::text::eq_ignore_case;

/// The names that the routes of a table read, as an open-addressing hash table.
#[derive(Debug)]
pub(crate) struct Keys {
    /// A power of two of places, at most half of them taken; empty where no name is read.
    places: Box<[u32]>,
    entries: Box<[KeyEntry]>,
    names: Box<str>,
}

/// A name and the slots that read it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct KeyEntry {
    hash: u64,
    start: u32,
    end: u32,
    /// The slot that reads just this property.
    pub(crate) own: Option<Slot>,
    /// The slot that reads the application property `$NAME` or else the system property `NAME`.
    pub(crate) either: Option<Slot>,
}

/// No entry.
const FREE: u32 = u32::MAX;

impl Keys {
    /// The application properties that are read.
    pub(crate) fn application(reads: &Reads, key: &HashKey) -> Self {
        Self::new(
            key,
            reads.iter().filter_map(|(slot, kind)| match kind {
                SlotKind::Application(name) => Some((name.to_string(), Which::Own(slot))),
                SlotKind::ApplicationOrSystem(name) => Some((format!("${name}"), Which::Either(slot))),
                SlotKind::System(_) | SlotKind::Body { .. } => None,
            }),
        )
    }

    /// The system properties that are read.
    pub(crate) fn system(reads: &Reads, key: &HashKey) -> Self {
        Self::new(
            key,
            reads.iter().filter_map(|(slot, kind)| match kind {
                SlotKind::System(name) => Some((name.to_string(), Which::Own(slot))),
                SlotKind::ApplicationOrSystem(name) => Some((name.to_string(), Which::Either(slot))),
                SlotKind::Application(_) | SlotKind::Body { .. } => None,
            }),
        )
    }

    fn new(key: &HashKey, named: impl Iterator<Item = (String, Which)>) -> Self {
        let mut all: Vec<(String, Which)> = named.collect();
        all.sort();
        let mut names = String::new();
        let mut entries: Vec<KeyEntry> = Vec::new();
        let mut last: Option<String> = None;
        for (name, which) in all {
            if last.as_ref() != Some(&name) {
                let offset = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
                let start = offset(names.len());
                names.push_str(&name);
                let end = offset(names.len());
                entries.push(KeyEntry { hash: key.name(&name), start, end, own: None, either: None });
                last = Some(name);
            }
            if let Some(entry) = entries.last_mut() {
                match which {
                    Which::Own(slot) => entry.own = Some(slot),
                    Which::Either(slot) => entry.either = Some(slot),
                }
            }
        }
        let count = if entries.is_empty() { 0 } else { (entries.len() * 4).next_power_of_two() };
        let mut places = vec![FREE; count];
        for (index, entry) in entries.iter().enumerate() {
            let mut at = place(entry.hash, count);
            while places.get(at).is_some_and(|&taken| taken != FREE) {
                at = (at + 1) & (count - 1);
            }
            if let Some(place) = places.get_mut(at) {
                *place = u32::try_from(index).unwrap_or(FREE);
            }
        }
        Self { places: places.into(), entries: entries.into(), names: names.into() }
    }

    /// The slots that read the property `name`.
    #[inline]
    pub(crate) fn find(&self, key: &HashKey, name: &str) -> Option<&KeyEntry> {
        if self.places.is_empty() {
            return None;
        }
        let hash = key.name(name);
        let mut at = place(hash, self.places.len());
        loop {
            // Half of the places are free, so this ends.
            let entry = self.entries.get(*self.places.get(at)? as usize)?;
            if entry.hash == hash && self.is(entry, name) {
                return Some(entry);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }

    #[inline]
    fn is(&self, entry: &KeyEntry, name: &str) -> bool {
        let known = self.names.get(entry.start as usize..entry.end as usize).unwrap_or_default();
        known == name || eq_ignore_case(known, name)
    }

    /// Every name with the slots that read it, sorted by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &KeyEntry)> {
        self.entries
            .iter()
            .map(|entry| (self.names.get(entry.start as usize..entry.end as usize).unwrap_or_default(), entry))
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.places) + size_of_val(&*self.entries) + self.names.len()
    }
}

#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    Own(Slot),
    Either(Slot),
}

#[inline]
fn place(hash: u64, count: usize) -> usize {
    usize::try_from(hash & (count as u64).wrapping_sub(1)).unwrap_or_default()
}
