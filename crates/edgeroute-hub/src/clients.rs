//! The sessions of clients: what each has subscribed to, and how to reach it while it is connected.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::clock::Timestamp;
use crate::identity::ClientId;
use crate::wire::{Filter, Filters};

/// Something for a connected client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// A direct method: request id, name, and payload in JSON.
    Method { request: String, name: String, payload: Vec<u8> },
    /// A change of the desired properties: its version, and the patch in JSON with `$version`.
    DesiredPatch { version: u64, patch: Vec<u8> },
    /// The connection has to end.
    Close(CloseReason),
}

/// Why the hub ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Another connection of the same client replaces it.
    TakenOver,
    /// The client's token has expired.
    TokenExpired,
    /// The identity was removed, disabled or has new keys.
    IdentityChanged,
    /// An operator asked for it.
    Operator,
    /// The hub is stopping.
    Stopping,
}

/// A connection of a client, as others see it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Distinguishes the connections of one client.
    pub generation: u64,
    /// The address of the peer.
    pub address: SocketAddr,
    /// When it was accepted.
    pub since: Timestamp,
    /// The SDK's description of itself.
    pub agent: Option<String>,
    /// Takes what is to be sent to the client. Bounded: a client that does not read is not waited for.
    pub pushes: mpsc::Sender<Push>,
}

/// What the hub keeps of a client between connections.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The connection, if there is one.
    pub connection: Option<Connection>,
    /// What the client has subscribed to.
    pub filters: Filters,
}

/// The session of a client. It outlives connections, and its subscriptions outlive the hub.
#[derive(Debug)]
pub struct Session {
    client: ClientId,
    state: watch::Sender<State>,
}

impl Session {
    /// Returns the client.
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    /// Returns a receiver that sees every change of connection and subscriptions.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Whether the client is connected and has subscribed to a kind of topic.
    pub fn listens_to(&self, filter: Filter) -> bool {
        let state = self.state.borrow();
        state.connection.is_some() && state.filters.quality(filter).is_some()
    }

    /// Sends something to the client. Returns `false` if it is not connected, or does not read what it is sent.
    pub fn push(&self, push: Push) -> bool {
        self.state.borrow().connection.as_ref().is_some_and(|connection| connection.pushes.try_send(push).is_ok())
    }

    /// Changes connection or subscriptions.
    pub fn update(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(change);
    }
}

/// All sessions.
#[derive(Debug, Default)]
pub struct Clients {
    sessions: Mutex<HashMap<ClientId, Arc<Session>>>,
}

impl Clients {
    fn sessions(&self) -> MutexGuard<'_, HashMap<ClientId, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the session of a client. Creates it if there is none; only for clients with an identity.
    pub fn session(&self, client: &ClientId) -> Arc<Session> {
        let mut sessions = self.sessions();
        let session = sessions.entry(client.clone()).or_insert_with(|| {
            Arc::new(Session { client: client.clone(), state: watch::Sender::new(State::default()) })
        });
        Arc::clone(session)
    }

    /// Returns all sessions, by client id.
    pub fn all(&self) -> Vec<Arc<Session>> {
        let mut all: Vec<_> = self.sessions().values().cloned().collect();
        all.sort_by(|one, other| one.client.cmp(&other.client));
        all
    }

    /// Forgets the session of a client whose identity was removed, and ends its connection.
    pub fn forget(&self, client: &ClientId) {
        let removed = self.sessions().remove(client);
        if let Some(session) = removed {
            session.push(Push::Close(CloseReason::IdentityChanged));
        }
    }
}
