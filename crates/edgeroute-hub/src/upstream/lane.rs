use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mqtt_protocol_core::mqtt::packet::v3_1_1;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::backoff::Backoff;
use super::codec::{Login, Packet};
use super::dial::Dial;
use super::downstream::{Acknowledge, Extra, Sender};
use super::link::{Failure, Link, Progress, REPLY_TIME};
use super::payload::{Publication, Unsendable};
use super::queue::Queue;
use super::status::{Board, State};
use crate::clock::Clock;
use crate::identity::ClientId;
use crate::message::Message;
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::outbox::Due;
use crate::store::{Level, QueueId, Removal, Sequence};

/// The most messages of a lane that are read and not acknowledged.
pub(super) const WINDOW: usize = 64;
/// No more messages are encoded while this many bytes wait to be written.
const MOST_BUFFERED: usize = 256 * 1024;
/// Nothing is read while this many bytes wait: a server that sends and does not read gets no more answers. Far above what
/// messages fill, because on a slow link acknowledgements have to be read all the time.
const MOST_ANSWERS: usize = 4 * 1024 * 1024;
/// The most acknowledgements and responses that wait to be encoded.
///
/// More than the packets that are read at a time: what is handled is acknowledged before more is read.
const MOST_EXTRAS: usize = 8_192;
/// A connection that lasted this long was a success, even if nothing was sent.
const SETTLED: Duration = Duration::from_secs(30);
/// How long a stopping hub waits for acknowledgements.
const STOP_TIME: Duration = Duration::from_secs(5);

/// What the operator and the hub want.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Control {
    pub(super) paused: bool,
    pub(super) stopping: bool,
    /// How often a new connection was asked for.
    pub(super) reconnects: u64,
}

/// What all lanes of an upstream share.
#[derive(Debug)]
pub(super) struct Shared<Q> {
    pub(super) queue: Q,
    pub(super) metrics: Arc<Metrics>,
    pub(super) observer: Arc<Observer>,
    pub(super) clock: Clock,
    pub(super) board: Arc<Board>,
    /// Notified when a lane has room again.
    pub(super) room: Arc<Notify>,
}

/// How to log in, and what to say.
pub(super) trait Peer: Send + 'static {
    /// Returns what CONNECT says, and for how long it is valid.
    fn login(&mut self) -> Result<(Login, Option<Duration>), String>;

    /// Makes the publication of a message.
    fn publication<'m>(&self, message: &'m Message) -> Result<Publication<'m>, Unsendable>;

    /// Returns what to subscribe to.
    fn filters(&self) -> Vec<String> {
        Vec::new()
    }

    /// Takes a message of the server. Responses go to `sender`.
    fn receive(&mut self, _message: &v3_1_1::Publish, acknowledge: Acknowledge, _sender: &Sender) {
        acknowledge.now();
    }

    /// The server refused what [`Peer::login`] returned.
    fn refused(&mut self) {}

    /// Whether other lanes take messages of the same queue: then this one gives them back when it is refused.
    fn shares_queue(&self) -> bool {
        false
    }

    /// For how long a connection without use is kept. `None` is for ever, also if there is nothing to send at first.
    fn idle_time(&self) -> Option<Duration> {
        None
    }
}

/// A message that was sent and is not acknowledged.
#[derive(Debug)]
struct InFlight {
    id: u16,
    due: Due,
    /// When it was sent last.
    sent: Instant,
    /// The number of the byte after it on the connection.
    end: u64,
    /// When the operating system had taken all of it.
    written: Option<Instant>,
}

/// The end of a lane at which messages are put in.
#[derive(Debug)]
pub(super) struct Entrance {
    messages: mpsc::UnboundedSender<Due>,
    state: Arc<LaneState>,
}

/// What became of a message that was given to a lane.
#[derive(Debug)]
pub(super) enum Given {
    /// The lane has it, or leaves it in the store for later.
    Taken,
    /// The lane has no room for it.
    Full(Due),
}

/// What a lane and its entrance share.
#[derive(Debug, Default)]
struct LaneState {
    held: Mutex<Held>,
    /// Notified when there is a reason to connect beside messages.
    attention: Notify,
}

