//! The protocol MQTT 3.1.1, by `mqtt-protocol-core`, as both ends have it: bytes in, packets out, and the other way
//! round. The server of this hub and its connections upstream add what only their end sends.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::BytesMut;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{ConnectionOptions, Event, TimerKind};
use mqtt_protocol_core::mqtt::packet::{GenericPacket, GenericPacketTrait as _, Packet, Qos, v3_1_1};
use mqtt_protocol_core::mqtt::result_code::MqttError;
use mqtt_protocol_core::mqtt::role::RoleType;
use mqtt_protocol_core::mqtt::{Connection, Version};

/// The longest packet that is read, in bytes: a body of 256 KiB, and 64 KiB for topic and headers.
const LONGEST_PACKET: u32 = (256 + 64) * 1024;

/// The peer, or what is to be sent to it, does not follow the protocol, so the connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Violation(pub(crate) MqttError);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            MqttError::PacketTooLarge => write!(f, "a packet is longer than {LONGEST_PACKET} bytes"),
            error => write!(f, "the protocol MQTT 3.1.1 does not allow this: {error:?}"),
        }
    }
}

impl Error for Violation {}

/// The state of the protocol on one connection. Does no input or output.
pub(crate) struct Protocol<R: RoleType> {
    connection: Connection<R>,
    silence: Option<Duration>,
    out: BytesMut,
}

impl<R: RoleType> fmt::Debug for Protocol<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protocol").field("out", &self.out.len()).finish_non_exhaustive()
    }
}

impl<R: RoleType> Protocol<R> {
    pub(crate) fn new() -> Self {
        let options = ConnectionOptions::new().maximum_packet_size_recv(LONGEST_PACKET);
        let mut connection = Connection::with_options(Version::V3_1_1, options);
        connection.set_auto_pub_response(false);
        Self { connection, silence: None, out: BytesMut::new() }
    }

    /// The bytes to send. Whoever sends them removes them.
    pub(crate) const fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }

    /// The longest silence of the peer: 1.5 times the interval of its CONNECT. `None` if it gave none.
    pub(crate) const fn silence(&self) -> Option<Duration> {
        self.silence
    }

    /// Reads bytes of the peer, and calls a function with each packet in them. After an error, the packets before it are
    /// valid.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        mut packet: impl FnMut(Packet) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        let mut cursor = Cursor::new(bytes);
        while cursor.position() < bytes.len() as u64 {
            for event in self.connection.recv(&mut cursor) {
                self.handle(event, &mut packet)?;
            }
        }
        Ok(())
    }

    pub(crate) fn send(&mut self, packet: Packet) -> Result<(), Violation> {
        for event in self.connection.send(packet) {
            self.handle(event, &mut |_| Ok(()))?;
        }
        Ok(())
    }

    fn handle(
        &mut self,
        event: Event,
        packet: &mut dyn FnMut(Packet) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        match event {
            // The library admits the packet identifier 0, which the standard forbids.
            Event::NotifyPacketReceived(received) if id(&received) == Some(0) => {
                return Err(Violation(MqttError::PacketIdentifierInvalid));
            }
            Event::NotifyPacketReceived(received) => packet(received)?,
            Event::RequestSendPacket { packet, .. } => self.out.extend_from_slice(&packet.to_continuous_buffer()),
            Event::RequestTimerReset { kind: TimerKind::PingreqRecv, duration_ms } => {
                self.silence = Some(Duration::from_millis(duration_ms));
            }
            Event::NotifyError(error) => return Err(Violation(error)),
            // The owner of the connection keeps the time.
            Event::RequestClose
            | Event::NotifyPacketIdReleased(_)
            | Event::RequestTimerReset { .. }
            | Event::RequestTimerCancel(_) => {}
        }
        Ok(())
    }

    /// Returns a packet identifier that is not in use.
    pub(crate) fn new_id(&mut self) -> Result<u16, Violation> {
        self.connection.acquire_packet_id().map_err(Violation)
    }

    /// Acknowledges a message of the peer.
    pub(crate) fn puback(&mut self, id: u16) -> Result<(), Violation> {
        let packet = v3_1_1::Puback::builder().packet_id(id).build();
        self.send(GenericPacket::V3_1_1Puback(packet.map_err(Violation)?))
    }

    /// Sends a message at quality of service 0.
    pub(crate) fn publish_once(&mut self, topic: &str, payload: &[u8]) -> Result<(), Violation> {
        let packet = v3_1_1::Publish::builder().topic_name(topic).map_err(Violation)?.payload(payload.to_vec()).build();
        self.send(GenericPacket::V3_1_1Publish(packet.map_err(Violation)?))
    }

    /// Sends a message at quality of service 1 under a new packet identifier, which is returned.
    pub(crate) fn publish(&mut self, topic: &str, payload: &[u8]) -> Result<u16, Violation> {
        let id = self.new_id()?;
        self.publish_with(id, topic, payload, false)?;
        Ok(id)
    }

    /// Sends a message again that an earlier connection sent under this packet identifier.
    pub(crate) fn publish_again(&mut self, id: u16, topic: &str, payload: &[u8]) -> Result<(), Violation> {
        self.connection.register_packet_id(id).map_err(Violation)?;
        self.publish_with(id, topic, payload, true)
    }

    fn publish_with(&mut self, id: u16, topic: &str, payload: &[u8], again: bool) -> Result<(), Violation> {
        let packet = v3_1_1::Publish::builder()
            .topic_name(topic)
            .map_err(Violation)?
            .qos(Qos::AtLeastOnce)
            .packet_id(id)
            .dup(again)
            .payload(payload.to_vec())
            .build();
        self.send(GenericPacket::V3_1_1Publish(packet.map_err(Violation)?))
    }
}

/// The packet identifier that a peer has chosen, if the packet has one.
fn id(packet: &Packet) -> Option<u16> {
    match packet {
        Packet::V3_1_1Publish(packet) => packet.packet_id(),
        Packet::V3_1_1Subscribe(packet) => Some(packet.packet_id()),
        Packet::V3_1_1Unsubscribe(packet) => Some(packet.packet_id()),
        _ => None,
    }
}
