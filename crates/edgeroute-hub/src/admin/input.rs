//! Reads paths, queries and bodies of requests, with errors in JSON.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::{ApiError, LONGEST_BODY};
use crate::identity::ClientId;
use crate::json;

/// The longest time that a body may take.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The body of a request.
pub(super) struct Body(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let too_large = || {
            let message = format!("the body has more than {LONGEST_BODY} bytes");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        };
        // What is announced need not be read.
        let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        if announced.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > LONGEST_BODY) {
            return Err(too_large());
        }
        match tokio::time::timeout(BODY_TIME, Bytes::from_request(request, state)).await {
            Ok(Ok(body)) => Ok(Self(body)),
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large()),
            Ok(Err(_)) => Err(ApiError::bad_request("the body ended early")),
            Err(_) => Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body took more than 30 seconds")),
        }
    }
}

impl Body {
    /// Reads the body as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        json::from_object(&self.0).map_err(|error| ApiError::bad_request(format!("the body is not valid: {error}")))
    }
}

/// The parameters of a query.
pub(super) struct Parameters<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(ApiError::bad_request(rejection.body_text())),
        }
    }
}

/// The parameters of a path.
pub(super) struct Segments(RawPathParams);

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        parameters.map(Self).map_err(|_| ApiError::bad_request("the path is not valid"))
    }
}

impl Segments {
    /// Returns a part of the path, percent-decoded; empty if the path does not have it.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// Returns the client that `{device}` and `{module}` name.
    pub(super) fn client(&self) -> Result<ClientId, ApiError> {
        let (device, module) = (self.get("device"), self.get("module"));
        let is_one_id = |id: &str| !id.contains('/');
        let text = if module.is_empty() { device.to_owned() } else { format!("{device}/{module}") };
        let id = if is_one_id(device) && is_one_id(module) { text.parse().ok() } else { None };
        id.ok_or_else(|| ApiError::bad_request(format!("`{text}` is not the id of a device or module")))
    }

    /// Returns a number of the path.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, ApiError> {
        let text = self.get(name);
        text.parse().map_err(|_| ApiError::bad_request(format!("`{text}` is not a number")))
    }
}

/// The error for an action that does not exist.
pub(super) fn no_such_action(found: &str, expected: &str) -> ApiError {
    ApiError::not_found(format!("no action `{found}`; there are {expected}"))
}
