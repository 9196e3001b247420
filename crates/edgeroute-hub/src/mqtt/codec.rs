//! The protocol MQTT 3.1.1, by `mqtt-protocol-core`: bytes in, packets out, and the other way round.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::BytesMut;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{ConnectionOptions, Event, TimerKind};
use mqtt_protocol_core::mqtt::packet::{GenericPacket, GenericPacketTrait as _, Packet as Any, Qos, v3_1_1};
use mqtt_protocol_core::mqtt::result_code::{ConnectReturnCode, MqttError, SubackReturnCode};
use mqtt_protocol_core::mqtt::{Connection, Version, role};

/// The longest packet, in bytes: a body of 256 KiB, and 64 KiB for topic and headers.
pub(crate) const LONGEST_PACKET: u32 = (256 + 64) * 1024;

/// A packet from a client.
#[derive(Debug)]
pub(crate) enum Packet {
    Connect(v3_1_1::Connect),
    Publish(v3_1_1::Publish),
    Puback(u16),
    Subscribe(v3_1_1::Subscribe),
    Unsubscribe(v3_1_1::Unsubscribe),
    Disconnect,
}

/// A client broke the protocol, so the connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Violation(MqttError);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            MqttError::PacketTooLarge => write!(f, "a packet is longer than {LONGEST_PACKET} bytes"),
            error => write!(f, "the client breaks the protocol MQTT 3.1.1: {error:?}"),
        }
    }
}

impl Error for Violation {}

/// The state of the protocol on one connection. Does no input or output.
pub(crate) struct Codec {
    connection: Connection<role::Server>,
    keep_alive: Option<Duration>,
    out: BytesMut,
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec").field("keep_alive", &self.keep_alive).finish_non_exhaustive()
    }
}

impl Codec {
    pub(crate) fn new() -> Self {
        let options = ConnectionOptions::new().maximum_packet_size_recv(LONGEST_PACKET);
        let mut connection = Connection::with_options(Version::V3_1_1, options);
        connection.set_auto_pub_response(false);
        connection.set_auto_ping_response(true);
        Self { connection, keep_alive: None, out: BytesMut::new() }
    }

    /// The bytes to send. Whoever sends them removes them.
    pub(crate) const fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }

    /// The longest silence of the client: 1.5 times the interval of its CONNECT. `None` if it gave none.
    pub(crate) const fn keep_alive(&self) -> Option<Duration> {
        self.keep_alive
    }

    /// Reads bytes of the client. Appends the packets in them. After an error, the packets before it are valid.
    pub(crate) fn receive(&mut self, bytes: &[u8], packets: &mut VecDeque<Packet>) -> Result<(), Violation> {
        let mut cursor = Cursor::new(bytes);
        while cursor.position() < bytes.len() as u64 {
            for event in self.connection.recv(&mut cursor) {
                self.handle(event, packets)?;
            }
        }
        Ok(())
    }

    fn handle(&mut self, event: Event, packets: &mut VecDeque<Packet>) -> Result<(), Violation> {
        match event {
            Event::NotifyPacketReceived(packet) => match packet {
                Any::V3_1_1Connect(packet) => packets.push_back(Packet::Connect(packet)),
                // The library admits the packet identifier 0, which the standard forbids.
                Any::V3_1_1Publish(packet) if packet.packet_id() == Some(0) => {
                    return Err(Violation(MqttError::PacketIdentifierInvalid));
                }
                Any::V3_1_1Publish(packet) => packets.push_back(Packet::Publish(packet)),
                Any::V3_1_1Puback(packet) => packets.push_back(Packet::Puback(packet.packet_id())),
                Any::V3_1_1Subscribe(packet) => packets.push_back(Packet::Subscribe(packet)),
                Any::V3_1_1Unsubscribe(packet) => packets.push_back(Packet::Unsubscribe(packet)),
                Any::V3_1_1Disconnect(_) => packets.push_back(Packet::Disconnect),
                _ => {}
            },
            Event::RequestSendPacket { packet, .. } => self.out.extend_from_slice(&packet.to_continuous_buffer()),
            Event::RequestTimerReset { kind: TimerKind::PingreqRecv, duration_ms } => {
                self.keep_alive = Some(Duration::from_millis(duration_ms));
            }
            Event::NotifyError(error) => return Err(Violation(error)),
            Event::RequestClose
            | Event::NotifyPacketIdReleased(_)
            | Event::RequestTimerReset { .. }
            | Event::RequestTimerCancel(_) => {}
        }
        Ok(())
    }

    fn send(&mut self, packet: Any) -> Result<(), Violation> {
        let mut none = VecDeque::new();
        for event in self.connection.send(packet) {
            self.handle(event, &mut none)?;
        }
        Ok(())
    }

    /// Answers CONNECT.
    pub(crate) fn connack(&mut self, code: ConnectReturnCode, session_present: bool) -> Result<(), Violation> {
        let packet = v3_1_1::Connack::builder().return_code(code).session_present(session_present).build();
        self.send(GenericPacket::V3_1_1Connack(packet.map_err(Violation)?))
    }

    /// Acknowledges a message of the client.
    pub(crate) fn puback(&mut self, id: u16) -> Result<(), Violation> {
        let packet = v3_1_1::Puback::builder().packet_id(id).build();
        self.send(GenericPacket::V3_1_1Puback(packet.map_err(Violation)?))
    }

    /// Answers SUBSCRIBE: for each filter the quality of service, or `None` where it is refused.
    pub(crate) fn suback(&mut self, id: u16, granted: &[Option<u8>]) -> Result<(), Violation> {
        let codes = granted
            .iter()
            .map(|quality| match quality {
                None => SubackReturnCode::Failure,
                Some(0) => SubackReturnCode::SuccessMaximumQos0,
                Some(_) => SubackReturnCode::SuccessMaximumQos1,
            })
            .collect();
        let packet = v3_1_1::Suback::builder().packet_id(id).return_codes(codes).build();
        self.send(GenericPacket::V3_1_1Suback(packet.map_err(Violation)?))
    }

    /// Answers UNSUBSCRIBE.
    pub(crate) fn unsuback(&mut self, id: u16) -> Result<(), Violation> {
        let packet = v3_1_1::Unsuback::builder().packet_id(id).build();
        self.send(GenericPacket::V3_1_1Unsuback(packet.map_err(Violation)?))
    }

    /// Sends a message at quality of service 0.
    pub(crate) fn publish_once(&mut self, topic: &str, payload: &[u8]) -> Result<(), Violation> {
        let packet = v3_1_1::Publish::builder().topic_name(topic).map_err(Violation)?.payload(payload.to_vec()).build();
        self.send(GenericPacket::V3_1_1Publish(packet.map_err(Violation)?))
    }

    /// Sends a message at quality of service 1 under a new packet identifier, which is returned.
    pub(crate) fn publish(&mut self, topic: &str, payload: &[u8]) -> Result<u16, Violation> {
        let id = self.connection.acquire_packet_id().map_err(Violation)?;
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
