//! Figures for Prometheus, under the names of the reference where it has them.

use std::time::Duration;

use crate::identity::ClientId;
use crate::store::{Destination, Level};

/// Why a message is not routed on or a delivery is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// No route takes the message.
    NoRoute,
    /// Its time to live was over.
    TimeToLive,
    /// It is larger than 256 KiB.
    TooLarge,
    /// Its topic or property bag cannot be read.
    Malformed,
    /// It names another client as its sender.
    Forged,
    /// The store was full and drops the oldest.
    Full,
    /// An operator dropped it.
    Operator,
}

impl DropReason {
    /// Returns the value of the label `reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::TimeToLive => "ttl_expiry",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::Full => "full",
            Self::Operator => "operator",
        }
    }
}

/// Counters and histograms of a hub.
#[derive(Debug, Default)]
pub struct Metrics {}

#[expect(unused_variables, reason = "to do")]
impl Metrics {
    /// A message arrived from a client.
    pub fn received(&self, from: &ClientId, output: Option<&str>, bytes: usize) {}

    /// A delivery was sent and acknowledged. `since_stored` is the time since the message was received, `since_sent`
    /// the time since it was sent.
    pub fn sent(
        &self,
        from: &ClientId,
        output: Option<&str>,
        to: &Destination,
        level: Level,
        since_received: Duration,
        since_sent: Duration,
    ) {
    }

    /// A message or delivery was dropped.
    pub fn dropped(&self, reason: DropReason, from: &ClientId, output: Option<&str>) {}

    /// A delivery was sent and not acknowledged in time, or its connection ended first.
    pub fn unacknowledged(&self, reason: &'static str, from: &ClientId, output: Option<&str>) {}

    /// A client connected.
    pub fn connected(&self, client: &ClientId) {}

    /// A client was refused.
    pub fn connect_failed(&self, client: &str, reason: &'static str) {}

    /// The connection of a client ended.
    pub fn disconnected(&self, client: &ClientId) {}

    /// A second connection of a client ended the first.
    pub fn taken_over(&self, client: &ClientId) {}

    /// A client fetched its twin.
    pub fn twin_read(&self, client: &ClientId, took: Duration) {}

    /// A client reported properties.
    pub fn reported(&self, client: &ClientId, took: Duration) {}

    /// A method was invoked. `from` is a client id, or `$administration`.
    pub fn method(&self, from: &str, to: &ClientId, took: Duration) {}
}
