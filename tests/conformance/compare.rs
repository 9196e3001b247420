//! Compares a row's answer with ours.

use edgeroute_lang::diagnostic::{Code, Diagnostic, Severity};
use edgeroute_lang::span::{LineIndex, Span};

use crate::corpus::{
    Answer, ConditionRow, Delivery, ManifestRow, MessageRef, ParsedRoute, Question, RouteRow, RouteSetRow,
    SourceMatchRow, Truth, VectorMessage,
};
use crate::engine::{Engine, Outcome};
use crate::front;

/// A difference between our answer and the reference's.
pub(crate) enum Difference<'c> {
    /// The row asks nothing that this runner understands.
    Unreadable(&'c str),
    /// The reference rejects, we accept.
    NotRefused,
    /// The reference accepts, we reject.
    Refused(Refusal),
    /// The reference's compiler crashed; holds our error if we rejected.
    Crashed(Option<Refusal>),
    /// We reject, but not with an error that points into the text.
    Pointless(String),
    /// A condition has another verdict on a message.
    Verdict { message: &'c VectorMessage, expected: Truth, found: Outcome },
    /// A message goes elsewhere.
    Deliveries { message: &'c VectorMessage, expected: &'c [Delivery], found: Vec<Delivery> },
    /// A parsed part differs.
    Part { what: String, expected: String, found: String },
}

impl Difference<'_> {
    /// Whether both sides reject: the reference's compiler crashed, and we report an error.
    ///
    /// The crash hides what the reference would have reported, so any of our errors agrees with it.
    pub(crate) fn is_rejected_by_both(&self) -> bool {
        matches!(self, Self::Crashed(Some(refusal)) if refusal.fault().is_none())
    }
}

/// The reason why we reject a text.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The text that the spans refer to.
    pub(crate) text: String,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Refusal {
    /// Finds a fault in the rejection itself: no errors, or a span that is not within the text on character boundaries.
    pub(crate) fn fault(&self) -> Option<String> {
        if !self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return Some("refused without an error".to_owned());
        }
        self.diagnostics.iter().find_map(|diagnostic| {
            let labels = diagnostic.secondary.iter().map(|label| label.span);
            let fix = diagnostic.fix.iter().map(|fix| fix.span);
            let mut spans = std::iter::once(diagnostic.primary.span).chain(labels).chain(fix);
            let outside = spans.find(|span| self.text.get(span.range()).is_none())?;
            Some(format!("{}: the span {outside:?} is not within the text: {}", diagnostic.code, diagnostic.message))
        })
    }

    /// The text under a span.
    pub(crate) fn slice(&self, span: Span) -> &str {
        span.slice(&self.text)
    }

    /// Whether every error has a code that `is` accepts.
    pub(crate) fn is_only(&self, is: impl Fn(Code) -> bool) -> bool {
        self.diagnostics.iter().filter(|found| found.severity == Severity::Error).all(|found| is(found.code))
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines = LineIndex::new(&self.text);
        for (index, found) in self.diagnostics.iter().enumerate() {
            let place = lines.position(&self.text, found.primary.span.start());
            write!(f, "{}{} at {place}: {}", if index == 0 { "" } else { "; " }, found.code, found.message)?;
        }
        Ok(())
    }
}

/// All differences of one row; empty if it agrees.
pub(crate) fn compare<'c>(
    engine: &dyn Engine,
    question: &'c Result<Question, String>,
    messages: &'c [VectorMessage],
) -> Vec<Difference<'c>> {
    match question {
        Err(reason) => vec![Difference::Unreadable(reason)],
        // A message only needs to be readable.
        Ok(Question::Message(_)) => Vec::new(),
        Ok(Question::Condition(row)) => compare_condition(engine, row, messages),
        Ok(Question::Route(row)) => compare_route(row),
        Ok(Question::RouteSet(row)) => compare_route_set(engine, row, messages),
        Ok(Question::Manifest(row)) => compare_manifest(row),
        Ok(Question::SourceMatch(row)) => compare_sources(row),
    }
}

