//! What must hold for all tables and messages: the tree gives what the interpreter gives.

mod corners;

mod printed;
mod properties;
mod small;
mod spliced;
