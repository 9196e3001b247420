//! A hub without a network, and the client that follows a script on a connection to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use edgeroute_hub::clock::Timestamp;
use edgeroute_hub::config::{Config, RunArguments, Sources};
use edgeroute_hub::hub::Hub;
use edgeroute_hub::identity::{ClientId, sas};
use edgeroute_hub::methods::Call;
use edgeroute_hub::metrics::StoreFigures;
use edgeroute_hub::operations::Draft;
use edgeroute_hub::routing::GoodManifest;
use edgeroute_hub::store::{Consumer, Level, QueueId};
use edgeroute_hub::{clients::CloseReason, mqtt, run};
use serde_json::{Map, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::model::{Expected, Received, Sent, Verdict};
use super::packet;
use super::script::{Action, Credentials, End, Phase, Script};

const IOT_HUB: &str = "edgeroute.local";
/// The most time for any step of the hub. It is real time, because the store has a thread of its own.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than every time that the hub waits for a client, in seconds, and less than the life of a token.
const LONG: u64 = 2 * 65_535;

/// A hub whose store lives as long as this.
pub(crate) struct Rig {
    runtime: Runtime,
    hub: Arc<Hub>,
    module: Credentials,
    device: Credentials,
}

impl Rig {
    /// Makes a hub whose files are in a directory.
    pub(crate) fn new(directory: &Path) -> Self {
        let route = |from: &str, to: &str| format!("FROM /messages/modules/sensor/outputs/{from} INTO {to}");
        let [own, other] =
            ["sensor", "filter"].map(|module| format!("BrokeredEndpoint(\"/modules/{module}/inputs/in\")"));
        let manifest = json!({"modulesContent": {"$edgeHub": {"properties.desired": {
            "schemaVersion": "1.1",
            "routes": {
                "echo": route("echo", &own),
                "other": route("other", &other),
                "back": route("both", &own),
                "forth": route("both", &other),
                "up": "FROM /messages/* WHERE up = '1' INTO $upstream",
                "twins": "FROM /twinChangeNotifications INTO BrokeredEndpoint(\"/modules/filter/inputs/twins\")",
            },
            "storeAndForwardConfiguration": {"timeToLiveSecs": 7200},
        }}}});
        let manifest = GoodManifest::check("manifest", &manifest.to_string()).unwrap_or_else(|bad| panic!("{bad:?}"));
        let sources = Sources { data: Some(directory.to_owned()), config: None };
        // Flushed so seldom that it costs nothing.
        let arguments = RunArguments { durability: Some("interval=60s".to_owned()), ..RunArguments::default() };
        let config = Config::load(&sources, &arguments).expect("a configuration");
        // Time stops for a test only where nothing but time is waited for.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let hub = runtime.block_on(async { run::open(&config, manifest).expect("a hub") });
        for id in ["edge-1/sensor", "edge-1/filter", "leaf-1"] {
            hub.identities.add(&client(id)).expect("an identity");
        }
        let credentials = |id: &str| {
            let key = hub.identities.get(&client(id)).expect("it was added").primary_key;
            let expires = Timestamp(hub.clock.now().0 + 1_000 * 10 * LONG);
            let user = format!("{IOT_HUB}/{id}/?api-version=2021-04-12");
            Credentials { id: id.to_owned(), user, token: sas::sign(IOT_HUB, &client(id), &key, expires) }
        };
        let (module, device) = (credentials("edge-1/sensor"), credentials("leaf-1"));
        Self { runtime, hub: Arc::new(hub), module, device }
    }

    /// Returns the hub's metrics, once the store has written everything.
    pub(crate) fn metrics(&self) -> String {
        self.hub.store.flush();
        self.hub.metrics.encode(StoreFigures::default())
    }

    /// Follows a script that is made of choices, and checks everything that the hub does.
    pub(crate) fn run(&self, choices: &[u8]) {
        let script = Script::of(choices, &self.module, &self.device);
        self.follow(&script);
    }

    /// Has a module connect with a keep-alive interval of 60 s, send bytes at once, and close the connection. Checks
    /// everything that the hub does. Returns the bodies of the messages that others get.
    pub(crate) fn send(&self, bytes: &[u8]) -> Vec<String> {
        self.follow(&Script::at_once(&self.module, bytes))
    }

    /// Has a module send bytes again and again without reading anything, until the hub takes no more for a second. Then
    /// has it read. Returns how many bytes the hub took, and how many it answered.
    pub(crate) fn send_without_reading(&self, bytes: &[u8], most: usize) -> (usize, usize) {
        let script = Script::at_once(&self.module, bytes);
        self.runtime.block_on(async {
            let mut client = Client::connect(self, &script);
            let stream = client.stream.as_mut().expect("it was just made");
            stream.write_all(&script.connect).await.expect("the hub reads");
            let (mut reader, mut writer) = tokio::io::split(stream);
            let mut taken = 0;
            while taken < most
                && let Ok(written) = timeout(Duration::from_secs(1), writer.write_all(bytes)).await
            {
                written.expect("the hub reads");
                taken += bytes.len();
            }
            let (mut answers, mut buffer) = (0, Vec::with_capacity(64 * 1024));
            while let Ok(read) = timeout(Duration::from_secs(1), reader.read_buf(&mut buffer)).await {
                answers += read.expect("the hub answers");
                buffer.clear();
            }
            self.forget().await;
            (taken, answers)
        })
    }

    /// Follows a script, and checks everything that the hub does. Returns the bodies of the messages that others get.
    fn follow(&self, script: &Script) -> Vec<String> {
        self.runtime.block_on(async {
            let mut client = Client::connect(self, script);
            client.follow(script).await;
            let messages = client.finish(script).await;
            self.forget().await;
            messages
        })
    }

    /// Removes what a script has left, so that the next one finds a hub as new.
    async fn forget(&self) {
        for credentials in [&self.module, &self.device] {
            let client = client(&credentials.id);
            self.hub.clients.forget(&client);
            self.hub.twins.remove(&client).await.expect("the store works");
        }
        let consumers = [
            Consumer::Module("sensor".into()),
            Consumer::Module("filter".into()),
            Consumer::Device("leaf-1".into()),
            Consumer::Upstream,
        ];
        for queue in consumers.iter().flat_map(|consumer| self.hub.store.queues_of(consumer)) {
            self.hub.store.clear(queue);
        }
    }
}

fn client(id: &str) -> ClientId {
    id.parse().expect("an id")
}

/// A client that follows a script.
struct Client<'r> {
    rig: &'r Rig,
    id: ClientId,
    own: QueueId,
    topic: String,
    /// `None` once the client has gone.
    stream: Option<DuplexStream>,
    server: JoinHandle<()>,
    /// Whether the hub has ended the connection.
    ended: bool,
    connect: Vec<u8>,
    sent: Vec<u8>,
    received: Vec<u8>,
    acknowledged: Vec<u16>,
    cloud: Vec<Vec<u8>>,
    actions: usize,
    tasks: JoinSet<()>,
}