#[derive(Debug, Default)]
struct Held {
    /// How many messages the lane has.
    count: usize,
    /// The last message that the lane took of each queue. It has taken all before it, so that it takes none twice when
    /// they are read again for another lane.
    taken: BTreeMap<(QueueId, Level), Sequence>,
    /// Whether the server refuses the client.
    is_refused: bool,
    /// Whether messages were left in the store. Nothing is taken before they are read again, to keep the order.
    has_skipped: bool,
    /// Whether a connection is wanted without messages.
    is_attended: bool,
}

impl LaneState {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entrance {
    /// How many messages the lane has.
    pub(super) fn held(&self) -> usize {
        self.state.held().count
    }

    /// How many messages the lane takes.
    pub(super) fn room(&self) -> usize {
        WINDOW.saturating_sub(self.held())
    }

    /// Gives the lane a message, unless it has it already.
    pub(super) fn give(&self, due: Due) -> Given {
        let mut held = self.state.held();
        if held.is_refused || held.has_skipped {
            if !std::mem::replace(&mut held.has_skipped, true) {
                self.state.attention.notify_one();
            }
            return Given::Taken;
        }
        let queue = (due.entry.queue, due.entry.level);
        if held.taken.get(&queue).is_none_or(|last| *last < due.entry.sequence) {
            if held.count >= WINDOW {
                return Given::Full(due);
            }
            held.count += 1;
            held.taken.insert(queue, due.entry.sequence);
            // A lane ends only when the hub stops. The message stays in the store.
            let _ = self.messages.send(due);
        }
        Given::Taken
    }

    /// Whether the lane left messages in the store and takes them now. Then they have to be read again, from the
    /// beginning.
    pub(super) fn catches_up(&self) -> bool {
        let mut held = self.state.held();
        !held.is_refused && std::mem::take(&mut held.has_skipped)
    }

    /// Wants a connection without messages, or does not any more.
    pub(super) fn attend(&self, is_attended: bool) {
        self.state.held().is_attended = is_attended;
        self.state.attention.notify_one();
    }
}

/// One connection, made anew whenever it fails, and the messages that go through it in order.
pub(super) struct Lane<Q, P> {
    id: ClientId,
    peer: P,
    dial: Arc<dyn Dial>,
    shared: Arc<Shared<Q>>,
    control: watch::Receiver<Control>,
    messages: mpsc::UnboundedReceiver<Due>,
    state: Arc<LaneState>,
    extras: mpsc::Receiver<Extra>,
    sender: Sender,
    /// The number of connections so far.
    connection: u64,
    /// What was read and not sent yet.
    ready: VecDeque<Due>,
    /// What was sent, in that order.
    sent: VecDeque<InFlight>,
    /// Messages acknowledged on the connection.
    acknowledged: u64,
    offline_since: Option<Instant>,
}

/// Why a connection ended.
#[derive(Debug)]
enum Ending {
    Failed(Failure),
    /// The operator or the hub wants something else.
    Controlled,
    /// There is nothing to send.
    Idle,
    /// The token expires soon.
    Renewal,
}

impl<E: Into<Failure>> From<E> for Ending {
    fn from(failure: E) -> Self {
        Self::Failed(failure.into())
    }
}

/// Running.
impl<Q: Queue, P: Peer> Lane<Q, P> {
    /// Makes a lane and its entrance. `id` is the client whose connection it is, in metrics and status.
    pub(super) fn new(
        id: ClientId,
        peer: P,
        dial: Arc<dyn Dial>,
        shared: Arc<Shared<Q>>,
        control: watch::Receiver<Control>,
    ) -> (Self, Entrance) {
        let (sender, messages) = mpsc::unbounded_channel();
        let state = Arc::new(LaneState::default());
        let entrance = Entrance { messages: sender, state: Arc::clone(&state) };
        let (sender, extras) = mpsc::channel(MOST_EXTRAS);
        let lane = Self {
            id,
            peer,
            dial,
            shared,
            control,
            messages,
            state,
            extras,
            sender,
            connection: 0,
            ready: VecDeque::new(),
            sent: VecDeque::new(),
            acknowledged: 0,
            offline_since: None,
        };
        (lane, entrance)
    }

