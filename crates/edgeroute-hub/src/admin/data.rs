//! What the administration shows and takes, as JSON. Keys are in camel case, and times in milliseconds since 1970.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::identity::ClientId;

/// The state of the hub: `GET /api/status`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The edge device.
    pub device: String,
    /// The host name of the IoT hub that clients name.
    pub hub_host: String,
    /// The names under which clients reach this hub, the first for connection strings.
    pub hostnames: Vec<String>,
    /// The version of the program.
    pub version: String,
    /// When the hub started.
    pub started: Timestamp,
    /// The hub's time.
    pub now: Timestamp,
    /// Why the hub is not ready, one reason a line. Empty if it is.
    pub problems: Vec<String>,
    /// What deserves attention, although the hub works.
    pub warnings: Vec<String>,
    /// The listeners, such as `mqtt 127.0.0.1:8883`.
    pub listeners: Vec<String>,
    /// The manifest in force.
    pub manifest: ManifestStatus,
    /// The number of connected clients.
    pub connected: usize,
    /// The number of identities.
    pub identities: usize,
    /// The store.
    pub store: StoreView,
    /// Where `$upstream` leads.
    pub upstream: UpstreamStatus,
    /// When the server's certificate expires.
    pub certificate_expires: Option<Timestamp>,
}

/// The manifest in force, and the last attempt to replace it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestStatus {
    /// The file that is watched.
    pub file: Option<String>,
    /// 1 for the first manifest since the start, and one more for each replacement.
    pub version: u64,
    /// The number of its routes.
    pub routes: usize,
    /// When it came into force.
    pub since: Timestamp,
    /// What the lints report on it, as text. Empty if there is nothing.
    pub lints: String,
    /// The last manifest that was refused, unless another came into force since.
    pub refused: Option<RefusedManifest>,
}

/// A manifest that was refused.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedManifest {
    /// When.
    pub time: Timestamp,
    /// The findings, as `edgeroute check` prints them.
    pub report: String,
    /// The number of errors.
    pub errors: usize,
}

/// Figures of the store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreView {
    /// Bytes of live records.
    pub live_bytes: u64,
    /// Bytes on the disk.
    pub disk_bytes: u64,
    /// The limit of live bytes, if there is one.
    pub max_bytes: Option<u64>,
    /// Messages stored now.
    pub messages: u64,
    /// Whether the store takes messages.
    pub writable: bool,
}

/// Where `$upstream` leads.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpstreamStatus {
    /// `show`, `mqtt` or `hub`.
    pub kind: String,
    /// Where it is, without credentials. Empty for `show`.
    pub address: String,
    /// Whether it takes messages now.
    pub online: bool,
    /// Whether an operator paused it.
    pub paused: bool,
    /// Since when it has been online or offline.
    pub since: Option<Timestamp>,
    /// The last error.
    pub error: Option<String>,
    /// Messages that it took since the start.
    pub sent: u64,
}

/// A client with an identity: `GET /api/clients`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientView {
    /// The id, `device` or `device/module`.
    pub id: ClientId,
    /// Whether it is connected.
    pub connected: bool,
    /// The address of the peer.
    pub address: Option<String>,
    /// Since when it has been connected.
    pub since: Option<Timestamp>,
    /// The SDK's description of itself.
    pub agent: Option<String>,
    /// What it has subscribed to: `inputs`, `devicebound`, `methods`, `twinResponses`, `desiredPatches`.
    pub subscriptions: Vec<String>,
    /// Deliveries that were sent and not acknowledged.
    pub unacknowledged: usize,
    /// The number of times that another connection took over.
    pub takeovers: u64,
}

/// An identity: `GET /api/identities`. Keys are never shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityView {
    /// The id.
    pub id: ClientId,
    /// Whether it may connect.
    pub enabled: bool,
    /// `manifest`, or `added`.
    pub origin: String,
}

/// An identity that was added or has new keys. The only answer with a secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentitySecret {
    /// The id.
    pub id: ClientId,
    /// The connection string with `GatewayHostName` and key.
    pub connection_string: String,
}

impl std::fmt::Debug for IdentitySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentitySecret").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A change of an identity: the last part of `POST /api/identities/{device}[/modules/{module}]/...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityChange {
    /// `rotate`: a new primary key. The previous one becomes the secondary key, and the previous secondary key is no longer
    /// valid: a client that used it is disconnected.
    Rotate,
    /// `enable`: the client may connect.
    Enable,
    /// `disable`: the client may not connect, and is disconnected.
    Disable,
    /// `DELETE`: removes identity, session, twin, and what waits for the client.
    Remove,
}

