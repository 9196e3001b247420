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
    /// The desired properties that a known client was sent, if not the present ones. Null where it may have others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<Document>,
    /// The desired properties that a known client has for certain, if it was sent more. Null where it may have others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) certain: Option<Document>,
    /// The digest of the properties that the manifest had for the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) manifest: Option<String>,
}

impl Default for Record {
    fn default() -> Self {
        let (desired, reported) = (Document::new(), Document::new());
        Self {
            desired,
            desired_version: 1,
            reported,
            reported_version: 1,
            is_known: false,
            seen: None,
            certain: None,
            manifest: None,
        }
    }
}

impl Record {
    /// Replaces the desired properties. Returns the patch for the client, see [`Record::patch`].
    pub(super) fn set_desired(&mut self, desired: Document) -> Document {
        let before = std::mem::replace(&mut self.desired, desired);
        self.desired_version = self.desired_version.saturating_add(1);
        if !self.is_known {
            return self.patch_from(&before);
        }
        // The client may have been sent what was desired until now, or not.
        self.certain = self.certain.take().map(|certain| blended(certain, &before));
        self.seen = Some(match self.seen.take() {
            Some(seen) => blended(seen, &before),
            None => before,
        });
        self.patch().unwrap_or_default()
    }

    /// Returns the patch, with `$version`, that leads from what the client was sent to the present desired properties, if
    /// it was not sent those. Whether earlier patches have arrived does not matter.
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
        let is_new = !self.is_known || self.seen.is_some() || self.certain.is_some();
        self.is_known = true;
        self.seen = None;
        self.certain = None;
        is_new
    }

    /// Records that the client was sent the present desired properties, which may not arrive. Returns whether that is
    /// new.
    pub(super) fn was_sent(&mut self) -> bool {
        if !self.is_known {
            self.is_known = true;
            self.certain = Some(Document::new());
            return true;
        }
        let Some(seen) = self.seen.take() else { return false };
        self.certain.get_or_insert(seen);
        true
    }

    /// Records that what the client was sent may be lost. Returns whether that is new.
    pub(super) fn may_have_lost(&mut self) -> bool {
        let Some(certain) = self.certain.take() else { return false };
        self.seen = Some(certain);
        true
    }
}

/// The most bytes of a blend, which has the names of all properties since the client was last heard.
const LARGEST_BLEND: usize = 2 * document::LARGEST;

/// Returns a blend of what a client may have with more that it may have. Leaves it as it is if the blend is too large: then
/// the client may keep properties that were removed while it was away.
fn blended(seen: Document, sent: &Document) -> Document {
    let mut blend = seen.clone();
    document::blend(&mut blend, sent);
    let fits = serde_json::to_vec(&blend).is_ok_and(|bytes| bytes.len() <= LARGEST_BLEND);
    if fits { blend } else { seen }
}
