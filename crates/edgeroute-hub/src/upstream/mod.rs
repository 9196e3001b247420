//! What is upstream of the hub: nothing, an MQTT broker, or another hub.
//!
//! Messages for `$upstream` are in the store before they are sent, and leave it when the server has acknowledged them. So
//! being offline is a state of the connection and never of the queue: whatever happens to a connection, the next one goes
//! on with what is not acknowledged, in the same order. A server gets a message again only if a connection, or the hub,
//! ended between the message and its acknowledgement.
//!
//! ```text
//! store ─► pump: reads what the lanes have room for ─► lane: one connection, at most 64 messages in flight
//!            ▲                                           │ PUBACK: removed from the store
//!            └───────────────── room ◄───────────────────┘
//! ```

mod address;
mod backoff;
mod broker;
mod codec;
mod dial;
mod downstream;
mod hub;
mod lane;
mod link;
mod payload;
mod pump;
mod queue;
mod show;
mod status;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

pub use address::InvalidUpstream;
pub use downstream::{Acknowledge, Downstream, Nowhere, Respond};
pub use status::{Kind, Problem, State, Status};

use address::Address;
use broker::Broker;
use dial::{Dial, Dialer};
use hub::{Distributor, Keys, Lanes, Tokens};
use lane::{Control, Lane, Shared};
use pump::pump;
use queue::{Queue, Stored};
use show::Window;
use status::Board;

use crate::clock::Clock;
use crate::config;
use crate::identity::{ClientId, Identities};
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::outbox::Paused;
use crate::store::Store;

/// What upstream needs of the hub.
#[derive(Clone)]
pub struct Parts {
    /// Has the messages.
    pub store: Store,
    /// The queues that are held back.
    pub paused: Paused,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Shows.
    pub observer: Arc<Observer>,
    /// The time.
    pub clock: Clock,
    /// The device of the hub.
    pub device: ClientId,
    /// The keys of clients, to sign for them at another hub.
    pub identities: Arc<Identities>,
    /// Takes what another hub sends to clients.
    pub downstream: Arc<dyn Downstream>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("device", &self.device).finish_non_exhaustive()
    }
}

/// Upstream, at work.
#[derive(Debug)]
pub struct Upstream {
    control: watch::Sender<Control>,
    board: Arc<Board>,
    tasks: Tasks,
    lanes: Option<Arc<dyn Attend>>,
}

/// The tasks of an upstream.
type Tasks = Arc<Mutex<Vec<JoinHandle<()>>>>;

/// Keeps connections of clients open.
trait Attend: fmt::Debug + Send + Sync {
    fn attend(&self, client: &ClientId, is_attended: bool);
}

impl<Q: Queue> Attend for Lanes<Q> {
    fn attend(&self, client: &ClientId, is_attended: bool) {
        self.lane(client).attend(is_attended);
    }
}

impl Upstream {
    /// Starts to send. Has to be called within a tokio runtime. Blocks on the disk for the roots to trust.
    ///
    /// # Errors
    /// Fails if the topic or the CA file cannot be used, or if the host is neither a name nor an IP address. A server that
    /// cannot be reached is no error.
    pub fn start(settings: config::Upstream, parts: Parts) -> Result<Self, InvalidUpstream> {
        let Parts { store, paused, metrics, observer, clock, device, identities, downstream } = parts;
        let dial: Option<Arc<dyn Dial>> = match &settings {
            config::Upstream::Show => None,
            config::Upstream::Mqtt(broker) => Some(Arc::new(Dialer::new(broker.into(), broker.ca.as_deref())?)),
            config::Upstream::Hub(hub) => Some(Arc::new(Dialer::new(hub.into(), hub.ca.as_deref())?)),
        };
        let tokens: Option<Arc<dyn Tokens>> = match &settings {
            config::Upstream::Hub(hub) => Some(Arc::new(Keys::new(hub.clone(), identities))),
            config::Upstream::Show | config::Upstream::Mqtt(_) => None,
        };
        let queue = Stored { store, paused };
        Ok(Self::start_with(queue, settings, dial, Rest { metrics, observer, clock, device, tokens, downstream }))
    }

