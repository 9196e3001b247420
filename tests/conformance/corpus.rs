//! Reads the rows of a directory of vectors as questions.
//!
//! A row's keys determine what it asks, whatever the name of its file, so new files work without changes to this
//! runner. A row that cannot be read is kept with the reason: it counts as a disagreement and is never skipped.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

/// The files of one directory.
pub(crate) struct Corpus {
    /// Ordered by file name.
    pub(crate) files: Vec<File>,
    /// The messages that rows refer to by number.
    pub(crate) messages: Vec<VectorMessage>,
}

/// One file of rows.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) rows: Vec<Row>,
}

/// One line of a file.
pub(crate) struct Row {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) question: Result<Question, String>,
}

/// The question that a row asks, and the reference's answer.
pub(crate) enum Question {
    Condition(ConditionRow),
    Route(RouteRow),
    RouteSet(RouteSetRow),
    Manifest(ManifestRow),
    SourceMatch(SourceMatchRow),
    Message(Box<VectorMessage>),
}

/// What is the verdict of a condition on these messages?
pub(crate) struct ConditionRow {
    pub(crate) condition: String,
    pub(crate) source: String,
    pub(crate) answer: Answer<Vec<(MessageRef, Truth)>>,
}

/// What does a route's text mean?
pub(crate) struct RouteRow {
    pub(crate) route: String,
    pub(crate) answer: Answer<ParsedRoute>,
}

/// Where do these routes send these messages?
pub(crate) struct RouteSetRow {
    pub(crate) routes: Vec<SetRoute>,
    pub(crate) fallback: Option<SetRoute>,
    pub(crate) answer: Answer<Vec<(MessageRef, Vec<Delivery>)>>,
}

/// What does a manifest contain?
pub(crate) struct ManifestRow {
    pub(crate) json: String,
    pub(crate) answer: Answer<ParsedManifest>,
}

/// Does a message of one source match a route of another?
pub(crate) struct SourceMatchRow {
    pub(crate) route_source: String,
    pub(crate) message_source: String,
    pub(crate) matches: bool,
}

/// The reference's answer to a text.
pub(crate) enum Answer<T> {
    Accepted(T),
    /// It diagnosed the text.
    Diagnosed,
    /// It rejected the text in some other way; for a condition, by a crash.
    Otherwise,
}

/// A verdict, or the lack of one.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Truth {
    True,
    False,
    Undefined,
}

/// A message of the row itself, or one of the corpus.
pub(crate) enum MessageRef {
    Inline(Box<VectorMessage>),
    Numbered(usize),
}

/// A message in the form of the vectors.
#[derive(Clone, Debug)]
pub(crate) struct VectorMessage {
    pub(crate) properties: Vec<(String, Option<String>)>,
    pub(crate) system_properties: Vec<(String, Option<String>)>,
    pub(crate) body: Vec<u8>,
    /// Set if it does not follow from the system properties.
    pub(crate) source: Option<String>,
}

/// A route of a set.
#[derive(Deserialize)]
pub(crate) struct SetRoute {
    pub(crate) id: Option<String>,
    pub(crate) route: String,
    pub(crate) priority: Option<u32>,
    pub(crate) ttl: Option<u32>,
}

/// One delivery. Compares as the reference lists them: by endpoint, priority, time to live.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) endpoint: String,
    pub(crate) priority: u32,
    pub(crate) ttl: u32,
    /// The times to live of all routes that tie; the reference takes one at random.
    #[serde(default, rename = "ttlCandidates")]
    pub(crate) ttl_candidates: Vec<u32>,
}

/// The parts of a route that a row gives.
#[derive(Deserialize)]
pub(crate) struct ParsedRoute {
    pub(crate) source: Option<String>,
    pub(crate) condition: Option<String>,
    pub(crate) endpoint: Option<ParsedEndpoint>,
}

#[derive(Deserialize)]
pub(crate) struct ParsedEndpoint {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) input: Option<String>,
}

/// The parts of a manifest that a row gives.
#[derive(Deserialize)]
pub(crate) struct ParsedManifest {
    #[serde(rename = "schemaVersion")]
    pub(crate) schema_version: Option<String>,
    pub(crate) routes: Option<Vec<ManifestRoute>>,
    #[serde(rename = "storeAndForward")]
    pub(crate) store_and_forward: Option<StoreAndForward>,
}

#[derive(Deserialize)]
pub(crate) struct StoreAndForward {
    #[serde(rename = "timeToLiveSecs")]
    pub(crate) time_to_live_secs: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct ManifestRoute {
    pub(crate) name: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) priority: Option<u32>,
    pub(crate) ttl: Option<u32>,
    #[serde(flatten)]
    pub(crate) parsed: ParsedRoute,
    pub(crate) compile: Option<Compile>,
}

