//! Packets of MQTT 3.1.1, written and read by other code than the hub's.

/// The longest packet that the hub reads, in bytes, with its head.
pub(crate) const LONGEST: usize = (256 + 64) * 1024;

pub(crate) const CONNECT: u8 = 1;
pub(crate) const CONNACK: u8 = 2;
pub(crate) const PUBLISH: u8 = 3;
pub(crate) const PUBACK: u8 = 4;
pub(crate) const SUBSCRIBE: u8 = 8;
pub(crate) const SUBACK: u8 = 9;
pub(crate) const UNSUBSCRIBE: u8 = 10;
pub(crate) const UNSUBACK: u8 = 11;
pub(crate) const PINGREQ: u8 = 12;
pub(crate) const PINGRESP: u8 = 13;
pub(crate) const DISCONNECT: u8 = 14;

/// A packet: the parts of its first byte, and what follows its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'b> {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) body: &'b [u8],
}

/// What follows the last whole packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    Part,
    /// A length that is too long.
    Malformed,
}

/// Splits bytes into packets.
pub(crate) fn split(mut bytes: &[u8]) -> (Vec<Packet<'_>>, Rest) {
    let mut packets = Vec::new();
    loop {
        let Some((&first, rest)) = bytes.split_first() else { return (packets, Rest::Nothing) };
        let (mut length, mut head) = (0, 0);
        loop {
            let Some(&byte) = rest.get(head) else { return (packets, Rest::Part) };
            length |= usize::from(byte & 0x7f) << (7 * head);
            head += 1;
            if byte & 0x80 == 0 {
                break;
            }
            if head == 4 {
                return (packets, Rest::Malformed);
            }
        }
        if 1 + head + length > LONGEST {
            return (packets, Rest::Malformed);
        }
        let Some(body) = rest.get(head..head + length) else { return (packets, Rest::Part) };
        packets.push(Packet { kind: first >> 4, flags: first & 0x0f, body });
        bytes = &rest[head + length..];
    }
}

/// Takes a number of two bytes from the front.
pub(crate) fn take_number(bytes: &mut &[u8]) -> Option<u16> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u16::from_be_bytes(*number))
}

/// Takes a text with its length before it from the front.
pub(crate) fn take_text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    let mut rest = *bytes;
    let length = take_number(&mut rest)?.into();
    let (text, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

/// A PUBLISH that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Publish<'b> {
    pub(crate) quality: u8,
    pub(crate) id: Option<u16>,
    pub(crate) topic: &'b str,
    pub(crate) payload: &'b [u8],
}

impl<'b> Publish<'b> {
    /// Reads a packet of this kind. Does not look at the quality of service or the identifier.
    pub(crate) fn read(packet: Packet<'b>) -> Option<Self> {
        let mut body = packet.body;
        let topic = take_text(&mut body)?;
        let quality = packet.flags >> 1 & 3;
        let id = if quality == 0 { None } else { Some(take_number(&mut body)?) };
        Some(Self { quality, id, topic, payload: body })
    }
}

/// Writes a packet.
pub(crate) fn packet(kind: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind << 4 | flags & 0x0f];
    let mut length = body.len();
    loop {
        let byte = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        bytes.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

/// Writes a text with its length before it. What exceeds 64 KiB is cut off.
pub(crate) fn text(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), &text[..length.into()]].concat()
}

/// Writes a PUBLISH. At quality of service 0 the identifier is left out.
pub(crate) fn publish(flags: u8, id: u16, topic: &str, payload: &[u8]) -> Vec<u8> {
    let id = if flags & 0b110 == 0 { Vec::new() } else { id.to_be_bytes().to_vec() };
    packet(PUBLISH, flags, &[&text(topic), &id, payload].concat())
}

/// Writes a PUBACK.
pub(crate) fn puback(id: u16) -> Vec<u8> {
    packet(PUBACK, 0, &id.to_be_bytes())
}

/// Writes a SUBSCRIBE.
pub(crate) fn subscribe(id: u16, filters: &[(String, u8)]) -> Vec<u8> {
    let filters = filters.iter().flat_map(|(filter, quality)| [text(filter), vec![*quality]].concat());
    packet(SUBSCRIBE, 2, &id.to_be_bytes().into_iter().chain(filters).collect::<Vec<_>>())
}

/// Writes an UNSUBSCRIBE.
pub(crate) fn unsubscribe(id: u16, filters: &[String]) -> Vec<u8> {
    let filters = filters.iter().flat_map(text);
    packet(UNSUBSCRIBE, 2, &id.to_be_bytes().into_iter().chain(filters).collect::<Vec<_>>())
}
