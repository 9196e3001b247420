//! What a client does on one connection, made of choices.

use edgeroute_testkit::cases::Choices;

use super::packet;

/// Who connects.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    /// The client's id.
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) token: String,
}

impl Credentials {
    /// The topic of everything that is about the client alone.
    pub(crate) fn topic(&self) -> String {
        format!("devices/{}", self.id.replace('/', "/modules/"))
    }
}

/// What a client does, from opening its connection to the end.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) is_module: bool,
    /// The bytes that fit between the two ends.
    pub(crate) buffer: usize,
    /// Whether the client reads only when it cannot write, or when it has nothing to write.
    pub(crate) reads_late: bool,
    /// Whether the client acknowledges what it receives.
    pub(crate) acknowledges: bool,
    /// The CONNECT with which the client is accepted.
    pub(crate) connect: Vec<u8>,
    /// The client waits for all answers after each of them.
    pub(crate) phases: Vec<Phase>,
    pub(crate) end: End,
}

/// What happens, and what is sent then.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) action: Option<Action>,
    pub(crate) bytes: Vec<u8>,
    /// The bytes that are written at a time.
    pub(crate) chunk: usize,
}

/// What others do meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Change the desired properties of the client.
    Desire,
    /// Invoke a method of the client.
    Invoke,
    /// Send the client a message from the cloud, which works for devices.
    Send,
}

/// How the connection ends, if the hub has not ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client closes its side, and reads on.
    Close,
    /// The client goes without a word.
    Drop,
    /// The client says nothing any more.
    Silence,
    /// An operator ends the connection.
    Operator,
}

/// The most phases.
const PHASES: usize = 6;
/// The most packets of a phase.
const PACKETS: usize = 24;
/// The most bytes of a phase.
const BYTES: usize = 1024 * 1024;

impl Script {
    /// Makes the script of a client that sends bytes with its CONNECT and closes the connection.
    pub(crate) fn at_once(who: &Credentials, bytes: &[u8]) -> Self {
        let mut maker = Maker { who, choices: Choices::of(&[]), next_id: 1, connect: Vec::new() };
        let connect = maker.connect(60);
        let phase = Phase { action: None, chunk: usize::MAX, bytes: [&connect, bytes].concat() };
        Self {
            is_module: true,
            buffer: 64 * 1024,
            reads_late: false,
            acknowledges: true,
            connect,
            phases: vec![phase],
            end: End::Close,
        }
    }

    /// Makes a script.
    pub(crate) fn of(bytes: &[u8], module: &Credentials, device: &Credentials) -> Self {
        let mut choices = Choices::of(bytes);
        let is_module = !choices.one_in(4);
        let mut maker =
            Maker { who: if is_module { module } else { device }, choices, next_id: 1, connect: Vec::new() };
        let keep_alive = *maker.choices.pick(&[0, 60, 1, u16::MAX]);
        let buffer = *maker.choices.pick(&[64 * 1024, 4 * 1024, 512]);
        let reads_late = maker.choices.one_in(4);
        let acknowledges = !maker.choices.one_in(4);
        let end = *maker.choices.pick(&[End::Close, End::Drop, End::Silence, End::Operator]);
        let mut phases = Vec::new();
        let connect = maker.connect(keep_alive);
        let mut bytes = maker.spoiled(connect, 32);
        while phases.len() < PHASES {
            let action = *maker.choices.pick(&[None, Some(Action::Desire), Some(Action::Invoke), Some(Action::Send)]);
            let chunk = *maker.choices.pick(&[usize::MAX, usize::MAX, 1000, 7, 1]);
            for _ in 0..PACKETS {
                if maker.choices.is_over() || maker.choices.one_in(16) || bytes.len() > BYTES {
                    break;
                }
                let packets = maker.packets();
                bytes.extend(maker.spoiled(packets, 64));
            }
            phases.push(Phase { action, chunk: chunk.max(bytes.len() / 2_000), bytes: std::mem::take(&mut bytes) });
            if maker.choices.is_over() {
                break;
            }
        }
        Self { is_module, buffer, reads_late, acknowledges, connect: maker.connect, phases, end }
    }
}

struct Maker<'m> {
    choices: Choices<'m>,
    who: &'m Credentials,
    next_id: u16,
    connect: Vec<u8>,
}

