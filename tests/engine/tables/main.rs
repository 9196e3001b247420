//! What must hold for all tables and messages: the tree gives what the interpreter gives.

#[cfg(test)]
mod changed;
#[cfg(test)]
mod corners;
#[cfg(test)]
mod explained;
#[cfg(test)]
mod linted;
#[cfg(test)]
mod shared;

#[cfg(test)]
mod printed;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod small;
#[cfg(test)]
mod spliced;
