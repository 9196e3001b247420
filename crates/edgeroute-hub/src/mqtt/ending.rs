use std::fmt;
use std::io;

use mqtt_protocol_core::mqtt::result_code::MqttError;

use crate::clients::CloseReason;
use crate::protocol::Violation;

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The client sent DISCONNECT.
    Disconnect,
    /// The client closed the connection.
    Closed,
    /// The network failed.
    Io(io::Error),
    /// The client broke the protocol.
    Violation(Violation),
    /// The first packet is not CONNECT, or there is a second one.
    NotConnect,
    /// The client sent a message with quality of service 2.
    QualityTwo,
    /// The client was silent for longer than its keep-alive interval admits.
    Silent,
    /// The client does not read what it is sent.
    Stalled,
    /// The client has more messages in flight than it may while the store takes none.
    TooManyUnstored,
    /// Messages of the client could not be stored. Sending them again is up to the client.
    StoreFailed,
    /// The hub ended the connection.
    Hub(CloseReason),
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        // The SDK for Node.js ends TLS without saying so.
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Closed } else { Self::Io(error) }
    }
}

impl From<Violation> for Ending {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnect => f.write_str("the client disconnected"),
            Self::Closed => f.write_str("the client closed the connection"),
            Self::Io(error) => write!(f, "the network failed: {error}"),
            Self::Violation(violation @ Violation(MqttError::PacketTooLarge)) => violation.fmt(f),
            Self::Violation(Violation(error)) => write!(f, "the client breaks the protocol MQTT 3.1.1: {error:?}"),
            Self::NotConnect => f.write_str("the first packet of the client is not CONNECT, or it sent CONNECT twice"),
            Self::QualityTwo => {
                f.write_str("the client sent a message with quality of service 2, which is not supported")
            }
            Self::Silent => f.write_str("the client was silent for longer than its keep-alive interval"),
            Self::Stalled => f.write_str("the client does not read what it is sent"),
            Self::TooManyUnstored => f.write_str("the store takes no messages, and the client has too many in flight"),
            Self::StoreFailed => f.write_str("the store failed, so the messages of the client are not acknowledged"),
            Self::Hub(reason) => f.write_str(reason.as_str()),
        }
    }
}
