//! Case 33: the first minute, and what can prevent it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::eventually;
use crate::hub::{Hub, Route, manifest, route, variables};
use crate::isolation::isolated;
use crate::raw::Raw;

fn prepared(arguments: &[&str]) -> Hub {
    Hub::prepare(&manifest(&[Route("in", &route("sensor", "out1", "filter", "in1"), 0, 0)]), arguments)
}

/// Starts a hub that cannot run. It has to end with exit code 1 and a line that names these.
fn refused(hub: &mut Hub, wanted: &[&str]) {
    hub.spawn();
    let code = hub.exit_code();
    let log = hub.log();
    assert_eq!(code, Some(1), "{log}");
    let said = log.lines().any(|line| wanted.iter().all(|word| line.contains(word)));
    assert!(said, "no line with all of {wanted:?}:\n{log}");
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn case_33_an_empty_directory_is_all_that_is_needed() {
    isolated(|| {
        let mut hub = prepared(&[]);
        hub.launch();
        let mode = std::fs::metadata(hub.data()).expect("the directory").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        // It answers a moment before it says so.
        eventually("modules and addresses are printed", 5, || {
            let log = hub.log();
            ["edge-1", "sensor", "filter", "127.0.0.1:9600"].iter().all(|word| log.contains(word)).then_some(())
        });
        Raw::connect(&hub, "edge-1/sensor");
        // The printed line, in a shell.
        assert_eq!(variables(&hub.ask(&["env", "sensor", "--format", "json"])), hub.settings("sensor"));
        let line = hub.ask(&["env", "sensor"]);
        let script = format!("{line}\nprintf %s \"$EdgeHubConnectionString\"");
        let output = Command::new("sh").arg("-c").arg(script).output().expect("a shell");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let string = hub.settings("sensor").into_iter().find(|(name, _)| name == "EdgeHubConnectionString");
        assert_eq!(Some(printed), string.map(|(_, value)| value));
        // Identities and root are the same after a restart.
        let before = (hub.settings("sensor"), std::fs::read(hub.root()).expect("the root"));
        hub.stop();
        hub.launch();
        assert_eq!(before, (hub.settings("sensor"), std::fs::read(hub.root()).expect("the root")));
    });
}

#[test]
fn case_33_ports_that_are_taken_are_named() {
    isolated(|| {
        for (port, flag) in [("8883", "--listen"), ("9600", "--admin")] {
            let taken = TcpListener::bind(format!("127.0.0.1:{port}")).expect("a free port");
            let mut hub = prepared(&[]);
            refused(&mut hub, &[port, "taken", flag]);
            drop(taken);
        }
        // Telemetry needs no HTTPS: a warning.
        let taken = TcpListener::bind("127.0.0.1:443").expect("a free port");
        let mut hub = prepared(&[]);
        hub.launch();
        let log = hub.log();
        assert!(log.lines().any(|line| line.contains("443") && line.contains("taken")), "{log}");
        Raw::connect(&hub, "edge-1/sensor");
        drop(taken);
    });
}

#[test]
fn case_33_a_second_hub_on_the_same_data_is_refused() {
    isolated(|| {
        let mut hub = prepared(&[]);
        hub.launch();
        let manifest = hub.manifest_file().display().to_string();
        let ports = ["--mqtt-port", "18883", "--no-https", "--admin", "127.0.0.1:19600"];
        let output = hub.command(&[["--manifest", &manifest].as_slice(), &ports].concat());
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("another") || text.contains("use"), "{text}");
        assert!(text.contains("data"), "{text}");
        Raw::connect(&hub, "edge-1/sensor");
    });
}

#[test]
fn case_33_a_privilege_that_is_missing_is_named() {
    isolated(|| {
        // Without the capability, and with 1024 as the first free port, as on most machines.
        let mut hub = prepared(&[]);
        std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024").expect("a setting of this namespace");
        if Command::new("setpriv").arg("--version").output().is_err() {
            crate::isolation::skip("needs setpriv");
            return;
        }
        hub.run_under(&["setpriv", "--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service"]);
        hub.launch();
        let log = hub.log();
        let line = log.lines().find(|line| line.contains("443")).unwrap_or_else(|| panic!("{log}"));
        assert!(line.contains("cap_net_bind_service") || line.contains("ip_unprivileged_port_start"), "{line}");
        Raw::connect(&hub, "edge-1/sensor");
    });
}

#[test]
fn case_33_a_data_directory_that_cannot_be_written_is_named() {
    isolated(|| {
        let mut hub = prepared(&[]);
        std::fs::create_dir(hub.data()).expect("a directory");
        // Root may write in spite of the mode, but not to a file system that is read-only.
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "ro", "tmpfs"]).arg(hub.data()).status();
        assert!(mount.expect("mount runs").success());
        let data = hub.data().display().to_string();
        refused(&mut hub, &[&data, "ead-only"]);
        // A file where the directory should be.
        let mut hub = prepared(&[]);
        std::fs::write(hub.data(), "a file").expect("a file");
        let data = hub.data().display().to_string();
        refused(&mut hub, &[&data, "irectory"]);
    });
}

#[test]
fn case_33_a_manifest_that_is_wrong_at_the_start_is_named() {
    isolated(|| {
        let mut hub = prepared(&[]);
        hub.write_manifest("{");
        refused(&mut hub, &["deployment.json"]);
        std::fs::remove_file(hub.manifest_file()).expect("the manifest");
        refused(&mut hub, &["deployment.json"]);
    });
}
