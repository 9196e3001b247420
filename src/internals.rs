//! What the benches and fuzz targets of this repository need to see of the library's inside. There only with the feature
//! `internals`; no part of the public interface, and changed without notice.

pub use crate::index::{ListedGroup, ListedPosting, RouteId};
pub use crate::table::Listing;

use crate::search::body::{BodyPlan, BodyScratch};
use crate::search::scalar::Scalar;
use edgeroute_lang::body::{BodyPath, Encoding, Found};

/// The body scanner of the matcher, with all memory that it needs.
#[derive(Debug)]
pub struct BodyScanner {
    plan: BodyPlan,
    scratch: BodyScratch,
    max_depth: usize,
}

/// What the scanner has found.
#[derive(Clone, Debug)]
pub struct BodyScalars<'m>(Box<[Scalar<'m>]>);

impl BodyScanner {
    /// A scanner for these paths, in bodies nested up to this depth. Allocates.
    #[must_use]
    pub fn new(paths: &[BodyPath], max_depth: usize) -> Self {
        let plan = BodyPlan::new(paths);
        Self { scratch: BodyScratch::new(&plan, max_depth), plan, max_depth }
    }

    /// Same as [`new`](Self::new), but for paths that can reach several values, the scanner looks this many members
    /// ahead, at least one. The window does not change the result. Allocates.
    #[must_use]
    pub fn with_window(paths: &[BodyPath], max_depth: usize, window: usize) -> Self {
        let plan = BodyPlan::new(paths);
        Self { scratch: BodyScratch::with_window(&plan, max_depth, window), plan, max_depth }
    }

    /// Scans a body. Allocates nothing.
    ///
    /// # Errors
    /// The offset at which the body is unreadable.
    #[inline]
    pub fn scan<'m>(&mut self, body: &'m [u8], encoding: Encoding, found: &mut BodyScalars<'m>) -> Result<(), usize> {
        self.plan
            .scan(body, encoding, self.max_depth, &mut self.scratch, &mut found.0)
            .map_err(|invalid| invalid.offset)
    }
}

impl BodyScalars<'_> {
    /// Room for this many paths. Allocates.
    #[must_use]
    pub fn new(paths: usize) -> Self {
        Self(vec![Scalar::Unreadable; paths].into())
    }

    /// Whether the scanner has found this for the path of that number.
    #[must_use]
    pub fn is(&self, number: usize, expected: Found<'_>) -> bool {
        let Some(&scalar) = self.0.get(number) else {
            return false;
        };
        match (scalar, expected) {
            (Scalar::Unreadable, Found::Impossible)
            | (Scalar::Missing, Found::Missing)
            | (Scalar::Null, Found::Null)
            | (Scalar::Undefined, Found::Date | Found::Array | Found::Object | Found::Several) => true,
            (Scalar::Bool(scalar), Found::Bool(expected)) => scalar == expected,
            (Scalar::Number(scalar), Found::Number(expected)) => scalar.to_bits() == expected.to_bits(),
            (Scalar::Text(scalar), Found::Text(expected)) => scalar == *expected,
            _ => false,
        }
    }
}
