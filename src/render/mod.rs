//! Pictures of what was compiled.

mod tree;

pub use tree::tree_dot;
