//! Starts a hub with all its servers, and stops it without losing anything.

use std::fmt;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use crate::admin::{self, Access, Token};
use crate::administration::{Administration, Place};
use crate::bind::{ADMINISTRATION, bind};
use crate::clients::Clients;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::contact::Contact;
use crate::http::{self, ServeMqtt};
use crate::hub::{Hub, Inbound};
use crate::identity::{ClientId, Identities};
use crate::ingest::Ingest;
use crate::listen::stopped;
use crate::methods::Methods;
use crate::metrics::{DropReason, Metrics};
use crate::observe::{Event, Observer};
use crate::outbox::Paused;
use crate::routing::{GoodManifest, Router};
use crate::services::{self, Services};
use crate::store::{Removal, Store};
use crate::tls::Tls;
use crate::twins::Twins;
use crate::upstream::{self, Upstream};
use crate::{files, mqtt, reload, workload};

/// Connections to the HTTPS server beyond the limit of clients.
const MOST_REQUESTS: usize = 256;
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
    upstream: Arc<Upstream>,
    addresses: Addresses,
    reload: Arc<Notify>,
    tasks: JoinSet<()>,
    /// Held as long as the hub runs.
    _lock: File,
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
    // Before anything is made, so that a second hub changes nothing.
    let listeners = Listeners::bind(config).await?;
    let lock = lock(config)?;
    let hub = Arc::new(open(config, good)?);
    let tls = Arc::new(Tls::open(&config.certificate_source(), hub.clock.clone()).map_err(failed)?);
    let services = Arc::new(Services(Arc::clone(&hub)));
    let upstream = Upstream::start(config.upstream.clone(), upstream_parts(&hub, &services)).map_err(failed)?;
    let upstream = Arc::new(upstream);
    hub.follow_manifest().await;

    let addresses = listeners.addresses()?;
    let token = admin_token(config, &addresses)?;
    Contact { address: addresses.admin, token: token.clone() }
        .write(&config.data)
        .map_err(|error| StartError(format!("cannot write to {}: {error}", config.data.display())))?;
    let access = match token {
        Some(token) => Access::Token(Token::new(token)),
        None => Access::Loopback { names: config.names.iter().map(str::to_owned).collect() },
    };
    let place = Place {
        manifest: manifest.to_owned(),
        gateway: config.gateway().to_owned(),
        listeners: addresses.list(),
        warnings: listeners.warnings.clone(),
        started: hub.clock.now(),
    };
    let administration = Administration::new(Arc::clone(&hub), Arc::clone(&tls), Arc::clone(&upstream), place);
    let reload = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    let stop = || hub.stopping.subscribe();
    tasks.spawn(mqtt::listen(Arc::clone(&hub), Arc::clone(&tls), listeners.mqtt));
    if let Some(listener) = listeners.https {
        let most = config.limits.clients.saturating_add(MOST_REQUESTS);
        let serve = serve_mqtt(&hub);
        tasks.spawn(http::serve(listener, most, Arc::clone(&tls), Arc::clone(&services), serve, stop()));
    }
    match workload::bind(&config.listen.workload).await {
        Ok(listener) => {
            tasks.spawn(workload::serve(listener, Arc::clone(&services), Arc::clone(&tls), stop()));
        }
        Err(error) => {
            tracing::warn!("no workload API at {}: {error}", config.listen.workload.display());
        }
    }
    if let Some(listener) = listeners.workload {
        tasks.spawn(workload::serve_loopback(listener, Arc::clone(&services), Arc::clone(&tls), stop()));
    }
    tasks.spawn(Arc::clone(&hub).watch_manifest(manifest.to_owned(), Arc::clone(&reload)));
    if matches!(config.upstream, config::Upstream::Hub(_)) {
        tasks.spawn(services::attend(Arc::clone(&hub), Arc::clone(&upstream)));
    }
    tasks.spawn(Arc::clone(&hub).watch_identities());
    tasks.spawn(Arc::clone(&tls).renew(stopped(stop())));
    // Last: whoever gets an answer finds everything else at work.
    tasks.spawn(admin::serve(listeners.admin, admin::router(Arc::new(administration), access), stopped(stop())));
    Ok(Running { hub, tls, upstream, addresses, reload, tasks, _lock: lock })
}

