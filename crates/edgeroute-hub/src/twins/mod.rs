//! Twins: the properties that a client reports, and those that others desire of it.
//!
//! A twin is one record of state. A change of the reported properties and the message that informs others are stored
//! in one step. Each twin has a lock, which is held while the record is read and the new one submitted, but not while
//! it is written: the store shows what was submitted.

mod document;
mod error;
mod push;
mod record;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use edgeroute::{Origin, OwnedMessage};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::time::timeout;
use uuid::Uuid;

use crate::clients::Clients;
use crate::clock::Clock;
use crate::identity::ClientId;
use crate::ingest::Ingest;
use crate::message::{Message, stamps};
use crate::store::{Completion, Outcome, StateKey, Store, Submission, Wanted};
use push::push_of;
use record::Record;

pub use document::{Document, LARGEST, difference, merge, read};
pub use error::TwinError;

/// The kind of the records of twins in the store.
const KIND: &str = "twin";

/// The most requests for one twin that are in progress.
const MOST_REQUESTS: usize = 16;

/// How long a request waits for the store, which takes nothing while it is full.
const STORE_TIME: Duration = Duration::from_secs(60);

/// The type and schema of a notification of a twin's change.
const NOTIFICATION: &str = "twinChangeNotification";

/// The twins of all clients. Clones are the same.
#[derive(Clone, Debug)]
pub struct Twins {
    store: Store,
    clients: Arc<Clients>,
    ingest: Ingest,
    clock: Clock,
    hub_device: ClientId,
    /// One for each client that ever asked, so as many as there are identities.
    locks: Arc<Mutex<HashMap<ClientId, Arc<tokio::sync::Mutex<()>>>>>,
    /// The clients that do not read what they are sent, and are sent the changes that they miss later.
    lagging: Arc<Mutex<HashSet<ClientId>>>,
}

/// A twin, as clients and administrators get it: both halves with `$version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Twin {
    /// The desired properties.
    pub desired: Document,
    /// The reported properties.
    pub reported: Document,
}

impl From<Record> for Twin {
    fn from(record: Record) -> Self {
        Self {
            desired: document::with_version(record.desired, record.desired_version),
            reported: document::with_version(record.reported, record.reported_version),
        }
    }
}

/// Requests of clients.
impl Twins {
    /// Creates the service. `hub_device` is the device of the hub, which sends the notifications of changes.
    pub fn new(store: Store, clients: Arc<Clients>, ingest: Ingest, clock: Clock, hub_device: ClientId) -> Self {
        Self { store, clients, ingest, clock, hub_device, locks: Arc::default(), lagging: Arc::default() }
    }

    /// Returns the twin in JSON for its client, which then has seen all desired properties.
    pub async fn get(&self, client: &ClientId) -> Result<Vec<u8>, TwinError> {
        let lock = self.lock(client).await?;
        let mut record = self.load(client).await?;
        if record.has_seen() {
            // Nobody waits for it: if it is lost, the client is sent a patch that it does not need.
            self.save(client, &record, Box::new(|_| ()))?;
        }
        drop(lock);
        serde_json::to_vec(&Twin::from(record)).map_err(TwinError::internal)
    }

    /// Merges a patch in JSON into the reported properties, and routes the notification of it. Returns the new version
    /// when both are stored.
    ///
    /// # Errors
    /// Status 400 if the patch is not valid or the properties would have more than 32 KiB, 429 if too many requests for
    /// the twin are in progress, 500 if the store fails or is full for 60 seconds.
    pub async fn report(&self, client: &ClientId, patch: &[u8]) -> Result<u64, TwinError> {
        let changes = document::parse_patch(patch)?;
        let lock = self.lock(client).await?;
        let mut record = self.load(client).await?;
        merge(&mut record.reported, changes);
        document::check_size(&record.reported)?;
        record.reported_version = record.reported_version.saturating_add(1);
        let version = record.reported_version;
        let state = vec![(key(client), Some(to_bytes(&record)?))];
        let wanted = Wanted::default();
        let (completed, outcome) = completion();
        self.ingest.accept_with(self.notification(client, patch), state, Some(wanted.sender()), completed);
        drop(lock);
        stored(outcome).await?;
        Ok(version)
    }

