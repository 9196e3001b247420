//! The configuration of a hub: flags take precedence over the environment, the environment over the file.
//!
//! The environment variables are those of the flags, with the prefix `EDGEROUTE_HUB_`. Unknown keys of the file are
//! errors. The manifest is not part of this: it has the routes.

mod arguments;
mod file;
mod units;
mod upstream;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::Clock;
use crate::identity::{ClientId, IdentityOptions, Policy};
use crate::store::{Durability, StoreOptions, WhenFull, directory_in};
use crate::tls::{CertificateFiles, CertificateSource, Names};

pub use arguments::{RunArguments, Sources};
pub use upstream::{HubUpstream, MqttUpstream, Properties, Secret, Upstream};

use file::File;

/// The data directory if none is given.
pub const DATA_DIRECTORY: &str = ".edgeroute-hub";
const SALVAGE_HELP: &str = "move a store that cannot be read aside and keep what can be read of it";

/// The configuration of a hub, checked and complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The deployment manifest. Without it there are no routes until one is given to the administration API.
    pub manifest: Option<PathBuf>,
    /// The data directory.
    pub data: PathBuf,
    /// The device that the hub belongs to.
    pub device: ClientId,
    /// The name of the IoT hub in connection strings and tokens. Nothing connects to it.
    pub iot_hub: String,
    /// The names in the server certificate. The first one is the gateway's name in connection strings.
    pub names: Names,
    /// Certificate files to use instead of a certificate that the hub makes.
    pub certificate: Option<CertificateFiles>,
    /// Where the hub listens.
    pub listen: Listen,
    /// Its limits.
    pub limits: Limits,
    /// Where messages to `$upstream` go.
    pub upstream: Upstream,
    /// When a message counts as stored.
    pub durability: Durability,
    /// The most bytes of the store. The manifest may set a lower limit.
    pub max_disk: Option<u64>,
    /// What happens to messages when the store is full.
    pub when_full: WhenFull,
    /// Whether everything stored is removed when the hub stops.
    pub ephemeral: bool,
    /// Whether a store that cannot be read is moved aside.
    pub salvage: bool,
    /// How long tokens are accepted after they have expired, for clocks that differ.
    pub token_skew: Duration,
    /// The form of the log.
    pub log_format: LogFormat,
}

/// Where the hub listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The address for clients.
    pub address: IpAddr,
    /// The port of MQTT over TLS. 0 takes any.
    pub mqtt_port: u16,
    /// The port of HTTPS and WebSockets, or `None` without. 0 takes any.
    pub https_port: Option<u16>,
    /// The address of the administration API.
    pub admin: SocketAddr,
    /// The Unix socket of the workload API.
    pub workload: PathBuf,
    /// A loopback address that serves the workload API, too.
    pub workload_http: Option<SocketAddr>,
}

impl Listen {
    /// Returns the address of MQTT over TLS.
    pub fn mqtt(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.mqtt_port)
    }

    /// Returns the address of HTTPS.
    pub fn https(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.address, self.https_port?))
    }
}