impl<'r> Client<'r> {
    fn connect(rig: &'r Rig, script: &Script) -> Self {
        let credentials = if script.is_module { &rig.module } else { &rig.device };
        let (stream, other) = tokio::io::duplex(script.buffer);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let server = tokio::spawn(mqtt::serve(Arc::clone(&rig.hub), other, address));
        let id = client(&credentials.id);
        let own = match id.module_id() {
            Some(module) => Consumer::Module(module.into()),
            None => Consumer::Device(id.device_id().into()),
        };
        let own = rig.hub.store.queues_of(&own).first().copied().unwrap_or(QueueId(u32::MAX));
        Self {
            rig,
            id,
            own,
            topic: credentials.topic(),
            stream: Some(stream),
            server,
            ended: false,
            connect: script.connect.clone(),
            sent: Vec::new(),
            received: Vec::new(),
            acknowledged: Vec::new(),
            cloud: Vec::new(),
            actions: 0,
            tasks: JoinSet::new(),
        }
    }

    async fn follow(&mut self, script: &Script) {
        for phase in &script.phases {
            if self.ended {
                return;
            }
            if let Some(action) = phase.action {
                self.act(action).await;
            }
            self.write(phase, script.reads_late).await;
            self.settle(script.acknowledges).await;
        }
    }