    fn start_with<Q: Queue>(queue: Q, settings: config::Upstream, dial: Option<Arc<dyn Dial>>, rest: Rest) -> Self {
        let Rest { metrics, observer, clock, device, tokens, downstream } = rest;
        let (kind, address) = match &settings {
            config::Upstream::Show => (Kind::Show, None),
            config::Upstream::Mqtt(broker) => (Kind::Broker, Some(Address::from(broker))),
            config::Upstream::Hub(hub) => (Kind::Hub, Some(Address::from(hub))),
        };
        let board = Arc::new(Board::new(kind, address.map(|address| address.to_string()), clock.clone()));
        let room = Arc::new(Notify::new());
        let shared = Arc::new(Shared { queue, metrics, observer, clock, board: Arc::clone(&board), room });
        let (control, receiver) = watch::channel(Control::default());
        let tasks = Tasks::default();
        let start = |task: JoinHandle<()>| lock(&tasks).push(task);
        let mut lanes: Option<Arc<dyn Attend>> = None;
        match (settings, dial, tokens) {
            (config::Upstream::Mqtt(settings), Some(dial), _) => {
                let broker = Broker::new(settings, device.device_id());
                let (lane, entrance) = Lane::new(device, broker, dial, Arc::clone(&shared), receiver.clone());
                start(tokio::spawn(lane.run()));
                start(tokio::spawn(pump(shared, entrance, receiver)));
            }
            (config::Upstream::Hub(hub), Some(dial), Some(tokens)) => {
                let (common, control) = (Arc::clone(&shared), receiver.clone());
                let all = Lanes::new(&hub.iot_hub, tokens, downstream, dial, common, control, Arc::clone(&tasks));
                let all = Arc::new(all);
                start(tokio::spawn(pump(shared, Distributor::new(Arc::clone(&all)), receiver)));
                lanes = Some(all);
            }
            _ => {
                let window = Window::new(Arc::clone(&shared));
                start(tokio::spawn(pump(shared, window, receiver)));
            }
        }
        Self { control, board, tasks, lanes }
    }

    /// Returns what people see.
    pub fn status(&self) -> Status {
        self.board.read()
    }

    /// Ends the connection, and sends nothing before [`Upstream::resume`]. Messages wait in their queues.
    pub fn pause(&self) {
        self.control.send_if_modified(|control| !std::mem::replace(&mut control.paused, true));
        self.board.set(None, State::Paused);
    }

    /// Sends again after [`Upstream::pause`].
    pub fn resume(&self) {
        if self.control.send_if_modified(|control| std::mem::replace(&mut control.paused, false)) {
            self.board.set(None, self.board.first_state());
        }
    }

    /// Keeps a connection for a client at another hub, for what comes down to it, or does not any more: then the
    /// connection ends after an hour without messages. Does nothing for other kinds of upstream.
    pub fn attend(&self, client: &ClientId, is_attended: bool) {
        if let Some(lanes) = &self.lanes {
            lanes.attend(client, is_attended);
        }
    }

    /// Makes a new connection at once: instead of the one there is, or without waiting for the time of the next attempt.
    pub fn reconnect(&self) {
        self.control.send_modify(|control| control.reconnects += 1);
    }

    /// Sends nothing new, waits for acknowledgements for 5 s at most, and ends the connection. What is not acknowledged
    /// stays in the store.
    pub async fn stop(&self) {
        self.control.send_modify(|control| control.stopping = true);
        loop {
            let task = lock(&self.tasks).pop();
            let Some(task) = task else { break };
            // A task that panicked has ended, too.
            let _ = task.await;
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        for task in lock(&self.tasks).iter() {
            task.abort();
        }
    }
}

/// What lanes need beside the messages.
struct Rest {
    metrics: Arc<Metrics>,
    observer: Arc<Observer>,
    clock: Clock,
    device: ClientId,
    tokens: Option<Arc<dyn Tokens>>,
    downstream: Arc<dyn Downstream>,
}

fn lock(tasks: &Tasks) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner)
}
