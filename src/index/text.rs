//! The text constants of a tree, as bytes with their hashes.

use super::hash::{HashKey, ValueHash};
use crate::predicate::{Constants, TextId};
use crate::work;

/// All text constants, in one buffer. Once the tree is built, they stand nowhere else.
#[derive(Debug)]
pub(crate) struct Texts {
    entries: Box<[TextEntry]>,
    buffer: Box<str>,
}

#[derive(Copy, Clone, Debug)]
struct TextEntry {
    hash: ValueHash,
    start: u32,
    end: u32,
}

impl Texts {
    pub(super) fn new(constants: &Constants, key: &HashKey) -> Self {
        let mut buffer = String::new();
        let entries = constants
            .texts()
            .map(|text| {
                let offset = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
                let start = offset(buffer.len());
                buffer.push_str(text);
                TextEntry { hash: key.value(text), start, end: offset(buffer.len()) }
            })
            .collect();
        Self { entries, buffer: buffer.into() }
    }

    /// The hash of a text; that of nothing for an id of another tree.
    #[inline]
    pub(crate) fn hash(&self, id: TextId) -> ValueHash {
        self.entries.get(id.index()).map_or(ValueHash::ABSENT, |entry| entry.hash)
    }

    /// Whether `text`, which has this hash, is the constant.
    #[inline]
    pub(crate) fn is(&self, id: TextId, hash: ValueHash, text: &str) -> bool {
        self.entries.get(id.index()).is_some_and(|entry| {
            entry.hash == hash && {
                work::bytes(text.len());
                self.bytes_of(*entry) == Some(text.as_bytes())
            }
        })
    }

    /// The text; empty for an id of another tree.
    #[inline]
    pub(crate) fn text_of(&self, id: TextId) -> &str {
        let entry = self.entries.get(id.index());
        entry.and_then(|entry| self.buffer.get(entry.start as usize..entry.end as usize)).unwrap_or_default()
    }

    #[inline]
    fn bytes_of(&self, entry: TextEntry) -> Option<&[u8]> {
        self.buffer.as_bytes().get(entry.start as usize..entry.end as usize)
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.entries) + self.buffer.len()
    }
}
