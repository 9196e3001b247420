//! Starts a hub with all its servers, and stops it without losing anything.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::clients::Clients;
use crate::clock::Clock;
use crate::config::Config;
use crate::hub::{Hub, Inbound};
use crate::identity::{Identities, IdentityOptions, Policy};
use crate::ingest::Ingest;
use crate::methods::Methods;
use crate::metrics::{DropReason, Metrics};
use crate::observe::{Event, Observer};
use crate::outbox::Paused;
use crate::reload;
use crate::routing::{GoodManifest, Router};
use crate::store::{Removal, Store};
use crate::tls::Tls;
use crate::twins::Twins;
use crate::{files, mqtt};

/// How long stopping may take.
const STOP_TIME: Duration = Duration::from_secs(10);

/// A hub cannot start. Displays what to do, on one line but for the findings of a manifest.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

fn failed(error: impl fmt::Display) -> StartError {
    StartError(error.to_string())
}

/// A hub that runs.
#[derive(Debug)]
pub struct Running {
    hub: Arc<Hub>,
    tls: Arc<Tls>,
    addresses: Addresses,
    reload: Arc<Notify>,
    tasks: JoinSet<()>,
}

/// Where a hub listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// MQTT over TLS.
    pub mqtt: SocketAddr,
    /// HTTPS and MQTT over WebSockets, if the port could be had.
    pub https: Option<SocketAddr>,
    /// Administration.
    pub admin: SocketAddr,
}

/// Starts a hub. Blocks on the disk for a moment.
pub async fn start(config: &Config) -> Result<Running, StartError> {
    let manifest = config.manifest.as_deref().ok_or_else(|| failed("give a manifest: --manifest FILE"))?;
    let text = reload::read(manifest)
        .await
        .map_err(|problem| StartError(format!("cannot read the manifest {}: {problem}", manifest.display())))?;
    let name = manifest.display().to_string();
    let good = GoodManifest::check(&name, &text).map_err(|bad| StartError(bad.report))?;
    if !good.warnings.is_empty() {
        tracing::warn!("the manifest has warnings\n{}", good.warnings);
    }
    // Before anything is made, so that a second hub changes nothing.
    let listeners = Listeners::bind(config).await?;
    let hub = Arc::new(open(config, good)?);
    let tls = Arc::new(Tls::open(&config.certificate_source(), hub.clock.clone()).map_err(failed)?);
    hub.follow_manifest().await;
    let addresses = listeners.addresses()?;
    let reload = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    tasks.spawn(mqtt::listen(Arc::clone(&hub), Arc::clone(&tls), listeners.mqtt));
    tasks.spawn(Arc::clone(&hub).watch_manifest(manifest.to_owned(), Arc::clone(&reload)));
    let stopped = Arc::clone(&hub);
    tasks.spawn(Arc::clone(&tls).renew(async move { stopped.stopped().await }));
    Ok(Running { hub, tls, addresses, reload, tasks })
}

/// Opens everything that a hub consists of, without its servers.
fn open(config: &Config, manifest: GoodManifest) -> Result<Hub, StartError> {
    files::create_directory(&config.data)
        .map_err(|error| StartError(format!("cannot create the directory {}: {error}", config.data.display())))?;
    let clock = Clock::default();
    let identities = Arc::new(Identities::open(&identity_options(config)).map_err(failed)?);
    let options = config.store_options(clock.clone());
    let store = if config.ephemeral { Store::ephemeral(&options) } else { Store::open(&options) }.map_err(failed)?;
    let metrics = Arc::new(Metrics::new(&config.iot_hub, config.device.device_id()));
    let observer = Arc::new(Observer::new(clock.clone()));
    let known = Arc::clone(&identities);
    metrics.know_ids(move |id| id.parse().is_ok_and(|client| known.contains(&client)));
    observe_losses(&store, &metrics, &observer);
    let paused = Paused::default();
    let clients = Arc::new(Clients::restore(store.clone(), paused.clone()).map_err(failed)?);
    let router = Arc::new(Router::new(store.clone(), manifest));
    metrics.table_version(router.current().version());
    let ingest = Ingest::new(Arc::clone(&router), store.clone(), Arc::clone(&observer), Arc::clone(&metrics));
    let twins = Twins::new(store.clone(), Arc::clone(&clients), ingest.clone(), clock.clone(), config.device.clone());
    let methods = Methods::new(Arc::clone(&clients), config.limits.methods);
    Ok(Hub {
        clock,
        limits: config.limits,
        max_disk: config.max_disk,
        inbound: Inbound::default(),
        identities,
        store,
        router,
        ingest,
        paused,
        clients,
        twins,
        methods,
        observer,
        metrics,
        stopping: watch::Sender::new(false),
    })
}

