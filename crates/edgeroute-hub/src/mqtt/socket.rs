use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use mqtt_protocol_core::mqtt::packet::v3_1_1;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::time::timeout;

use super::codec::{Codec, Packet};
use super::ending::Ending;
use crate::protocol::Violation;

/// Bytes read at a time.
pub(super) const READ_CHUNK: usize = 16 * 1024;

/// The two halves of a connection, with the state of the protocol.
pub(super) struct Socket<S> {
    pub(super) reader: ReadHalf<S>,
    pub(super) writer: WriteHalf<S>,
    pub(super) codec: Codec,
    /// Packets that were read and not handled.
    packets: VecDeque<Packet>,
    /// What follows those packets and breaks the protocol.
    violation: Option<Violation>,
    /// Bytes that were read and not decoded.
    pub(super) input: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket<S> {
    pub(super) fn new(stream: S) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        let (codec, packets, input) = (Codec::new(), VecDeque::new(), BytesMut::new());
        Self { reader, writer, codec, packets, violation: None, input }
    }

    /// Reads until there is a packet, which must be CONNECT.
    pub(super) async fn next_connect(&mut self) -> Result<v3_1_1::Connect, Ending> {
        loop {
            match self.next_packet() {
                Ok(Some(Packet::Connect(connect))) => return Ok(connect),
                Ok(Some(_)) => return Err(Ending::NotConnect),
                Ok(None) => {}
                Err(violation) => {
                    // The answer to a CONNECT that cannot be read, such as one of MQTT 5.
                    let _ = timeout(Duration::from_secs(5), self.flush()).await;
                    return Err(violation);
                }
            }
            self.input.reserve(READ_CHUNK);
            if self.reader.read_buf(&mut self.input).await? == 0 {
                return Err(Ending::Closed);
            }
            self.decode();
        }
    }

    /// Turns the bytes that were read into packets. Must not be called before all earlier packets are handled.
    pub(super) fn decode(&mut self) {
        self.violation = self.codec.receive(&self.input, &mut self.packets).err();
        self.input.clear();
    }

    /// Returns the next packet, or `None` if more has to be read first. Fails where the client breaks the protocol: what
    /// it sent before is handled, above all a DISCONNECT.
    pub(super) fn next_packet(&mut self) -> Result<Option<Packet>, Ending> {
        match (self.packets.pop_front(), self.violation) {
            (Some(packet), _) => Ok(Some(packet)),
            (None, Some(violation)) => Err(violation.into()),
            (None, None) => Ok(None),
        }
    }

    /// Whether there are packets that were read and not handled.
    pub(super) fn has_packets(&self) -> bool {
        !self.packets.is_empty()
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
