//! Writes an explanation as JSON, for programs.

use serde::Serialize;

use crate::explain::{
    ConditionExplanation, DeliveryExplanation, Explanation, Note, Outcome, Outranking, Part, PartValue, Role,
    RouteExplanation,
};
use edgeroute_lang::interpret::Verdict;

/// Writes explanations as JSON, each on one line without a line break.
///
/// ```
/// use edgeroute::Route;
/// use edgeroute_analysis::explain::{Routes, explain};
/// use edgeroute_lang::message::{Message, Origin};
/// use edgeroute_analysis::render::ExplanationJson;
///
/// let mut routes = Routes::default();
/// let route = Route::new("all", "FROM /messages/* INTO $upstream");
/// routes.add(&route).expect("it compiles");
/// let explanation = explain(&routes, &Message::new(Origin::device("leaf-7")));
/// assert!(ExplanationJson::new().message(3).write(&explanation).starts_with(r#"{"message":3,"source":"/messages","#));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ExplanationJson<'n> {
    message: Option<usize>,
    routes: Option<&'n [String]>,
}

impl<'n> ExplanationJson<'n> {
    /// Creates a writer that includes all routes and no message number.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the number of the message.
    #[must_use]
    pub fn message(self, number: usize) -> Self {
        Self { message: Some(number), ..self }
    }

    /// Restricts the output to the routes with these names.
    #[must_use]
    pub fn routes(self, names: &'n [String]) -> Self {
        Self { routes: Some(names), ..self }
    }

    /// Writes the explanation as JSON.
    #[must_use]
    pub fn write(&self, explanation: &Explanation<'_, '_>) -> String {
        let is_wanted = |route: &&RouteExplanation<'_, '_>| {
            self.routes.is_none_or(|names| names.iter().any(|name| name == route.route().name()))
        };
        to_json(&ExplanationRecord {
            message: self.message,
            source: explanation.source(),
            deliveries: explanation.deliveries().iter().filter_map(|one| delivery(explanation, one)).collect(),
            routes: explanation.routes().iter().filter(is_wanted).map(|one| route(explanation, one)).collect(),
        })
    }
}

/// Writes the explanation of one route as JSON.
#[must_use]
pub fn route_explanation_json(explanation: &Explanation<'_, '_>, one: &RouteExplanation<'_, '_>) -> String {
    to_json(&route(explanation, one))
}

/// Serializing these records cannot fail.
fn to_json(record: &impl Serialize) -> String {
    serde_json::to_string(record).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExplanationRecord<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<usize>,
    source: &'e str,
    deliveries: Vec<DeliveryRecord<'e>>,
    routes: Vec<RouteRecord<'e>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryRecord<'e> {
    endpoint: String,
    route: &'e str,
    priority: u32,
    time_to_live_secs: u32,
    /// The names of the routes that it takes precedence over.
    outranked: Vec<&'e str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RouteRecord<'e> {
    name: &'e str,
    endpoint: String,
    priority: u32,
    time_to_live_secs: u32,
    is_fallback: bool,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outranked_by: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_mismatch: Option<MismatchRecord<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<ConditionRecord<'e>>,
}

#[derive(Serialize)]
struct MismatchRecord<'e> {
    /// Counted from 0.
    segment: usize,
    wanted: &'e str,
    found: Option<&'e str>,
}

#[derive(Serialize)]
struct ConditionRecord<'e> {
    verdict: &'static str,
    text: &'e str,
    parts: Vec<PartRecord<'e>>,
}

/// A part; `start` and `end` are bytes of the route's text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartRecord<'e> {
    start: u32,
    end: u32,
    text: &'e str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<ValueRecord<'e>>,
    /// The length of a cut string in UTF-16 code units.
    #[serde(skip_serializing_if = "Option::is_none")]
    whole_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<NoteRecord>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueRecord<'e> {
    Null,
    Bool(bool),
    Number(f64),
    /// Also used for a number that JSON cannot represent.
    Text(&'e str),
}

