//! The text constants of a tree, as bytes with their hashes.

use super::hash::{HashKey, ValueHash};
use crate::predicate::{Constants, TextId};

/// All text constants, in one buffer.
#[derive(Debug)]
pub(crate) struct Texts {
    entries: Box<[TextEntry]>,
    bytes: Box<[u8]>,
}

#[derive(Copy, Clone, Debug)]
struct TextEntry {
    hash: ValueHash,
    start: u32,
    end: u32,
}

impl Texts {
    pub(super) fn new(constants: &Constants, key: &HashKey) -> Self {
        let mut bytes = Vec::new();
        let entries = constants
            .texts()
            .map(|text| {
                let offset = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
                let start = offset(bytes.len());
                bytes.extend_from_slice(text.as_bytes());
                TextEntry { hash: key.value(text), start, end: offset(bytes.len()) }
            })
            .collect();
        Self { entries, bytes: bytes.into() }
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
            entry.hash == hash && self.bytes.get(entry.start as usize..entry.end as usize) == Some(text.as_bytes())
        })
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.entries) + self.bytes.len()
    }
}
