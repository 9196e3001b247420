use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use clap::Parser;
use serde_json::{Value, json};

use super::*;
use crate::contact::Contact;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    hub: HubArguments,
}

/// Runs a command and returns what it prints.
fn printed(data: &Path, line: &[&str]) -> Result<String, String> {
    let data = format!("--data={}", data.display());
    let line = [&["hub", &data], line].concat();
    let HubArguments { command, sources, run } = Line::try_parse_from(line).expect("arguments").hub;
    let config = Config::load(&sources, &run).expect("valid");
    let mut out = Vec::new();
    let result = execute(command.expect("a command"), &config, &mut out).map_err(|failure| failure.to_string());
    result.map(|_| String::from_utf8(out).expect("UTF-8"))
}

#[test]
fn arguments_are_consistent() {
    use clap::CommandFactory;
    Line::command().debug_assert();
}

#[test]
fn a_hub_runs_without_a_command_and_with_run() {
    for line in [&["hub", "--manifest=m.json"][..], &["hub", "run", "--manifest=m.json"]] {
        let arguments = Line::try_parse_from(line).expect("arguments").hub;
        let code = run(arguments, |config| {
            assert_eq!(config.manifest.as_deref(), Some(Path::new("m.json")));
            ExitCode::from(7)
        });
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(7)));
    }
    assert!(Line::try_parse_from(["hub", "nonsense"]).is_err());
}

#[test]
fn identities_are_added_once_and_rotated() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path();
    let first = printed(data, &["device", "add", "leaf-1"]).expect("added");
    assert!(first.starts_with("HostName=edgeroute.local;GatewayHostName=localhost;DeviceId=leaf-1;SharedAccessKey="));
    assert_eq!(printed(data, &["device", "add", "leaf-1"]).expect("known"), first);
    let module = printed(data, &["module", "add", "sensor", "--config=/dev/null"]).expect("added");
    assert!(module.contains(";DeviceId=edge-1;ModuleId=sensor;"), "{module}");
    let rotated = printed(data, &["key", "rotate", "sensor"]).expect("rotated");
    assert!(rotated.contains("ModuleId=sensor") && rotated != module);
    let unknown = printed(data, &["key", "rotate", "other"]).expect_err("unknown");
    assert!(unknown.contains("no client `other`, only edge-1, edge-1/sensor, leaf-1"), "{unknown}");
    assert!(printed(data, &["device", "add", "a/b"]).expect_err("a module").contains("module add"));
    assert!(printed(data, &["module", "add", "a b"]).expect_err("invalid").contains("`a b`"));
}

#[test]
fn environments_have_every_form() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path();
    let error = printed(data, &["env", "sensor"]).expect_err("no hub");
    assert!(error.contains("there is no hub in") && error.contains("--data"), "{error}");
    let string = printed(data, &["module", "add", "sensor"]).expect("added");
    let string = string.trim_end();
    let root = data.join("ca.pem");
    let root = root.display();

    let shell = printed(data, &["env", "sensor"]).expect("printed");
    assert_eq!(
        shell,
        format!("export EdgeHubConnectionString='{string}'\nexport EdgeModuleCACertificateFile={root}\n")
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("{shell}\nprintf %s \"$EdgeHubConnectionString\"")])
        .output()
        .expect("a shell");
    assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), string);

    let dotenv = printed(data, &["env", "edge-1/sensor", "--format=dotenv"]).expect("printed");
    assert_eq!(dotenv, format!("EdgeHubConnectionString={string}\nEdgeModuleCACertificateFile={root}\n"));
    let json: Value =
        serde_json::from_str(&printed(data, &["env", "sensor", "--format=json"]).expect("printed")).expect("JSON");
    assert_eq!(json["EdgeHubConnectionString"], string);
    let vscode = printed(data, &["env", "sensor", "--format=vscode"]).expect("printed");
    let vscode: Value = serde_json::from_str(&vscode).expect("JSON");
    assert_eq!(vscode["env"], json);
    let docker = printed(data, &["env", "sensor", "--format=docker"]).expect("printed");
    assert!(docker.contains("--network host") && docker.contains(&format!("--volume {root}:{root}")), "{docker}");
    let docker = printed(data, &["--listen=0.0.0.0", "--hostname=edge-hub.local", "env", "sensor", "--format=docker"]);
    assert!(docker.expect("printed").contains("--add-host edge-hub.local:host-gateway"));
    assert!(printed(data, &["env", "edge-1"]).expect_err("a device").contains("device add edge-1"));
}

