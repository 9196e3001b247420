//! Properties of all tables and messages: the index agrees with the interpreter.

mod corners;

mod printed;
mod properties;
mod shared;
mod small;
mod spliced;
