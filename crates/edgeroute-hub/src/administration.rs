//! What the administration port asks of the hub.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgeroute::{MessageSource, OwnedMessage, OwnedProperties};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::admin::{
    Accepted, AdminHub, Affected, ApiError, ClientView, CloudMessage, IdentityChange, IdentitySecret, IdentityView,
    InForce, LevelView, ManifestAccepted, ManifestStatus, MethodCall, MethodResponse, QueueAction, QueueView,
    RefusedManifest, Status, StoreView, Trial, TwinPatch, TwinView, UpstreamAction, UpstreamStatus,
};
use crate::clock::Timestamp;
use crate::hub::Hub;
use crate::identity::{ClientId, IdentityError};
use crate::message::stamps;
use crate::methods::{Call, MethodError};
use crate::metrics::StoreFigures;
use crate::observe::Observer;
use crate::operations::{Draft, OperationError};
use crate::reload;
use crate::routing::GoodManifest;
use crate::store::{Consumer, Destination, QueueId, Sequence};
use crate::tls::Tls;
use crate::twins::{self, TwinError};
use crate::upstream::{State, Upstream};
use crate::wire::Filter;

/// Who invokes a method through the administration port.
const ADMINISTRATION: &str = "$administration";

/// The hub, as the administration port sees it.
#[derive(Debug)]
pub struct Administration {
    hub: Arc<Hub>,
    tls: Arc<Tls>,
    upstream: Arc<Upstream>,
    place: Place,
}

/// Where a hub is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file of the manifest.
    pub manifest: PathBuf,
    /// The name under which clients reach the hub.
    pub gateway: String,
    /// The listeners, such as `mqtt 127.0.0.1:8883`.
    pub listeners: Vec<String>,
    /// What the hub does without, such as HTTPS.
    pub warnings: Vec<String>,
    /// When it started.
    pub started: Timestamp,
}

impl Administration {
    /// Creates the view.
    pub const fn new(hub: Arc<Hub>, tls: Arc<Tls>, upstream: Arc<Upstream>, place: Place) -> Self {
        Self { hub, tls, upstream, place }
    }

    async fn known(&self, client: &ClientId) -> Result<(), ApiError> {
        if self.hub.knows(client).await {
            return Ok(());
        }
        Err(ApiError::not_found(format!("there is no client `{client}`")))
    }

    /// The answer to a message that was taken in.
    fn accepted(&self, sequence: Option<Sequence>) -> Accepted {
        let id = sequence.and_then(|sequence| self.hub.observer.id_of(sequence));
        let deliveries = id.and_then(|id| self.hub.observer.find(id)).map_or(0, |(found, _)| found.deliveries.len());
        Accepted { id, deliveries }
    }

    async fn twin_view(&self, client: &ClientId) -> Result<TwinView, ApiError> {
        let twin = self.hub.twins.show(client).await.map_err(|error| of_twin(&error))?;
        Ok(TwinView { desired: twin.desired, reported: twin.reported })
    }

    fn secret(&self, client: &ClientId) -> Result<IdentitySecret, ApiError> {
        let connection_string = self.hub.identities.connection_string(client, &self.place.gateway);
        let connection_string = connection_string.ok_or_else(|| ApiError::not_found("the identity was removed"))?;
        Ok(IdentitySecret { id: client.clone(), connection_string })
    }

    async fn remove(&self, client: &ClientId) -> Result<(), ApiError> {
        let identities = Arc::clone(&self.hub.identities);
        let of = client.clone();
        for removed in blocking(move || identities.remove(&of)).await?.map_err(|error| of_identity(&error))? {
            self.hub.clients.forget(&removed);
            self.hub.twins.remove(&removed).await.map_err(|error| of_twin(&error))?;
            let consumer = match removed.module_id() {
                Some(module) => Consumer::Module(module.into()),
                None => Consumer::Device(removed.device_id().into()),
            };
            // Modules of other devices have no inputs here.
            if removed.module_id().is_none() || removed.device_id() == self.hub.identities.hub_device() {
                let store = self.hub.store.clone();
                blocking(move || store.clear_consumer(&consumer)).await?;
            }
        }
        Ok(())
    }
}

impl AdminHub for Administration {
    fn observer(&self) -> &Observer {
        &self.hub.observer
    }

