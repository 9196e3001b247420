//! The packets of MQTT 3.1.1 that a client of QoS 0 and 1 needs.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use crate::Result;

/// The longest packet that is read, in bytes. A hub sends no longer ones.
const LONGEST: usize = 1024 * 1024;

/// A packet from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    ConnAck { session_present: bool, code: u8 },
    Publish { duplicate: bool, topic: String, id: Option<u16>, payload: Bytes },
    PubAck { id: u16 },
    SubAck { id: u16, codes: Vec<u8> },
    PingResp,
}

/// Takes the first packet from `inbound`. Returns `None` until all of it is there.
pub(crate) fn take(inbound: &mut BytesMut) -> Result<Option<Packet>> {
    let Some((&first, rest)) = inbound.split_first() else { return Ok(None) };
    let mut length = 0_usize;
    let mut read = 0_usize;
    loop {
        let Some(&byte) = rest.get(read) else { return Ok(None) };
        length |= usize::from(byte & 0x7f) << (7 * read);
        read += 1;
        if byte & 0x80 == 0 {
            break;
        }
        if read == 4 {
            return Err("the remaining length of a packet has more than four bytes".into());
        }
    }
    if length > LONGEST {
        return Err(format!("a packet of {length} bytes: at most {LONGEST} are read").into());
    }
    if rest.len() < read + length {
        return Ok(None);
    }
    inbound.advance(1 + read);
    let mut body = inbound.split_to(length).freeze();
    decode(first, &mut body).map(Some)
}

fn decode(first: u8, body: &mut Bytes) -> Result<Packet> {
    let packet = match (first >> 4, first & 0x0f) {
        (2, 0) => {
            let flags = u8_of(body)?;
            Packet::ConnAck { session_present: flags & 1 == 1, code: u8_of(body)? }
        }
        (3, flags) => {
            let length = usize::from(u16_of(body)?);
            if body.len() < length {
                return Err("a PUBLISH ends within its topic".into());
            }
            let topic = String::from_utf8(body.split_to(length).into())?;
            let id = match (flags >> 1) & 3 {
                0 => None,
                1 => Some(u16_of(body)?),
                quality => return Err(format!("a PUBLISH of QoS {quality}: at most 1 was asked for").into()),
            };
            if id == Some(0) {
                return Err("a PUBLISH has packet identifier 0".into());
            }
            Packet::Publish { duplicate: flags & 8 != 0, topic, id, payload: body.split_to(body.len()) }
        }
        (4, 0) => Packet::PubAck { id: u16_of(body)? },
        (9, 0) => Packet::SubAck { id: u16_of(body)?, codes: body.split_to(body.len()).to_vec() },
        (13, 0) => Packet::PingResp,
        _ => return Err(format!("a packet that a server does not send: first byte {first:#04x}").into()),
    };
    if body.is_empty() { Ok(packet) } else { Err(format!("{} bytes too many in {packet:?}", body.len()).into()) }
}

fn u8_of(body: &mut Bytes) -> Result<u8> {
    body.try_get_u8().map_err(|_| "a packet is too short".into())
}

fn u16_of(body: &mut Bytes) -> Result<u16> {
    body.try_get_u16().map_err(|_| "a packet is too short".into())
}

/// User name and password of a CONNECT.
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// Appends a CONNECT that keeps the session, as the SDKs do. `keep_alive` is in seconds.
pub(crate) fn connect(out: &mut BytesMut, client: &str, credentials: Option<&Credentials>, keep_alive: u16) {
    let mut body = BytesMut::new();
    string(&mut body, "MQTT");
    body.put_u8(4);
    body.put_u8(if credentials.is_some() { 0b1100_0000 } else { 0 });
    body.put_u16(keep_alive);
    string(&mut body, client);
    if let Some(Credentials { user, password }) = credentials {
        string(&mut body, user);
        string(&mut body, password);
    }
    packet(out, 0x10, &[&body]);
}

/// Appends a SUBSCRIBE to one filter at QoS 1.
pub(crate) fn subscribe(out: &mut BytesMut, id: u16, filter: &str) {
    let mut body = BytesMut::new();
    body.put_u16(id);
    string(&mut body, filter);
    body.put_u8(1);
    packet(out, 0x82, &[&body]);
}

/// Appends a PUBLISH of QoS 1.
pub(crate) fn publish(out: &mut BytesMut, id: u16, duplicate: bool, topic: &str, payload: &[u8]) {
    let first = if duplicate { 0x3a } else { 0x32 };
    packet(out, first, &[&length_of(topic), topic.as_bytes(), &id.to_be_bytes(), payload]);
}

/// Appends a PUBACK.
pub(crate) fn puback(out: &mut BytesMut, id: u16) {
    packet(out, 0x40, &[&id.to_be_bytes()]);
}

/// Appends a PINGREQ.
pub(crate) fn ping(out: &mut BytesMut) {
    packet(out, 0xc0, &[]);
}

/// Appends a DISCONNECT.
pub(crate) fn disconnect(out: &mut BytesMut) {
    packet(out, 0xe0, &[]);
}

fn length_of(text: &str) -> [u8; 2] {
    u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes()
}

fn string(body: &mut BytesMut, text: &str) {
    body.put_slice(&length_of(text));
    body.put_slice(text.as_bytes());
}

fn packet(out: &mut BytesMut, first: u8, parts: &[&[u8]]) {
    let mut length: usize = parts.iter().map(|part| part.len()).sum();
    out.reserve(5 + length);
    out.put_u8(first);
    loop {
        let byte = u8::try_from(length % 128).unwrap_or(0);
        length /= 128;
        out.put_u8(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    for part in parts {
        out.put_slice(part);
    }
}
