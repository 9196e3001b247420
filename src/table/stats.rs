//! What a table reads of messages, and how its routes were compiled.

use super::RouteTable;
use crate::predicate::SlotKind;
use crate::tree::Tree;

/// What the routes of a table read of messages. Everything sorted, without doubles.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Interests {
    /// Application properties, upper-cased (names compare ignoring case). Where a route reads `$name`, both the
    /// application property `$NAME` and the system property `NAME` are here.
    pub properties: Vec<String>,
    /// System properties, upper-cased, without the `$`.
    pub system_properties: Vec<String>,
    /// Paths into the body, as written.
    pub body_paths: Vec<String>,
}

impl Interests {
    pub(super) fn of(tree: &Tree) -> Self {
        let paths = tree.vocabulary.reads.iter().filter_map(|(_, kind)| match kind {
            SlotKind::Body { path, .. } => Some(path.as_str().to_owned()),
            _ => None,
        });
        let mut body_paths: Vec<String> = paths.collect();
        body_paths.sort_unstable();
        body_paths.dedup();
        Self {
            properties: tree.application.iter().map(|(name, _)| name.to_owned()).collect(),
            system_properties: tree.system.iter().map(|(name, _)| name.to_owned()).collect(),
            body_paths,
        }
    }

    /// Whether any route looks at the body.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        !self.body_paths.is_empty()
    }
}

/// How the routes of a table were compiled. A *filing* is a test under which a route is found; a route whose condition
/// has an `or` may have several.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Routes, the fallback not counted.
    pub routes: usize,
    /// Routes whose condition can never be true.
    pub never: usize,
    /// Different sources.
    pub groups: usize,
    /// Filings in groups that are small enough to be lists.
    pub listed: usize,
    /// Filings under an equality of a property.
    pub equal: usize,
    /// Filings under a prefix or suffix.
    pub affix: usize,
    /// Filings under an interval of numbers.
    pub number: usize,
    /// Filings under a body value.
    pub value: usize,
    /// Filings under the presence of a property.
    pub present: usize,
    /// Filings in a large group that no test selects: these are looked at for every message of their source.
    pub always: usize,
    /// Routes that would have needed more filings than [`Budgets::filings`](crate::limits::Budgets::filings) allows.
    pub over_budget: usize,
    /// Bytes on the heap, those of names and endpoints included.
    pub heap_bytes: usize,
}

impl Stats {
    pub(super) fn of(table: &RouteTable) -> Self {
        let tree = &table.inner.matcher.tree;
        let filed = tree.filed;
        Self {
            routes: table.len(),
            never: filed.never,
            groups: tree.groups.len(),
            listed: filed.listed,
            equal: filed.equal,
            affix: filed.affix,
            number: filed.number,
            value: filed.value,
            present: filed.present,
            always: filed.always,
            over_budget: filed.over_budget,
            heap_bytes: table.memory_usage(),
        }
    }
}