#[derive(Serialize)]
pub(super) struct NoteRecord {
    code: &'static str,
    text: String,
}

impl From<&Note> for NoteRecord {
    fn from(note: &Note) -> Self {
        Self { code: note.code(), text: note.to_string() }
    }
}

fn delivery<'e>(explanation: &'e Explanation<'_, '_>, delivery: &DeliveryExplanation) -> Option<DeliveryRecord<'e>> {
    let winner = explanation.route(delivery.winner())?;
    let outranked = delivery.outranked().iter().filter_map(|&loser| explanation.route(loser));
    Some(DeliveryRecord {
        endpoint: winner.endpoint().to_string(),
        route: winner.route().name(),
        priority: winner.route().priority().get(),
        time_to_live_secs: winner.route().time_to_live().as_secs(),
        outranked: outranked.map(|loser| loser.route().name()).collect(),
    })
}

fn route<'e>(explanation: &'e Explanation<'_, '_>, route: &'e RouteExplanation<'_, '_>) -> RouteRecord<'e> {
    let given = route.route();
    let mut record = RouteRecord {
        name: given.name(),
        endpoint: route.endpoint().to_string(),
        priority: given.priority().get(),
        time_to_live_secs: given.time_to_live().as_secs(),
        is_fallback: route.role() == Role::Fallback,
        outcome: "",
        outranked_by: None,
        because: None,
        source_mismatch: None,
        condition: route.condition().map(|one| condition(one, given.text())),
    };
    record.outcome = match route.outcome() {
        Outcome::Delivers => "delivers",
        Outcome::Outranked { by, because } => {
            record.outranked_by = explanation.route(*by).map(|winner| winner.route().name());
            record.because = Some(match because {
                Outranking::Priority => "priority",
                Outranking::DeclaredFirst => "declared-first",
            });
            "outranked"
        }
        Outcome::OtherSource(mismatch) => {
            record.source_mismatch = Some(MismatchRecord {
                segment: mismatch.segment(),
                wanted: mismatch.wanted(),
                found: mismatch.found(),
            });
            "other-source"
        }
        Outcome::NotTrue(verdict) => verdict_name(*verdict),
        Outcome::NotNeeded => "not-needed",
        Outcome::NotTelemetry => "not-telemetry",
    };
    record
}

pub(super) const fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::True => "true",
        Verdict::False => "false",
        Verdict::Undefined => "undefined",
    }
}

fn condition<'e>(condition: &'e ConditionExplanation, text: &'e str) -> ConditionRecord<'e> {
    ConditionRecord {
        verdict: verdict_name(condition.verdict()),
        text: condition.span().slice(text),
        parts: condition.parts().iter().map(|one| part(one, text)).collect(),
    }
}

fn part<'e>(part: &'e Part, text: &'e str) -> PartRecord<'e> {
    let (kind, value) = match part.value() {
        PartValue::Undefined => ("undefined", None),
        PartValue::Null | PartValue::Missing | PartValue::NullProperty => ("null", Some(ValueRecord::Null)),
        PartValue::Bool(value) => ("bool", Some(ValueRecord::Bool(*value))),
        PartValue::Number(value) => ("number", Some(number(*value))),
        PartValue::Text(excerpt) => ("string", Some(ValueRecord::Text(excerpt.text()))),
    };
    let whole_length = match part.value() {
        PartValue::Text(excerpt) if excerpt.is_cut() => Some(excerpt.length()),
        _ => None,
    };
    PartRecord {
        start: part.span().start(),
        end: part.span().end(),
        text: part.span().slice(text),
        kind,
        value,
        whole_length,
        note: part.note().map(NoteRecord::from),
    }
}

fn number(number: f64) -> ValueRecord<'static> {
    if number.is_finite() {
        ValueRecord::Number(number)
    } else if number.is_nan() {
        ValueRecord::Text("NaN")
    } else if number > 0.0 {
        ValueRecord::Text("Infinity")
    } else {
        ValueRecord::Text("-Infinity")
    }
}
