//! Tokens: `SharedAccessSignature sr=AUDIENCE&sig=SIGNATURE&se=EXPIRY`, signed with a key.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{ClientId, Key};
use crate::clock::Timestamp;

/// The most bytes of a token.
const LONGEST: usize = 4_096;

const PREFIX: &str = "SharedAccessSignature ";

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A token that was read. Nothing of it is verified.
///
/// `Debug` does not show the signature: whoever has it can use the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token<'t> {
    /// The audience as it is in the token. Encoders differ in the case of digits, so this is what was signed.
    resource: &'t str,
    /// The expiry as it is in the token.
    expiry: &'t str,
    expires: Timestamp,
    signature: Vec<u8>,
}

/// Whom a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// The name of a hub.
    pub host: String,
    /// The device, or the module.
    pub client: ClientId,
}

impl<'t> Token<'t> {
    /// Reads a token. The order of its fields does not matter, and fields other than `sr`, `sig` and `se` are ignored.
    ///
    /// # Errors
    /// Fails if the text is longer than 4,096 bytes, if a field is missing or twice there, if `sig` is not base64 or
    /// `se` not a number of seconds.
    pub fn parse(text: &'t str) -> Result<Self, InvalidToken> {
        let malformed = |problem| Err(InvalidToken { problem });
        if text.len() > LONGEST {
            return malformed("it is longer than 4096 bytes");
        }
        let Some(fields) = text.strip_prefix(PREFIX) else {
            return malformed("it does not begin with `SharedAccessSignature`");
        };
        let (mut resource, mut signature, mut expiry) = (None, None, None);
        for field in fields.trim().split('&') {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let place = match name {
                "sr" => &mut resource,
                "sig" => &mut signature,
                "se" => &mut expiry,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return malformed("a field is there twice");
            }
        }
        let (Some(resource), Some(signature), Some(expiry)) = (resource, signature, expiry) else {
            return malformed("it needs `sr`, `sig` and `se`");
        };
        let signature: Vec<u8> = percent_decode_str(signature).collect();
        let Ok(signature) = BASE64_STANDARD.decode(signature) else {
            return malformed("`sig` is not base64");
        };
        let seconds = expiry.bytes().all(|byte| byte.is_ascii_digit()).then(|| expiry.parse::<u64>().ok());
        let Some(seconds) = seconds.flatten() else {
            return malformed("`se` is not a number of seconds");
        };
        let expires = Timestamp(seconds.saturating_mul(1_000));
        Ok(Self { resource, expiry, expires, signature })
    }

    /// Returns the time from which on the token is not valid any more.
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Returns whom the token is for, or `None` if that is not `HOST/devices/DEVICE` or
    /// `HOST/devices/DEVICE/modules/MODULE`. Ids are not checked.
    pub fn audience(&self) -> Option<Audience> {
        let resource = percent_decode_str(self.resource).decode_utf8().ok()?;
        let parts: Vec<&str> = resource.split('/').collect();
        let (host, client) = match *parts.as_slice() {
            [host, "devices", device] => (host, ClientId::device(device)),
            [host, "devices", device, "modules", module] => (host, ClientId::module(device, module)),
            _ => return None,
        };
        Some(Audience { host: host.to_owned(), client })
    }

    /// Returns the key that signed the token, if it is one of these. Tries all of them, so that the time does not show
    /// which.
    pub fn signer<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> Option<&'k Key> {
        let signed: [&[u8]; 3] = [self.resource.as_bytes(), b"\n", self.expiry.as_bytes()];
        keys.into_iter().fold(None, |found, key| if key.verifies(&signed, &self.signature) { Some(key) } else { found })
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("resource", &self.resource).field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

/// Makes a token for a client of a hub, valid until `expires`.
pub fn sign(host: &str, client: &ClientId, key: &Key, expires: Timestamp) -> String {
    let audience = match client.module_id() {
        Some(module) => format!("{host}/devices/{}/modules/{module}", client.device_id()),
        None => format!("{host}/devices/{}", client.device_id()),
    };
    let resource = utf8_percent_encode(&audience, ENCODED);
    let expiry = expires.as_secs();
    let signature = key.sign_base64(format!("{resource}\n{expiry}").as_bytes());
    let signature = utf8_percent_encode(&signature, ENCODED);
    format!("{PREFIX}sr={resource}&sig={signature}&se={expiry}")
}

/// The text is not a token. Displays why, and nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidToken {
    problem: &'static str,
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed token: {}", self.problem)
    }
}

