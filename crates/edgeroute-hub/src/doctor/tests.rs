use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use clap::Parser;
use tokio::net::TcpListener;

use super::*;
use crate::config::{RunArguments, Sources};
use crate::tls::Tls;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    run: RunArguments,
}

fn config(data: &Path, more: &[&str]) -> Config {
    let data = format!("--data={}", data.display());
    let fixed = ["hub", &data, "--admin=127.0.0.1:0", "--mqtt-port=0", "--https-port=0"];
    let more: Vec<_> = fixed
        .into_iter()
        .filter(|flag| !more.iter().any(|other| same(flag, other)))
        .chain(more.iter().copied())
        .collect();
    let Command { sources, run } = Command::try_parse_from(more).expect("arguments");
    Config::load(&sources, &run).expect("valid")
}

fn same(one: &str, other: &str) -> bool {
    one.split_once('=').map(|(flag, _)| flag) == other.split_once('=').map(|(flag, _)| flag)
}

async fn examined(data: &Path, more: &[&str]) -> String {
    let findings = examine(&config(data, more), &Clock::default()).await;
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_first_start_has_nothing_to_do() {
    let directory = tempfile::tempdir().expect("a directory");
    let report = examined(&directory.path().join("new"), &[]).await;
    assert!(!report.contains("problem"), "{report}");
    assert!(report.contains("will be made at the first start"), "{report}");
    assert!(report.contains("ok       certificate  it does not exist yet"), "{report}");
    assert!(!directory.path().join("new").exists());
}

#[tokio::test]
async fn certificates_are_verified_by_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let clock = Clock::default();
    Tls::open(&config(directory.path(), &[]).certificate_source(), clock.clone()).expect("made");
    let report = examined(directory.path(), &["--hostname=edge-hub.local"]).await;
    assert!(report.contains("the configured certificate verifies with TLS 1.2 and 1.3 for edge-hub.local"), "{report}");

    // A hub that runs and was not started with the name.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = format!("--mqtt-port={}", listener.local_addr().expect("an address").port());
    let tls = Arc::new(Tls::open(&config(directory.path(), &[]).certificate_source(), clock).expect("read"));
    let server = tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let _ = tls.accept(stream, peer).await;
        }
    });
    let report = examined(directory.path(), &[&port]).await;
    assert!(report.contains("the server that runs verifies with TLS 1.2 and 1.3 for localhost"), "{report}");
    assert!(report.contains("is taken by `"), "{report}");
    let report = examined(directory.path(), &[&port, "--hostname=edge-hub.local"]).await;
    assert!(
        report.contains("problem  certificate  the server that runs does not verify for `edge-hub.local`"),
        "{report}"
    );
    server.abort();
}

#[tokio::test]
async fn weak_permissions_and_broken_files_are_reported() {
    let directory = tempfile::tempdir().expect("a directory");
    Tls::open(&config(directory.path(), &[]).certificate_source(), Clock::default()).expect("made");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("changed");
    fs::set_permissions(directory.path().join("ca-key.pem"), fs::Permissions::from_mode(0o644)).expect("changed");
    let report = examined(directory.path(), &["--manifest=/nowhere.json"]).await;
    for part in ["warning  data", "run `chmod 700 /", "warning  keys", "run `chmod 600 /", "problem  manifest"] {
        assert!(report.contains(part), "{part} in {report}");
    }
    fs::write(directory.path().join("ca.pem"), "broken").expect("written");
    let report = examined(directory.path(), &[]).await;
    assert!(report.contains("problem  certificate") && report.contains("or remove both"), "{report}");
}

#[tokio::test]
async fn a_wrong_clock_and_an_unknown_name_are_reported() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("new"), "").expect("written");
    let clock = Clock::default();
    clock.shift(-120_000);
    let config = config(directory.path(), &["--hostname=no-such-name.invalid", "--listen=127.0.0.1"]);
    let findings = examine(&config, &clock).await;
    let verdict =
        |check: &str| findings.iter().filter(|finding| finding.check == check).map(|found| found.verdict).max();
    assert_eq!(verdict("clock"), Some(Verdict::Problem));
    assert_eq!(verdict("names"), Some(Verdict::Warning));
    let name = findings.iter().find(|finding| finding.check == "names").expect("checked");
    assert!(name.remedy.as_deref().is_some_and(|remedy| remedy.contains("`127.0.0.1 no-such-name.invalid`")));
}

#[tokio::test]
async fn a_hub_that_runs_holds_its_ports() {
    let directory = tempfile::tempdir().expect("a directory");
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let admin = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let (mqtt, admin_address) = (taken.local_addr().expect("an address"), admin.local_addr().expect("an address"));
    let flags = [format!("--mqtt-port={}", mqtt.port()), format!("--admin={admin_address}")];
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();

    // Another program has the ports.
    let report = examined(directory.path(), &flags).await;
    assert!(report.contains("(MQTT) is taken by `") && report.contains("(administration) is taken by `"), "{report}");

    let listeners = serde_json::json!({"listeners": [format!("mqtt {mqtt}"), format!("admin {admin_address}")]});
    let answer = move || std::future::ready(axum::Json(listeners.clone()));
    let router = axum::Router::new().route("/api/status", axum::routing::get(answer));
    let server = tokio::spawn(async move { axum::serve(admin, router).await });
    let contact = crate::contact::Contact { address: admin_address, token: Some("s3cr3t".to_owned()) };
    contact.write(directory.path()).expect("written");
    let report = examined(directory.path(), &flags).await;
    for what in
        [format!("port {} of 127.0.0.1 (MQTT)", mqtt.port()), format!("{} of 127.0.0.1 (admin", admin_address.port())]
    {
        assert!(report.contains(&what), "{report}");
    }
    assert_eq!(report.matches("is held by this hub, which runs").count(), 2, "{report}");
    assert!(!report.contains("s3cr3t"), "{report}");
    server.abort();
}