    /// Connects, sends, and connects again until the hub stops.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::default();
        while self.wait_until_wanted().await {
            let attempt = Instant::now();
            self.shared.board.set(Some(&self.id), State::Connecting);
            let control = *self.control.borrow_and_update();
            let opened = match self.peer.login() {
                Err(problem) => Err(Failure::Refused(problem)),
                Ok((login, validity)) => {
                    let dial = Arc::clone(&self.dial);
                    tokio::select! {
                        opened = Link::open(&*dial, &login) => opened.map(|link| (link, validity)),
                        () = changed(&mut self.control, control) => continue,
                    }
                }
            };
            let ending = match opened {
                Err(failure) => Ending::Failed(failure),
                Ok((link, validity)) => {
                    self.online();
                    let ending = self.exchange(link, control, validity.map(|time| attempt + time)).await;
                    // A server that accepts connections, and ends them when something is sent, is no success.
                    if self.acknowledged > 0 || attempt.elapsed() >= SETTLED {
                        backoff.reset();
                    }
                    ending
                }
            };
            let Ending::Failed(failure) = ending else { continue };
            self.offline(&failure);
            if matches!(failure, Failure::Refused(_)) {
                self.peer.refused();
                self.give_back();
            }
            let until = attempt + backoff.next();
            tokio::select! {
                () = sleep_until(until) => self.shared.metrics.retried(&self.id.to_string(), "upstream_connect"),
                () = changed(&mut self.control, control) => backoff.reset(),
            }
        }
    }

    /// Waits until there should be a connection. Returns `false` when the hub stops.
    async fn wait_until_wanted(&mut self) -> bool {
        loop {
            let control = *self.control.borrow_and_update();
            if control.stopping {
                return false;
            }
            if control.paused {
                self.shared.board.set(Some(&self.id), State::Paused);
                if self.control.changed().await.is_err() {
                    return false;
                }
                continue;
            }
            let is_wanted = {
                let held = self.state.held();
                held.has_skipped || held.is_attended
            };
            if is_wanted || self.peer.idle_time().is_none() || !self.ready.is_empty() || !self.sent.is_empty() {
                return true;
            }
            self.shared.board.set(Some(&self.id), State::Idle);
            tokio::select! {
                due = self.messages.recv() => match due {
                    Some(due) => self.ready.push_back(due),
                    None => return false,
                },
                () = self.state.attention.notified() => {}
                () = changed(&mut self.control, control) => {}
            }
        }
    }

    /// Leaves all messages in the store, so that those of other clients do not wait for this one.
    fn give_back(&mut self) {
        if !self.peer.shares_queue() {
            return;
        }
        let mut held = self.state.held();
        held.is_refused = true;
        held.has_skipped |= held.count > 0;
        held.count = 0;
        held.taken.clear();
        while self.messages.try_recv().is_ok() {}
        self.ready.clear();
        self.shared.board.in_flight(self.sent.len(), 0);
        self.sent.clear();
        drop(held);
        self.shared.room.notify_one();
    }

    fn online(&mut self) {
        self.acknowledged = 0;
        self.connection += 1;
        let has_skipped = {
            let mut held = self.state.held();
            held.is_refused = false;
            held.has_skipped
        };
        if has_skipped {
            self.shared.room.notify_one();
        }
        self.shared.board.set(Some(&self.id), State::Online);
        if let Some(since) = self.offline_since.take() {
            self.shared.metrics.back_online(&self.id, since.elapsed());
            tracing::info!(client = %self.id, "upstream is online again");
        } else {
            tracing::info!(client = %self.id, "upstream is online");
        }
    }

    fn offline(&mut self, failure: &Failure) {
        self.shared.board.set(Some(&self.id), State::Offline);
        self.shared.board.failed(failure.to_string());
        if self.offline_since.is_none() {
            self.offline_since = Some(Instant::now());
            self.shared.metrics.went_offline(&self.id);
            tracing::warn!(client = %self.id, "upstream is offline: {failure}");
        } else {
            tracing::info!(client = %self.id, "upstream is still offline: {failure}");
        }
    }
}

/// Exchanging.
impl<Q: Queue, P: Peer> Lane<Q, P> {
    /// Sends messages until the connection ends.
    async fn exchange(&mut self, mut link: Link, control: Control, expires: Option<Instant>) -> Ending {
        match self.try_exchange(&mut link, control, expires).await {
            Ok(never) => match never {},
            Err(Ending::Failed(failure)) => {
                // A stalled connection may never take its last bytes.
                drop(link);
                Ending::Failed(failure)
            }
            Err(ending) => {
                link.close().await;
                ending
            }
        }
    }

