use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body};

use super::Failure;
use crate::contact::Contact;
use crate::identity::ClientId;

/// How long a connection to the hub may take.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long an answer may take: a method has 300 s to connect and 300 s to answer.
const ANSWER_TIME: Duration = Duration::from_secs(620);
/// The longest answer that is read as a whole, in bytes.
const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;
/// Characters that are not encoded in paths.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A client of the administration API of the hub that runs.
pub(super) struct Api {
    agent: Agent,
    contact: Contact,
}

impl Api {
    /// Finds the hub that runs with a data directory.
    pub(super) fn of(data: &Path) -> Result<Self, Failure> {
        let contact = Contact::read(data).map_err(|error| {
            Failure::new(format!("cannot read `{}`: {error}", data.join(crate::contact::FILE).display()))
        })?;
        let contact = contact.ok_or_else(|| {
            Failure::new(format!("no hub runs with the data in `{}`: start it, or give --data", data.display()))
        })?;
        let agent = Agent::config_builder()
            // The hub is on this computer.
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_TIME))
            .timeout_recv_response(Some(ANSWER_TIME))
            .build()
            .new_agent();
        Ok(Self { agent, contact })
    }

    /// Gets JSON.
    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        Ok(serde_json::from_str(&self.text(path)?)?)
    }

    /// Gets text.
    pub(super) fn text(&self, path: &str) -> Result<String, Failure> {
        read(self.request(Method::GET, path, None)?)
    }

    /// Sends JSON, and returns the answer; null if it is empty.
    pub(super) fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        self.send_text(method, path, body.map(Value::to_string))
    }

    /// Sends a text in JSON, and returns the answer; null if it is empty.
    pub(super) fn send_text(&self, method: Method, path: &str, body: Option<String>) -> Result<Value, Failure> {
        let text = self.exchange(method, path, body)?;
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    /// Sends a text in JSON, and returns the answer verbatim.
    pub(super) fn exchange(&self, method: Method, path: &str, body: Option<String>) -> Result<String, Failure> {
        read(self.request(method, path, body)?)
    }

    /// Gets lines as they come, without an end.
    pub(super) fn lines(&self, path: &str) -> Result<impl Iterator<Item = std::io::Result<String>> + use<>, Failure> {
        let response = self.request(Method::GET, path, None)?;
        Ok(BufReader::new(response.into_body().into_reader()).lines())
    }

    fn request(&self, method: Method, path: &str, body: Option<String>) -> Result<Response<Body>, Failure> {
        let address = self.contact.reachable();
        // Also without a body, which the library then announces as one of unknown length.
        let writes = method != Method::GET;
        let mut request = Request::builder().method(method).uri(format!("http://{address}{path}"));
        if let Some(token) = &self.contact.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if writes {
            request = request.header("Content-Type", "application/json");
        }
        let failed =
            |error: &ureq::Error| Failure::new(format!("cannot reach the hub at {address}: {error}; is it running?"));
        let response = match body {
            Some(body) => self.agent.run(request.body(body)?),
            None => self.agent.run(request.body(())?),
        };
        let response = response.map_err(|error| failed(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(refused(response)) }
    }
}

fn read(response: Response<Body>) -> Result<String, Failure> {
    Ok(response.into_body().into_with_config().limit(LONGEST_ANSWER).read_to_string()?)
}

/// Reads an error of the API.
fn refused(response: Response<Body>) -> Failure {
    let status = response.status();
    let text = read(response).unwrap_or_default();
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    let error = json.get("error").unwrap_or(&json);
    let field = |name: &str| error.get(name).and_then(Value::as_str);
    match (field("message"), field("report")) {
        (Some(message), Some(report)) => Failure::new(format!("{message}\n{}", report.trim_end())),
        (Some(message), None) => Failure::new(message),
        _ => Failure::new(format!("the hub answered {status}")),
    }
}

/// Encodes a part of a path.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Returns a path that ends in a client: `/api/twins/edge-1/sensor`.
pub(super) fn path(start: &str, client: &ClientId) -> String {
    let device = segment(client.device_id());
    match client.module_id() {
        Some(module) => format!("{start}/{device}/{}", segment(module)),
        None => format!("{start}/{device}"),
    }
}
