//! Cases 1 to 5: both SDKs do all they can, as modules and as downstream devices.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::eventually;
use crate::http;
use crate::hub::{self, Hub, Route, manifest, route};
use crate::isolation::isolated;
use crate::raw::{self, Answer, Raw};
use crate::sdk::{self, Client, Sdk};

/// Everything that a module does.
const MODULE_STEPS: [&str; 12] = [
    "connect",
    "serve",
    "send=2:out1",
    "send=1",
    "wait=input:2:10",
    "twin",
    r#"report={"a": {"b": 1}, "gone": null}"#,
    "twin",
    "wait=method:1:20",
    "patched=rate:6:20",
    r#"invoke=edge-1/sensor:ping:{"x": 1}"#,
    "disconnect",
];

fn echo(name: &str) -> [String; 2] {
    [route(name, "out1", name, "in1"), format!("FROM /messages/modules/{name} INTO $upstream")]
}

/// Calls a method through the administration API until the module answers.
fn call(hub: &Hub, target: &str) -> serde_json::Value {
    let body = json!({"methodName": "echo", "payload": {"a": 1}, "responseTimeoutInSeconds": 10,
        "connectTimeoutInSeconds": 20});
    let answer = hub.api(&format!("POST /api/methods/{target}"), &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Checks what a module reported in `MODULE_STEPS`.
fn check_module(sdk: Sdk, client: &Client) {
    let inputs = client.of("input");
    assert_eq!(inputs.len(), 2, "{inputs:?}");
    for (number, input) in inputs.iter().enumerate() {
        assert_eq!(input["input"], "in1");
        let properties = &input["properties"];
        assert_eq!(properties["odd key"], "a&b=c/d%", "{input}");
        assert_eq!(properties["seq"], number.to_string());
        assert_eq!(properties["$.cdid"], "edge-1");
        assert_eq!(properties["$.cmid"], "sensor");
        let system = &input["system"];
        let names = match sdk {
            Sdk::Python => ["message_id", "content_type", "content_encoding"],
            Sdk::Node => ["messageId", "contentType", "contentEncoding"],
        };
        assert_eq!(system[names[0]], format!("run-{number}"), "{input}");
        assert_eq!(system[names[1]], "application/json");
        assert_eq!(system[names[2]], "utf-8");
        let body: serde_json::Value = serde_json::from_str(input["body"].as_str().expect("a body")).expect("JSON");
        assert_eq!(body, json!({"seq": number, "pad": ""}));
    }
    let twins = client.of("twin");
    assert!(twins[0]["twin"]["desired"]["$version"].is_u64(), "{twins:?}");
    let reported = &twins[1]["twin"]["reported"];
    assert_eq!(reported["a"], json!({"b": 1}), "{twins:?}");
    assert!(reported.get("gone").is_none(), "null deletes: {twins:?}");
    let desired = client.of("desired");
    let patch = &desired.last().expect("a patch")["patch"];
    assert_eq!(patch["rate"], 6, "{desired:?}");
    assert!(patch["$version"].is_u64(), "{desired:?}");
    let methods = client.of("method");
    assert_eq!((&methods[0]["name"], &methods[0]["payload"]), (&json!("echo"), &json!({"a": 1})));
    let invoked = &client.of("invoked")[0]["result"];
    // The SDK for Node.js wraps the result, and its body has the same names.
    let invoked = if invoked["result"].is_object() { &invoked["result"] } else { invoked };
    assert_eq!(invoked["status"], 200, "{invoked}");
    assert_eq!(invoked["payload"], json!({"method": "ping", "got": {"x": 1}}));
}

/// Runs a module through all steps, with the operator's part.
fn whole_module(hub: &Hub, sdk: Sdk, options: &[&str], variables: &[(String, String)]) {
    let steps: Vec<_> = options.iter().copied().chain(MODULE_STEPS).collect();
    // Only a change is a patch.
    let answer = hub.api("PATCH /api/twins/edge-1/sensor", &json!({"desired": {"rate": 5}}));
    assert!(answer.status < 300, "{answer:?}");
    let mut client = sdk.spawn(hub, "sensor", variables, &steps);
    client.until("twin", 2, 40);
    let result = call(hub, "edge-1/sensor");
    assert_eq!(result, json!({"status": 200, "payload": {"method": "echo", "got": {"a": 1}}}));
    let answer = hub.api("PATCH /api/twins/edge-1/sensor", &json!({"desired": {"rate": 6}}));
    assert!(answer.status < 300, "{answer:?}");
    check_module(sdk, &client.finish());
}

#[test]
fn case_01_modules_of_both_sdks_do_all_they_can() {
    isolated(|| {
        let [out, upstream] = echo("sensor");
        let hub = Hub::start(&[Route("in", &out, 0, 0), Route("up", &upstream, 0, 0)]);
        for sdk in sdk::both() {
            whole_module(&hub, sdk, &[], &hub.settings("sensor"));
        }
    });
}

#[test]
fn case_01_recorded_bytes_of_a_module_are_answered_as_recorded() {
    isolated(|| {
        let [out, _] = echo("sensor");
        let hub = Hub::start(&[Route("in", &out, 0, 0)]);
        let mut raw = Raw::open(&hub);
        let id = "edge-1/sensor";
        raw.send(&raw::connect(id, &raw::user(id), &raw::token(id, &hub.key(id), 3600)));
        assert_eq!(raw.receive(), Answer::Packet(0x20, vec![0, 0]));
        for (number, filter) in
            [(1, "devices/edge-1/modules/sensor/inputs/#"), (2, "$iothub/methods/POST/#"), (3, "$iothub/twin/res/#")]
        {
            raw.send(&raw::subscribe(number, filter, 1));
            assert_eq!(raw.receive(), Answer::Packet(0x90, vec![0, u8::try_from(number).expect("small"), 1]));
        }
        // The SDK for Python, to an output.
        let bag = "%24.on=out1&%24.mid=30608-0&%24.ct=application%2Fjson&%24.ce=utf-8&odd%20key=a%26b%3Dc%2Fd%25&seq=0";
        let body = br#"{"seq": 0, "pad": ""}"#;
        raw.publish(4, &format!("devices/edge-1/modules/sensor/messages/events/{bag}"), body);
        check_delivery(&mut raw, "30608-0", body);
        // The SDK for Node.js, which ends the topic with a slash.
        let bag =
            "%24.on=out1&%24.mid=30664-0&%24.ct=application%2Fjson&%24.ce=utf-8&seq=0&odd%20key=a%26b%3Dc%2Fd%25/";
        let body = br#"{"seq":0,"pad":""}"#;
        raw.publish(50068, &format!("devices/edge-1/modules/sensor/messages/events/{bag}"), body);
        check_delivery(&mut raw, "30664-0", body);
        // The twin: the SDK for Python asks at QoS 1, and the answer echoes the request id as it is.
        let rid = "97ddbc99-cffd-4db8-8f13-c793729dd2f4";
        raw.publish(8, &format!("$iothub/twin/GET/?$rid={rid}"), b" ");
        let (topic, body) = raw.message();
        assert_eq!(topic, format!("$iothub/twin/res/200/?$rid={rid}"));
        let twin: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert!(twin["desired"]["$version"].is_u64() && twin["reported"]["$version"].is_u64(), "{twin}");
        let rid = "c95e732e-f53c-4ac3-9dd5-577a56dbe501";
        let topic = format!("$iothub/twin/PATCH/properties/reported/?$rid={rid}");
        raw.publish(9, &topic, br#"{"a": {"b": 1}, "gone": null}"#);
        let (topic, body) = raw.message();
        let version = twin["reported"]["$version"].as_u64().expect("a version") + 1;
        assert_eq!(topic, format!("$iothub/twin/res/204/?$rid={rid}&$version={version}"));
        assert!(body.is_empty(), "{body:?}");
        raw.send(&raw::packet(0xe0, &[]));
        assert_eq!(raw.receive(), Answer::Closed);
    });
}

/// Checks a delivery of one of the recorded messages. The order of properties means nothing.
fn check_delivery(raw: &mut Raw, message_id: &str, body: &[u8]) {
    let (topic, received) = raw.message();
    let bag = topic.strip_prefix("devices/edge-1/modules/sensor/inputs/in1/").unwrap_or_else(|| panic!("{topic}"));
    let mut properties: Vec<_> = bag.split('&').collect();
    properties.sort_unstable();
    let id = format!("%24.mid={message_id}");
    let mut wanted = [
        id.as_str(),
        "%24.ct=application%2Fjson",
        "%24.ce=utf-8",
        "%24.cdid=edge-1",
        "%24.cmid=sensor",
        "odd%20key=a%26b%3Dc%2Fd%25",
        "seq=0",
    ];
    wanted.sort_unstable();
    assert_eq!(
        properties.iter().filter(|property| **property != "%24.on=out1").collect::<Vec<_>>(),
        wanted.iter().collect::<Vec<_>>()
    );
    assert_eq!(received, body);
}

#[test]
fn case_02_downstream_devices_of_both_sdks_do_all_they_can() {
    isolated(|| {
        let hub = Hub::start(&[Route("up", "FROM /* INTO $upstream", 0, 0)]);
        for sdk in sdk::both() {
            let device = format!("leaf-{sdk:?}").to_lowercase();
            let string = hub.add_device(&device);
            let steps = [
                "connect",
                "serve",
                "send=2",
                "twin",
                r#"report={"a": 1}"#,
                "wait=c2d:1:20",
                "wait=method:1:20",
                "patched=rate:6:20",
                "disconnect",
            ];
            let mut client = sdk.leaf(&hub, &string, &steps);
            client.until("reported", 1, 40);
            let body =
                json!({"body": "c2d body", "properties": {"k 1": "v&="}, "systemProperties": {"messageId": "m1"}});
            let answer = hub.api(&format!("POST /api/c2d/{device}"), &body);
            assert!(answer.status < 300, "{answer:?}");
            assert_eq!(call(&hub, &device)["payload"], json!({"method": "echo", "got": {"a": 1}}));
            let answer = hub.api(&format!("PATCH /api/twins/{device}"), &json!({"desired": {"rate": 6}}));
            assert!(answer.status < 300, "{answer:?}");
            let client = client.finish();
            let c2d = client.of("c2d");
            assert_eq!(c2d[0]["body"], "c2d body", "{c2d:?}");
            assert_eq!(c2d[0]["properties"]["k 1"], "v&=");
            assert_eq!(client.count("acked"), 2);
            assert_eq!(client.of("desired").last().expect("a patch")["patch"]["rate"], 6);
        }
    });
}

#[test]
fn case_03_modules_of_both_sdks_use_websockets() {
    isolated(|| {
        let [out, upstream] = echo("sensor");
        let hub = Hub::start(&[Route("in", &out, 0, 0), Route("up", &upstream, 0, 0)]);
        for sdk in sdk::both() {
            whole_module(&hub, sdk, &["--websockets"], &hub.settings("sensor"));
        }
    });
}

#[test]
fn case_04_modules_of_both_sdks_run_in_production_mode() {
    isolated(|| {
        let [out, upstream] = echo("sensor");
        let hub = Hub::start(&[Route("in", &out, 0, 0), Route("up", &upstream, 0, 0)]);
        let variables = hub.production_settings("sensor");
        let mut printed = hub::variables(&hub.ask(&["env", "sensor", "--production", "--format", "json"]));
        let mut sorted = variables.clone();
        sorted.sort();
        printed.sort();
        assert_eq!(printed, sorted);
        for sdk in sdk::both() {
            whole_module(&hub, sdk, &[], &variables);
        }
    });
}

#[test]
fn case_04_workload_api_signs_for_the_module_of_the_path_alone() {
    isolated(|| {
        let [out, _] = echo("sensor");
        let hub = Hub::start(&[Route("in", &out, 0, 0)]);
        let variables = hub.production_settings("sensor");
        let variable = |name: &str| {
            let found = variables.iter().find(|(found, _)| found == name);
            found.unwrap_or_else(|| panic!("no {name}: {variables:?}")).1.clone()
        };
        let socket = variable("IOTEDGE_WORKLOADURI").strip_prefix("unix://").expect("a Unix socket").to_owned();
        let generation = variable("IOTEDGE_MODULEGENERATIONID");
        let socket = std::path::Path::new(&socket);
        let ask = |line: &str, body: &str| http::unix(socket, line, "Host: localhost\r\n", body).expect("an answer");
        // As the SDK for Python asks: no content type.
        let data =
            "bXktaHViLmF6dXJlLWRldmljZXMubmV0JTJGZGV2aWNlcyUyRmVkZ2UtMSUyRm1vZHVsZXMlMkZzZW5zb3IKMTc5NjAwNjc5NQ==";
        let body = format!(r#"{{"keyId": "primary", "algo": "HMACSHA256", "data": "{data}"}}"#);
        let sign = |module: &str, generation: &str, body: &str| {
            ask(&format!("POST /modules/{module}/genid/{generation}/sign?api-version=2019-01-30"), body)
        };
        let answer = sign("sensor", &generation, &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.json()["digest"].is_string(), "{answer:?}");
        let bundle = ask("GET /trust-bundle?api-version=2018-06-28", "");
        let root = std::fs::read_to_string(hub.root()).expect("the root");
        assert_eq!(bundle.json()["certificate"].as_str().map(str::trim), Some(root.trim()));
        for (module, generation, body) in [
            ("sensor", "wrong", body.as_str()),
            ("nobody", generation.as_str(), body.as_str()),
            ("sensor", generation.as_str(), "{}"),
            ("sensor", generation.as_str(), "not JSON"),
            ("sensor", generation.as_str(), r#"{"keyId": "primary", "algo": "MD5", "data": "YQ=="}"#),
        ] {
            let answer = sign(module, generation, body);
            assert!((400..500).contains(&answer.status), "{module} {generation} {body}: {answer:?}");
            assert!(!answer.body.contains("digest"), "{answer:?}");
        }
        let mode = std::fs::metadata(socket).expect("the socket").permissions().mode();
        assert_eq!(mode & 0o077, 0, "others may not sign: {mode:o}");
    });
}

#[test]
fn case_05_certificates_have_the_names_that_are_given() {
    isolated(|| {
        let [out, _] = echo("sensor");
        let hub = Hub::start_with(
            &manifest(&[Route("in", &out, 0, 0)]),
            &["--hostname", "localhost", "--hostname", "edge-hub.local"],
        );
        for sdk in sdk::both() {
            for name in ["localhost", "edge-hub.local"] {
                let mut variables = hub.settings("sensor");
                for (_, value) in &mut variables {
                    *value = value.replace("GatewayHostName=localhost", &format!("GatewayHostName={name}"));
                }
                let client = sdk.spawn(&hub, "sensor", &variables, &["connect", "send=1:out1"]).finish();
                assert_eq!(client.count("acked"), 1, "{name}");
            }
            // A name that the certificate does not have, and the log says which it has.
            let mut variables = hub.settings("sensor");
            for (_, value) in &mut variables {
                *value = value.replace("GatewayHostName=localhost", "GatewayHostName=other-name.local");
            }
            let mut client = sdk.spawn(&hub, "sensor", &variables, &["connect"]);
            assert_eq!(client.exit_code(), Some(1), "{sdk:?}: {:?}", client.events);
            eventually("the log names the host that the client asked for", 5, || {
                let log = hub.log();
                let line = log.lines().find(|line| line.contains("other-name.local"))?;
                line.contains("edge-hub.local").then_some(())
            });
        }
    });
}
