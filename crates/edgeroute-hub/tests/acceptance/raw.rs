//! A client that sends literal bytes over TLS and shows which packets come back.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sha2::Sha256;

use crate::hub::{Hub, IOT_HUB};

/// A connection.
pub(crate) struct Raw {
    stream: StreamOwned<ClientConnection, TcpStream>,
    inbound: Vec<u8>,
    /// Packets that came while another one was waited for.
    skipped: VecDeque<Answer>,
}

/// What the server does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A packet: its first byte, and what follows its length.
    Packet(u8, Vec<u8>),
    /// The end of the connection.
    Closed,
    /// Nothing in time.
    Silence,
}

/// Opens a connection over TLS to a port of this machine.
pub(crate) fn tls(hub: &Hub, port: u16) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(hub.root()).expect("the root can be read") {
        roots.add(certificate.expect("PEM")).expect("a certificate");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let stream = TcpStream::connect(("localhost", port)).expect("the hub listens");
    stream.set_nodelay(true).expect("an option of the socket");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("an option of the socket");
    StreamOwned::new(connection, stream)
}

impl Raw {
    /// Opens a connection, and sends nothing but what TLS needs.
    pub(crate) fn open(hub: &Hub) -> Self {
        Self { stream: tls(hub, 8883), inbound: Vec::new(), skipped: VecDeque::new() }
    }

    /// Connects as a module or device, which has to work.
    pub(crate) fn connect(hub: &Hub, id: &str) -> Self {
        let mut raw = Self::open(hub);
        raw.send(&connect(id, &user(id), &token(id, &hub.key(id), 3600)));
        let answer = raw.receive();
        assert!(matches!(&answer, Answer::Packet(0x20, body) if body.get(1) == Some(&0)), "{id}: {answer:?}");
        raw
    }

    /// Sends bytes. The peer may have closed the connection.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).and_then(|()| self.stream.flush());
    }

    /// Waits 10 s for a packet, or for the end.
    pub(crate) fn receive(&mut self) -> Answer {
        self.receive_within(Duration::from_secs(10))
    }

    /// Waits for a packet, or for the end. Those that were skipped come first.
    pub(crate) fn receive_within(&mut self, time: Duration) -> Answer {
        match self.skipped.pop_front() {
            Some(packet) => packet,
            None => self.read_within(time),
        }
    }

    fn read_within(&mut self, time: Duration) -> Answer {
        let end = Instant::now() + time;
        loop {
            if let Some(packet) = self.take() {
                return packet;
            }
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Answer::Silence;
            }
            self.stream.sock.set_read_timeout(Some(rest)).expect("an option of the socket");
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Answer::Closed,
                Ok(count) => self.inbound.extend_from_slice(&buffer[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Answer::Silence;
                }
                Err(_) => return Answer::Closed,
            }
        }
    }

    /// Waits for the end, past all packets. Returns whether it came in time.
    pub(crate) fn closes_within(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            match self.receive_within(end.saturating_duration_since(Instant::now())) {
                Answer::Packet(..) => {}
                Answer::Closed => return true,
                Answer::Silence => return false,
            }
        }
    }

    /// Waits for the PUBACK of a packet. What else comes is kept.
    pub(crate) fn acknowledged(&mut self, id: u16) {
        let wanted = id.to_be_bytes();
        self.until(&format!("PUBACK {id}"), |first, body| first == 0x40 && body == wanted);
    }

    /// Waits for a packet, and keeps those that come before it.
    fn until(&mut self, what: &str, mut wanted: impl FnMut(u8, &[u8]) -> bool) -> Vec<u8> {
        loop {
            match self.read_within(Duration::from_secs(10)) {
                Answer::Packet(first, body) if wanted(first, &body) => return body,
                packet @ Answer::Packet(..) => self.skipped.push_back(packet),
                other => panic!("no {what}: {other:?}"),
            }
        }
    }

    /// Subscribes at QoS 1, and returns the code that is granted.
    pub(crate) fn subscribe(&mut self, id: u16, filter: &str) -> u8 {
        self.send(&subscribe(id, filter, 1));
        *self.until(&format!("SUBACK for {filter}"), |first, _| first == 0x90).last().expect("a code")
    }

    /// Publishes at QoS 1, and waits for the PUBACK.
    pub(crate) fn publish(&mut self, id: u16, topic: &str, body: &[u8]) {
        self.send(&publish(id, topic, body));
        self.acknowledged(id);
    }

    /// Waits for a PUBLISH, acknowledges it, and returns topic and body.
    pub(crate) fn message(&mut self) -> (String, Vec<u8>) {
        loop {
            match self.receive() {
                Answer::Packet(first, body) if first >> 4 == 3 => {
                    let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
                    let topic = String::from_utf8(body[2..2 + length].to_vec()).expect("UTF-8");
                    let rest = &body[2 + length..];
                    if first & 0b110 == 0 {
                        return (topic, rest.to_vec());
                    }
                    self.send(&packet(0x40, &rest[..2]));
                    return (topic, rest[2..].to_vec());
                }
                Answer::Packet(..) => {}
                other => panic!("no PUBLISH: {other:?}"),
            }
        }
    }

    /// Whether nothing comes for this time.
    pub(crate) fn is_silent(&mut self, milliseconds: u64) -> bool {
        self.receive_within(Duration::from_millis(milliseconds)) == Answer::Silence
    }

    fn take(&mut self) -> Option<Answer> {
        let (&first, rest) = self.inbound.split_first()?;
        let mut length = 0;
        let mut read = 0;
        loop {
            let byte = *rest.get(read)?;
            length |= usize::from(byte & 0x7f) << (7 * read);
            read += 1;
            if byte & 0x80 == 0 {
                break;
            }
            assert!(read < 4, "a length of more than four bytes");
        }
        let body = rest.get(read..read + length)?.to_vec();
        self.inbound.drain(..1 + read + length);
        Some(Answer::Packet(first, body))
    }
}

