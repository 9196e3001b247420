//! Maps the name of a message's property to the slots that read it.

use super::hash::{HashSeed, Name, Words};
use crate::tuning::PLACES_PER_NAME;
use edgeroute_lang::id::to_u32;
use edgeroute_lang::message::Stamp;
use edgeroute_lang::predicate::{Slot, SlotKind, SlotTable};
use edgeroute_lang::steps;
use edgeroute_lang::text::eq_ignore_case;

/// The names that the routes of a table read, in two open-addressing hash tables. One holds the names of up to 16 ASCII
/// bytes, which are compared as two words; the other holds all other names.
#[derive(Debug)]
pub(crate) struct NameTable {
    /// The number of places is a power of two, and at most a quarter of them are taken.
    short: Box<[Option<ShortKey>]>,
    /// Like `short`.
    other: Box<[Option<OtherKey>]>,
    entries: Box<[KeyEntry]>,
    names: Box<str>,
    shapes: Shapes,
}

#[derive(Copy, Clone, Debug)]
struct ShortKey {
    /// The name in upper case.
    words: Words,
    entry: u32,
}

#[derive(Copy, Clone, Debug)]
struct OtherKey {
    hash: u64,
    entry: u32,
}

/// A name and the slots that read it.
#[derive(Copy, Clone, Debug)]
struct KeyEntry {
    /// The start of the name, in upper case, in `names`.
    start: u32,
    end: u32,
    readers: Readers,
}

/// The slots that read a name. A slot reads only the property itself, or the application property `$NAME` or else the
/// system property `NAME`. Without a second slot, `second` is [no slot](Slot::NONE); without any slot, both are.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Readers {
    pub(crate) first: Slot,
    pub(crate) second: Slot,
    /// Whether this is the name of a stamp.
    pub(crate) is_stamp: bool,
}

/// A filter that quickly rejects most names that are not read. It has a bit for each length, and a bit for each value
/// of the lower five bits of the first and of the last byte, which are the same for both cases of a letter.
#[derive(Copy, Clone, Debug, Default)]
struct Shapes {
    lengths: u64,
    firsts: u32,
    lasts: u32,
}

impl Shapes {
    /// A spelling of a name that is not ASCII may have any length.
    const ANY: Self = Self { lengths: u64::MAX, firsts: u32::MAX, lasts: u32::MAX };

    fn add(&mut self, name: &str) {
        if let (Some(first), Some(last), true) = (name.bytes().next(), name.bytes().last(), name.is_ascii()) {
            self.lengths |= 1 << name.len().min(63);
            self.firsts |= 1 << (first & 31);
            self.lasts |= 1 << (last & 31);
        } else {
            *self = Self::ANY;
        }
    }

    /// Returns whether a name may be one of the names that were added.
    #[inline]
    fn may_have(self, name: &str) -> bool {
        // If the length decides, the bytes of the name are not read.
        if self.lengths >> name.len().min(63) & 1 == 0 {
            return false;
        }
        match (name.as_bytes().first(), name.as_bytes().last()) {
            (Some(first), Some(last)) => self.firsts >> (first & 31) & self.lasts >> (last & 31) & 1 != 0,
            _ => true,
        }
    }
}

impl Readers {
    /// The readers of a name that no route reads.
    pub(crate) const NONE: Self = Self { first: Slot::NONE, second: Slot::NONE, is_stamp: false };

    fn add(&mut self, slot: Slot) {
        if self.first == Slot::NONE {
            self.first = slot;
        } else {
            self.second = slot;
        }
    }
}

/// Remembers the names of earlier messages and the slots that read them, so that a repeated name is compared instead of
/// looked up. It is a cache of fixed size with one place for each name, where a new name replaces the old one. It only
/// saves work and never changes an answer. See `benches/ratios.rs`.
#[derive(Debug)]
pub(crate) struct KnownNames<const PLACES: usize> {
    places: Box<[KnownName; PLACES]>,
}

#[derive(Copy, Clone, Debug)]
struct KnownName {
    words: Words,
    readers: Readers,
}

