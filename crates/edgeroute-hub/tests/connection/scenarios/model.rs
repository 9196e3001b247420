//! What a connection must answer, by what was sent on it.

use edgeroute_hub::hub::Hub;
use edgeroute_hub::identity::ClientId;
use edgeroute_hub::ingest::LARGEST_MESSAGE;
use edgeroute_hub::store::QueueId;
use edgeroute_hub::wire::{self, Filter, Inbound};

use super::packet::{self, Packet, Publish, Rest};

/// The most deliveries that a client has not acknowledged.
const WINDOW: usize = 16;

/// What the hub must answer.
#[derive(Clone, Default)]
pub(crate) struct Expected {
    /// Whether the first packet is the CONNECT of the script.
    pub(crate) connects: bool,
    /// The identifiers of PUBACK, in order.
    acknowledged: Vec<u16>,
    /// The identifiers of SUBACK, with the number of codes.
    subscribed: Vec<(u16, usize)>,
    unsubscribed: Vec<u16>,
    pings: usize,
    /// The ids of requests about the twin.
    requests: Vec<String>,
    /// The messages that are routed back to the client, in order.
    deliveries: Vec<Vec<u8>>,
    listens: bool,
    /// Messages for other clients.
    pub(crate) for_others: usize,
    acknowledgements: usize,
    packets: usize,
    bytes: usize,
    pub(crate) verdict: Verdict,
    /// The packet that decides it.
    reason: String,
}

impl std::fmt::Debug for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let deliveries: Vec<_> = self.deliveries.iter().map(Vec::len).collect();
        f.debug_struct("Expected")
            .field("acknowledged", &self.acknowledged.len())
            .field("subscribed", &self.subscribed)
            .field("unsubscribed", &self.unsubscribed)
            .field("pings", &self.pings)
            .field("requests", &self.requests.len())
            .field("deliveries", &deliveries)
            .field("acknowledgements", &self.acknowledgements)
            .field("listens", &self.listens)
            .field("verdict", &self.verdict)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// What happens to the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The hub has no reason to end it.
    #[default]
    Open,
    /// The hub ends it.
    Ends,
    /// The standard leaves it to the hub, so what follows is not looked at.
    Either,
}

/// What a client has sent.
pub(crate) struct Sent<'s> {
    pub(crate) connect: &'s [u8],
    pub(crate) bytes: &'s [u8],
    /// The identifiers of deliveries that it acknowledged, in order.
    pub(crate) acknowledged: &'s [u16],
    /// Bodies of messages from the cloud, in order.
    pub(crate) cloud: &'s [Vec<u8>],
    /// The code of CONNACK. A connection that ends at once may end without.
    pub(crate) connack: Option<u8>,
}

impl Expected {
    /// Finds out what the hub must answer to a client.
    pub(crate) fn of(hub: &Hub, client: &ClientId, own: QueueId, sent: &Sent<'_>) -> Self {
        let mut expected = Self { deliveries: sent.cloud.to_vec(), bytes: sent.bytes.len(), ..Self::default() };
        let (packets, rest) = packet::split(sent.bytes);
        expected.packets = packets.len();
        let mut acknowledged = sent.acknowledged.iter();
        let mut packets = packets.into_iter();
        match packets.next() {
            Some(first) if first.kind == packet::CONNECT => {
                expected.connects = sent.bytes.starts_with(sent.connect);
                if sent.connack.map_or(!expected.connects, |code| code != 0) {
                    expected.verdict = Verdict::Ends;
                    return expected;
                }
            }
            Some(_) => {
                expected.verdict = Verdict::Ends;
                return expected;
            }
            None => {}
        }
        for packet in packets {
            expected.add(hub, client, own, packet, &mut acknowledged);
            if expected.verdict != Verdict::Open {
                expected.reason =
                    format!("{} {} {:?}", packet.kind, packet.flags, packet.body.get(..64).unwrap_or(packet.body));
                return expected;
            }
        }
        if rest == Rest::Malformed {
            expected.verdict = Verdict::Ends;
        }
        expected
    }

    fn add(
        &mut self,
        hub: &Hub,
        client: &ClientId,
        own: QueueId,
        packet: Packet<'_>,
        acknowledged: &mut std::slice::Iter<'_, u16>,
    ) {
        let mut body = packet.body;
        self.verdict = match packet.kind {
            packet::PUBLISH => match Publish::read(packet) {
                Some(Publish { quality: 2 | 3, .. } | Publish { id: Some(0), .. }) | None => Verdict::Ends,
                Some(publish) => {
                    self.publish(hub, client, own, packet, publish);
                    Verdict::Open
                }
            },
            packet::PUBACK => {
                let mut next = acknowledged.clone();
                if packet.flags == 0 && packet.body.len() == 2 && packet::take_number(&mut body) == next.next().copied()
                {
                    *acknowledged = next;
                    self.acknowledgements += 1;
                    Verdict::Open
                } else {
                    Verdict::Either
                }
            }
            packet::SUBSCRIBE | packet::UNSUBSCRIBE => self.filters(client, packet).unwrap_or(Verdict::Ends),
            packet::PINGREQ if packet.flags == 0 && packet.body.is_empty() => {
                self.pings += 1;
                Verdict::Open
            }
            packet::DISCONNECT
            | packet::CONNECT
            | packet::CONNACK
            | packet::SUBACK
            | packet::UNSUBACK
            | packet::PINGRESP
            | 0
            | 15 => Verdict::Ends,
            _ => Verdict::Either,
        };
    }

