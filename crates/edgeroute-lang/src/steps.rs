//! Counts work in steps of constant cost, each of which examines one item or up to 32 bytes.
//!
//! Only tests count; in any other build the counters do not exist. `docs/complexity.md` reports the counts.

#[cfg(any(test, feature = "count-steps"))]
use std::cell::Cell;

#[cfg(any(test, feature = "count-steps"))]
thread_local! {
    /// The steps of this thread so far.
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts one step.
#[inline]
pub fn step() {
    #[cfg(any(test, feature = "count-steps"))]
    STEPS.set(STEPS.get() + 1);
}

/// Counts `count` steps.
#[inline]
#[cfg_attr(not(any(test, feature = "count-steps")), expect(unused_variables, reason = "only tests count"))]
pub fn steps(count: usize) {
    #[cfg(any(test, feature = "count-steps"))]
    STEPS.set(STEPS.get() + u64::try_from(count).unwrap_or(u64::MAX));
}

/// Counts reading `length` adjacent bytes.
#[inline]
pub fn bytes(length: usize) {
    steps(1 + length / 32);
}

/// Counts the comparison of two strings that may be equal up to the end of the shorter one.
#[inline]
pub fn comparison(a: &str, b: &str) {
    bytes(a.len().min(b.len()));
}

/// Returns the number of steps that `run` takes, and its result.
#[cfg(any(test, feature = "count-steps"))]
pub fn counted<T>(run: impl FnOnce() -> T) -> (u64, T) {
    let before = STEPS.get();
    let result = run();
    (STEPS.get() - before, result)
}
