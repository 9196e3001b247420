//! One connection of a client, from CONNECT to its end.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use mqtt_protocol_core::mqtt::packet::v3_1_1;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Notify, OwnedMutexGuard, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::ending::Ending;
use super::handshake::{self, Accepted};
use super::proof::Proof;
use super::requests::Request;
use super::socket::{READ_CHUNK, Socket};
use crate::clients::{CloseReason, Mailbox, Push, Session};
use crate::clock::Timestamp;
use crate::hub::Hub;
use crate::observe::Event;
use crate::outbox::{Due, Outbox};
use crate::store::{Outcome, Sender, StoreError};
use crate::wire::{Filter, Filters};

/// The most requests about twins of a client that are in progress.
pub(super) const REQUESTS: usize = 16;
/// The most subscriptions of a client that are being stored.
pub(super) const SUBSCRIPTIONS: usize = 16;
/// No more is generated for, or read of, a client that has this many bytes to read.
pub(super) const MOST_BUFFERED: usize = 256 * 1024;
/// A client that reads nothing for this long is disconnected.
const STALL: Duration = Duration::from_secs(60);
/// How long a client may take to send CONNECT.
const CONNECT_TIME: Duration = Duration::from_secs(30);
/// How long the hub tries to send the last bytes of a connection.
pub(super) const LAST_BYTES: Duration = Duration::from_secs(5);

/// Serves one connection, over whatever carries its bytes, until it ends.
pub async fn serve<S>(hub: Arc<Hub>, stream: S, address: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let mut socket = Socket::new(stream);
    let connect = match timeout(CONNECT_TIME, socket.next_connect()).await {
        Ok(Ok(connect)) => connect,
        Ok(Err(ending)) => return tracing::info!(%address, "a connection ended before CONNECT: {ending}"),
        Err(_) => return tracing::info!(%address, "a connection sent no CONNECT within {} s", CONNECT_TIME.as_secs()),
    };
    match handshake::accept(&hub, &connect, address).await {
        Ok(accepted) => run(hub, socket, &connect, accepted, address).await,
        Err(refused) => {
            refused.report(&hub, &connect, address);
            if socket.codec.connack(refused.code(), false).is_ok() {
                let _ = timeout(LAST_BYTES, socket.flush()).await;
            }
        }
    }
}

/// Serves an accepted client, and releases its session afterwards.
async fn run<S>(hub: Arc<Hub>, socket: Socket<S>, connect: &v3_1_1::Connect, accepted: Accepted, address: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let Accepted { session, mailbox, pushes, closing, generation, expires, session_present } = accepted;
    let client = session.client().clone();
    let (responses, responded) = mpsc::channel(REQUESTS);
    let (acknowledge, acknowledged) = mpsc::unbounded_channel();
    let mut connection = Connection {
        socket,
        session: Arc::clone(&session),
        mailbox,
        acknowledge,
        pending: VecDeque::new(),
        first: 0,
        subscribing: 0,
        sender: Arc::default(),
        fetch: None,
        may_have_deliveries: true,
        responses,
        requests: None,
        proof: Proof::default(),
        durable: !connect.clean_session(),
        hub: Arc::clone(&hub),
    };
    let mut sources = Sources { pushes, closing, acknowledged, responded, expires };
    let ending = match connection.begin(session_present) {
        Ok(()) => match connection.exchange(&mut sources).await {
            Ok(never) => match never {},
            Err(ending) => ending,
        },
        Err(ending) => ending,
    };
    if matches!(ending, Ending::Hub(_)) {
        let _ = timeout(LAST_BYTES, connection.finish(&mut sources)).await;
    }
    connection.sender.leave();
    connection.put_outbox_back().await;
    if !matches!(ending, Ending::Disconnect)
        && let (Some(topic), Some(payload)) = (connect.will_topic(), connect.will_payload())
    {
        connection.publish_will(topic, payload);
    }
    if !connection.durable {
        // Before the next connection can take the session.
        session.update(|state| state.filters = Filters::default());
    }
    drop(connection);
    session.update(|state| {
        if state.connection.as_ref().is_some_and(|connection| connection.generation == generation) {
            state.connection = None;
        }
    });
    hub.metrics.disconnected(&client);
    hub.observer.event(Event::Disconnected { client: client.clone(), reason: ending.to_string() });
    tracing::info!(%client, %address, "disconnected: {ending}");
}

