//! Settings for messages that the hub stores while it cannot deliver them.

use core::fmt;
use core::time::Duration;

use super::document::STORE_AND_FORWARD;
use super::json::Kind;
use super::layered::Layered;
use super::number::{lenient_integer, strict_integer};
use super::problem::Problems;
use super::read::{expected, is_key};
use crate::diagnostic::Code;

/// The hub's `storeAndForwardConfiguration`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct StoreAndForward {
    time_to_live_secs: i32,
    store_limits: Option<StoreLimits>,
}

/// How long the hub keeps a message that it cannot deliver yet.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Retention {
    /// For this long.
    For(Duration),
    /// Until it is delivered. The hub does this until it has a configuration.
    #[default]
    Forever,
}

/// Prints `forever`, or the seconds as `7200s`.
impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(duration) => write!(f, "{}s", duration.as_secs()),
            Self::Forever => f.write_str("forever"),
        }
    }
}

/// The limits of the hub's store.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct StoreLimits {
    /// The maximum number of bytes; 0 if the manifest has the object but not the number.
    pub max_size_bytes: i64,
}

impl StoreAndForward {
    /// Returns `timeToLiveSecs` as written; 0 if it is missing.
    #[must_use]
    pub const fn time_to_live_secs(&self) -> i32 {
        self.time_to_live_secs
    }

    /// Returns the meaning of `timeToLiveSecs`: a negative number means forever.
    #[must_use]
    pub fn retention(&self) -> Retention {
        match u64::try_from(self.time_to_live_secs) {
            Ok(seconds) => Retention::For(Duration::from_secs(seconds)),
            Err(_) => Retention::Forever,
        }
    }

    /// Returns `storeLimits`, if the manifest has them.
    #[must_use]
    pub const fn store_limits(&self) -> Option<StoreLimits> {
        self.store_limits
    }

    /// Reads `storeAndForwardConfiguration`. Problems go to `problems`, and the setting then has its default. All
    /// duplicate keys are checked, and the last counts.
    pub(super) fn read(value: Layered<'_>, problems: &mut Problems) -> Self {
        let mut configuration = Self::default();
        if value.kind() != Kind::Object {
            problems.add(expected(Code::InvalidManifestValue, STORE_AND_FORWARD, "an object", &value));
            return configuration;
        }
        for entry in value.members() {
            if is_key(&entry, "timeToLiveSecs") {
                let number = entry.value.node().and_then(strict_integer).and_then(|number| i32::try_from(number).ok());
                configuration.time_to_live_secs = number.unwrap_or_default();
                if number.is_none() {
                    let what = "a whole number of seconds (negative for no limit)";
                    problems.add(expected(Code::InvalidManifestValue, "timeToLiveSecs", what, &entry.value));
                }
            } else if is_key(&entry, "storeLimits") {
                configuration.store_limits = StoreLimits::read(entry.value, problems);
            }
        }
        configuration
    }
}

impl StoreLimits {
    fn read(value: Layered<'_>, problems: &mut Problems) -> Option<Self> {
        let mut limits = Self::default();
        match value.kind() {
            Kind::Null => return None,
            Kind::Object => {}
            _ => {
                problems.add(expected(Code::InvalidManifestValue, "storeLimits", "an object or null", &value));
                return None;
            }
        }
        for entry in value.members() {
            if is_key(&entry, "maxSizeBytes") {
                let number = entry.value.node().and_then(lenient_integer).and_then(|number| i64::try_from(number).ok());
                limits.max_size_bytes = number.unwrap_or_default();
                if number.is_none() {
                    let what = "a whole number of bytes";
                    problems.add(expected(Code::InvalidManifestValue, "maxSizeBytes", what, &entry.value));
                }
            }
        }
        Some(limits)
    }
}