    /// Records that a client was sent the desired properties of a version. Later patches of the connection contain only
    /// what changes from then on.
    pub async fn desired_sent(&self, client: &ClientId, version: u64) -> Result<(), TwinError> {
        self.mark(client, version, Record::was_sent).await
    }

    /// Records that a client has received the desired properties of a version. Without this, the next connection is sent
    /// the changes since the client last got its twin.
    pub async fn desired_seen(&self, client: &ClientId, version: u64) -> Result<(), TwinError> {
        self.mark(client, version, Record::has_seen).await
    }

    async fn mark(
        &self,
        client: &ClientId,
        version: u64,
        mark: impl FnOnce(&mut Record) -> bool,
    ) -> Result<(), TwinError> {
        let _lock = self.lock_in_any_case(client).await;
        let mut record = self.load(client).await?;
        if record.desired_version == version && mark(&mut record) {
            self.save(client, &record, Box::new(|_| ()))?;
        }
        Ok(())
    }

    /// Sends a client that has connected or subscribed the changes of the desired properties that it may not have
    /// received, as one patch. The SDK for Python gets its twin then, the one for Node does not. A client that never got
    /// desired properties is not sent any: it asks for its twin.
    pub async fn catch_up(&self, client: &ClientId) -> Result<(), TwinError> {
        let _lock = self.lock_in_any_case(client).await;
        let mut record = self.load(client).await?;
        if record.may_have_lost() {
            self.save(client, &record, Box::new(|_| ()))?;
        }
        if let Some(patch) = record.patch() {
            self.push(&Handle::current(), client, push_of(&record, patch));
        }
        Ok(())
    }

    /// Makes the notification of a change of reported properties.
    fn notification(&self, client: &ClientId, patch: &[u8]) -> Message {
        let received = self.clock.now();
        let device = self.hub_device.device_id();
        let mut content = OwnedMessage::new(Origin::twin_change(device)).with_body(patch);
        let system = content.system_properties_mut();
        system.push("messageSchema", Some(NOTIFICATION));
        system.push("messageType", Some(NOTIFICATION));
        system.push(stamps::DEVICE, Some(device));
        system.push(stamps::MODULE, Some("$edgeHub"));
        system.push(stamps::EDGE_MESSAGE_ID, Some(&Uuid::new_v4().to_string()));
        system.push(stamps::ENQUEUED_TIME, Some(&received.to_rfc3339()));
        Message { sender: client.clone(), received, content }
    }
}

/// Requests of administrators and of the manifest. Only for clients with an identity.
impl Twins {
    /// Returns the twin. What its client has seen does not change.
    pub async fn show(&self, client: &ClientId) -> Result<Twin, TwinError> {
        self.load(client).await.map(Twin::from)
    }

    /// Merges a patch into the desired properties and sends the client the change. Returns the new version when it is
    /// stored.
    pub async fn patch_desired(&self, client: &ClientId, patch: Document) -> Result<u64, TwinError> {
        document::check(&patch)?;
        let changed = self.change_desired(client, |record| {
            let mut desired = record.desired.clone();
            merge(&mut desired, patch);
            Some(desired)
        });
        changed.await
    }

    /// Replaces the desired properties and sends the client the change. Returns the new version when it is stored.
    pub async fn replace_desired(&self, client: &ClientId, desired: Document) -> Result<u64, TwinError> {
        document::check(&desired)?;
        self.change_desired(client, |_| Some(without_nulls(desired))).await
    }

    /// Replaces the desired properties by those of the manifest, unless the manifest had the same for the client when
    /// this was last called. Changes by administrators last until the manifest changes.
    pub async fn set_desired_of_manifest(&self, client: &ClientId, desired: Document) -> Result<(), TwinError> {
        document::check(&desired)?;
        let digest = Sha256::digest(serde_json::to_vec(&desired).map_err(TwinError::internal)?);
        let digest = BASE64_STANDARD.encode(digest);
        let changed = self.change_desired(client, |record| {
            if record.manifest.as_ref() == Some(&digest) {
                return None;
            }
            record.manifest = Some(digest);
            Some(without_nulls(desired))
        });
        changed.await.map(|_| ())
    }

