//! Who may send requests.
//!
//! On loopback everybody on the machine may, but not a page of another site in a browser on this machine: it is kept
//! out by its `Origin`, and a name that an attacker points to 127.0.0.1 by `Host`. Elsewhere a token is required.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::ApiError;

/// Who may send requests.
#[derive(Clone, Debug)]
pub enum Access {
    /// Whoever reaches the port on loopback, under a name of this machine. `localhost` and loopback addresses are always
    /// accepted; `names` are others.
    Loopback {
        /// Other names in `Host` that mean this hub.
        names: Vec<String>,
    },
    /// Whoever has the token, as `Authorization: Bearer TOKEN`.
    Token(Token),
}

/// A secret for requests. Does not appear in `Debug`.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl Token {
    /// Takes the secret.
    pub fn new(secret: impl Into<Arc<str>>) -> Self {
        Self(secret.into())
    }

    /// Compares in a time that does not depend on where the two differ.
    fn is(&self, other: &[u8]) -> bool {
        !self.0.is_empty() && self.0.as_bytes().ct_eq(other).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Checks a request and adds headers to its response.
pub(super) async fn check(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let mut response = match permit(&access, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // The page has a policy of its own.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn permit(access: &Access, request: &Request) -> Result<(), ApiError> {
    let (headers, path) = (request.headers(), request.uri().path());
    match access {
        Access::Loopback { names } => local(names, request.uri(), headers)?,
        // The page asks for the token; probes have none.
        Access::Token(_) if matches!(path, "/" | "/healthz" | "/readyz") => {}
        Access::Token(token) => {
            let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
            let given = given.and_then(|value| value.split_first_chunk::<7>());
            let is_right =
                given.is_some_and(|(scheme, given)| scheme.eq_ignore_ascii_case(b"bearer ") && token.is(given));
            if !is_right {
                let message = "this needs the token of the hub, as `Authorization: Bearer TOKEN`";
                return Err(ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message));
            }
        }
    }
    same_site(request.uri(), headers)?;
    let changes = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    if changes && has_body(headers) && !is_json(headers) {
        let message = "this needs `Content-Type: application/json`";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
    }
    Ok(())
}

/// Whether a request has a body. A page of another site can send one of a plain type without asking first, and a request
/// without a body names its `Origin`.
fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).map(HeaderValue::as_bytes);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != b"0")
}

fn forbidden(message: &str) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "forbidden", message)
}

/// Returns the host and port that the request names.
fn authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).and_then(|host| host.parse().ok());
    if hosts.next().is_some() {
        return None;
    }
    uri.authority().cloned().or(host).filter(|authority| !authority.as_str().contains('@'))
}

fn local(names: &[String], uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let authority = authority(uri, headers);
    let host = authority.as_ref().map(Authority::host).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_local = host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.is_loopback())
        || names.iter().any(|name| name.eq_ignore_ascii_case(host));
    if is_local { Ok(()) } else { Err(forbidden("`Host` does not name this hub; use localhost or a loopback address")) }
}

/// Refuses requests that a page of another site makes.
fn same_site(uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    // A link to the page is harmless, and so is what a user types.
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_foreign = !matches!(site, None | Some(b"same-origin" | b"none"));
    if is_foreign && uri.path() != "/" {
        return Err(forbidden("a page of another site may not use this hub"));
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let is_same = origin.as_ref().and_then(Uri::authority).is_some_and(|origin| {
        authority(uri, headers).is_some_and(|host| origin.as_str().eq_ignore_ascii_case(host.as_str()))
    });
    if is_same { Ok(()) } else { Err(forbidden("`Origin` is not that of this hub")) }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
