//! Work, counted: steps of constant cost, each a look at one thing or at up to 32 bytes.
//!
//! Only the tests of this crate count (`matcher/tests`, `table/tests`); in any other build nothing of it is left.
//! `docs/complexity.md` says what was counted.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    /// Steps of this thread so far.
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Notes a step.
#[inline]
pub(crate) fn step() {
    #[cfg(test)]
    STEPS.set(STEPS.get() + 1);
}

/// Notes so many steps.
#[inline]
#[cfg_attr(not(test), expect(unused_variables, reason = "only tests count"))]
pub(crate) fn steps(count: usize) {
    #[cfg(test)]
    STEPS.set(STEPS.get() + u64::try_from(count).unwrap_or(u64::MAX));
}

/// Notes a look at so many bytes that stand together.
#[inline]
pub(crate) fn bytes(length: usize) {
    steps(1 + length / 32);
}

/// Notes the comparison of two texts that may be equal up to the end of the shorter one.
#[inline]
pub(crate) fn comparison(a: &str, b: &str) {
    bytes(a.len().min(b.len()));
}

/// The steps that `run` takes.
#[cfg(test)]
pub(crate) fn counted<T>(run: impl FnOnce() -> T) -> (u64, T) {
    let before = STEPS.get();
    let result = run();
    (STEPS.get() - before, result)
}

#[cfg(test)]
mod tests;
