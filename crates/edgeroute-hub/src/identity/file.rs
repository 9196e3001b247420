//! The content of the file of identities.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ClientId, Key, NoRandomness};
use crate::{files, json};

/// The name of the file in the data directory.
pub const FILE: &str = "identities.json";

/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What the hub knows of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identity {
    /// The key that is given out.
    pub primary_key: Key,
    /// The other key that is accepted: after a rotation, the previous primary one.
    pub secondary_key: Key,
    /// Whether the client may connect.
    pub enabled: bool,
    /// Distinguishes the identity from an earlier one of the same name that was removed. Decimal digits.
    pub generation: String,
}

impl Identity {
    /// Makes an identity with random keys.
    pub(super) fn new() -> Result<Self, NoRandomness> {
        let mut generation = [0; 8];
        getrandom::fill(&mut generation).map_err(|_| NoRandomness)?;
        Ok(Self {
            primary_key: Key::random()?,
            secondary_key: Key::random()?,
            enabled: true,
            generation: u64::from_ne_bytes(generation).to_string(),
        })
    }
}

/// The content of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Content {
    /// The host name of the hub in the cloud, which tokens and user names contain. It is never connected to.
    pub(super) hub_host: String,
    /// The device of this hub.
    pub(super) hub_device: String,
    pub(super) identities: BTreeMap<ClientId, Identity>,
}

impl Content {
    /// Reads the bytes of the file. An error has the place only: other words of it might contain a key.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let content: Self = json::from_object(bytes).map_err(|error| {
            let what = if error.is_data() { "not what the hub writes" } else { "not JSON" };
            format!("line {}, column {}: {what}", error.line(), error.column())
        })?;
        if content.hub_device.parse::<ClientId>().is_ok_and(|client| client.module_id().is_none()) {
            Ok(content)
        } else {
            Err("`hubDevice` is not the id of a device".to_owned())
        }
    }

    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Reads the file. Returns `None` if it does not exist.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match files::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {LARGEST} bytes")));
    }
    Ok(Some(bytes))
}
