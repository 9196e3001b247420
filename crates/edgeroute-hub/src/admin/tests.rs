use std::net::SocketAddr;
use std::sync::PoisonError;

use edgeroute::Origin;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::clock::Timestamp;
use crate::message::Message;
use crate::metrics::DropReason;
use crate::observe::{Event, Fate, Taken};
use crate::store::{Destination, Level};

const MANIFEST: &str = r#"{ "schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {
    "hot": "FROM /messages/modules/sensor/* WHERE as_number(temperature) > 80 INTO $upstream",
    "leaf": "FROM /messages/modules/other/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in1\")"
} }"#;

/// A hub that does what it is asked and remembers it.
struct Fake {
    observer: Observer,
    manifest: Manifest,
    calls: Mutex<Vec<String>>,
}

impl Fake {
    fn did(&self, call: String) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records a message from the sensor. With a sequence it is stored for upstream.
    fn observe(&self, temperature: (&str, &str), sequence: Option<u64>) {
        let content = OwnedMessage::new(Origin::module("edge-1", "sensor").output("out1"))
            .with_property(temperature.0, temperature.1)
            .with_body("{}");
        let sender = ClientId::module("edge-1", "sensor");
        let message = Arc::new(Message { sender: sender.clone(), received: Timestamp(5), content });
        let fate = match sequence {
            Some(sequence) => {
                let level = Level::new(10).expect("a level");
                Fate::Stored {
                    sequence,
                    taken: vec![Taken { route: "hot".into(), destination: Destination::Upstream, level }],
                }
            }
            None => Fate::Dropped { reason: DropReason::NoRoute, detail: "no route takes the message".to_owned() },
        };
        self.observer.message(&sender, Some(&message), fate);
    }
}

impl AdminHub for Fake {
    fn observer(&self) -> &Observer {
        &self.observer
    }