    async fn try_exchange(
        &mut self,
        link: &mut Link,
        control: Control,
        expires: Option<Instant>,
    ) -> Result<std::convert::Infallible, Ending> {
        // First, because the messages keep their packet identifiers.
        self.send_again(link)?;
        self.subscribe(link)?;
        let mut used = Instant::now();
        // Why nothing new is sent, and until when acknowledgements are waited for.
        let mut draining: Option<(Ending, Instant)> = None;
        loop {
            match draining.take() {
                Some((ending, until)) if self.sent.is_empty() || until <= Instant::now() => return Err(ending),
                Some(waiting) => draining = Some(waiting),
                None => self.send_ready(link)?,
            }
            let idle = match self.peer.idle_time() {
                Some(time) if self.sent.is_empty() && self.ready.is_empty() && !self.state.held().is_attended => {
                    Some(used + time)
                }
                _ => None,
            };
            let until = draining.as_ref().map(|(_, until)| *until);
            let renewal = expires.filter(|_| draining.is_none());
            let late = self.sent.iter().find_map(|sent| sent.written).map(|written| written + REPLY_TIME);
            let deadline = [Some(link.deadline()), late, idle, until, renewal].into_iter().flatten().min();
            while link.waiting() < MOST_ANSWERS
                && let Ok(extra) = self.extras.try_recv()
            {
                self.send_extra(link, extra)?;
            }
            let may_take = link.waiting() < MOST_ANSWERS;
            tokio::select! {
                progress = link.next(may_take) => {
                    let is_written = matches!(progress, Progress::Written(_));
                    link.take(progress)?;
                    if is_written {
                        self.note_written(link.written());
                    } else {
                        while let Some(packet) = link.packets.pop_front() {
                            if !matches!(packet, Packet::Pingresp) {
                                used = Instant::now();
                            }
                            self.handle(packet)?;
                        }
                    }
                }
                Some(due) = self.messages.recv(), if draining.is_none() => {
                    used = Instant::now();
                    self.ready.push_back(due);
                }
                Some(extra) = self.extras.recv(), if may_take => self.send_extra(link, extra)?,
                () = changed(&mut self.control, control), if draining.is_none() => {
                    if !self.control.borrow().stopping {
                        return Err(Ending::Controlled);
                    }
                    draining = Some((Ending::Controlled, Instant::now() + STOP_TIME));
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)) => {
                    let now = Instant::now();
                    if late.is_some_and(|at| at <= now) {
                        let seconds = REPLY_TIME.as_secs();
                        let text = format!("the server has not acknowledged a message within {seconds} s");
                        return Err(Ending::Failed(Failure::Broken(text)));
                    }
                    link.tick()?;
                    if idle.is_some_and(|at| at <= now) {
                        return Err(Ending::Idle);
                    }
                    if renewal.is_some_and(|at| at <= now) {
                        draining = Some((Ending::Renewal, now + REPLY_TIME));
                    }
                }
            }
        }
    }

    fn send_extra(&self, link: &mut Link, extra: Extra) -> Result<(), Ending> {
        match extra {
            Extra::Puback { connection, id } if connection == self.connection => {
                link.send(|codec| codec.puback(id))?;
            }
            // The server sends the message again on the new connection.
            Extra::Puback { .. } => {}
            Extra::Publish { topic, payload } => link.send(|codec| codec.publish_once(&topic, &payload))?,
        }
        Ok(())
    }

    fn subscribe(&self, link: &mut Link) -> Result<(), Ending> {
        let filters = self.peer.filters();
        if !filters.is_empty() {
            link.send(|codec| codec.subscribe(&filters))?;
        }
        Ok(())
    }

    /// Sends what an earlier connection sent and the server did not acknowledge: in the same order, under the same packet
    /// identifiers, marked as duplicates.
    fn send_again(&mut self, link: &mut Link) -> Result<(), Ending> {
        let now = self.shared.clock.now();
        let all = std::mem::take(&mut self.sent);
        let before = all.len();
        // All of them stay with the lane if one cannot be encoded.
        let mut all = all.into_iter();
        let mut result = Ok(());
        for mut in_flight in all.by_ref() {
            if in_flight.due.entry.expires <= now {
                self.drop_due(&in_flight.due, Removal::Expired);
                continue;
            }
            let message = &in_flight.due.message;
            // It could be made before, so it can be made again.
            let Ok(Publication { topic, payload }) = self.peer.publication(message) else {
                self.drop_due(&in_flight.due, Removal::Undeliverable);
                continue;
            };
            self.shared.metrics.unacknowledged("disconnected", &message.sender, message.output());
            let sent = link.send(|codec| codec.publish_again(in_flight.id, &topic, &payload));
            in_flight.sent = Instant::now();
            in_flight.end = link.end();
            in_flight.written = None;
            self.sent.push_back(in_flight);
            if let Err(violation) = sent {
                result = Err(violation.into());
                break;
            }
        }
        self.sent.extend(all);
        self.shared.board.in_flight(before, self.sent.len());
        result
    }

    /// Sends what was read, as far as window and buffer go.
    fn send_ready(&mut self, link: &mut Link) -> Result<(), Ending> {
        while self.sent.len() < WINDOW && link.waiting() < MOST_BUFFERED {
            let Some(due) = self.ready.pop_front() else { break };
            if due.entry.expires <= self.shared.clock.now() {
                self.drop_due(&due, Removal::Expired);
                continue;
            }
            let Publication { topic, payload } = match self.peer.publication(&due.message) {
                Ok(publication) => publication,
                Err(error) => {
                    self.refuse(&due, &error);
                    continue;
                }
            };
            match link.send(|codec| codec.publish(&topic, &payload)) {
                Ok(id) => {
                    let end = link.end();
                    self.sent.push_back(InFlight { id, due, sent: Instant::now(), end, written: None });
                    self.shared.board.in_flight(0, 1);
                }
                Err(violation) => {
                    self.ready.push_front(due);
                    return Err(violation.into());
                }
            }
        }
        Ok(())
    }

    fn note_written(&mut self, written: u64) {
        let now = Instant::now();
        for sent in self.sent.iter_mut().filter(|sent| sent.written.is_none()) {
            if sent.end > written {
                break;
            }
            sent.written = Some(now);
        }
    }

    fn handle(&mut self, packet: Packet) -> Result<(), Ending> {
        match packet {
            Packet::Puback(id) => {
                if let Some(index) = self.sent.iter().position(|sent| sent.id == id)
                    && let Some(in_flight) = self.sent.remove(index)
                {
                    self.delivered(&in_flight);
                }
            }
            Packet::Publish(message) => {
                let acknowledge = Acknowledge::new(self.connection, message.packet_id(), self.sender.clone());
                self.peer.receive(&message, acknowledge, &self.sender);
            }
            Packet::Suback(granted) => {
                for (filter, _) in self.peer.filters().iter().zip(granted).filter(|(_, granted)| !granted) {
                    tracing::warn!(client = %self.id, "upstream refuses the subscription to `{filter}`");
                }
            }
            Packet::Pingresp => {}
            Packet::Connack(_) => {
                return Err(Ending::Failed(Failure::Broken("the server sent CONNACK twice".to_owned())));
            }
        }
        Ok(())
    }

    fn delivered(&mut self, in_flight: &InFlight) {
        self.acknowledged += 1;
        self.shared.board.in_flight(1, 0);
        self.shared.arrived(&in_flight.due, in_flight.sent.elapsed());
        self.drop_due(&in_flight.due, Removal::Delivered);
    }

    /// Drops a message that no packet can hold.
    fn refuse(&self, due: &Due, error: &Unsendable) {
        tracing::error!(client = %due.message.sender, "dropped a message for upstream: {error}");
        self.drop_due(due, Removal::Undeliverable);
    }

    fn drop_due(&self, due: &Due, why: Removal) {
        self.shared.queue.remove(vec![due.entry], why);
        let mut held = self.state.held();
        held.count = held.count.saturating_sub(1);
        drop(held);
        self.shared.room.notify_one();
    }
}

/// Waits until the control differs from what it was. For ever if nobody can change it any more.
async fn changed(control: &mut watch::Receiver<Control>, was: Control) {
    if control.wait_for(|now| *now != was).await.is_err() {
        std::future::pending::<()>().await;
    }
}
