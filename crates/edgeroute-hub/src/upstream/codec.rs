use std::collections::VecDeque;
use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{ConnectionOptions, Event};
use mqtt_protocol_core::mqtt::packet::{
    GenericPacket, GenericPacketTrait as _, Packet as Any, Qos, SubEntry, SubOpts, v3_1_1,
};
use mqtt_protocol_core::mqtt::result_code::{ConnectReturnCode, MqttError, SubackReturnCode};
use mqtt_protocol_core::mqtt::{Connection, Version, role};

use crate::config::Secret;

/// The longest packet that is read, in bytes: a body of 256 KiB, and 64 KiB for topic and headers.
const LONGEST_PACKET: u32 = (256 + 64) * 1024;

/// The interval of CONNECT, in seconds: the server ends a connection that is silent for 1.5 times as long.
const KEEP_ALIVE: u16 = 60;

/// What a client says about itself in CONNECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) client_id: String,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    /// Whether the server forgets the session when the connection ends.
    pub(super) clean_session: bool,
}

/// A packet from the server.
#[derive(Debug)]
pub(super) enum Packet {
    Connack(ConnectReturnCode),
    Puback(u16),
    /// Whether each filter was granted.
    Suback(Vec<bool>),
    Publish(v3_1_1::Publish),
    Pingresp,
}

/// The server, or what is to be sent to it, does not follow the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Violation(MqttError);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            MqttError::PacketTooLarge => write!(f, "a packet is longer than {LONGEST_PACKET} bytes"),
            error => write!(f, "the protocol MQTT 3.1.1 does not allow this: {error:?}"),
        }
    }
}

impl Error for Violation {}

/// The client's state of the protocol MQTT 3.1.1 on one connection. Does no input or output.
pub(super) struct Codec {
    connection: Connection<role::Client>,
    out: BytesMut,
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec").field("out", &self.out.len()).finish_non_exhaustive()
    }
}

impl Codec {
    pub(super) fn new() -> Self {
        let options = ConnectionOptions::new().maximum_packet_size_recv(LONGEST_PACKET);
        let mut connection = Connection::with_options(Version::V3_1_1, options);
        connection.set_auto_pub_response(false);
        Self { connection, out: BytesMut::new() }
    }

    /// The bytes to send. Whoever sends them removes them.
    pub(super) const fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }

    /// Reads bytes of the server. Appends the packets in them. After an error, the packets before it are valid.
    pub(super) fn receive(&mut self, bytes: &[u8], packets: &mut VecDeque<Packet>) -> Result<(), Violation> {
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
            Event::NotifyPacketReceived(packet) => packets.push_back(match packet {
                Any::V3_1_1Connack(packet) => Packet::Connack(packet.return_code()),
                Any::V3_1_1Puback(packet) => Packet::Puback(packet.packet_id()),
                Any::V3_1_1Suback(packet) => {
                    let codes = packet.return_codes();
                    Packet::Suback(codes.iter().map(|code| *code != SubackReturnCode::Failure).collect())
                }
                Any::V3_1_1Pingresp(_) => Packet::Pingresp,
                // The library admits the packet identifier 0, which the standard forbids.
                Any::V3_1_1Publish(packet) if packet.packet_id() != Some(0) && packet.qos() != Qos::ExactlyOnce => {
                    Packet::Publish(packet)
                }
                _ => return Err(Violation(MqttError::ProtocolError)),
            }),
            Event::RequestSendPacket { packet, .. } => self.out.extend_from_slice(&packet.to_continuous_buffer()),
            Event::NotifyError(error) => return Err(Violation(error)),
            // Time is kept by the link.
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

    pub(super) fn connect(&mut self, login: &Login) -> Result<(), Violation> {
        let mut packet = v3_1_1::Connect::builder()
            .client_id(login.client_id.as_str())
            .map_err(Violation)?
            .clean_session(login.clean_session)
            .keep_alive(KEEP_ALIVE);
        if let Some(user) = &login.user {
            packet = packet.user_name(user.as_str()).map_err(Violation)?;
        }
        if let Some(password) = &login.password {
            packet = packet.password(password.expose().as_bytes().to_vec()).map_err(Violation)?;
        }
        self.send(GenericPacket::V3_1_1Connect(packet.build().map_err(Violation)?))
    }

    /// Sends a message at quality of service 1 under a new packet identifier, which is returned.
    pub(super) fn publish(&mut self, topic: &str, payload: &[u8]) -> Result<u16, Violation> {
        let id = self.connection.acquire_packet_id().map_err(Violation)?;
        self.publish_with(id, topic, payload, false)?;
        Ok(id)
    }

    /// Sends a message again that an earlier connection sent under this packet identifier.
    pub(super) fn publish_again(&mut self, id: u16, topic: &str, payload: &[u8]) -> Result<(), Violation> {
        self.connection.register_packet_id(id).map_err(Violation)?;
        self.publish_with(id, topic, payload, true)
    }

    /// Sends a message at quality of service 0.
    pub(super) fn publish_once(&mut self, topic: &str, payload: &[u8]) -> Result<(), Violation> {
        let packet = v3_1_1::Publish::builder().topic_name(topic).map_err(Violation)?.payload(payload.to_vec()).build();
        self.send(GenericPacket::V3_1_1Publish(packet.map_err(Violation)?))
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

    /// Acknowledges a message of the server.
    pub(super) fn puback(&mut self, id: u16) -> Result<(), Violation> {
        let packet = v3_1_1::Puback::builder().packet_id(id).build();
        self.send(GenericPacket::V3_1_1Puback(packet.map_err(Violation)?))
    }

    /// Subscribes to filters at quality of service 1.
    pub(super) fn subscribe(&mut self, filters: &[String]) -> Result<(), Violation> {
        let id = self.connection.acquire_packet_id().map_err(Violation)?;
        let options = SubOpts::new().set_qos(Qos::AtLeastOnce);
        let entries: Result<Vec<_>, _> = filters.iter().map(|filter| SubEntry::new(filter.as_str(), options)).collect();
        let packet = v3_1_1::Subscribe::builder().packet_id(id).entries(entries.map_err(Violation)?).build();
        self.send(GenericPacket::V3_1_1Subscribe(packet.map_err(Violation)?))
    }

    pub(super) fn ping(&mut self) -> Result<(), Violation> {
        self.send(GenericPacket::V3_1_1Pingreq(v3_1_1::Pingreq::builder().build().map_err(Violation)?))
    }

    pub(super) fn disconnect(&mut self) -> Result<(), Violation> {
        self.send(GenericPacket::V3_1_1Disconnect(v3_1_1::Disconnect::builder().build().map_err(Violation)?))
    }
}
