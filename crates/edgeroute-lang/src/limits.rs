//! Limits on the cost of a compilation.
//!
//! Route text and manifests come from outside, so every size that they control has a limit, and exceeding one is an
//! error that names it. The defaults are far above what people write.

/// Limits on the input of a compilation. Exceeding one is a diagnostic with a code `E05xx` that names the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum length of one route, in bytes. Default 1 MiB.
    pub route_bytes: usize,
    /// The maximum nesting of parentheses, calls and prefix operators in a condition. Default 1,000.
    pub nesting: usize,
    /// The maximum number of routes in one table. Default 4,000,000.
    pub routes: usize,
    /// The maximum nesting of a message body that queries can read. Default 64, as in the reference.
    pub body_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { route_bytes: 1 << 20, nesting: 1_000, routes: 4_000_000, body_depth: 64 }
    }
}

/// Limits on the work that building an index may spend on a route or group before it uses less selective tests. A
/// budget affects the cost of matching, never its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// The maximum number of clauses (routes, and further disjuncts of routes) that a table decides all at once, with
    /// one bit each, instead of filing routes under tests. At most 64, which is the default.
    pub clauses: usize,
    /// The maximum number of tests that a route may be filed under. A condition whose best cover has more is evaluated
    /// for every message of its source. Default 64.
    pub filings: usize,
    /// The number of routes a group may have before a switch splits it. Default 24.
    pub list: usize,
    /// The maximum number of prefix (or suffix) lengths of one property that a switch looks up; longer affixes are cut
    /// to one of these lengths. Default 8.
    pub affix_lengths: usize,
    /// The maximum number of routes for which a `RouteSet` recompiles all routes at every change, so
    /// that they stay one segment. Default 24.
    pub whole: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { clauses: 64, filings: 64, list: 24, affix_lengths: 8, whole: 24 }
    }
}

impl Budgets {
    /// Sets every budget to its minimum: every route is evaluated for every message of its source, and every change
    /// adds a segment.
    #[must_use]
    pub fn none() -> Self {
        Self { clauses: 0, filings: 0, list: 0, affix_lengths: 0, whole: 0 }
    }
}
