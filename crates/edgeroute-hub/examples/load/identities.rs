//! The clients of a run: who they are, and the keys that sign their tokens.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::Result;
use crate::packet::Credentials;
use crate::payload::now;

/// Where identities come from.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// A file `identities.json` of a hub
    #[arg(long, value_name = "FILE")]
    identities: Option<PathBuf>,
    /// The key of all clients, in base64, where no file is given
    #[arg(long, value_name = "BASE64")]
    key: Option<String>,
    /// The name of the IoT hub, in user names and tokens
    #[arg(long, value_name = "NAME", default_value = "my-hub.azure-devices.net")]
    hub: String,
    /// How long tokens are valid, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    ttl: u64,
    /// Speaks to a broker without identities: no user names, no tokens, topics without a device
    #[arg(long)]
    pub(crate) plain: bool,
}

/// A client: its id, `device` or `device/module`, and its key, unless the broker knows no identities.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    access: Option<Access>,
}

#[derive(Clone)]
struct Access {
    hub: String,
    key: Vec<u8>,
    ttl: u64,
}

impl Options {
    /// Returns `count` clients. Their ids are those of the file that begin with `prefix`, in alphabetic order; without a
    /// file, they are `prefix` and a number from 0.
    pub(crate) fn clients(&self, prefix: &str, count: u32) -> Result<Vec<Client>> {
        let Some(path) = self.identities.as_ref().filter(|_| !self.plain) else {
            return (0..count).map(|number| self.named(&format!("{prefix}{number}"))).collect();
        };
        let mut found = read(path)?;
        found.retain(|(id, _)| id.starts_with(prefix));
        let count = usize::try_from(count)?;
        if found.len() < count {
            let found = found.len();
            return Err(format!("{count} clients are wanted, but {found} identities begin with `{prefix}`").into());
        }
        found.into_iter().take(count).map(|(id, key)| self.client(&id, &key)).collect()
    }

    /// Returns the client with this id.
    pub(crate) fn named(&self, id: &str) -> Result<Client> {
        match (&self.identities, &self.key) {
            _ if self.plain => Ok(Client { id: id.to_owned(), access: None }),
            (Some(path), _) => {
                let found = read(path)?.into_iter().find(|(found, _)| found == id);
                let (id, key) = found.ok_or_else(|| format!("{}: no identity `{id}`", path.display()))?;
                self.client(&id, &key)
            }
            (None, Some(key)) => self.client(id, key),
            (None, None) => Err("no keys: use --identities FILE, --key BASE64 or --plain".into()),
        }
    }

    fn client(&self, id: &str, key: &str) -> Result<Client> {
        let key = STANDARD.decode(key).map_err(|error| format!("the key of `{id}` is not base64: {error}"))?;
        Ok(Client { id: id.to_owned(), access: Some(Access { hub: self.hub.clone(), key, ttl: self.ttl }) })
    }
}

impl Client {
    /// Returns user name and a new token.
    pub(crate) fn credentials(&self) -> Result<Option<Credentials>> {
        let Some(Access { hub, key, ttl }) = &self.access else { return Ok(None) };
        let resource = match self.id.split_once('/') {
            Some((device, module)) => format!("{hub}/devices/{device}/modules/{module}"),
            None => format!("{hub}/devices/{}", self.id),
        };
        let resource = encoded(&resource);
        let expiry = now() / 1_000_000 + ttl;
        let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
        mac.update(format!("{resource}\n{expiry}").as_bytes());
        let signature = encoded(&STANDARD.encode(mac.finalize().into_bytes()));
        Ok(Some(Credentials {
            user: format!("{hub}/{}/?api-version=2021-04-12&DeviceClientType=edgeroute-load", self.id),
            password: format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}"),
        }))
    }

    /// Returns what topics of the client begin with, without a slash.
    pub(crate) fn topics(&self) -> String {
        match (&self.access, self.id.split_once('/')) {
            (None, _) => "load".into(),
            (_, Some((device, module))) => format!("devices/{device}/modules/{module}"),
            (_, None) => format!("devices/{}", self.id),
        }
    }
}

fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Returns ids and primary keys of a file, by id.
fn read(path: &PathBuf) -> Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let file = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut found = Vec::new();
    collect(&file, None, &mut found);
    found.sort();
    Ok(found)
}

/// Finds identities without knowing more of the file than this: each is an object with a primary key, and its id is in
/// the object or is the name under which the object is found.
fn collect(value: &Value, name: Option<&str>, found: &mut Vec<(String, String)>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, None, found)),
        Value::Object(fields) => {
            let text = |names: &[&str]| names.iter().find_map(|name| fields.get(*name)?.as_str());
            let key = text(&["primaryKey", "primary_key", "primary", "key"])
                .or_else(|| fields.get("keys")?.get("primary")?.as_str());
            let id = text(&["id", "clientId", "client"]).or(name);
            match (id, key) {
                (Some(id), Some(key)) => found.push((id.to_owned(), key.to_owned())),
                _ => fields.iter().for_each(|(name, value)| collect(value, Some(name), found)),
            }
        }
        _ => {}
    }
}