/// The limits of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most clients that are connected at the same time.
    pub clients: usize,
    /// The most messages of a client that are not stored yet.
    pub unacknowledged: usize,
    /// The most bytes of messages of all clients that are not stored yet.
    pub inbound_bytes: usize,
    /// The most methods that a client has not answered.
    pub methods: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { clients: 1_000, unacknowledged: 64, inbound_bytes: 32 * 1024 * 1024, methods: 16 }
    }
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// A configuration that cannot be used. Displays where the problem is and what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl ConfigError {
    fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }

    /// Adds where the problem is.
    fn at(place: &str, problem: impl fmt::Display) -> Self {
        Self(format!("{place}: {problem}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Combines flags and environment, which `clap` has read, with the file that they name.
    pub fn load(sources: &Sources, arguments: &RunArguments) -> Result<Self, ConfigError> {
        let (file, path) = match &sources.config {
            Some(path) => (File::read(path)?, Some(path.as_path())),
            None => (File::default(), None),
        };
        Self::combine(sources, arguments, file, path)
    }

    fn combine(
        sources: &Sources,
        arguments: &RunArguments,
        file: File,
        path: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        // Paths of the file are relative to its directory.
        let beside = |other: PathBuf| match path.and_then(Path::parent) {
            Some(directory) => directory.join(other),
            None => other,
        };
        let in_file = |key: &str| match path {
            Some(path) => format!("`{key}` of `{}`", path.display()),
            None => format!("`{key}`"),
        };
        let data = sources.data.clone().or(file.data.map(beside)).unwrap_or_else(|| PathBuf::from(DATA_DIRECTORY));

        let (device, place) = match (&arguments.device_id, file.device_id) {
            (Some(device), _) => (device.clone(), "--device-id".to_owned()),
            (None, Some(device)) => (device, in_file("device-id")),
            (None, None) => ("edge-1".to_owned(), String::new()),
        };
        let device: ClientId = device.parse().map_err(|error| ConfigError::at(&place, error))?;
        if device.module_id().is_some() {
            return Err(ConfigError::at(&place, format!("`{device}` is a module, give a device id")));
        }

        let (iot_hub, place) = match (&arguments.iot_hub, file.iot_hub) {
            (Some(name), _) => (name.clone(), "--iot-hub".to_owned()),
            (None, Some(name)) => (name, in_file("iot-hub")),
            (None, None) => ("edgeroute.local".to_owned(), String::new()),
        };
        let iot_hub = one_name(&iot_hub).map_err(|error| ConfigError::at(&place, error))?;

        let names = if arguments.hostnames.is_empty() {
            Names::new(file.hostnames.unwrap_or_default())
                .map_err(|error| ConfigError::at(&in_file("hostnames"), error))?
        } else {
            Names::new(&arguments.hostnames).map_err(|error| ConfigError::at("--hostname", error))?
        };

        let certificate = match (&arguments.certificate, &arguments.key) {
            (Some(certificate), Some(key)) => Some(CertificateFiles {
                certificate: certificate.clone(),
                key: key.clone(),
                root: arguments.ca.clone(),
            }),
            (None, None) if arguments.ca.is_some() => {
                return Err(ConfigError::new("--ca needs --certificate and --key"));
            }
            (None, None) => file.certificate.map(|files| CertificateFiles {
                certificate: beside(files.chain),
                key: beside(files.key),
                root: files.ca.map(beside),
            }),
            _ => return Err(ConfigError::new("--certificate and --key are needed together")),
        };

        let listen = file.listen.unwrap_or_default();
        let address = arguments.listen.or(listen.address).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let https = !arguments.no_https && (arguments.https_port.is_some() || listen.https.unwrap_or(true));
        let admin_address = if address.is_loopback() { address } else { IpAddr::V4(Ipv4Addr::LOCALHOST) };
        let workload_http = arguments.workload_http.or(listen.workload_http);
        if workload_http.is_some_and(|address| !address.ip().is_loopback()) {
            return Err(ConfigError::new(
                "the workload API signs for every module and has no authentication: give a loopback address for it",
            ));
        }
        let listen = Listen {
            address,
            mqtt_port: arguments.mqtt_port.or(listen.mqtt_port).unwrap_or(8883),
            https_port: https.then(|| arguments.https_port.or(listen.https_port).unwrap_or(443)),
            admin: arguments.admin.or(listen.admin).unwrap_or(SocketAddr::new(admin_address, 9600)),
            workload: listen.workload.map_or_else(|| data.join("workload.sock"), beside),
            workload_http,
        };

        let limits = file.limits.unwrap_or_default();
        let default = Limits::default();
        let limit = |key: &str, value: Option<usize>, default: usize, most: usize| match value {
            None => Ok(default),
            Some(value) if (1..=most).contains(&value) => Ok(value),
            Some(value) => Err(ConfigError::at(&in_file(key), format!("{value} is not between 1 and {most}"))),
        };
        let limits = Limits {
            clients: limit("limits.clients", arguments.clients.or(limits.clients), default.clients, 100_000)?,
            unacknowledged: limit("limits.unacknowledged", limits.unacknowledged, default.unacknowledged, 65_535)?,
            inbound_bytes: match limits.inbound_bytes {
                None => default.inbound_bytes,
                Some(text) => units::bytes(&text)
                    .and_then(|bytes| usize::try_from(bytes).map_err(|error| error.to_string()))
                    .and_then(|bytes| {
                        // Less would never take the largest message.
                        if bytes < 1024 * 1024 { Err("it is less than 1MiB".to_owned()) } else { Ok(bytes) }
                    })
                    .map_err(|error| ConfigError::at(&in_file("limits.inbound-bytes"), error))?,
            },
            methods: limit("limits.methods", limits.methods, default.methods, 1_000)?,
        };

        let parsed = |flag: &str, given: Option<&str>, key: &str, in_file_value: Option<String>| match given {
            Some(value) => Some((value.to_owned(), flag.to_owned())),
            None => in_file_value.map(|value| (value, in_file(key))),
        };
        let upstream = match parsed("--upstream", arguments.upstream.as_deref(), "upstream", file.upstream) {
            Some((text, place)) => text.parse().map_err(|error| ConfigError::at(&place, error))?,
            None => Upstream::Show,
        };
        let durability = match parsed("--durability", arguments.durability.as_deref(), "durability", file.durability) {
            Some((text, place)) => units::durability(&text).map_err(|error| ConfigError::at(&place, error))?,
            None => Durability::Flush,
        };
        let max_disk = parsed("--max-disk", arguments.max_disk.as_deref(), "max-disk", file.max_disk)
            .map(|(text, place)| units::bytes(&text).map_err(|error| ConfigError::at(&place, error)))
            .transpose()?;
        let when_full = match parsed("--when-full", arguments.when_full.as_deref(), "when-full", file.when_full) {
            Some((text, place)) => units::when_full(&text).map_err(|error| ConfigError::at(&place, error))?,
            None => WhenFull::Wait,
        };
        let token_skew = match file.token_skew {
            Some(text) => units::duration(&text).map_err(|error| ConfigError::at(&in_file("token-skew"), error))?,
            None => Duration::from_secs(5 * 60),
        };
        Ok(Self {
            manifest: arguments.manifest.clone().or(file.manifest.map(beside)),
            data,
            device,
            iot_hub,
            names: names.with_local(),
            certificate,
            listen,
            limits,
            upstream,
            durability,
            max_disk,
            when_full,
            ephemeral: arguments.ephemeral || file.ephemeral.unwrap_or(false),
            salvage: arguments.salvage,
            token_skew,
            log_format: arguments.log_format.or(file.log_format).unwrap_or_default(),
        })
    }

    /// Returns the name under which clients reach the hub.
    pub fn gateway(&self) -> &str {
        self.names.iter().next().unwrap_or("localhost")
    }

    /// Returns where the server certificate comes from.
    pub fn certificate_source(&self) -> CertificateSource {
        match &self.certificate {
            Some(files) => CertificateSource::Files(files.clone()),
            None => CertificateSource::Authority { directory: self.data.clone(), names: self.names.clone() },
        }
    }

    /// Returns how identities are opened.
    pub fn identities(&self) -> IdentityOptions {
        IdentityOptions {
            directory: Some(self.data.clone()),
            hub_host: Some(self.iot_hub.clone()),
            hub_device: Some(self.device.device_id().to_owned()),
            policy: Policy {
                gateway_hosts: self.names.iter().map(str::to_owned).collect(),
                skew: self.token_skew,
                ..Policy::default()
            },
        }
    }

    /// Returns how the store is opened.
    pub fn store_options(&self, clock: Clock) -> StoreOptions {
        StoreOptions {
            directory: directory_in(&self.data),
            hub_device: self.device.device_id().into(),
            durability: self.durability,
            max_bytes: self.max_disk,
            when_full: self.when_full,
            salvage: self.salvage,
            clock,
        }
    }
}

/// Checks one host name.
fn one_name(name: &str) -> Result<String, String> {
    let names = Names::new([name]).map_err(|error| error.to_string())?;
    names.iter().next().map(str::to_owned).ok_or_else(|| "the name is empty".to_owned())
}
