//! The parts of a running hub.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use crate::clients::{Clients, CloseReason};
use crate::clock::{Clock, Timestamp};
use crate::config::Limits;
use crate::identity::Identities;
use crate::ingest::Ingest;
use crate::methods::Methods;
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::outbox::Paused;
use crate::routing::{BadManifest, Router};
use crate::store::Store;
use crate::twins::Twins;

/// A running hub: what its servers share.
#[derive(Debug)]
pub struct Hub {
    /// The time.
    pub clock: Clock,
    /// The limits.
    pub limits: Limits,
    /// The most bytes of the store. The manifest may set a lower limit.
    pub max_disk: Option<u64>,
    /// Bytes of messages that arrived and are not stored yet.
    pub inbound: Inbound,
    /// Who may connect.
    pub identities: Arc<Identities>,
    /// The messages that wait, and the state.
    pub store: Store,
    /// The routes in force.
    pub router: Arc<Router>,
    /// The entry of messages.
    pub ingest: Ingest,
    /// The queues that are held back.
    pub paused: Paused,
    /// The sessions.
    pub clients: Arc<Clients>,
    /// The twins.
    pub twins: Twins,
    /// The direct methods.
    pub methods: Methods,
    /// What people look at.
    pub observer: Arc<Observer>,
    /// What Prometheus reads.
    pub metrics: Arc<Metrics>,
    /// The last manifest that was refused, unless another has come into force since.
    pub refused: Mutex<Option<(Timestamp, BadManifest)>>,
    /// Whether the hub is stopping.
    pub stopping: watch::Sender<bool>,
}

impl Hub {
    /// Whether the hub takes no more connections.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until the hub is stopping.
    pub async fn stopped(&self) {
        // Fails only if the sender is gone, and it belongs to the hub.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Looks each second for identities that another process changed, and ends the connections of those that were
    /// removed, disabled, or have new keys.
    pub async fn watch_identities(self: Arc<Self>) {
        const INTERVAL: Duration = Duration::from_secs(1);
        let mut complained = false;
        loop {
            tokio::time::sleep(INTERVAL).await;
            let identities = Arc::clone(&self.identities);
            match tokio::task::spawn_blocking(move || identities.reload()).await {
                Ok(Ok(changed)) => {
                    complained = false;
                    for session in changed.iter().filter_map(|client| self.clients.existing(client)) {
                        session.close(CloseReason::IdentityChanged);
                    }
                }
                Ok(Err(error)) if !complained => {
                    complained = true;
                    tracing::error!("the identities in use stay in use: {error}");
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }

    /// Takes no more connections, and ends those there are once what they sent is stored.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
        for session in self.clients.all() {
            session.close(CloseReason::Stopping);
        }
    }
}

/// Counts the bytes of messages that arrived and are not stored yet, in all connections. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Inbound(Arc<AtomicUsize>);

impl Inbound {
    /// Adds a message, until the result is dropped.
    #[must_use]
    pub fn add(&self, bytes: usize) -> InboundBytes {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        InboundBytes { inbound: self.clone(), bytes }
    }

    /// Returns the number of bytes.
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Bytes that count while this exists.
#[derive(Debug)]
pub struct InboundBytes {
    inbound: Inbound,
    bytes: usize,
}

impl Drop for InboundBytes {
    fn drop(&mut self) {
        self.inbound.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
