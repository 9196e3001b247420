//! The decision structure over all routes of a table.
//!
//! It is a tree of three levels, each of whose nodes has an *always* edge that is followed beside the one that a test
//! selects, so that no route is ever copied into the branches of a test that it does not care about:
//!
//! 1. **Source.** A trie over the segments of the message's source gives the groups of routes that take it: one group for
//!    each distinct FROM.
//! 2. **Switch.** A large group is split by *access tests*: each route is filed under the test of its condition that
//!    fewest messages satisfy (one test for each disjunct of an `or`). Equalities of all properties are one hash table;
//!    so are prefixes and suffixes, by length; number intervals are sorted by class of width. Small groups, and routes
//!    without a selective test, are a list.
//! 3. **Candidates.** What a switch finds is a list of candidates. Each has a *header*, a slot and the hash of a second
//!    equality, which rejects most of them; the *residual program* of the route then checks its whole condition.
//!
//! A table of few routes is decided at once instead, by its [clauses].
//!
//! In the literature this is an index by access predicates. The work to match is bounded by the number of candidates,
//! which is never more than the routes of the message's groups (times the disjuncts under which a route is filed, which
//! a [budget](crate::limits::Budgets) bounds): at worst it is the linear scan. Building takes time and memory linear in
//! the conditions, but for the sorting of intervals.

mod access;
mod build;
mod clauses;
mod debug;
mod hash;
mod keys;
mod program;
mod source;
mod switch;
mod text;

use crate::body::BodyPath;
use crate::hir::Property;
use crate::id::define_id;
use crate::message::{NameHint, NameOf, Stamp};
use crate::predicate::{Reads, Slot, SlotKind, Vocabulary};

pub(crate) use access::MAX_FILED_TEXT;
pub(crate) use build::{TooManyReads, TreeBuilder};
pub(crate) use clauses::Clauses;
pub(crate) use debug::{ListedFiling, ListedGroup};
pub(crate) use hash::{HashKey, ValueHash, Words};
pub(crate) use keys::{Keys, KnownNames, Readers};
pub(crate) use program::{MAX_SLOTS, Program, ProgramAt, Programs, decode, decode_equality};
pub(crate) use source::Sources;
pub(crate) use switch::{AffixEnd, AffixSwitch, Candidates, Group, NumberSwitch, Space, Split, Switches};
pub(crate) use text::Texts;

define_id! {
    /// A route of a tree.
    pub(crate) struct RouteId
}

define_id! {
    /// The routes from one source.
    pub(crate) struct GroupId
}

/// A frozen tree.
#[derive(Debug)]
pub(crate) struct Tree {
    /// No other tree of this process has it.
    pub(crate) id: u64,
    pub(crate) key: HashKey,
    /// The names of application properties, and of system properties.
    pub(crate) application: Keys,
    pub(crate) system: Keys,
    /// What reads each stamp.
    stamps: [Readers; 4],
    pub(crate) sources: Sources,
    /// By [`GroupId`].
    pub(crate) groups: Box<[Group]>,
    pub(crate) candidates: Box<[Candidate]>,
    pub(crate) switches: Switches,
    /// Those of a small table, whose groups are empty then.
    pub(crate) clauses: Option<Clauses>,
    pub(crate) programs: Programs,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) texts: Texts,
    pub(crate) bodies: Bodies,
    /// The program of the fallback route, if there is one.
    pub(crate) fallback: Option<ProgramAt>,
    /// How routes were filed, for `stats()`.
    pub(crate) filed: Filed,
}

impl Tree {
    /// The slots that read a stamp.
    #[inline]
    pub(crate) fn stamp(&self, stamp: Stamp) -> Readers {
        self.stamps.get(stamp as usize).copied().unwrap_or(Readers::NONE)
    }

    /// Whether any stamp is read.
    #[inline]
    pub(crate) fn reads_stamps(&self) -> bool {
        self.stamps.iter().any(|readers| readers.first != Slot::NONE)
    }

    /// Where a name is read.
    pub(crate) fn hint(&self, of: NameOf, name: &str) -> NameHint {
        NameHint { tree: self.id, of, entry: self.keys(of).index(&self.key, name) }
    }

    /// What reads the name of a [hint](Self::hint) that this tree gave for a property of this kind; `None` without one.
    #[inline]
    pub(crate) fn hinted(&self, of: NameOf, hint: Option<NameHint>) -> Option<Readers> {
        let hint = hint.filter(|hint| hint.tree == self.id && hint.of == of)?;
        Some(self.keys(of).readers(hint.entry))
    }

    #[inline]
    fn keys(&self, of: NameOf) -> &Keys {
        match of {
            NameOf::Application => &self.application,
            NameOf::System => &self.system,
        }
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let groups: usize = self.groups.iter().map(|group| size_of::<Group>() + group.heap_bytes()).sum();
        self.application.heap_bytes()
            + self.system.heap_bytes()
            + self.sources.heap_bytes()
            + groups
            + size_of_val(&*self.candidates)
            + self.switches.heap_bytes()
            + self.clauses.as_ref().map_or(0, Clauses::heap_bytes)
            + self.programs.heap_bytes()
            + self.vocabulary.heap_bytes()
            + self.texts.heap_bytes()
            + self.bodies.heap_bytes()
    }
}

/// What is read of bodies.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    /// The slots that hold `contentType` and `contentEncoding`; `None` where no route looks at a body.
    pub(crate) content: Option<(Slot, Slot)>,
    /// For each slot the number of its path among those that are read, `u32::MAX` for a property; empty where no route
    /// looks at a body.
    pub(crate) numbers: Box<[u32]>,
    /// For each path the slot of the application property that goes before it.
    pub(crate) shadows: Box<[Option<Slot>]>,
    /// The paths.
    pub(crate) paths: Box<[BodyPath]>,
}

impl Bodies {
    fn heap_bytes(&self) -> usize {
        size_of_val(&*self.numbers) + size_of_val(&*self.shadows) + size_of_val(&*self.paths)
    }

    fn of(reads: &mut Reads) -> Self {
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
                    u32::try_from(paths.len() - 1).unwrap_or(u32::MAX)
                }
                _ => u32::MAX,
            })
            .collect();
        Self { content: Some((content_type, content_encoding)), numbers, shadows: shadows.into(), paths: paths.into() }
    }
}

/// A route that a message may match.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Candidate {
    /// The header: this slot must have this hash. Past the last slot stands one that always has
    /// [`PRESENT`](ValueHash::PRESENT).
    pub(crate) slot: u32,
    pub(crate) hash: ValueHash,
    /// What must hold.
    pub(crate) program: ProgramAt,
}

/// How many filings there are of each kind.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filed {
    /// Routes whose condition can never be true; they are filed nowhere.
    pub(crate) never: usize,
    /// Clauses of a small table; then there is nothing else.
    pub(crate) clauses: usize,
    /// In the list of a small group.
    pub(crate) listed: usize,
    pub(crate) equal: usize,
    pub(crate) affix: usize,
    pub(crate) number: usize,
    pub(crate) value: usize,
    pub(crate) present: usize,
    /// In a large group, but under no test.
    pub(crate) always: usize,
    /// Routes over the budget of filings.
    pub(crate) over_budget: usize,
}