impl std::error::Error for InvalidToken {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Tokens of the SDKs for Python and Node, recorded.
    const PYTHON_MODULE: &str = "SharedAccessSignature sr=my-hub.azure-devices.net%2Fdevices%2Fedge-1%2Fmodules%2Fsensor&sig=IuB9lxu95JCu2D22CsI6z3wuY3BKDD5oCA94WWhJ2HQ%3D&se=1796006025";
    const NODE_MODULE: &str = "SharedAccessSignature sr=my-hub.azure-devices.net%2Fdevices%2Fedge-1%2Fmodules%2Fsensor&sig=24b%2BS6ps%2Bo1xF0ZMgLd2OBwT%2B%2B%2B2Su%2FQ2SaBsaW1qe0%3D&se=1796006027";
    const NODE_DEVICE: &str = "SharedAccessSignature sr=my-hub.azure-devices.net%2Fdevices%2Fleaf-1&sig=fiX2ceAl3qRt5Pupn5jr7iztcLESqIynQxPsp9qU91U%3D&se=1796006031";

    fn key(text: &str) -> Key {
        Key::from_base64(&BASE64_STANDARD.encode(text)).expect("it is long enough")
    }

    fn refused(text: &str) -> String {
        Token::parse(text).expect_err("it is refused").to_string()
    }

    #[test]
    fn recorded_tokens_are_verified() {
        let (sensor, leaf) = (key("sensor-key-000000"), key("leaf-key-00000000"));
        for (text, key, client, seconds) in [
            (PYTHON_MODULE, &sensor, ClientId::module("edge-1", "sensor"), 1_796_006_025),
            (NODE_MODULE, &sensor, ClientId::module("edge-1", "sensor"), 1_796_006_027),
            (NODE_DEVICE, &leaf, ClientId::device("leaf-1"), 1_796_006_031),
        ] {
            let token = Token::parse(text).expect("it can be read");
            assert_eq!(token.expires(), Timestamp(seconds * 1_000));
            assert!(token.signer([key]).is_some());
            assert!(token.signer([&Key::random().expect("there is randomness"), key]).is_some());
            assert!(token.signer([if *key == leaf { &sensor } else { &leaf }]).is_none());
            assert!(token.signer([]).is_none());
            let host = "my-hub.azure-devices.net".to_owned();
            assert_eq!(token.audience(), Some(Audience { host, client: client.clone() }));
            assert_eq!(sign("my-hub.azure-devices.net", &client, key, token.expires()), text);
        }
    }

    #[test]
    fn any_change_breaks_the_signature() {
        let sensor = key("sensor-key-000000");
        for (from, to) in [("edge-1", "edge-2"), ("%2Fdevices", "%2fdevices"), ("se=1796006025", "se=1796006026")] {
            let changed = PYTHON_MODULE.replace(from, to);
            assert_ne!(changed, PYTHON_MODULE);
            assert!(Token::parse(&changed).expect("it can be read").signer([&sensor]).is_none(), "{changed}");
        }
        let short = PYTHON_MODULE.replace("IuB9lxu95JCu2D22CsI6z3wuY3BKDD5oCA94WWhJ2HQ%3D", "IuB9");
        assert!(Token::parse(&short).expect("it can be read").signer([&sensor]).is_none());
    }

