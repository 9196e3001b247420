//! Streams: events as they happen, and whole messages.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{AdminHub, Api, ApiError};
use crate::observe::Notice;

fn permit(streams: &std::sync::Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ApiError> {
    std::sync::Arc::clone(streams).try_acquire_owned().map_err(|_| {
        let message = format!("{} streams are open; close one first", super::MOST_STREAMS);
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", message)
    })
}

/// Events with these names, each with data in JSON:
/// `message` (a summary), `delivery` (`{"id", "destination", "state"}`), `upstream` (`{"id"}`), `event` (an object with
/// `kind`), and `missed` (`{"count"}`) for a reader that is too slow.
pub(super) async fn events<H: AdminHub>(State(api): State<Api<H>>) -> Result<Response, ApiError> {
    let permit = permit(&api.streams)?;
    let notices = api.hub.observer().notices();
    let stream = unfold((notices, permit), async |(mut notices, permit)| {
        let event = match notices.recv().await {
            Ok(notice) => event(&notice),
            Err(RecvError::Lagged(count)) => named("missed", &json!({ "count": count })),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok::<_, Infallible>(event), (notices, permit)))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()).into_response())
}

fn named(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}

fn event(notice: &Notice) -> Event {
    let (name, data) = match notice {
        Notice::Message(summary) => ("message", serde_json::to_value(summary).unwrap_or_default()),
        Notice::Delivery { id, destination, state } => {
            ("delivery", json!({ "id": id, "destination": destination.to_string(), "state": state }))
        }
        Notice::Upstream(id) => ("upstream", json!({ "id": id })),
        Notice::Event(event) => ("event", serde_json::to_value(event).unwrap_or_default()),
    };
    named(name, &data)
}

/// Messages in the form of `edgeroute match`, one a line. Ends when the reader is too slow, so that no gap goes
/// unnoticed: the last line is then `{"error": {"code": "missed", "message"}}`, which `edgeroute match` reports.
pub(super) async fn record<H: AdminHub>(State(api): State<Api<H>>) -> Result<Response, ApiError> {
    let permit = permit(&api.streams)?;
    let messages = api.hub.observer().record();
    let stream = unfold(Some((messages, permit)), async |state| {
        let (mut messages, permit) = state?;
        let (line, is_last) = match messages.recv().await {
            Ok(message) => match serde_json::to_string(&message.content) {
                Ok(line) => (line, false),
                Err(error) => (problem("not_written", &error.to_string()), false),
            },
            Err(RecvError::Lagged(count)) => {
                (problem("missed", &format!("the reader is too slow: {count} messages are missing")), true)
            }
            Err(RecvError::Closed) => return None,
        };
        let next = if is_last { None } else { Some((messages, permit)) };
        Some((Ok::<_, Infallible>(Bytes::from(line + "\n")), next))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(stream)).into_response())
}

fn problem(code: &str, message: &str) -> String {
    json!({ "error": { "code": code, "message": message } }).to_string()
}
