//! Parses route text into a syntax tree and prints it: tokens, lexer, tree, parser, printer.
//!
//! `grammar/` specifies the language. This stage knows no types: `5 + 'a'` parses.
//!
//! Nothing here recurses on its input, so no text can overflow the stack. Trees are arenas in which operands come
//! before their users, and the parser keeps its open parentheses in a vector.

mod token;

pub mod address;
pub mod ast;
mod compare;
mod lexer;
pub mod misread;
mod parser;
pub mod placeholder;
mod printer;

pub use lexer::Lexer;
pub use parser::{Parsed, parse_condition, parse_route};
pub use printer::{canonical_condition, canonical_route, print_condition, print_route};
pub use token::{Token, TokenKind};
