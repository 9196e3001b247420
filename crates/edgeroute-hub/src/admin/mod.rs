//! The administration port: an API of HTTP and JSON, metrics, and the live page.
//!
//! | request | does |
//! |---|---|
//! | `GET /` | the live page |
//! | `GET /healthz` | 200 as long as the hub runs |
//! | `GET /readyz` | 200, or 503 with the reasons: `{"ready": false, "problems": []}` |
//! | `GET /metrics` | figures for Prometheus |
//! | `GET /api/status` | [`Status`] |
//! | `GET /api/clients` | `{"clients": [`[`ClientView`]`]}` |
//! | `GET /api/identities` | `{"identities": [`[`IdentityView`]`]}` |
//! | `POST /api/identities/{device}[/modules/{module}]` | adds an identity: [`IdentitySecret`] |
//! | `POST /api/identities/{device}[/modules/{module}]/rotate\|enable\|disable` | changes it |
//! | `DELETE /api/identities/{device}[/modules/{module}]` | removes it |
//! | `GET /api/queues` | `{"queues": [`[`QueueView`]`]}` |
//! | `POST /api/queues/{id}/drain\|drop\|pause\|resume` | [`Affected`] |
//! | `GET /api/routes` | the routes in force with their hits |
//! | `GET /api/topology.svg` | the picture that `edgeroute graph --format svg` draws |
//! | `GET /api/manifest` | the text of the manifest in force |
//! | `PUT /api/manifest[?dryRun]` | replaces the manifest: [`ManifestAccepted`], or 422 with `report` in the error |
//! | `GET /api/messages?since=&module=&limit=` | recent messages: `{"messages": [`[`Summary`](crate::observe::Summary)`]}` |
//! | `GET /api/messages/{id}` | one of them with its content |
//! | `GET /api/messages/{id}/explain[?format=text]` | why it went where it went |
//! | `POST /api/messages` | takes a message in as if its origin had sent it, in the JSON form of `edgeroute match`: [`Accepted`] |
//! | `GET /api/record` | messages as they come, as JSON lines for `edgeroute match` |
//! | `GET /api/events` | events as they happen, as server-sent events |
//! | `GET /api/upstream?since=&limit=` | messages that went upstream, if upstream only shows them |
//! | `POST /api/upstream/reconnect\|pause\|resume` | [`UpstreamStatus`] |
//! | `GET\|PATCH /api/twins/{device}[/{module}]` | [`TwinView`], [`TwinPatch`] |
//! | `POST /api/methods/{device}[/{module}]` | [`MethodCall`], [`MethodResponse`] |
//! | `POST /api/c2d/{device}` | [`CloudMessage`], [`Accepted`] |
//!
//! Requests with a body need `Content-Type: application/json`. Errors are `{"error": {"code", "message"}}`.
//! [`Access`] says who may send requests.

mod data;
mod error;
mod explain;
mod guard;
mod input;
mod page;
mod read;
mod serve;
mod stream;
#[cfg(test)]
mod tests;
mod write;

use std::future::Future;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use bytes::Bytes;
use edgeroute::{Manifest, OwnedMessage};
use tokio::sync::Semaphore;

use crate::identity::ClientId;
use crate::observe::Observer;

pub use data::*;
pub use error::ApiError;
pub use guard::{Access, Token};
pub use serve::serve;

/// The longest body of a request, in bytes: a large manifest.
const LONGEST_BODY: usize = 8 * 1024 * 1024;
/// The most streams of events and records at once.
const MOST_STREAMS: usize = 32;

