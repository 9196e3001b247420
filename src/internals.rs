//! The parts of the engine that the benches, the fuzz targets and the other crates of this repository use: the body
//! scanner, and the listing of an index. Not part of the public interface; any release may change it.

pub use crate::index::{ListedGroup, ListedPosting, LocalRouteId};
pub use crate::table::SegmentListing;

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

/// The values that the scanner found, one for each path.
#[derive(Clone, Debug)]
pub struct BodyScalars<'m>(Box<[Scalar<'m>]>);

impl BodyScanner {
    /// Creates a scanner for these paths, which reads bodies nested up to `max_depth` containers deep. Allocates.
    #[must_use]
    pub fn new(paths: &[BodyPath], max_depth: usize) -> Self {
        let plan = BodyPlan::new(paths);
        Self { scratch: BodyScratch::new(&plan, max_depth), plan, max_depth }
    }

    /// Like [`new`](Self::new), with a look-ahead of `window` members, at least one, for paths that can reach several
    /// values. The window changes the cost of a scan, never its result. Allocates.
    #[must_use]
    pub fn with_window(paths: &[BodyPath], max_depth: usize, window: usize) -> Self {
        let plan = BodyPlan::new(paths);
        Self { scratch: BodyScratch::with_window(&plan, max_depth, window), plan, max_depth }
    }

    /// Scans a body. Allocates nothing.
    ///
    /// # Errors
    /// Fails with the offset at which the body is unreadable.
    #[inline]
    pub fn scan<'m>(&mut self, body: &'m [u8], encoding: Encoding, found: &mut BodyScalars<'m>) -> Result<(), usize> {
        self.plan
            .scan(body, encoding, self.max_depth, &mut self.scratch, &mut found.0)
            .map_err(|invalid| invalid.offset)
    }
}

impl BodyScalars<'_> {
    /// Creates room for the values of this number of paths. Allocates.
    #[must_use]
    pub fn new(paths: usize) -> Self {
        Self(vec![Scalar::Unreadable; paths].into())
    }

    /// Whether the scanner found `expected` at the path with this number.
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