    fn with_manifest<R>(&self, look: impl FnOnce(&InForce<'_>) -> R) -> R {
        let routing = self.hub.router.current();
        look(&InForce { version: routing.version(), text: routing.text(), manifest: routing.manifest() })
    }

    fn metrics(&self) -> String {
        self.hub.metrics.encode(StoreFigures::of(&self.hub.store, self.hub.clock.now()))
    }

    async fn status(&self) -> Status {
        let hub = &self.hub;
        let store = hub.store.status();
        let routing = hub.router.current();
        let upstream = self.upstream_status();
        let mut problems = Vec::new();
        let identities = hub.identities_problem.lock().unwrap_or_else(PoisonError::into_inner).clone();
        problems.extend(identities);
        if store.failed {
            problems
                .push("the store failed at its last write: no messages are acknowledged until it is open again".into());
        } else if !store.writable {
            problems.push("the store is full: messages wait to be acknowledged".into());
        }
        if hub.is_stopping() {
            problems.push("the hub is stopping".into());
        }
        let mut warnings = self.place.warnings.clone();
        if let Some(error) = upstream.error.as_ref().filter(|_| !upstream.online) {
            warnings.push(format!("upstream is away: {error}"));
        }
        let refused = hub.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Status {
            device: hub.identities.hub_device().to_owned(),
            hub_host: hub.identities.hub_host().to_owned(),
            hostnames: self.tls.certificate().names().iter().map(str::to_owned).collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.place.started,
            now: hub.clock.now(),
            problems,
            warnings,
            listeners: self.place.listeners.clone(),
            manifest: ManifestStatus {
                file: Some(self.place.manifest.display().to_string()),
                version: routing.version(),
                routes: routing.table().len(),
                since: routing.since(),
                lints: routing.warnings().to_owned(),
                refused: refused.map(|(time, bad)| RefusedManifest { time, report: bad.report, errors: bad.errors }),
            },
            connected: hub.clients.connected(),
            identities: hub.identities.all().len(),
            store: StoreView {
                live_bytes: store.live_bytes,
                disk_bytes: store.disk_bytes,
                max_bytes: hub.store.max_bytes(),
                messages: store.messages,
                writable: store.writable,
            },
            upstream,
            certificate_expires: Some(self.tls.certificate().not_after()),
        }
    }

    async fn clients(&self) -> Vec<ClientView> {
        let identities = self.hub.identities.all();
        identities.into_iter().map(|(client, _)| self.client_view(client)).collect()
    }

    async fn queues(&self) -> Vec<QueueView> {
        let (hub, store) = (Arc::clone(&self.hub), self.hub.store.clone());
        let queues = move || {
            let mut views = BTreeMap::new();
            let view = |queue: QueueId, destination: &Destination| QueueView {
                id: queue.0,
                destination: destination.to_string(),
                length: 0,
                levels: Vec::new(),
                oldest: None,
                paused: hub.paused.contains(queue),
                routed: false,
            };
            for (queue, destination) in hub.router.current().destinations() {
                let entry = views.entry(destination.clone()).or_insert_with(|| view(queue, destination));
                entry.routed = true;
            }
            let mut oldest: BTreeMap<Destination, Sequence> = BTreeMap::new();
            for status in store.queues() {
                let entry =
                    views.entry(status.destination.clone()).or_insert_with(|| view(status.queue, &status.destination));
                entry.length += status.length;
                entry.levels.push(LevelView { priority: status.level.number(), length: status.length });
                if let Some(sequence) = status.oldest {
                    let first = oldest.entry(status.destination).or_insert(sequence);
                    *first = sequence.min(*first);
                }
            }
            for (destination, sequence) in oldest {
                if let (Some(view), Ok(Some(message))) = (views.get_mut(&destination), store.message(sequence)) {
                    view.oldest = Some(message.received);
                }
            }
            views.into_values().collect()
        };
        blocking(queues).await.unwrap_or_default()
    }

    async fn queue(&self, id: u32, action: QueueAction) -> Result<Affected, ApiError> {
        let queue = QueueId(id);
        let waiting =
            || self.hub.store.queues().iter().filter(|status| status.queue == queue).map(|status| status.length).sum();
        let messages = match action {
            QueueAction::Drain => {
                self.hub.drain_queue(queue).map_err(of_operation)?;
                waiting()
            }
            QueueAction::Drop => self.hub.clear_queue(queue).await.map_err(of_operation)?,
            QueueAction::Pause | QueueAction::Resume => {
                self.hub.pause_queue(queue, action == QueueAction::Pause).map_err(of_operation)?;
                waiting()
            }
        };
        Ok(Affected { messages })
    }

    async fn upstream(&self, action: UpstreamAction) -> Result<UpstreamStatus, ApiError> {
        match action {
            UpstreamAction::Reconnect => self.upstream.reconnect(),
            UpstreamAction::Pause => self.upstream.pause(),
            UpstreamAction::Resume => self.upstream.resume(),
        }
        Ok(self.upstream_status())
    }

    async fn put_manifest(&self, text: String, trial: Trial) -> Result<ManifestAccepted, ApiError> {
        const NAME: &str = "manifest";
        let refused = |bad: crate::routing::BadManifest| ApiError::manifest_refused(bad.errors, bad.report);
        if trial == Trial::DryRun {
            let checked = move || GoodManifest::check(NAME, &text);
            let good = blocking(checked).await?.map_err(refused)?;
            return Ok(ManifestAccepted { in_force: false, routes: good.routes(), lints: good.warnings });
        }
        let (routes, lints) = self.hub.reload(NAME, &text).await.map_err(refused)?;
        Ok(ManifestAccepted { in_force: true, routes, lints })
    }

    async fn inject(&self, message: OwnedMessage) -> Result<Accepted, ApiError> {
        let origin = message.origin();
        let mut device = self.hub.identities.hub_device().to_owned();
        message.as_message().visit_system_properties(|name, value| {
            if name == stamps::DEVICE
                && let Some(value) = value
            {
                value.clone_into(&mut device);
            }
        });
        let (client, output) = match origin.source() {
            MessageSource::Module { module, output } => {
                (ClientId::module(device.as_str(), module), output.map(str::to_owned))
            }
            MessageSource::Telemetry => (ClientId::device(device.as_str()), None),
            _ => return Err(ApiError::bad_request("messages come from modules or devices")),
        };
        let draft = Draft {
            output,
            properties: message.properties().clone(),
            system: message.system_properties().clone(),
            body: message.body().to_vec(),
            time_to_live: None,
        };
        self.hub.send_as(&client, draft).await.map(|sequence| self.accepted(sequence)).map_err(of_operation)
    }

    async fn send_to_device(&self, device: ClientId, message: CloudMessage) -> Result<Accepted, ApiError> {
        let draft = Draft {
            output: None,
            properties: properties(message.properties)?,
            system: properties(message.system_properties)?,
            body: body(message.body.as_deref(), message.body_base64.as_deref())?,
            time_to_live: message.time_to_live_secs.map(Duration::from_secs),
        };
        let sent = self.hub.send_to_device(&device, draft).await;
        sent.map(|_| Accepted { id: None, deliveries: 1 }).map_err(of_operation)
    }

    async fn twin(&self, client: ClientId) -> Result<TwinView, ApiError> {
        self.known(&client).await?;
        self.twin_view(&client).await
    }

    async fn patch_twin(&self, client: ClientId, patch: TwinPatch) -> Result<TwinView, ApiError> {
        self.known(&client).await?;
        let patch = twins::read(patch.desired.get().as_bytes()).map_err(|error| of_twin(&error))?;
        self.hub.twins.patch_desired(&client, patch).await.map_err(|error| of_twin(&error))?;
        self.twin_view(&client).await
    }

    async fn invoke(&self, client: ClientId, call: MethodCall) -> Result<MethodResponse, ApiError> {
        self.known(&client).await?;
        let response = call.response_timeout_in_seconds.map(u64::from);
        let connect = call.connect_timeout_in_seconds.map(u64::from);
        let call = Call::new(&call.method_name, call.payload, response, connect).map_err(|error| of_method(&error))?;
        let start = Instant::now();
        let answer = self.hub.methods.invoke(&client, call).await;
        self.hub.metrics.method(ADMINISTRATION, &client, start.elapsed());
        let answer = answer.map_err(|error| of_method(&error))?;
        Ok(MethodResponse { status: answer.status.into(), payload: answer.payload })
    }

    async fn identities(&self) -> Vec<IdentityView> {
        let of_manifest = reload::modules(self.hub.router.current().manifest());
        let origin = |client: &ClientId| {
            let is_of_manifest = client.device_id() == self.hub.identities.hub_device()
                && client.module_id().is_none_or(|module| of_manifest.contains(module));
            if is_of_manifest { "manifest".to_owned() } else { "added".to_owned() }
        };
        let view = |(client, identity): (ClientId, crate::identity::Identity)| IdentityView {
            origin: origin(&client),
            id: client,
            enabled: identity.enabled,
        };
        self.hub.identities.all().into_iter().map(view).collect()
    }

    async fn add_identity(&self, client: ClientId) -> Result<IdentitySecret, ApiError> {
        let (identities, of) = (Arc::clone(&self.hub.identities), client.clone());
        if !blocking(move || identities.add(&of)).await?.map_err(|error| of_identity(&error))? {
            return Err(ApiError::conflict(format!("there is a client `{client}` already")));
        }
        self.secret(&client)
    }

    async fn change_identity(
        &self,
        client: ClientId,
        change: IdentityChange,
    ) -> Result<Option<IdentitySecret>, ApiError> {
        self.known(&client).await?;
        let (identities, of) = (Arc::clone(&self.hub.identities), client.clone());
        let changed = move || match change {
            IdentityChange::Rotate => identities.rotate(&of),
            IdentityChange::Enable => identities.enable(&of),
            IdentityChange::Disable => identities.disable(&of),
            IdentityChange::Remove => Ok(()),
        };
        blocking(changed).await?.map_err(|error| of_identity(&error))?;
        match change {
            IdentityChange::Enable => Ok(None),
            IdentityChange::Remove => self.remove(&client).await.map(|()| None),
            IdentityChange::Rotate | IdentityChange::Disable => {
                self.hub.end_invalid_connections();
                if change == IdentityChange::Rotate { self.secret(&client).map(Some) } else { Ok(None) }
            }
        }
    }
}

impl Administration {
    fn client_view(&self, client: ClientId) -> ClientView {
        let session = self.hub.clients.existing(&client);
        let state = session.as_ref().map(|session| session.state()).unwrap_or_default();
        let name = |filter: Filter| match filter {
            Filter::Inputs => "inputs",
            Filter::Devicebound => "devicebound",
            Filter::Methods => "methods",
            Filter::TwinResponses => "twinResponses",
            Filter::DesiredPatches => "desiredPatches",
        };
        ClientView {
            id: client,
            connected: state.connection.is_some(),
            address: state.connection.as_ref().map(|connection| connection.address.to_string()),
            since: state.connection.as_ref().map(|connection| connection.since),
            agent: state.connection.as_ref().and_then(|connection| connection.agent.clone()),
            subscriptions: state.filters.iter().map(|(filter, _)| name(filter).to_owned()).collect(),
            unacknowledged: session.as_ref().map_or(0, |session| session.unacknowledged()),
            takeovers: session.as_ref().map_or(0, |session| session.takeover_count()),
        }
    }

