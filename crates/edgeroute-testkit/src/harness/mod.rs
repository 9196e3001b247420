//! Runs contenders side by side: builds them, checks them against the expected deliveries, and times them in turn in
//! one process.
//!
//! A disturbance (another program, a hot core) affects all contenders of a round alike, and the median over the rounds
//! removes it. Compare the ratios; the absolute figures only show the scale.

mod linear;
pub mod timing;
mod winners;

pub use linear::Linear;
pub use winners::Winners;

use std::time::Instant;

use crate::workloads::WorkMessage;

/// A contender: decides which routes deliver a message.
pub trait Contender<'m> {
    /// Takes the messages for the following calls and converts them into the form that this contender expects from a
    /// hub. This is not timed, so it may do only what a hub does anyway when it decodes a message.
    fn load(&mut self, messages: &'m [WorkMessage]);

    /// Matches the loaded message at `index`, examines each delivery, and returns their number. This is the timed part.
    fn count(&mut self, index: usize) -> usize;

    /// Appends the routes that deliver the message at `index`, in any order, by their index in the workload.
    fn deliveries(&mut self, index: usize, into: &mut Vec<usize>);

    /// Matches `batch` messages from `start` on, wrapping around after `loaded`. Returns the number of deliveries.
    /// Costs one virtual call per batch.
    fn count_batch(&mut self, start: usize, batch: usize, loaded: usize) -> usize {
        let mut index = start;
        let mut deliveries = 0;
        for _ in 0..batch {
            deliveries += self.count(index);
            index += 1;
            if index == loaded {
                index = 0;
            }
        }
        deliveries
    }
}

/// The cost of building something.
#[derive(Copy, Clone, Debug)]
pub struct BuildCost {
    pub nanoseconds: f64,
    /// The heap memory that it holds once built.
    pub bytes: f64,
}

/// Builds something, and measures the time and heap memory that it takes.
pub fn measure_build<T>(construct: impl FnOnce() -> T) -> (T, BuildCost) {
    let mut result = None;
    let mut nanoseconds = 0.0;
    let heap = allocation_counter::measure(|| {
        let start = Instant::now();
        result = Some(construct());
        nanoseconds = start.elapsed().as_secs_f64() * 1e9;
    });
    let Some(built) = result else { unreachable!("the closure has run") };
    // Nothing that existed before was freed, so the difference is not negative.
    let bytes = usize::try_from(heap.bytes_current).map_or(f64::NAN, as_f64);
    (built, BuildCost { nanoseconds, bytes })
}

/// The number of allocations when the first `count` messages are matched once each.
pub fn allocations(contender: &mut dyn Contender<'_>, count: usize) -> u64 {
    let heap = allocation_counter::measure(|| {
        std::hint::black_box(contender.count_batch(0, count, count));
    });
    heap.count_total
}

/// The number of the first `expected.len()` messages for which this contender disagrees with the expected deliveries,
/// either in the routes or in their number.
pub fn wrong_answers(contender: &mut dyn Contender<'_>, expected: &[Vec<usize>]) -> usize {
    let mut answer = Vec::new();
    expected
        .iter()
        .enumerate()
        .filter(|(index, expected)| {
            answer.clear();
            contender.deliveries(*index, &mut answer);
            answer.sort_unstable();
            answer != **expected || contender.count(*index) != expected.len()
        })
        .count()
}

/// Converts a count to a float; counts here are far below 2^32.
pub fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
