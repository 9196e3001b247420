//! Limits what is logged of handshakes that fail: anybody who reaches the port can make one fail.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time for which complaints are counted.
const WINDOW: Duration = Duration::from_secs(10);
/// The most complaints in that time.
const MOST: usize = 10;

/// Counts complaints.
#[derive(Debug, Default)]
pub(super) struct Complaints(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    start: Option<Instant>,
    count: usize,
}

impl Complaints {
    /// Whether to log another complaint. Returns the number of those that were left out before it, or `None` to leave it
    /// out, too.
    pub(super) fn another(&self, now: Instant) -> Option<usize> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left_out = 0;
        if window.start.is_none_or(|start| now.saturating_duration_since(start) >= WINDOW) {
            left_out = window.count.saturating_sub(MOST);
            *window = Window { start: Some(now), count: 0 };
        }
        window.count = window.count.saturating_add(1);
        (window.count <= MOST).then_some(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_beyond_the_limit_are_counted_and_left_out() {
        let complaints = Complaints::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..MOST {
            assert_eq!(complaints.another(at(0)), Some(0));
        }
        for _ in 0..1_000 {
            assert_eq!(complaints.another(at(9)), None);
        }
        assert_eq!(complaints.another(at(10)), Some(1_000), "the next window says how many");
        assert_eq!(complaints.another(at(10)), Some(0));
        assert_eq!(complaints.another(at(30)), Some(0));
    }
}
