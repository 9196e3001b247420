use std::path::Path;

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    run: RunArguments,
}

fn arguments(list: &[&str]) -> Command {
    Command::try_parse_from([&["hub"], list].concat()).expect("arguments")
}

fn load(list: &[&str]) -> Result<Config, ConfigError> {
    let Command { sources, run } = arguments(list);
    Config::load(&sources, &run)
}

fn combine(list: &[&str], file: &str) -> Result<Config, String> {
    let path = Path::new("/etc/hub/hub.toml");
    let file = File::parse(file, path).map_err(|error| error.to_string())?;
    let Command { sources, run } = arguments(list);
    Config::combine(&sources, &run, file, Some(path)).map_err(|error| error.to_string())
}

#[test]
fn defaults_serve_this_computer() {
    let config = load(&[]).expect("valid");
    assert_eq!(config.data, Path::new(".edgeroute-hub"));
    assert_eq!(config.gateway(), "localhost");
    assert_eq!(config.listen.mqtt().to_string(), "127.0.0.1:8883");
    assert_eq!(config.listen.https().expect("on").to_string(), "127.0.0.1:443");
    assert_eq!(config.listen.admin.to_string(), "127.0.0.1:9600");
    assert_eq!(config.upstream, Upstream::Show);
    assert_eq!(config.durability, Durability::Flush);
    assert_eq!(config.device.to_string(), "edge-1");
}

const FILE: &str = r#"
manifest = "deployment.json"
data = "/var/lib/hub"
device-id = "edge-2"
iot-hub = "My-Hub.example"
hostnames = ["edge-hub.local", "10.0.0.1"]
upstream = "mqtts://broker.example"
durability = "interval=50ms"
max-disk = "2GiB"
when-full = "drop-oldest"
ephemeral = true
token-skew = "1m"
log-format = "json"

[listen]
address = "0.0.0.0"
mqtt-port = 1
https = true
https-port = 2
admin = "127.0.0.1:3"
workload = "w.sock"
workload-http = "127.0.0.1:4"

[certificate]
certificate = "a.pem"
key = "b.pem"
ca = "c.pem"

[limits]
clients = 5
unacknowledged = 6
inbound-bytes = "7MiB"
methods = 8
"#;

#[test]
fn the_file_sets_everything() {
    let config = combine(&[], FILE).expect("valid");
    assert_eq!(config.manifest.as_deref(), Some(Path::new("/etc/hub/deployment.json")));
    assert_eq!(config.data, Path::new("/var/lib/hub"));
    assert_eq!(config.iot_hub, "my-hub.example");
    assert!(config.names.to_string().starts_with("edge-hub.local, 10.0.0.1, localhost"));
    assert_eq!(config.durability, Durability::Interval(Duration::from_millis(50)));
    assert_eq!((config.max_disk, config.when_full), (Some(2 << 30), WhenFull::DropOldest));
    assert_eq!(config.limits, Limits { clients: 5, unacknowledged: 6, inbound_bytes: 7 << 20, methods: 8 });
    assert_eq!(config.listen.mqtt().to_string(), "0.0.0.0:1");
    assert_eq!(config.listen.https().expect("on").to_string(), "0.0.0.0:2");
    assert_eq!(config.listen.workload, Path::new("/etc/hub/w.sock"));
    let files = config.certificate.clone().expect("given");
    assert_eq!(files.root.as_deref(), Some(Path::new("/etc/hub/c.pem")));
    assert_eq!(config.certificate_source(), CertificateSource::Files(files));
    assert!(config.ephemeral && config.log_format == LogFormat::Json);
    assert_eq!(config.token_skew, Duration::from_secs(60));
    let options = config.store_options(Clock::default());
    assert_eq!((options.directory.as_path(), &*options.hub_device), (Path::new("/var/lib/hub/store"), "edge-2"));
}

#[test]
fn flags_take_precedence_over_the_file() {
    let flags = [
        "--manifest=m.json",
        "--data=d",
        "--device-id=edge-3",
        "--hostname=a.example",
        "--hostname=b.example",
        "--listen=127.0.0.2",
        "--mqtt-port=0",
        "--no-https",
        "--admin=127.0.0.1:0",
        "--upstream=show",
        "--durability=flush",
        "--max-disk=1kB",
        "--when-full=wait",
        "--clients=9",
        "--certificate=x.pem",
        "--key=y.pem",
    ];
    let config = combine(&flags, FILE).expect("valid");
    assert_eq!(config.manifest.as_deref(), Some(Path::new("m.json")));
    assert_eq!(config.device.to_string(), "edge-3");
    assert!(config.names.to_string().starts_with("a.example, b.example, localhost"));
    assert_eq!(config.listen.mqtt().to_string(), "127.0.0.2:0");
    assert_eq!(config.listen.https_port, None);
    assert_eq!((config.max_disk, config.limits.clients), (Some(1_000), 9));
    assert_eq!(config.certificate.expect("given").root, None);
    // The administration follows an address of the loopback interface, and no other.
    assert_eq!(combine(&["--listen=127.0.0.2"], "").expect("valid").listen.admin.to_string(), "127.0.0.2:9600");
    assert_eq!(combine(&["--listen=0.0.0.0"], "").expect("valid").listen.admin.to_string(), "127.0.0.1:9600");
}

