//! Serves the administration port of a hub that does not exist, to look at its live page and to test it.
//!
//! ```sh
//! cargo run -p edgeroute-hub --example page -- demo
//! ```
//!
//! Messages that are sent with `POST /api/messages` are routed, and delivered unless their queue is paused. With `demo`
//! some are sent all the time.

#![expect(clippy::print_stdout, reason = "the address is printed")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgeroute::{CheckedManifest, Manifest, Origin, OwnedMessage, RouteTable};
use edgeroute_hub::admin::{
    Accepted, Access, AdminHub, Affected, ApiError, ClientView, CloudMessage, IdentityChange, IdentitySecret,
    IdentityView, InForce, LevelView, ManifestAccepted, ManifestStatus, MethodCall, MethodResponse, QueueAction,
    QueueView, RefusedManifest, Status, StoreView, Trial, TwinPatch, TwinView, UpstreamAction, UpstreamStatus, router,
    serve,
};
use edgeroute_hub::clock::{Clock, Timestamp};
use edgeroute_hub::identity::ClientId;
use edgeroute_hub::message::Message;
use edgeroute_hub::metrics::{DropReason, Metrics, StoreFigures};
use edgeroute_hub::observe::{Event, Fate, Observer, Taken};
use edgeroute_hub::store::{Destination, Level};
use serde_json::{Value, json};

const MANIFEST: &str = r#"{
  "schemaVersion": "1.1",
  "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 },
  "routes": {
    "raw": "FROM /messages/modules/sensor/outputs/readings INTO BrokeredEndpoint(\"/modules/filter/inputs/raw\")",
    "hot": { "route": "FROM /messages/modules/sensor/* WHERE as_number(temperature) > 80 INTO BrokeredEndpoint(\"/modules/alarm/inputs/hot\")", "priority": 0 },
    "camera": "FROM /messages/modules/camera/outputs/frames WHERE $body.objects > 0 INTO BrokeredEndpoint(\"/modules/filter/inputs/frames\")",
    "filtered": "FROM /messages/modules/filter/outputs/* INTO $upstream",
    "alarms": { "route": "FROM /messages/modules/alarm/* INTO $upstream", "priority": 1, "timeToLiveSecs": 86400 },
    "leaves": "FROM /messages/* WHERE NOT IS_DEFINED($connectionModuleId) INTO BrokeredEndpoint(\"/modules/filter/inputs/leaves\")"
  }
}"#;

/// A hub without a network.
struct Fake {
    clock: Clock,
    started: Timestamp,
    observer: Observer,
    metrics: Metrics,
    manifest: Manifest,
    table: RouteTable,
    sequence: AtomicU64,
    upstream_paused: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<String, Vec<(u64, Destination)>>,
    paused: BTreeSet<String>,
    twins: BTreeMap<ClientId, TwinView>,
    refused: Option<RefusedManifest>,
}

const CLIENTS: [(&str, bool); 6] = [
    ("edge-1/alarm", false),
    ("edge-1/camera", true),
    ("edge-1/filter", true),
    ("edge-1/sensor", true),
    ("leaf-7", true),
    ("edge-1/<img src=x onerror=alert(1)>", true),
];

