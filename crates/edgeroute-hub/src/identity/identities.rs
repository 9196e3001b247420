//! All identities of a hub, in memory and in a file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::authenticate::Policy;
use super::file::{self, Content, FILE, Identity};
use super::{ClientId, NoRandomness};
use crate::files::{self, Access};

/// The host name of the hub in the cloud, if nobody says another. Tokens and connection strings contain it; nothing
/// connects to it, because every client is given the name of this hub as its gateway.
const HUB_HOST: &str = "edgeroute.local";

/// The device of the hub, if nobody says another.
const HUB_DEVICE: &str = "edge-1";

/// The most identities of a hub.
const MOST: usize = 10_000;

/// How long another process may change the file before this one gives up.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How identities are opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityOptions {
    /// The data directory, where the file `identities.json` is. Created if it is missing. `None` keeps identities in
    /// memory only.
    pub directory: Option<PathBuf>,
    /// The host name of the hub in the cloud. Must be that of the file, if there is one. By default `edgeroute.local`.
    pub hub_host: Option<String>,
    /// The device of the hub. Must be that of the file, if there is one. By default `edge-1`.
    pub hub_device: Option<String>,
    /// The rules by which tokens are accepted.
    pub policy: Policy,
}

/// All identities of a hub. The device of the hub is always one of them.
///
/// Reading takes a lock for as long as a look-up in a map takes. Functions that change something lock, read and replace
/// the file, so several processes may change it, and they block on the disk.
#[derive(Debug)]
pub struct Identities {
    path: Option<PathBuf>,
    hub_host: String,
    hub_device: String,
    policy: Policy,
    known: RwLock<Arc<BTreeMap<ClientId, Identity>>>,
    /// What the file contained when it was last read or written. Locked while identities change.
    seen: Mutex<Vec<u8>>,
}

impl Identities {
    /// Reads the identities, or creates the file with the hub's device as the only one. Blocks on the disk.
    ///
    /// # Errors
    /// Fails if the file cannot be read or written, is malformed, or belongs to another hub than the options say.
    pub fn open(options: &IdentityOptions) -> Result<Self, IdentityError> {
        let path = options.directory.as_ref().map(|directory| directory.join(FILE));
        let (content, bytes) = match &path {
            None => (Self::first(options)?, Vec::new()),
            Some(path) => {
                let failed = |error| IdentityError::file(path, error);
                let directory = path.parent().unwrap_or(path);
                files::create_directory(directory).map_err(failed)?;
                let _lock = lock(path)?;
                if let Some(bytes) = file::read(path).map_err(failed)? {
                    (parse(path, &bytes)?, bytes)
                } else {
                    let content = Self::first(options)?;
                    let bytes = content.to_bytes().map_err(failed)?;
                    files::write(path, &bytes, Access::Private).map_err(failed)?;
                    (content, bytes)
                }
            }
        };
        for (name, asked, found) in
            [("device", &options.hub_device, &content.hub_device), ("host name", &options.hub_host, &content.hub_host)]
        {
            if let Some(asked) = asked
                && asked != found
            {
                let path = path.unwrap_or_default();
                return Err(IdentityError::OtherHub { path, name, asked: asked.clone(), found: found.clone() });
            }
        }
        Ok(Self {
            path,
            hub_host: content.hub_host,
            hub_device: content.hub_device,
            policy: options.policy.clone(),
            known: RwLock::new(Arc::new(content.identities)),
            seen: Mutex::new(bytes),
        })
    }

    fn first(options: &IdentityOptions) -> Result<Content, IdentityError> {
        let hub_device = options.hub_device.clone().unwrap_or_else(|| HUB_DEVICE.to_owned());
        let device: ClientId = hub_device.parse().map_err(|_| IdentityError::InvalidId(hub_device.clone()))?;
        if device.module_id().is_some() {
            return Err(IdentityError::InvalidId(hub_device));
        }
        let identities = BTreeMap::from([(device, Identity::new()?)]);
        let hub_host = options.hub_host.clone().unwrap_or_else(|| HUB_HOST.to_owned());
        Ok(Content { hub_host, hub_device, identities })
    }
}

/// Reading. Never touches the disk.
impl Identities {
    /// Returns the host name of the hub in the cloud.
    pub fn hub_host(&self) -> &str {
        &self.hub_host
    }

    /// Returns the device of the hub.
    pub fn hub_device(&self) -> &str {
        &self.hub_device
    }

    /// Returns the rules by which tokens are accepted.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns what the hub knows of a client.
    pub fn get(&self, client: &ClientId) -> Option<Identity> {
        self.snapshot().get(client).cloned()
    }

    /// Whether the hub knows a client, enabled or not.
    pub fn contains(&self, client: &ClientId) -> bool {
        self.snapshot().contains_key(client)
    }

