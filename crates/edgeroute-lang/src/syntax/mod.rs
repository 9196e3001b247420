//! Route text to syntax tree and back: tokens, lexer, tree, parser, printer.
//!
//! The language is given in `grammar/`. Knows no types: `5 + 'a'` parses.
//!
//! Nothing here recurses on its input, so no text can overflow the stack: trees are arenas in which an operand stands
//! before what uses it, and the parser keeps its open parentheses in a vector.

mod token;

pub(crate) mod address;
pub mod ast;
mod compare;
mod lexer;
pub(crate) mod misread;
mod parser;
pub(crate) mod placeholder;
mod printer;

pub use lexer::Lexer;
pub use parser::{Parsed, parse_condition, parse_route};
pub use printer::{canonical_condition, canonical_route, print_condition, print_route};
pub use token::{Token, TokenKind};
