use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::serve;
use crate::hub::Hub;
use crate::tls::Tls;

/// Connections beyond the limit of clients that may be in their handshake.
const HANDSHAKES: usize = 256;

/// Accepts MQTT clients over TLS until the hub stops.
pub async fn listen(hub: Arc<Hub>, tls: Arc<Tls>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(hub.limits.clients.saturating_add(HANDSHAKES).min(Semaphore::MAX_PERMITS)));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = hub.stopped() => return,
        };
        match accepted {
            Ok((stream, address)) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    tokio::spawn(welcome(Arc::clone(&hub), Arc::clone(&tls), stream, address, place));
                }
                Err(_) => tracing::warn!(%address, "closed a connection at once: there are too many"),
            },
            Err(error) => pause_after(&error).await,
        }
    }
}

async fn welcome(hub: Arc<Hub>, tls: Arc<Tls>, stream: TcpStream, address: SocketAddr, place: OwnedSemaphorePermit) {
    // Acknowledgements are small and wait for nothing.
    let _ = stream.set_nodelay(true);
    // Failures are logged where they happen.
    if let Ok(stream) = tls.accept(stream, address).await {
        serve(hub, stream, address).await;
    }
    drop(place);
}

/// Waits after a failed `accept`: without file descriptors it would fail again at once.
pub(crate) async fn pause_after(error: &io::Error) {
    tracing::warn!("cannot accept a connection: {error}");
    tokio::time::sleep(Duration::from_millis(100)).await;
}