/// What the administration needs of the hub.
pub trait AdminHub: Send + Sync + 'static {
    /// Returns what has been seen.
    fn observer(&self) -> &Observer;

    /// Calls a function with the manifest in force, its text and its version. May block shortly.
    fn with_manifest<R>(&self, look: impl FnOnce(&InForce<'_>) -> R) -> R;

    /// Returns the metrics as text of Prometheus. Blocks on the disk.
    fn metrics(&self) -> String;

    /// Returns the state of the hub.
    fn status(&self) -> impl Future<Output = Status> + Send;

    /// Returns the clients, by id.
    fn clients(&self) -> impl Future<Output = Vec<ClientView>> + Send;

    /// Returns the queues, by destination. Those of endpoints in force are there even if they are empty.
    fn queues(&self) -> impl Future<Output = Vec<QueueView>> + Send;

    /// Changes a queue.
    fn queue(&self, id: u32, action: QueueAction) -> impl Future<Output = Result<Affected, ApiError>> + Send;

    /// Changes upstream.
    fn upstream(&self, action: UpstreamAction) -> impl Future<Output = Result<UpstreamStatus, ApiError>> + Send;

    /// Checks a manifest and puts it in force. Fails with [`ApiError::manifest_refused`].
    fn put_manifest(
        &self,
        text: String,
        trial: Trial,
    ) -> impl Future<Output = Result<ManifestAccepted, ApiError>> + Send;

    /// Takes a message in as if its origin had sent it.
    fn inject(&self, message: OwnedMessage) -> impl Future<Output = Result<Accepted, ApiError>> + Send;

    /// Sends a message from the cloud to a device.
    fn send_to_device(
        &self,
        device: ClientId,
        message: CloudMessage,
    ) -> impl Future<Output = Result<Accepted, ApiError>> + Send;

    /// Returns a twin.
    fn twin(&self, client: ClientId) -> impl Future<Output = Result<TwinView, ApiError>> + Send;

    /// Changes desired properties and returns the twin after it.
    fn patch_twin(&self, client: ClientId, patch: TwinPatch)
    -> impl Future<Output = Result<TwinView, ApiError>> + Send;

    /// Invokes a direct method.
    fn invoke(
        &self,
        client: ClientId,
        call: MethodCall,
    ) -> impl Future<Output = Result<MethodResponse, ApiError>> + Send;

    /// Returns the identities, by id.
    fn identities(&self) -> impl Future<Output = Vec<IdentityView>> + Send;

    /// Adds an identity with new keys.
    fn add_identity(&self, client: ClientId) -> impl Future<Output = Result<IdentitySecret, ApiError>> + Send;

    /// Changes an identity. Returns the new connection string for [`IdentityChange::Rotate`].
    fn change_identity(
        &self,
        client: ClientId,
        change: IdentityChange,
    ) -> impl Future<Output = Result<Option<IdentitySecret>, ApiError>> + Send;
}

/// The manifest in force.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'m> {
    /// 1 for the first, and one more for each replacement.
    pub version: u64,
    /// Its text.
    pub text: &'m str,
    /// What it says.
    pub manifest: &'m Manifest,
}

/// What handlers share.
struct Api<H> {
    hub: Arc<H>,
    streams: Arc<Semaphore>,
    /// The picture of the routes, with the version of the manifest.
    picture: Arc<Mutex<Option<(u64, Bytes)>>>,
}

impl<H> Clone for Api<H> {
    fn clone(&self) -> Self {
        Self { hub: Arc::clone(&self.hub), streams: Arc::clone(&self.streams), picture: Arc::clone(&self.picture) }
    }
}

/// Returns the service of the administration port.
pub fn router<H: AdminHub>(hub: Arc<H>, access: Access) -> Router {
    let api = Api { hub, streams: Arc::new(Semaphore::new(MOST_STREAMS)), picture: Arc::default() };
    Router::new()
        .route("/", get(page::page))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(read::ready::<H>))
        .route("/metrics", get(read::metrics::<H>))
        .route("/api/status", get(read::status::<H>))
        .route("/api/clients", get(read::clients::<H>))
        .route("/api/identities", get(read::identities::<H>))
        .route("/api/identities/{device}", post(write::add_identity::<H>).delete(write::remove_identity::<H>))
        .route("/api/identities/{device}/{action}", post(write::change_identity::<H>))
        .route(
            "/api/identities/{device}/modules/{module}",
            post(write::add_identity::<H>).delete(write::remove_identity::<H>),
        )
        .route("/api/identities/{device}/modules/{module}/{action}", post(write::change_identity::<H>))
        .route("/api/queues", get(read::queues::<H>))
        .route("/api/queues/{id}/{action}", post(write::queue::<H>))
        .route("/api/routes", get(read::routes::<H>))
        .route("/api/topology.svg", get(read::topology::<H>))
        .route("/api/manifest", get(read::manifest::<H>).put(write::manifest::<H>))
        .route("/api/messages", get(read::messages::<H>).post(write::inject::<H>))
        .route("/api/messages/{id}", get(read::message::<H>))
        .route("/api/messages/{id}/explain", get(explain::explain::<H>))
        .route("/api/record", get(stream::record::<H>))
        .route("/api/events", get(stream::events::<H>))
        .route("/api/upstream", get(read::upstream::<H>))
        .route("/api/upstream/{action}", post(write::upstream::<H>))
        .route("/api/twins/{device}", get(read::twin::<H>).patch(write::twin::<H>))
        .route("/api/twins/{device}/{module}", get(read::twin::<H>).patch(write::twin::<H>))
        .route("/api/methods/{device}", post(write::method::<H>))
        .route("/api/methods/{device}/{module}", post(write::method::<H>))
        .route("/api/c2d/{device}", post(write::c2d::<H>))
        .fallback(async || ApiError::not_found("there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
            ApiError::new(status, "method_not_allowed", "this path does not take this method")
        })
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::new(access), guard::check))
        .with_state(api)
}