    fn publish(&mut self, hub: &Hub, client: &ClientId, own: QueueId, packet: Packet<'_>, publish: Publish<'_>) {
        self.acknowledged.extend(publish.id);
        match wire::parse_publish(publish.topic, client) {
            Ok(Inbound::Telemetry(mut bag)) => {
                if packet.flags & 1 == 1 {
                    bag = bag.retained();
                }
                let Ok(message) = wire::telemetry(client, bag, publish.payload.to_vec(), hub.clock.now()) else {
                    return;
                };
                if message.size() > LARGEST_MESSAGE {
                    return;
                }
                for delivery in hub.router.decide(&message).deliveries {
                    if delivery.queue == own {
                        self.deliveries.push(publish.payload.to_vec());
                    } else {
                        self.for_others += 1;
                    }
                }
            }
            Ok(Inbound::TwinGet { rid } | Inbound::TwinReport { rid }) => self.requests.push(rid.to_owned()),
            Ok(Inbound::MethodResponse { .. }) | Err(_) => {}
        }
    }

    /// Reads SUBSCRIBE or UNSUBSCRIBE. Returns `None` if it is malformed.
    fn filters(&mut self, client: &ClientId, packet: Packet<'_>) -> Option<Verdict> {
        let mut body = packet.body;
        let id = packet::take_number(&mut body).filter(|id| *id != 0)?;
        let mut filters = Vec::new();
        while !body.is_empty() {
            let filter = packet::take_text(&mut body)?;
            if packet.kind == packet::SUBSCRIBE {
                let (quality, rest) = body.split_first()?;
                if *quality > 2 {
                    return None;
                }
                body = rest;
            }
            filters.push(filter);
        }
        if filters.is_empty() {
            return None;
        }
        // Reserved bits of the first byte.
        if packet.flags != 2 {
            return Some(Verdict::Either);
        }
        let listens = filters
            .iter()
            .any(|filter| matches!(Filter::parse(filter, client), Some(Filter::Inputs | Filter::Devicebound)));
        if packet.kind == packet::SUBSCRIBE {
            self.subscribed.push((id, filters.len()));
            self.listens |= listens;
        } else {
            self.unsubscribed.push(id);
            self.listens &= !listens;
        }
        Some(Verdict::Open)
    }

    /// Whether the hub has answered everything.
    pub(crate) fn is_met(&self, received: &Received) -> bool {
        let deliverable = self.deliveries.len().min(self.acknowledgements + WINDOW);
        self.acknowledged.len() <= received.acknowledged.len()
            && self.subscribed.len() <= received.subscribed.len()
            && self.unsubscribed.len() <= received.unsubscribed.len()
            && self.pings <= received.pings
            && self.requests.len() <= received.responses.len()
            && (!self.listens || deliverable <= received.deliveries.len())
    }

    /// Checks that the hub has answered nothing but what it must.
    pub(crate) fn check(&self, received: &Received) {
        let prefix = self.acknowledged.len().min(received.acknowledged.len());
        assert_eq!(received.acknowledged[..prefix], self.acknowledged[..prefix], "PUBACK in the order of PUBLISH");
        let prefix = self.deliveries.len().min(received.deliveries.len());
        assert!(received.bodies().take(prefix).eq(self.deliveries[..prefix].iter()), "deliveries in order");
        let most = self.bytes.saturating_mul(6) + (self.packets + 16) * (2_048 + self.bytes.min(70_000));
        assert!(received.bytes <= most, "{} bytes for {}", received.bytes, self.bytes);
        if self.verdict == Verdict::Either {
            return;
        }
        assert!(received.acknowledged.len() <= self.acknowledged.len(), "a PUBACK too many: {self:?} {received:?}");
        assert!(received.deliveries.len() <= self.deliveries.len(), "a delivery too many: {received:?}");
        let with_id = received.deliveries.iter().filter(|(id, _)| id.is_some()).count();
        assert!(with_id <= self.acknowledgements + WINDOW, "more deliveries than fit into the window");
        assert!(received.pings <= self.pings, "a PINGRESP too many: {self:?} {received:?}");
        is_part(&received.subscribed, &self.subscribed);
        is_part(&received.unsubscribed, &self.unsubscribed);
        is_part(&received.responses, &self.requests);
    }
}

