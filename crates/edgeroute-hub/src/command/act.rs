use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use edgeroute::{Origin, OwnedMessage};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use ureq::http::Method;

use super::api::{Api, path};
use super::names::{find, open};
use super::show::{list, number, string};
use super::{Failure, Out};
use crate::admin::{MethodCall, MethodResponse, TwinPatch};
use crate::config::Config;
use crate::files;

/// The longest body that is read from standard input, in bytes. The hub takes 256 KiB.
const LONGEST_BODY: u64 = 1024 * 1024;

/// The arguments of `send`.
#[derive(Args, Clone, Debug)]
pub(super) struct SendArguments {
    /// who sends: a module of the hub's device, a device, or DEVICE/MODULE
    sender: String,
    /// the body, or - for standard input
    #[arg(default_value = "")]
    body: String,
    /// output of the module
    #[arg(long, short)]
    output: Option<String>,
    /// property of the message; may be repeated
    #[arg(long = "property", short, value_name = "NAME=VALUE", value_parser = property)]
    properties: Vec<(String, String)>,
    /// system property, such as contentType; may be repeated. A body in JSON is announced as JSON
    #[arg(long = "system-property", short, value_name = "NAME=VALUE", value_parser = property)]
    system_properties: Vec<(String, String)>,
}

/// Commands for twins.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Twin {
    /// Print a twin
    Get {
        /// module of the hub's device, device, or DEVICE/MODULE
        id: String,
    },
    /// Change desired properties, and print the twin
    Set {
        /// module of the hub's device, device, or DEVICE/MODULE
        id: String,
        /// a JSON object with the properties to set; null removes one
        desired: String,
    },
}

/// The arguments of `invoke`.
#[derive(Args, Clone, Debug)]
pub(super) struct InvokeArguments {
    /// module of the hub's device, device, or DEVICE/MODULE
    id: String,
    /// name of the method
    method: String,
    /// payload in JSON
    #[arg(default_value = "null")]
    payload: String,
    /// how long to wait for the answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u32,
    /// how long to wait for the client to connect, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    connect_timeout: u32,
}

/// The arguments of `c2d`.
#[derive(Args, Clone, Debug)]
pub(super) struct C2dArguments {
    /// id of the device
    device: String,
    /// the body, or - for standard input
    #[arg(default_value = "")]
    body: String,
    /// property of the message; may be repeated
    #[arg(long = "property", short, value_name = "NAME=VALUE", value_parser = property)]
    properties: Vec<(String, String)>,
}

/// The arguments of `reload`.
#[derive(Args, Clone, Debug)]
pub(super) struct ReloadArguments {
    /// the manifest [default: the file that the hub was started with]
    manifest: Option<PathBuf>,
    /// check the manifest, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// The arguments of `drain` and `drop`.
#[derive(Args, Clone, Debug)]
pub(super) struct QueueArguments {
    /// destination or number, as `edgeroute hub queues` shows them
    queue: String,
}

fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn body(text: &str) -> Result<Vec<u8>, Failure> {
    if text != "-" {
        return Ok(text.as_bytes().to_vec());
    }
    let mut body = Vec::new();
    std::io::stdin().lock().take(LONGEST_BODY + 1).read_to_end(&mut body)?;
    if body.len() as u64 > LONGEST_BODY { Err(Failure::new("the body is longer than 1 MiB")) } else { Ok(body) }
}

/// Says what the hub made of a message.
fn report(accepted: &Value, out: Out<'_>) -> Result<(), Failure> {
    let deliveries = match accepted.get("deliveries").and_then(Value::as_u64) {
        Some(1) => "1 delivery".to_owned(),
        _ => format!("{} deliveries", number(accepted, "deliveries")),
    };
    match accepted.get("id").and_then(Value::as_u64) {
        Some(id) => writeln!(out, "message {id}: {deliveries}; `edgeroute hub explain {id}` says why")?,
        None if number(accepted, "deliveries") == 0 => {
            writeln!(out, "no route takes the message; `edgeroute hub explain` says why")?;
        }
        None => writeln!(out, "{deliveries}")?,
    }
    Ok(())
}

/// Sends a message as a client.
pub(super) fn send(arguments: &SendArguments, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let sender = find(&open(config)?, &arguments.sender)?;
    let origin = match (sender.module_id(), &arguments.output) {
        (Some(module), None) => Origin::module(sender.device_id(), module),
        (Some(module), Some(output)) => Origin::module(sender.device_id(), module).output(output),
        (None, None) => Origin::device(sender.device_id()),
        (None, Some(_)) => return Err(Failure::new(format!("`{sender}` is a device, and devices have no outputs"))),
    };
    let mut message = OwnedMessage::new(origin).with_body(body(&arguments.body)?);
    for (name, value) in &arguments.properties {
        message = message.with_property(name.as_str(), value.as_str());
    }
    let names = |name: &str| arguments.system_properties.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
    // Conditions on the body ask for both.
    let is_json = serde_json::from_slice::<IgnoredAny>(message.body()).is_ok();
    for (name, value) in [("contentType", "application/json"), ("contentEncoding", "utf-8")] {
        if is_json && !names(name) {
            message = message.with_system_property(name, value);
        }
    }
    for (name, value) in &arguments.system_properties {
        message = message.with_system_property(name.as_str(), value.as_str());
    }
    let message = serde_json::to_string(&message)?;
    report(&Api::of(&config.data)?.send_text(Method::POST, "/api/messages", Some(message))?, out)
}

/// Sends a message from the cloud.
pub(super) fn c2d(arguments: &C2dArguments, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let device = find(&open(config)?, &arguments.device)?;
    if device.module_id().is_some() {
        return Err(Failure::new(format!("`{device}` is a module: only devices get messages from the cloud")));
    }
    let properties: Map<_, _> =
        arguments.properties.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
    let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, body(&arguments.body)?);
    let message = json!({ "properties": properties, "bodyBase64": body });
    report(&Api::of(&config.data)?.send(Method::POST, &path("/api/c2d", &device), Some(&message))?, out)
}

