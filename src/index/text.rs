//! Stores the string constants of an index as bytes, with their hashes.

use super::hash::{HashSeed, ValueHash};
use edgeroute_lang::id::to_u32;
use edgeroute_lang::predicate::{Constants, TextId, ValueConstant};
use edgeroute_lang::steps;

/// All string constants in one buffer. After the index is built, this is the only copy.
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
    pub(super) fn new(constants: &Constants, key: &HashSeed) -> Self {
        let mut buffer = String::new();
        let entries = constants
            .texts()
            .map(|text| {
                let start = to_u32(buffer.len());
                buffer.push_str(text);
                TextEntry { hash: key.value(text), start, end: to_u32(buffer.len()) }
            })
            .collect();
        Self { entries, buffer: buffer.into() }
    }

    /// Returns the hash of a string, or the hash of an absent value for an id of another index.
    #[inline]
    pub(crate) fn hash(&self, id: TextId) -> ValueHash {
        self.entries.get(id.index()).map_or(ValueHash::ABSENT, |entry| entry.hash)
    }

    /// Returns the hash under which a body value that equals the constant has its posting.
    pub(super) fn value_hash(&self, key: &HashSeed, constant: ValueConstant) -> ValueHash {
        match constant {
            ValueConstant::Bool(truth) => key.truth(truth),
            ValueConstant::Number(number) => key.number(number),
            ValueConstant::Text(text) => self.hash(text),
            ValueConstant::Null => ValueHash::NULL,
        }
    }

    /// Returns whether `text`, which has this hash, equals the constant.
    #[inline]
    pub(crate) fn is(&self, id: TextId, hash: ValueHash, text: &str) -> bool {
        self.entries.get(id.index()).is_some_and(|entry| {
            entry.hash == hash && {
                steps::bytes(text.len());
                self.bytes_of(*entry) == Some(text.as_bytes())
            }
        })
    }

    /// Returns the string; empty for an id of another index.
    #[inline]
    pub(crate) fn text_of(&self, id: TextId) -> &str {
        let entry = self.entries.get(id.index());
        entry.and_then(|entry| self.buffer.get(entry.start as usize..entry.end as usize)).unwrap_or_default()
    }

    #[inline]
    fn bytes_of(&self, entry: TextEntry) -> Option<&[u8]> {
        self.buffer.as_bytes().get(entry.start as usize..entry.end as usize)
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.entries) + self.buffer.len()
    }
}
