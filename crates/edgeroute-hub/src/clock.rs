//! Wall-clock time, which tests can set, and how often something is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Later than every time: what never expires expires then.
    pub const NEVER: Self = Self(u64::MAX);

    /// Adds a number of milliseconds. Stops at [`Timestamp::NEVER`].
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Returns the milliseconds since an earlier time, 0 if that time is later.
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns whole seconds since 1970-01-01 UTC.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// Returns the time in RFC 3339 and UTC, such as `2026-11-30T15:26:00.5Z`. Times after the year 9999 are shown as
    /// its last second. Allocates.
    pub fn to_rfc3339(self) -> String {
        const LAST_SECOND: i64 = 253_402_300_799;
        let (seconds, millis) = match i64::try_from(self.as_secs()) {
            Ok(seconds) if seconds <= LAST_SECOND => (seconds, self.0 % 1_000),
            _ => (LAST_SECOND, 0),
        };
        let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
            + Duration::from_millis(millis);
        time.format(&Rfc3339).unwrap_or_default()
    }
}

/// The wall clock, with an offset that tests and the store's recovery set. Clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_millis: Arc<AtomicI64>,
}

impl Clock {
    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let system = u64::try_from(system).unwrap_or(u64::MAX);
        Timestamp(system.saturating_add_signed(self.offset_millis.load(Ordering::Relaxed)))
    }

    /// Moves the clock forward, or backward if `millis` is negative.
    pub fn shift(&self, millis: i64) {
        self.offset_millis.fetch_add(millis, Ordering::Relaxed);
    }
}

/// Limits how often something is logged that may happen all the time, such as an error that stays.
#[derive(Debug)]
pub struct Occasionally {
    interval: Duration,
    last: Option<Instant>,
}

impl Occasionally {
    /// Creates a limit of once in an interval.
    pub const fn new(interval: Duration) -> Self {
        Self { interval, last: None }
    }

    /// Whether it is time to log again, from which on the interval counts.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.last.is_none_or(|last| last.elapsed() > self.interval);
        if is_due {
            self.last = Some(Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_one_occasion() {
        let mut often = Occasionally::new(Duration::ZERO);
        assert!(often.is_due());
        std::thread::sleep(Duration::from_millis(1));
        assert!(often.is_due());
        let mut rarely = Occasionally::new(Duration::from_secs(3_600));
        assert!(rarely.is_due());
        assert!(!rarely.is_due());
    }

    #[test]
    fn times_are_written_in_rfc_3339() {
        assert_eq!(Timestamp(0).to_rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp(1_796_006_025_120).to_rfc3339(), "2026-11-30T02:33:45.12Z");
        assert_eq!(Timestamp::NEVER.to_rfc3339(), "9999-12-31T23:59:59Z");
    }
}
