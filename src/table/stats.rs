//! What a table reads from messages, and how its routes were compiled.

use super::RouteTable;
use edgeroute_lang::predicate::SlotKind;

/// Lists what the routes of a table read from messages. Every list is sorted and has no duplicates.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub struct Interests {
    /// Names of application properties in upper case (names are compared without regard to case). If a route reads
    /// `$name`, this list contains `$NAME` and `system_properties` contains `NAME`.
    pub properties: Vec<String>,
    /// Names of system properties in upper case, without the `$`.
    pub system_properties: Vec<String>,
    /// Paths into the body, verbatim.
    pub body_paths: Vec<String>,
}

impl Interests {
    pub(super) fn of(table: &RouteTable) -> Self {
        let mut interests = Self::default();
        let Self { properties, system_properties, body_paths } = &mut interests;
        for segment in table.segments() {
            let index = &segment.matcher.index;
            properties.extend(index.application.names().map(str::to_owned));
            system_properties.extend(index.system.names().map(str::to_owned));
            body_paths.extend(index.interner.reads.iter().filter_map(|(_, kind)| match kind {
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

    /// Returns whether any route reads the body.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        !self.body_paths.is_empty()
    }
}

/// Statistics on how the routes of a table were compiled. A *posting* is an entry of the index: a test under which a
/// route is found. A route whose condition contains an `or` may have several postings. If the routes of the table were
/// [changed](super::RouteSet::apply), every count except `routes` includes removed routes that are still in the
/// segments.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub struct Stats {
    /// The number of routes, not counting the fallback.
    pub routes: usize,
    /// The number of segments, which are matched one after the other: one, if the table was built at once.
    pub segments: usize,
    /// The number of routes whose condition can never be true.
    pub never: usize,
    /// The number of different sources, counted separately for each segment.
    pub groups: usize,
    /// The number of terms in small tables: one for each route, or one for each disjunct. All terms of such a table are
    /// evaluated together, so it has no postings.
    pub terms: usize,
    /// The number of postings in groups small enough to be lists.
    pub listed: usize,
    /// The number of postings under an equality of a property.
    pub equal: usize,
    /// The number of postings under a prefix or suffix.
    pub affix: usize,
    /// The number of postings under an interval of numbers.
    pub number: usize,
    /// The number of postings under a body value.
    pub value: usize,
    /// The number of postings under the presence of a property.
    pub present: usize,
    /// The number of postings in large groups that no test selects. They are checked for every message from their
    /// source.
    pub always: usize,
    /// The number of routes that would have needed more postings than
    /// [`Budgets::postings`](edgeroute_lang::limits::Budgets::postings) allows.
    pub over_budget: usize,
    /// The number of bytes on the heap, including names and endpoints.
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
            let index = &segment.matcher.index;
            let counts = index.counts;
            stats.groups += index.groups.len();
            stats.never += counts.never;
            stats.terms += counts.terms;
            stats.listed += counts.listed;
            stats.equal += counts.equal;
            stats.affix += counts.affix;
            stats.number += counts.number;
            stats.value += counts.value;
            stats.present += counts.present;
            stats.always += counts.always;
            stats.over_budget += counts.over_budget;
        }
        stats
    }
}
