//! Contenders side by side: built, checked against the expected deliveries, and timed by turns in one process.
//!
//! What disturbs a measurement (another program, a hot core) disturbs all contenders of a round alike, and the median
//! over the rounds forgets it. Absolute figures tell the scale; ratios are what to compare.

mod linear;
pub mod timing;
mod winners;

pub use linear::Linear;
pub use winners::Winners;

use std::time::Instant;

use crate::workloads::WorkMessage;

/// Something that decides which routes deliver a message.
pub trait Contender<'m> {
    /// Takes the messages that the calls after this are about, and brings them into whatever form this contender
    /// expects of a hub that serves it. This is not timed, so it may only do what a hub does anyway when it decodes a
    /// message.
    fn load(&mut self, messages: &'m [WorkMessage]);

    /// Matches the message at `index` of those loaded, looks at each delivery, and gives their number. This is what is
    /// timed.
    fn count(&mut self, index: usize) -> usize;

    /// Appends the routes that deliver the message at `index`, in any order, by their place in the table.
    fn deliveries(&mut self, index: usize, into: &mut Vec<usize>);

    /// Matches `batch` messages beginning at `start`, going round the `loaded` ones. Gives the number of deliveries.
    /// One virtual call a batch.
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

/// What it cost to build something.
#[derive(Copy, Clone, Debug)]
pub struct BuildCost {
    pub nanoseconds: f64,
    /// The heap that it holds once built.
    pub bytes: f64,
}

/// Builds something, timed, its heap counted.
pub fn measure_build<T>(construct: impl FnOnce() -> T) -> (T, BuildCost) {
    let mut result = None;
    let mut nanoseconds = 0.0;
    let heap = allocation_counter::measure(|| {
        let start = Instant::now();
        result = Some(construct());
        nanoseconds = start.elapsed().as_secs_f64() * 1e9;
    });
    let Some(built) = result else { unreachable!("the closure has run") };
    // Nothing was freed that was there before, so that the difference is not negative.
    let bytes = usize::try_from(heap.bytes_current).map_or(f64::NAN, as_f64);
    (built, BuildCost { nanoseconds, bytes })
}

/// How many allocations it takes to match the first `count` messages once each.
pub fn allocations(contender: &mut dyn Contender<'_>, count: usize) -> u64 {
    let heap = allocation_counter::measure(|| {
        std::hint::black_box(contender.count_batch(0, count, count));
    });
    heap.count_total
}

/// How many of the first `expected.len()` messages this contender delivers otherwise than expected, by the routes that
/// deliver or by their number.
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

/// A count as a number to calculate with; counts here are far below 2^32.
pub fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
