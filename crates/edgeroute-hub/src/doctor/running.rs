//! The hub that runs with the data directory, if there is one.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;

use crate::bind::ADMINISTRATION;
use crate::contact::Contact;

/// How long the hub may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 1024 * 1024;

/// The part of the hub's status that counts here.
#[derive(Deserialize)]
struct Status {
    listeners: Vec<String>,
}

/// Returns where the hub that runs listens, such as `mqtt 127.0.0.1:8883`. Empty if no hub answers.
pub(super) async fn listeners(data: &Path) -> Vec<String> {
    // Whoever cannot read the file is not the owner of the hub.
    let Ok(Some(contact)) = Contact::read(data) else { return Vec::new() };
    tokio::task::spawn_blocking(move || ask(&contact)).await.ok().flatten().unwrap_or_default()
}

fn ask(contact: &Contact) -> Option<Vec<String>> {
    let agent =
        Agent::config_builder().proxy(None).max_redirects(0).timeout_global(Some(ANSWER_TIME)).build().new_agent();
    let mut request = agent.get(format!("http://{}/api/status", contact.reachable()));
    if let Some(token) = &contact.token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let body = request.call().ok()?.into_body().into_with_config().limit(LONGEST_ANSWER).read_to_string().ok()?;
    serde_json::from_str::<Status>(&body).ok().map(|status| status.listeners)
}

/// Whether one of the listeners is that of a server, which is named as people name it.
pub(super) fn holds(listeners: &[String], what: &str, address: SocketAddr) -> bool {
    let name = match what {
        ADMINISTRATION => "admin".to_owned(),
        other => other.to_lowercase(),
    };
    listeners.contains(&format!("{name} {address}"))
}
