use serde::{Deserialize, Serialize};

use super::document::{self, Document};

/// A twin, as it is stored: JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) desired: Document,
    pub(super) desired_version: u64,
    pub(super) reported: Document,
    pub(super) reported_version: u64,
    /// The desired properties that the client has seen, if it has not seen the present ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<Document>,
    /// The digest of the properties that the manifest had for the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) manifest: Option<String>,
}

impl Default for Record {
    fn default() -> Self {
        let (desired, reported) = (Document::new(), Document::new());
        Self { desired, desired_version: 1, reported, reported_version: 1, seen: None, manifest: None }
    }
}

impl Record {
    /// Replaces the desired properties.
    pub(super) fn set_desired(&mut self, desired: Document) {
        let before = std::mem::replace(&mut self.desired, desired);
        self.seen.get_or_insert(before);
        self.desired_version = self.desired_version.saturating_add(1);
    }

    /// Returns the patch, with `$version`, that leads from what the client has seen to the present desired properties.
    /// Whether earlier patches have arrived does not matter: applying a part of it twice changes nothing.
    pub(super) fn patch(&self) -> Option<Document> {
        let patch = document::difference(self.seen.as_ref()?, &self.desired);
        Some(document::with_version(patch, self.desired_version))
    }
}
