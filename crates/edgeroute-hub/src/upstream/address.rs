use std::error::Error;
use std::fmt;

use crate::config::{HubUpstream, MqttUpstream};

/// The port of another hub: the SDKs know no other.
const HUB_PORT: u16 = 8883;

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// TCP alone. Others on the way can read and change everything, the password included.
    Plain,
    /// TLS, with the certificate of the server verified.
    Tls,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The name or IP address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
}

impl From<&MqttUpstream> for Address {
    fn from(broker: &MqttUpstream) -> Self {
        let security = if broker.tls { Security::Tls } else { Security::Plain };
        Self { host: broker.host.clone(), port: broker.port, security }
    }
}

impl From<&HubUpstream> for Address {
    fn from(hub: &HubUpstream) -> Self {
        Self { host: hub.host.clone(), port: HUB_PORT, security: Security::Tls }
    }
}

impl fmt::Display for Address {
    /// Writes `mqtts://host:port` or `mqtt://host:port`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.security {
            Security::Plain => "mqtt",
            Security::Tls => "mqtts",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// The settings of upstream cannot be used. Never shows a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidUpstream(String);

impl InvalidUpstream {
    pub(super) fn new(problem: impl fmt::Display) -> Self {
        Self(problem.to_string())
    }
}

impl fmt::Display for InvalidUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use this upstream: {}", self.0)
    }
}

impl Error for InvalidUpstream {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_displayed_as_a_url() {
        let address = |host: &str, security| Address { host: host.to_owned(), port: 1, security }.to_string();
        assert_eq!(address("broker", Security::Plain), "mqtt://broker:1");
        assert_eq!(address("::1", Security::Tls), "mqtts://[::1]:1");
    }
}
