//! What a compilation may cost.
//!
//! Route text and manifests come from outside, so every size that they can drive has a limit, and going over one is an
//! error that names it. The defaults are far beyond what people write.

/// Bounds on what is compiled. Going over one is a diagnostic with the code `E05xx` that names the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text of one route, in bytes. Default 1 MiB.
    pub route_bytes: usize,
    /// How deep parentheses, calls and prefix operators may nest in a condition. Default 1,000.
    pub nesting: usize,
    /// The most routes in one table. Default 4,000,000.
    pub routes: usize,
    /// How deep a message body may nest for body queries to see it. Default 64, the reference's own.
    pub body_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { route_bytes: 1 << 20, nesting: 1_000, routes: 4_000_000, body_depth: 64 }
    }
}

/// What building a tree may spend on a route or group before it settles for less selective tests. A budget changes what
/// matching costs, never what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Up to how many clauses (routes, and further disjuncts of routes) a table decides them all at once, a bit for each,
    /// instead of filing routes under tests. At most 64, which is the default.
    pub clauses: usize,
    /// Under how many tests a route may be filed. A condition whose best cover has more is looked at for every message
    /// of its source. Default 64.
    pub filings: usize,
    /// How many routes a group may have before it is split by a switch. Default 24.
    pub list: usize,
    /// How many lengths of prefixes (or suffixes) of one property a switch may look up; further ones are cut to a
    /// shorter length. Default 8.
    pub affix_lengths: usize,
    /// Up to how many routes a [`RouteSet`](crate::RouteSet) compiles all of them anew at every change, so that they
    /// stay one segment. Default 24.
    pub whole: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { clauses: 64, filings: 64, list: 24, affix_lengths: 8, whole: 24 }
    }
}

impl Budgets {
    /// No budget at all: every route is looked at for every message of its source, and every change makes a segment.
    #[must_use]
    pub fn none() -> Self {
        Self { clauses: 0, filings: 0, list: 0, affix_lengths: 0, whole: 0 }
    }
}
