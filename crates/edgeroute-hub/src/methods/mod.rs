//! Direct methods: calls that wait for the answer of a connected client.

mod call;
mod error;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;
use uuid::Uuid;

use crate::clients::{Clients, Connection, Push, State};
use crate::identity::ClientId;
use crate::wire::Filter;

pub use call::{Call, LARGEST_PAYLOAD, LARGEST_REQUEST};
pub use error::MethodError;

/// The answer of a method.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The status that the method returned, whatever it means.
    pub status: i32,
    /// The payload in JSON. Null if the method returned none.
    pub payload: Box<RawValue>,
}

/// The calls that wait for an answer.
#[derive(Debug)]
pub struct Methods {
    clients: Arc<Clients>,
    /// The most calls of one client.
    limit: usize,
    pending: Mutex<Pending>,
}

/// By client and request id. A client without calls is not there.
type Pending = HashMap<ClientId, HashMap<String, oneshot::Sender<Raw>>>;

/// The status and payload that a client sent. No status is one that is not valid.
type Raw = (Option<i32>, Vec<u8>);

impl Methods {
    /// Creates the service. At most `limit` calls wait for one client.
    pub fn new(clients: Arc<Clients>, limit: usize) -> Self {
        Self { clients, limit, pending: Mutex::default() }
    }

    /// Invokes a method of a client, and waits for its answer.
    ///
    /// First waits until the client is connected and subscribed to methods, for as long as the call says. Dropping the
    /// future forgets the call. Only for clients with an identity.
    ///
    /// # Errors
    /// See [`MethodError::status`]. A connection that ends before the answer has arrived is a client that is not
    /// connected.
    pub async fn invoke(&self, target: &ClientId, call: Call) -> Result<Answer, MethodError> {
        let absent = |what: &str| MethodError::absent(format_args!("`{target}` is not {what}"));
        let session = self.clients.session(target);
        // Counts from here on, so that no more calls wait for a connection than for an answer.
        let (request, answer) = self.register(target)?;
        let mut state = session.watch();
        let connected = timeout(call.connect_time, state.wait_for(is_listening)).await;
        let connection = connected.ok().and_then(|state| state.ok()?.connection.clone());
        let Some(connection) = connection else {
            let is_connected = state.borrow().connection.is_some();
            return Err(absent(if is_connected { "subscribed to methods" } else { "connected" }));
        };
        let push = Push::Method {
            request: request.id.clone(),
            name: call.name,
            payload: call.payload.get().as_bytes().to_vec(),
        };
        if connection.pushes.try_send(push).is_err() {
            return Err(absent("reading what it is sent"));
        }
        let answered = async {
            tokio::select! {
                biased;
                answer = answer => answer.map_err(|_| absent("connected")),
                () = ended(&mut state, &connection) => Err(absent("connected any more")),
            }
        };
        let (status, payload) = timeout(call.response_time, answered).await.map_err(|_| {
            MethodError::late(format_args!("`{target}` did not answer within {} s", call.response_time.as_secs()))
        })??;
        let status = status.ok_or_else(|| {
            MethodError::bad_answer(format_args!("`{target}` answered with a status that is not an integer of 32 bits"))
        })?;
        Ok(Answer { status, payload: parse(&payload)? })
    }

    /// Passes the answer of a client on, which is bad without a status. Returns `false` if nobody waits for it any more.
    pub fn answer(&self, client: &ClientId, request: &str, status: impl Into<Option<i32>>, payload: &[u8]) -> bool {
        let call = self.pending().get_mut(client).and_then(|calls| calls.remove(request));
        // The copy is made only for an answer that somebody waits for.
        call.is_some_and(|call| call.send((status.into(), payload.to_vec())).is_ok())
    }

    /// Returns the number of calls that wait for a client.
    pub fn waiting(&self, client: &ClientId) -> usize {
        self.pending().get(client).map_or(0, HashMap::len)
    }

    fn register(&self, client: &ClientId) -> Result<(Registered<'_>, oneshot::Receiver<Raw>), MethodError> {
        let mut pending = self.pending();
        if pending.get(client).is_some_and(|calls| calls.len() >= self.limit) {
            return Err(MethodError::too_many(format_args!("{} calls wait for `{client}` already", self.limit)));
        }
        // Hexadecimal digits: the SDK for Python decodes and encodes the id.
        let id = Uuid::new_v4().simple().to_string();
        let (sender, receiver) = oneshot::channel();
        pending.entry(client.clone()).or_default().insert(id.clone(), sender);
        drop(pending);
        Ok((Registered { methods: self, client: client.clone(), id }, receiver))
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that waits. Dropping it forgets the call.
struct Registered<'m> {
    methods: &'m Methods,
    client: ClientId,
    id: String,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let mut pending = self.methods.pending();
        if let Some(calls) = pending.get_mut(&self.client) {
            calls.remove(&self.id);
            if calls.is_empty() {
                pending.remove(&self.client);
            }
        }
    }
}

fn is_listening(state: &State) -> bool {
    state.connection.is_some() && state.filters.quality(Filter::Methods).is_some()
}

/// Waits until a connection has ended.
async fn ended(state: &mut watch::Receiver<State>, connection: &Connection) {
    let is_other = |state: &State| state.connection.as_ref().is_none_or(|now| now.generation != connection.generation);
    // An error means that the session is gone.
    let _ = state.wait_for(is_other).await;
}

fn parse(payload: &[u8]) -> Result<Box<RawValue>, MethodError> {
    if payload.len() > LARGEST_PAYLOAD {
        return Err(MethodError::bad_answer(format_args!(
            "the answer has {} bytes, more than {LARGEST_PAYLOAD}",
            payload.len()
        )));
    }
    if payload.is_empty() {
        return Ok(RawValue::NULL.to_owned());
    }
    serde_json::from_slice(payload)
        .map_err(|error| MethodError::bad_answer(format_args!("the answer is not JSON: {error}")))
}

#[cfg(test)]
mod tests;