    /// Removes the twin of a client whose identity was removed.
    pub async fn remove(&self, client: &ClientId) -> Result<(), TwinError> {
        let lock = self.lock(client).await?;
        let (completed, outcome) = completion();
        self.submit(vec![(key(client), None)], completed);
        self.locks.lock().unwrap_or_else(PoisonError::into_inner).remove(client);
        drop(lock);
        stored(outcome).await
    }

    /// Replaces the desired properties by what `change` returns, if anything. Returns the version.
    async fn change_desired(
        &self,
        client: &ClientId,
        change: impl FnOnce(&mut Record) -> Option<Document>,
    ) -> Result<u64, TwinError> {
        let lock = self.lock(client).await?;
        let mut record = self.load(client).await?;
        let Some(desired) = change(&mut record) else { return Ok(record.desired_version) };
        document::check_size(&desired)?;
        let patch = record.set_desired(desired);
        let push = push_of(&record, patch);
        let (completed, outcome) = completion();
        let (twins, receiver, runtime) = (self.clone(), client.clone(), Handle::current());
        // On the store's thread, so that patches are sent in the order of their versions.
        let completed = Box::new(move |outcome| {
            if let Outcome::Stored(_) = outcome {
                twins.push(&runtime, &receiver, push);
            }
            completed(outcome);
        });
        self.save(client, &record, completed)?;
        drop(lock);
        stored(outcome).await?;
        Ok(record.desired_version)
    }
}

/// Records.
impl Twins {
    /// Waits until no other request is between reading and submitting the record of a client.
    async fn lock(&self, client: &ClientId) -> Result<OwnedMutexGuard<()>, TwinError> {
        let lock = self.lock_of(client);
        // Each request holds one reference, the map and this function one each.
        if Arc::strong_count(&lock) > MOST_REQUESTS + 1 {
            return Err(TwinError::too_many());
        }
        Ok(lock.lock_owned().await)
    }

    /// Does the same for what the hub itself does, a few times at once for a client at most, and what must not fail.
    async fn lock_in_any_case(&self, client: &ClientId) -> OwnedMutexGuard<()> {
        self.lock_of(client).lock_owned().await
    }

    fn lock_of(&self, client: &ClientId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(client.clone()).or_default())
    }

    async fn load(&self, client: &ClientId) -> Result<Record, TwinError> {
        let (store, key) = (self.store.clone(), key(client));
        let read = tokio::task::spawn_blocking(move || store.state(&key)).await;
        match read.map_err(TwinError::internal)?.map_err(TwinError::internal)? {
            None => Ok(Record::default()),
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| TwinError::internal(format_args!("the stored twin cannot be read: {error}"))),
        }
    }

    fn save(&self, client: &ClientId, record: &Record, completed: Completion) -> Result<(), TwinError> {
        self.submit(vec![(key(client), Some(to_bytes(record)?))], completed);
        Ok(())
    }

    fn submit(&self, state: Vec<(StateKey, Option<Vec<u8>>)>, completed: Completion) {
        self.store.submit(Submission { state, message: None, completed, sender: None });
    }
}

fn key(client: &ClientId) -> StateKey {
    StateKey { kind: KIND, id: client.to_string() }
}

fn to_bytes(record: &Record) -> Result<Vec<u8>, TwinError> {
    serde_json::to_vec(record).map_err(TwinError::internal)
}

/// Removes members that are null, as merging into nothing does.
fn without_nulls(document: Document) -> Document {
    let mut target = Document::new();
    merge(&mut target, document);
    target
}

fn completion() -> (Completion, oneshot::Receiver<Outcome>) {
    let (sender, receiver) = oneshot::channel();
    let completed = move |outcome| {
        // The request may be gone.
        let _ = sender.send(outcome);
    };
    (Box::new(completed), receiver)
}

async fn stored(outcome: oneshot::Receiver<Outcome>) -> Result<(), TwinError> {
    match timeout(STORE_TIME, outcome).await {
        Ok(Ok(Outcome::Stored(_))) => Ok(()),
        Ok(_) => Err(TwinError::internal("the hub cannot write to its disk")),
        Err(_) => Err(TwinError::internal("the hub's store is full")),
    }
}

#[cfg(test)]
mod tests;