impl Twin {
    pub(super) fn run(&self, config: &Config, out: Out<'_>) -> Result<(), Failure> {
        let (Self::Get { id } | Self::Set { id, .. }) = self;
        let path = path("/api/twins", &find(&open(config)?, id)?);
        let api = Api::of(&config.data)?;
        let twin = match self {
            Self::Get { .. } => api.get(&path)?,
            Self::Set { desired, .. } => {
                serde_json::from_str::<BTreeMap<String, &RawValue>>(desired)
                    .map_err(|error| Failure::new(format!("the desired properties are not a JSON object: {error}")))?;
                let desired = RawValue::from_string(desired.clone())?;
                api.send_text(Method::PATCH, &path, Some(serde_json::to_string(&TwinPatch { desired })?))?
            }
        };
        writeln!(out, "{}", serde_json::to_string_pretty(&twin)?)?;
        Ok(())
    }
}

/// Invokes a method. Prints status and payload.
pub(super) fn invoke(arguments: &InvokeArguments, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let target = find(&open(config)?, &arguments.id)?;
    let payload = RawValue::from_string(arguments.payload.clone()).map_err(|error| {
        Failure::new(format!("the payload is not JSON: {error}; quote texts twice, as in '\"text\"'"))
    })?;
    let call = serde_json::to_string(&MethodCall {
        method_name: arguments.method.clone(),
        payload: Some(payload),
        response_timeout_in_seconds: Some(arguments.timeout),
        connect_timeout_in_seconds: Some(arguments.connect_timeout),
    })?;
    let answer = Api::of(&config.data)?.exchange(Method::POST, &path("/api/methods", &target), Some(call))?;
    // The payload is printed as the client wrote it.
    let answer: MethodResponse = serde_json::from_str(&answer)?;
    writeln!(out, "{}", serde_json::to_string_pretty(&answer)?)?;
    Ok(())
}

/// Puts a manifest in force.
pub(super) fn reload(arguments: &ReloadArguments, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let api = Api::of(&config.data)?;
    let file = if let Some(file) = &arguments.manifest {
        file.clone()
    } else {
        let status = api.get("/api/status")?;
        let file = status.pointer("/manifest/file").and_then(Value::as_str);
        PathBuf::from(file.ok_or_else(|| Failure::new("the hub was started without a manifest: name the file"))?)
    };
    let text = files::read_manifest(&file)
        .map_err(|error| Failure::new(format!("cannot read the manifest `{}`: {error}", file.display())))?;
    let query = if arguments.dry_run { "?dryRun=true" } else { "" };
    let accepted = api.send_text(Method::PUT, &format!("/api/manifest{query}"), Some(text))?;
    let lints = string(&accepted, "lints").trim_end();
    if !lints.is_empty() {
        writeln!(out, "{lints}")?;
    }
    let state = if arguments.dry_run { "has no errors" } else { "is in force" };
    writeln!(out, "`{}` {state}: {} routes", file.display(), number(&accepted, "routes"))?;
    Ok(())
}

impl QueueArguments {
    /// Drains or drops a queue.
    pub(super) fn run(&self, action: &str, config: &Config, out: Out<'_>) -> Result<(), Failure> {
        let api = Api::of(&config.data)?;
        let queues = api.get("/api/queues")?;
        let wanted = if self.queue == "upstream" { "$upstream" } else { self.queue.as_str() };
        let found = list(&queues, "queues")
            .iter()
            .find(|queue| string(queue, "destination") == wanted || number(queue, "id").to_string() == wanted)
            .ok_or_else(|| Failure::new(format!("there is no queue `{wanted}`: see `edgeroute hub queues`")))?;
        let affected = api.send(Method::POST, &format!("/api/queues/{}/{action}", number(found, "id")), None)?;
        writeln!(out, "{}: {} messages", string(found, "destination"), number(&affected, "messages"))?;
        Ok(())
    }
}
