//! The parts of a running hub.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clients::{Clients, CloseReason};
use crate::clock::Clock;
use crate::identity::Identities;
use crate::ingest::Ingest;
use crate::methods::Methods;
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::routing::Router;
use crate::store::Store;
use crate::twins::Twins;

/// The limits of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most clients that are connected at the same time.
    pub clients: usize,
    /// The most bytes of the store. The manifest may set a lower limit.
    pub store_bytes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { clients: 1_000, store_bytes: None }
    }
}

/// A running hub: what its servers share.
#[derive(Debug)]
pub struct Hub {
    /// The time.
    pub clock: Clock,
    /// The limits.
    pub limits: Limits,
    /// Who may connect.
    pub identities: Arc<Identities>,
    /// The messages that wait, and the state.
    pub store: Store,
    /// The routes in force.
    pub router: Arc<Router>,
    /// The entry of messages.
    pub ingest: Ingest,
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
    /// Whether the hub is stopping.
    pub stopping: AtomicBool,
}

impl Hub {
    /// Whether the hub takes no more connections.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Takes no more connections, and ends those there are once what they sent is stored.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        for session in self.clients.all() {
            session.close(CloseReason::Stopping);
        }
    }
}
