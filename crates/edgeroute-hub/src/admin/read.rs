//! Requests that change nothing.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use edgeroute_analysis::render::Picture;
use edgeroute_analysis::topology::Topology;
use edgeroute_lang::limits::Limits;
use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{Parameters, Segments};
use super::{AdminHub, Api, ApiError, Status, TwinView};
use crate::metrics::Metrics;
use crate::observe::Query;

/// The most messages in one answer.
const MOST_MESSAGES: usize = 1_000;
/// The number of messages in an answer unless the request says another.
const SOME_MESSAGES: usize = 200;

/// Runs something that may block on the disk or takes long.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::internal())
}

pub(super) async fn status<H: AdminHub>(State(api): State<Api<H>>) -> Json<Status> {
    Json(api.hub.status().await)
}

pub(super) async fn ready<H: AdminHub>(State(api): State<Api<H>>) -> (StatusCode, Json<Value>) {
    let problems = api.hub.status().await.problems;
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": problems.is_empty(), "problems": problems })))
}

pub(super) async fn metrics<H: AdminHub>(State(api): State<Api<H>>) -> Result<Response, ApiError> {
    let text = blocking(move || api.hub.metrics()).await?;
    Ok(([(header::CONTENT_TYPE, Metrics::MEDIA_TYPE)], text).into_response())
}

pub(super) async fn clients<H: AdminHub>(State(api): State<Api<H>>) -> Json<Value> {
    Json(json!({ "clients": api.hub.clients().await }))
}

pub(super) async fn identities<H: AdminHub>(State(api): State<Api<H>>) -> Json<Value> {
    Json(json!({ "identities": api.hub.identities().await }))
}

pub(super) async fn queues<H: AdminHub>(State(api): State<Api<H>>) -> Json<Value> {
    Json(json!({ "queues": api.hub.queues().await }))
}

pub(super) async fn twin<H: AdminHub>(
    State(api): State<Api<H>>,
    segments: Segments,
) -> Result<Json<TwinView>, ApiError> {
    Ok(Json(api.hub.twin(segments.client()?).await?))
}

/// `{"version": 1, "routes": [{"name", "text", "priority", "timeToLiveSecs", "hits"}]}`, in the order of declaration.
pub(super) async fn routes<H: AdminHub>(State(api): State<Api<H>>) -> Json<Value> {
    let hits = api.hub.observer().hits();
    Json(api.hub.with_manifest(|in_force| {
        let routes = in_force.manifest.routes().iter().map(|spec| {
            let route = spec.route();
            json!({
                "name": route.name(),
                "text": route.text(),
                "priority": route.priority().get(),
                "timeToLiveSecs": route.time_to_live().as_secs(),
                "hits": hits.get(route.name()).copied().unwrap_or(0),
            })
        });
        json!({ "version": in_force.version, "routes": routes.collect::<Vec<_>>() })
    }))
}

pub(super) async fn manifest<H: AdminHub>(State(api): State<Api<H>>) -> Response {
    let text = api.hub.with_manifest(|in_force| in_force.text.to_owned());
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

#[derive(Deserialize)]
pub(super) struct Drawing {
    style: Option<String>,
}

/// The picture is drawn once for each manifest: a large one takes seconds. With `style=none` it has no style of its own:
/// the policy of the page permits only that of the page.
pub(super) async fn topology<H: AdminHub>(
    State(api): State<Api<H>>,
    Parameters(drawing): Parameters<Drawing>,
) -> Result<Response, ApiError> {
    let drawn = blocking(move || {
        let mut cached = api.picture.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (version, manifest) = api.hub.with_manifest(|in_force| (in_force.version, in_force.manifest.clone()));
        if let Some((of, picture)) = &*cached
            && *of == version
        {
            return Ok(picture.clone());
        }
        let topology = Topology::of(&manifest, &Limits::default());
        let picture = Picture::of_topology(&topology)
            .to_svg()
            .map_err(|error| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "too_large", error.to_string()))?;
        let picture = bytes::Bytes::from(picture);
        *cached = Some((version, picture.clone()));
        Ok(picture)
    });
    let mut picture = drawn.await??;
    if drawing.style.as_deref() == Some("none") {
        let text = String::from_utf8_lossy(&picture);
        let (before, after) = text.split_once("<style>").unwrap_or((&text, ""));
        let after = after.split_once("</style>").map_or(after, |(_, after)| after);
        picture = format!("{before}{after}").into();
    }
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], picture).into_response())
}

#[derive(Deserialize)]
pub(super) struct Which {
    since: Option<u64>,
    module: Option<String>,
    limit: Option<usize>,
}

impl Which {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(SOME_MESSAGES).min(MOST_MESSAGES)
    }
}

pub(super) async fn messages<H: AdminHub>(
    State(api): State<Api<H>>,
    Parameters(which): Parameters<Which>,
) -> Json<Value> {
    let limit = which.limit();
    let query = Query { since: which.since.unwrap_or(0), sender: which.module, limit };
    Json(json!({ "messages": api.hub.observer().messages(&query) }))
}

/// The summary with `content`: the message in the form of `edgeroute match`, or null if its space was needed.
pub(super) async fn message<H: AdminHub>(
    State(api): State<Api<H>>,
    segments: Segments,
) -> Result<Json<Value>, ApiError> {
    let id = segments.number("id")?;
    let (summary, message) = api.hub.observer().find(id).ok_or_else(|| no_message(id))?;
    let content = message.map(|message| serde_json::to_value(&message.content));
    // Two properties whose names differ only by case cannot be written.
    let content = content.and_then(Result::ok);
    let mut json = serde_json::to_value(summary).map_err(|_| ApiError::internal())?;
    if let Some(object) = json.as_object_mut() {
        object.insert("content".to_owned(), content.unwrap_or_default());
    }
    Ok(Json(json))
}

pub(super) fn no_message(id: u64) -> ApiError {
    ApiError::not_found(format!("no recent message {id}; the hub keeps the last 10000"))
}

/// `{"messages": [{"id", "time", "sender", "message"}]}`.
pub(super) async fn upstream<H: AdminHub>(
    State(api): State<Api<H>>,
    Parameters(which): Parameters<Which>,
) -> Json<Value> {
    let found = api.hub.observer().upstream_after(which.since.unwrap_or(0), which.limit());
    let messages = found.into_iter().map(|found| {
        let message = found.message.as_ref();
        json!({
            "id": found.id,
            "time": message.map(|message| message.received),
            "sender": message.map(|message| &message.sender),
            "message": message.and_then(|message| serde_json::to_value(&message.content).ok()),
        })
    });
    Json(json!({ "messages": messages.collect::<Vec<_>>() }))
}
