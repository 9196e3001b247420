//! What the HTTPS server and the workload API ask of the hub.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::http::{MethodCaller, MethodResult};
use crate::hub::Hub;
use crate::identity::ClientId;
use crate::methods::Call;
use crate::workload::{KeyName, Signer};

/// The hub, as its servers see it.
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
                504 => MethodResult::TimedOut(error.to_string()),
                _ => MethodResult::NotConnected(error.to_string()),
            },
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