/// Checks that each of `some` is one of `all`.
fn is_part<T: Clone + Ord + std::fmt::Debug>(some: &[T], all: &[T]) {
    let mut rest = all.to_vec();
    for one in some {
        let found = rest.iter().position(|other| other == one);
        rest.swap_remove(found.unwrap_or_else(|| panic!("{one:?} is an answer to nothing")));
    }
}

/// What the hub has answered.
#[derive(Clone, Default)]
pub(crate) struct Received {
    /// The code of CONNACK.
    pub(crate) connack: Option<u8>,
    acknowledged: Vec<u16>,
    subscribed: Vec<(u16, usize)>,
    unsubscribed: Vec<u16>,
    pings: usize,
    responses: Vec<String>,
    /// The deliveries with their identifiers, `None` at quality of service 0.
    pub(crate) deliveries: Vec<(Option<u16>, Vec<u8>)>,
    /// Changes of the desired properties, and methods.
    pub(crate) desired: usize,
    pub(crate) methods: usize,
    bytes: usize,
}

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let deliveries: Vec<_> = self.deliveries.iter().map(|(id, body)| (id, body.len())).collect();
        f.debug_struct("Received")
            .field("connack", &self.connack)
            .field("acknowledged", &self.acknowledged.len())
            .field("subscribed", &self.subscribed)
            .field("unsubscribed", &self.unsubscribed)
            .field("pings", &self.pings)
            .field("responses", &self.responses.len())
            .field("deliveries", &deliveries)
            .finish_non_exhaustive()
    }
}

impl Received {
    /// Reads what a client was sent, and checks that each packet is well-formed and for this client.
    pub(crate) fn of(bytes: &[u8], topic: &str) -> Self {
        let (packets, rest) = packet::split(bytes);
        assert_ne!(rest, Rest::Malformed, "what the hub sends is malformed");
        let mut received = Self { bytes: bytes.len(), ..Self::default() };
        for (index, packet) in packets.into_iter().enumerate() {
            assert_eq!(index == 0, packet.kind == packet::CONNACK, "CONNACK comes first and once");
            received.add(packet, topic);
        }
        received
    }

    fn add(&mut self, packet: Packet<'_>, topic: &str) {
        let mut body = packet.body;
        let mut number = || packet::take_number(&mut body).unwrap_or_else(|| panic!("no number in {packet:?}"));
        assert!(packet.kind == packet::PUBLISH || packet.flags == 0, "reserved flags in {packet:?}");
        match packet.kind {
            packet::CONNACK => {
                assert!(matches!(packet.body, [0 | 1, 0] | [0, 1..=5]), "{packet:?}");
                self.connack = packet.body.last().copied();
            }
            packet::PUBACK => {
                self.acknowledged.push(number());
                assert!(body.is_empty(), "{packet:?}");
            }
            packet::SUBACK => {
                self.subscribed.push((number(), body.len()));
                assert!(body.iter().all(|code| matches!(code, 0 | 1 | 0x80)), "{packet:?}");
            }
            packet::UNSUBACK => {
                self.unsubscribed.push(number());
                assert!(body.is_empty(), "{packet:?}");
            }
            packet::PINGRESP => {
                self.pings += 1;
                assert!(packet.body.is_empty(), "{packet:?}");
            }
            packet::PUBLISH => {
                let publish = Publish::read(packet).unwrap_or_else(|| panic!("a malformed PUBLISH: {packet:?}"));
                self.publish(packet, publish, topic);
            }
            _ => panic!("not for a client: {packet:?}"),
        }
    }

    fn publish(&mut self, packet: Packet<'_>, publish: Publish<'_>, topic: &str) {
        let own = ["/inputs/in/", "/messages/devicebound/"];
        if publish.topic.strip_prefix(topic).is_some_and(|rest| own.iter().any(|own| rest.starts_with(own))) {
            assert_eq!(packet.flags, if publish.id.is_some() { 2 } else { 0 }, "{}", publish.topic);
            assert_ne!(publish.id, Some(0), "{}", publish.topic);
            self.deliveries.push((publish.id, publish.payload.to_vec()));
        } else if publish.id.is_some() {
            panic!("`{}` for {topic}", publish.topic);
        } else if let Some(rest) = publish.topic.strip_prefix("$iothub/twin/res/") {
            let rid = rest.split_once("/?$rid=").map(|(_, rid)| rid.split("&$version=").next().unwrap_or_default());
            self.responses.push(rid.unwrap_or_else(|| panic!("no id in `{}`", publish.topic)).to_owned());
        } else if publish.topic.starts_with("$iothub/twin/PATCH/properties/desired/?$version=") {
            self.desired += 1;
        } else if publish.topic.starts_with("$iothub/methods/POST/ping/?$rid=") {
            self.methods += 1;
        } else {
            panic!("`{}` for {topic}", publish.topic);
        }
    }

    fn bodies(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.deliveries.iter().map(|(_, body)| body)
    }
}
