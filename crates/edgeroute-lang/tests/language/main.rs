//! The language: grammar, errors, printing, interpreting and formatting.

#[cfg(test)]
mod formatting;
#[cfg(test)]
mod grammar;
#[cfg(test)]
mod help;
#[cfg(test)]
mod interpreting;
#[cfg(test)]
mod parsing;
#[cfg(test)]
mod printing;
