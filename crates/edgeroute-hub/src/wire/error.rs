use std::error::Error;
use std::fmt;

use crate::metrics::DropReason;

/// The reason why a publish of a client is not taken. It is acknowledged and counted all the same: a client would send
/// it again for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicError {
    reason: DropReason,
    detail: String,
}

impl TopicError {
    pub(super) fn malformed(detail: impl fmt::Display) -> Self {
        Self { reason: DropReason::Malformed, detail: detail.to_string() }
    }

    pub(super) fn forged(detail: impl fmt::Display) -> Self {
        Self { reason: DropReason::Forged, detail: detail.to_string() }
    }

    pub(super) fn too_large(detail: impl fmt::Display) -> Self {
        Self { reason: DropReason::TooLarge, detail: detail.to_string() }
    }

    /// Returns the reason to count it under: malformed, forged or too large.
    pub const fn reason(&self) -> DropReason {
        self.reason
    }
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for TopicError {}

/// Returns the beginning of a text of a client, at most 100 characters, for messages and logs.
pub fn shortened(text: &str) -> &str {
    const LONGEST: usize = 100;
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or_default()
}

/// Shows the beginning of a text of a client on one line.
pub(super) struct Excerpt<'t>(pub(super) &'t str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = shortened(self.0);
        write!(f, "{}{}", shown.escape_debug(), if shown.len() < self.0.len() { ".." } else { "" })
    }
}
