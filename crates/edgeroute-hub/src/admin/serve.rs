//! Accepts connections.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::clock::Occasionally;

/// The most connections at once.
const MOST_CONNECTIONS: usize = 256;
/// The longest time for the head of a request, also between requests.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// The most bytes of the head of a request.
const LONGEST_HEAD: usize = 64 * 1024;
/// How long requests may take after the end was announced.
const LAST_TIME: Duration = Duration::from_secs(2);
/// How often errors of the listener are logged.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Serves the administration port until `stop` completes. Connections beyond 256 wait. Streams are cut 2 seconds later.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let stopping = watch::Sender::new(());
    let mut logged = Occasionally::new(LOG_INTERVAL);
    tokio::pin!(stop);
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&connections).acquire_owned() => permit,
            () = &mut stop => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, for example: others have to be closed first.
                if logged.is_due() {
                    tracing::warn!("administration: cannot accept a connection: {error}");
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        let mut stopped = stopping.subscribe();
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME)
                .max_buf_size(LONGEST_HEAD)
                .serve_connection(TokioIo::new(stream), service);
            tokio::pin!(connection);
            let is_stopping = tokio::select! {
                _ = &mut connection => false,
                // Fails when the sender is dropped, which means the same.
                _ = stopped.changed() => true,
            };
            if is_stopping {
                connection.as_mut().graceful_shutdown();
                let _ = tokio::time::timeout(LAST_TIME, connection).await;
            }
            drop(permit);
        });
    }
    drop(stopping);
    let all = u32::try_from(MOST_CONNECTIONS).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(LAST_TIME + Duration::from_millis(200), connections.acquire_many(all)).await;
}
