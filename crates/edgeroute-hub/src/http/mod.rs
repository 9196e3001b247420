//! The HTTPS server of clients: methods that modules invoke, and MQTT over WebSockets.
//!
//! HTTP/1.1 only. Heads are limited to 16 KiB, 64 fields and 10 s, bodies to 256 KiB and 10 s.

mod answer;
mod connection;
mod methods;
mod websocket;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use crate::identity::ClientId;
use crate::listen::{self, Place, Stop};
use crate::tls::Tls;

pub use answer::{MethodResult, error};
pub use connection::{LONGEST_BODY, read_body, serve_connection};
pub use websocket::MessageStream;

/// A stream of bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream of bytes of whatever kind.
pub type BoxedStream = Box<dyn Stream>;

/// Serves a connection of MQTT until it ends.
pub type ServeMqtt = Arc<dyn Fn(BoxedStream, SocketAddr) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Invokes methods for modules.
pub trait MethodCaller: Send + Sync + 'static {
    /// Checks that the caller is who it says, by the content of `Authorization`, then reads the body and invokes the
    /// method. Takes no longer than the time-outs in the body say.
    fn invoke(
        &self,
        caller: ClientId,
        authorization: &str,
        target: ClientId,
        body: Bytes,
    ) -> impl Future<Output = MethodResult> + Send;
}

/// Who sent a request, and the place of its connection.
#[derive(Clone, Debug)]
struct Peer {
    address: SocketAddr,
    place: Place,
}

/// Returns the routes of the server.
fn router<M: MethodCaller>(methods: Arc<M>, mqtt: ServeMqtt) -> Router {
    Router::new()
        .route("/twins/{device}/methods", post(methods::invoke::<M>))
        .route("/twins/{device}/modules/{module}/methods", post(methods::invoke::<M>))
        .with_state(methods)
        .route("/$iothub/websocket", get(websocket::upgrade).with_state(mqtt))
        .fallback(not_found)
}

async fn not_found() -> Response {
    error(404, 404_000, "there is nothing at this path")
}

/// Serves HTTPS until the hub stops. At most `most` connections are open at the same time, those of WebSockets included.
pub async fn serve<M: MethodCaller>(
    listener: TcpListener,
    most: usize,
    tls: Arc<Tls>,
    methods: Arc<M>,
    mqtt: ServeMqtt,
    stop: Stop,
) {
    let router = router(methods, mqtt);
    listen::accept(listener, most, "HTTPS", stop.clone(), |stream, address, place| {
        let (tls, router, stop) = (Arc::clone(&tls), router.clone(), stop.clone());
        async move {
            // Failures are logged where they are found.
            if let Ok(stream) = tls.accept(stream, address).await {
                serve_connection(stream, router, Peer { address, place }, stop).await;
            }
        }
    })
    .await;
}
