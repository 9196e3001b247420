//! How commands reach the hub that runs: a file in its data directory with the address and token of administration.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files::{self, Access};

/// The name of the file in the data directory.
pub const FILE: &str = "admin.json";

/// Where the administration of the hub is. Its `Debug` does not show the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The address at which it listens.
    pub address: SocketAddr,
    /// The token that it requires, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl Contact {
    /// Writes the file, for its owner alone.
    pub fn write(&self, data: &Path) -> io::Result<()> {
        files::write(&data.join(FILE), &serde_json::to_vec(self)?, Access::Private)
    }

    /// Reads the file. `None` means that no hub runs with this data directory.
    pub fn read(data: &Path) -> io::Result<Option<Self>> {
        match files::read(&data.join(FILE)) {
            // The error of the parser may have a part of the token.
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|_| io::Error::new(ErrorKind::InvalidData, "not what the hub writes")),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes the file when the hub stops.
    pub fn remove(data: &Path) {
        // At worst a command finds nobody at the address, and says so.
        let _ = std::fs::remove_file(data.join(FILE));
    }

    /// Returns the address to connect to from this computer.
    pub fn reachable(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port())
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_written_read_and_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(Contact::read(directory.path()).expect("no hub"), None);
        let contact =
            Contact { address: "0.0.0.0:9600".parse().expect("an address"), token: Some("s3cr3t".to_owned()) };
        contact.write(directory.path()).expect("written");
        assert_eq!(Contact::read(directory.path()).expect("read"), Some(contact.clone()));
        assert_eq!(contact.reachable().to_string(), "127.0.0.1:9600");
        assert!(!format!("{contact:?}").contains("s3cr3t"));
        std::fs::write(directory.path().join(FILE), "{\"token\": \"s3cr3t\"").expect("written");
        assert!(!Contact::read(directory.path()).expect_err("broken").to_string().contains("s3cr3t"));
        Contact::remove(directory.path());
        assert_eq!(Contact::read(directory.path()).expect("removed"), None);
    }
}
