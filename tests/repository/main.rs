//! The repository: documents that must agree with the code, and the direction of dependencies.

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