fn compare_condition<'c>(
    engine: &dyn Engine,
    row: &'c ConditionRow,
    messages: &'c [VectorMessage],
) -> Vec<Difference<'c>> {
    let verdicts = match &row.answer {
        Answer::Accepted(verdicts) => verdicts.as_slice(),
        Answer::Diagnosed | Answer::Otherwise => &[],
    };
    let asked = match resolve(verdicts, messages) {
        Ok(asked) => asked,
        Err(missing) => return vec![missing],
    };
    let ours: Vec<&VectorMessage> = asked.iter().map(|&(message, _)| message).collect();
    match (&row.answer, engine.verdicts(&row.condition, &row.source, &ours)) {
        (Answer::Accepted(_), Ok(found)) => asked
            .into_iter()
            .zip(found)
            .filter(|((_, expected), found)| !found.agrees(**expected))
            .map(|((message, &expected), found)| Difference::Verdict { message, expected, found })
            .collect(),
        (Answer::Otherwise, ours) => vec![Difference::Crashed(ours.err())],
        (answer, ours) => unequal_ends(answer, ours.map(|_| ())),
    }
}

fn compare_route_set<'c>(
    engine: &dyn Engine,
    row: &'c RouteSetRow,
    messages: &'c [VectorMessage],
) -> Vec<Difference<'c>> {
    let deliveries = match &row.answer {
        Answer::Accepted(deliveries) => deliveries.as_slice(),
        Answer::Diagnosed | Answer::Otherwise => &[],
    };
    let asked = match resolve(deliveries, messages) {
        Ok(asked) => asked,
        Err(missing) => return vec![missing],
    };
    let ours: Vec<&VectorMessage> = asked.iter().map(|&(message, _)| message).collect();
    match (&row.answer, engine.deliveries(&row.routes, row.fallback.as_ref(), &ours)) {
        (Answer::Accepted(_), Ok(found)) => asked
            .into_iter()
            .zip(found)
            .filter_map(|((message, expected), mut found)| {
                found.sort();
                let agree = expected.iter().map(destination).eq(found.iter().map(destination));
                (!agree).then(|| Difference::Deliveries { message, expected, found })
            })
            .collect(),
        (Answer::Otherwise, ours) => vec![Difference::Crashed(ours.err())],
        (answer, ours) => unequal_ends(answer, ours.map(|_| ())),
    }
}

/// The compared fields of a delivery.
fn destination(delivery: &Delivery) -> (&str, u32, u32) {
    (&delivery.endpoint, delivery.priority, delivery.ttl)
}

fn compare_route(row: &RouteRow) -> Vec<Difference<'static>> {
    match (&row.answer, front::parse_route(&row.route)) {
        (Answer::Accepted(expected), Ok(found)) => route_parts("", expected, &found),
        (answer, ours) => unequal_ends(answer, ours.map(|_| ())),
    }
}

/// Compares what a route of its own and a route in a manifest have in common.
fn route_parts(prefix: &str, expected: &ParsedRoute, found: &front::RouteParts) -> Vec<Difference<'static>> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, expected: Option<&str>, found: &str| {
        if expected.is_some_and(|expected| expected != found) {
            differences.push(part(&format!("{prefix}{what}"), &expected.unwrap_or_default(), &found));
        }
    };
    compare("source", expected.source.as_deref(), &found.source);
    compare("condition", expected.condition.as_deref(), &found.condition);
    if let Some(endpoint) = &expected.endpoint {
        // The rows name the edge device, which is not in the text.
        let id = match endpoint.id.split_once('/') {
            Some((_, rest)) if endpoint.kind == "module" => format!("{}/{rest}", front::EDGE_DEVICE),
            _ => endpoint.id.clone(),
        };
        compare("endpoint", Some(&id), &found.endpoint);
        let input = found.endpoint.splitn(3, '/').nth(2).unwrap_or_default();
        compare("endpoint.input", endpoint.input.as_deref(), input);
    }
    differences
}