/// Whether a route's condition compiles.
#[derive(Deserialize)]
pub(crate) struct Compile {
    pub(crate) ok: bool,
    pub(crate) kind: Option<String>,
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::True => "true",
            Self::False => "false",
            Self::Undefined => "undefined",
        })
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} priority {} ttl {}", self.endpoint, self.priority, self.ttl)?;
        if self.ttl_candidates.is_empty() { Ok(()) } else { write!(f, " (any of {:?})", self.ttl_candidates) }
    }
}

impl MessageRef {
    /// The message; `None` if the corpus has none with this number.
    pub(crate) fn get<'c>(&'c self, numbered: &'c [VectorMessage]) -> Option<&'c VectorMessage> {
        match self {
            Self::Inline(message) => Some(message),
            Self::Numbered(number) => numbered.get(*number),
        }
    }
}

impl Corpus {
    /// Reads every `*.jsonl` of `directory`. Messages that rows refer to by number come from `messages.jsonl`, else
    /// from the only file of messages, else from `default_messages`.
    pub(crate) fn read(directory: &Path, default_messages: &Path) -> io::Result<Self> {
        let mut paths: Vec<PathBuf> = fs::read_dir(directory)?
            .map(|entry| entry.map(|entry| entry.path()))
            .filter(|path| path.as_ref().map_or(true, |path| path.extension().is_some_and(|ext| ext == "jsonl")))
            .collect::<io::Result<_>>()?;
        paths.sort();
        let files = paths.iter().map(|path| File::read(path)).collect::<io::Result<Vec<_>>>()?;
        let of_messages: Vec<&File> = files.iter().filter(|file| file.is_of_messages()).collect();
        let named = of_messages.iter().find(|file| file.name == "messages.jsonl");
        let messages = match (named, of_messages.as_slice()) {
            (Some(file), _) | (None, [file]) => file.messages(),
            _ => File::read(default_messages)?.messages(),
        };
        Ok(Self { files, messages })
    }
}

impl Row {
    /// Reads a line; `line` is its number.
    pub(crate) fn read(line: usize, text: &str) -> Self {
        Self { line, question: read_question(text) }
    }
}

impl File {
    fn read(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        let rows = text
            .split('\n')
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(index, line)| Row::read(index + 1, line))
            .collect();
        Ok(Self { name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(), rows })
    }

    fn is_of_messages(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| matches!(row.question, Ok(Question::Message(_))))
    }

    fn messages(&self) -> Vec<VectorMessage> {
        self.rows
            .iter()
            .filter_map(|row| match &row.question {
                Ok(Question::Message(message)) => Some((**message).clone()),
                _ => None,
            })
            .collect()
    }
}

/// Every key that a row may have.
#[derive(Deserialize)]
struct RawRow {
    condition: Option<String>,
    source: Option<String>,
    verdicts: Option<PerMessage<Truth>>,
    compiles: Option<bool>,
    route: Option<String>,
    routes: Option<Vec<SetRoute>>,
    fallback: Option<Fallback>,
    deliveries: Option<PerMessage<Vec<Delivery>>>,
    json: Option<String>,
    parsed: Option<Value>,
    rejected: Option<Rejected>,
    messages: Option<Vec<RawMessage>>,
    route_source: Option<String>,
    message_source: Option<String>,
    matches: Option<bool>,
}

#[derive(Deserialize)]
struct Rejected {
    kind: String,
}

