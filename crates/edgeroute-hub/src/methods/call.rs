//! The request of a direct method, as it comes by HTTP.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::MethodError;
use crate::json;

/// The most bytes of a payload, of requests and of responses.
pub const LARGEST_PAYLOAD: usize = 128 * 1024;

/// The most bytes of a whole request in JSON.
pub const LARGEST_REQUEST: usize = LARGEST_PAYLOAD + 4 * 1024;

/// The most characters of a method's name.
const LONGEST_NAME: usize = 100;

/// The seconds that a response may take.
const RESPONSE_SECONDS: std::ops::RangeInclusive<u64> = 5..=300;
const DEFAULT_RESPONSE_SECONDS: u64 = 30;

/// The seconds that a client may take to connect and subscribe.
const CONNECT_SECONDS: std::ops::RangeInclusive<u64> = 0..=300;
const DEFAULT_CONNECT_SECONDS: u64 = 0;

/// A call of a direct method that was checked.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) name: String,
    pub(super) payload: Box<RawValue>,
    pub(super) response_time: Duration,
    pub(super) connect_time: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method_name: String,
    #[serde(default)]
    payload: Option<Box<RawValue>>,
    #[serde(default)]
    response_timeout_in_seconds: Option<u64>,
    #[serde(default)]
    connect_timeout_in_seconds: Option<u64>,
}

