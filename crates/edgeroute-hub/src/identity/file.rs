//! The file of identities: its content, and how it is replaced.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ClientId, Key, NoRandomness};

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
        let content: Self = serde_json::from_slice(bytes).map_err(|error| {
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

/// Reads the file. Returns `None` if there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
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

/// Replaces the file in one step: whoever reads it finds the old or the new content, also after a loss of power. Only
/// its owner can read it.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("json.{}", Uuid::new_v4().simple()));
    let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The error that matters is the first.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Creates the data directory if it is missing, for its owner only.
pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
