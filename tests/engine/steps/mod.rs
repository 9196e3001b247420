//! Complexity attacks: the cost of hostile routes and messages of growing size, in counted steps.
//!
//! A *shape* is a family of attacks by size. Its maximum cost is a line: a number of steps per hundred units of size,
//! and a floor for the cost that does not depend on size. `docs/complexity.md` has the curves, which `cargo test --release
//! --all-features --test engine steps::curves -- --ignored --nocapture` prints.

mod building;
mod curves;
mod matching;
mod spared;

/// The measured costs of a shape.
#[derive(Copy, Clone, Debug)]
struct Curve {
    name: &'static str,
    /// The maximum number of steps per hundred units of `size`.
    slope: u64,
    /// The unit of the sizes.
    unit: &'static str,
    points: [Point; 4],
}

/// The cost at one size.
#[derive(Copy, Clone, Debug)]
struct Point {
    size: u64,
    steps: u64,
}

/// The steps that do not depend on size.
const FLOOR: u64 = 500;

impl Curve {
    /// Measures four sizes, each double the one before. `measure` returns the actual size and the steps.
    fn new(
        name: &'static str,
        slope: u64,
        unit: &'static str,
        first: usize,
        measure: impl FnMut(usize) -> Point,
    ) -> Self {
        Self { name, slope, unit, points: [1, 2, 4, 8].map(|times| first * times).map(measure) }
    }

    /// # Panics
    /// Panics if a point is above the line, or if doubling the size more than doubles the work.
    fn assert_linear(&self) {
        let Self { name, slope, unit, points } = self;
        for Point { size, steps } in points {
            assert!(*steps <= FLOOR + slope * size / 100, "{name}: {steps} steps at {size} {unit}: {points:?}");
        }
        for pair in points.windows(2) {
            let [Point { size, steps }, Point { size: next_size, steps: next }] = pair else { continue };
            // Allows a fifth more than in proportion, because fixed costs weigh less at larger sizes.
            let proportional = steps * next_size / size;
            assert!(*next <= proportional + proportional / 5 + FLOOR, "{name}: more than linear: {points:?}");
        }
    }
}

/// Converts a length to a size.
fn size(length: usize) -> u64 {
    u64::try_from(length).expect("small")
}

/// Joins `count` texts.
fn joined(count: usize, by: &str, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().join(by)
}
