use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{self, Message};

use super::*;
use crate::clock::Clock;
use crate::tls::{CertificateSource, Names, provider, roots_of};

/// Answers by the name of the target.
struct Target;

impl MethodCaller for Target {
    async fn invoke(&self, caller: ClientId, authorization: &str, target: ClientId, body: Bytes) -> MethodResult {
        assert_eq!(caller.to_string(), "edge-1/filter");
        if authorization != "SharedAccessSignature sr=x" {
            return MethodResult::Unauthorized("wrong token".to_owned());
        }
        match target.to_string().as_str() {
            "edge-1/sensor" => MethodResult::Answered { status: 200, payload: body.to_vec() },
            "leaf-1" => MethodResult::Answered { status: -5, payload: Vec::new() },
            "broken" => MethodResult::Answered { status: 200, payload: b"{".to_vec() },
            "wrong" => MethodResult::BadAnswer("no status".to_owned()),
            "late" => MethodResult::TimedOut("no answer".to_owned()),
            "busy" => MethodResult::Busy("16 are in progress".to_owned()),
            "odd" => MethodResult::Invalid("odd".to_owned()),
            other => MethodResult::NotConnected(format!("`{other}` is not connected")),
        }
    }
}

struct Server {
    address: SocketAddr,
    tls: Arc<Tls>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    _directory: tempfile::TempDir,
}

impl Server {
    /// Starts a server whose connections of MQTT return what they receive.
    async fn start(most: usize) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let names = Names::new(["localhost"]).expect("valid");
        let source = CertificateSource::Authority { directory: directory.path().to_owned(), names };
        let tls = Arc::new(Tls::open(&source, Clock::default()).expect("made"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = watch::channel(false);
        let echo: ServeMqtt = Arc::new(|stream, _| {
            Box::pin(async move {
                let (mut reader, mut writer) = tokio::io::split(stream);
                let mut buffer = vec![0; 200_000];
                while let Ok(length @ 1..) = reader.read(&mut buffer).await {
                    if writer.write_all(&buffer[..length]).await.is_err() || writer.flush().await.is_err() {
                        return;
                    }
                }
                let _ = writer.shutdown().await;
            })
        });
        let task = tokio::spawn(serve(listener, most, Arc::clone(&tls), Arc::new(Target), echo, stopped));
        Self { address, tls, stop, task, _directory: directory }
    }

    async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_root_certificates(roots_of(self.tls.roots().expect("a root")).expect("roots"))
            .with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let stream = TcpStream::connect(self.address).await?;
        connector.connect(ServerName::try_from("localhost").expect("a name"), stream).await
    }

    /// Sends bytes and returns all that comes back.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await.expect("connected");
        // A server that has answered may close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).expect("UTF-8")
    }

    async fn invoke(&self, path: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        self.exchange(request.as_bytes()).await
    }

    async fn websocket(&self, protocol: &'static str) -> tungstenite::Result<WebSocketStream<TlsStream<TcpStream>>> {
        let mut request = "wss://localhost/$iothub/websocket".into_client_request()?;
        // As the SDK for Node.js, which offers compression.
        let headers = request.headers_mut();
        headers.insert("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits".parse()?);
        headers.insert("Sec-WebSocket-Protocol", protocol.parse()?);
        let stream = self.connect().await.expect("connected");
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
        assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "mqtt");
        assert!(!response.headers().contains_key("Sec-WebSocket-Extensions"));
        Ok(socket)
    }

    async fn stop(self) {
        self.stop.send(true).expect("the server runs");
        self.task.await.expect("it ends");
    }
}

const CALLER: &str = "x-ms-edge-moduleId: edge-1/filter\r\n";
const TOKEN: &str = "Authorization: SharedAccessSignature sr=x\r\n";