#[test]
fn environments_of_production_name_the_workload_api() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path();
    printed(data, &["module", "add", "sensor"]).expect("added");
    let json = printed(data, &["env", "sensor", "--production", "--format=json"]).expect("printed");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["IOTEDGE_IOTHUBHOSTNAME"], "edgeroute.local");
    assert_eq!(json["IOTEDGE_GATEWAYHOSTNAME"], "localhost");
    assert_eq!((&json["IOTEDGE_DEVICEID"], &json["IOTEDGE_MODULEID"]), (&json!("edge-1"), &json!("sensor")));
    assert_eq!(json["IOTEDGE_WORKLOADURI"], format!("unix://{}/workload.sock", data.display()));
    assert_eq!((&json["IOTEDGE_APIVERSION"], &json["IOTEDGE_AUTHSCHEME"]), (&json!("2019-01-30"), &json!("sasToken")));
    assert!(json["IOTEDGE_MODULEGENERATIONID"].as_str().is_some_and(|id| !id.is_empty()));
    assert!(!json.to_string().contains("SharedAccessKey"));
}

#[test]
fn doctor_fails_for_problems() {
    let directory = tempfile::tempdir().expect("a directory");
    let free = ["--mqtt-port=0", "--https-port=0", "--admin=127.0.0.1:0"];
    let report =
        printed(&directory.path().join("new"), &[&free[..], &["doctor", "--json"]].concat()).expect("examined");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert!(
        report.as_array().is_some_and(|findings| findings.iter().all(|finding| finding["verdict"] != "problem")),
        "{report}"
    );
    let data = format!("--data={}", directory.path().join("file").display());
    std::fs::write(directory.path().join("file"), "").expect("written");
    let line = [&["hub", &data], &free[..], &["doctor"]].concat();
    let code = run(Line::try_parse_from(line).expect("arguments").hub, |_| ExitCode::SUCCESS);
    assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::FAILURE));
}

type Requests = Arc<Mutex<Vec<String>>>;