impl<const PLACES: usize> KnownNames<PLACES> {
    /// Creates a cache that contains only the empty name, which no route can read. Allocates.
    pub(crate) fn new() -> Self {
        const { assert!(PLACES.is_power_of_two(), "a place is some bits of a product") };
        Self { places: Box::new([KnownName { words: Words::EMPTY, readers: Readers::NONE }; PLACES]) }
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.places)
    }

    /// Returns the slots that read the name. `keys` must always belong to the same index and the same kind of property.
    #[inline]
    pub(crate) fn find(&mut self, keys: &NameTable, key: &HashSeed, name: &str) -> Readers {
        let Some(words) = Words::of(name.as_bytes()) else {
            return keys.find(key, name);
        };
        let Some(known) = self.places.get_mut(words.place_among(PLACES, Words::EMPTY)) else {
            return keys.find(key, name);
        };
        if known.words != words {
            *known = KnownName { words, readers: keys.find_words(key, words, name) };
        }
        known.readers
    }
}

impl NameTable {
    /// Collects the application properties that are read.
    pub(crate) fn application(reads: &SlotTable, key: &HashSeed) -> Self {
        Self::new(
            key,
            reads.iter().filter_map(|(slot, kind)| match kind {
                SlotKind::Application(name) => Some((name.to_string(), slot)),
                SlotKind::ApplicationOrSystem(name) => Some((format!("${name}"), slot)),
                SlotKind::System(_) | SlotKind::Body { .. } => None,
            }),
        )
    }

    /// Collects the system properties that are read.
    pub(crate) fn system(reads: &SlotTable, key: &HashSeed) -> Self {
        Self::new(
            key,
            reads.iter().filter_map(|(slot, kind)| match kind {
                SlotKind::System(name) | SlotKind::ApplicationOrSystem(name) => Some((name.to_string(), slot)),
                SlotKind::Application(_) | SlotKind::Body { .. } => None,
            }),
        )
    }

    fn new(key: &HashSeed, named: impl Iterator<Item = (String, Slot)>) -> Self {
        let mut all: Vec<(String, Slot)> = named.collect();
        all.sort();
        let mut names = String::new();
        let mut shapes = Shapes::default();
        let mut entries: Vec<KeyEntry> = Vec::new();
        for same in all.chunk_by(|a, b| a.0 == b.0) {
            let Some((name, _)) = same.first() else { continue };
            let start = to_u32(names.len());
            names.push_str(name);
            shapes.add(name);
            let is_stamp = Stamp::named(name).is_some();
            let mut readers = Readers { is_stamp, ..Readers::NONE };
            for (_, slot) in same {
                readers.add(*slot);
            }
            entries.push(KeyEntry { start, end: to_u32(names.len()), readers });
        }
        let mut short: Vec<(u64, ShortKey)> = Vec::new();
        let mut other: Vec<(u64, OtherKey)> = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let name = Name::of(names.get(entry.start as usize..entry.end as usize).unwrap_or_default());
            let hash = key.name(name);
            match name {
                Name::Short(words) => short.push((hash, ShortKey { words, entry: to_u32(index) })),
                Name::Other(_) => other.push((hash, OtherKey { hash, entry: to_u32(index) })),
            }
        }
        Self { short: places(&short), other: places(&other), entries: entries.into(), names: names.into(), shapes }
    }

    /// Returns the slots for an index that [`index`](Self::index) returned.
    #[inline]
    pub(crate) fn readers(&self, index: u32) -> Readers {
        self.entries.get(index as usize).map_or(Readers::NONE, |entry| entry.readers)
    }

    /// Like [`find`](Self::find), but for many names of which few are read: most are rejected by the filter.
    #[inline]
    pub(crate) fn find_rare(&self, key: &HashSeed, name: &str) -> Readers {
        if self.shapes.may_have(name) { self.find(key, name) } else { Readers::NONE }
    }

    /// Returns the slots that read the property `name`.
    pub(crate) fn find(&self, key: &HashSeed, name: &str) -> Readers {
        self.readers(self.index(key, name))
    }

    /// Like [`find`](Self::find), for a name with these words.
    #[inline(never)]
    fn find_words(&self, key: &HashSeed, words: Words, name: &str) -> Readers {
        match words.folded() {
            Some(words) => self.readers(self.index_of_short(key, words)),
            None => self.find(key, name),
        }
    }

    /// Returns the index of a name among the entries; `u32::MAX` if the name is not read.
    pub(crate) fn index(&self, key: &HashSeed, name: &str) -> u32 {
        let name = Name::of(name);
        let Name::Short(words) = name else {
            return self.index_of_other(key, name).unwrap_or(u32::MAX);
        };
        self.index_of_short(key, words)
    }

    #[inline]
    fn index_of_short(&self, key: &HashSeed, words: Words) -> u32 {
        let mut at = place(key.name(Name::Short(words)), self.short.len());
        loop {
            steps::step();
            // Most places are free, so this terminates.
            match self.short.get(at) {
                Some(Some(short)) if short.words == words => return short.entry,
                Some(Some(_)) => at = (at + 1) & (self.short.len() - 1),
                Some(None) | None => return u32::MAX,
            }
        }
    }

    fn index_of_other(&self, key: &HashSeed, name: Name<'_>) -> Option<u32> {
        let Name::Other(text) = name else {
            return None;
        };
        let hash = key.name(name);
        let mut at = place(hash, self.other.len());
        loop {
            steps::step();
            let other = (*self.other.get(at)?)?;
            let entry = self.entries.get(other.entry as usize)?;
            if other.hash == hash && eq_ignore_case(self.name(entry), text) {
                return Some(other.entry);
            }
            at = (at + 1) & (self.other.len() - 1);
        }
    }

    fn name(&self, entry: &KeyEntry) -> &str {
        self.names.get(entry.start as usize..entry.end as usize).unwrap_or_default()
    }

    /// Iterates over all names in sorted order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| self.name(entry))
    }

    /// Returns whether no name is read.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.short) + size_of_val(&*self.other) + size_of_val(&*self.entries) + self.names.len()
    }
}

