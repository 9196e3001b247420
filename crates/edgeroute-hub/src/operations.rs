//! What operators do with a running hub: send messages as a module or as the cloud, and empty or hold back queues.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use edgeroute::{Origin, OwnedMessage, OwnedProperties};
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::hub::Hub;
use crate::identity::ClientId;
use crate::ingest::LARGEST_MESSAGE;
use crate::message::Message;
use crate::store::{Destination, Outcome, QueueId, Sequence, Wanted};
use crate::wire::{self, Bag};

/// The most messages from the cloud that wait for a device. The limit of IoT Hub.
const MOST_DEVICEBOUND: u64 = 50;
/// The largest message from the cloud, in bytes: body, properties and system properties. The limit of IoT Hub.
const LARGEST_DEVICEBOUND: usize = 64 * 1024;
/// How long an operation waits for space in the store.
const STORE_TIME: Duration = Duration::from_secs(10);
/// How long a message from the cloud waits for its device.
const DEVICEBOUND_TIME: Duration = Duration::from_secs(3_600);

/// An operation that cannot be done.
#[derive(Debug)]
pub enum OperationError {
    /// There is no such client or queue.
    NotFound(String),
    /// The request is not possible.
    Invalid(String),
    /// As much waits as may wait.
    Full(String),
    /// The store failed.
    Store(String),
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(problem) | Self::Invalid(problem) | Self::Full(problem) | Self::Store(problem) => {
                f.write_str(problem)
            }
        }
    }
}

impl std::error::Error for OperationError {}

/// A message that an operator sends.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The output, for a module.
    pub output: Option<String>,
    /// The properties.
    pub properties: OwnedProperties,
    /// The system properties. Stamps are replaced.
    pub system: OwnedProperties,
    /// The body.
    pub body: Vec<u8>,
    /// How long a message from the cloud waits for its device: an hour if this is `None`. Routes decide for others.
    pub time_to_live: Option<Duration>,
}

impl Hub {
    /// Sends a message as a client would. Returns its number once it is stored, `None` if no route takes it.
    pub async fn send_as(&self, client: &ClientId, draft: Draft) -> Result<Option<Sequence>, OperationError> {
        self.known(client).await?;
        let mut bag = Bag::read("").map_err(|error| OperationError::Invalid(error.to_string()))?;
        bag.output = draft.output;
        bag.properties = draft.properties;
        bag.system = draft.system;
        let message = wire::telemetry(client, bag, draft.body, self.clock.now())
            .map_err(|error| OperationError::Invalid(error.to_string()))?;
        if message.size() > LARGEST_MESSAGE {
            let problem = format!("the message has {} bytes, more than {LARGEST_MESSAGE}", message.size());
            return Err(OperationError::Invalid(problem));
        }
        let (wanted, (completed, stored)) = (Wanted::default(), oneshot::channel());
        self.ingest.accept(message, Some(wanted.sender()), Box::new(move |outcome| send(completed, outcome)));
        sequence(stored).await
    }

    /// Sends a message from the cloud to a downstream device. It waits for the device for an hour. Returns its number
    /// once it is stored.
    pub async fn send_to_device(&self, device: &ClientId, draft: Draft) -> Result<Option<Sequence>, OperationError> {
        self.known(device).await?;
        if device.module_id().is_some() {
            let problem = format!("{device} is a module: only devices receive messages from the cloud");
            return Err(OperationError::Invalid(problem));
        }
        let queue = self.store.queue(&Destination::Device(device.device_id().into()));
        let _counted = self.count_devicebound(device, queue)?;
        let received = self.clock.now();
        let time = draft.time_to_live.unwrap_or(DEVICEBOUND_TIME);
        let mut content = OwnedMessage::new(Origin::device(device.device_id())).with_body(draft.body);
        *content.properties_mut() = draft.properties;
        for (name, value) in draft.system.iter() {
            content.system_properties_mut().push(name, value);
        }
        if content.system_properties().get("messageId").is_none() {
            content.system_properties_mut().push("messageId", Some(&Uuid::new_v4().to_string()));
        }
        if content.system_properties().get("to").is_none() {
            let to = format!("/devices/{}/messages/devicebound", device.device_id());
            content.system_properties_mut().push("to", Some(&to));
        }
        let message = Message { sender: device.clone(), received, content };
        wire::devicebound_topic(device, &message).map_err(|error| OperationError::Invalid(error.to_string()))?;
        if message.size() > LARGEST_DEVICEBOUND {
            let problem = format!("the message has {} bytes, more than {LARGEST_DEVICEBOUND}", message.size());
            return Err(OperationError::Invalid(problem));
        }
        let expires = received.plus_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let (wanted, (completed, stored)) = (Wanted::default(), oneshot::channel());
        let completed = Box::new(move |outcome| send(completed, outcome));
        self.ingest.deliver(message, queue, expires, Some(wanted.sender()), completed);
        sequence(stored).await
    }

