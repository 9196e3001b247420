use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use hyper::Uri;
use percent_encoding::percent_decode_str;

use super::one_name;
use crate::identity::ClientId;
use crate::wire::{InvalidTemplate, Template};

/// Where messages to `$upstream` go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// They are shown on the live page, and done.
    Show,
    /// To a broker of MQTT 3.1.1.
    Mqtt(MqttUpstream),
    /// To another hub, which speaks as this one does.
    Hub(HubUpstream),
}

/// A broker of MQTT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttUpstream {
    /// The host name or address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the connection uses TLS.
    pub tls: bool,
    /// The roots that verify the broker, in PEM, instead of those of the system.
    pub ca: Option<PathBuf>,
    /// The user name.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The client id. `None` is `edgeroute-` and the device of the hub: brokers end the connection of another client with
    /// the same id.
    pub client_id: Option<String>,
    /// The topic.
    pub topic: Template,
    /// How the properties of a message are sent.
    pub properties: Properties,
}

/// How a broker gets the properties of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Properties {
    /// At the end of the topic, as IoT Hub does it.
    #[default]
    Topic,
    /// In a JSON object around the body.
    Envelope,
}

/// Another hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubUpstream {
    /// The name of the IoT hub, which tokens are for.
    pub iot_hub: String,
    /// The host to connect to: that of `GatewayHostName`, otherwise the IoT hub.
    pub host: String,
    /// The device that this hub is at the other.
    pub device: ClientId,
    /// The key of the device.
    pub key: Secret,
    /// The roots that verify the other hub, in PEM, instead of those of the system.
    pub ca: Option<PathBuf>,
}

/// A password or key. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// Returns what is secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl FromStr for Upstream {
    type Err = String;

    /// Reads `show`, `mqtt://[USER:PASSWORD@]HOST[:PORT][?topic=..&properties=topic|envelope&client-id=..&ca=..]`, the
    /// same with `mqtts://`, or `hub:` with a connection string of a device and perhaps `GatewayHostName` and `Ca`.
    /// Errors do not repeat the text, which may have a key.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "show" {
            Ok(Self::Show)
        } else if let Some(connection_string) = text.strip_prefix("hub:") {
            HubUpstream::parse(connection_string).map(Self::Hub)
        } else if text.starts_with("mqtt://") || text.starts_with("mqtts://") {
            MqttUpstream::parse(text).map(Self::Mqtt)
        } else {
            Err("expected show, mqtt://HOST, mqtts://HOST or hub:CONNECTION-STRING".to_owned())
        }
    }
}

impl MqttUpstream {
    fn parse(text: &str) -> Result<Self, String> {
        // Braces are not allowed in addresses, and topics have them.
        let text = text.replace('{', "%7B").replace('}', "%7D");
        let uri: Uri = text.parse().map_err(|_| "the address cannot be read: percent-encode special characters")?;
        let authority = uri.authority().ok_or("the address has no host")?;
        if !matches!(uri.path(), "" | "/") {
            return Err("the address has a path: give a topic with ?topic=".to_owned());
        }
        let tls = uri.scheme_str() == Some("mqtts");
        // `Authority::port` has no number for one that is too large.
        let after_host = authority.as_str().rsplit_once(authority.host()).map_or("", |(_, after)| after);
        let port = match after_host.strip_prefix(':') {
            Some(port) => port.parse().map_err(|_| "the port is not a number up to 65535")?,
            None if tls => 8883,
            None => 1883,
        };
        let mut upstream = Self {
            host: one_name(authority.host().trim_matches(['[', ']']))?,
            port,
            tls,
            ca: None,
            user: None,
            password: None,
            client_id: None,
            topic: Template::default(),
            properties: Properties::default(),
        };
        if let Some((credentials, _)) = authority.as_str().rsplit_once('@') {
            let (user, password) = match credentials.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (credentials, None),
            };
            upstream.user = Some(decode(user)?);
            upstream.password = password.map(decode).transpose()?.map(Secret);
        }
        for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or("an option of the address has no `=`")?;
            let value = decode(value)?;
            match key {
                "topic" => upstream.topic = value.parse().map_err(|error: InvalidTemplate| error.to_string())?,
                "client-id" if !value.is_empty() => upstream.client_id = Some(value),
                "ca" if tls => upstream.ca = Some(value.into()),
                "properties" => {
                    upstream.properties = match value.as_str() {
                        "topic" => Properties::Topic,
                        "envelope" => Properties::Envelope,
                        _ => return Err("the option properties is neither topic nor envelope".to_owned()),
                    }
                }
                _ => {
                    return Err(format!(
                        "unknown option `{}`: expected topic, properties, client-id or, for mqtts, ca",
                        key.escape_debug()
                    ));
                }
            }
        }
        Ok(upstream)
    }
}

impl HubUpstream {
    fn parse(connection_string: &str) -> Result<Self, String> {
        let (mut iot_hub, mut gateway, mut device, mut key, mut ca) = (None, None, None, None, None);
        for pair in connection_string.split(';').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or("a part of the connection string has no `=`")?;
            let place = match name {
                "HostName" => &mut iot_hub,
                "GatewayHostName" => &mut gateway,
                "DeviceId" => &mut device,
                "SharedAccessKey" => &mut key,
                "Ca" => &mut ca,
                "ModuleId" => return Err("the connection string is that of a module, give a device's".to_owned()),
                _ => return Err(format!("unknown part `{}` of the connection string", name.escape_debug())),
            };
            if place.replace(value).is_some() {
                return Err(format!("the connection string has {name} twice"));
            }
        }
        let missing = |name: &str| format!("the connection string has no {name}");
        let iot_hub = one_name(iot_hub.ok_or_else(|| missing("HostName"))?)?;
        let device: ClientId =
            device.ok_or_else(|| missing("DeviceId"))?.parse().map_err(|_| "DeviceId is not a device id")?;
        if device.module_id().is_some() {
            return Err("DeviceId is not a device id".to_owned());
        }
        let key = key.filter(|key| !key.is_empty()).ok_or_else(|| missing("SharedAccessKey"))?;
        if base64::Engine::decode(&base64::engine::general_purpose::STANDARD, key).is_err() {
            return Err("SharedAccessKey is not base64".to_owned());
        }
        Ok(Self {
            host: gateway.map(one_name).transpose()?.unwrap_or_else(|| iot_hub.clone()),
            iot_hub,
            device,
            key: Secret(key.to_owned()),
            ca: ca.map(PathBuf::from),
        })
    }
}

fn decode(text: &str) -> Result<String, String> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| "the address is not UTF-8 when decoded")?;
    Ok(text.into_owned())
}
