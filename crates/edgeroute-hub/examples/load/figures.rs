//! Latencies in a histogram whose size does not depend on how many there are.

use serde_json::{Value, json};

/// Buckets per power of two: a quantile is at most 1/32 above the true one.
const STEPS: u64 = 32;
const BUCKETS: usize = 64 * 32;

/// Latencies in microseconds.
#[derive(Debug)]
pub(crate) struct Latencies {
    buckets: Vec<u64>,
    count: u64,
    largest: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, largest: 0 }
    }
}

impl Latencies {
    pub(crate) fn record(&mut self, microseconds: u64) {
        if let Some(bucket) = self.buckets.get_mut(bucket_of(microseconds)) {
            *bucket += 1;
        }
        self.count += 1;
        self.largest = self.largest.max(microseconds);
    }

    /// Returns a quantile in microseconds: the upper end of its bucket. `per_mille` is 500 for the median.
    pub(crate) fn quantile(&self, per_mille: u64) -> u64 {
        let rank = (self.count * per_mille).div_ceil(1000);
        let mut below = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            below += count;
            if below >= rank && *count > 0 {
                return end_of(bucket).min(self.largest);
            }
        }
        self.largest
    }

    /// Returns the figures in milliseconds.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "count": self.count,
            "p50_ms": milliseconds(self.quantile(500)),
            "p99_ms": milliseconds(self.quantile(990)),
            "max_ms": milliseconds(self.largest),
        })
    }
}

/// Converts microseconds to milliseconds.
fn milliseconds(microseconds: u64) -> f64 {
    std::time::Duration::from_micros(microseconds).as_secs_f64() * 1000.0
}

/// Below `STEPS` each value has its own bucket; above, each power of two has `STEPS`.
fn bucket_of(value: u64) -> usize {
    if value < STEPS {
        return usize::try_from(value).unwrap_or(0);
    }
    let shift = u64::from(value.ilog2() - STEPS.ilog2());
    usize::try_from(shift * STEPS + (value >> shift)).unwrap_or(usize::MAX)
}

fn end_of(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(u64::MAX);
    if bucket < STEPS {
        return bucket;
    }
    let shift = bucket / STEPS - 1;
    ((bucket % STEPS + STEPS + 1) << shift).wrapping_sub(1)
}
