use std::error::Error;
use std::fmt;

use percent_encoding::percent_decode_str;

use super::ClientId;

/// The most bytes of a client's description of itself that are kept.
const LONGEST_AGENT: usize = 512;

/// The user name of an MQTT client: `HUB/DEVICE[/MODULE]/?api-version=VERSION&...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    /// The name of the hub that the client believes to be connected to.
    pub hub: String,
    /// The client, as it says.
    pub client: ClientId,
    /// The version of the interface. Not checked.
    pub api_version: String,
    /// The SDK's description of itself, at most 512 bytes without control characters.
    pub agent: Option<String>,
    /// The model of a Plug and Play device.
    pub model_id: Option<String>,
    /// The devices between the client and the hub, for nested hubs.
    pub auth_chain: Option<String>,
}

impl Username {
    /// Reads a user name. The last segment may begin with `?`; ids are not percent-decoded, values are. Of equal
    /// parameters the first counts, and unknown ones are ignored.
    ///
    /// # Errors
    /// Fails if there are not three or four segments, if an id is not valid, or without `api-version`.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        let malformed = |problem| InvalidUsername { problem };
        let segments: Vec<&str> = text.split('/').collect();
        let (hub, device, module, parameters) = match *segments.as_slice() {
            [hub, device, parameters] => (hub, device, None, parameters),
            [hub, device, module, parameters] => (hub, device, Some(module), parameters),
            _ => return Err(malformed("it is not `HUB/DEVICE/?..` or `HUB/DEVICE/MODULE/?..`")),
        };
        let client = match module {
            Some(module) => format!("{}/{}", device.trim(), module.trim()).parse(),
            None => device.trim().parse(),
        };
        let client = client.map_err(|_| malformed("its device or module id is not valid"))?;

        let parameters = parameters.strip_prefix('?').unwrap_or(parameters).trim();
        let value_of = |name: &str| {
            let mut parameters = parameters.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let (_, value) = parameters.find(|(key, _)| *key == name)?;
            let value = percent_decode_str(value).decode_utf8_lossy();
            (!value.trim().is_empty()).then(|| value.into_owned())
        };
        let api_version = value_of("api-version").ok_or_else(|| malformed("it has no `api-version`"))?;
        let agent = value_of("DeviceClientType").map(|agent| {
            let mut kept = String::new();
            for character in agent.chars().filter(|character| !character.is_control()) {
                if kept.len() + character.len_utf8() > LONGEST_AGENT {
                    break;
                }
                kept.push(character);
            }
            kept
        });
        Ok(Self {
            hub: hub.to_owned(),
            client,
            api_version,
            agent,
            model_id: value_of("model-id"),
            auth_chain: value_of("auth-chain"),
        })
    }
}

/// The user name cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUsername {
    problem: &'static str,
}

impl fmt::Display for InvalidUsername {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed user name: {}", self.problem)
    }
}

impl Error for InvalidUsername {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Username {
        Username::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refused(text: &str) -> String {
        Username::parse(text).expect_err("it is refused").to_string()
    }

    #[test]
    fn recorded_user_names_are_read() {
        let python = read(
            "my-hub.azure-devices.net/edge-1/sensor/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0%28AGENT%29",
        );
        assert_eq!(python.hub, "my-hub.azure-devices.net");
        assert_eq!(python.client, ClientId::module("edge-1", "sensor"));
        assert_eq!(python.api_version, "2019-10-01");
        assert_eq!(python.agent.as_deref(), Some("azure-iot-device-iothub-py/2.14.0(AGENT)"));
        let node = read(
            "my-hub.azure-devices.net/leaf-1/?api-version=2021-04-12&DeviceClientType=azure-iot-device%2F1.18.4%20(AGENT)",
        );
        assert_eq!(node.client, ClientId::device("leaf-1"));
        assert_eq!(node.agent.as_deref(), Some("azure-iot-device/1.18.4 (AGENT)"));
        assert_eq!((node.model_id, node.auth_chain), (None, None));
    }

    #[test]
    fn odd_user_names_are_read() {
        assert_eq!(read("h/d/api-version=1").client, ClientId::device("d"));
        assert_eq!(read("h/d?/m?/?api-version=1").client, ClientId::module("d?", "m?"));
        assert_eq!(read("h/a%20b/?api-version=1").client, ClientId::device("a%20b"));
        let name =
            read("h/d/?x&api-version=1&api-version=2&model-id=dtmi%3Aa%3B1&auth-chain=edge-2%3Bd&DeviceClientType=");
        assert_eq!(name.api_version, "1");
        assert_eq!(name.model_id.as_deref(), Some("dtmi:a;1"));
        assert_eq!(name.auth_chain.as_deref(), Some("edge-2;d"));
        assert_eq!(name.agent, None);
        let long = read(&format!("h/d/?api-version=1&DeviceClientType=%0A{}", "ä".repeat(1_000)));
        assert_eq!(long.agent.map(|agent| agent.len()), Some(512));
    }

    #[test]
    fn malformed_user_names_are_refused() {
        for text in ["", "h", "h/d", "h/d/m/x/?api-version=1"] {
            assert!(refused(text).contains("it is not `HUB/DEVICE/?..`"), "{text}");
        }
        for text in ["h//?api-version=1", "h/d//?api-version=1", "h/ä/?api-version=1", "h/a b/?api-version=1"] {
            assert_eq!(refused(text), "malformed user name: its device or module id is not valid", "{text}");
        }
        for text in ["h/d/?", "h/d/m/", "h/d/?api-version=", "h/d/?API-VERSION=1"] {
            assert_eq!(refused(text), "malformed user name: it has no `api-version`", "{text}");
        }
    }
}
