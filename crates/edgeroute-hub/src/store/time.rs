//! Keeps the hub's clock from being earlier than what is stored, and notices jumps.

use std::time::{Duration, Instant};

use crate::clock::{Clock, Timestamp};

/// A jump forward that is longer than this is not the passing of time.
const JUMP_MILLIS: u64 = 10 * 60 * 1_000;
/// Corrections below this are not worth a line in the log.
const QUIET_MILLIS: u64 = 1_000;

/// Watches a clock. Not the wall clock alone decides: a device without a battery starts in the past.
#[derive(Debug)]
pub(super) struct TimeKeeper {
    clock: Clock,
    /// The last time seen, and when that was. The instant is `None` before the first look.
    last: Timestamp,
    seen: Option<Instant>,
    /// How far this has moved the clock forward, in milliseconds.
    moved: u64,
}

impl TimeKeeper {
    /// Watches a clock that must not be before the newest record.
    pub(super) fn new(clock: Clock, newest: Timestamp) -> Self {
        Self { clock, last: newest, seen: None, moved: 0 }
    }

    /// Returns the time that was seen last.
    pub(super) fn now(&self) -> Timestamp {
        self.last
    }

    /// Looks at the clock and corrects it. Returns by how many milliseconds it jumped forward, if it did so by more
    /// than ten minutes since the last look.
    pub(super) fn look(&mut self, at: Instant) -> Option<u64> {
        let mut now = self.clock.now();
        let unmoved = Timestamp(now.0.saturating_sub(self.moved));
        if self.moved > 0 && unmoved >= self.last {
            tracing::info!(seconds = self.moved / 1_000, "the wall clock is right again");
            self.shift(self.moved, Direction::Back);
            self.moved = 0;
            now = unmoved;
        }
        if now < self.last {
            let late = self.last.millis_since(now);
            if late > QUIET_MILLIS {
                let seconds = late / 1_000;
                tracing::warn!(
                    seconds,
                    "the clock is earlier than the newest stored record: the hub's clock goes on from it"
                );
            }
            self.shift(late, Direction::Forward);
            self.moved = self.moved.saturating_add(late);
            now = self.last;
        }
        let passed = self.seen.map(|seen| millis(at.saturating_duration_since(seen)));
        let jump = passed.map_or(0, |passed| now.millis_since(self.last).saturating_sub(passed));
        self.last = now;
        self.seen = Some(at);
        (jump > JUMP_MILLIS).then_some(jump)
    }

    fn shift(&self, millis: u64, direction: Direction) {
        let millis = i64::try_from(millis).unwrap_or(i64::MAX);
        self.clock.shift(match direction {
            Direction::Forward => millis,
            Direction::Back => -millis,
        });
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Forward,
    Back,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn the_clock_starts_at_the_newest_record() {
        let clock = Clock::default();
        let newest = clock.now().plus_millis(1_000_000);
        let mut keeper = TimeKeeper::new(clock.clone(), newest);
        assert_eq!(keeper.look(Instant::now()), None, "the time before the start is no jump");
        assert!(clock.now() >= newest);
    }

    #[test]
    fn the_clock_never_goes_back() {
        let clock = Clock::default();
        let start = Instant::now();
        let mut keeper = TimeKeeper::new(clock.clone(), Timestamp(0));
        keeper.look(start);
        let before = keeper.now();
        clock.shift(-HOUR);
        assert_eq!(keeper.look(start), None);
        assert!(clock.now() >= before);
    }

    #[test]
    fn a_clock_that_becomes_right_is_taken_as_it_is() {
        let clock = Clock::default();
        let start = Instant::now();
        let real = clock.now();
        let newest = Timestamp(real.0 - 1_000_000_000);
        clock.shift(-2_000_000_000);
        let mut keeper = TimeKeeper::new(clock.clone(), newest);
        keeper.look(start);
        clock.shift(2_000_000_000);
        let jump = keeper.look(start).expect("it jumped");
        assert!((999_000_000..1_010_000_000).contains(&jump), "{jump}");
        assert!(clock.now().millis_since(real) < 60_000, "the correction is undone");
    }

    #[test]
    fn only_long_jumps_count() {
        let clock = Clock::default();
        let start = Instant::now();
        let mut keeper = TimeKeeper::new(clock.clone(), Timestamp(0));
        keeper.look(start);
        clock.shift(9 * 60_000);
        assert_eq!(keeper.look(start), None);
        clock.shift(HOUR);
        assert!(keeper.look(start).is_some_and(|jump| jump >= 3_590_000));
        clock.shift(HOUR);
        assert_eq!(keeper.look(start + Duration::from_secs(3_600)), None, "an hour passed");
    }
}
