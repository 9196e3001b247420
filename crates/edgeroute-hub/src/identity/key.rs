use std::error::Error;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The bytes that a key may have. The limits of IoT Hub.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;

/// The bytes of a new key.
const NEW_LENGTH: usize = 32;

/// A secret that a client shares with the hub. It signs tokens by HMAC-SHA256.
///
/// `Debug` does not show it, and comparing two keys takes the same time wherever they differ.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// Makes a random key.
    ///
    /// # Errors
    /// Fails if the operating system has no random numbers.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = vec![0; NEW_LENGTH];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(bytes))
    }

    /// Reads a key in base64, of 16 to 64 bytes.
    pub fn from_base64(text: &str) -> Result<Self, InvalidKey> {
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| InvalidKey)?;
        if LENGTHS.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(InvalidKey) }
    }

    /// Returns the key in base64. For connection strings and the file of identities only: it is the secret itself.
    pub fn to_base64(&self) -> String {
        BASE64_STANDARD.encode(&self.0)
    }

    /// Signs data: HMAC-SHA256.
    pub fn sign(&self, data: &[u8]) -> [u8; 32] {
        self.mac(&[data]).map_or([0; 32], |mac| mac.finalize().into_bytes().into())
    }

    /// Signs data and returns the signature in base64, as the workload API does.
    pub fn sign_base64(&self, data: &[u8]) -> String {
        BASE64_STANDARD.encode(self.sign(data))
    }

    /// Whether a signature is the one of the parts, one after the other. Takes the same time for every wrong signature
    /// of 32 bytes.
    pub(super) fn verifies(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.mac(parts).is_some_and(|mac| mac.verify_slice(signature).is_ok())
    }

    /// Never `None`: HMAC takes keys of any length.
    fn mac(&self, parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        for part in parts {
            mac.update(part);
        }
        Some(mac)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Writes base64.
impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}

/// Reads base64. The error does not show what was found.
impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer).map_err(|_| serde::de::Error::custom(InvalidKey))?;
        Self::from_base64(&text).map_err(serde::de::Error::custom)
    }
}

/// The text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a key: expected {} to {} bytes in base64", LENGTHS.start(), LENGTHS.end())
    }
}

impl Error for InvalidKey {}

/// The operating system has no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system has no random numbers")
    }
}

impl Error for NoRandomness {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_written() {
        let key = Key::from_base64("c2Vuc29yLWtleS0wMDAwMDA=").expect("it is valid");
        assert_eq!(key.to_base64(), "c2Vuc29yLWtleS0wMDAwMDA=");
        assert_eq!(serde_json::to_string(&key).expect("it is written"), "\"c2Vuc29yLWtleS0wMDAwMDA=\"");
        assert_eq!(serde_json::from_str::<Key>("\"c2Vuc29yLWtleS0wMDAwMDA=\"").expect("it is read"), key);
        for wrong in ["", "c2Vuc29y", "not base64!", "c2Vuc29yLWtleS0wMDAwMDA"] {
            assert_eq!(Key::from_base64(wrong), Err(InvalidKey), "{wrong}");
        }
        assert_eq!(Key::from_base64(&BASE64_STANDARD.encode([0; 65])), Err(InvalidKey));
    }

    #[test]
    fn neither_debug_nor_errors_show_a_key() {
        let key = Key::random().expect("there is randomness");
        assert_eq!(format!("{key:?}"), "Key(..)");
        let error = serde_json::from_str::<Key>("\"c2VjcmV0\"").expect_err("too short").to_string();
        assert!(!error.contains("c2VjcmV0") && error.contains("16 to 64"), "{error}");
        let error = serde_json::from_str::<Key>("12345").expect_err("a number").to_string();
        assert!(!error.contains("12345"), "{error}");
    }

    #[test]
    fn random_keys_differ() {
        let [one, other] = [(); 2].map(|()| Key::random().expect("there is randomness"));
        assert_ne!(one, other);
        assert_eq!(one.0.len(), NEW_LENGTH);
    }
}