/// What a connection waits for beside its socket.
struct Sources {
    pushes: mpsc::Receiver<Push>,
    closing: watch::Receiver<Option<CloseReason>>,
    acknowledged: mpsc::UnboundedReceiver<Stored>,
    responded: mpsc::Receiver<Response>,
    /// When the client's token expires.
    expires: Option<Timestamp>,
}

/// The answer to a request of a client about its twin.
pub(super) struct Response {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
}

/// The outcome of storing something of the client.
pub(super) enum Stored {
    /// The message with this number.
    Message { number: u64, outcome: Outcome },
    /// What a SUBSCRIBE changed, with the answer to it.
    Filters { id: u16, granted: Vec<Option<u8>>, outcome: Outcome },
}

/// What a fetch of deliveries returns: the reader, and what it read.
pub(super) type Fetched = (Outbox, Result<Vec<Due>, StoreError>);

/// The connection of an accepted client.
pub(super) struct Connection<S> {
    pub(super) hub: Arc<Hub>,
    pub(super) socket: Socket<S>,
    pub(super) session: Arc<Session>,
    pub(super) mailbox: OwnedMutexGuard<Mailbox>,
    /// Reports what is stored. Cloned for each message.
    pub(super) acknowledge: mpsc::UnboundedSender<Stored>,
    /// The messages of the client that are not acknowledged, in the order in which they came, because MQTT acknowledges
    /// in that order. Each has its packet identifier, `None` at quality of service 0, and whether it is stored.
    pub(super) pending: VecDeque<(Option<u16>, bool)>,
    /// The number of the first pending message.
    pub(super) first: u64,
    /// The number of subscriptions that are being stored.
    pub(super) subscribing: usize,
    /// Whether the client still waits for what it sent.
    pub(super) sender: Arc<Sender>,
    /// Reading of the client's queues, in progress.
    pub(super) fetch: Option<JoinHandle<Fetched>>,
    /// Whether there may be deliveries that are not read.
    pub(super) may_have_deliveries: bool,
    pub(super) responses: mpsc::Sender<Response>,
    /// Takes requests about the twin, once there was one.
    pub(super) requests: Option<mpsc::Sender<Request>>,
    /// Whether the client has received the last change of its desired properties.
    pub(super) proof: Proof,
    /// Whether the subscriptions outlive the hub.
    pub(super) durable: bool,
}

