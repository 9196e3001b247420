use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, LogFormat};
use crate::files;

/// The file `hub.toml`, verbatim.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    pub(super) manifest: Option<PathBuf>,
    pub(super) data: Option<PathBuf>,
    pub(super) device_id: Option<String>,
    pub(super) iot_hub: Option<String>,
    pub(super) hostnames: Option<Vec<String>>,
    pub(super) upstream: Option<String>,
    pub(super) durability: Option<String>,
    pub(super) max_disk: Option<String>,
    pub(super) when_full: Option<String>,
    pub(super) ephemeral: Option<bool>,
    pub(super) token_skew: Option<String>,
    pub(super) log_format: Option<LogFormat>,
    pub(super) listen: Option<Listen>,
    pub(super) certificate: Option<Certificate>,
    pub(super) limits: Option<Limits>,
}

/// The table `listen`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Listen {
    pub(super) address: Option<IpAddr>,
    pub(super) mqtt_port: Option<u16>,
    pub(super) https: Option<bool>,
    pub(super) https_port: Option<u16>,
    pub(super) admin: Option<SocketAddr>,
    pub(super) workload: Option<PathBuf>,
    pub(super) workload_http: Option<SocketAddr>,
}

/// The table `certificate`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Certificate {
    #[serde(rename = "certificate")]
    pub(super) chain: PathBuf,
    pub(super) key: PathBuf,
    pub(super) ca: Option<PathBuf>,
}

/// The table `limits`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) clients: Option<usize>,
    pub(super) unacknowledged: Option<usize>,
    pub(super) inbound_bytes: Option<String>,
    pub(super) methods: Option<usize>,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            files::read(path).map_err(|error| ConfigError::at(&format!("cannot read `{}`", path.display()), error))?;
        Self::parse(&text, path)
    }

    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| {
            // Its display shows the line, which may have a key.
            let place = match error.span().and_then(|span| text.get(..span.start)) {
                Some(before) => {
                    let line = before.matches('\n').count() + 1;
                    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
                    format!("{}:{line}:{column}", path.display())
                }
                None => path.display().to_string(),
            };
            ConfigError::at(&place, error.message())
        })
    }
}
