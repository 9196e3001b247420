//! Holds the lexer and the parser to the files of `grammar/`: what the files derive is accepted, what they do not is
//! refused, and texts are cut into tokens as their rules say.

#[cfg(test)]
mod derive;
#[cfg(test)]
mod ebnf;
#[cfg(test)]
mod munch;
#[cfg(test)]
mod random;
#[cfg(test)]
mod recognise;

#[cfg(test)]
mod body_paths;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod measured;
#[cfg(test)]
mod sentences;
#[cfg(test)]
mod token_rules;