    fn upstream_status(&self) -> UpstreamStatus {
        let status = self.upstream.status();
        UpstreamStatus {
            kind: status.kind.as_str().to_owned(),
            address: status.address.unwrap_or_default(),
            online: matches!(status.state, State::Online | State::Idle),
            paused: status.state == State::Paused,
            since: Some(status.since),
            error: status.last_problem.map(|problem| problem.text),
            sent: status.sent,
        }
    }
}

/// Runs something that may block on the disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::unavailable(error.to_string()))
}

/// Reads properties out of JSON: strings as they are, null as null, other values as their JSON.
fn properties(values: Map<String, Value>) -> Result<OwnedProperties, ApiError> {
    let mut properties = OwnedProperties::default();
    for (name, value) in values {
        match value {
            Value::Null => properties.push(&name, None),
            Value::String(text) => properties.push(&name, Some(&text)),
            Value::Bool(_) | Value::Number(_) => properties.push(&name, Some(&value.to_string())),
            Value::Array(_) | Value::Object(_) => {
                return Err(ApiError::bad_request(format!("the property `{name}` is not a string")));
            }
        }
    }
    Ok(properties)
}

/// Reads a body: a string as its text, other JSON verbatim, or Base64.
fn body(json: Option<&RawValue>, base64: Option<&str>) -> Result<Vec<u8>, ApiError> {
    match (json, base64) {
        (Some(_), Some(_)) => Err(ApiError::bad_request("give either `body` or `bodyBase64`")),
        (None, Some(text)) => {
            STANDARD.decode(text).map_err(|error| ApiError::bad_request(format!("`bodyBase64` is not Base64: {error}")))
        }
        (Some(json), None) => Ok(match serde_json::from_str::<String>(json.get()) {
            Ok(text) => text.into_bytes(),
            Err(_) => json.get().as_bytes().to_vec(),
        }),
        (None, None) => Ok(Vec::new()),
    }
}

