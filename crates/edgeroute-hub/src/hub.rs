//! The parts of a running hub.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clients::{Clients, CloseReason};
use crate::clock::{Clock, Timestamp};
use crate::config::Limits;
use crate::identity::{ClientId, Identities};
use crate::ingest::Ingest;
use crate::methods::Methods;
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::outbox::Paused;
use crate::routing::{BadManifest, Router};
use crate::store::{QueueId, Store};
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
    /// Messages from the cloud that are being stored, by queue.
    pub devicebound: Mutex<BTreeMap<QueueId, u64>>,
    /// Who may connect.
    pub identities: Arc<Identities>,
    /// When the file of the identities was last read for a client that was not known.
    pub asked: tokio::sync::Mutex<Option<Instant>>,
    /// Why the file of the identities cannot be read, if so.
    pub identities_problem: Mutex<Option<String>>,
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
    /// removed or disabled, or whose key is no longer valid.
    pub async fn watch_identities(self: Arc<Self>) {
        const INTERVAL: Duration = Duration::from_secs(1);
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.reload_identities().await;
        }
    }

    /// Reads the identities that another process changed.
    async fn reload_identities(&self) {
        let identities = Arc::clone(&self.identities);
        let Ok(result) = tokio::task::spawn_blocking(move || identities.reload()).await else { return };
        let problem = result.err().map(|error| {
            format!("{error}; restore the file, or remove it and restart the hub, which then makes new keys")
        });
        let mut before = self.identities_problem.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(problem) = &problem
            && before.as_ref() != Some(problem)
        {
            tracing::error!("the identities in use stay in use: {problem}");
        }
        *before = problem;
        drop(before);
        self.end_invalid_connections();
    }

    /// Ends the connections of clients that were removed or disabled, or whose key is no longer valid.
    pub fn end_invalid_connections(&self) {
        for session in self.clients.all() {
            let key = session.state().connection.map(|connection| connection.key);
            if key.is_some_and(|key| !self.identities.accepts(session.client(), &key)) {
                session.close(CloseReason::IdentityChanged);
            }
        }
    }

    /// Whether the hub knows a client. Looks into the file of the identities, at most ten times a second: a command may
    /// have added the client just now.
    pub async fn knows(&self, client: &ClientId) -> bool {
        const INTERVAL: Duration = Duration::from_millis(100);
        if self.identities.contains(client) {
            return true;
        }
        let mut asked = self.asked.lock().await;
        if asked.is_none_or(|asked| asked.elapsed() >= INTERVAL) {
            self.reload_identities().await;
            *asked = Some(Instant::now());
        }
        drop(asked);
        self.identities.contains(client)
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
