use std::sync::Arc;

use tokio::net::TcpListener;

use super::serve;
use crate::hub::Hub;
use crate::listen;
use crate::tls::Tls;

/// Connections beyond the limit of clients that may be in their handshake.
const HANDSHAKES: usize = 256;

/// Accepts MQTT clients over TLS until the hub stops, and then waits for their connections to end.
pub async fn listen(hub: Arc<Hub>, tls: Arc<Tls>, listener: TcpListener) {
    let most = hub.limits.clients.saturating_add(HANDSHAKES);
    listen::accept(listener, most, "MQTT", hub.stopping.subscribe(), |stream, address, place| {
        let (hub, tls) = (Arc::clone(&hub), Arc::clone(&tls));
        async move {
            // Failures are logged where they happen.
            if let Ok(stream) = tls.accept(stream, address).await {
                serve(hub, stream, address).await;
            }
            drop(place);
        }
    })
    .await;
}
