//! Tests of the command line.

#[cfg(test)]
mod about;
#[cfg(test)]
mod command;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod fmt;
#[cfg(test)]
mod inputs;
#[cfg(test)]
mod lint_command;
#[cfg(test)]
mod matching;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod record;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod test;
#[cfg(test)]
mod tour;
#[cfg(test)]
mod workflows;
