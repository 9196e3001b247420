//! The server's end of the protocol: the packets of clients, and those that only a server sends.

use std::collections::VecDeque;

use mqtt_protocol_core::mqtt::packet::{GenericPacket, Packet as Any, v3_1_1};
use mqtt_protocol_core::mqtt::result_code::{ConnectReturnCode, SubackReturnCode};
use mqtt_protocol_core::mqtt::role::Server;

use crate::protocol::{Protocol, Violation};

/// A packet from a client.
#[derive(Debug)]
pub(crate) enum Packet {
    Connect(v3_1_1::Connect),
    Publish(v3_1_1::Publish),
    Puback(u16),
    Subscribe(v3_1_1::Subscribe),
    Unsubscribe(v3_1_1::Unsubscribe),
    Ping,
    Disconnect,
}

/// The server's state of the protocol on one connection.
pub(crate) type Codec = Protocol<Server>;

impl Protocol<Server> {
    /// Reads bytes of the client. Appends the packets in them. After an error, the packets before it are valid.
    pub(crate) fn receive(&mut self, bytes: &[u8], packets: &mut VecDeque<Packet>) -> Result<(), Violation> {
        self.read(bytes, |packet| {
            packets.push_back(match packet {
                Any::V3_1_1Connect(packet) => Packet::Connect(packet),
                Any::V3_1_1Publish(packet) => Packet::Publish(packet),
                Any::V3_1_1Puback(packet) => Packet::Puback(packet.packet_id()),
                Any::V3_1_1Subscribe(packet) => Packet::Subscribe(packet),
                Any::V3_1_1Unsubscribe(packet) => Packet::Unsubscribe(packet),
                Any::V3_1_1Pingreq(_) => Packet::Ping,
                Any::V3_1_1Disconnect(_) => Packet::Disconnect,
                _ => return Ok(()),
            });
            Ok(())
        })
    }

    /// Answers CONNECT.
    pub(crate) fn connack(&mut self, code: ConnectReturnCode, session_present: bool) -> Result<(), Violation> {
        let packet = v3_1_1::Connack::builder().return_code(code).session_present(session_present).build();
        self.send(GenericPacket::V3_1_1Connack(packet.map_err(Violation)?))
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

    /// Answers PINGREQ. The library would answer by itself, but not to a client that does not wait for CONNACK.
    pub(crate) fn pingresp(&mut self) -> Result<(), Violation> {
        self.send(GenericPacket::V3_1_1Pingresp(v3_1_1::Pingresp::new()))
    }

    /// Answers UNSUBSCRIBE.
    pub(crate) fn unsuback(&mut self, id: u16) -> Result<(), Violation> {
        let packet = v3_1_1::Unsuback::builder().packet_id(id).build();
        self.send(GenericPacket::V3_1_1Unsuback(packet.map_err(Violation)?))
    }
}