/// Answers as the administration API does, and keeps what was asked.
async fn administration(State(requests): State<Requests>, request: Request) -> (u16, String) {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let asked = format!("{} {} {}", head.method, head.uri, String::from_utf8_lossy(&body));
    if head.headers.get("authorization").is_none_or(|token| token != "Bearer t0ken") {
        return (401, json!({ "error": { "code": "unauthorized", "message": "no token" } }).to_string());
    }
    let answer = match (head.method.as_str(), head.uri.path()) {
        ("GET", "/api/status") => json!({
            "device": "edge-1", "started": 0, "listeners": ["127.0.0.1:8883"], "connected": 2, "identities": 3,
            "manifest": { "file": "/nowhere/m.json", "routes": 6 }, "problems": ["the disk is full"],
            "store": { "messages": 5, "liveBytes": 2048, "diskBytes": 4096 },
            "upstream": { "kind": "mqtt", "address": "broker", "online": false, "error": "refused" },
        }),
        ("GET", "/api/queues") => json!({ "queues": [
            { "id": 7, "destination": "filter/in1", "length": 3, "levels": [{ "priority": 0, "length": 3 }], "routed": true },
        ] }),
        ("GET", "/api/clients") => json!({ "clients": [
            { "id": "edge-1/sensor", "connected": true, "address": "127.0.0.1:5", "agent": "py\u{1b}[2J" },
        ] }),
        ("GET", "/api/messages") => json!({ "messages": [{ "id": 3 }, { "id": 4 }] }),
        ("GET", "/api/messages/4/explain") => return (200, "message 4 went nowhere\n".to_owned()),
        ("GET", "/api/twins/edge-1/sensor") => json!({ "desired": { "$version": 1 }, "reported": {} }),
        ("PATCH", "/api/twins/leaf-1") => json!({ "desired": { "rate": 5 }, "reported": {} }),
        ("POST", "/api/methods/edge-1/sensor") => {
            requests.lock().expect("not poisoned").push(asked);
            return (200, r#"{"status":200,"payload":{"b":1e400,"b":12345678901234567890123}}"#.to_owned());
        }
        ("POST", "/api/messages" | "/api/c2d/leaf-1") => json!({ "id": 9, "deliveries": 2 }),
        ("POST", "/api/queues/7/drop") => json!({ "messages": 3 }),
        ("PUT", "/api/manifest") => {
            let error = json!({ "message": "the manifest has 1 error", "report": "line 1: no\n" });
            return (422, json!({ "error": error }).to_string());
        }
        ("GET", "/api/record") => {
            return (200, "{\"body\": 1}\n{\"body\": 2}\n{\"error\":{\"message\":\"too slow\"}}\n".to_owned());
        }
        ("GET", "/api/events") => {
            let message = json!({ "id": 1, "sender": "edge-1/sensor", "size": 5, "preview": "{}",
                "deliveries": [{ "destination": "filter/in1", "route": "r1" }] });
            let dropped =
                json!({ "id": 2, "sender": "edge-1/sensor", "dropped": { "reason": "no_route", "detail": "why" } });
            return (200, format!("event: message\ndata: {message}\n\nevent: message\ndata: {dropped}\n\n"));
        }
        _ => return (404, "lost".to_owned()),
    };
    requests.lock().expect("not poisoned").push(asked);
    (200, answer.to_string())
}

/// A hub's administration that runs in the background, with its data directory.
struct Administration {
    directory: tempfile::TempDir,
    requests: Requests,
    _runtime: tokio::runtime::Runtime,
}

impl Administration {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let requests = Requests::default();
        let router = Router::new()
            .fallback(async |state: State<Requests>, request: Request| {
                let (status, body) = administration(state, request).await;
                (axum::http::StatusCode::from_u16(status).expect("a status"), body)
            })
            .with_state(Arc::clone(&requests));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("bound");
        let contact = Contact { address: listener.local_addr().expect("an address"), token: Some("t0ken".to_owned()) };
        contact.write(directory.path()).expect("written");
        runtime.spawn(async move { axum::serve(listener, router).await });
        printed(directory.path(), &["module", "add", "sensor"]).expect("added");
        printed(directory.path(), &["device", "add", "leaf-1"]).expect("added");
        Self { directory, requests, _runtime: runtime }
    }

    fn printed(&self, line: &[&str]) -> Result<String, String> {
        printed(self.directory.path(), line)
    }

    fn last_request(&self) -> String {
        self.requests.lock().expect("not poisoned").last().cloned().unwrap_or_default()
    }
}

#[test]
fn the_state_of_a_hub_is_shown() {
    let hub = Administration::start();
    let status = hub.printed(&["status"]).expect("shown");
    for part in [
        "device        edge-1\n",
        "2 connected, 3 known",
        "5 stored, 2.0 KiB",
        "offline: refused",
        "problem       the disk is full",
    ] {
        assert!(status.contains(part), "{part} in {status}");
    }
    let json: Value = serde_json::from_str(&hub.printed(&["status", "--json"]).expect("shown")).expect("JSON");
    assert_eq!(json["device"], "edge-1");
    let queues = hub.printed(&["queues"]).expect("shown");
    assert!(queues.ends_with("7   filter/in1   3               0:3\n"), "{queues}");
    let clients = hub.printed(&["clients"]).expect("shown");
    assert!(clients.contains("edge-1/sensor  127.0.0.1:5") && !clients.contains('\u{1b}'), "{clients}");
    assert_eq!(hub.printed(&["explain"]).expect("shown"), "message 4 went nowhere\n");
    assert!(hub.printed(&["explain", "5"]).expect_err("unknown").contains("404"));
}