impl Maker<'_> {
    fn connect(&mut self, keep_alive: u16) -> Vec<u8> {
        let Credentials { id, user, token } = self.who;
        let mut flags = 0xc0;
        let mut will = Vec::new();
        if self.choices.one_in(2) {
            flags |= 2;
        }
        // As for clients that are lost: past the end of the choices there is a will.
        if !self.choices.one_in(4) {
            flags |= 4;
            will = [packet::text(format!("{}/messages/events/%24.on=other", self.who.topic())), packet::text("will")]
                .concat();
        }
        let keep_alive = keep_alive.to_be_bytes();
        let head = [&b"\x00\x04MQTT\x04"[..], &[flags][..], &keep_alive].concat();
        let body = [head, packet::text(id), will, packet::text(user), packet::text(token)].concat();
        self.connect = packet::packet(packet::CONNECT, 0, &body);
        self.connect.clone()
    }

    /// Changes the bytes once in a number of times.
    fn spoiled(&mut self, mut bytes: Vec<u8>, once_in: u8) -> Vec<u8> {
        if !self.choices.one_in(once_in) {
            return bytes;
        }
        let at = (usize::from(self.choices.byte()) << 8 | usize::from(self.choices.byte())) % bytes.len().max(1);
        match self.choices.below(3) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, self.choices.byte()),
            _ => {
                let byte = self.choices.byte();
                if let Some(changed) = bytes.get_mut(at) {
                    *changed = byte;
                }
            }
        }
        bytes
    }

    fn id(&mut self) -> u16 {
        if self.choices.one_in(8) {
            return *self.choices.pick(&[1, 2, u16::MAX, 0]);
        }
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        self.next_id
    }

    /// Makes a packet, or several.
    fn packets(&mut self) -> Vec<u8> {
        match self.choices.below(16) {
            0..7 => self.message(),
            7 | 8 => {
                let filters: Vec<_> = (0..=self.choices.below(4)).map(|_| (self.filter(), self.quality())).collect();
                packet::subscribe(self.id(), &filters)
            }
            9 => {
                let filters: Vec<_> = (0..=self.choices.below(3)).map(|_| self.filter()).collect();
                packet::unsubscribe(self.id(), &filters)
            }
            10 => packet::packet(packet::PINGREQ, 0, &[]),
            11 => self.request(),
            12 => {
                let repeated = match self.choices.below(4) {
                    0 => self.message(),
                    1 => self.request(),
                    2 => packet::packet(packet::PINGREQ, 0, &[]),
                    _ => [
                        packet::subscribe(self.id(), &[("$iothub/methods/POST/#".to_owned(), 0)]),
                        packet::subscribe(self.id(), &[("$iothub/methods/POST/#".to_owned(), 1)]),
                    ]
                    .concat(),
                };
                let times = usize::from(self.choices.byte());
                repeated.repeat(times.min(BYTES / repeated.len().max(1)))
            }
            13 => match self.choices.below(4) {
                0 => packet::packet(packet::DISCONNECT, 0, &[]),
                1 => packet::puback(self.id()),
                2 => self.connect.clone(),
                _ => packet::packet(self.choices.byte(), self.choices.byte(), self.choices.raw_text().as_bytes()),
            },
            14 => self.choices.raw_bytes(64),
            _ => {
                let topic = self.choices.raw_text();
                let flags = self.flags();
                packet::publish(flags, self.id(), &topic, self.choices.raw_text().as_bytes())
            }
        }
    }

    fn flags(&mut self) -> u8 {
        *self.choices.pick(&[2, 2, 2, 0, 3, 10, 2, 2, 1, 11, 8, 2, 2, 4, 6])
    }

    fn quality(&mut self) -> u8 {
        *self.choices.pick(&[1, 0, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3])
    }

    /// A message to route.
    fn message(&mut self) -> Vec<u8> {
        let who = if self.choices.one_in(16) { "devices/edge-1/modules/filter".to_owned() } else { self.who.topic() };
        let output = *self.choices.pick(&["echo", "other", "both", "echo", "none", "up", "echo"]);
        let mut topic = format!("{who}/messages/events/%24.on={output}");
        match self.choices.below(8) {
            0 => topic.push_str("&up=1&%24.mid=m%201&%24.ct=application%2Fjson"),
            1 => topic = format!("{topic}&{}={}", self.choices.raw_text(), self.choices.raw_text()),
            2 => topic.push_str(&self.choices.raw_text()),
            _ => {}
        }
        let payload = match self.choices.below(32) {
            0 => Vec::new(),
            1 => vec![b'x'; 256 * 1024],
            2 => vec![b'y'; 256 * 1024 - 200],
            3..6 => vec![b'z'; 20_000],
            _ => self.choices.raw_bytes(24),
        };
        let flags = self.flags();
        packet::publish(flags, self.id(), &topic, &payload)
    }

    /// A request about the twin, or an answer of a method.
    fn request(&mut self) -> Vec<u8> {
        let rid = self.choices.below(8);
        let text = self.choices.raw_text();
        let (topic, payload) = match self.choices.below(8) {
            0..3 => (format!("$iothub/twin/GET/?$rid={rid}"), String::new()),
            3..6 => (
                format!("$iothub/twin/PATCH/properties/reported/?$rid={rid}"),
                if self.choices.one_in(2) { text } else { format!("{{\"a\":{{\"{rid}\":{rid}}}}}") },
            ),
            6 => (format!("$iothub/methods/res/200/?$rid={rid}"), text),
            _ => (format!("$iothub/{text}/?$rid={rid}"), text.clone()),
        };
        let flags = self.flags();
        packet::publish(flags, self.id(), &topic, payload.as_bytes())
    }

    fn filter(&mut self) -> String {
        match self.choices.below(8) {
            0..3 if self.who.id.contains('/') => format!("{}/inputs/#", self.who.topic()),
            0..3 => format!("{}/messages/devicebound/#", self.who.topic()),
            3 => "$iothub/methods/POST/#".to_owned(),
            4 => "$iothub/twin/res/#".to_owned(),
            5 => "$iothub/twin/PATCH/properties/desired/#".to_owned(),
            6 => "devices/edge-1/modules/filter/inputs/#".to_owned(),
            _ => self.choices.raw_text(),
        }
    }
}
