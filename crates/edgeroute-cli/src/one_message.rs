//! A message given on the command line.

use core::str::FromStr;
use std::io;

use edgeroute_lang::manifest::json_error;

use crate::input;
use crate::message_line::{InvalidMessage, MessageLine, MessageParts, Sender};

/// A property, written `NAME=VALUE`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Property {
    name: String,
    value: String,
}

impl FromStr for Property {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// A message in place of a stream of messages.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "A message on the command line")]
pub(crate) struct OneMessageArguments {
    /// The module that sends the message, and its output
    #[arg(long, value_name = "MODULE[/OUTPUT]")]
    from: Option<String>,
    /// The device that sends the message, or that the module is on
    #[arg(long, value_name = "ID")]
    device: Option<String>,
    /// The message is a change of the device's twin
    #[arg(long)]
    twin_change: bool,
    /// An explicit source path, such as /deviceLifecycleEvents
    #[arg(long, value_name = "PATH")]
    source: Option<String>,
    /// An application property; may be repeated
    #[arg(long, short, value_name = "NAME=VALUE")]
    property: Vec<Property>,
    /// A system property, such as contentType=application/json; may be repeated
    #[arg(long, short, value_name = "NAME=VALUE")]
    system_property: Vec<Property>,
    /// The body. If it is JSON, contentType and contentEncoding are set so that routes can query it, unless one is given
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    body: Option<String>,
}

/// The device of a module whose device is not given.
const DEVICE: &str = "device";

impl OneMessageArguments {
    /// Whether there is a message.
    pub(crate) const fn is_given(&self) -> bool {
        let Self { from, device, twin_change, source, property, system_property, body } = self;
        from.is_some()
            || device.is_some()
            || *twin_change
            || source.is_some()
            || !property.is_empty()
            || !system_property.is_empty()
            || body.is_some()
    }

    /// Creates the message.
    ///
    /// # Errors
    /// Fails if the message could not come from a hub.
    pub(crate) fn to_message(&self) -> io::Result<MessageLine> {
        let pair = |property: &Property| (property.name.clone(), Some(property.value.clone()));
        let mut system_properties: Vec<_> = self.system_property.iter().map(pair).collect();
        let body = self.body.as_deref().unwrap_or_default();
        let describes_body =
            |name: &str| ["contentType", "contentEncoding"].iter().any(|key| key.eq_ignore_ascii_case(name));
        let is_described = system_properties.iter().any(|(name, _)| describes_body(name));
        let not_json = json_error(body);
        if let Some(error) = not_json.as_ref().filter(|_| !is_described && body.trim_start().starts_with(['{', '['])) {
            input::report(&format!("the body is not described as JSON: {}", input::printable(&error.message)));
        }
        if !is_described && not_json.is_none() {
            let described = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
            system_properties.extend(described.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))));
        }
        let parts = MessageParts {
            sender: self.sender()?,
            source: self.source.clone(),
            properties: self.property.iter().map(pair).collect(),
            system_properties,
            body: body.as_bytes().to_vec(),
        };
        MessageLine::new(parts).map_err(|InvalidMessage { reason, .. }| io::Error::other(reason))
    }

    fn sender(&self) -> io::Result<Option<Sender>> {
        let Self { from, device, twin_change, .. } = self;
        if from.is_none() && device.is_none() && !twin_change {
            return Ok(None);
        }
        if from.as_ref().is_some_and(|from| from.split('/').any(str::is_empty) || from.split('/').count() > 2) {
            return Err(io::Error::other("--from: expected MODULE or MODULE/OUTPUT, such as sensor/temperature"));
        }
        let (module, output) = match from.as_deref().map(|from| (from, from.split_once('/'))) {
            None => (None, None),
            Some((module, None)) => (Some(module), None),
            Some((_, Some((module, output)))) => (Some(module), Some(output)),
        };
        Ok(Some(Sender {
            device: device.as_deref().unwrap_or(DEVICE).to_owned(),
            module: module.map(str::to_owned),
            output: output.map(str::to_owned),
            twin_change: *twin_change,
        }))
    }
}
