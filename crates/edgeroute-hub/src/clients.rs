//! The sessions of clients: what each has subscribed to, what it has not acknowledged, and how to reach it while it is
//! connected.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use crate::clock::Timestamp;
use crate::identity::{ClientId, Key};
use crate::outbox::{Due, Outbox, Paused, Sent};
use crate::store::{Consumer, StateKey, Store, StoreError, Submission};
use crate::wire::{Filter, Filters};

/// The kind of the records of sessions in the store.
const KIND: &str = "session";
/// Takeovers within this time count towards a contest.
const CONTEST: Duration = Duration::from_secs(10);
/// The longest delay of a connection that takes part in a contest.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// Something for a connected client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// A direct method.
    Method {
        /// The request id, which the response repeats.
        request: String,
        /// The name of the method.
        name: String,
        /// The payload, in JSON.
        payload: Vec<u8>,
    },
    /// A change of the desired properties.
    DesiredPatch {
        /// The version of the desired properties after the change.
        version: u64,
        /// The patch in JSON, with `$version`.
        patch: Vec<u8>,
    },
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

impl CloseReason {
    /// Returns the reason in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TakenOver => "another connection of the same client replaces it",
            Self::TokenExpired => "the token of the client has expired",
            Self::IdentityChanged => "the identity was removed, disabled or has new keys",
            Self::Operator => "an operator ended it",
            Self::Stopping => "the hub is stopping",
        }
    }
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
    /// The key that signed the client's token.
    pub key: Key,
    /// Takes what is to be sent to the client. Bounded: a client that does not read is not waited for.
    pub pushes: mpsc::Sender<Push>,
    /// Ends the connection.
    pub close: watch::Sender<Option<CloseReason>>,
}

/// What the hub keeps of a client between connections.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The connection, if there is one.
    pub connection: Option<Connection>,
    /// What the client has subscribed to.
    pub filters: Filters,
}

/// The messages of a client: those to come, and those that it has not acknowledged. One connection at a time owns it.
#[derive(Debug)]
pub struct Mailbox {
    /// Reads the queues. `None` while another thread reads.
    pub outbox: Option<Outbox>,
    /// What was read and is not sent yet.
    pub ready: VecDeque<Due>,
    /// What is not acknowledged, in the order in which it was sent, by packet identifier.
    pub sent: Vec<(u16, Sent)>,
}

/// The session of a client. It outlives connections, and its subscriptions outlive the hub.
#[derive(Debug)]
pub struct Session {
    client: ClientId,
    state: watch::Sender<State>,
    mailbox: Arc<tokio::sync::Mutex<Mailbox>>,
    takeovers: Mutex<VecDeque<(Instant, SocketAddr)>>,
    takeover_count: AtomicU64,
    unacknowledged: AtomicUsize,
}

impl Session {
    fn new(client: ClientId, filters: Filters, store: &Store, paused: &Paused) -> Self {
        let mailbox =
            Mailbox { outbox: Some(outbox(&client, store, paused)), ready: VecDeque::new(), sent: Vec::new() };
        Self {
            client,
            state: watch::Sender::new(State { connection: None, filters }),
            mailbox: Arc::new(tokio::sync::Mutex::new(mailbox)),
            takeovers: Mutex::default(),
            takeover_count: AtomicU64::new(0),
            unacknowledged: AtomicUsize::new(0),
        }
    }

    /// Returns the client.
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// Returns a new reader of the client's queues, at their beginning.
    pub fn new_outbox(&self, clients: &Clients) -> Outbox {
        outbox(&self.client, &clients.store, &clients.paused)
    }

    /// Returns the messages of the client. A connection locks them for its whole life.
    pub const fn mailbox(&self) -> &Arc<tokio::sync::Mutex<Mailbox>> {
        &self.mailbox
    }

    /// Returns a receiver that sees every change of connection and subscriptions.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Returns connection and subscriptions.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
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

    /// Ends the connection of the client, if there is one.
    pub fn close(&self, reason: CloseReason) {
        if let Some(connection) = &self.state.borrow().connection {
            connection.close.send_replace(Some(reason));
        }
    }

    /// Returns how often a connection took the session over from another one.
    pub fn takeover_count(&self) -> u64 {
        self.takeover_count.load(Ordering::Relaxed)
    }