/// What a connection wakes up for.
enum Wake {
    Read(std::io::Result<usize>),
    Sent(std::io::Result<()>),
    Stored(Stored),
    Push(Option<Push>),
    Response(Option<Response>),
    Fetched(Result<Fetched, tokio::task::JoinError>),
    Deliveries,
    Room,
    Closing,
    Timer,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection<S> {
    /// Answers CONNECT and sends again what the client has not acknowledged.
    fn begin(&mut self, session_present: bool) -> Result<(), Ending> {
        self.socket
            .codec
            .connack(mqtt_protocol_core::mqtt::result_code::ConnectReturnCode::Accepted, session_present)?;
        self.send_again()?;
        self.catch_up();
        Ok(())
    }

    /// Exchanges packets until the connection ends.
    async fn exchange(&mut self, sources: &mut Sources) -> Result<std::convert::Infallible, Ending> {
        let notified = self.notified();
        let mut heard = Instant::now();
        let mut written = Instant::now();
        let expires = sources.expires.map(|at| {
            let millis = at.millis_since(self.hub.clock.now()).min(u64::from(u32::MAX));
            Instant::now() + Duration::from_millis(millis)
        });
        let mut unflushed = false;
        loop {
            self.handle_packets()?;
            self.send_ready()?;
            self.start_fetch();
            let buffered = self.socket.codec.out().len();
            if buffered == 0 && !unflushed {
                written = Instant::now();
            }
            let may_read = self.may_read();
            let has_room = self.has_room();
            let may_generate = buffered < MOST_BUFFERED;
            let may_fetch = self.may_fetch();
            let silence = self.socket.codec.silence().map(|time| heard + time);
            // While a full store stops reading, silence is not the client's fault.
            let mut wake_at = if may_read { silence } else { Some(Instant::now() + Duration::from_secs(1)) };
            let stall = (buffered > 0).then_some(written + STALL);
            for at in [expires, stall].into_iter().flatten() {
                wake_at = Some(wake_at.map_or(at, |other| other.min(at)));
            }
            let Socket { reader, writer, codec, input, .. } = &mut self.socket;
            input.reserve(READ_CHUNK);
            let wake = tokio::select! {
                changed = sources.closing.changed() => { let _ = changed; Wake::Closing }
                Some(stored) = sources.acknowledged.recv() => Wake::Stored(stored),
                result = send_some(writer, codec.out()), if buffered > 0 || unflushed => Wake::Sent(result),
                push = sources.pushes.recv(), if may_generate && has_room => Wake::Push(push),
                response = sources.responded.recv(), if may_generate => Wake::Response(response),
                fetched = joined(&mut self.fetch), if self.fetch.is_some() => Wake::Fetched(fetched),
                () = room(self.requests.as_ref()), if !has_room => Wake::Room,
                () = notified.notified(), if may_fetch => Wake::Deliveries,
                result = reader.read_buf(input), if may_read => Wake::Read(result),
                () = sleep_until(wake_at.unwrap_or(heard)), if wake_at.is_some() => Wake::Timer,
            };
            match wake {
                Wake::Read(Ok(0)) => return Err(Ending::Closed),
                Wake::Read(Ok(_)) => {
                    heard = Instant::now();
                    if let Some(version) = self.proof.heard(heard, buffered == 0 && !unflushed) {
                        self.request(Request::Seen { version });
                    }
                    self.socket.decode();
                }
                Wake::Sent(Ok(())) => {
                    written = Instant::now();
                    // Bytes may still be in the buffers of TLS or of a WebSocket.
                    unflushed = buffered > 0;
                }
                Wake::Read(Err(error)) | Wake::Sent(Err(error)) => return Err(error.into()),
                Wake::Stored(first) => {
                    self.acknowledge(&first)?;
                    while let Ok(next) = sources.acknowledged.try_recv() {
                        self.acknowledge(&next)?;
                    }
                }
                Wake::Push(Some(push)) => self.push(push)?,
                Wake::Push(None) | Wake::Response(None) | Wake::Room => {}
                Wake::Deliveries => self.may_have_deliveries = true,
                Wake::Response(Some(response)) => self.respond(&response)?,
                Wake::Fetched(fetched) => {
                    self.fetch = None;
                    self.fetched(fetched);
                }
                Wake::Closing => {
                    let reason = *sources.closing.borrow();
                    if let Some(reason) = reason {
                        return Err(Ending::Hub(reason));
                    }
                }
                Wake::Timer => {
                    let now = Instant::now();
                    if may_read && silence.is_some_and(|at| at <= now) {
                        return Err(Ending::Silent);
                    }
                    if !may_read {
                        heard = now;
                    }
                    if stall.is_some_and(|at| at <= now) {
                        return Err(Ending::Stalled);
                    }
                    if expires.is_some_and(|at| at <= now) {
                        return Err(Ending::Hub(CloseReason::TokenExpired));
                    }
                }
            }
        }
    }

    /// Waits for the messages that are being stored, and sends the last acknowledgements.
    async fn finish(&mut self, sources: &mut Sources) {
        while !self.pending.is_empty() {
            match sources.acknowledged.recv().await {
                Some(stored) if self.acknowledge(&stored).is_ok() => {}
                _ => break,
            }
        }
        let _ = self.socket.flush().await;
        let _ = self.socket.writer.shutdown().await;
    }

    /// Whether the client takes deliveries.
    pub(super) fn listens(&self) -> bool {
        self.session.listens_to(Filter::Inputs) || self.session.listens_to(Filter::Devicebound)
    }

    /// What is notified when there may be deliveries.
    fn notified(&self) -> Arc<Notify> {
        self.mailbox.outbox.as_ref().map_or_else(Arc::default, Outbox::notified)
    }

    /// Waits for the fetch in progress, so that the next connection has the reader and what it read.
    async fn put_outbox_back(&mut self) {
        if let Some(fetch) = self.fetch.take() {
            let fetched = fetch.await;
            self.fetched(fetched);
        }
    }
}

/// Writes some of the bytes, or flushes if everything is written. May be cancelled without losing or repeating bytes.
async fn send_some(writer: &mut (impl AsyncWrite + Unpin), out: &mut BytesMut) -> std::io::Result<()> {
    if out.is_empty() {
        return writer.flush().await;
    }
    match writer.write_buf(out).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        _ => Ok(()),
    }
}

/// Waits until there is room for a request about the twin.
async fn room(requests: Option<&mpsc::Sender<Request>>) {
    match requests {
        // Fails only if nobody answers requests any more.
        Some(requests) if requests.capacity() == 0 => drop(requests.reserve().await),
        _ => std::future::pending().await,
    }
}

async fn joined(fetch: &mut Option<JoinHandle<Fetched>>) -> Result<Fetched, tokio::task::JoinError> {
    match fetch {
        Some(fetch) => fetch.await,
        None => std::future::pending().await,
    }
}