    fn with_manifest<R>(&self, look: impl FnOnce(&InForce<'_>) -> R) -> R {
        look(&InForce { version: 1, text: MANIFEST, manifest: &self.manifest })
    }

    fn metrics(&self) -> String {
        "# EOF\n".to_owned()
    }

    async fn status(&self) -> Status {
        Status { problems: vec!["the disk is full".to_owned()], device: "edge-1".to_owned(), ..Status::default() }
    }

    async fn clients(&self) -> Vec<ClientView> {
        Vec::new()
    }

    async fn queues(&self) -> Vec<QueueView> {
        Vec::new()
    }

    async fn queue(&self, id: u32, action: QueueAction) -> Result<Affected, ApiError> {
        self.did(format!("{action:?} {id}"));
        Ok(Affected { messages: 3 })
    }

    async fn upstream(&self, action: UpstreamAction) -> Result<UpstreamStatus, ApiError> {
        self.did(format!("{action:?}"));
        Ok(UpstreamStatus::default())
    }

    async fn put_manifest(&self, text: String, trial: Trial) -> Result<ManifestAccepted, ApiError> {
        self.did(format!("{trial:?} {text}"));
        Err(ApiError::manifest_refused(1, "error: no such thing"))
    }

    async fn inject(&self, message: OwnedMessage) -> Result<Accepted, ApiError> {
        self.did(format!("{message:?}"));
        Ok(Accepted { id: Some(1), deliveries: 2 })
    }

    async fn send_to_device(&self, device: ClientId, message: CloudMessage) -> Result<Accepted, ApiError> {
        self.did(format!("{device} {:?}", message.body.map(|body| body.get().to_owned())));
        Ok(Accepted::default())
    }

    async fn twin(&self, client: ClientId) -> Result<TwinView, ApiError> {
        Err(ApiError::not_found(format!("no client `{client}`")))
    }

    async fn patch_twin(&self, client: ClientId, patch: TwinPatch) -> Result<TwinView, ApiError> {
        self.did(format!("{client} {}", patch.desired));
        Ok(TwinView::default())
    }

    async fn invoke(&self, client: ClientId, call: MethodCall) -> Result<MethodResponse, ApiError> {
        let payload = call.payload.unwrap_or_default();
        self.did(format!("{client} {} {payload}", call.method_name));
        Ok(MethodResponse { status: 500, payload })
    }

    async fn identities(&self) -> Vec<IdentityView> {
        Vec::new()
    }

    async fn add_identity(&self, client: ClientId) -> Result<IdentitySecret, ApiError> {
        self.did(format!("add {client}"));
        Ok(IdentitySecret { id: client, connection_string: "HostName=…".to_owned() })
    }

    async fn change_identity(
        &self,
        client: ClientId,
        change: IdentityChange,
    ) -> Result<Option<IdentitySecret>, ApiError> {
        self.did(format!("{change:?} {client}"));
        Ok(None)
    }
}

/// A server on a free port. It ends with the test.
struct Server {
    hub: Arc<Fake>,
    address: SocketAddr,
}

async fn server(access: Access) -> Server {
    let manifest = Manifest::from_json(MANIFEST).expect("it is valid");
    let hub = Arc::new(Fake { observer: Observer::default(), manifest, calls: Mutex::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(serve(listener, router(Arc::clone(&hub), access), std::future::pending()));
    Server { hub, address }
}

async fn local() -> Server {
    server(Access::Loopback { names: vec!["edge-hub.local".to_owned()] }).await
}

const JSON: &str = "Content-Type: application/json\r\n";

impl Server {
    /// Sends a request; `headers` is a list of lines. Without `Host` among them, adds the right one.
    async fn send(&self, line: &str, headers: &str, body: &str) -> (u16, String, String) {
        let host = if headers.contains("Host:") { String::new() } else { format!("Host: {}\r\n", self.address) };
        let length = body.len();
        let request =
            format!("{line} HTTP/1.1\r\n{host}Connection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        let mut stream = TcpStream::connect(self.address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("it has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("it has a status");
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let (status, _, body) = self.send(&format!("GET {path}"), "", "").await;
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    async fn write(&self, line: &str, body: &str) -> (u16, Value) {
        let (status, _, body) = self.send(line, JSON, body).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }
}

#[tokio::test]
async fn names_that_are_not_this_machine_are_refused() {
    let server = local().await;
    let port = server.address.port();
    for host in ["localhost", "LOCALHOST:9600", "127.0.0.1", "127.0.0.2:1", "[::1]:9600", "edge-hub.local"] {
        let (status, ..) = server.send("GET /api/clients", &format!("Host: {host}\r\n"), "").await;
        assert_eq!(status, 200, "{host}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example", "192.168.0.1", "localhost.evil.example", "", "a@localhost:x"]
    {
        let (status, _, body) = server.send("GET /api/clients", &format!("Host: {host}\r\n"), "").await;
        assert!(matches!(status, 400 | 403), "{host}: {status}");
        assert!(!body.contains("clients"), "{host}");
    }
    let twice = format!("Host: localhost:{port}\r\nHost: evil.example\r\n");
    assert_eq!(server.send("GET /api/clients", &twice, "").await.0, 403);
    // The page itself, too: otherwise a foreign name could read what it shows.
    assert_eq!(server.send("GET /", "Host: evil.example\r\n", "").await.0, 403);
}

#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let server = local().await;
    let same = format!("{JSON}Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n", server.address);
    assert_eq!(server.send("POST /api/upstream/pause", &same, "").await.0, 200);
    assert_eq!(server.hub.calls(), ["Pause"]);
    for headers in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://localhost:3000\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        let headers = format!("{JSON}{headers}");
        assert_eq!(server.send("POST /api/upstream/pause", &headers, "").await.0, 403, "{headers}");
        assert_eq!(server.send("GET /api/events", &headers, "").await.0, 403, "{headers}");
    }
    assert_eq!(server.send("GET /", "Sec-Fetch-Site: cross-site\r\n", "").await.0, 200, "a link to the page");
    assert_eq!(server.hub.calls(), [""; 0]);
}

#[tokio::test]
async fn writes_need_the_content_type_of_json() {
    let server = local().await;
    for headers in ["", "Content-Type: text/plain\r\n", "Content-Type: application/jsonx\r\n"] {
        let (status, _, body) = server.send("PUT /api/manifest", headers, "{}").await;
        assert_eq!(status, 415);
        assert!(body.contains(r#""code":"unsupported_media_type""#), "{body}");
    }
    let headers = "Content-Type: application/json; charset=utf-8\r\n";
    assert_ne!(server.send("PUT /api/manifest", headers, "{}").await.0, 415);
    assert_eq!(server.send("POST /api/queues/1/drop", "", "").await.0, 200, "without a body");
    assert_eq!(server.hub.calls(), ["InForce {}", "Drop 1"]);
}

#[tokio::test]
async fn off_loopback_a_token_is_needed() {
    let server = server(Access::Token(Token::new("s3cret"))).await;
    for headers in
        ["", "Authorization: Bearer s3cre\r\n", "Authorization: Bearer s3cret2\r\n", "Authorization: s3cret\r\n"]
    {
        for line in ["GET /api/status", "GET /metrics", "GET /api/nothing"] {
            let (status, head, _) = server.send(line, &format!("Host: hub.example\r\n{headers}"), "").await;
            assert_eq!(status, 401, "{line} {headers}");
            assert!(head.contains("www-authenticate: bearer"));
        }
    }
    let right = "Host: hub.example\r\nAuthorization: Bearer s3cret\r\n";
    assert_eq!(server.send("GET /api/status", right, "").await.0, 200);
    for path in ["/", "/healthz", "/readyz"] {
        assert_ne!(server.send(&format!("GET {path}"), "Host: hub.example\r\n", "").await.0, 401, "{path}");
    }
    let foreign = format!("{right}{JSON}Origin: http://evil.example\r\n");
    assert_eq!(server.send("POST /api/upstream/pause", &foreign, "").await.0, 403);
    assert!(!format!("{:?}", Access::Token(Token::new("s3cret"))).contains("s3cret"));
}

#[tokio::test]
async fn an_empty_token_lets_nobody_in() {
    let server = server(Access::Token(Token::new(""))).await;
    assert_eq!(server.send("GET /api/status", "Authorization: Bearer \r\n", "").await.0, 401);
}

#[tokio::test]
async fn errors_are_json() {
    let server = local().await;
    let code = |answer: (u16, Value)| (answer.0, answer.1["error"]["code"].as_str().unwrap_or_default().to_owned());
    let error = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(code(server.get("/nothing").await), error(404, "not_found"));
    assert_eq!(code(server.write("DELETE /api/status", "").await), error(405, "method_not_allowed"));
    assert_eq!(code(server.get("/api/messages/x").await), error(400, "bad_request"));
    assert_eq!(code(server.get("/api/messages/7").await), error(404, "not_found"));
    assert_eq!(code(server.get("/api/messages?since=x").await), error(400, "bad_request"));
    assert_eq!(code(server.get("/api/twins/edge-1/%2f").await), error(400, "bad_request"));
    assert_eq!(code(server.get("/api/twins/a%20b").await), error(400, "bad_request"));
    assert_eq!(code(server.get("/api/twins/a%2fb/c").await), error(400, "bad_request"));
    assert_eq!(code(server.get("/api/twins/%ff").await), error(400, "bad_request"));
    assert_eq!(code(server.get("/api/twins/edge-1/sensor").await), error(404, "not_found"));
    assert_eq!(code(server.write("POST /api/queues/1/burn", "").await), error(404, "not_found"));
    assert_eq!(code(server.write("POST /api/queues/-1/drop", "").await), error(400, "bad_request"));
    assert_eq!(code(server.write("PATCH /api/twins/edge-1", "{\"reported\":{}}").await), error(400, "bad_request"));
    assert_eq!(code(server.write("POST /api/messages", "{\"body\":").await), error(400, "bad_request"));
    assert_eq!(code(server.write("PUT /api/manifest?dryRun=perhaps", "{}").await), error(400, "bad_request"));
    assert_eq!(server.hub.calls(), [""; 0]);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = local().await;
    // The server answers before it has read all, so the connection may break while the rest is sent.
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    let head =
        format!("PUT /api/manifest HTTP/1.1\r\nHost: localhost\r\n{JSON}Content-Length: {}\r\n\r\n", LONGEST_BODY + 1);
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.expect("it answers");
    assert!(line.contains(" 413 "), "{line}");
}

#[tokio::test]
async fn requests_reach_the_hub() {
    let server = local().await;
    for (line, body, call) in [
        ("POST /api/queues/7/drain", "", "Drain 7"),
        ("POST /api/upstream/reconnect", "", "Reconnect"),
        ("PATCH /api/twins/edge-1/sensor", r#"{"desired":{"rate":5}}"#, r#"edge-1/sensor {"rate":5}"#),
        ("POST /api/methods/leaf-1", r#"{"methodName":"ping","payload":[1]}"#, "leaf-1 ping [1]"),
        ("POST /api/methods/leaf-1", r#"{"methodName":"ping"}"#, "leaf-1 ping null"),
        ("POST /api/c2d/leaf-1", r#"{"body":{"a":1}}"#, r#"leaf-1 Some("{\"a\":1}")"#),
        ("POST /api/identities/edge-1/modules/new", "", "add edge-1/new"),
        ("POST /api/identities/leaf-2", "", "add leaf-2"),
        ("POST /api/identities/leaf-2/rotate", "", "Rotate leaf-2"),
        ("POST /api/identities/edge-1/modules/new/disable", "", "Disable edge-1/new"),
        ("DELETE /api/identities/edge-1/modules/new", "", "Remove edge-1/new"),
        ("PUT /api/manifest", "{}", "InForce {}"),
        ("PUT /api/manifest?dryRun", "{}", "DryRun {}"),
    ] {
        let (status, answer) = server.write(line, body).await;
        assert_eq!(server.hub.calls(), [call], "{line}: {status} {answer}");
    }
    // What the JSON reader would not keep passes both ways.
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for payload in ["1e400", r#""\ud800""#, r#"{"b":1.10,"a":2,"a":123456789012345678901234567890}"#, deep.as_str()] {
        let body = format!(r#"{{"methodName":"ping","payload":{payload}}}"#);
        let (status, _, answer) = server.send("POST /api/methods/leaf-1", JSON, &body).await;
        assert_eq!((status, answer), (200, format!(r#"{{"status":500,"payload":{payload}}}"#)));
        assert_eq!(server.hub.calls(), [format!("leaf-1 ping {payload}")]);
    }
    let message = r#"{"origin":{"device":"edge-1","module":"sensor","output":"o"},"body":"x"}"#;
    let (status, answer) = server.write("POST /api/messages", message).await;
    assert_eq!((status, answer), (200, json!({ "id": 1, "deliveries": 2 })));
    let (status, answer) = server.write("PUT /api/manifest", "{}").await;
    assert_eq!((status, &answer["error"]["report"]), (422, &json!("error: no such thing")));
}

#[tokio::test]
async fn a_hub_that_is_not_ready_says_why() {
    let server = local().await;
    assert_eq!(server.get("/readyz").await, (503, json!({ "ready": false, "problems": ["the disk is full"] })));
    assert_eq!(server.get("/healthz").await, (200, json!("ok\n")));
}

#[tokio::test]
async fn a_message_is_explained_with_its_nearest_miss() {
    let server = local().await;
    server.hub.observe(("Temprature", "95"), None);
    let (status, answer) = server.get("/api/messages/1/explain").await;
    assert_eq!(status, 200, "{answer}");
    let nearest = json!({ "route": "hot", "why": "the message has no property `temperature`, but `Temprature`" });
    assert_eq!(answer["nearest"], nearest);
    assert_eq!(answer["explanation"]["deliveries"], json!([]));
    let (_, text) = server.get("/api/messages/1/explain?format=text").await;
    assert_eq!(text, answer["text"]);
    assert!(text.as_str().is_some_and(|text| text.contains("goes nowhere")), "{text}");

    server.hub.observe(("temperature", "95"), Some(4));
    let (_, answer) = server.get("/api/messages/2/explain").await;
    assert_eq!(answer["nearest"], Value::Null);
    assert_eq!(answer["explanation"]["deliveries"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn messages_have_their_routes_and_content() {
    let server = local().await;
    server.hub.observe(("temperature", "95"), Some(4));
    server.hub.observe(("temperature", "5"), None);
    server.hub.observer.event(Event::Delivered { sequence: 4, destination: Destination::Upstream });
    let (_, answer) = server.get("/api/messages?module=sensor&limit=1&since=0").await;
    assert_eq!(answer["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["messages"][0]["dropped"]["reason"], "no_route");
    let (_, answer) = server.get("/api/messages/1").await;
    let delivery =
        json!({ "route": "hot", "destination": "$upstream", "priority": 2_000_000_000, "state": "delivered" });
    assert_eq!(answer["deliveries"], json!([delivery]));
    let origin = json!({ "device": "edge-1", "module": "sensor", "output": "out1" });
    assert_eq!(answer["content"]["origin"], origin);
    let (_, answer) = server.get("/api/routes").await;
    assert_eq!((&answer["routes"][0]["name"], &answer["routes"][0]["hits"]), (&json!("hot"), &json!(1)));
    assert_eq!(answer["routes"][1]["hits"], json!(0));
}

#[tokio::test]
async fn the_picture_is_that_of_the_command() {
    let server = local().await;
    for _ in 0..2 {
        let (status, head, body) = server.send("GET /api/topology.svg", "", "").await;
        assert_eq!(status, 200);
        assert!(head.contains("content-type: image/svg+xml"));
        let topology = edgeroute_analysis::topology::Topology::of(
            &server.hub.manifest,
            &edgeroute_lang::limits::Limits::default(),
        );
        let drawn = edgeroute_analysis::render::Picture::of_topology(&topology).to_svg().expect("it is small");
        assert_eq!(body, drawn);
    }
    let (_, _, plain) = server.send("GET /api/topology.svg?style=none", "", "").await;
    assert!(!plain.contains("style") && plain.contains("</svg>"), "{plain}");
}

/// Opens a stream and returns its lines without those of the framing.
async fn open(server: &Server, path: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert_ne!(reader.read_line(&mut line).await.expect("it answers"), 0, "the head ended early");
    }
    reader
}

async fn next(reader: &mut BufReader<TcpStream>, start: &str) -> String {
    let mut line = String::new();
    while !line.starts_with(start) {
        line.clear();
        assert_ne!(reader.read_line(&mut line).await.expect("it goes on"), 0, "the stream ended");
    }
    line
}

#[tokio::test]
async fn events_are_streamed() {
    let server = local().await;
    let mut events = open(&server, "/api/events").await;
    server.hub.observe(("temperature", "95"), Some(4));
    server.hub.observer.event(Event::ReloadRefused { findings: "line 1\nline 2".to_owned() });
    assert_eq!(next(&mut events, "event:").await, "event: message\n");
    let data = next(&mut events, "data:").await;
    let message: Value = serde_json::from_str(data.trim_start_matches("data: ")).expect("it is JSON");
    assert_eq!((&message["id"], &message["sender"]), (&json!(1), &json!("edge-1/sensor")));
    assert_eq!(next(&mut events, "event:").await, "event: event\n");
    let data = next(&mut events, "data:").await;
    assert!(data.contains(r#""findings":"line 1\nline 2""#), "{data}");
}

#[tokio::test]
async fn a_record_has_lines_that_the_command_reads() {
    let server = local().await;
    let mut record = open(&server, "/api/record").await;
    server.hub.observe(("temperature", "95"), Some(4));
    let line = next(&mut record, "{").await;
    let message: OwnedMessage = serde_json::from_str(&line).expect("it is a message");
    let origin = Origin::module("edge-1", "sensor").output("out1");
    let sent = OwnedMessage::new(origin).with_property("temperature", "95").with_body("{}");
    assert_eq!(message, sent);
}

#[tokio::test]
async fn streams_are_bounded() {
    let server = local().await;
    let mut open_streams = Vec::new();
    for _ in 0..MOST_STREAMS {
        open_streams.push(open(&server, "/api/events").await);
    }
    assert_eq!(server.get("/api/record").await.0, 429);
    assert_eq!(server.get("/api/status").await.0, 200);
}

#[tokio::test]
async fn serving_ends_although_a_stream_is_open() {
    let manifest = Manifest::from_json(MANIFEST).expect("it is valid");
    let hub = Arc::new(Fake { observer: Observer::default(), manifest, calls: Mutex::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let access = Access::Loopback { names: Vec::new() };
    let serving = tokio::spawn(serve(listener, router(Arc::clone(&hub), access), async {
        let _ = stopped.await;
    }));
    let server = Server { hub, address };
    let mut stream = open(&server, "/api/events").await;
    stop.send(()).expect("it serves");
    serving.await.expect("it ends");
    let mut rest = Vec::new();
    // The end may be an error: the stream is cut.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_page_permits_only_its_own_script() {
    let server = local().await;
    let (status, head, body) = server.send("GET /", "", "").await;
    assert_eq!(status, 200);
    assert!(head.contains("content-security-policy: default-src 'none'; script-src 'sha256-"), "{head}");
    assert_eq!((body.matches("<script").count(), body.matches("<style").count()), (1, 1));
    for foreign in ["http://", "https://", "//cdn", "@import", "url("] {
        // The names of XML are no requests.
        let body = body.replace("http://www.w3.org/2000/svg", "");
        assert!(!body.contains(foreign), "{foreign}");
    }
}