/// Serves MQTT over whatever the HTTPS server makes of WebSockets.
fn serve_mqtt(hub: &Arc<Hub>) -> ServeMqtt {
    let hub = Arc::clone(hub);
    Arc::new(move |stream, address| Box::pin(mqtt::serve(Arc::clone(&hub), stream, address)))
}

fn upstream_parts(hub: &Hub, services: &Arc<Services>) -> upstream::Parts {
    upstream::Parts {
        store: hub.store.clone(),
        paused: hub.paused.clone(),
        metrics: Arc::clone(&hub.metrics),
        observer: Arc::clone(&hub.observer),
        clock: hub.clock.clone(),
        device: ClientId::device(hub.identities.hub_device()),
        identities: Arc::clone(&hub.identities),
        downstream: Arc::clone(services) as Arc<dyn upstream::Downstream>,
    }
}

/// Returns the token that requests to the administration port need: none on loopback, else the one of the data
/// directory, made at the first start.
fn admin_token(config: &Config, addresses: &Addresses) -> Result<Option<String>, StartError> {
    const FILE: &str = "admin.token";
    if addresses.admin.ip().is_loopback() {
        return Ok(None);
    }
    let path = config.data.join(FILE);
    if let Ok(token) = files::read(&path)
        && !token.trim().is_empty()
    {
        return Ok(Some(token.trim().to_owned()));
    }
    let token: String = (0..2).map(|_| Uuid::new_v4().simple().to_string()).collect();
    files::write(&path, token.as_bytes(), files::Access::Private)
        .map_err(|error| StartError(format!("cannot write {}: {error}", path.display())))?;
    Ok(Some(token))
}

