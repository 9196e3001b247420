//! What is kept of a message after the message itself is gone.

use std::fmt::Display;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{Fate, Taken};
use crate::clock::Timestamp;
use crate::identity::ClientId;
use crate::message::Message;
use crate::metrics::DropReason;
use crate::store::{Destination, Sequence};

/// The most bytes of the source of a message in its summary.
const LONGEST_SOURCE: usize = 256;
/// The most bytes of a body that are shown in a list.
const LONGEST_PREVIEW: usize = 160;
/// The most bytes of a reason in words.
const LONGEST_DETAIL: usize = 512;

/// A recent message: who sent it, and what became of it. Serializes as an object of the administration API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The number of the message in the list of recent messages. Later messages have greater numbers.
    pub id: u64,
    /// The time at which the hub received it, in milliseconds since 1970.
    pub time: Timestamp,
    /// The sender.
    pub sender: ClientId,
    /// The path that routes select on, cut after 256 bytes. `None` if the message could not be read.
    pub source: Option<Arc<str>>,
    /// The `messageId` that the sender gave, cut likewise.
    pub message_id: Option<Arc<str>>,
    /// Bytes of body and properties. 0 if the message could not be read.
    pub size: usize,
    /// The beginning of the body, if it is text.
    pub preview: Option<Arc<str>>,
    /// The number of the message in the store, if it is stored.
    pub sequence: Option<Sequence>,
    /// The routes that took the message, and how far each delivery is.
    pub deliveries: Vec<DeliverySummary>,
    /// Why it was dropped, if it was.
    pub dropped: Option<Dropped>,
}

/// Why a message was dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The reason.
    #[serde(serialize_with = "reason")]
    pub reason: DropReason,
    /// The reason in words, with details.
    pub detail: Arc<str>,
}

/// A delivery of a recent message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeliverySummary {
    /// The name of the route.
    pub route: Arc<str>,
    /// Where the message goes.
    #[serde(serialize_with = "displayed")]
    pub destination: Destination,
    /// The priority of the route, 2000000000 if it has none.
    pub priority: u32,
    /// How far the delivery is.
    pub state: Progress,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Progress {
    /// It waits in its queue, or for an acknowledgement.
    Pending,
    /// The receiver acknowledged it.
    Delivered,
    /// Its time to live was over.
    Expired,
    /// An operator dropped it, or the store was full.
    Dropped,
}

impl Summary {
    pub(super) fn new(id: u64, now: Timestamp, sender: &ClientId, message: Option<&Message>, fate: Fate) -> Self {
        let (sequence, deliveries, dropped) = match fate {
            Fate::Stored { sequence, taken } => (Some(sequence), taken.into_iter().map(Into::into).collect(), None),
            Fate::Dropped { reason, detail } => {
                (None, Vec::new(), Some(Dropped { reason, detail: cut(&detail, LONGEST_DETAIL).into() }))
            }
        };
        let source = message.map(|message| message.content.origin().source().to_string());
        Self {
            id,
            time: message.map_or(now, |message| message.received),
            sender: sender.clone(),
            source: source.map(|source| cut(&source, LONGEST_SOURCE).into()),
            message_id: message
                .and_then(|message| message.system_property("messageId"))
                .map(|id| cut(id, LONGEST_SOURCE).into()),
            size: message.map_or(0, Message::size),
            preview: message.and_then(|message| preview(message.content.body())).map(Into::into),
            sequence,
            deliveries,
            dropped,
        }
    }

    /// Sets how far the delivery to a destination is. Returns whether there is one.
    pub(super) fn set(&mut self, destination: &Destination, state: Progress) -> bool {
        let delivery = self.deliveries.iter_mut().find(|delivery| delivery.destination == *destination);
        delivery.map(|delivery| delivery.state = state).is_some()
    }

    /// Roughly the bytes of memory that the summary takes.
    pub(super) fn bytes(&self) -> usize {
        let texts = [self.source.as_deref(), self.message_id.as_deref(), self.preview.as_deref()];
        let texts: usize = texts.into_iter().flatten().map(str::len).sum();
        let detail = self.dropped.as_ref().map_or(0, |dropped| dropped.detail.len());
        // Names of routes and inputs are shared only within a message.
        let deliveries: usize =
            self.deliveries.iter().map(|delivery| size_of::<DeliverySummary>() + 64 + delivery.route.len()).sum();
        size_of::<Self>() + 128 + texts + detail + deliveries
    }
}

impl From<Taken> for DeliverySummary {
    fn from(taken: Taken) -> Self {
        Self {
            route: taken.route,
            destination: taken.destination,
            priority: taken.level.number(),
            state: Progress::Pending,
        }
    }
}

/// Returns the beginning of a body that is text.
fn preview(body: &[u8]) -> Option<&str> {
    let start = body.get(..LONGEST_PREVIEW).unwrap_or(body);
    match std::str::from_utf8(start) {
        Ok(text) => Some(text),
        // The cut is within a character.
        Err(error) if error.error_len().is_none() && start.len() < body.len() => {
            std::str::from_utf8(start.get(..error.valid_up_to())?).ok()
        }
        Err(_) => None,
    }
    .filter(|text| !text.is_empty())
}

/// Returns at most the first `most` bytes.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

pub(super) fn displayed<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(super) fn reason<S: Serializer>(reason: &DropReason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.as_str())
}
