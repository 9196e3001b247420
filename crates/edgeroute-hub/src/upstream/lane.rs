use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_protocol_core::mqtt::packet::v3_1_1;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::backoff::Backoff;
use super::codec::{Login, Packet};
use super::dial::Dial;
use super::link::{Failure, Link, Progress, REPLY_TIME};
use super::payload::{Publication, Unsendable};
use super::queue::Queue;
use super::status::{Board, State};
use crate::clock::Clock;
use crate::identity::ClientId;
use crate::message::Message;
use crate::metrics::Metrics;
use crate::observe::{Event, Observer};
use crate::outbox::Due;
use crate::store::Removal;

/// The most messages of a lane that are read and not acknowledged.
pub(super) const WINDOW: usize = 64;
/// No more is encoded while this many bytes wait to be written.
const MOST_BUFFERED: usize = 256 * 1024;
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

    /// Takes a message of the server. Whether to acknowledge it now.
    fn receive(&mut self, _message: &v3_1_1::Publish) -> bool {
        true
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
    /// The number of the byte behind it on the connection.
    end: u64,
    /// When the operating system had taken all of it.
    written: Option<Instant>,
}

/// The end of a lane at which messages are put in.
#[derive(Debug)]
pub(super) struct Entrance {
    messages: mpsc::UnboundedSender<Due>,
    held: Arc<AtomicUsize>,
}

impl Entrance {
    /// How many messages the lane takes.
    pub(super) fn room(&self) -> usize {
        WINDOW.saturating_sub(self.held.load(Ordering::Acquire))
    }

    /// Gives the lane a message. It has to have room.
    pub(super) fn give(&self, due: Due) {
        self.held.fetch_add(1, Ordering::AcqRel);
        // A lane ends only when the hub stops. The message stays in the store.
        let _ = self.messages.send(due);
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
    held: Arc<AtomicUsize>,
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
        let held = Arc::new(AtomicUsize::new(0));
        let entrance = Entrance { messages: sender, held: Arc::clone(&held) };
        let lane = Self {
            id,
            peer,
            dial,
            shared,
            control,
            messages,
            held,
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
            if self.peer.idle_time().is_none() || !self.ready.is_empty() || !self.sent.is_empty() {
                return true;
            }
            self.shared.board.set(Some(&self.id), State::Idle);
            tokio::select! {
                due = self.messages.recv() => match due {
                    Some(due) => self.ready.push_back(due),
                    None => return false,
                },
                () = changed(&mut self.control, control) => {}
            }
        }
    }

    fn online(&mut self) {
        self.acknowledged = 0;
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
        self.subscribe(link)?;
        self.send_again(link)?;
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
                Some(time) if self.sent.is_empty() && self.ready.is_empty() => Some(used + time),
                _ => None,
            };
            let until = draining.as_ref().map(|(_, until)| *until);
            let renewal = expires.filter(|_| draining.is_none());
            let late = self.sent.iter().find_map(|sent| sent.written).map(|written| written + REPLY_TIME);
            let deadline = [Some(link.deadline()), late, idle, until, renewal].into_iter().flatten().min();
            tokio::select! {
                progress = link.next(true) => {
                    let is_written = matches!(progress, Progress::Written(_));
                    link.take(progress)?;
                    if is_written {
                        self.note_written(link.written());
                    } else {
                        used = Instant::now();
                        while let Some(packet) = link.packets.pop_front() {
                            self.handle(link, packet)?;
                        }
                    }
                }
                Some(due) = self.messages.recv(), if draining.is_none() => {
                    used = Instant::now();
                    self.ready.push_back(due);
                }
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
                self.drop_due(&in_flight.due, Removal::Dropped);
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

    fn handle(&mut self, link: &mut Link, packet: Packet) -> Result<(), Ending> {
        match packet {
            Packet::Puback(id) => {
                if let Some(index) = self.sent.iter().position(|sent| sent.id == id)
                    && let Some(in_flight) = self.sent.remove(index)
                {
                    self.delivered(&in_flight);
                }
            }
            Packet::Publish(message) => {
                if self.peer.receive(&message)
                    && let Some(id) = message.packet_id()
                {
                    link.send(|codec| codec.puback(id))?;
                }
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
        let message = &due.message;
        tracing::error!(client = %message.sender, "dropped a message for upstream: {error}");
        self.shared.metrics.dropped(error.reason, &message.sender, message.output());
        self.shared.observer.event(Event::Lost {
            sequence: due.entry.sequence,
            destination: due.destination.clone(),
            reason: error.reason,
        });
        self.drop_due(due, Removal::Dropped);
    }

    fn drop_due(&self, due: &Due, why: Removal) {
        self.shared.queue.remove(vec![due.entry], why);
        self.held.fetch_sub(1, Ordering::AcqRel);
        self.shared.room.notify_one();
    }
}

/// Waits until the control differs from what it was. For ever if nobody can change it any more.
async fn changed(control: &mut watch::Receiver<Control>, was: Control) {
    if control.wait_for(|now| *now != was).await.is_err() {
        std::future::pending().await
    }
}
