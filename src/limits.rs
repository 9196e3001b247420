//! What a compilation may cost.
//!
//! Route text and manifests come from outside, so every size that they can drive has a limit, and going over one is an
//! error that names it. The defaults are far beyond what people write.

/// Bounds on what is compiled. Going over one is a diagnostic with the code `E05xx` that names the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