/// Counts and shows deliveries that expire or are dropped.
fn observe_losses(store: &Store, metrics: &Arc<Metrics>, observer: &Arc<Observer>) {
    let (losing, metrics, observer) = (store.clone(), Arc::clone(metrics), Arc::clone(observer));
    store.on_removed(Box::new(move |entry, removal| {
        let reason = match removal {
            Removal::Delivered => return,
            Removal::Expired => DropReason::TimeToLive,
            Removal::Dropped => DropReason::Full,
        };
        if let Ok(Some(message)) = losing.message(entry.sequence) {
            metrics.dropped(reason, &message.sender, message.output());
        }
        if let Some(destination) = losing.destination(entry.queue) {
            observer.event(Event::Lost { sequence: entry.sequence, destination, reason });
        }
    }));
}

fn identity_options(config: &Config) -> IdentityOptions {
    IdentityOptions {
        directory: (!config.ephemeral).then(|| config.data.clone()),
        hub_host: Some(config.iot_hub.clone()),
        hub_device: Some(config.device.device_id().to_owned()),
        policy: Policy {
            gateway_hosts: config.names.iter().map(str::to_owned).collect(),
            skew: config.token_skew,
            ..Policy::default()
        },
    }
}

/// The sockets on which a hub listens.
struct Listeners {
    mqtt: TcpListener,
    https: Option<TcpListener>,
    admin: TcpListener,
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Self, StartError> {
        let mqtt = bind(config.listen.mqtt(), "MQTT").await?;
        let admin = bind(config.listen.admin, "administration").await?;
        let https = match config.listen.https() {
            None => None,
            Some(address) => match bind(address, "HTTPS").await {
                Ok(listener) => Some(listener),
                Err(error) => {
                    tracing::warn!(
                        "{error}; the hub runs without WebSockets and without invocation of methods by modules"
                    );
                    None
                }
            },
        };
        Ok(Self { mqtt, https, admin })
    }

    fn addresses(&self) -> Result<Addresses, StartError> {
        let of = |listener: &TcpListener| listener.local_addr().map_err(failed);
        Ok(Addresses {
            mqtt: of(&self.mqtt)?,
            https: self.https.as_ref().map(of).transpose()?,
            admin: of(&self.admin)?,
        })
    }
}

async fn bind(address: SocketAddr, what: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| StartError(format!("cannot listen on {address} for {what}: {error}")))
}

impl Running {
    /// Returns the hub.
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Returns where the hub listens.
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Returns the TLS side of the hub's servers.
    pub const fn tls(&self) -> &Arc<Tls> {
        &self.tls
    }

    /// Has the file of the manifest read now.
    pub fn reload(&self) {
        self.reload.notify_one();
    }

    /// Stops: takes no more connections, stores what arrived, sends the acknowledgements that are due, and ends all
    /// connections. Takes at most 10 s.
    pub async fn stop(mut self) {
        self.hub.stop();
        let hub = Arc::clone(&self.hub);
        let ended = async move {
            while hub.clients.connected() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(STOP_TIME, ended).await.is_err() {
            tracing::warn!("some connections did not end within {} s", STOP_TIME.as_secs());
        }
        self.tasks.shutdown().await;
        let store = self.hub.store.clone();
        // Blocks on the disk.
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
}
