//! Errors of the administration API: `{"error": {"code": "not_found", "message": "no client `edge-1/x`"}}`.

use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    report: Option<String>,
}

impl ApiError {
    /// Creates an error with a status of HTTP, a code for programs, and a message for people.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), report: None }
    }

    /// 400: the request has no meaning.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 404: what it names does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 409: it is not possible in the present state.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 422: the manifest has errors. `report` has the findings, as `edgeroute check` prints them.
    pub fn manifest_refused(errors: usize, report: impl Into<String>) -> Self {
        let plural = if errors == 1 { "" } else { "s" };
        let message = format!("the manifest has {errors} error{plural}; nothing has changed");
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "manifest_refused", message);
        Self { report: Some(report.into()), ..error }
    }

    /// 503: it may work later.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    /// 504: a client did not answer in time.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "timeout", message)
    }

    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request failed; see the log of the hub")
    }

    /// Returns the status of HTTP.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the code for programs.
    pub const fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let (Some(report), Some(object)) = (self.report, error.as_object_mut()) {
            object.insert("report".to_owned(), report.into());
        }
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}
