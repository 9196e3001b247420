use std::time::Duration;

/// The bound of the first delay.
const FIRST: Duration = Duration::from_secs(1);
/// The bound of all delays.
const LONGEST: Duration = Duration::from_secs(60);

/// How long to wait before the next attempt: exponential from 1 s to 60 s, with full jitter, so that many hubs that lost
/// the same broker do not come back at the same moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Returns the delay from the start of the attempt that failed to the start of the next one.
    pub(super) fn next(&mut self) -> Duration {
        let bound = Self::bound(self.failures);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(random())
    }

    fn bound(failures: u32) -> Duration {
        FIRST.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST)
    }

    /// Starts again with short delays.
    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Returns a random number from 0 to 1.
fn random() -> f64 {
    // A system without random numbers still gets a delay.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_minute() {
        let bounds = [0, 1, 2, 5, 6, 40, u32::MAX].map(|failures| Backoff::bound(failures).as_secs());
        assert_eq!(bounds, [1, 2, 4, 32, 60, 60, 60]);
    }

    #[test]
    fn delays_are_spread_over_the_whole_range() {
        let mut least = LONGEST;
        let mut most = Duration::ZERO;
        for _ in 0..1_000 {
            let mut backoff = Backoff { failures: 10 };
            let delay = backoff.next();
            least = least.min(delay);
            most = most.max(delay);
        }
        assert!(most <= LONGEST);
        assert!(least < Duration::from_secs(10), "{least:?}");
        assert!(most > Duration::from_secs(50), "{most:?}");
    }

    #[test]
    fn a_reset_makes_the_next_delay_short() {
        let mut backoff = Backoff { failures: 10 };
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