/// Builds an open-addressing table of `keys` by their hashes; empty if there are no keys.
fn places<K: Copy>(keys: &[(u64, K)]) -> Box<[Option<K>]> {
    let count = if keys.is_empty() { 0 } else { (keys.len() * PLACES_PER_NAME).next_power_of_two() };
    let mut places = vec![None; count];
    for &(hash, key) in keys {
        let mut at = place(hash, count);
        while places.get(at).is_some_and(Option::is_some) {
            steps::step();
            at = (at + 1) & (count - 1);
        }
        if let Some(place) = places.get_mut(at) {
            *place = Some(key);
        }
    }
    places.into()
}

#[inline]
fn place(hash: u64, count: usize) -> usize {
    usize::try_from(hash & (count as u64).wrapping_sub(1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: [&str; 7] = ["LEVEL", "A", "TEMP", "$CONTENTTYPE", "A-NAME-OF-MORE-THAN-16-BYTES", "LONG", "X_2"];

    fn keys(names: &[&str]) -> (NameTable, HashSeed) {
        let key = HashSeed::from_seed(5);
        let named = names.iter().enumerate().map(|(index, name)| ((*name).to_owned(), Slot::new(index)));
        (NameTable::new(&key, named), key)
    }

    #[test]
    fn find_rare_finds_every_name_in_any_spelling() {
        for names in [READ.to_vec(), [READ.as_slice(), &["RÉGION", "ſ"]].concat()] {
            let (keys, key) = keys(&names);
            let others =
                ["", "levex", "lexel", "mevel", "levels", "région", "Région", "ſ", "s", "ß", "K", "\u{212a}", "tempé"];
            let spellings = names.iter().flat_map(|name| [(*name).to_owned(), name.to_lowercase()]);
            for name in spellings.chain(others.map(str::to_owned)) {
                let (rare, any) = (keys.find_rare(&key, &name), keys.find(&key, &name));
                assert_eq!((rare.first, rare.second), (any.first, any.second), "{name}");
            }
            assert!(names.iter().all(|name| keys.find_rare(&key, &name.to_lowercase()).first != Slot::NONE));
        }
    }

    #[test]
    fn the_filter_rejects_most_names_that_are_not_read() {
        let (keys, _) = keys(&READ);
        let names: Vec<String> = (0..1_000).map(|number| format!("lev{number}")).collect();
        let looked_up = names.iter().filter(|name| keys.shapes.may_have(name)).count();
        assert!(looked_up < 400, "{looked_up}");
        assert!(!keys.shapes.may_have("level-of-something") && !keys.shapes.may_have(""));
    }
}
