//! Holds the lexer and the parser to the files of `grammar/`: what the files derive is accepted, what they do not is
//! refused, and texts are cut into tokens as their rules say.

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
