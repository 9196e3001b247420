use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mqtt_protocol_core::mqtt::packet::v3_1_1;
use tokio::sync::watch;

use super::Tasks;
use super::codec::Login;
use super::dial::Dial;
use super::downstream::{Acknowledge, Downstream, Respond, Sender};
use super::lane::{Control, Entrance, Given, Lane, Peer, Shared, WINDOW};
use super::payload::{Publication, Unsendable, for_hub};
use super::pump::Sink;
use super::queue::Queue;
use crate::clock::{Clock, Timestamp};
use crate::config::{HubUpstream, Secret};
use crate::identity::sas::sign;
use crate::identity::{ClientId, Identities, Key};
use crate::message::Message;
use crate::outbox::Due;
use crate::wire::Bag;

/// How long a token is valid.
const TOKEN_TIME: Duration = Duration::from_secs(3_600);
/// When a connection is replaced by one with a new token.
const RENEWAL: Duration = Duration::from_secs(2_700);
/// How long a connection without use is kept.
const IDLE: Duration = Duration::from_secs(3_600);
/// The version of the interface that user names state: that of the SDKs.
const API_VERSION: &str = "2021-04-12";
/// The most messages of all lanes together that are read and not acknowledged.
const MOST_HELD: usize = 1_024;

/// Signs for clients, with the keys that the hub has.
pub(super) trait Tokens: Send + Sync + 'static {
    /// Returns a token for a client, or `None` if there is no key. A client may have several keys: `attempt` counts from
    /// 0, and there is a next one after each that the other hub refused.
    fn token(&self, client: &ClientId, attempt: usize, expires: Timestamp) -> Option<String>;
}

/// The keys of the hub.
///
/// The key of the connection string signs for the device that the hub is at the other hub, and, by a token of the device,
/// for its modules. Other clients, and modules for which that is refused, sign with their own keys, which the other hub
/// has to know.
pub(super) struct Keys {
    settings: HubUpstream,
    key: Option<Key>,
    identities: Arc<Identities>,
}

impl Keys {
    pub(super) fn new(settings: HubUpstream, identities: Arc<Identities>) -> Self {
        let key = Key::from_base64(settings.key.expose()).ok();
        Self { settings, key, identities }
    }
}

impl Tokens for Keys {
    fn token(&self, client: &ClientId, attempt: usize, expires: Timestamp) -> Option<String> {
        let hub = &self.settings.iot_hub;
        let is_own_device = client.to_device() == self.settings.device;
        let of_device = self.key.as_ref().filter(|_| is_own_device);
        let of_device = of_device.map(|key| sign(hub, &self.settings.device, key, expires));
        let own = self.identities.get(client);
        let own = own.filter(|identity| identity.enabled && *client != self.settings.device);
        let own = own.map(|identity| sign(hub, client, &identity.primary_key, expires));
        let mut tokens: Vec<_> = [of_device, own].into_iter().flatten().collect();
        if tokens.is_empty() { None } else { Some(tokens.swap_remove(attempt % tokens.len())) }
    }
}

/// One client of this hub at the other hub.
struct Client {
    id: ClientId,
    hub: Arc<str>,
    tokens: Arc<dyn Tokens>,
    clock: Clock,
    downstream: Arc<dyn Downstream>,
    /// How many tokens the other hub refused.
    refused: usize,
}

impl Peer for Client {
    fn login(&mut self) -> Result<(Login, Option<Duration>), String> {
        let lifetime = u64::try_from(TOKEN_TIME.as_millis()).unwrap_or(u64::MAX);
        let expires = self.clock.now().plus_millis(lifetime);
        let token = self.tokens.token(&self.id, self.refused, expires);
        let token = token.ok_or_else(|| format!("this hub has no key of `{}`", self.id))?;
        let agent = concat!("edgeroute-hub%2F", env!("CARGO_PKG_VERSION"));
        let login = Login {
            client_id: self.id.to_string(),
            user: Some(format!("{}/{}/?api-version={API_VERSION}&DeviceClientType={agent}", self.hub, self.id)),
            password: Some(Secret::new(token)),
            clean_session: false,
        };
        Ok((login, Some(RENEWAL)))
    }

    fn refused(&mut self) {
        self.refused = self.refused.wrapping_add(1);
    }

    fn publication<'m>(&self, message: &'m Message) -> Result<Publication<'m>, Unsendable> {
        for_hub(message)
    }

    fn filters(&self) -> Vec<String> {
        let mut filters =
            vec!["$iothub/methods/POST/#".to_owned(), "$iothub/twin/PATCH/properties/desired/#".to_owned()];
        if self.id.module_id().is_none() {
            filters.push(format!("devices/{}/messages/devicebound/#", self.id));
        }
        filters
    }

    fn receive(&mut self, message: &v3_1_1::Publish, acknowledge: Acknowledge, sender: &Sender) {
        let topic = message.topic_name();
        let body = message.payload().as_slice();
        if let Some((name, request)) = method(topic) {
            acknowledge.now();
            let respond = Respond::new(request.to_owned(), sender.clone());
            self.downstream.method(&self.id, name, body.to_vec(), respond);
        } else if let Some(rest) = topic.strip_prefix("$iothub/twin/PATCH/properties/desired/") {
            acknowledge.now();
            self.downstream.desired(&self.id, version(rest), body.to_vec());
        } else if let Some(bag) = self.devicebound(topic) {
            match Bag::read(bag) {
                Ok(bag) => self.downstream.message(&self.id, bag, body.to_vec(), acknowledge),
                Err(error) => {
                    // It would come again for ever.
                    acknowledge.now();
                    tracing::error!(client = %self.id, "dropped a message from upstream: {error}");
                }
            }
        } else {
            acknowledge.now();
            tracing::warn!(client = %self.id, "upstream sent something on a topic that is not known");
        }
    }

    fn idle_time(&self) -> Option<Duration> {
        Some(IDLE)
    }

    fn shares_queue(&self) -> bool {
        true
    }
}

