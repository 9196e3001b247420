//! A small seeded random number generator: the same seed gives the same workload on every machine and in every release.

/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// Returns a number below `bound`, which must not be 0. The bias of the remainder is below 1 in 10^12 for our
    /// bounds.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        // The remainder fits a `usize`, because the bound does.
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// Returns a number from `low` up to but not including `high`.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low)
    }

    /// Returns true `percent` times out of 100.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Returns one of `items`, which must not be empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Returns `count` different numbers below `bound`, in random order.
    pub fn distinct(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..bound).collect();
        self.shuffle(&mut numbers);
        numbers.truncate(count);
        numbers
    }

    /// Shuffles the items (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Zipf's distribution with exponent 1 over ranks from 0: rank `r` is drawn `1 / (r + 1)` times as often as rank 0.
#[derive(Clone, Debug)]
pub struct Zipf {
    /// `cumulative[r]` is the sum of the weights of the ranks 0 to `r`. Integers, so that rounding cannot differ
    /// between machines.
    cumulative: Vec<usize>,
}

impl Zipf {
    pub fn new(ranks: usize) -> Self {
        const FIRST: usize = 1_000_000_000;
        let weights = (1..=ranks).map(|rank| FIRST / rank);
        let cumulative = weights
            .scan(0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        Self { cumulative }
    }

    pub fn draw(&self, random: &mut Random) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(1);
        let point = random.below(total);
        self.cumulative.partition_point(|&sum| sum <= point)
    }
}
