use serde::{Deserialize, Serialize};

use super::document::{self, Document};

/// A twin, as it is stored: JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) desired: Document,
    pub(super) desired_version: u64,
    pub(super) reported: Document,
    pub(super) reported_version: u64,
    /// Whether the client ever got desired properties. One that did not will ask for its twin.
    #[serde(default)]
    pub(super) is_known: bool,
    /// The desired properties that a known client has seen, if it has not seen the present ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<Document>,
    /// The digest of the properties that the manifest had for the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) manifest: Option<String>,
}

impl Default for Record {
    fn default() -> Self {
        let (desired, reported) = (Document::new(), Document::new());
        Self { desired, desired_version: 1, reported, reported_version: 1, is_known: false, seen: None, manifest: None }
    }
}

impl Record {
    /// Replaces the desired properties. Returns the patch for the client, see [`Record::patch`].
    pub(super) fn set_desired(&mut self, desired: Document) -> Document {
        let before = std::mem::replace(&mut self.desired, desired);
        self.desired_version = self.desired_version.saturating_add(1);
        if self.is_known {
            self.seen.get_or_insert(before);
            return self.patch().unwrap_or_default();
        }
        self.patch_from(&before)
    }

    /// Returns the patch, with `$version`, that leads from what the client has seen to the present desired properties,
    /// if it has not seen those. Whether earlier patches have arrived does not matter: applying a part of it twice
    /// changes nothing.
    pub(super) fn patch(&self) -> Option<Document> {
        Some(self.patch_from(self.seen.as_ref()?))
    }

    /// Returns the patch for a client that was connected and could not be sent the last one.
    pub(super) fn missed(&self) -> Option<Document> {
        if self.is_known { self.patch() } else { Some(self.patch_from(&Document::new())) }
    }

    fn patch_from(&self, before: &Document) -> Document {
        document::with_version(document::difference(before, &self.desired), self.desired_version)
    }

    /// Records that the client has the present desired properties. Returns whether that is new.
    pub(super) fn has_seen(&mut self) -> bool {
        let is_new = !self.is_known || self.seen.is_some();
        self.is_known = true;
        self.seen = None;
        is_new
    }
}