/// Returns the user name of a client, as the SDK for Python writes it.
pub(crate) fn user(id: &str) -> String {
    format!("{IOT_HUB}/{id}/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0%28AGENT%29")
}

/// Returns a token of a client that is valid for `seconds` from now.
pub(crate) fn token(id: &str, key: &str, seconds: i64) -> String {
    token_for(IOT_HUB, id, key, seconds)
}

/// Returns a token for a host.
pub(crate) fn token_for(host: &str, id: &str, key: &str, seconds: i64) -> String {
    let resource = match id.split_once('/') {
        Some((device, module)) => format!("{host}%2Fdevices%2F{device}%2Fmodules%2F{module}"),
        None => format!("{host}%2Fdevices%2F{id}"),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let expiry = i64::try_from(now).expect("a time") + seconds;
    let key = STANDARD.decode(key).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
    mac.update(format!("{resource}\n{expiry}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}")
}

/// Returns a packet.
pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut length = body.len();
    loop {
        let more = length >= 128;
        bytes.push(u8::try_from(length % 128).expect("below 128") | u8::from(more) << 7);
        length /= 128;
        if !more {
            break;
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

/// Returns a text with its length before it.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let mut bytes = u16::try_from(text.len()).expect("at most 64 KiB").to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// Returns the CONNECT that both SDKs send: MQTT 3.1.1, user name, password, session kept, no will, 60 s.
pub(crate) fn connect(id: &str, user: &str, password: &str) -> Vec<u8> {
    let head: &[u8] = b"\x00\x04MQTT\x04\xc0\x00\x3c";
    packet(0x10, &[head, &text(id), &text(user), &text(password)].concat())
}

/// Returns a SUBSCRIBE of one filter.
pub(crate) fn subscribe(id: u16, filter: &str, quality: u8) -> Vec<u8> {
    packet(0x82, &[&id.to_be_bytes(), text(filter).as_slice(), &[quality]].concat())
}

/// Returns a PUBLISH of QoS 1.
pub(crate) fn publish(id: u16, topic: &str, body: &[u8]) -> Vec<u8> {
    packet(0x32, &[text(topic).as_slice(), &id.to_be_bytes(), body].concat())
}
