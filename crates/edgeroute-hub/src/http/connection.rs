use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::error;
use crate::listen::{Stop, stopped};

/// The longest time for the head of a request, and for being idle between requests.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// The longest time for the body of a request.
const BODY_TIME: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// The most fields of a head.
const MOST_FIELDS: usize = 64;
/// The longest body of a request, in bytes.
pub const LONGEST_BODY: usize = 256 * 1024;

/// Serves the requests of one connection, with `extension` added to each. When the hub stops, answers the request that
/// is in progress, and ends.
pub async fn serve_connection<S, E>(stream: S, router: Router, extension: E, stop: Stop)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    E: Clone + Send + Sync + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(extension.clone());
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(LONGEST_HEAD)
        .max_headers(MOST_FIELDS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("an HTTP connection failed: {error}");
    }
}

/// Reads a body within the limits of size and time. Otherwise returns the answer.
pub async fn read_body(body: Body) -> Result<Bytes, Response> {
    match timeout(BODY_TIME, to_bytes(body, LONGEST_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(error(413, 413_001, "the body is longer than 256 KiB, or ended early")),
        Err(_) => Err(error(408, 408_000, "the body did not arrive within 10 s")),
    }
}
