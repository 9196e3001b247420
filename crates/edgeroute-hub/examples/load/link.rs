//! One connection: packets in, bytes out, at the same time.

use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::Result;
use crate::connect::Stream;
use crate::packet::{self, Packet};

/// Time between two PINGREQ.
const PING: Duration = Duration::from_secs(25);

/// A connection. Packets to send are appended to a buffer that [`Link::step`] writes while it reads.
pub(crate) struct Link {
    read: ReadHalf<Box<dyn Stream>>,
    write: WriteHalf<Box<dyn Stream>>,
    inbound: BytesMut,
    outbound: BytesMut,
    /// Whether something was written but not flushed.
    unflushed: bool,
    ping: Interval,
}

impl Link {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        let (read, write) = split(stream);
        let mut ping = interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self { read, write, inbound: BytesMut::new(), outbound: BytesMut::new(), unflushed: false, ping }
    }

    /// Returns the buffer to which packets are appended. [`Link::step`] and [`Link::flush`] write it.
    pub(crate) fn out(&mut self) -> &mut BytesMut {
        &mut self.outbound
    }

    /// Whether the peer is slower than this client. Nothing should be appended then.
    pub(crate) fn is_congested(&self) -> bool {
        self.outbound.len() > 256 * 1024
    }

    /// Writes and reads until a packet is there or `until` is over, which is `None`.
    ///
    /// Cancel safe: no bytes are lost when the future is dropped.
    pub(crate) async fn step(&mut self, until: Option<Instant>) -> Result<Option<Packet>> {
        loop {
            if let Some(packet) = packet::take(&mut self.inbound)? {
                return Ok(Some(packet));
            }
            let Self { read, write, inbound, outbound, unflushed, ping } = self;
            inbound.reserve(4096);
            tokio::select! {
                count = read.read_buf(inbound) => {
                    if count? == 0 {
                        return Err("the server closes the connection".into());
                    }
                }
                result = drain(write, outbound, unflushed), if !outbound.is_empty() || *unflushed => result?,
                _ = ping.tick() => packet::ping(outbound),
                () = at(until) => return Ok(None),
            }
        }
    }

    /// Waits for a packet.
    pub(crate) async fn next(&mut self) -> Result<Packet> {
        loop {
            if let Some(packet) = self.step(None).await? {
                return Ok(packet);
            }
        }
    }

    /// Takes a packet that has already been read.
    pub(crate) fn buffered(&mut self) -> Result<Option<Packet>> {
        packet::take(&mut self.inbound)
    }

    /// Writes all packets without reading.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        Ok(drain(&mut self.write, &mut self.outbound, &mut self.unflushed).await?)
    }

    /// Sends DISCONNECT and closes the connection.
    pub(crate) async fn close(mut self) -> Result<()> {
        packet::disconnect(&mut self.outbound);
        self.flush().await?;
        Ok(self.write.shutdown().await?)
    }
}

async fn at(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

async fn drain(
    write: &mut WriteHalf<Box<dyn Stream>>,
    outbound: &mut BytesMut,
    unflushed: &mut bool,
) -> std::io::Result<()> {
    while !outbound.is_empty() {
        *unflushed = true;
        let count = write.write(outbound).await?;
        outbound.advance(count);
    }
    write.flush().await?;
    *unflushed = false;
    Ok(())
}
