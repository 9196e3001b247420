//! Message bodies: paths into them, and what is found there.
//!
//! [`BodyPath`] is what a `$body...` query compiles to.

mod path;

pub use path::{BodyPath, PathError, Step};
