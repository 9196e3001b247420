//! What must hold for all texts, trees and messages.

#[cfg(test)]
mod linting;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod texts;

#[cfg(test)]
mod formatting;
#[cfg(test)]
mod interpreting;
#[cfg(test)]
mod parsing;
#[cfg(test)]
mod printing;
#[cfg(test)]
mod reloading;

/// Quick enough to run always; `PROPTEST_CASES` asks for more. A failure prints its shrunk input, which then becomes a
/// test of its own.
#[cfg(test)]
fn config(cases: u32) -> proptest::test_runner::Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(cases);
    proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() }
}
