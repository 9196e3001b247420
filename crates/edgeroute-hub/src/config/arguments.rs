use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use super::{LogFormat, SALVAGE_HELP};

const UPSTREAM_HELP: &str =
    "where messages to $upstream go: show, mqtt://HOST, mqtts://HOST or hub:CONNECTION-STRING [default: show]";

/// Where configuration and data are, for every command.
#[derive(Args, Clone, Debug, Default)]
pub struct Sources {
    /// configuration in TOML
    #[arg(long, value_name = "FILE", env = "EDGEROUTE_HUB_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// directory of certificates, keys and stored messages [default: .edgeroute-hub]
    #[arg(long, value_name = "DIR", env = "EDGEROUTE_HUB_DATA", global = true)]
    pub data: Option<PathBuf>,
}

/// The arguments of a hub that starts, with their environment variables.
#[derive(Args, Clone, Debug, Default)]
pub struct RunArguments {
    /// deployment manifest with the routes
    #[arg(long, short, value_name = "FILE", env = "EDGEROUTE_HUB_MANIFEST")]
    pub manifest: Option<PathBuf>,
    /// id of the device that the hub belongs to [default: edge-1]
    #[arg(long, value_name = "ID", env = "EDGEROUTE_HUB_DEVICE_ID")]
    pub device_id: Option<String>,
    /// name of the IoT hub in connection strings, which nothing connects to [default: edgeroute.local]
    #[arg(long, value_name = "NAME", env = "EDGEROUTE_HUB_IOT_HUB")]
    pub iot_hub: Option<String>,
    /// name or address by which clients reach the hub; may be repeated, the first one is printed [default: localhost]
    #[arg(long = "hostname", value_name = "NAME", env = "EDGEROUTE_HUB_HOSTNAME", value_delimiter = ',')]
    pub hostnames: Vec<String>,
    /// address that clients connect to [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS", env = "EDGEROUTE_HUB_LISTEN")]
    pub listen: Option<IpAddr>,
    /// port of MQTT; the SDKs know 8883 only [default: 8883]
    #[arg(long, value_name = "PORT", env = "EDGEROUTE_HUB_MQTT_PORT")]
    pub mqtt_port: Option<u16>,
    /// port of HTTPS and WebSockets; the SDKs know 443 only [default: 443]
    #[arg(long, value_name = "PORT", env = "EDGEROUTE_HUB_HTTPS_PORT", conflicts_with = "no_https")]
    pub https_port: Option<u16>,
    /// serve MQTT alone: modules cannot invoke methods, clients cannot use WebSockets
    #[arg(long, env = "EDGEROUTE_HUB_NO_HTTPS")]
    pub no_https: bool,
    /// address of the administration API and the live page [default: 127.0.0.1:9600]
    #[arg(long, value_name = "ADDRESS:PORT", env = "EDGEROUTE_HUB_ADMIN")]
    pub admin: Option<SocketAddr>,
    /// serve the workload API at a loopback address, too
    #[arg(long, value_name = "ADDRESS:PORT", env = "EDGEROUTE_HUB_WORKLOAD_HTTP")]
    pub workload_http: Option<SocketAddr>,
    /// server certificate in PEM, instead of one that the hub makes
    #[arg(long, value_name = "FILE", env = "EDGEROUTE_HUB_CERTIFICATE")]
    pub certificate: Option<PathBuf>,
    /// key of the server certificate in PEM
    #[arg(long, value_name = "FILE", env = "EDGEROUTE_HUB_KEY")]
    pub key: Option<PathBuf>,
    /// root that signs the server certificate, in PEM, to hand to clients
    #[arg(long, value_name = "FILE", env = "EDGEROUTE_HUB_CA")]
    pub ca: Option<PathBuf>,
    /// Where messages to `$upstream` go.
    #[arg(long, help = UPSTREAM_HELP, value_name = "UPSTREAM", env = "EDGEROUTE_HUB_UPSTREAM", hide_env_values = true)]
    pub upstream: Option<String>,
    /// when a message is acknowledged: flush, or interval=50ms to survive a crash of the hub only [default: flush]
    #[arg(long, value_name = "WHEN", env = "EDGEROUTE_HUB_DURABILITY")]
    pub durability: Option<String>,
    /// most bytes of stored messages, such as 2GiB [default: until 5 % of the disk are free]
    #[arg(long, value_name = "SIZE", env = "EDGEROUTE_HUB_MAX_DISK")]
    pub max_disk: Option<String>,
    /// what happens when the store is full: wait, or drop-oldest [default: wait]
    #[arg(long, value_name = "WHAT", env = "EDGEROUTE_HUB_WHEN_FULL")]
    pub when_full: Option<String>,
    /// most clients that are connected at the same time [default: 1000]
    #[arg(long, value_name = "NUMBER", env = "EDGEROUTE_HUB_CLIENTS")]
    pub clients: Option<usize>,
    /// keep messages in a temporary directory that is removed at the end
    #[arg(long, env = "EDGEROUTE_HUB_EPHEMERAL")]
    pub ephemeral: bool,
    #[arg(long, help = SALVAGE_HELP)]
    /// Moves a store that cannot be read aside.
    pub salvage: bool,
    /// form of the log [default: text]
    #[arg(long, value_name = "FORMAT", env = "EDGEROUTE_HUB_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
}
