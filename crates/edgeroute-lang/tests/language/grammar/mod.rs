//! Checks the lexer and the parser against the files of `grammar/`: sentences of the grammar are accepted, other texts
//! are rejected, and texts are split into tokens as the rules say.

mod derive;
mod ebnf;
mod munch;
mod random;
mod recognise;

mod body_paths;
mod documents;
mod measured;
mod semantics;
mod sentences;
mod token_rules;