#[test]
fn mistakes_are_reported_with_their_place() {
    for (file, expected) in [
        ("a = 1\nmqttport = 5\n", "/etc/hub/hub.toml:1:1: unknown field `a`, expected one of `manifest`"),
        ("[listen]\n  mqtt-prt = 5\n", "/etc/hub/hub.toml:2:3: unknown field `mqtt-prt`"),
        ("[listen]\nmqtt-port = 65536\n", "/etc/hub/hub.toml:2:13: "),
        ("[listen]\naddress = 'nowhere'\n", "/etc/hub/hub.toml:2:11: "),
        ("data = \n", "/etc/hub/hub.toml:1:8: "),
        ("[certificate]\nkey = 'k'\n", "/etc/hub/hub.toml:1:1: missing field `certificate`"),
        ("device-id = 'a/b'", "`device-id` of `/etc/hub/hub.toml`: `a/b` is a module"),
        ("device-id = 'a b'", "`device-id` of `/etc/hub/hub.toml`: not a device id"),
        ("hostnames = ['a b']", "`hostnames` of `/etc/hub/hub.toml`: `a b` is not a host name"),
        ("max-disk = '5'", "`max-disk` of `/etc/hub/hub.toml`: `5` is not a size such as 500MB"),
        ("max-disk = '99999999999TiB'", "is not a size"),
        ("durability = 'often'", "`often` is neither flush nor interval=TIME"),
        ("durability = 'interval=0ms'", "between 1ms and 60s"),
        ("when-full = 'cry'", "`cry` is neither wait nor drop-oldest"),
        ("limits.clients = 0", "`limits.clients` of `/etc/hub/hub.toml`: 0 is not between 1 and 100000"),
        ("limits.inbound-bytes = '1kB'", "it is less than 1MiB"),
        ("listen.workload-http = '10.0.0.1:1'", "give a loopback address"),
        ("upstream = 'nats://x'", "`upstream` of `/etc/hub/hub.toml`: expected show, mqtt://HOST"),
    ] {
        let error = combine(&[], file).expect_err(file);
        assert!(error.contains(expected), "{error}\nhas not {expected}");
    }
    for (flags, expected) in [
        (&["--key=k"][..], "--certificate and --key are needed together"),
        (&["--ca=k"], "--ca needs --certificate and --key"),
        (&["--hostname=a b"], "--hostname: `a b`"),
        (&["--config=/nowhere/hub.toml"], "cannot read `/nowhere/hub.toml`"),
    ] {
        let error = load(flags).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}\nhas not {expected}");
    }
}

#[test]
fn brokers_are_read() {
    let upstream: Upstream =
        "mqtt://us%3Aer:p%40ss@[::1]:18830?topic=a/{device}/{output}&properties=envelope&client-id=c"
            .parse()
            .expect("valid");
    let Upstream::Mqtt(broker) = upstream else { panic!("not a broker") };
    assert_eq!((broker.host.as_str(), broker.port, broker.tls), ("::1", 18830, false));
    assert_eq!(broker.user.as_deref(), Some("us:er"));
    assert_eq!(broker.password.as_ref().map(Secret::expose), Some("p@ss"));
    assert_eq!((broker.topic.to_string().as_str(), broker.client_id.as_deref()), ("a/{device}/{output}", Some("c")));
    assert_eq!(broker.properties, Properties::Envelope);
    assert!(!format!("{broker:?}").contains("p@ss"));
    let Ok(Upstream::Mqtt(broker)) = "mqtts://broker.example/?ca=/etc/ca.pem".parse() else { panic!("not a broker") };
    assert_eq!((broker.port, broker.ca), (8883, Some("/etc/ca.pem".into())));
}

#[test]
fn topics_of_brokers_are_checked_as_they_are_used() {
    for (topic, problem) in [
        ("", "it has an empty level"),
        ("a//b", "it has an empty level"),
        ("a/%2B", "a topic cannot have `+`"),
        ("a%07", "a topic cannot have `\\u{7}`"),
        ("a/{input}", "it has a name other than {device}, {module} and {output}"),
        ("{module}/{output}", "it is empty for some messages"),
    ] {
        let error = format!("mqtt://host?topic={topic}").parse::<Upstream>().expect_err(topic);
        assert!(error.contains(problem), "{topic}: {error}");
    }
}

#[test]
fn hubs_are_read() {
    let text = "hub:HostName=up.example;DeviceId=edge-1;SharedAccessKey=c2VjcmV0;GatewayHostName=gw.example";
    let Ok(Upstream::Hub(hub)) = text.parse() else { panic!("not a hub") };
    assert_eq!((hub.iot_hub.as_str(), hub.host.as_str()), ("up.example", "gw.example"));
    assert_eq!(hub.key.expose(), "c2VjcmV0");
    assert!(!format!("{hub:?}").contains("c2Vj"));
}

#[test]
fn errors_of_upstreams_do_not_repeat_secrets() {
    for text in [
        "hub:HostName=h;DeviceId=d;SharedAccessKey=s3cr3t!",
        "hub:HostName=h;DeviceId=d e;SharedAccessKey=czNjcjN0",
        "hub:HostName=h;DeviceId=d;SharedAccessKey=s3cr3t;SharedAccessKey=s3cr3t",
        "hub:HostName=h;DeviceId=d;ModuleId=m;SharedAccessKey=s3cr3t",
        "hub:HostName=h;s3cr3t",
        "hub:SharedAccessKey=s3cr3t",
        "mqtt://user:s3cr3t@host/path",
        "mqtt://user:s3cr3t@host:99999",
        "mqtt://user:s3cr3t@",
        "mqtt://user:s3 cr3t@host",
        "mqtt://user:s3cr3t@host?topic=a/%23",
        "mqtt://user:s3cr3t@host?topic={s3cr3t}",
        "mqtt://user:s3cr3t@host?ca=x",
        "s3cr3t",
    ] {
        let error = text.parse::<Upstream>().expect_err(text);
        assert!(!error.contains("s3cr3t") && !error.contains("czNj"), "{error}");
    }
}