impl Client {
    /// The bag of a message from the cloud.
    fn devicebound<'t>(&self, topic: &'t str) -> Option<&'t str> {
        if self.id.module_id().is_some() {
            return None;
        }
        let rest = topic.strip_prefix("devices/")?.strip_prefix(self.id.device_id())?;
        rest.strip_prefix("/messages/devicebound/")
    }
}

/// Reads the name of a method and the id of the request.
fn method(topic: &str) -> Option<(&str, &str)> {
    let (name, rest) = topic.strip_prefix("$iothub/methods/POST/")?.split_once('/')?;
    let request = rest.strip_prefix('?')?.split('&').find_map(|pair| pair.strip_prefix("$rid="))?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"/+#".contains(&byte);
    (!request.is_empty() && request.len() <= 128 && request.bytes().all(is_plain)).then_some((name, request))
}

/// Reads the version of a patch.
fn version(rest: &str) -> Option<u64> {
    rest.strip_prefix('?')?.split('&').find_map(|pair| pair.strip_prefix("$version="))?.parse().ok()
}

/// The lanes of all clients at another hub.
pub(super) struct Lanes<Q> {
    hub: Arc<str>,
    tokens: Arc<dyn Tokens>,
    downstream: Arc<dyn Downstream>,
    dial: Arc<dyn Dial>,
    shared: Arc<Shared<Q>>,
    control: watch::Receiver<Control>,
    tasks: Tasks,
    entrances: Mutex<BTreeMap<ClientId, Arc<Entrance>>>,
}

impl<Q> fmt::Debug for Lanes<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes").field("hub", &self.hub).finish_non_exhaustive()
    }
}

impl<Q: Queue> Lanes<Q> {
    pub(super) fn new(
        hub: &str,
        tokens: Arc<dyn Tokens>,
        downstream: Arc<dyn Downstream>,
        dial: Arc<dyn Dial>,
        shared: Arc<Shared<Q>>,
        control: watch::Receiver<Control>,
        tasks: Tasks,
    ) -> Self {
        Self { hub: hub.into(), tokens, downstream, dial, shared, control, tasks, entrances: Mutex::default() }
    }

    fn entrances(&self) -> MutexGuard<'_, BTreeMap<ClientId, Arc<Entrance>>> {
        self.entrances.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the entrance of a client's lane. Starts the lane if the client has no lane.
    pub(super) fn lane(&self, client: &ClientId) -> Arc<Entrance> {
        let mut entrances = self.entrances();
        if let Some(entrance) = entrances.get(client) {
            return Arc::clone(entrance);
        }
        let peer = Client {
            id: client.clone(),
            hub: Arc::clone(&self.hub),
            tokens: Arc::clone(&self.tokens),
            clock: self.shared.clock.clone(),
            downstream: Arc::clone(&self.downstream),
            refused: 0,
        };
        let (dial, shared) = (Arc::clone(&self.dial), Arc::clone(&self.shared));
        let (lane, entrance) = Lane::new(client.clone(), peer, dial, shared, self.control.clone());
        let entrance = Arc::new(entrance);
        entrances.insert(client.clone(), Arc::clone(&entrance));
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(tokio::spawn(lane.run()));
        entrance
    }
}

/// Gives each message to the lane of its sender.
///
/// A lane that is full stops the reading: it gets on within seconds, or its connection is replaced. But a client that the
/// other hub refuses may stay refused. Its messages are left in the store, and reading starts again at the beginning when
/// it is accepted.
pub(super) struct Distributor<Q> {
    lanes: Arc<Lanes<Q>>,
    /// What was read, from the first message on whose lane is full.
    waiting: VecDeque<Due>,
}

impl<Q: Queue> Distributor<Q> {
    pub(super) const fn new(lanes: Arc<Lanes<Q>>) -> Self {
        Self { lanes, waiting: VecDeque::new() }
    }
}

impl<Q: Queue> Sink for Distributor<Q> {
    fn room(&mut self) -> usize {
        while let Some(due) = self.waiting.pop_front() {
            if let Given::Full(due) = self.lanes.lane(&due.message.sender).give(due) {
                self.waiting.push_front(due);
                return 0;
            }
        }
        let held: usize = self.lanes.entrances().values().map(|entrance| entrance.held()).sum();
        MOST_HELD.saturating_sub(held).min(WINDOW)
    }

    fn give(&mut self, due: Due) {
        if self.waiting.is_empty() {
            if let Given::Full(due) = self.lanes.lane(&due.message.sender).give(due) {
                self.waiting.push_back(due);
            }
        } else {
            self.waiting.push_back(due);
        }
    }

    fn rewinds(&mut self) -> bool {
        let mut rewinds = false;
        for entrance in self.lanes.entrances().values() {
            rewinds |= entrance.catches_up();
        }
        if rewinds {
            self.waiting.clear();
        }
        rewinds
    }
}
