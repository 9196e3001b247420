//! Limits on the cost of a compilation.
//!
//! Route text and manifests come from outside, so every size that they control has a limit, and exceeding one is an
//! error that names it. The defaults are far above what people write.

/// Limits on the input of a compilation. Exceeding one is a diagnostic with a code `E05xx` that names the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

impl Limits {
    /// Sets the maximum length of one route, in bytes.
    #[must_use]
    pub const fn with_route_bytes(mut self, route_bytes: usize) -> Self {
        self.route_bytes = route_bytes;
        self
    }

    /// Sets the maximum nesting of a condition.
    #[must_use]
    pub const fn with_nesting(mut self, nesting: usize) -> Self {
        self.nesting = nesting;
        self
    }

    /// Sets the maximum number of routes in one table.
    #[must_use]
    pub const fn with_routes(mut self, routes: usize) -> Self {
        self.routes = routes;
        self
    }

    /// Sets the maximum nesting of a message body that queries can read.
    #[must_use]
    pub const fn with_body_depth(mut self, body_depth: usize) -> Self {
        self.body_depth = body_depth;
        self
    }
}

/// Limits on the work that building an index may spend on a route or group before it uses less selective tests. A
/// budget affects the cost of matching, never its result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budgets {
    /// The maximum number of terms of a table that is decided all at once, with one bit for each term, and therefore
    /// has no postings. A route has one term, or one for each disjunct. At most 64, which is the default.
    pub terms: usize,
    /// The maximum number of postings of a route. If every cover of its condition has more tests, the condition is
    /// evaluated for every message from its source. Default 64.
    pub postings: usize,
    /// The maximum number of routes of a group that is a list. Larger groups are split by lookups. Default 24.
    pub list: usize,
    /// The maximum number of prefix (or suffix) lengths of one property that are looked up; longer affixes are cut to
    /// one of these lengths. Default 8.
    pub affix_lengths: usize,
    /// The maximum number of routes for which a `RouteSet` recompiles all routes at every change, so that they stay one
    /// segment. Default 24.
    pub whole: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { terms: 64, postings: 64, list: 24, affix_lengths: 8, whole: 24 }
    }
}

impl Budgets {
    /// Sets every budget to its minimum: every route is evaluated for every message of its source, and every change
    /// adds a segment.
    #[must_use]
    pub fn none() -> Self {
        Self { terms: 0, postings: 0, list: 0, affix_lengths: 0, whole: 0 }
    }

    /// Sets the maximum number of terms of a table that is decided all at once.
    #[must_use]
    pub const fn with_terms(mut self, terms: usize) -> Self {
        self.terms = terms;
        self
    }

    /// Sets the maximum number of postings of a route.
    #[must_use]
    pub const fn with_postings(mut self, postings: usize) -> Self {
        self.postings = postings;
        self
    }

    /// Sets the maximum number of routes of a group that is a list.
    #[must_use]
    pub const fn with_list(mut self, list: usize) -> Self {
        self.list = list;
        self
    }

    /// Sets the maximum number of prefix (or suffix) lengths of one property that are looked up.
    #[must_use]
    pub const fn with_affix_lengths(mut self, affix_lengths: usize) -> Self {
        self.affix_lengths = affix_lengths;
        self
    }

    /// Sets the maximum number of routes for which a `RouteSet` recompiles all routes at every change.
    #[must_use]
    pub const fn with_whole(mut self, whole: usize) -> Self {
        self.whole = whole;
        self
    }
}