    /// Returns all identities, in the order of their ids.
    pub fn all(&self) -> Vec<(ClientId, Identity)> {
        self.snapshot().iter().map(|(client, identity)| (client.clone(), identity.clone())).collect()
    }

    /// Returns the connection string of a client that connects to the hub as `gateway_host`. It contains the key.
    pub fn connection_string(&self, client: &ClientId, gateway_host: &str) -> Option<String> {
        let key = self.get(client)?.primary_key.to_base64();
        let module = client.module_id().map_or_else(String::new, |module| format!("ModuleId={module};"));
        Some(format!(
            "HostName={};GatewayHostName={gateway_host};DeviceId={};{module}SharedAccessKey={key}",
            self.hub_host,
            client.device_id(),
        ))
    }

    fn snapshot(&self) -> Arc<BTreeMap<ClientId, Identity>> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Changes. They block on the disk.
impl Identities {
    /// Adds a client, with random keys. Returns `false` if it is known already.
    pub fn add(&self, client: &ClientId) -> Result<bool, IdentityError> {
        let id = client.to_string();
        if id.parse::<ClientId>().as_ref() != Ok(client) {
            return Err(IdentityError::InvalidId(id));
        }
        if id.contains(['#', '+']) {
            return Err(IdentityError::Wildcard(id));
        }
        self.change(|identities| {
            if identities.contains_key(client) {
                return Ok(false);
            }
            if client.module_id().is_some() && !identities.contains_key(&client.to_device()) {
                return Err(IdentityError::Unknown(client.to_device()));
            }
            if identities.len() >= MOST {
                return Err(IdentityError::TooMany);
            }
            identities.insert(client.clone(), Identity::new()?);
            Ok(true)
        })
    }

    /// Adds a module of the hub's device, unless it is known already. Then the disk is not touched.
    pub fn ensure_module(&self, module: &str) -> Result<bool, IdentityError> {
        let client = ClientId::module(self.hub_device.as_str(), module);
        if self.contains(&client) { Ok(false) } else { self.add(&client) }
    }

    /// Adds the modules of the hub's device that are not known already, in one step: a deployment may have a thousand.
    /// Adds none if one cannot be added. The disk is not touched if all are known.
    pub fn ensure_modules<M: AsRef<str>>(&self, modules: impl IntoIterator<Item = M>) -> Result<(), IdentityError> {
        let clients = modules.into_iter().map(|module| ClientId::module(self.hub_device.as_str(), module.as_ref()));
        let new: Vec<_> = clients.filter(|client| !self.contains(client)).collect();
        if new.is_empty() {
            return Ok(());
        }
        if let Some(client) = new.iter().find(|client| client.to_string().parse::<ClientId>().as_ref() != Ok(*client)) {
            return Err(IdentityError::InvalidId(client.to_string()));
        }
        self.change(|identities| {
            for client in new {
                if identities.contains_key(&client) {
                    continue;
                }
                if identities.len() >= MOST {
                    return Err(IdentityError::TooMany);
                }
                identities.insert(client, Identity::new()?);
            }
            Ok(())
        })
    }

    /// Removes a client, and with a device all of its modules. Returns those that were removed.
    pub fn remove(&self, client: &ClientId) -> Result<Vec<ClientId>, IdentityError> {
        if client.module_id().is_none() && client.device_id() == self.hub_device {
            return Err(IdentityError::OwnDevice);
        }
        self.change(|identities| {
            let is_removed = |other: &ClientId| match client.module_id() {
                Some(_) => other == client,
                None => other.device_id() == client.device_id(),
            };
            let removed: Vec<_> = identities.keys().filter(|other| is_removed(other)).cloned().collect();
            if !identities.contains_key(client) {
                return Err(IdentityError::Unknown(client.clone()));
            }
            identities.retain(|other, _| !is_removed(other));
            Ok(removed)
        })
    }

    /// Gives a client a new primary key. The previous one becomes the secondary key, so what is connected stays valid
    /// until the next rotation.
    pub fn rotate(&self, client: &ClientId) -> Result<(), IdentityError> {
        self.change(|identities| {
            let identity = identities.get_mut(client).ok_or_else(|| IdentityError::Unknown(client.clone()))?;
            let key = super::Key::random()?;
            identity.secondary_key = std::mem::replace(&mut identity.primary_key, key);
            Ok(())
        })
    }

    /// Lets a client connect again.
    pub fn enable(&self, client: &ClientId) -> Result<(), IdentityError> {
        self.set_enabled(client, true)
    }

    /// Lets a client connect no more. Ending its connection is up to the caller.
    pub fn disable(&self, client: &ClientId) -> Result<(), IdentityError> {
        self.set_enabled(client, false)
    }

    fn set_enabled(&self, client: &ClientId, enabled: bool) -> Result<(), IdentityError> {
        self.change(|identities| {
            let identity = identities.get_mut(client).ok_or_else(|| IdentityError::Unknown(client.clone()))?;
            identity.enabled = enabled;
            Ok(())
        })
    }

