use std::collections::VecDeque;

use mqtt_protocol_core::mqtt::packet::{GenericPacket, Packet as Any, Qos, SubEntry, SubOpts, v3_1_1};
use mqtt_protocol_core::mqtt::result_code::{ConnectReturnCode, MqttError, SubackReturnCode};
use mqtt_protocol_core::mqtt::role::Client;

use crate::config::Secret;
use crate::protocol::{Protocol, Violation};

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

/// The client's state of the protocol on one connection.
pub(super) type Codec = Protocol<Client>;

impl Protocol<Client> {
    /// Reads bytes of the server. Appends the packets in them. After an error, the packets before it are valid.
    pub(super) fn receive(&mut self, bytes: &[u8], packets: &mut VecDeque<Packet>) -> Result<(), Violation> {
        self.read(bytes, |packet| {
            packets.push_back(match packet {
                Any::V3_1_1Connack(packet) => Packet::Connack(packet.return_code()),
                Any::V3_1_1Puback(packet) => Packet::Puback(packet.packet_id()),
                Any::V3_1_1Suback(packet) => {
                    let codes = packet.return_codes();
                    Packet::Suback(codes.iter().map(|code| *code != SubackReturnCode::Failure).collect())
                }
                Any::V3_1_1Pingresp(_) => Packet::Pingresp,
                Any::V3_1_1Publish(packet) if packet.qos() != Qos::ExactlyOnce => Packet::Publish(packet),
                _ => return Err(Violation(MqttError::ProtocolError)),
            });
            Ok(())
        })
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

    /// Subscribes to filters at quality of service 1.
    pub(super) fn subscribe(&mut self, filters: &[String]) -> Result<(), Violation> {
        let id = self.new_id()?;
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