    /// Does what others do meanwhile.
    async fn act(&mut self, action: Action) {
        self.actions += 1;
        let (hub, id) = (Arc::clone(&self.rig.hub), self.id.clone());
        match action {
            Action::Desire => {
                let patch = Map::from_iter([("n".to_owned(), json!(self.actions))]);
                hub.twins.patch_desired(&id, patch).await.expect("the store works");
                let filter = client("edge-1/filter");
                let patch = Map::from_iter([("secret".to_owned(), json!(self.actions))]);
                hub.twins.patch_desired(&filter, patch).await.expect("the store works");
            }
            Action::Invoke => {
                let call = Call::new("ping", None, None, None).expect("a call");
                // Fails if the client does not answer, which is up to the script.
                self.tasks.spawn(async move {
                    let _ = hub.methods.invoke(&id, call).await;
                });
            }
            Action::Send => {
                let body = format!("from the cloud {}", self.actions).into_bytes();
                let sent = hub.send_to_device(&id, Draft { body: body.clone(), ..Draft::default() }).await;
                if sent.is_ok() {
                    self.cloud.push(body);
                }
            }
        }
    }

    /// Writes the bytes of a phase.
    async fn write(&mut self, phase: &Phase, reads_late: bool) {
        for chunk in phase.bytes.chunks(phase.chunk.max(1)) {
            let mut rest = chunk;
            let start = Instant::now();
            while !rest.is_empty() {
                let Some(stream) = &mut self.stream else { return };
                let (mut reader, mut writer) = tokio::io::split(stream);
                let mut buffer = Vec::with_capacity(16 * 1024);
                let (written, read) = tokio::select! {
                    biased;
                    written = writer.write(rest) => (Some(written), None),
                    read = reader.read_buf(&mut buffer) => (None, Some(read)),
                };
                self.received.append(&mut buffer);
                match (written, read) {
                    (Some(Ok(count)), _) => {
                        let (written, left) = rest.split_at(count);
                        self.sent.extend_from_slice(written);
                        rest = left;
                    }
                    (_, Some(Ok(count))) if count > 0 => {}
                    _ => return self.end().await,
                }
                assert!(start.elapsed() < PATIENCE, "the hub does not read");
            }
            if !reads_late {
                self.read_what_is_there().await;
            }
        }
    }

    /// Reads without waiting.
    async fn read_what_is_there(&mut self) {
        tokio::task::yield_now().await;
        let Some(stream) = &mut self.stream else { return };
        let mut buffer = Vec::with_capacity(16 * 1024);
        tokio::select! {
            biased;
            read = stream.read_buf(&mut buffer) => if !matches!(read, Ok(1..)) {
                return self.end().await;
            },
            () = std::future::ready(()) => {}
        }
        self.received.append(&mut buffer);
    }

    /// Waits for the end of the connection, which the hub has begun.
    async fn end(&mut self) {
        let Some(mut stream) = self.stream.take() else { return };
        let read = timeout(PATIENCE, stream.read_to_end(&mut self.received)).await;
        assert!(read.is_ok(), "the hub does not close the connection");
        let ended = timeout(PATIENCE, &mut self.server).await.expect("the connection ends");
        ended.expect("nothing panics");
        self.ended = true;
    }

    fn expected(&self, received: &Received) -> Expected {
        let sent = Sent {
            connect: &self.connect,
            bytes: &self.sent,
            acknowledged: &self.acknowledged,
            cloud: &self.cloud,
            connack: received.connack,
        };
        Expected::of(&self.rig.hub, &self.id, self.own, &sent)
    }

