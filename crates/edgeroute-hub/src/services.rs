//! What the HTTPS server, the workload API and upstream ask of the hub.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::broadcast::error::RecvError;

use crate::http::{MethodCaller, MethodResult};
use crate::hub::Hub;
use crate::identity::ClientId;
use crate::methods::Call;
use crate::observe::{Event, Notice};
use crate::operations::{Draft, OperationError};
use crate::twins;
use crate::upstream::{Acknowledge, Downstream, Respond, Upstream};
use crate::wire::Bag;
use crate::workload::{KeyName, Signer};

/// Who invokes a method that comes from upstream.
const UPSTREAM: &str = "$upstream";

/// The hub, as its servers and upstream see it.
#[derive(Clone, Debug)]
pub struct Services(pub Arc<Hub>);

impl MethodCaller for Services {
    async fn invoke(&self, caller: ClientId, authorization: &str, target: ClientId, body: Bytes) -> MethodResult {
        let hub = &self.0;
        if caller.device_id() != hub.identities.hub_device() {
            return MethodResult::Unauthorized(format!("`{caller}` does not belong to this device"));
        }
        if let Err(refusal) = hub.identities.verify(&caller, authorization, hub.clock.now()) {
            return MethodResult::Unauthorized(refusal.to_string());
        }
        let call = match Call::from_json(&body) {
            Ok(call) => call,
            Err(error) => return MethodResult::Invalid(error.to_string()),
        };
        if !hub.identities.contains(&target) {
            return MethodResult::NotConnected(format!("the hub knows no client `{target}`"));
        }
        let start = Instant::now();
        let answer = hub.methods.invoke(&target, call).await;
        hub.metrics.method(&caller.to_string(), &target, start.elapsed());
        match answer {
            Ok(answer) => MethodResult::Answered {
                status: i64::from(answer.status),
                payload: answer.payload.get().as_bytes().to_vec(),
            },
            Err(error) => match error.status() {
                400 => MethodResult::Invalid(error.to_string()),
                429 => MethodResult::Busy(error.to_string()),
                502 => MethodResult::BadAnswer(error.to_string()),
                504 => MethodResult::TimedOut(error.to_string()),
                _ => MethodResult::NotConnected(error.to_string()),
            },
        }
    }
}

impl Downstream for Services {
    fn message(&self, device: &ClientId, bag: Bag, body: Vec<u8>, stored: Acknowledge) {
        let (hub, device) = (Arc::clone(&self.0), device.clone());
        let draft = Draft { output: None, properties: bag.properties, system: bag.system, body, time_to_live: None };
        tokio::spawn(async move {
            match hub.send_to_device(&device, draft).await {
                Ok(_) => stored.now(),
                // It comes again for ever, and the device does not take it.
                Err(OperationError::NotFound(problem) | OperationError::Invalid(problem)) => {
                    tracing::error!(%device, "dropped a message from upstream: {problem}");
                    stored.now();
                }
                // The other hub keeps it.
                Err(error) => tracing::warn!(%device, "cannot take a message from upstream now: {error}"),
            }
        });
    }

    fn desired(&self, client: &ClientId, _version: Option<u64>, patch: Vec<u8>) {
        let (hub, client) = (Arc::clone(&self.0), client.clone());
        tokio::spawn(async move {
            let changed = async {
                let mut patch = twins::read(&patch)?;
                // This hub counts its own versions.
                patch.remove("$version");
                hub.twins.patch_desired(&client, patch).await
            };
            if let Err(error) = changed.await {
                tracing::error!(%client, "cannot take the desired properties from upstream: {error}");
            }
        });
    }

    fn method(&self, client: &ClientId, name: &str, payload: Vec<u8>, respond: Respond) {
        let (hub, client, name) = (Arc::clone(&self.0), client.clone(), name.to_owned());
        tokio::spawn(async move {
            let answer = async {
                let call = Call::with_payload(&name, &payload)?;
                let start = Instant::now();
                let answer = hub.methods.invoke(&client, call).await;
                hub.metrics.method(UPSTREAM, &client, start.elapsed());
                answer
            };
            match answer.await {
                Ok(answer) => respond.with(answer.status, answer.payload.get().as_bytes().to_vec()),
                Err(error) => {
                    let message = serde_json::json!({ "message": error.to_string() });
                    respond.with(i32::from(error.status()), message.to_string().into_bytes());
                }
            }
        });
    }
}

/// Has upstream keep a connection for each client that is connected here, so that what comes down reaches it. Runs until
/// the hub stops.
pub async fn attend(hub: Arc<Hub>, upstream: Arc<Upstream>) {
    let mut notices = hub.observer.notices();
    let mut attended = BTreeSet::new();
    loop {
        let connected: BTreeSet<_> = hub
            .clients
            .all()
            .into_iter()
            .filter(|session| session.state().connection.is_some())
            .map(|session| session.client().clone())
            .collect();
        for client in connected.difference(&attended) {
            upstream.attend(client, true);
        }
        for client in attended.difference(&connected) {
            upstream.attend(client, false);
        }
        attended = connected;
        loop {
            match notices.recv().await {
                Ok(Notice::Event(event)) => {
                    if matches!(*event, Event::Connected { .. } | Event::Disconnected { .. }) {
                        break;
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

impl Signer for Services {
    fn sign(&self, module: &str, generation: &str, key: KeyName, data: &[u8]) -> Option<Vec<u8>> {
        let identities = &self.0.identities;
        let identity = identities.get(&ClientId::module(identities.hub_device(), module))?;
        if !identity.enabled || identity.generation != generation {
            return None;
        }
        let key = match key {
            KeyName::Primary => &identity.primary_key,
            KeyName::Secondary => &identity.secondary_key,
        };
        Some(key.sign(data).to_vec())
    }
}