fn of_operation(error: OperationError) -> ApiError {
    match error {
        OperationError::NotFound(problem) => ApiError::not_found(problem),
        OperationError::Invalid(problem) => ApiError::bad_request(problem),
        OperationError::Full(problem) => ApiError::conflict(problem),
        OperationError::Store(problem) => ApiError::unavailable(problem),
    }
}

fn of_twin(error: &TwinError) -> ApiError {
    match error.status() {
        400 => ApiError::bad_request(error.to_string()),
        _ => ApiError::unavailable(error.to_string()),
    }
}

fn of_method(error: &MethodError) -> ApiError {
    match error.status() {
        400 => ApiError::bad_request(error.to_string()),
        404 => ApiError::not_found(error.to_string()),
        429 => ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_calls", error.to_string()),
        504 => ApiError::timeout(error.to_string()),
        _ => ApiError::new(StatusCode::BAD_GATEWAY, "bad_answer", error.to_string()),
    }
}

fn of_identity(error: &IdentityError) -> ApiError {
    match error {
        IdentityError::Unknown(_) => ApiError::not_found(error.to_string()),
        IdentityError::InvalidId(_) | IdentityError::Wildcard(_) | IdentityError::OwnDevice => {
            ApiError::bad_request(error.to_string())
        }
        _ => ApiError::unavailable(error.to_string()),
    }
}