    /// Returns the number of deliveries that were sent and are not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.unacknowledged.load(Ordering::Relaxed)
    }

    pub(crate) fn set_unacknowledged(&self, number: usize) {
        self.unacknowledged.store(number, Ordering::Relaxed);
    }

    /// Changes connection or subscriptions.
    pub fn update(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(change);
    }

    /// Records that a connection takes the session over from another one. Returns for how long the new connection has to
    /// wait first, which is zero but for contests, and the addresses that took part.
    ///
    /// Two clients with one identity reconnect as fast as they can, up to 100 times a second. From the third takeover
    /// within 10 seconds on, each waits longer.
    pub fn taken_over(&self, by: SocketAddr) -> (Duration, Vec<SocketAddr>) {
        self.takeover_count.fetch_add(1, Ordering::Relaxed);
        let mut takeovers = self.takeovers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while takeovers.front().is_some_and(|(at, _)| now.duration_since(*at) > CONTEST) {
            takeovers.pop_front();
        }
        if takeovers.len() >= 16 {
            takeovers.pop_front();
        }
        takeovers.push_back((now, by));
        let over = u32::try_from(takeovers.len()).unwrap_or(u32::MAX).saturating_sub(2);
        let mut addresses: Vec<_> = takeovers.iter().map(|(_, address)| *address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        ((Duration::from_secs(1) * over).min(LONGEST_DELAY), addresses)
    }
}

fn outbox(client: &ClientId, store: &Store, paused: &Paused) -> Outbox {
    let consumer = match client.module_id() {
        Some(module) => Consumer::Module(module.into()),
        None => Consumer::Device(client.device_id().into()),
    };
    Outbox::new(store.clone(), consumer, paused.clone())
}

/// All sessions.
#[derive(Debug)]
pub struct Clients {
    store: Store,
    paused: Paused,
    sessions: Mutex<HashMap<ClientId, Arc<Session>>>,
}

impl Clients {
    /// Reads the sessions of the store. Blocks on the disk.
    pub fn restore(store: Store, paused: Paused) -> Result<Self, StoreError> {
        let mut sessions = HashMap::new();
        for (id, record) in store.states(KIND)? {
            if let (Ok(client), Some(filters)) = (id.parse::<ClientId>(), Filters::from_bytes(&record)) {
                sessions.insert(client.clone(), Arc::new(Session::new(client, filters, &store, &paused)));
            }
        }
        Ok(Self { store, paused, sessions: Mutex::new(sessions) })
    }

    /// Returns what to store so that a session outlives the hub, or with `None` so that it does not.
    pub fn record(client: &ClientId, filters: Option<Filters>) -> (StateKey, Option<Vec<u8>>) {
        (StateKey { kind: KIND, id: client.to_string() }, filters.map(|filters| filters.to_bytes().to_vec()))
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<ClientId, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the session of a client. Creates it if the client has no session; only for clients with an identity.
    pub fn session(&self, client: &ClientId) -> Arc<Session> {
        let mut sessions = self.sessions();
        let session = sessions
            .entry(client.clone())
            .or_insert_with(|| Arc::new(Session::new(client.clone(), Filters::default(), &self.store, &self.paused)));
        Arc::clone(session)
    }

    /// Returns the session of a client, if it has one.
    pub fn existing(&self, client: &ClientId) -> Option<Arc<Session>> {
        self.sessions().get(client).cloned()
    }

    /// Returns all sessions, by client id.
    pub fn all(&self) -> Vec<Arc<Session>> {
        let mut all: Vec<_> = self.sessions().values().cloned().collect();
        all.sort_by(|one, other| one.client.cmp(&other.client));
        all
    }

    /// Returns the number of clients that are connected.
    pub fn connected(&self) -> usize {
        self.sessions().values().filter(|session| session.state.borrow().connection.is_some()).count()
    }

    /// Forgets the session of a client whose identity was removed, and ends its connection.
    pub fn forget(&self, client: &ClientId) {
        let removed = self.sessions().remove(client);
        if let Some(session) = removed {
            session.close(CloseReason::IdentityChanged);
        }
        let (state, message, sender) = (vec![Self::record(client, None)], None, None);
        self.store.submit(Submission { state, message, sender, completed: Box::new(|_| ()) });
    }
}
