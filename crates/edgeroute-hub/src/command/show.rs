use clap::Args;
use serde_json::Value;

use super::api::Api;
use super::{Failure, Out, table};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;

/// How results are shown.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Format {
    /// print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// The arguments of `explain`.
#[derive(Args, Clone, Debug)]
pub(super) struct ExplainArguments {
    /// number of the message, as `edgeroute hub tail` shows it [default: the last one]
    id: Option<u64>,
    /// print JSON
    #[arg(long)]
    json: bool,
}

/// Returns a string field, or an empty text.
pub(super) fn string<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a number field, or 0.
pub(super) fn number(value: &Value, field: &str) -> u64 {
    value.get(field).and_then(Value::as_u64).unwrap_or(0)
}

/// Returns the elements of a list field.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn age(value: &Value, field: &str) -> String {
    match value.get(field).and_then(Value::as_u64) {
        Some(time) => table::span(Clock::default().now().millis_since(Timestamp(time))),
        None => String::new(),
    }
}

fn yes(value: &Value, field: &str) -> bool {
    value.get(field).and_then(Value::as_bool).unwrap_or(false)
}

fn json(value: &Value, out: Out<'_>) -> Result<(), Failure> {
    writeln!(out, "{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}

/// Shows the state of the hub.
pub(super) fn status(format: Format, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let status = Api::of(&config.data)?.get("/api/status")?;
    if format.json {
        return json(&status, out);
    }
    let (manifest, store, upstream) = (&status["manifest"], &status["store"], &status["upstream"]);
    let mut rows = vec![
        ("device", string(&status, "device").to_owned()),
        ("running for", age(&status, "started")),
        ("listening", join(list(&status, "listeners"))),
        ("manifest", format!("{} ({} routes)", string(manifest, "file"), number(manifest, "routes"))),
        ("clients", format!("{} connected, {} known", number(&status, "connected"), number(&status, "identities"))),
        ("messages", format!("{} stored, {}", number(store, "messages"), table::bytes(number(store, "liveBytes")))),
        ("disk", table::bytes(number(store, "diskBytes"))),
    ];
    let state = match (yes(upstream, "paused"), yes(upstream, "online"), upstream["error"].as_str()) {
        (true, ..) => "paused".to_owned(),
        (false, true, _) => "online".to_owned(),
        (false, false, Some(error)) => format!("offline: {error}"),
        (false, false, None) => "offline".to_owned(),
    };
    rows.push((
        "upstream",
        match string(upstream, "address") {
            "" => format!("{}, {state}", string(upstream, "kind")),
            address => format!("{} {address}, {state}", string(upstream, "kind")),
        },
    ));
    rows.extend(
        list(&status, "problems").iter().map(|problem| ("problem", problem.as_str().unwrap_or_default().to_owned())),
    );
    rows.extend(
        list(&status, "warnings").iter().map(|warning| ("warning", warning.as_str().unwrap_or_default().to_owned())),
    );
    if let Some(refused) = manifest.get("refused").filter(|refused| !refused.is_null()) {
        rows.push((
            "problem",
            format!("a newer manifest has {} errors and is not in force", number(refused, "errors")),
        ));
    }
    for (name, value) in rows {
        writeln!(out, "{name:12}  {}", table::printable(&value))?;
    }
    Ok(())
}

fn join(texts: &[Value]) -> String {
    texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// Shows the queues.
pub(super) fn queues(format: Format, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let queues = Api::of(&config.data)?.get("/api/queues")?;
    if format.json {
        return json(&queues, out);
    }
    let rows = list(&queues, "queues").iter().map(|queue| {
        let levels = list(queue, "levels")
            .iter()
            .map(|level| format!("{}:{}", number(level, "priority"), number(level, "length")));
        let state = match (yes(queue, "paused"), yes(queue, "routed")) {
            (true, _) => "held back",
            (false, true) => "",
            (false, false) => "no route names it any more",
        };
        vec![
            number(queue, "id").to_string(),
            string(queue, "destination").to_owned(),
            number(queue, "length").to_string(),
            age(queue, "oldest"),
            levels.collect::<Vec<_>>().join(" "),
            state.to_owned(),
        ]
    });
    table::write(out, &["ID", "DESTINATION", "LENGTH", "OLDEST", "PRIORITY:LENGTH", "STATE"], rows.collect())
}

/// Shows the clients.
pub(super) fn clients(format: Format, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let clients = Api::of(&config.data)?.get("/api/clients")?;
    if format.json {
        return json(&clients, out);
    }
    let rows = list(&clients, "clients").iter().map(|client| {
        let connected = yes(client, "connected");
        vec![
            string(client, "id").to_owned(),
            if connected { string(client, "address").to_owned() } else { "not connected".to_owned() },
            if connected { age(client, "since") } else { String::new() },
            number(client, "unacknowledged").to_string(),
            join(list(client, "subscriptions")),
            string(client, "agent").to_owned(),
        ]
    });
    table::write(out, &["CLIENT", "ADDRESS", "FOR", "UNACKNOWLEDGED", "SUBSCRIPTIONS", "SDK"], rows.collect())
}

/// Explains a recent message.
pub(super) fn explain(arguments: &ExplainArguments, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let api = Api::of(&config.data)?;
    let id = if let Some(id) = arguments.id {
        id
    } else {
        let recent = api.get("/api/messages?limit=1000")?;
        let ids = list(&recent, "messages").iter().map(|message| number(message, "id"));
        ids.max().ok_or_else(|| Failure::new("the hub has seen no message yet"))?
    };
    let format = if arguments.json { "" } else { "?format=text" };
    let text = api.text(&format!("/api/messages/{id}/explain{format}"))?;
    writeln!(out, "{}", text.trim_end())?;
    Ok(())
}
