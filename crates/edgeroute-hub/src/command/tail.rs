use std::io::Write as _;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::api::Api;
use super::show::{list, number, string};
use super::{Failure, Out, table};
use crate::config::Config;

/// How often the list of messages that went upstream is asked for.
const INTERVAL: Duration = Duration::from_millis(500);

/// The arguments of `tail`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// only messages to this destination: upstream, or MODULE/INPUT [default: all messages]
    destination: Option<String>,
    /// print JSON, one message a line
    #[arg(long)]
    json: bool,
}

/// Shows messages until it is ended.
pub(super) fn run(arguments: &Arguments, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let api = Api::of(&config.data)?;
    match arguments.destination.as_deref() {
        Some("upstream" | "$upstream") => upstream(&api, arguments, out),
        destination => messages(&api, destination, arguments, out),
    }
}

fn messages(api: &Api, destination: Option<&str>, arguments: &Arguments, out: Out<'_>) -> Result<(), Failure> {
    for event in Events::new(api.lines("/api/events")?) {
        let (name, data) = event?;
        match name.as_str() {
            "message" => {
                let is_wanted = destination.is_none_or(|wanted| {
                    list(&data, "deliveries").iter().any(|delivery| string(delivery, "destination") == wanted)
                });
                if is_wanted {
                    print(&data, arguments, out)?;
                }
            }
            "missed" => {
                let missed = format!("{} events are missing, because they came too fast", number(&data, "count"));
                writeln!(std::io::stderr(), "{missed}")?;
            }
            _ => {}
        }
    }
    Err(Failure::new("the hub has stopped"))
}

/// Prints a message: number, sender, source, size, and where it goes or why not.
fn print(message: &Value, arguments: &Arguments, out: Out<'_>) -> Result<(), Failure> {
    if arguments.json {
        writeln!(out, "{message}")?;
    } else {
        let deliveries: Vec<_> = list(message, "deliveries")
            .iter()
            .map(|delivery| format!("{} by {}", string(delivery, "destination"), string(delivery, "route")))
            .collect();
        let fate = match message.get("dropped").filter(|dropped| !dropped.is_null()) {
            Some(dropped) => format!("dropped ({}): {}", string(dropped, "reason"), string(dropped, "detail")),
            None => format!("to {}", deliveries.join(", ")),
        };
        let (id, size) = (number(message, "id"), number(message, "size"));
        let line = format!("{id}  {}  {}  {size} B  {fate}", string(message, "sender"), string(message, "source"));
        writeln!(out, "{}", table::printable(&line))?;
        let preview = string(message, "preview");
        if !preview.is_empty() {
            writeln!(out, "      {}", table::printable(preview))?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Shows what goes upstream, from now on.
fn upstream(api: &Api, arguments: &Arguments, out: Out<'_>) -> Result<(), Failure> {
    let last = |messages: &Value| list(messages, "messages").iter().map(|message| number(message, "id")).max();
    let mut seen = last(&api.get("/api/upstream?limit=10000")?).unwrap_or(0);
    loop {
        sleep(INTERVAL);
        let found = api.get(&format!("/api/upstream?since={seen}"))?;
        for message in list(&found, "messages").iter().filter(|message| number(message, "id") > seen) {
            if arguments.json {
                writeln!(out, "{}", message["message"])?;
            } else {
                let content = &message["message"];
                let body = content.get("body").map(Value::to_string).unwrap_or_default();
                let line = format!("{}  {}  {body}", number(message, "id"), string(message, "sender"));
                writeln!(out, "{}", table::printable(&line))?;
            }
        }
        out.flush()?;
        seen = last(&found).unwrap_or(seen).max(seen);
    }
}

/// Server-sent events: name and data.
struct Events<L> {
    lines: L,
    name: String,
    data: String,
}

impl<L> Events<L> {
    fn new(lines: L) -> Self {
        Self { lines, name: String::new(), data: String::new() }
    }
}

impl<L: Iterator<Item = std::io::Result<String>>> Iterator for Events<L> {
    type Item = Result<(String, Value), Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err(error.into())),
            };
            let (field, value) = line.split_once(':').unwrap_or((line.as_str(), ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.name),
                "data" => {
                    if !self.data.is_empty() {
                        self.data.push('\n');
                    }
                    self.data.push_str(value);
                }
                "" if line.is_empty() && !self.data.is_empty() => {
                    let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
                    return Some(serde_json::from_str(&data).map(|data| (name, data)).map_err(Failure::from));
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_from_lines() {
        let text =
            ": keep-alive\n\nevent: message\ndata: {\"id\":\ndata: 1}\n\ndata: {\"id\": 2}\nid: 5\n\nevent: x\n\n";
        let events: Result<Vec<_>, _> = Events::new(text.lines().map(|line| Ok(line.to_owned()))).collect();
        let events = events.expect("valid");
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].0.as_str(), number(&events[0].1, "id")), ("message", 1));
        assert_eq!((events[1].0.as_str(), number(&events[1].1, "id")), ("", 2));
    }
}
