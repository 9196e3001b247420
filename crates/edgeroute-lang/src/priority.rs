//! The priority of a route, and the time to live of its messages.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// A route's priority (SEMANTICS#priority): 0 to 9, where 0 is the highest, or [`Priority::DEFAULT`], which is below
/// all of them.
///
/// The order is that of the numbers, so the *smaller* priority wins.
///
/// ```
/// use edgeroute::Priority;
///
/// assert_eq!(Priority::new(0), Some(Priority::HIGHEST));
/// assert_eq!(Priority::new(10), None);
/// assert!(Priority::HIGHEST < Priority::DEFAULT);
/// ```
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(
    /// `<= 9`, or 2,000,000,000
    u32,
);

impl Priority {
    /// The highest priority: 0.
    pub const HIGHEST: Self = Self(0);
    /// The lowest priority that a route can declare: 9.
    pub const LOWEST: Self = Self(9);
    /// The priority of a route that declares none: 2,000,000,000, below all others.
    pub const DEFAULT: Self = Self(2_000_000_000);

    /// Returns the priority with this number, if it is valid.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number <= Self::LOWEST.0 || number == Self::DEFAULT.0 { Some(Self(number)) } else { None }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Debug for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Reads the number that `Display` prints: a digit, or 2000000000 for [`Priority::DEFAULT`].
///
/// ```
/// use edgeroute::Priority;
///
/// assert_eq!("0".parse(), Ok(Priority::HIGHEST));
/// assert_eq!("10".parse::<Priority>().unwrap_err().to_string(), "a priority must be a whole number from 0 to 9");
/// ```
impl FromStr for Priority {
    type Err = InvalidPriority;

    fn from_str(text: &str) -> Result<Self, InvalidPriority> {
        // A number also parses with a sign.
        let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        digits.and_then(|digits| Self::new(digits.parse().ok()?)).ok_or(InvalidPriority(()))
    }
}

/// The error of a string that is not a [`Priority`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct InvalidPriority(());

impl fmt::Display for InvalidPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a priority must be a whole number from 0 to 9")
    }
}

impl core::error::Error for InvalidPriority {}

/// How long the hub keeps a message that it cannot deliver yet, in whole seconds; 0 means the hub's default
/// (SEMANTICS#time-to-live).
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimeToLive {
    seconds: u32,
}

impl TimeToLive {
    /// The hub's default, from its store-and-forward configuration.
    pub const HUB_DEFAULT: Self = Self { seconds: 0 };

    /// Creates a time to live of this many seconds; 0 is [`HUB_DEFAULT`](Self::HUB_DEFAULT).
    #[must_use]
    pub const fn from_secs(seconds: u32) -> Self {
        Self { seconds }
    }

    /// Returns the seconds; 0 is the hub's default.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.seconds
    }

    /// Returns the time as a duration; `None` for the hub's default.
    #[must_use]
    pub const fn duration(self) -> Option<Duration> {
        if self.seconds == 0 { None } else { Some(Duration::from_secs(self.seconds as u64)) }
    }
}

impl fmt::Debug for TimeToLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for TimeToLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_and_the_default_are_priorities() {
        let numbers = [0, 9, 10, 1_999_999_999, 2_000_000_000, 2_000_000_001, u32::MAX];
        let accepted = numbers.map(|number| Priority::new(number).map(Priority::get));
        assert_eq!(accepted, [Some(0), Some(9), None, None, Some(2_000_000_000), None, None]);
    }

    #[test]
    fn a_printed_priority_is_read_back() {
        for priority in (0..=9).filter_map(Priority::new).chain([Priority::DEFAULT]) {
            assert_eq!(priority.to_string().parse(), Ok(priority));
        }
        for text in ["", "+1", "-1", " 1", "1.0", "10", "4294967296", "high"] {
            assert_eq!(text.parse::<Priority>(), Err(InvalidPriority(())), "{text}");
        }
    }

    #[test]
    fn zero_seconds_leave_it_to_the_hub() {
        assert_eq!(TimeToLive::from_secs(0).duration(), None);
        assert_eq!(TimeToLive::from_secs(60).duration(), Some(Duration::from_secs(60)));
    }
}