    /// Waits for the answers to all that was sent.
    async fn settle(&mut self, acknowledges: bool) {
        let start = Instant::now();
        loop {
            let received = Received::of(&self.received, &self.topic);
            let expected = self.expected(&received);
            expected.check(&received);
            let is_waiting = !expected.is_met(&received) || (expected.connects && received.connack.is_none());
            if self.ended {
                assert_ne!(expected.verdict, Verdict::Open, "the hub has no reason to end this: {received:?}");
                return;
            }
            if !is_waiting && expected.verdict != Verdict::Ends {
                if !acknowledges || expected.verdict != Verdict::Open || !self.acknowledge(&received).await {
                    return;
                }
                continue;
            }
            let Some(stream) = &mut self.stream else { return };
            let mut buffer = Vec::with_capacity(64 * 1024);
            match timeout(PATIENCE.saturating_sub(start.elapsed()), stream.read_buf(&mut buffer)).await {
                Ok(Ok(1..)) => self.received.append(&mut buffer),
                Ok(_) => self.end().await,
                Err(late) => panic!("no answer ({late}): {expected:?}\n{received:?}"),
            }
        }
    }

    /// Acknowledges what was received. Returns whether there was anything.
    async fn acknowledge(&mut self, received: &Received) -> bool {
        // Not in the middle of a packet.
        if packet::split(&self.sent).1 != packet::Rest::Nothing {
            return false;
        }
        let new: Vec<_> = received.deliveries.iter().filter_map(|(id, _)| *id).skip(self.acknowledged.len()).collect();
        let bytes: Vec<_> = new.iter().flat_map(|id| packet::puback(*id)).collect();
        self.acknowledged.extend(&new);
        self.write(&Phase { action: None, chunk: usize::MAX, bytes }, false).await;
        !new.is_empty()
    }

    /// Ends the connection, and checks what it leaves.
    async fn finish(mut self, script: &Script) -> Vec<String> {
        let hub = &self.rig.hub;
        let mut is_silent = false;
        match script.end {
            End::Close => {
                if let Some(stream) = &mut self.stream {
                    stream.shutdown().await.expect("it works in memory");
                }
            }
            End::Drop => self.stream = None,
            End::Silence => is_silent = true,
            End::Operator => match hub.clients.existing(&self.id) {
                Some(session) if session.state().connection.is_some() => session.close(CloseReason::Operator),
                _ => is_silent = true,
            },
        }
        if is_silent && !self.ended {
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(20 * LONG)).await;
            tokio::time::resume();
        }
        self.end().await;
        if !self.ended {
            let ended = timeout(PATIENCE, &mut self.server).await.expect("the connection ends");
            ended.expect("nothing panics");
        }
        let received = Received::of(&self.received, &self.topic);
        let expected = self.expected(&received);
        expected.check(&received);
        assert!(received.desired + received.methods <= 2 * self.actions, "{received:?}");
        self.tasks.shutdown().await;
        assert_eq!(hub.clients.connected(), 0);
        assert_eq!(hub.methods.waiting(&self.id), 0);
        let start = Instant::now();
        while hub.inbound.bytes() > 0 {
            assert!(start.elapsed() < PATIENCE, "{} bytes are never stored", hub.inbound.bytes());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.check_others(&expected, script)
    }

    /// Checks that others get nothing but messages of this client. Returns their bodies.
    fn check_others(&self, expected: &Expected, script: &Script) -> Vec<String> {
        let store = &self.rig.hub.store;
        // The last will, which nobody waits for, is stored, too.
        store.flush();
        let mut found = Vec::new();
        for queue in store.queues_of(&Consumer::Module("filter".into())) {
            for level in Level::all() {
                for entry in store.entries(queue, level, None, 10_000).expect("the store works") {
                    let message = store.message(entry.sequence).expect("the store works").expect("it is stored");
                    assert_eq!(message.sender, self.id, "{message:?}");
                    if message.output().is_some() {
                        found.push(String::from_utf8_lossy(message.content.body()).into_owned());
                    }
                }
            }
        }
        // The last will is one.
        let most = expected.for_others + usize::from(script.is_module);
        assert!(found.len() <= most || expected.verdict == Verdict::Either, "{} messages: {expected:?}", found.len());
        found
    }
}
