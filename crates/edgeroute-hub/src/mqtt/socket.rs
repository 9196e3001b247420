use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use mqtt_protocol_core::mqtt::packet::v3_1_1;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::time::timeout;

use super::codec::{Codec, Packet};
use super::ending::Ending;

/// Bytes read at a time.
pub(super) const READ_CHUNK: usize = 16 * 1024;

/// The two halves of a connection, with the state of the protocol.
pub(super) struct Socket<S> {
    pub(super) reader: ReadHalf<S>,
    pub(super) writer: WriteHalf<S>,
    pub(super) codec: Codec,
    /// Packets that were read and not handled.
    pub(super) packets: VecDeque<Packet>,
    /// Bytes that were read and not decoded.
    pub(super) input: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket<S> {
    pub(super) fn new(stream: S) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self { reader, writer, codec: Codec::server(), packets: VecDeque::new(), input: BytesMut::new() }
    }

    /// Reads until there is a packet, which must be CONNECT.
    pub(super) async fn next_connect(&mut self) -> Result<v3_1_1::Connect, Ending> {
        loop {
            match self.packets.pop_front() {
                Some(Packet::Connect(connect)) => return Ok(connect),
                Some(_) => return Err(Ending::NotConnect),
                None => {}
            }
            self.input.reserve(READ_CHUNK);
            if self.reader.read_buf(&mut self.input).await? == 0 {
                return Err(Ending::Closed);
            }
            if let Err(violation) = self.decode() {
                // The answer to a CONNECT that cannot be read, such as one of MQTT 5.
                let _ = timeout(Duration::from_secs(5), self.flush()).await;
                return Err(violation);
            }
        }
    }

    /// Turns the bytes that were read into packets.
    pub(super) fn decode(&mut self) -> Result<(), Ending> {
        let result = self.codec.receive(&self.input, &mut self.packets);
        self.input.clear();
        result.map_err(Ending::Violation)
    }

    /// Sends all that is to be sent.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let out = self.codec.out();
        while out.has_remaining() {
            self.writer.write_buf(out).await?;
        }
        self.writer.flush().await
    }
}
