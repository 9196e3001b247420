use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Finding, Verdict, running};
use crate::bind::{ADMINISTRATION, bind};
use crate::config::Config;

/// How long a name may take to resolve.
const LOOKUP_TIME: Duration = Duration::from_secs(5);
/// The most names that are looked up.
const MOST_NAMES: usize = 5;

/// Whether something listens on the port of MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occupied {
    Yes,
    No,
}

/// Tries to bind the ports.
pub(super) async fn check_ports(config: &Config, findings: &mut Vec<Finding>) -> Occupied {
    let mut occupied = Occupied::No;
    let own = running::listeners(&config.data).await;
    let listen = &config.listen;
    let ports = [
        (Some(listen.mqtt()), "MQTT", Verdict::Problem, "no client can connect"),
        (listen.https(), "HTTPS", Verdict::Warning, "modules cannot invoke methods, and clients cannot use WebSockets"),
        (Some(listen.admin), ADMINISTRATION, Verdict::Problem, "the hub does not start"),
    ];
    for (address, what, verdict, effect) in ports {
        let Some(address) = address else {
            findings.push(Finding::warning(
                "ports",
                format!("{what} is off: {effect}"),
                "remove --no-https to serve it",
            ));
            continue;
        };
        let finding = match bind(address, what).await {
            Ok(_) => Finding::ok("ports", format!("port {} of {} ({what}) is free", address.port(), address.ip())),
            Err(error) => {
                if error.is_taken() && what == "MQTT" {
                    occupied = Occupied::Yes;
                }
                if error.is_taken() && running::holds(&own, what, address) {
                    let found =
                        format!("port {} of {} ({what}) is held by this hub, which runs", address.port(), address.ip());
                    findings.push(Finding::ok("ports", found));
                    continue;
                }
                let remedy = if error.is_taken() {
                    error.remedy().unwrap_or_default()
                } else {
                    error.remedy().unwrap_or_else(|| "give another address with --listen".to_owned())
                };
                let verdict = if error.is_taken() { Verdict::Warning } else { verdict };
                Finding {
                    check: "ports",
                    verdict,
                    found: format!("{}: {effect}", error.problem()),
                    remedy: Some(remedy),
                }
            }
        };
        findings.push(finding);
    }
    for (port, usual, what) in [(Some(listen.mqtt_port), 8883, "MQTT"), (listen.https_port, 443, "HTTPS")] {
        if port.is_some_and(|port| port != usual) {
            findings.push(Finding::warning(
                "ports",
                format!("the port of {what} is not {usual}, the only one that the SDKs know"),
                format!("use {usual}, or forward it to the hub"),
            ));
        }
    }
    occupied
}

/// Looks up the names that clients are given.
pub(super) async fn check_names(config: &Config, findings: &mut Vec<Finding>) {
    let listen = config.listen.address;
    let host = crate::tls::host_name();
    // The computer's own name is in the certificate in case someone uses it.
    let names = config.names.iter().filter(|name| name.parse::<IpAddr>().is_err() && Some(*name) != host.as_deref());
    for name in names.take(MOST_NAMES) {
        if name == "localhost" && config.gateway() != "localhost" {
            continue;
        }
        let found = tokio::time::timeout(LOOKUP_TIME, tokio::net::lookup_host((name, 0))).await;
        let addresses: Vec<IpAddr> = match found {
            Ok(Ok(addresses)) => addresses.map(|address: SocketAddr| address.ip()).collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        let wanted =
            if listen.is_unspecified() { "an address of this computer".to_owned() } else { listen.to_string() };
        let entry = if listen.is_unspecified() { "ADDRESS".to_owned() } else { listen.to_string() };
        let remedy = format!("where clients run, add the line `{entry} {name}` to /etc/hosts");
        findings.push(if addresses.is_empty() {
            Finding::warning("names", format!("`{name}` does not resolve on this computer"), remedy)
        } else if listen.is_unspecified() || addresses.contains(&listen) {
            Finding::ok("names", format!("`{name}` resolves to {}", list(&addresses)))
        } else {
            let found = format!("`{name}` resolves to {}, and the hub listens on {wanted}", list(&addresses));
            Finding::problem("names", found, format!("{remedy}, or start the hub with --listen"))
        });
    }
}

fn list(addresses: &[IpAddr]) -> String {
    let mut texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    texts.dedup();
    texts.join(", ")
}