fn compare_manifest(row: &ManifestRow) -> Vec<Difference<'static>> {
    let (expected, found) = match (&row.answer, front::parse_manifest(&row.json)) {
        (Answer::Accepted(expected), Ok(found)) => (expected, found),
        (answer, ours) => return unequal_ends(answer, ours.map(|_| ())),
    };
    let mut differences = Vec::new();
    if let Some(version) = expected.schema_version.as_ref().filter(|&version| *version != found.schema_version) {
        differences.push(part("schemaVersion", version, &found.schema_version));
    }
    let time_to_live = expected.store_and_forward.as_ref().and_then(|store| store.time_to_live_secs);
    if time_to_live.is_some_and(|expected| expected != found.time_to_live_secs) {
        let expected = time_to_live.unwrap_or_default();
        differences.push(part("storeAndForward.timeToLiveSecs", &expected, &found.time_to_live_secs));
    }
    let Some(routes) = &expected.routes else {
        return differences;
    };
    if routes.len() != found.routes.len() {
        differences.push(part("routes", &routes.len(), &found.routes.len()));
    }
    for (index, (expected, found)) in routes.iter().zip(&found.routes).enumerate() {
        let mut compare = |what: &str, expected: Option<String>, found: String| {
            if let Some(expected) = expected.filter(|expected| *expected != found) {
                differences.push(part(&format!("routes[{index}].{what}"), &expected, &found));
            }
        };
        compare("name", expected.name.clone(), found.name.clone());
        compare("value", expected.value.clone(), found.value.clone());
        compare("priority", expected.priority.map(|n| n.to_string()), found.priority.to_string());
        compare("ttl", expected.ttl.map(|n| n.to_string()), found.ttl.to_string());
        if let Some(compile) = &expected.compile {
            // Where the reference's compiler crashed, we may accept or reject.
            let is_crash = compile.kind.as_ref().is_some_and(|kind| kind != "RouteCompilationException");
            if !is_crash {
                compare("compile.ok", Some(compile.ok.to_string()), found.compiles.to_string());
            }
        }
        differences.extend(route_parts(&format!("routes[{index}]."), &expected.parsed, &found.parts));
    }
    differences
}

fn compare_sources(row: &SourceMatchRow) -> Vec<Difference<'static>> {
    let found = front::source_matches(&row.route_source, &row.message_source);
    if found == row.matches { Vec::new() } else { vec![part("matches", &row.matches, &found)] }
}

/// The difference if at least one side rejects.
fn unequal_ends<T>(answer: &Answer<T>, ours: Result<(), Refusal>) -> Vec<Difference<'static>> {
    match (answer, ours) {
        (Answer::Accepted(_), Ok(())) => Vec::new(),
        (Answer::Accepted(_), Err(refusal)) => vec![Difference::Refused(refusal)],
        (Answer::Diagnosed | Answer::Otherwise, Ok(())) => vec![Difference::NotRefused],
        (Answer::Diagnosed | Answer::Otherwise, Err(refusal)) => {
            refusal.fault().map(Difference::Pointless).into_iter().collect()
        }
    }
}

fn part(what: &str, expected: &impl ToString, found: &impl ToString) -> Difference<'static> {
    Difference::Part { what: what.to_owned(), expected: expected.to_string(), found: found.to_string() }
}

/// The messages that a row's answers are about.
fn resolve<'c, T>(
    answers: &'c [(MessageRef, T)],
    messages: &'c [VectorMessage],
) -> Result<Vec<(&'c VectorMessage, &'c T)>, Difference<'c>> {
    answers
        .iter()
        .map(|(message, answer)| {
            let message =
                message.get(messages).ok_or(Difference::Unreadable("it names a message that is not there"))?;
            Ok((message, answer))
        })
        .collect()
}
