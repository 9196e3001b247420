use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use mqtt_protocol_core::mqtt::result_code::ConnectReturnCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::time::{Instant, timeout};

use super::codec::{Codec, Login, Packet};
use super::dial::{AnyStream, Dial};
use crate::protocol::Violation;

/// How long it may take from the look-up of the name to CONNACK.
pub(super) const OPEN_TIME: Duration = Duration::from_secs(30);
/// How long the server may take to acknowledge what was sent, and to take more.
pub(super) const REPLY_TIME: Duration = Duration::from_secs(20);
/// The interval of PINGREQ.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long the last bytes may take.
const LAST_BYTES: Duration = Duration::from_secs(2);
/// Bytes read at a time.
const READ_CHUNK: usize = 16 * 1024;

/// Why a connection failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server refuses the client, or there is nothing to log in with. Others may be accepted.
    Refused(String),
    /// Anything else.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(text) | Self::Broken(text) => f.write_str(text),
        }
    }
}

impl From<Violation> for Failure {
    fn from(violation: Violation) -> Self {
        Self::Broken(violation.to_string())
    }
}

/// A connection that the server accepted.
///
/// A connection that looks open may be dead: the other end vanished, or something on the way swallows packets. So bytes
/// that are not taken, and a PINGREQ that is not answered, within [`REPLY_TIME`] end it.
pub(super) struct Link {
    reader: ReadHalf<AnyStream>,
    writer: WriteHalf<AnyStream>,
    codec: Codec,
    input: BytesMut,
    pub(super) packets: VecDeque<Packet>,
    /// Bytes that the operating system took.
    written: u64,
    /// Whether bytes were written and not flushed.
    dirty: bool,
    /// When bytes were taken last, or since when there are some to take.
    progress: Instant,
    ping: Ping,
}

#[derive(Clone, Copy, Debug)]
enum Ping {
    /// The next one is due then.
    Due(Instant),
    /// One waits to be written: up to this byte.
    Queued(u64),
    /// One was sent, and an answer is expected until then.
    Sent(Instant),
}

/// What a link woke up for.
pub(super) enum Progress {
    Read(io::Result<usize>),
    Written(io::Result<()>),
}

