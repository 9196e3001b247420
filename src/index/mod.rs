//! The index over all routes of a table.
//!
//! The index has three levels. At each level, a message follows the edges that its values select and also an *always*
//! edge. So a route is never copied into the branches of a test that it does not have:
//!
//! 1. **Source.** A trie over the segments of the message's source finds the groups of routes that accept this source.
//!    There is one group for each distinct FROM.
//! 2. **Lookup.** A large group is split by *access tests*: each route has a posting under the test of its condition
//!    that the fewest messages satisfy (one test for each disjunct of an `or`). One hash table holds the equalities of
//!    all properties, and also the prefixes and suffixes, by length. Number intervals are sorted into classes by width.
//!    Small groups, and routes without a selective test, are kept in a list.
//! 3. **Candidates.** A lookup finds a list of candidates. Each candidate has a *header*: a slot and the hash of a
//!    second equality. The header rejects most candidates; the *residual program* of the route then checks the whole
//!    condition.
//!
//! A small table is not split. Its routes are all decided at once by their [terms](bitset).
//!
//! In the literature this is an index by access predicates. The cost of matching is bounded by the number of
//! candidates. That number never exceeds the number of routes in the message's groups, times the number of disjuncts
//! under which a route has postings, which a [budget](edgeroute_lang::limits::Budgets) bounds. So the worst case is a
//! linear scan. Building takes time and memory linear in the size of the conditions, except for sorting the intervals.

mod access;
mod bitset;
mod build;
mod compiled;
mod debug;
mod hash;
mod id;
mod keys;
mod lookup;
mod program;
mod source;
mod text;

pub(crate) use bitset::Terms;
pub(crate) use build::{IndexBuilder, TooManyReads};
pub(crate) use compiled::Index;
pub use debug::{ListedGroup, ListedPosting};
pub(crate) use hash::{HashSeed, ValueHash, Words};
pub(crate) use id::GroupId;
pub use id::LocalRouteId;
pub(crate) use keys::{KnownNames, Readers};
pub(crate) use lookup::{
    AffixLookup, Candidates, EqualLookup, Lookups, NumberClass, NumberLookup, SlotSet, Space, Split,
};
pub(crate) use program::{FrequentTest, MAX_SLOTS, ProgramAt, decode, decode_frequent};
pub(crate) use text::Texts;
