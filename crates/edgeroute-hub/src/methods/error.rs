use std::error::Error;
use std::fmt;

/// Why a method was not invoked, or gave no answer. Displays the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodError {
    status: u16,
    message: String,
}

impl MethodError {
    pub(super) fn invalid(message: impl fmt::Display) -> Self {
        Self { status: 400, message: message.to_string() }
    }

    pub(super) fn absent(message: impl fmt::Display) -> Self {
        Self { status: 404, message: message.to_string() }
    }

    pub(super) fn too_many(message: impl fmt::Display) -> Self {
        Self { status: 429, message: message.to_string() }
    }

    pub(super) fn bad_answer(message: impl fmt::Display) -> Self {
        Self { status: 502, message: message.to_string() }
    }

    pub(super) fn late(message: impl fmt::Display) -> Self {
        Self { status: 504, message: message.to_string() }
    }

    /// Returns the status of HTTP: 400 for a request that is not valid, 404 if the client is not connected or not
    /// subscribed to methods, 429 if too many calls wait for it, 502 if its answer is not JSON, too large, or has no
    /// valid status, 504 if there is no answer in time.
    pub const fn status(&self) -> u16 {
        self.status
    }
}

impl fmt::Display for MethodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for MethodError {}
