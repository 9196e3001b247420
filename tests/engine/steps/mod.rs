//! Complexity attacks: hostile routes and messages of growing size, and what they cost, in counted steps.
//!
//! A *shape* is a family of attacks by size. What it costs at most is a line: so many steps for a hundred of what its size
//! counts, and a floor for what is there whatever the size. `docs/complexity.md` has the curves, which
//! `cargo test --lib --release work::tests::curves -- --ignored --nocapture` prints.

mod building;
mod curves;
mod matching;
mod spared;

/// What a shape is a family of.
#[derive(Copy, Clone, Debug)]
struct Curve {
    name: &'static str,
    /// The most steps for a hundred of `size`.
    slope: u64,
    /// What the sizes count.
    unit: &'static str,
    points: [Point; 4],
}

/// What a size cost.
#[derive(Copy, Clone, Debug)]
struct Point {
    size: u64,
    steps: u64,
}

/// Steps that are there whatever the size.
const FLOOR: u64 = 500;

impl Curve {
    /// Measures four sizes, each double the one before; `measure` gives the size as it turned out, and the steps.
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
    /// Where a point is above the line, or where doubling the size more than doubles the work.
    fn assert_linear(&self) {
        let Self { name, slope, unit, points } = self;
        for Point { size, steps } in points {
            assert!(*steps <= FLOOR + slope * size / 100, "{name}: {steps} steps at {size} {unit}: {points:?}");
        }
        for pair in points.windows(2) {
            let [Point { size, steps }, Point { size: next_size, steps: next }] = pair else { continue };
            // A fifth more than in proportion: what stands in every size weighs less in larger ones.
            let proportional = steps * next_size / size;
            assert!(*next <= proportional + proportional / 5 + FLOOR, "{name}: more than linear: {points:?}");
        }
    }
}

/// A number as the size of something.
fn size(length: usize) -> u64 {
    u64::try_from(length).expect("small")
}

/// `count` texts, joined.
fn joined(count: usize, by: &str, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().join(by)
}