#[tokio::test]
async fn methods_are_invoked_and_statuses_returned() {
    let server = Server::start(8).await;
    let valid = format!("{CALLER}{TOKEN}");
    for (path, expected) in [
        ("/twins/edge-1/modules/sensor/methods?api-version=2019-10-01", r#"200 {"status":200,"payload":{"x": 1}}"#),
        ("/twins/edge-1/modules/sensor/methods", r#"200 {"status":200,"payload":{"x": 1}}"#),
        ("/twins/leaf%2D1/methods", r#"200 {"status":-5,"payload":null}"#),
        ("/twins/other/methods", r#"404 {"errorCode":404103,"message":"`other` is not connected"}"#),
        ("/twins/late/methods", r#"504 {"errorCode":504101,"#),
        ("/twins/busy/methods", r#"429 {"errorCode":429001,"#),
        ("/twins/odd/methods", r#"400 {"errorCode":400004,"#),
        ("/twins/broken/methods", r#"502 {"errorCode":502000,"#),
        ("/twins/wrong/methods", r#"502 {"errorCode":502000,"#),
        ("/twins/a+b/methods", r#"400 {"errorCode":400004,"#),
        ("/other", r#"404 {"errorCode":404000,"#),
    ] {
        let answer = server.invoke(path, &valid, r#"{"x": 1}"#).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        assert!(head.contains("content-type: application/json; charset=utf-8"), "{path}: {head}");
        let answer = format!("{} {body}", &head["HTTP/1.1 ".len()..][..3]);
        assert!(answer.starts_with(expected), "{path}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn callers_must_say_who_they_are() {
    let server = Server::start(8).await;
    for (headers, status) in [
        (TOKEN.to_owned(), "400"),
        (format!("{TOKEN}x-ms-edge-moduleId: edge-1\r\n"), "400"),
        (format!("{TOKEN}x-ms-edge-moduleId: a/b/c\r\n"), "400"),
        (format!("{TOKEN}{CALLER}{CALLER}"), "400"),
        (CALLER.to_owned(), "401"),
        (format!("{CALLER}Authorization: other\r\n"), "401"),
        (format!("{CALLER}{TOKEN}{TOKEN}"), "401"),
    ] {
        let answer = server.invoke("/twins/leaf-1/methods", &headers, "{}").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{headers}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn hostile_requests_end_within_limits() {
    let server = Server::start(8).await;
    let valid = format!("{CALLER}{TOKEN}");
    let answer = server.invoke("/twins/leaf-1/methods", &valid, &"x".repeat(LONGEST_BODY + 1)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "x".repeat(32 * 1024));
    let answer = server.exchange(long.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: x\r\n".repeat(100));
    let answer = server.exchange(many.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = server.exchange(b"\x16\x03\x01 garbage\r\n\r\n").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    // Others are served all the time.
    assert!(server.invoke("/twins/leaf-1/methods", &valid, "{}").await.starts_with("HTTP/1.1 200"));
    server.stop().await;
}

#[tokio::test]
async fn slow_requests_are_ended() {
    let (near, far) = tokio::io::duplex(1024);
    let (_stop, stopped) = watch::channel(false);
    let router = Router::new().fallback(|request: axum::extract::Request| async {
        match read_body(request.into_body()).await {
            Ok(_) => error(200, 0, ""),
            Err(response) => response,
        }
    });
    tokio::time::pause();
    let task = tokio::spawn(serve_connection(near, router.clone(), (), stopped.clone()));
    let (mut reader, mut writer) = tokio::io::split(far);
    let drip = tokio::spawn(async move {
        while writer.write_all(b"GET / HTTP/1.1\r\nA: ".get(..1).expect("a byte")).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let mut answer = Vec::new();
    let started = tokio::time::Instant::now();
    let _ = reader.read_to_end(&mut answer).await;
    assert!(started.elapsed() < Duration::from_secs(15), "the head is not waited for");
    task.await.expect("ended");
    drip.abort();

    let (near, mut far) = tokio::io::duplex(1024);
    let task = tokio::spawn(serve_connection(near, router, (), stopped));
    far.write_all(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc").await.expect("sent");
    let mut answer = [0; 12];
    far.read_exact(&mut answer).await.expect("answered");
    assert_eq!(&answer, b"HTTP/1.1 408");
    drop(far);
    task.await.expect("ended");
}

/// Reads messages until as many bytes have come, and returns them.
async fn receive(socket: &mut WebSocketStream<TlsStream<TcpStream>>, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        match socket.next().await.expect("open").expect("valid") {
            Message::Binary(part) => bytes.extend_from_slice(&part),
            Message::Pong(_) => {}
            other => panic!("received {other:?}"),
        }
    }
    bytes
}

#[tokio::test]
async fn messages_are_a_stream_of_bytes() {
    let server = Server::start(8).await;
    let mut socket = server.websocket("mqtt").await.expect("upgraded");
    // One packet in two messages, two packets in one, an empty message, a ping between, and fragments.
    for part in [&b"pack"[..], b"et", b"", b"packetpacket"] {
        socket.send(Message::binary(part.to_vec())).await.expect("sent");
    }
    socket.send(Message::Ping("are you there".into())).await.expect("sent");
    socket.send(Message::Frame(Frame::message(&b"frag"[..], OpCode::Data(Data::Binary), false))).await.expect("sent");
    socket.send(Message::Frame(Frame::message(&b"ment"[..], OpCode::Data(Data::Continue), true))).await.expect("sent");
    let expected = b"packetpacketpacketfragment";
    assert_eq!(receive(&mut socket, expected.len()).await, expected);

    let large: Vec<u8> = (0..300_000_u32).map(|index| index.to_le_bytes()[0]).collect();
    socket.send(Message::binary(large.clone())).await.expect("sent");
    assert!(receive(&mut socket, large.len()).await == large);
    socket.close(None).await.expect("closed");
    server.stop().await;
}

#[tokio::test]
async fn pings_are_answered() {
    let server = Server::start(8).await;
    let mut socket = server.websocket("mqtt").await.expect("upgraded");
    socket.send(Message::Ping("1".into())).await.expect("sent");
    assert_eq!(socket.next().await.expect("open").expect("valid"), Message::Pong("1".into()));
    server.stop().await;
}

#[tokio::test]
async fn text_and_endless_messages_end_the_connection() {
    let server = Server::start(8).await;
    let ended = async |message: Message| {
        let mut socket = server.websocket("mqtt").await.expect("upgraded");
        // The server may close before it has read everything.
        let _ = socket.send(message).await;
        loop {
            match socket.next().await {
                None | Some(Err(_) | Ok(Message::Close(_))) => return,
                Some(Ok(Message::Binary(_))) => panic!("the message was taken"),
                Some(Ok(_)) => {}
            }
        }
    };
    ended(Message::text("hello")).await;
    ended(Message::binary(vec![0; 600 * 1024])).await;
    server.stop().await;
}

#[tokio::test]
async fn other_subprotocols_are_refused() {
    let server = Server::start(8).await;
    let Err(tungstenite::Error::Http(response)) = server.websocket("amqp").await else { panic!("upgraded") };
    assert_eq!(response.status(), 400);
    let answer = server.exchange(b"GET /$iothub/websocket HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400") || answer.starts_with("HTTP/1.1 426"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn websockets_hold_their_places() {
    let server = Server::start(1).await;
    let socket = server.websocket("mqtt").await.expect("upgraded");
    assert!(server.connect().await.is_err(), "the only place is taken");
    drop(socket);
    let mut attempts = 0;
    while server.connect().await.is_err() {
        attempts += 1;
        assert!(attempts < 500, "the place does not become free");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.stop().await;
}
