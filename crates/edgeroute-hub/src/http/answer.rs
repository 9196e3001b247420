use axum::body::Body;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::value::RawValue;

/// What an invocation of a method came to. Texts are for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MethodResult {
    /// The target answered.
    Answered {
        /// The status that the target gave, whatever it is.
        status: i64,
        /// The payload in JSON. Empty is `null`.
        payload: Vec<u8>,
    },
    /// The request is not as it has to be.
    Invalid(String),
    /// The caller is not who it says, or may not call.
    Unauthorized(String),
    /// The target is unknown, not connected, or does not take methods.
    NotConnected(String),
    /// Too many methods of the target are in progress.
    Busy(String),
    /// The answer of the target is not valid.
    BadAnswer(String),
    /// The target did not answer in time.
    TimedOut(String),
}

impl MethodResult {
    /// Returns the answer to the caller. The SDK for Node.js only reads a body whose type is JSON.
    pub fn to_response(&self) -> Response {
        match self {
            Self::Answered { status, payload } => {
                #[derive(Serialize)]
                struct Answer<'a> {
                    status: i64,
                    payload: &'a RawValue,
                }
                let payload = if payload.is_empty() { b"null" } else { payload.as_slice() };
                match serde_json::from_slice::<&RawValue>(payload)
                    .and_then(|payload| serde_json::to_vec(&Answer { status: *status, payload }))
                {
                    Ok(body) => json(StatusCode::OK, body),
                    Err(_) => error(502, 502_000, "the answer to the method is not JSON"),
                }
            }
            Self::Invalid(message) => error(400, 400_004, message),
            Self::Unauthorized(message) => error(401, 401_003, message),
            Self::NotConnected(message) => error(404, 404_103, message),
            Self::Busy(message) => error(429, 429_001, message),
            Self::BadAnswer(message) => error(502, 502_000, message),
            Self::TimedOut(message) => error(504, 504_101, message),
        }
    }
}

/// Returns an answer that the SDKs treat as an error.
pub fn error(status: u16, code: u32, message: &str) -> Response {
    let body = serde_json::json!({ "errorCode": code, "message": message }).to_string();
    json(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body.into_bytes())
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
