//! Requests that change something. Each is logged.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgeroute::OwnedMessage;
use serde::Deserialize;

use super::input::{Body, Parameters, Segments, no_such_action};
use super::{
    Accepted, AdminHub, Affected, Api, ApiError, IdentityChange, IdentitySecret, ManifestAccepted, MethodResponse,
    QueueAction, Trial, TwinView, UpstreamAction, UpstreamStatus,
};

type Answer<T> = Result<Json<T>, ApiError>;

pub(super) async fn queue<H: AdminHub>(State(api): State<Api<H>>, segments: Segments) -> Answer<Affected> {
    let id = segments.number("id")?;
    let action = match segments.get("action") {
        "drain" => QueueAction::Drain,
        "drop" => QueueAction::Drop,
        "pause" => QueueAction::Pause,
        "resume" => QueueAction::Resume,
        other => return Err(no_such_action(other, "drain, drop, pause and resume")),
    };
    tracing::info!(queue = id, ?action, "administration: queue");
    api.hub.queue(id, action).await.map(Json)
}

pub(super) async fn upstream<H: AdminHub>(State(api): State<Api<H>>, segments: Segments) -> Answer<UpstreamStatus> {
    let action = match segments.get("action") {
        "reconnect" => UpstreamAction::Reconnect,
        "pause" => UpstreamAction::Pause,
        "resume" => UpstreamAction::Resume,
        other => return Err(no_such_action(other, "reconnect, pause and resume")),
    };
    tracing::info!(?action, "administration: upstream");
    api.hub.upstream(action).await.map(Json)
}

#[derive(Deserialize)]
pub(super) struct ManifestParameters {
    #[serde(rename = "dryRun")]
    dry_run: Option<String>,
}

pub(super) async fn manifest<H: AdminHub>(
    State(api): State<Api<H>>,
    Parameters(parameters): Parameters<ManifestParameters>,
    Body(body): Body,
) -> Answer<ManifestAccepted> {
    let trial = match parameters.dry_run.as_deref() {
        None | Some("false") => Trial::InForce,
        Some("" | "true") => Trial::DryRun,
        Some(other) => return Err(ApiError::bad_request(format!("`dryRun` is `{other}`, not true or false"))),
    };
    let text = String::from_utf8(body.into()).map_err(|_| ApiError::bad_request("the manifest is not UTF-8"))?;
    tracing::info!(bytes = text.len(), ?trial, "administration: manifest");
    api.hub.put_manifest(text, trial).await.map(Json)
}

pub(super) async fn inject<H: AdminHub>(State(api): State<Api<H>>, body: Body) -> Answer<Accepted> {
    let message: OwnedMessage = body.json()?;
    tracing::debug!(?message, "administration: message");
    api.hub.inject(message).await.map(Json)
}

pub(super) async fn twin<H: AdminHub>(State(api): State<Api<H>>, segments: Segments, body: Body) -> Answer<TwinView> {
    let client = segments.client()?;
    let patch = body.json()?;
    tracing::info!(%client, "administration: desired properties");
    api.hub.patch_twin(client, patch).await.map(Json)
}

pub(super) async fn method<H: AdminHub>(
    State(api): State<Api<H>>,
    segments: Segments,
    body: Body,
) -> Answer<MethodResponse> {
    let client = segments.client()?;
    let call = body.json()?;
    tracing::info!(%client, "administration: method");
    api.hub.invoke(client, call).await.map(Json)
}

pub(super) async fn c2d<H: AdminHub>(State(api): State<Api<H>>, segments: Segments, body: Body) -> Answer<Accepted> {
    let client = segments.client()?;
    let message = body.json()?;
    tracing::info!(%client, "administration: message to a device");
    api.hub.send_to_device(client, message).await.map(Json)
}

pub(super) async fn add_identity<H: AdminHub>(
    State(api): State<Api<H>>,
    segments: Segments,
) -> Result<(StatusCode, Json<IdentitySecret>), ApiError> {
    let client = segments.client()?;
    tracing::info!(%client, "administration: add identity");
    Ok((StatusCode::CREATED, Json(api.hub.add_identity(client).await?)))
}

pub(super) async fn change_identity<H: AdminHub>(
    State(api): State<Api<H>>,
    segments: Segments,
) -> Answer<Option<IdentitySecret>> {
    let client = segments.client()?;
    let change = match segments.get("action") {
        "rotate" => IdentityChange::Rotate,
        "enable" => IdentityChange::Enable,
        "disable" => IdentityChange::Disable,
        other => return Err(no_such_action(other, "rotate, enable and disable")),
    };
    tracing::info!(%client, ?change, "administration: identity");
    api.hub.change_identity(client, change).await.map(Json)
}

pub(super) async fn remove_identity<H: AdminHub>(
    State(api): State<Api<H>>,
    segments: Segments,
) -> Result<StatusCode, ApiError> {
    let client = segments.client()?;
    tracing::info!(%client, "administration: remove identity");
    api.hub.change_identity(client, IdentityChange::Remove).await?;
    Ok(StatusCode::NO_CONTENT)
}