    /// Reads the file again if its content has changed. Ending connections that are no longer
    /// [accepted](Self::accepts) is up to the caller. An error leaves everything as it was.
    pub fn reload(&self) -> Result<(), IdentityError> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = file::read(path).map_err(|error| IdentityError::file(path, error))?;
        let bytes = bytes.ok_or_else(|| IdentityError::file(path, io::ErrorKind::NotFound.into()))?;
        if bytes != *seen {
            let content = self.parse_own(path, &bytes)?;
            self.publish(content.identities);
            *seen = bytes;
        }
        Ok(())
    }

    /// Changes the identities in the file and in memory, or neither.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<ClientId, Identity>) -> Result<T, IdentityError>,
    ) -> Result<T, IdentityError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.path else {
            let mut identities = (*self.snapshot()).clone();
            let result = change(&mut identities)?;
            self.publish(identities);
            return Ok(result);
        };
        let failed = |error| IdentityError::file(path, error);
        let _lock = lock(path)?;
        let bytes = file::read(path).map_err(failed)?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let mut content = self.parse_own(path, &bytes)?;
        let result = change(&mut content.identities)?;
        let bytes = content.to_bytes().map_err(failed)?;
        files::write(path, &bytes, Access::Private).map_err(failed)?;
        self.publish(content.identities);
        *seen = bytes;
        Ok(result)
    }

    fn publish(&self, identities: BTreeMap<ClientId, Identity>) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(identities);
    }

    /// Reads a content that must be of the same hub.
    fn parse_own(&self, path: &Path, bytes: &[u8]) -> Result<Content, IdentityError> {
        let content = parse(path, bytes)?;
        if content.hub_device == self.hub_device && content.hub_host == self.hub_host {
            Ok(content)
        } else {
            let problem = "the hub's names were changed; restart the hub".to_owned();
            Err(IdentityError::Malformed { path: path.to_owned(), problem })
        }
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Content, IdentityError> {
    Content::parse(bytes).map_err(|problem| IdentityError::Malformed { path: path.to_owned(), problem })
}

/// Waits until no other process changes the file. The lock ends when the file that is returned is dropped.
fn lock(path: &Path) -> Result<File, IdentityError> {
    let path = path.with_extension("lock");
    let failed = |error| IdentityError::file(&path, error);
    let file = File::options().create(true).write(true).truncate(false).open(&path).map_err(failed)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) if start.elapsed() > LOCK_WAIT => return Err(IdentityError::Busy(path)),
            Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(20)),
        }
    }
}

/// Identities cannot be read or changed. Displays neither keys nor other content of the file.
#[derive(Debug)]
pub enum IdentityError {
    /// A file cannot be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// The content of the file cannot be used.
    Malformed {
        /// The file.
        path: PathBuf,
        /// The reason.
        problem: String,
    },
    /// The file is of another hub than the one asked for.
    OtherHub {
        /// The file.
        path: PathBuf,
        /// What differs.
        name: &'static str,
        /// What was asked for.
        asked: String,
        /// What the file has.
        found: String,
    },
    /// Another process holds the lock.
    Busy(PathBuf),
    /// The text is not the id of a client.
    InvalidId(String),
    /// The id has a character that no topic of MQTT can have.
    Wildcard(String),
    /// There is no such client.
    Unknown(ClientId),
    /// The device of the hub itself cannot be removed.
    OwnDevice,
    /// There are as many identities as a hub may have.
    TooMany,
    /// There are no random numbers for keys.
    NoRandomness(NoRandomness),
}

impl IdentityError {
    fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }
}

impl From<NoRandomness> for IdentityError {
    fn from(error: NoRandomness) -> Self {
        Self::NoRandomness(error)
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(f, "cannot use `{}`: {error}", path.display()),
            Self::Malformed { path, problem } => write!(f, "cannot use `{}`: {problem}", path.display()),
            Self::OtherHub { path, name, asked, found } => write!(
                f,
                "`{}` belongs to the {name} `{found}`, not `{asked}`; use another data directory",
                path.display()
            ),
            Self::Busy(path) => write!(f, "another process holds `{}`; try again", path.display()),
            Self::Wildcard(id) => write!(f, "`{id}` has `#` or `+`, with which nothing can be sent to it by MQTT"),
            Self::InvalidId(id) => write!(f, "`{id}` is {}", super::InvalidClientId),
            Self::Unknown(client) => write!(f, "there is no identity `{client}`"),
            Self::OwnDevice => f.write_str("the device of the hub itself cannot be removed"),
            Self::TooMany => write!(f, "there are {MOST} identities, as many as a hub may have"),
            Self::NoRandomness(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for IdentityError {}

#[cfg(test)]
mod tests;