impl Fake {
    fn new() -> Result<Self, Box<dyn Error>> {
        let (manifest, table) =
            CheckedManifest::from_json(MANIFEST).into_result().map_err(|findings| format!("{findings:?}"))?;
        let clock = Clock::default();
        Ok(Self {
            started: clock.now(),
            observer: Observer::new(clock.clone()),
            metrics: Metrics::new("my-hub.azure-devices.net", "edge-1"),
            table,
            manifest,
            clock,
            sequence: AtomicU64::new(1),
            upstream_paused: AtomicBool::new(false),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, content: OwnedMessage) -> Accepted {
        let origin = content.origin();
        let stamps = origin.stamps();
        let [device, module] = [0, 1].map(|index| stamps.and_then(|stamps| stamps.get(index).and_then(|(_, id)| *id)));
        let device = device.unwrap_or("edge-1");
        let sender = module.map_or_else(|| ClientId::device(device), |module| ClientId::module(device, module));
        let mut scratch = self.table.create_scratch();
        let taken = self.table.route_with(&mut scratch, &content.as_message()).map(|delivery| Taken {
            route: delivery.route().into(),
            destination: Destination::from(delivery.endpoint()),
            level: Level::of(delivery.priority()),
        });
        let taken: Vec<Taken> = taken.collect();
        let message = Arc::new(Message { sender: sender.clone(), received: self.clock.now(), content });
        self.metrics.received(&sender, message.output(), message.size());
        if taken.is_empty() {
            let detail = "no route takes the message".to_owned();
            self.observer.message(&sender, Some(&message), Fate::Dropped { reason: DropReason::NoRoute, detail });
            return Accepted::default();
        }
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        let destinations: Vec<Destination> = taken.iter().map(|taken| taken.destination.clone()).collect();
        self.observer.message(&sender, Some(&message), Fate::Stored { sequence, taken });
        for destination in &destinations {
            if self.takes(destination) {
                if *destination == Destination::Upstream {
                    self.observer.upstream(&message);
                }
                self.observer.event(Event::Delivered { sequence, destination: destination.clone() });
            } else {
                let mut state = self.state();
                state.waiting.entry(destination.to_string()).or_default().push((sequence, destination.clone()));
            }
        }
        Accepted { id: self.observer.id_of(sequence), deliveries: destinations.len() }
    }

    fn takes(&self, destination: &Destination) -> bool {
        if self.state().paused.contains(&destination.to_string()) {
            return false;
        }
        match destination {
            Destination::Upstream => !self.upstream_paused.load(Ordering::Relaxed),
            Destination::Input { module, .. } => **module != *"alarm",
            Destination::Device(_) => true,
        }
    }

    fn empty(&self, name: &str, event: impl Fn(u64, Destination) -> Event) -> Affected {
        let waiting = self.state().waiting.remove(name).unwrap_or_default();
        let messages = waiting.len().try_into().unwrap_or(u64::MAX);
        for (sequence, destination) in waiting {
            self.observer.event(event(sequence, destination));
        }
        Affected { messages }
    }

    fn names(&self) -> Vec<String> {
        self.table.endpoints().map(|(_, endpoint)| Destination::from(endpoint).to_string()).collect()
    }
}

impl AdminHub for Fake {
    fn observer(&self) -> &Observer {
        &self.observer
    }

    fn with_manifest<R>(&self, look: impl FnOnce(&InForce<'_>) -> R) -> R {
        look(&InForce { version: 1, text: MANIFEST, manifest: &self.manifest })
    }

    fn metrics(&self) -> String {
        self.metrics.encode(StoreFigures::default())
    }

    async fn status(&self) -> Status {
        let paused = self.upstream_paused.load(Ordering::Relaxed);
        let messages = self.state().waiting.values().map(Vec::len).sum::<usize>().try_into().unwrap_or(u64::MAX);
        Status {
            device: "edge-1".to_owned(),
            hub_host: "my-hub.azure-devices.net".to_owned(),
            hostnames: vec!["localhost".to_owned()],
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.started,
            now: self.clock.now(),
            listeners: vec!["mqtt 127.0.0.1:8883".to_owned()],
            warnings: vec!["port 443 is not open: modules cannot invoke methods of others".to_owned()],
            manifest: ManifestStatus {
                file: Some("deployment.json".to_owned()),
                version: 1,
                routes: self.table.len(),
                since: self.started,
                lints: String::new(),
                refused: self.state().refused.clone(),
            },
            connected: CLIENTS.iter().filter(|(_, connected)| *connected).count(),
            identities: CLIENTS.len(),
            store: StoreView {
                live_bytes: messages * 412,
                disk_bytes: 65_536,
                max_bytes: None,
                messages,
                writable: true,
            },
            upstream: UpstreamStatus { kind: "show".to_owned(), online: !paused, paused, ..UpstreamStatus::default() },
            ..Status::default()
        }
    }

    async fn clients(&self) -> Vec<ClientView> {
        let view = |(id, connected): (&str, bool)| {
            let (device, module) = id.split_once('/').map_or((id, None), |(device, module)| (device, Some(module)));
            let id = module.map_or_else(|| ClientId::device(device), |module| ClientId::module(device, module));
            ClientView {
                id,
                connected,
                address: connected.then(|| "127.0.0.1:50422".to_owned()),
                since: connected.then_some(self.started),
                agent: connected.then(|| "azure-iot-device-iothub-py/2.14.0 (python 3.12)".to_owned()),
                subscriptions: Vec::new(),
                unacknowledged: 0,
                takeovers: 0,
            }
        };
        CLIENTS.map(view).to_vec()
    }

    async fn queues(&self) -> Vec<QueueView> {
        let state = self.state();
        let views = self.names().into_iter().enumerate().map(|(index, destination)| {
            let length = state.waiting.get(&destination).map_or(0, Vec::len).try_into().unwrap_or(u64::MAX);
            QueueView {
                id: index.try_into().unwrap_or(u32::MAX),
                length,
                levels: vec![LevelView { priority: 2_000_000_000, length }],
                oldest: (length > 0).then_some(self.started),
                paused: state.paused.contains(&destination),
                routed: true,
                destination,
            }
        });
        views.collect()
    }

    async fn queue(&self, id: u32, action: QueueAction) -> Result<Affected, ApiError> {
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        let name = self.names().get(index).cloned().ok_or_else(|| ApiError::not_found(format!("no queue {id}")))?;
        Ok(match action {
            QueueAction::Drain => self.empty(&name, |sequence, destination| Event::Delivered { sequence, destination }),
            QueueAction::Drop => self.empty(&name, |sequence, destination| Event::Lost {
                sequence,
                destination,
                reason: DropReason::Operator,
            }),
            QueueAction::Pause => {
                self.state().paused.insert(name);
                Affected::default()
            }
            QueueAction::Resume => {
                self.state().paused.remove(&name);
                self.empty(&name, |sequence, destination| Event::Delivered { sequence, destination })
            }
        })
    }

    async fn upstream(&self, action: UpstreamAction) -> Result<UpstreamStatus, ApiError> {
        self.upstream_paused.store(action == UpstreamAction::Pause, Ordering::Relaxed);
        if action != UpstreamAction::Pause {
            self.empty("$upstream", |sequence, destination| Event::Delivered { sequence, destination });
        }
        Ok(self.status().await.upstream)
    }

    async fn put_manifest(&self, text: String, trial: Trial) -> Result<ManifestAccepted, ApiError> {
        match edgeroute_hub::routing::GoodManifest::check("deployment.json", &text) {
            Ok(manifest) => {
                Ok(ManifestAccepted { in_force: false, routes: manifest.routes(), lints: manifest.warnings.clone() })
            }
            Err(bad) => {
                if trial == Trial::InForce {
                    self.state().refused = Some(RefusedManifest {
                        time: self.clock.now(),
                        report: bad.report.clone(),
                        errors: bad.errors,
                    });
                    self.observer.event(Event::ReloadRefused { findings: bad.report.clone() });
                }
                Err(ApiError::manifest_refused(bad.errors, bad.report))
            }
        }
    }

    async fn inject(&self, message: OwnedMessage) -> Result<Accepted, ApiError> {
        Ok(self.send(message))
    }

    async fn send_to_device(&self, _: ClientId, _: CloudMessage) -> Result<Accepted, ApiError> {
        Ok(Accepted { id: None, deliveries: 1 })
    }

    async fn twin(&self, client: ClientId) -> Result<TwinView, ApiError> {
        let mut state = self.state();
        let twin = state.twins.entry(client).or_insert_with(|| {
            let half = |half: Value| half.as_object().cloned().unwrap_or_default();
            TwinView {
                desired: half(json!({ "rate": 5, "unit": "C", "limits": { "high": 80, "low": -5 }, "$version": 1 })),
                reported: half(json!({ "firmware": "1.4.2", "rate": 5, "note": "<b>bold</b>", "$version": 7 })),
            }
        });
        Ok(twin.clone())
    }

    async fn patch_twin(&self, client: ClientId, patch: TwinPatch) -> Result<TwinView, ApiError> {
        let mut twin = self.twin(client.clone()).await?;
        let desired: BTreeMap<String, Value> =
            serde_json::from_str(patch.desired.get()).map_err(|error| ApiError::bad_request(error.to_string()))?;
        for (name, value) in desired {
            if value.is_null() {
                twin.desired.remove(&name);
            } else {
                twin.desired.insert(name, value);
            }
        }
        let version = twin.desired.get("$version").and_then(Value::as_u64).unwrap_or(0);
        twin.desired.insert("$version".to_owned(), (version + 1).into());
        self.state().twins.insert(client, twin.clone());
        Ok(twin)
    }

    async fn invoke(&self, client: ClientId, call: MethodCall) -> Result<MethodResponse, ApiError> {
        if call.method_name != "ping" {
            return Err(ApiError::not_found(format!("`{client}` is not connected")));
        }
        let payload = serde_json::value::to_raw_value(&json!({ "pong": call.payload }))
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        Ok(MethodResponse { status: 200, payload })
    }

    async fn identities(&self) -> Vec<IdentityView> {
        Vec::new()
    }

    async fn add_identity(&self, client: ClientId) -> Result<IdentitySecret, ApiError> {
        Err(ApiError::conflict(format!("there is an identity `{client}`")))
    }

    async fn change_identity(&self, client: ClientId, _: IdentityChange) -> Result<Option<IdentitySecret>, ApiError> {
        Err(ApiError::not_found(format!("no identity `{client}`")))
    }
}

async fn demo(hub: Arc<Fake>) {
    for number in 0_u32.. {
        let temperature = 60 + number * 7 % 30;
        let name = if number % 9 == 8 { "Temprature" } else { "temperature" };
        let output = if number % 9 == 8 { "out2" } else { "readings" };
        let reading = OwnedMessage::new(Origin::module("edge-1", "sensor").output(output))
            .with_property(name, temperature.to_string())
            .with_system_property("contentType", "application/json")
            .with_system_property("contentEncoding", "utf-8")
            .with_body(format!("{{\"temperature\":{temperature},\"humidity\":{},\"seq\":{number}}}", 40 + number % 7));
        hub.send(reading);
        if number % 3 == 0 {
            let filtered = OwnedMessage::new(Origin::module("edge-1", "filter").output("mean"));
            hub.send(filtered.with_body(format!("{{\"mean\":{temperature}.4,\"over\":3}}")));
        }
        if number % 5 == 0 {
            let leaf = OwnedMessage::new(Origin::device("leaf-7")).with_property("level", "4");
            hub.send(leaf.with_body("{\"door\":\"open\"}"));
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let hub = Arc::new(Fake::new()?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    if std::env::args().nth(1).as_deref() == Some("demo") {
        tokio::spawn(demo(Arc::clone(&hub)));
    }
    serve(listener, router(hub, Access::Loopback { names: Vec::new() }), std::future::pending()).await;
    Ok(())
}
