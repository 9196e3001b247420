//! Lists the public interface of the crate `edgeroute`, from the sources, in a file that a reviewer reads as a diff.
//!
//! The listing starts at the crate's root and follows `pub use`, also into `edgeroute_lang`. A name that cannot be
//! resolved is an error, so that nothing is missing from the listing.

mod listing;
mod macros;
mod print;
mod sources;
#[cfg(test)]
mod tests;

use std::path::Path;

use sources::Sources;

const HEADER: &str = "\
# The public interface of the crate `edgeroute`, written by `cargo xtask docs` from the sources. Do not edit.
#
# - Each item has one line, under the path that a user writes. Items with several paths are listed under the shortest.
# - Types in signatures are written as in the source, without the path under which a user finds them.
# - Includes all features: `#[cfg(..)]` shows what an item needs. Leaves out `#[doc(hidden)]` items and auto traits.
# - Includes the items that the macros of the sources generate.
# - `{ .. }` and `(..)`: the struct has private fields.
# - `for impl<..> X`: only types `X` have the method.
";

/// Returns the listing of the repository at this path.
pub(crate) fn text(root: &Path) -> Result<String, String> {
    let engine = sources::read(&root.join("src/lib.rs"))?;
    let language = sources::read(&root.join("crates/edgeroute-lang/src/lib.rs"))?;
    let sources = Sources::new(vec![("edgeroute", engine), ("edgeroute_lang", language)])?;
    Ok(format!("{HEADER}\n{}", listing::text(&sources, "edgeroute")?))
}
