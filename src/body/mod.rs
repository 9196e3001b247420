//! Message bodies: paths into them, and what is found there.

/// A path into a body.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct BodyPath {}