impl Link {
    /// Connects and logs in.
    pub(super) async fn open(dial: &dyn Dial, login: &Login) -> Result<Self, Failure> {
        match timeout(OPEN_TIME, Self::try_open(dial, login)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Broken(format!("no connection within {} s", OPEN_TIME.as_secs()))),
        }
    }

    async fn try_open(dial: &dyn Dial, login: &Login) -> Result<Self, Failure> {
        let stream = dial.dial().await.map_err(Failure::Broken)?;
        let (reader, writer) = tokio::io::split(stream);
        let now = Instant::now();
        let mut link = Self {
            reader,
            writer,
            codec: Codec::new(),
            input: BytesMut::new(),
            packets: VecDeque::new(),
            written: 0,
            dirty: false,
            progress: now,
            ping: Ping::Due(now + PING_INTERVAL),
        };
        link.codec.connect(login)?;
        loop {
            match link.packets.pop_front() {
                Some(Packet::Connack(ConnectReturnCode::Accepted)) => return Ok(link),
                Some(Packet::Connack(code)) => return Err(refusal(code)),
                Some(_) => return Err(Failure::Broken("the server did not begin with CONNACK".to_owned())),
                None => {
                    let progress = link.next(true).await;
                    link.take(progress)?;
                }
            }
        }
    }

    /// Waits until bytes were read or written. Cancelling loses nothing.
    pub(super) async fn next(&mut self, may_read: bool) -> Progress {
        let Self { reader, writer, codec, input, dirty, .. } = self;
        let out = codec.out();
        let may_write = out.has_remaining() || *dirty;
        let before = out.remaining();
        let write = async {
            if out.has_remaining() {
                writer.write_buf(out).await.and_then(|count| match count {
                    0 => Err(io::ErrorKind::WriteZero.into()),
                    _ => Ok(()),
                })
            } else {
                writer.flush().await
            }
        };
        input.reserve(READ_CHUNK);
        let progress = tokio::select! {
            read = reader.read_buf(input), if may_read => Progress::Read(read),
            result = write, if may_write => Progress::Written(result),
            else => std::future::pending().await,
        };
        if let Progress::Written(Ok(())) = &progress {
            let count = before - out.remaining();
            *dirty = count > 0;
            self.written += count as u64;
        }
        progress
    }

    /// Takes what [`Link::next`] returned: turns bytes into packets.
    pub(super) fn take(&mut self, progress: Progress) -> Result<(), Failure> {
        let broken = |error: io::Error| Failure::Broken(format!("the connection broke: {error}"));
        let now = Instant::now();
        match progress {
            Progress::Read(result) => {
                if result.map_err(broken)? == 0 {
                    return Err(Failure::Broken("the server closed the connection".to_owned()));
                }
                // Whatever arrives shows that the other end is there.
                if matches!(self.ping, Ping::Sent(_)) {
                    self.ping = Ping::Due(now + PING_INTERVAL);
                }
                let result = self.codec.receive(&self.input, &mut self.packets);
                self.input.clear();
                result?;
            }
            Progress::Written(result) => {
                result.map_err(broken)?;
                self.progress = now;
                if let Ping::Queued(end) = self.ping
                    && end <= self.written
                {
                    self.ping = Ping::Sent(now + REPLY_TIME);
                }
            }
        }
        Ok(())
    }

    /// Bytes that were written.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// Bytes that wait to be written.
    pub(super) fn waiting(&mut self) -> usize {
        self.codec.out().remaining()
    }

    /// The number of the byte after the last one to be written.
    pub(super) fn end(&mut self) -> u64 {
        self.written + self.waiting() as u64
    }

    /// Adds something to what waits to be written.
    pub(super) fn send<R>(&mut self, add: impl FnOnce(&mut Codec) -> Result<R, Violation>) -> Result<R, Violation> {
        if self.waiting() == 0 {
            self.progress = Instant::now();
        }
        add(&mut self.codec)
    }

    /// When [`Link::tick`] has something to do.
    pub(super) fn deadline(&mut self) -> Instant {
        let ping = match self.ping {
            Ping::Due(at) | Ping::Sent(at) => Some(at),
            Ping::Queued(_) => None,
        };
        let stall = (self.waiting() > 0 || self.dirty).then(|| self.progress + REPLY_TIME);
        [ping, stall].into_iter().flatten().min().unwrap_or_else(|| Instant::now() + PING_INTERVAL)
    }

    /// Sends PINGREQ when it is time, and notices a dead connection.
    pub(super) fn tick(&mut self) -> Result<(), Failure> {
        let now = Instant::now();
        let seconds = REPLY_TIME.as_secs();
        if (self.waiting() > 0 || self.dirty) && self.progress + REPLY_TIME <= now {
            return Err(Failure::Broken(format!("the server has read nothing for {seconds} s")));
        }
        match self.ping {
            Ping::Due(at) if at <= now => {
                self.send(Codec::ping)?;
                self.ping = Ping::Queued(self.end());
                Ok(())
            }
            Ping::Sent(at) if at <= now => {
                Err(Failure::Broken(format!("the server has not answered PINGREQ within {seconds} s")))
            }
            _ => Ok(()),
        }
    }

    /// Says goodbye, as far as the server still reads.
    pub(super) async fn close(mut self) {
        if self.codec.disconnect().is_err() {
            return;
        }
        let _ = timeout(LAST_BYTES, async {
            let out = self.codec.out();
            while out.has_remaining() {
                if self.writer.write_buf(out).await? == 0 {
                    break;
                }
            }
            self.writer.shutdown().await
        })
        .await;
    }
}

/// Returns what a CONNACK with a code other than 0 means.
fn refusal(code: ConnectReturnCode) -> Failure {
    let refused = |text: &str| Failure::Refused(text.to_owned());
    match code {
        ConnectReturnCode::UnacceptableProtocolVersion => refused("the server does not speak MQTT 3.1.1 (CONNACK 1)"),
        ConnectReturnCode::IdentifierRejected => refused("the server does not accept the client id (CONNACK 2)"),
        ConnectReturnCode::BadUserNameOrPassword => {
            refused("the server does not accept the user name or password (CONNACK 4)")
        }
        ConnectReturnCode::NotAuthorized => refused("the server does not authorize the client (CONNACK 5)"),
        ConnectReturnCode::ServerUnavailable | ConnectReturnCode::Accepted => {
            Failure::Broken("the server is not available at the moment (CONNACK 3)".to_owned())
        }
    }
}
