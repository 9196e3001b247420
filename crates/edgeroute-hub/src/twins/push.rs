use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};

use serde_json::Value;
use tokio::runtime::Handle;

use super::document::Document;
use super::record::Record;
use super::{TwinError, Twins};
use crate::clients::Push;
use crate::identity::ClientId;
use crate::wire::Filter;

pub(super) fn push_of(record: &Record, patch: Document) -> Push {
    Push::DesiredPatch { version: record.desired_version, patch: Value::Object(patch).to_string().into_bytes() }
}

/// Changes on their way to clients.
impl Twins {
    /// Sends a client a patch, or everything that it has missed as soon as it reads on.
    pub(super) fn push(&self, runtime: &Handle, client: &ClientId, push: Push) {
        if !self.push_now(client, push) && self.lagging().insert(client.clone()) {
            runtime.spawn(self.clone().catch_up_later(client.clone()));
        }
    }

    /// Returns `false` if the client does not read what it is sent.
    fn push_now(&self, client: &ClientId, push: Push) -> bool {
        let session = self.clients.existing(client).filter(|session| session.listens_to(Filter::DesiredPatches));
        session.is_none_or(|session| session.push(push))
    }

    /// Waits until a client that does not read reads on, and sends it what it has missed. Ends with the connection, because the
    /// next one catches up.
    async fn catch_up_later(self, client: ClientId) {
        loop {
            let connection = {
                let mut lagging = self.lagging();
                let connection = self.clients.existing(&client).and_then(|session| session.state().connection);
                let Some(connection) = connection.filter(|connection| !connection.pushes.is_closed()) else {
                    lagging.remove(&client);
                    return;
                };
                connection
            };
            if connection.pushes.reserve().await.is_err() {
                continue;
            }
            // From here on, a push that fails starts another wait.
            self.lagging().remove(&client);
            match self.send_missed(&client).await {
                Ok(false) if self.lagging().insert(client.clone()) => {}
                Ok(_) => return,
                Err(error) => {
                    return tracing::error!(%client, "cannot send the changes of the desired properties: {error}");
                }
            }
        }
    }

    /// Returns `false` if the client does not read what it is sent.
    async fn send_missed(&self, client: &ClientId) -> Result<bool, TwinError> {
        let _lock = self.lock_in_any_case(client).await;
        let record = self.load(client).await?;
        Ok(record.missed().is_none_or(|patch| self.push_now(client, push_of(&record, patch))))
    }

    pub(super) fn lagging(&self) -> MutexGuard<'_, HashSet<ClientId>> {
        self.lagging.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