impl Call {
    /// Creates a call. `payload` is null and the times are 30 s and 0 s unless given.
    ///
    /// # Errors
    /// Fails if the name is not 1 to 100 letters, digits or `._~-`, if the payload has more than 128 KiB, if the time for
    /// the response is not 5 to 300 s, or that for connecting more than 300 s.
    pub fn new(
        name: &str,
        payload: Option<Box<RawValue>>,
        response_seconds: Option<u64>,
        connect_seconds: Option<u64>,
    ) -> Result<Self, MethodError> {
        let is_permitted = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_permitted) {
            return Err(MethodError::invalid(format_args!(
                "the name of a method has 1 to {LONGEST_NAME} letters, digits or `._~-`"
            )));
        }
        let payload = payload.unwrap_or_else(|| RawValue::NULL.to_owned());
        let size = payload.get().len();
        if size > LARGEST_PAYLOAD {
            return Err(MethodError::invalid(format_args!(
                "the payload has {size} bytes, more than {LARGEST_PAYLOAD}"
            )));
        }
        let response = response_seconds.unwrap_or(DEFAULT_RESPONSE_SECONDS);
        let connect = connect_seconds.unwrap_or(DEFAULT_CONNECT_SECONDS);
        for (field, seconds, range) in [
            ("responseTimeoutInSeconds", response, RESPONSE_SECONDS),
            ("connectTimeoutInSeconds", connect, CONNECT_SECONDS),
        ] {
            if !range.contains(&seconds) {
                return Err(MethodError::invalid(format_args!(
                    "`{field}` is {seconds}, and it goes from {} to {}",
                    range.start(),
                    range.end()
                )));
            }
        }
        Ok(Self {
            name: name.to_owned(),
            payload,
            response_time: Duration::from_secs(response),
            connect_time: Duration::from_secs(connect),
        })
    }

    /// Reads a call from JSON: `methodName`, `payload`, `responseTimeoutInSeconds` and `connectTimeoutInSeconds`. Other
    /// members are ignored.
    ///
    /// # Errors
    /// Fails if the text is not such an object or has more than 132 KiB, and as [`Call::new`] does.
    pub fn from_json(text: &[u8]) -> Result<Self, MethodError> {
        if text.len() > LARGEST_REQUEST {
            return Err(MethodError::invalid(format_args!(
                "the request has {} bytes, more than {LARGEST_REQUEST}",
                text.len()
            )));
        }
        let request: Request = json::from_object(text)
            .map_err(|error| MethodError::invalid(format_args!("the request is not a method's: {error}")))?;
        let (response, connect) = (request.response_timeout_in_seconds, request.connect_timeout_in_seconds);
        Self::new(&request.method_name, request.payload, response, connect)
    }

    /// Creates a call from the text of its payload, which is null if it is empty. The times are 30 s and 0 s.
    ///
    /// # Errors
    /// Fails if the payload is not JSON, and as [`Call::new`] does.
    pub fn with_payload(name: &str, text: &[u8]) -> Result<Self, MethodError> {
        if text.is_empty() {
            return Self::new(name, None, None, None);
        }
        let payload = serde_json::from_slice(text)
            .map_err(|error| MethodError::invalid(format_args!("the payload is not JSON: {error}")))?;
        Self::new(name, Some(payload), None, None)
    }

    /// Returns the name of the method.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the payload in JSON.
    pub fn payload(&self) -> &str {
        self.payload.get()
    }

    /// Returns how long the response may take.
    pub const fn response_time(&self) -> Duration {
        self.response_time
    }

    /// Returns how long the client may take to connect and subscribe.
    pub const fn connect_time(&self) -> Duration {
        self.connect_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let error = Call::from_json(text.as_bytes()).expect_err("it is refused");
        assert_eq!(error.status(), 400);
        error.to_string()
    }

    fn request(members: &str) -> String {
        format!("{{\"methodName\":\"ping\"{members}}}")
    }

    #[test]
    fn recorded_requests_are_read() {
        for text in [
            r#"{"methodName": "ping", "payload": {"x": 1}, "responseTimeoutInSeconds": 5, "connectTimeoutInSeconds": 2}"#,
            r#"{"methodName":"ping","payload":{"x": 1},"responseTimeoutInSeconds":5,"connectTimeoutInSeconds":2}"#,
        ] {
            let call = Call::from_json(text.as_bytes()).expect("it is read");
            assert_eq!((call.name(), call.payload()), ("ping", r#"{"x": 1}"#));
            assert_eq!((call.response_time(), call.connect_time()), (Duration::from_secs(5), Duration::from_secs(2)));
        }
    }

    #[test]
    fn members_have_defaults() {
        for members in ["", ",\"payload\":null,\"responseTimeoutInSeconds\":null", ",\"other\":1"] {
            let call = Call::from_json(request(members).as_bytes()).expect("it is read");
            assert_eq!(call.payload(), "null");
            assert_eq!((call.response_time(), call.connect_time()), (Duration::from_secs(30), Duration::ZERO));
        }
    }

    #[test]
    fn a_payload_that_is_not_json_is_refused() {
        for (text, expected) in [("", "null"), ("1.10", "1.10"), ("[1,  2]", "[1,  2]")] {
            assert_eq!(Call::with_payload("ping", text.as_bytes()).expect("it is valid").payload(), expected);
        }
        for text in [&b"{"[..], b"text", b"\"\xff\""] {
            assert_eq!(Call::with_payload("ping", text).expect_err("it is refused").status(), 400);
        }
    }

    #[test]
    fn payloads_keep_their_text() {
        for payload in ["1.10", "{\"b\":1,\"a\":1e2,\"a\":2}", "\"\\u00e4\"", "[ ]"] {
            let call = Call::from_json(request(&format!(",\"payload\":{payload}")).as_bytes()).expect("it is read");
            assert_eq!(call.payload(), payload);
        }
    }

    #[test]
    fn limits_are_exact() {
        for name in ["", "a b", "a/b", "ä", "a+b", &"x".repeat(101)] {
            let text = format!("{{\"methodName\":\"{name}\"}}");
            assert_eq!(refused(&text), "the name of a method has 1 to 100 letters, digits or `._~-`", "{name}");
        }
        let payload = |bytes: usize| request(&format!(",\"payload\":\"{}\"", "x".repeat(bytes - 2)));
        assert!(Call::from_json(payload(LARGEST_PAYLOAD).as_bytes()).is_ok());
        assert_eq!(refused(&payload(LARGEST_PAYLOAD + 1)), "the payload has 131073 bytes, more than 131072");
        assert!(refused(&" ".repeat(LARGEST_REQUEST + 1)).starts_with("the request has"));
        for (field, seconds, good) in [
            ("responseTimeoutInSeconds", 4, false),
            ("responseTimeoutInSeconds", 5, true),
            ("responseTimeoutInSeconds", 300, true),
            ("responseTimeoutInSeconds", 301, false),
            ("connectTimeoutInSeconds", 0, true),
            ("connectTimeoutInSeconds", 300, true),
            ("connectTimeoutInSeconds", 301, false),
        ] {
            let text = request(&format!(",\"{field}\":{seconds}"));
            assert_eq!(Call::from_json(text.as_bytes()).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_request_is_refused() {
        for text in ["", "null", "[]", "[\"restart\"]", "{}", "{\"methodName\":1}"] {
            refused(text);
        }
        refused(&request(",\"responseTimeoutInSeconds\":-1"));
        refused(&request(",\"responseTimeoutInSeconds\":\"5\""));
        refused(&request(",\"payload\":{"));
    }
}
