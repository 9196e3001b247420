//! Why a recent message went where it went: by the routes in force now, which may be newer than the message.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use edgeroute_analysis::explain::{Explanation, Outcome, RouteExplanation, Routes, explain as explained};
use edgeroute_analysis::render::{ExplanationJson, TextStyle, explanation_text};
use edgeroute_lang::hir::Shadowing;
use edgeroute_lang::interpret::Verdict;
use edgeroute_lang::limits::Limits;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::input::{Parameters, Segments};
use super::read::{blocking, no_message};
use super::{AdminHub, Api, ApiError, InForce};
use crate::message::Message;

#[derive(Deserialize)]
pub(super) struct Format {
    format: Option<String>,
}

/// Why a message went where it went.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// The version of the manifest whose routes are explained.
    version: u64,
    /// As `edgeroute explain` prints it.
    text: String,
    /// As `edgeroute explain --format json` prints it.
    explanation: Box<RawValue>,
    /// For a message that goes nowhere, the route that came closest.
    nearest: Option<Nearest>,
}

#[derive(Serialize)]
struct Nearest {
    route: String,
    why: String,
}

pub(super) async fn explain<H: AdminHub>(
    State(api): State<Api<H>>,
    segments: Segments,
    Parameters(format): Parameters<Format>,
) -> Result<Response, ApiError> {
    let id = segments.number("id")?;
    let (_, message) = api.hub.observer().find(id).ok_or_else(|| no_message(id))?;
    let message = message.ok_or_else(|| {
        ApiError::not_found(format!("the content of message {id} is not kept any more, or could not be read"))
    })?;
    let answer = blocking(move || api.hub.with_manifest(|in_force| answer(in_force, &message))).await??;
    match format.format.as_deref() {
        None | Some("json") => Ok(Json(answer).into_response()),
        Some("text") => Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], answer.text).into_response()),
        Some(other) => Err(ApiError::bad_request(format!("`format` is `{other}`, not json or text"))),
    }
}

fn answer(in_force: &InForce<'_>, message: &Message) -> Result<Answer, ApiError> {
    let mut routes = Routes::new(Shadowing::default(), Limits::default());
    for spec in in_force.manifest.routes() {
        // All routes in force compile.
        let _ = routes.add(spec.route());
    }
    let explanation = explained(&routes, &message.content.as_message());
    let json = ExplanationJson::new().write(&explanation);
    Ok(Answer {
        version: in_force.version,
        text: explanation_text(&explanation, &TextStyle::default()),
        explanation: RawValue::from_string(json).map_err(|_| ApiError::internal())?,
        nearest: nearest(&explanation),
    })
}

/// Returns the route that came closest to taking a message that goes nowhere: one whose source matches before others,
/// and one whose condition is undefined before one that is false, since that is more often a mistake.
fn nearest(explanation: &Explanation<'_, '_>) -> Option<Nearest> {
    if !explanation.deliveries().is_empty() {
        return None;
    }
    let rank = |route: &&RouteExplanation<'_, '_>| match route.outcome() {
        Outcome::NotTrue(Verdict::Undefined) => (0, 0),
        Outcome::NotTrue(_) => (1, 0),
        Outcome::OtherSource(mismatch) => (2, usize::MAX - mismatch.segment()),
        _ => (3, 0),
    };
    let nearest = explanation.routes().iter().min_by_key(rank)?;
    let why = match nearest.outcome() {
        Outcome::NotTrue(verdict) => {
            let parts = nearest.condition().map_or(&[][..], |condition| condition.parts());
            let note = parts.iter().find_map(|part| part.note());
            match (verdict, note) {
                (Verdict::Undefined, Some(note)) => note.to_string(),
                (Verdict::Undefined, None) => "the condition is undefined".to_owned(),
                _ => "the condition is false".to_owned(),
            }
        }
        Outcome::OtherSource(_) => "it takes messages from another source".to_owned(),
        _ => return None,
    };
    Some(Nearest { route: nearest.route().name().to_owned(), why })
}
