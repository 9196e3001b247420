use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest id of a device or of a module, in bytes. The limit of IoT Hub.
const LONGEST_ID: usize = 128;

/// The identity of a client: a device, or a module of a device. Cheap to clone.
///
/// Displayed as `device` or `device/module`, which is also the client id of MQTT.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId {
    device: Arc<str>,
    module: Option<Arc<str>>,
}

impl ClientId {
    /// Names a device. The id is not checked; see [`ClientId::from_str`].
    pub fn device(device: impl Into<Arc<str>>) -> Self {
        Self { device: device.into(), module: None }
    }

    /// Names a module of a device. The ids are not checked; see [`ClientId::from_str`].
    pub fn module(device: impl Into<Arc<str>>, module: impl Into<Arc<str>>) -> Self {
        Self { device: device.into(), module: Some(module.into()) }
    }

    /// Returns the id of the device.
    pub fn device_id(&self) -> &str {
        &self.device
    }

    /// Returns the id of the module, or `None` for a device.
    pub fn module_id(&self) -> Option<&str> {
        self.module.as_deref()
    }

    /// Returns the device, for a module the one that it belongs to.
    #[must_use]
    pub fn to_device(&self) -> Self {
        Self { device: Arc::clone(&self.device), module: None }
    }

    /// Whether both ids are equal, ignoring ASCII case, as audiences of tokens are compared.
    pub fn eq_ignore_case(&self, other: &Self) -> bool {
        self.device.eq_ignore_ascii_case(&other.device)
            && match (&self.module, &other.module) {
                (None, None) => true,
                (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
                _ => false,
            }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.device)?;
        match &self.module {
            Some(module) => write!(f, "/{module}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl FromStr for ClientId {
    type Err = InvalidClientId;

    /// Reads `device` or `device/module`. Ids have 1 to 128 bytes: the characters that IoT Hub permits, which are
    /// letters and digits of ASCII and `-:.+%_#*?!(),=@$'`.
    fn from_str(text: &str) -> Result<Self, InvalidClientId> {
        let (device, module) = match text.split_once('/') {
            Some((device, module)) => (device, Some(module)),
            None => (text, None),
        };
        for id in [Some(device), module].into_iter().flatten() {
            if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(is_permitted) {
                return Err(InvalidClientId);
            }
        }
        Ok(Self { device: device.into(), module: module.map(Into::into) })
    }
}

fn is_permitted(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-:.+%_#*?!(),=@$'".contains(&byte)
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is not the id of a device or module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidClientId;

impl fmt::Display for InvalidClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not a device id or `device/module`: an id has 1 to {LONGEST_ID} letters, digits or -:.+%_#*?!(),=@$'"
        )
    }
}

impl Error for InvalidClientId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_and_displayed() {
        for text in ["edge-1", "edge-1/sensor", "a?b/$edgeHub"] {
            assert_eq!(text.parse::<ClientId>().expect("valid").to_string(), text);
        }
        for text in ["", "/", "a/", "/m", "a/b/c", "a b", "ä", &"x".repeat(129)] {
            assert_eq!(text.parse::<ClientId>(), Err(InvalidClientId), "{text}");
        }
    }
}
