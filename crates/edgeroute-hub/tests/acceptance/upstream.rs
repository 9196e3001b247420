//! Cases 14 and 15: upstream goes away and comes back, and is another hub.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::eventually;
use crate::hub::{DEVICE, Hub, IOT_HUB, Route, manifest_with, pause};
use crate::isolation::{isolated, skip};
use crate::sdk;
use crate::tool::{self, Running};

const UP: &str = "FROM /messages/* INTO $upstream";

/// A broker that is not part of this project.
struct Mosquitto(Child);

impl Mosquitto {
    fn start(hub: &Hub) -> Self {
        let file = hub.file("mosquitto.conf");
        std::fs::write(&file, "listener 1883 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
            .expect("a file");
        let child = Command::new("mosquitto").arg("-c").arg(file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let broker = Self(child.expect("mosquitto runs"));
        eventually("mosquitto listens", 5, || std::net::TcpStream::connect("127.0.0.1:1883").ok());
        broker
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn installed() -> bool {
    let found = Command::new("mosquitto").arg("-h").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        skip("needs mosquitto");
    }
    found
}

fn hub() -> Hub {
    Hub::start_with(&manifest_with(&[Route("up", UP, 0, 0)], 4), &["--upstream", "mqtt://127.0.0.1:1883"])
}

/// Receives from the broker what came from upstream.
fn receive(hub: &Hub, count: u64) -> Running {
    let ledger = hub.file("received").display().to_string();
    let arguments = [
        "sink",
        "--plain",
        "--server",
        "127.0.0.1:1883",
        "--client",
        "cloud",
        "--filter",
        "edge/#",
        "--expect",
        &count.to_string(),
        "--timeout",
        "70",
        "--ledger",
        &ledger,
    ];
    tool::start(&arguments.map(str::to_owned))
}

#[test]
fn case_14_all_arrives_in_order_when_upstream_is_back() {
    isolated(|| {
        if !installed() {
            return;
        }
        let mut hub = hub();
        let sent = hub.file("sent").display().to_string();
        // Refused connections, and a restart in between.
        tool::send(&hub, "load-", &["--clients", "4", "--messages", "200", "--ledger", &sent]).passed();
        hub.stop();
        hub.launch();
        let broker = Mosquitto::start(&hub);
        let sink = receive(&hub, 800).passed();
        assert_eq!(sink["figures"]["disordered"], 0, "{sink}");
        let received = hub.file("received");
        tool::compare(&hub.file("sent"), &received, &["--max-duplicates", "64"]);
        // The broker dies under load.
        let load = tool::send(
            &hub,
            "load-",
            &["--clients", "4", "--messages", "100000", "--seconds", "4", "--rate", "50", "--ledger", &sent],
        );
        let sink = tool::start(
            &[
                "sink",
                "--plain",
                "--server",
                "127.0.0.1:1883",
                "--client",
                "cloud",
                "--filter",
                "edge/#",
                "--subscribe",
                "always",
                "--ledger",
                &received.display().to_string(),
                "--idle",
                "15",
                "--timeout",
                "90",
                "--connect-timeout",
                "30",
            ]
            .map(str::to_owned),
        );
        pause(1000);
        drop(broker);
        pause(1000);
        let _broker = Mosquitto::start(&hub);
        load.passed();
        let sink = sink.passed();
        let result = tool::compare(&hub.file("sent"), &received, &["--any-lost"]);
        // What the broker had acknowledged but not passed on when it died is its loss.
        println!("case 14: {result}\n{sink}");
        eventually("nothing waits", 30, || (hub.metric("edgehub_queue_length", &[]) < 0.5).then_some(()));
    });
}

#[test]
fn case_14_a_black_hole_is_noticed() {
    isolated(|| {
        if !installed() {
            return;
        }
        let listener = TcpListener::bind("127.0.0.1:1883").expect("a free port");
        listener.set_nonblocking(true).expect("an option");
        let hub = hub();
        let sent = hub.file("sent").display().to_string();
        tool::send(&hub, "load-", &["--clients", "4", "--messages", "50", "--ledger", &sent]).passed();
        // Accepts, reads, and never answers.
        let mut streams = Vec::new();
        for _ in 0..100 {
            if let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(true).expect("an option");
                streams.push(stream);
            }
            for stream in &mut streams {
                let _ = stream.read(&mut [0; 4096]);
            }
            pause(50);
        }
        assert!(!streams.is_empty(), "the hub connects");
        drop(listener);
        // The connections stay open: the hub has to give them up by itself.
        let start = std::time::Instant::now();
        let broker = Mosquitto::start(&hub);
        let sink = receive(&hub, 200).passed();
        assert_eq!(sink["figures"]["disordered"], 0, "{sink}");
        assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
        tool::compare(&hub.file("sent"), &hub.file("received"), &["--max-duplicates", "0"]);
        drop((streams, broker));
    });
}

#[test]
fn case_15_another_hub_is_upstream_of_an_unmodified_client() {
    isolated(|| {
        if !sdk::available() {
            return;
        }
        let arguments = ["--listen", "127.0.0.2", "--hostname", "127.0.0.2", "--admin", "127.0.0.1:9601"];
        // It knows the device of the lower hub and its modules, as an IoT hub does.
        let cloud = Hub::start_with(&manifest_with(&[Route("all", UP, 0, 0)], 1), &arguments);
        let (key, root) = (cloud.key(DEVICE), cloud.root());
        let upstream = format!(
            "hub:HostName={IOT_HUB};GatewayHostName=127.0.0.2;DeviceId={DEVICE};SharedAccessKey={key};Ca={}",
            root.display()
        );
        let hub = Hub::start_with(&manifest_with(&[Route("up", UP, 0, 0)], 1), &["--upstream", &upstream]);

        let properties = json!({"plus": "1+2", "percent": "100%", "pair": "k=v&w", "empty": "", "ä€😀": "ü"});
        let step = format!("bag=out1:{properties}");
        for sdk in sdk::both() {
            sdk.module(&hub, "load-000", &["connect", &step]).finish();
        }
        let sent = eventually("the lower hub has both messages", 20, || telemetry(&hub));
        let received = eventually("the upper hub has both messages", 60, || telemetry(&cloud));
        for (sent, received) in sent.iter().zip(&received) {
            assert_eq!(sent["sender"], received["sender"]);
            let (sent, received) = (&sent["content"], &received["content"]);
            assert_eq!(sent["body"], received["body"]);
            for (key, value) in properties.as_object().expect("an object") {
                assert_eq!(&sent["properties"][key], value, "`{key}` of {sent}");
                assert_eq!(&received["properties"][key], value, "`{key}` of {received}");
            }
            for stamp in ["messageId", "correlationId", "contentType", "contentEncoding"] {
                assert_eq!(sent["systemProperties"][stamp], received["systemProperties"][stamp], "`{stamp}`");
            }
        }
        eventually("nothing waits", 30, || (hub.metric("edgehub_queue_length", &[]) < 0.5).then_some(()));
    });
}

/// Returns the telemetry of a hub with its content once there are two messages.
fn telemetry(hub: &Hub) -> Option<Vec<Value>> {
    let messages = hub.get("/api/messages");
    let messages = messages["messages"].as_array().expect("a list");
    let telemetry = messages.iter().filter(|message| message["source"] != "/twinChangeNotifications");
    let contents: Vec<_> = telemetry.map(|message| hub.get(&format!("/api/messages/{}", message["id"]))).collect();
    (contents.len() == 2).then_some(contents)
}