    /// Counts a message for a device as long as the result exists, if there may be another one.
    fn count_devicebound(&self, device: &ClientId, queue: QueueId) -> Result<Devicebound<'_>, OperationError> {
        let mut incoming = self.devicebound.lock().unwrap_or_else(PoisonError::into_inner);
        let stored: u64 =
            self.store.queues().iter().filter(|status| status.queue == queue).map(|status| status.length).sum();
        let waiting = stored.saturating_add(incoming.get(&queue).copied().unwrap_or(0));
        if waiting >= MOST_DEVICEBOUND {
            return Err(OperationError::Full(format!("{waiting} messages wait for {device}, as many as may wait")));
        }
        *incoming.entry(queue).or_default() += 1;
        Ok(Devicebound { incoming: &self.devicebound, queue })
    }

    async fn known(&self, client: &ClientId) -> Result<(), OperationError> {
        if self.knows(client).await {
            return Ok(());
        }
        Err(OperationError::NotFound(format!("the hub knows no client {client}")))
    }

    /// Holds the queues of a destination back, or lets them go on.
    pub fn pause_queue(&self, queue: QueueId, paused: bool) -> Result<(), OperationError> {
        if paused {
            return self.hold_back(queue, Timestamp(0));
        }
        let destination = self.store.destination(queue).ok_or_else(|| no_queue(queue))?;
        self.paused.resume(queue);
        self.store.deliveries_of(&destination.consumer()).notify_one();
        Ok(())
    }

    /// Delivers what waits for a destination now, although it is held back.
    pub fn drain_queue(&self, queue: QueueId) -> Result<(), OperationError> {
        if self.paused.contains(queue) { self.hold_back(queue, self.clock.now()) } else { Ok(()) }
    }

    fn hold_back(&self, queue: QueueId, but_before: Timestamp) -> Result<(), OperationError> {
        let destination = self.store.destination(queue).ok_or_else(|| no_queue(queue))?;
        self.paused.pause(queue, but_before);
        self.store.deliveries_of(&destination.consumer()).notify_one();
        Ok(())
    }

    /// Removes everything that waits for a destination. Returns the number of deliveries.
    pub async fn clear_queue(&self, queue: QueueId) -> Result<u64, OperationError> {
        self.store.destination(queue).ok_or_else(|| no_queue(queue))?;
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.clear(queue))
            .await
            .map_err(|error| OperationError::Store(error.to_string()))
    }
}

/// A message from the cloud that is being stored.
struct Devicebound<'h> {
    incoming: &'h Mutex<BTreeMap<QueueId, u64>>,
    queue: QueueId,
}

impl Drop for Devicebound<'_> {
    fn drop(&mut self) {
        let mut incoming = self.incoming.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = incoming.get_mut(&self.queue) {
            *count -= 1;
            if *count == 0 {
                incoming.remove(&self.queue);
            }
        }
    }
}

fn no_queue(queue: QueueId) -> OperationError {
    OperationError::NotFound(format!("there is no queue {}", queue.0))
}

/// Reports an outcome to whoever waits for it, if somebody does.
fn send(completed: oneshot::Sender<Outcome>, outcome: Outcome) {
    let _ = completed.send(outcome);
}

async fn sequence(stored: oneshot::Receiver<Outcome>) -> Result<Option<Sequence>, OperationError> {
    match timeout(STORE_TIME, stored).await {
        Ok(Ok(Outcome::Stored(sequence))) => Ok(sequence),
        Ok(Ok(Outcome::TooLarge)) => {
            Err(OperationError::Invalid("the message is larger than the store may be".to_owned()))
        }
        Ok(Ok(Outcome::Failed) | Err(_)) => {
            Err(OperationError::Store("the store failed, the message is lost".to_owned()))
        }
        Err(_) => Err(OperationError::Full(
            "the store is full: free space by having messages received, or drop a queue".to_owned(),
        )),
    }
}
