//! What a table reads of messages, and how its routes were compiled.

use super::RouteTable;
use edgeroute_lang::predicate::SlotKind;

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
    pub(super) fn of(table: &RouteTable) -> Self {
        let mut interests = Self::default();
        let Self { properties, system_properties, body_paths } = &mut interests;
        for segment in table.segments() {
            let tree = &segment.matcher.tree;
            properties.extend(tree.application.names().map(str::to_owned));
            system_properties.extend(tree.system.names().map(str::to_owned));
            body_paths.extend(tree.vocabulary.reads.iter().filter_map(|(_, kind)| match kind {
                SlotKind::Body { path, .. } => Some(path.as_str().to_owned()),
                _ => None,
            }));
        }
        for names in [properties, system_properties, body_paths] {
            names.sort_unstable();
            names.dedup();
        }
        interests
    }

    /// Whether any route looks at the body.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        !self.body_paths.is_empty()
    }
}

/// How the routes of a table were compiled. A *filing* is a test under which a route is found; a route whose condition
/// has an `or` may have several. Of a table whose routes were [changed](super::RouteSet::apply), all but the first field
/// count routes, too, that are gone but still in its segments.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Routes, the fallback not counted.
    pub routes: usize,
    /// Parts that are matched one after the other: one, where the table was built at once.
    pub segments: usize,
    /// Routes whose condition can never be true.
    pub never: usize,
    /// Different sources, counted for each segment.
    pub groups: usize,
    /// Terms of small tables: one for each route, or for each disjunct of one. They are decided all at once, so nothing
    /// of such a table is filed.
    pub clauses: usize,
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
    /// Routes that would have needed more filings than [`Budgets::filings`](edgeroute_lang::limits::Budgets::filings) allows.
    pub over_budget: usize,
    /// Bytes on the heap, those of names and endpoints included.
    pub heap_bytes: usize,
}

impl Stats {
    pub(super) fn of(table: &RouteTable) -> Self {
        let mut stats = Self {
            routes: table.len(),
            segments: table.inner.segments.len(),
            heap_bytes: table.memory_usage(),
            ..Self::default()
        };
        for segment in table.segments() {
            let tree = &segment.matcher.tree;
            let filed = tree.filed;
            stats.groups += tree.groups.len();
            stats.never += filed.never;
            stats.clauses += filed.clauses;
            stats.listed += filed.listed;
            stats.equal += filed.equal;
            stats.affix += filed.affix;
            stats.number += filed.number;
            stats.value += filed.value;
            stats.present += filed.present;
            stats.always += filed.always;
            stats.over_budget += filed.over_budget;
        }
        stats
    }
}
