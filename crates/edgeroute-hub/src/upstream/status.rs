use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::{Clock, Timestamp};
use crate::identity::ClientId;

/// What is upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: messages are shown.
    Show,
    /// An MQTT broker.
    Broker,
    /// Another hub, or an IoT hub.
    Hub,
}

impl Kind {
    /// Returns `show`, `broker` or `hub`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Broker => "broker",
            Self::Hub => "hub",
        }
    }
}

/// The state of the connection. It changes nothing about queues: messages wait in them whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// An operator paused it: there is no connection, and messages wait.
    Paused,
    /// No connection is needed, because there is nothing to send.
    Idle,
    /// The last attempt failed. The next one follows within a minute.
    Offline,
    /// An attempt is in progress.
    Connecting,
    /// The server accepted the connection.
    Online,
}

impl State {
    /// Returns the state in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Idle => "idle",
            Self::Offline => "offline",
            Self::Connecting => "connecting",
            Self::Online => "online",
        }
    }
}

/// Upstream as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What is upstream.
    pub kind: Kind,
    /// Where it is, such as `mqtts://broker:8883`. Never has a password.
    pub address: Option<String>,
    /// The best state of all connections, or [`State::Paused`].
    pub state: State,
    /// Since when it has the state.
    pub since: Timestamp,
    /// The last problem, also if it has passed.
    pub last_problem: Option<Problem>,
    /// Messages that were sent and are not acknowledged.
    pub in_flight: usize,
    /// Messages that were acknowledged since the start.
    pub sent: u64,
    /// The state of the connection of each sender, for [`Kind::Hub`].
    pub connections: BTreeMap<ClientId, State>,
}

/// Why a connection failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// When it failed.
    pub at: Timestamp,
    /// What happened, in words.
    pub text: String,
}

/// Where connections write their state.
#[derive(Debug)]
pub(super) struct Board {
    clock: Clock,
    status: Mutex<Status>,
}

impl Board {
    pub(super) fn new(kind: Kind, address: Option<String>, clock: Clock) -> Self {
        let status = Status {
            kind,
            address,
            state: first_state(kind),
            since: clock.now(),
            last_problem: None,
            in_flight: 0,
            sent: 0,
            connections: BTreeMap::new(),
        };
        Self { clock, status: Mutex::new(status) }
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the status.
    pub(super) fn read(&self) -> Status {
        let mut status = self.status().clone();
        if status.kind == Kind::Broker {
            status.connections.clear();
        }
        status
    }

    /// Returns the state before anything happened.
    pub(super) fn first_state(&self) -> State {
        first_state(self.status().kind)
    }

    /// Sets the state of a connection, or without one of all.
    pub(super) fn set(&self, connection: Option<&ClientId>, state: State) {
        let now = self.clock.now();
        let mut status = self.status();
        if let Some(connection) = connection {
            status.connections.insert(connection.clone(), state);
        }
        let best = status.connections.values().max().copied();
        let all = if connection.is_some() { best.unwrap_or(state) } else { state };
        if status.state != all {
            status.state = all;
            status.since = now;
        }
    }

    pub(super) fn failed(&self, text: String) {
        let at = self.clock.now();
        self.status().last_problem = Some(Problem { at, text });
    }

    /// Counts messages that were acknowledged.
    pub(super) fn acknowledged(&self, count: u64) {
        self.status().sent += count;
    }

    /// Changes the number of messages in flight.
    pub(super) fn in_flight(&self, before: usize, after: usize) {
        let mut status = self.status();
        status.in_flight = (status.in_flight + after).saturating_sub(before);
    }
}

const fn first_state(kind: Kind) -> State {
    match kind {
        Kind::Show => State::Online,
        Kind::Broker | Kind::Hub => State::Idle,
    }
}