    // The digits of an escape may be lower case: what is signed is the text as it is.
    #[test]
    fn the_audience_is_signed_undecoded() {
        let resource = "my-hub.azure-devices.net%2fdevices%2fedge-1%2fmodules%2fsensor";
        let key = key("sensor-key-000000");
        let signature = key.sign_base64(format!("{resource}\n99").as_bytes());
        let signature = utf8_percent_encode(&signature, ENCODED);
        let text = format!("SharedAccessSignature se=99&skn=&sig={signature}&sr={resource}");
        let token = Token::parse(&text).expect("it can be read");
        assert!(token.signer([&key]).is_some());
        assert_eq!(token.audience().map(|audience| audience.client), Some(ClientId::module("edge-1", "sensor")));
    }

    #[test]
    fn the_workload_api_signs_bare_data() {
        let data = BASE64_STANDARD
            .decode(
                "bXktaHViLmF6dXJlLWRldmljZXMubmV0JTJGZGV2aWNlcyUyRmVkZ2UtMSUyRm1vZHVsZXMlMkZzZW5zb3IKMTc5NjAwNjc5NQ==",
            )
            .expect("it is base64");
        let key = key("sensor-key-000000");
        let signature = utf8_percent_encode(&key.sign_base64(&data), ENCODED).to_string();
        let text =
            sign("my-hub.azure-devices.net", &ClientId::module("edge-1", "sensor"), &key, Timestamp(1_796_006_795_000));
        assert!(text.contains(&format!("&sig={signature}&")), "{text}");
    }

    #[test]
    fn malformed_tokens_are_refused() {
        assert_eq!(refused(""), "malformed token: it does not begin with `SharedAccessSignature`");
        assert_eq!(refused("SharedAccessSignature "), "malformed token: it needs `sr`, `sig` and `se`");
        assert_eq!(refused("SharedAccessSignature sr=a&sig=&se=1&se=2"), "malformed token: a field is there twice");
        assert_eq!(refused("SharedAccessSignature sr=a&sig=*&se=1"), "malformed token: `sig` is not base64");
        for seconds in ["", "-1", "+1", "1.5", "99999999999999999999"] {
            let text = format!("SharedAccessSignature sr=a&sig=&se={seconds}");
            assert_eq!(refused(&text), "malformed token: `se` is not a number of seconds", "{text}");
        }
        assert_eq!(refused(&"x".repeat(4_097)), "malformed token: it is longer than 4096 bytes");
    }

    #[test]
    fn other_audiences_are_not_read() {
        for resource in ["", "host", "host%2Fdevices", "host%2Fdevices%2Fd%2Fmodules", "host%2Fmessages%2Fd", "%ff"] {
            let text = format!("SharedAccessSignature sr={resource}&sig=&se=1");
            assert_eq!(Token::parse(&text).expect("it can be read").audience(), None, "{resource}");
        }
    }

    #[test]
    fn debug_does_not_show_the_signature() {
        let shown = format!("{:?}", Token::parse(PYTHON_MODULE).expect("it can be read"));
        assert!(!shown.contains("IuB9"), "{shown}");
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in any::<String>(), fields in "(sr|sig|se|&|=|%2F|[0-9]){0,20}") {
            for text in [text, format!("{PREFIX}{fields}")] {
                if let Ok(token) = Token::parse(&text) {
                    token.audience();
                }
            }
        }

        #[test]
        fn what_is_signed_is_verified(host in "[a-z.-]{1,20}", device in "[a-zA-Z0-9+%/=-]{1,9}", seconds in any::<u64>()) {
            let key = key("sensor-key-000000");
            let client = ClientId::device(device.replace('/', "_"));
            let text = sign(&host, &client, &key, Timestamp(seconds));
            let token = Token::parse(&text).expect("it can be read");
            prop_assert!(token.signer([&key]).is_some());
            prop_assert_eq!(token.audience(), Some(Audience { host, client }));
        }
    }
}
