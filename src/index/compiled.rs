//! The compiled index, as it is searched.

use super::bitset::Terms;
use super::hash::HashSeed;
use super::keys::{NameTable, Readers};
use super::lookup::{Candidate, Group, Lookups};
use super::program::{ProgramAt, Programs};
use super::source::Sources;
use super::text::Texts;
use edgeroute_lang::body::BodyPath;
use edgeroute_lang::hir::Property;
use edgeroute_lang::id::to_u32;
use edgeroute_lang::message::{NameHint, NameOf, Stamp};
use edgeroute_lang::predicate::{Interner, Slot, SlotKind, SlotTable};

/// The immutable index of a table.
#[derive(Debug)]
pub(crate) struct Index {
    /// Unique among the indexes of this process.
    pub(crate) id: u64,
    pub(crate) key: HashSeed,
    /// The names of application properties, and of system properties.
    pub(crate) application: NameTable,
    pub(crate) system: NameTable,
    /// The slots that read each stamp.
    pub(super) stamps: [Readers; 4],
    pub(crate) sources: Sources,
    /// Indexed by [`GroupId`].
    pub(crate) groups: Box<[Group]>,
    pub(crate) candidates: Box<[Candidate]>,
    pub(crate) lookups: Lookups,
    /// The terms of a small table, whose groups are then empty.
    pub(crate) terms: Option<Terms>,
    pub(crate) programs: Programs,
    pub(crate) interner: Interner,
    pub(crate) texts: Texts,
    pub(crate) bodies: Bodies,
    /// The program of the fallback route, if there is one.
    pub(crate) fallback: Option<ProgramAt>,
    /// The number of postings of each kind, for `stats()`.
    pub(crate) counts: PostingCounts,
}

impl Index {
    /// Returns the slots that read a stamp.
    #[inline]
    pub(crate) fn stamp(&self, stamp: Stamp) -> Readers {
        self.stamps.get(stamp as usize).copied().unwrap_or(Readers::NONE)
    }

    /// Returns whether any stamp is read.
    #[inline]
    pub(crate) fn reads_stamps(&self) -> bool {
        self.stamps.iter().any(|readers| readers.first != Slot::NONE)
    }

    /// Returns a hint to the slots that read a name.
    pub(crate) fn hint(&self, of: NameOf, name: &str) -> NameHint {
        NameHint { index: self.id, of, entry: self.keys(of).index(&self.key, name) }
    }

    /// Returns the slots that read the name of a [hint](Self::hint), if this index created the hint for a property of
    /// this kind.
    #[inline]
    pub(crate) fn hinted(&self, of: NameOf, hint: Option<NameHint>) -> Option<Readers> {
        let hint = hint.filter(|hint| hint.index == self.id && hint.of == of)?;
        Some(self.keys(of).readers(hint.entry))
    }

    #[inline]
    fn keys(&self, of: NameOf) -> &NameTable {
        match of {
            NameOf::Application => &self.application,
            NameOf::System => &self.system,
        }
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let groups: usize = self.groups.iter().map(|group| size_of::<Group>() + group.heap_bytes()).sum();
        self.application.heap_bytes()
            + self.system.heap_bytes()
            + self.sources.heap_bytes()
            + groups
            + size_of_val(&*self.candidates)
            + self.lookups.heap_bytes()
            + self.terms.as_ref().map_or(0, Terms::heap_bytes)
            + self.programs.heap_bytes()
            + self.interner.heap_bytes()
            + self.texts.heap_bytes()
            + self.bodies.heap_bytes()
    }
}

/// What the routes read from bodies.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    /// The slots that hold `contentType` and `contentEncoding`; `None` if no route reads the body.
    pub(crate) content: Option<(Slot, Slot)>,
    /// For each slot the number of its path among the paths that are read, or `u32::MAX` for a property; empty if no
    /// route reads the body.
    pub(crate) numbers: Box<[u32]>,
    /// For each path the slot of the application property that takes precedence over it.
    pub(crate) shadows: Box<[Option<Slot>]>,
    /// The paths that are read.
    pub(crate) paths: Box<[BodyPath]>,
}

impl Bodies {
    fn heap_bytes(&self) -> usize {
        size_of_val(&*self.numbers) + size_of_val(&*self.shadows) + size_of_val(&*self.paths)
    }

    pub(super) fn of(reads: &mut SlotTable) -> Self {
        if !reads.iter().any(|(_, kind)| matches!(kind, SlotKind::Body { .. })) {
            return Self::default();
        }
        let content_type = reads.property(Property::System("contentType"));
        let content_encoding = reads.property(Property::System("contentEncoding"));
        let mut paths = Vec::new();
        let mut shadows = Vec::new();
        let numbers = reads
            .iter()
            .map(|(_, kind)| match kind {
                SlotKind::Body { path, shadow } => {
                    paths.push(path.clone());
                    shadows.push(*shadow);
                    to_u32(paths.len() - 1)
                }
                _ => u32::MAX,
            })
            .collect();
        Self { content: Some((content_type, content_encoding)), numbers, shadows: shadows.into(), paths: paths.into() }
    }
}

/// The number of postings of each kind.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PostingCounts {
    /// Routes whose condition can never be true. They have no postings.
    pub(crate) never: usize,
    /// Terms of a small table, which has no postings.
    pub(crate) terms: usize,
    /// Postings in the list of a small group.
    pub(crate) listed: usize,
    pub(crate) equal: usize,
    pub(crate) affix: usize,
    pub(crate) number: usize,
    pub(crate) value: usize,
    pub(crate) present: usize,
    /// Postings in a large group that no test selects.
    pub(crate) always: usize,
    /// Routes that exceed the budget of postings.
    pub(crate) over_budget: usize,
}
