//! Message bodies: paths into them, and what is found there.
//!
//! [`BodyPath`] is what a `$body...` query compiles to. [`Document`] reads a body whole and plainly; it is what body
//! queries mean, and what any faster way is tested against.

mod document;
mod encoding;
mod path;
mod reader;

pub use document::{BodyValue, Document, Found};
pub(crate) use encoding::Characters;
pub use encoding::Encoding;
pub use path::{BodyPath, PathError, Step};
pub use reader::Unreadable;
