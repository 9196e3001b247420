//! CONNECT: who is it, may it, and which session does it take.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mqtt_protocol_core::mqtt::packet::v3_1_1;
use mqtt_protocol_core::mqtt::result_code::ConnectReturnCode;
use tokio::sync::{OwnedMutexGuard, mpsc, watch};
use tokio::time::{sleep, timeout};

use super::connection::LAST_BYTES;
use super::shortened;
use crate::clients::{Clients, CloseReason, Connection, Mailbox, Push, Session};
use crate::clock::Timestamp;
use crate::hub::Hub;
use crate::identity::Refusal;
use crate::observe::Event;
use crate::store::Submission;
use crate::wire::Filters;

/// The most things that wait to be sent to a client that does not read.
const PUSHES: usize = 64;
/// How long the earlier connection of a client has to end: longer than it waits for what is being stored.
const TAKEOVER: Duration = LAST_BYTES.saturating_add(Duration::from_secs(2));

/// Distinguishes connections.
static GENERATION: AtomicU64 = AtomicU64::new(1);

/// A client that was accepted, with what its connection needs.
pub(super) struct Accepted {
    pub(super) session: Arc<Session>,
    pub(super) mailbox: OwnedMutexGuard<Mailbox>,
    pub(super) pushes: mpsc::Receiver<Push>,
    pub(super) closing: watch::Receiver<Option<CloseReason>>,
    pub(super) generation: u64,
    pub(super) expires: Option<Timestamp>,
    pub(super) session_present: bool,
}

/// Why a CONNECT is refused.
#[derive(Debug)]
pub(super) enum Refused {
    /// The credentials are wrong, or cannot be checked now.
    Credentials(Refusal),
    /// As many clients as the hub takes are connected.
    TooManyClients,
    /// The earlier connection of the client does not end.
    Busy,
    /// The hub is stopping.
    Stopping,
}

impl Refused {
    pub(super) const fn code(&self) -> ConnectReturnCode {
        match self {
            Self::Credentials(refusal) if refusal.is_certain() => ConnectReturnCode::NotAuthorized,
            Self::Credentials(_) | Self::TooManyClients | Self::Busy | Self::Stopping => {
                ConnectReturnCode::ServerUnavailable
            }
        }
    }

    const fn label(&self) -> &'static str {
        match self {
            Self::Credentials(refusal) => refusal.label(),
            Self::TooManyClients => "too_many_clients",
            Self::Busy => "busy",
            Self::Stopping => "stopping",
        }
    }

    /// Logs, counts and shows the refusal.
    pub(super) fn report(&self, hub: &Hub, connect: &v3_1_1::Connect, address: SocketAddr) {
        let client = shortened(connect.client_id());
        let reason = match self {
            Self::Credentials(refusal) => refusal.to_string(),
            Self::TooManyClients => format!("{} clients are connected, as many as the hub takes", hub.limits.clients),
            Self::Busy => "the earlier connection of the client does not end".to_owned(),
            Self::Stopping => "the hub is stopping".to_owned(),
        };
        tracing::warn!(client = %client, %address, "refused a client: {reason}");
        let known = connect.client_id().parse().is_ok_and(|client| hub.identities.contains(&client));
        hub.metrics.connect_failed(if known { connect.client_id() } else { "unknown" }, self.label());
        hub.observer.event(Event::Refused { client, address: address.to_string(), reason });
    }
}

/// Checks a CONNECT and takes the client's session, from an earlier connection if there is one.
pub(super) async fn accept(
    hub: &Arc<Hub>,
    connect: &v3_1_1::Connect,
    address: SocketAddr,
) -> Result<Accepted, Refused> {
    if hub.is_stopping() {
        return Err(Refused::Stopping);
    }
    let authenticate = || {
        let (user, id) = (connect.user_name(), connect.client_id());
        hub.identities.authenticate(user, id, connect.password(), hub.clock.now())
    };
    let authenticated = match authenticate() {
        // A command may have added it just now.
        Err(Refusal::UNKNOWN) if knows(hub, connect.client_id()).await => authenticate(),
        authenticated => authenticated,
    };
    let client = authenticated.map_err(Refused::Credentials)?.client;
    let session = hub.clients.session(&client);
    if session.state().connection.is_some() {
        hub.metrics.taken_over(&client);
        let (delay, addresses) = session.taken_over(address);
        if !delay.is_zero() {
            let other = addresses.into_iter().find(|other| *other != address).unwrap_or(address);
            tracing::warn!("two clients use {client}: {other}, {address}; the second waits {} s", delay.as_secs());
            let addresses = [other.to_string(), address.to_string()];
            hub.observer.event(Event::Contested { client: client.clone(), addresses });
            sleep(delay).await;
        }
        session.close(CloseReason::TakenOver);
    } else if hub.clients.connected() >= hub.limits.clients {
        return Err(Refused::TooManyClients);
    }
    let mailbox = timeout(TAKEOVER, Arc::clone(session.mailbox()).lock_owned()).await.map_err(|_| Refused::Busy)?;
    // While this connection waited, the identity may have been removed, and its session with it, or disabled.
    let authenticated = authenticate().map_err(Refused::Credentials)?;
    if hub.is_stopping() {
        return Err(Refused::Stopping);
    }
    let (pushes, received) = mpsc::channel(PUSHES);
    let (close, closing) = watch::channel(None);
    let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
    let mut accepted = Accepted {
        session: Arc::clone(&session),
        mailbox,
        pushes: received,
        closing,
        generation,
        expires: authenticated.expires,
        session_present: session.state().filters != Filters::default(),
    };
    if connect.clean_session() {
        accepted.forget(hub);
    }
    let connection = Connection {
        generation,
        address,
        since: hub.clock.now(),
        agent: authenticated.agent,
        key: authenticated.key,
        pushes,
        close,
    };
    session.update(|state| state.connection = Some(connection));
    hub.metrics.connected(&client);
    hub.observer.event(Event::Connected { client: client.clone(), address: address.to_string() });
    tracing::info!(%client, %address, "connected");
    Ok(accepted)
}

async fn knows(hub: &Hub, client: &str) -> bool {
    match client.parse() {
        Ok(client) => hub.knows(&client).await,
        Err(_) => false,
    }
}

impl Accepted {
    /// Forgets the subscriptions, as a client with a clean session asks. What waits for it in queues stays there.
    fn forget(&mut self, hub: &Hub) {
        self.session_present = false;
        self.mailbox.sent.clear();
        self.mailbox.ready.clear();
        if let Some(outbox) = &mut self.mailbox.outbox {
            outbox.rewind();
        }
        self.session.update(|state| state.filters = Filters::default());
        hub.store.submit(Submission {
            state: vec![Clients::record(self.session.client(), None)],
            message: None,
            sender: None,
            completed: Box::new(|_| ()),
        });
    }
}