impl Addresses {
    /// Returns the listeners, such as `mqtt 127.0.0.1:8883`.
    pub fn list(&self) -> Vec<String> {
        let https = self.https.map(|address| format!("https {address}"));
        [Some(format!("mqtt {}", self.mqtt)), https, Some(format!("admin {}", self.admin))]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Creates the data directory, and makes sure that no other hub uses it.
fn lock(config: &Config) -> Result<File, StartError> {
    let data = config.data.display();
    files::create_directory(&config.data)
        .map_err(|error| StartError(format!("cannot create the directory {data}: {error}")))?;
    match files::lock(&config.data.join("hub.lock")) {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => {
            Err(StartError(format!("another hub runs with the data in {data}: stop it, or give another --data")))
        }
        Err(error) => Err(StartError(format!("cannot write to {data}: {error}"))),
    }
}

/// Opens everything that a hub consists of, without its servers. Blocks on the disk.
pub fn open(config: &Config, manifest: GoodManifest) -> Result<Hub, StartError> {
    files::create_directory(&config.data)
        .map_err(|error| StartError(format!("cannot create the directory {}: {error}", config.data.display())))?;
    let clock = Clock::default();
    let identities = Arc::new(Identities::open(&config.identities()).map_err(failed)?);
    let options = config.store_options(clock.clone());
    let store = if config.ephemeral { Store::ephemeral(&options) } else { Store::open(&options) }.map_err(failed)?;
    let metrics = Arc::new(Metrics::new(&config.iot_hub, config.device.device_id()));
    let observer = Arc::new(Observer::new(clock.clone()));
    let known = Arc::clone(&identities);
    metrics.know_ids(move |id| id.parse().is_ok_and(|client| known.contains(&client)));
    observe_store(&store, &metrics, &observer);
    let paused = Paused::default();
    let clients = Arc::new(Clients::restore(store.clone(), paused.clone()).map_err(failed)?);
    let router = Arc::new(Router::new(store.clone(), clock.clone(), manifest));
    metrics.table_version(router.current().version());
    let ingest = Ingest::new(Arc::clone(&router), store.clone(), Arc::clone(&observer), Arc::clone(&metrics));
    let twins = Twins::new(store.clone(), Arc::clone(&clients), ingest.clone(), clock.clone(), config.device.clone());
    let methods = Methods::new(Arc::clone(&clients), config.limits.methods);
    Ok(Hub {
        clock,
        limits: config.limits,
        max_disk: config.max_disk,
        inbound: Inbound::default(),
        devicebound: Mutex::default(),
        identities,
        asked: tokio::sync::Mutex::default(),
        identities_problem: Mutex::default(),
        store,
        router,
        ingest,
        paused,
        clients,
        twins,
        methods,
        observer,
        metrics,
        refused: Mutex::new(None),
        stopping: watch::Sender::new(false),
    })
}

/// Counts what the store writes, and counts and shows deliveries that expire or are dropped.
fn observe_store(store: &Store, metrics: &Arc<Metrics>, observer: &Arc<Observer>) {
    let committing = Arc::clone(metrics);
    store.on_committed(Box::new(move |submissions, took| committing.committed(submissions, took)));
    let (losing, metrics, observer) = (store.clone(), Arc::clone(metrics), Arc::clone(observer));
    store.on_removed(Box::new(move |entry, removal| {
        let reason = match removal {
            Removal::Delivered => return,
            Removal::Expired => DropReason::TimeToLive,
            Removal::Full => DropReason::Full,
            Removal::Cleared => DropReason::Operator,
            Removal::Undeliverable => DropReason::Undeliverable,
        };
        if let Ok(Some(message)) = losing.message(entry.sequence) {
            metrics.dropped(reason, &message.sender, message.output());
        }
        if let Some(destination) = losing.destination(entry.queue) {
            observer.event(Event::Lost { sequence: entry.sequence, destination, reason });
        }
    }));
}

/// The sockets on which a hub listens.
struct Listeners {
    mqtt: TcpListener,
    https: Option<TcpListener>,
    admin: TcpListener,
    workload: Option<TcpListener>,
    warnings: Vec<String>,
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Self, StartError> {
        let uses =
            [Some(config.listen.mqtt()), config.listen.https(), Some(config.listen.admin), config.listen.workload_http];
        let uses: Vec<_> = uses.into_iter().flatten().filter(|address| address.port() != 0).collect();
        if let Some(twice) =
            uses.iter().enumerate().find_map(|(at, address)| uses.iter().skip(at + 1).find(|it| *it == address))
        {
            return Err(StartError(format!(
                "the address {twice} is given for two uses: give another port for one of them"
            )));
        }
        let mqtt = bind(config.listen.mqtt(), "MQTT").await.map_err(failed)?;
        let admin = bind(config.listen.admin, ADMINISTRATION).await.map_err(failed)?;
        let workload = match config.listen.workload_http {
            Some(address) => Some(bind(address, "workload API").await.map_err(failed)?),
            None => None,
        };
        let mut warnings = Vec::new();
        let https = match config.listen.https() {
            None => None,
            Some(address) => match bind(address, "HTTPS").await {
                Ok(listener) => Some(listener),
                Err(error) => {
                    let warning = format!("{error}; until then, modules cannot invoke methods or use WebSockets");
                    tracing::warn!("{warning}");
                    warnings.push(warning);
                    None
                }
            },
        };
        Ok(Self { mqtt, https, admin, workload, warnings })
    }

    fn addresses(&self) -> Result<Addresses, StartError> {
        let of = |listener: &TcpListener| listener.local_addr().map_err(failed);
        let https = self.https.as_ref().map(of).transpose()?;
        Ok(Addresses { mqtt: of(&self.mqtt)?, https, admin: of(&self.admin)? })
    }
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
        self.upstream.stop().await;
        self.tasks.shutdown().await;
        let store = self.hub.store.clone();
        // Blocks on the disk.
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
}