/// A queue: `GET /api/queues`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueView {
    /// The number of the destination, for the actions.
    pub id: u32,
    /// `$upstream`, `module/input` or `devices/device`.
    pub destination: String,
    /// The number of deliveries that wait.
    pub length: u64,
    /// The same for each priority, the best first. 2000000000 means that the route has none.
    pub levels: Vec<LevelView>,
    /// When the hub received the first message that waits.
    pub oldest: Option<Timestamp>,
    /// Whether an operator paused it.
    pub paused: bool,
    /// Whether a route leads to it. If none does, it is emptied and then removed.
    pub routed: bool,
}

/// The deliveries of a priority in a queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LevelView {
    /// The priority.
    pub priority: u32,
    /// The number of deliveries that wait.
    pub length: u64,
}

/// What to do with a queue: the last part of `POST /api/queues/{id}/...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueAction {
    /// `drain`: delivers what waits now, also if the queue is paused.
    Drain,
    /// `drop`: removes what waits now.
    Drop,
    /// `pause`: delivers nothing until it is resumed.
    Pause,
    /// `resume`: delivers again.
    Resume,
}

/// What to do with upstream: the last part of `POST /api/upstream/...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamAction {
    /// `reconnect`: tries now, without waiting.
    Reconnect,
    /// `pause`: behaves as if upstream were away.
    Pause,
    /// `resume`: ends the pause.
    Resume,
}

/// How many messages an action affects.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Affected {
    /// The number of messages.
    pub messages: u64,
}

/// A twin: `GET /api/twins/{device}[/{module}]`. Both halves have `$version`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TwinView {
    /// What the back end wants.
    pub desired: Map<String, Value>,
    /// What the client reports.
    pub reported: Map<String, Value>,
}

/// A change of a twin: the body of `PATCH /api/twins/{device}[/{module}]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwinPatch {
    /// What changes in the desired properties; null removes a property. `{"desired": {"rate": 5}}`.
    pub desired: Box<RawValue>,
}

/// A direct method: the body of `POST /api/methods/{device}[/{module}]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MethodCall {
    /// The name of the method.
    pub method_name: String,
    /// The payload, which is passed on verbatim. Null if it is left out.
    #[serde(default)]
    pub payload: Option<Box<RawValue>>,
    /// Seconds to wait for the response: 5 to 300, 30 if left out.
    #[serde(default)]
    pub response_timeout_in_seconds: Option<u32>,
    /// Seconds to wait for the client to connect: 0 to 300, 0 if left out.
    #[serde(default)]
    pub connect_timeout_in_seconds: Option<u32>,
}

/// The response to a direct method. Any status of the method itself is a success of the call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MethodResponse {
    /// The status that the method returned.
    pub status: i64,
    /// The payload that it returned, as it was written.
    pub payload: Box<RawValue>,
}

/// A message from the cloud to a device: the body of `POST /api/c2d/{device}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloudMessage {
    /// Application properties.
    #[serde(default)]
    pub properties: Map<String, Value>,
    /// System properties, such as `messageId`, without `$`.
    #[serde(default)]
    pub system_properties: Map<String, Value>,
    /// The body: a string as text, other JSON verbatim.
    #[serde(default)]
    pub body: Option<Box<RawValue>>,
    /// The body in Base64, instead of `body`.
    #[serde(default)]
    pub body_base64: Option<String>,
    /// Seconds until the message expires. 3600 if left out.
    #[serde(default)]
    pub time_to_live_secs: Option<u64>,
}

/// A message that was accepted.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Accepted {
    /// The number of the message in the list of recent messages, if it is there.
    pub id: Option<u64>,
    /// The number of deliveries. 0 if no route took the message.
    pub deliveries: usize,
}

/// A manifest that is in force, or could be: the answer to `PUT /api/manifest`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestAccepted {
    /// Whether it is in force: not with `?dryRun`.
    pub in_force: bool,
    /// The number of its routes.
    pub routes: usize,
    /// What the lints report, as text. Empty if there is nothing.
    pub lints: String,
}

/// Whether a manifest comes into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// It is only checked.
    DryRun,
    /// It comes into force.
    InForce,
}
