use std::error::Error;
use std::fmt;

/// Why a request about a twin fails. Displays the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwinError {
    kind: Kind,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Invalid,
    TooMany,
    Internal,
}

impl TwinError {
    pub(super) fn invalid(message: impl fmt::Display) -> Self {
        Self { kind: Kind::Invalid, message: message.to_string() }
    }

    pub(super) fn too_many() -> Self {
        Self { kind: Kind::TooMany, message: "too many requests for this twin are in progress".to_owned() }
    }

    pub(super) fn internal(message: impl fmt::Display) -> Self {
        Self { kind: Kind::Internal, message: message.to_string() }
    }

    /// Returns the status of the response: 400, 429 or 500.
    pub const fn status(&self) -> u16 {
        match self.kind {
            Kind::Invalid => 400,
            Kind::TooMany => 429,
            Kind::Internal => 500,
        }
    }

    /// Returns the body of the response. The SDK for Node recognises a failure by `errorCode` alone.
    pub fn body(&self) -> Vec<u8> {
        let code = match self.kind {
            Kind::Invalid => 400_004,
            Kind::TooMany => 429_001,
            Kind::Internal => 500_001,
        };
        serde_json::json!({ "errorCode": code, "message": self.message }).to_string().into_bytes()
    }
}

impl fmt::Display for TwinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for TwinError {}
