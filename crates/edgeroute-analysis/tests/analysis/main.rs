//! Tests of the reports about routes: lints, codes and their pages, SARIF.

#[cfg(test)]
mod advice;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod diffing;
#[cfg(test)]
mod linting;
#[cfg(test)]
mod lints;
#[cfg(test)]
mod sarif;
#[cfg(test)]
mod suppressing;
