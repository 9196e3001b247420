//! Message bodies: paths into them, and the values they find.
//!
//! A `$body...` query compiles to a [`BodyPath`]. [`Document`] reads a whole body in the simplest way. It defines the
//! meaning of body queries, and faster ways are tested against it.

mod document;
mod encoding;
mod path;
mod reader;

pub use document::{BodyValue, Document, Found, NearestMember};
pub use encoding::Characters;
pub use encoding::Encoding;
pub use path::{BodyPath, PathError, Step};
pub use reader::Unreadable;
