//! The repository: documents that must agree with the code, words to avoid, and the direction of dependencies.

#[cfg(test)]
mod citations;
#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod deviations;
#[cfg(test)]
mod files;
#[cfg(test)]
mod layering;
#[cfg(test)]
mod security;
#[cfg(test)]
mod wording;