/// Answers by message number, or in the order of the messages.
#[derive(Deserialize)]
#[serde(untagged)]
enum PerMessage<T> {
    Numbered(BTreeMap<String, T>),
    InOrder(Vec<T>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Fallback {
    Text(String),
    Route(SetRoute),
}

#[derive(Deserialize)]
struct RawMessage {
    #[serde(default)]
    properties: BTreeMap<String, Option<String>>,
    #[serde(default, rename = "systemProperties")]
    system_properties: BTreeMap<String, Option<String>>,
    body: Option<String>,
    #[serde(rename = "bodyBase64")]
    body_base64: Option<String>,
    source: Option<String>,
}

fn read_question(line: &str) -> Result<Question, String> {
    let row: RawRow = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if let (Some(route_source), Some(message_source), Some(matches)) =
        (row.route_source, row.message_source, row.matches)
    {
        return Ok(Question::SourceMatch(SourceMatchRow { route_source, message_source, matches }));
    }
    let refused = match (&row.rejected, row.compiles) {
        (Some(rejected), _) if rejected.kind == "RouteCompilationException" => Some(Refused::Diagnosed),
        (Some(_), _) => Some(Refused::Otherwise),
        (None, Some(false)) => Some(Refused::Diagnosed),
        (None, _) => None,
    };
    if let Some(condition) = row.condition {
        let verdicts = match row.verdicts {
            Some(verdicts) => Some(by_message(verdicts, row.messages)?),
            None => row.compiles.map(|_| Vec::new()),
        };
        let source = row.source.ok_or("a condition without `source`")?;
        return Ok(Question::Condition(ConditionRow { condition, source, answer: answer(refused, verdicts)? }));
    }
    if let Some(route) = row.route {
        return Ok(Question::Route(RouteRow { route, answer: answer(refused, parsed(row.parsed)?)? }));
    }
    if let Some(routes) = row.routes {
        let deliveries = row.deliveries.map(|deliveries| by_message(deliveries, row.messages)).transpose()?;
        let fallback = row.fallback.map(|fallback| match fallback {
            Fallback::Text(route) => SetRoute { id: None, route, priority: None, ttl: None },
            Fallback::Route(route) => route,
        });
        return Ok(Question::RouteSet(RouteSetRow { routes, fallback, answer: answer(refused, deliveries)? }));
    }
    if let Some(json) = row.json {
        return Ok(Question::Manifest(ManifestRow { json, answer: answer(refused, parsed(row.parsed)?)? }));
    }
    let keys: BTreeMap<String, Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if keys.contains_key("properties") || keys.contains_key("systemProperties") {
        let message: RawMessage = serde_json::from_str(line).map_err(|error| error.to_string())?;
        return Ok(Question::Message(Box::new(message.try_into()?)));
    }
    Err(format!("no known kind of row has the keys {:?}", keys.keys().collect::<Vec<_>>()))
}

enum Refused {
    Diagnosed,
    Otherwise,
}

fn answer<T>(refused: Option<Refused>, accepted: Option<T>) -> Result<Answer<T>, String> {
    match (refused, accepted) {
        (Some(Refused::Diagnosed), _) => Ok(Answer::Diagnosed),
        (Some(Refused::Otherwise), _) => Ok(Answer::Otherwise),
        (None, Some(accepted)) => Ok(Answer::Accepted(accepted)),
        (None, None) => Err("a row without an answer".to_owned()),
    }
}

fn parsed<T: for<'de> Deserialize<'de>>(parsed: Option<Value>) -> Result<Option<T>, String> {
    parsed.map(serde_json::from_value).transpose().map_err(|error| format!("`parsed`: {error}"))
}

fn by_message<T>(answers: PerMessage<T>, messages: Option<Vec<RawMessage>>) -> Result<Vec<(MessageRef, T)>, String> {
    let mut numbered: Vec<(usize, T)> = match answers {
        PerMessage::InOrder(answers) => answers.into_iter().enumerate().collect(),
        PerMessage::Numbered(answers) => answers
            .into_iter()
            .map(|(number, answer)| {
                let number = number.parse().map_err(|_| format!("`{number}` is no message number"))?;
                Ok((number, answer))
            })
            .collect::<Result<_, String>>()?,
    };
    numbered.sort_by_key(|&(number, _)| number);
    let Some(messages) = messages else {
        return Ok(numbered.into_iter().map(|(number, answer)| (MessageRef::Numbered(number), answer)).collect());
    };
    let mut inline: Vec<Option<RawMessage>> = messages.into_iter().map(Some).collect();
    numbered
        .into_iter()
        .map(|(number, answer)| {
            let message = inline.get_mut(number).and_then(Option::take);
            let message = message.ok_or_else(|| format!("the row has no message {number}"))?;
            Ok((MessageRef::Inline(Box::new(message.try_into()?)), answer))
        })
        .collect()
}

impl TryFrom<RawMessage> for VectorMessage {
    type Error = String;

    fn try_from(raw: RawMessage) -> Result<Self, String> {
        let body = match (raw.body, raw.body_base64) {
            (Some(_), Some(_)) => return Err("a message with both `body` and `bodyBase64`".to_owned()),
            (Some(text), None) => text.into_bytes(),
            (None, Some(encoded)) => STANDARD.decode(encoded).map_err(|error| format!("`bodyBase64`: {error}"))?,
            (None, None) => Vec::new(),
        };
        Ok(Self {
            properties: raw.properties.into_iter().collect(),
            system_properties: raw.system_properties.into_iter().collect(),
            body,
            source: raw.source,
        })
    }
}