#[test]
fn actions_are_requests() {
    let hub = Administration::start();
    let sent = hub.printed(&["send", "sensor", "{\"x\": 1}", "-o", "out1", "-p", "a=b=c"]).expect("sent");
    assert!(sent.starts_with("message 9: 2 deliveries"), "{sent}");
    let request = hub.last_request();
    let body: Value =
        serde_json::from_str(request.strip_prefix("POST /api/messages ").expect("the request")).expect("JSON");
    assert_eq!(body["origin"], json!({ "device": "edge-1", "module": "sensor", "output": "out1" }));
    assert_eq!((&body["properties"], &body["body"]), (&json!({ "a": "b=c" }), &json!("{\"x\": 1}")));

    hub.printed(&["c2d", "leaf-1", "hi", "-p", "k=v"]).expect("sent");
    assert_eq!(hub.last_request(), r#"POST /api/c2d/leaf-1 {"bodyBase64":"aGk=","properties":{"k":"v"}}"#);
    assert!(hub.printed(&["c2d", "sensor", "hi"]).expect_err("a module").contains("only devices"));
    assert!(hub.printed(&["twin", "get", "sensor"]).expect("read").contains("\"$version\": 1"));
    hub.printed(&["twin", "set", "leaf-1", "{\"rate\": 5}"]).expect("changed");
    assert_eq!(hub.last_request(), r#"PATCH /api/twins/leaf-1 {"desired":{"rate": 5}}"#);
    hub.printed(&["twin", "set", "leaf-1", "{\"a\":123456789012345678901234567890}"]).expect("the hub judges");
    assert!(hub.last_request().ends_with(r#"{"desired":{"a":123456789012345678901234567890}}"#));
    assert!(hub.printed(&["twin", "set", "leaf-1", "5"]).expect_err("refused").contains("not a JSON object"));
    let answer = hub.printed(&["invoke", "sensor", "ping", "{\"x\": 1.10}", "--timeout=5"]).expect("invoked");
    assert_eq!(answer, "{\n  \"status\": 200,\n  \"payload\": {\"b\":1e400,\"b\":12345678901234567890123}\n}\n");
    assert!(hub.last_request().contains(r#""methodName":"ping","payload":{"x": 1.10},"responseTimeoutInSeconds":5"#));
    assert!(hub.printed(&["invoke", "sensor", "ping", "text"]).expect_err("refused").contains("quote texts twice"));
    assert_eq!(hub.printed(&["drop", "filter/in1"]).expect("dropped"), "filter/in1: 3 messages\n");
    assert!(hub.printed(&["drain", "other"]).expect_err("unknown").contains("no queue `other`"));
}

#[test]
fn manifests_are_refused_with_their_findings() {
    let hub = Administration::start();
    let manifest = hub.directory.path().join("m.json");
    std::fs::write(&manifest, "{}").expect("written");
    let error = hub.printed(&["reload", &manifest.display().to_string()]).expect_err("refused");
    assert_eq!(error, "the manifest has 1 error\nline 1: no");
    assert!(hub.printed(&["reload"]).expect_err("no file").contains("cannot read the manifest `/nowhere/m.json`"));
}

#[test]
fn messages_are_followed_recorded_and_replayed() {
    let hub = Administration::start();
    let mut out = Vec::new();
    let line = ["hub", "--data", &hub.directory.path().display().to_string(), "tail"].map(str::to_owned);
    let HubArguments { command, sources, run } = Line::try_parse_from(line).expect("arguments").hub;
    let config = Config::load(&sources, &run).expect("valid");
    let end = execute(command.expect("a command"), &config, &mut out).expect_err("the stream ends").to_string();
    assert_eq!(end, "the hub has stopped");
    let out = String::from_utf8(out).expect("UTF-8");
    assert!(out.contains("1  edge-1/sensor    5 B  to filter/in1 by r1\n      {}\n"), "{out}");
    assert!(out.contains("dropped (no_route): why"), "{out}");

    let file = hub.directory.path().join("messages.jsonl");
    let name = file.display().to_string();
    assert_eq!(hub.printed(&["record", &name]).expect_err("the stream ends"), "too slow");
    assert_eq!(std::fs::read_to_string(&file).expect("written"), "{\"body\": 1}\n{\"body\": 2}\n");
    assert!(hub.printed(&["record", &name]).expect_err("it exists").contains("cannot create"));
    assert_eq!(hub.printed(&["record", "-", "--count=1"]).expect("recorded"), "{\"body\": 1}\n");
    assert_eq!(hub.printed(&["replay", &name]).expect("sent"), "2 messages sent, 4 deliveries\n");
    assert_eq!(hub.last_request(), "POST /api/messages {\"body\": 2}\n");
}

#[test]
fn a_hub_that_does_not_run_is_reported() {
    let directory = tempfile::tempdir().expect("a directory");
    let error = printed(directory.path(), &["status"]).expect_err("no hub");
    assert!(error.contains("no hub runs with the data in"), "{error}");
    let contact = Contact { address: "127.0.0.1:1".parse().expect("an address"), token: Some("s3cr3t".to_owned()) };
    contact.write(directory.path()).expect("written");
    let error = printed(directory.path(), &["status"]).expect_err("no hub");
    assert!(error.contains("cannot reach the hub at 127.0.0.1:1") && !error.contains("s3cr3t"), "{error}");
}
