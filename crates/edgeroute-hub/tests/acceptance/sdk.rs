//! The vendors' SDKs: `client.py` and `client.js`, which run them by steps.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::hub::Hub;
use crate::isolation::skip;

/// An SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sdk {
    Python,
    Node,
}

/// A client that runs its steps.
pub(crate) struct Client {
    child: Child,
    lines: Receiver<Value>,
    /// All results so far.
    pub(crate) events: Vec<Value>,
    name: String,
}

/// Returns where the SDKs are installed: the directory of `tests/acceptance/install`, or that of the variable
/// `EDGEROUTE_SDKS`. Reports a skipped case if neither is installed.
fn installed() -> Option<PathBuf> {
    let place = match std::env::var_os("EDGEROUTE_SDKS") {
        Some(place) => PathBuf::from(place),
        // target/debug/edgeroute-hub
        None => Path::new(env!("CARGO_BIN_EXE_edgeroute-hub")).ancestors().nth(2)?.join("acceptance"),
    };
    if place.join("venv/bin/python").exists() && place.join("node_modules/azure-iot-device").exists() {
        return Some(place);
    }
    skip("needs the SDKs: run crates/edgeroute-hub/tests/acceptance/install");
    None
}

/// Returns both SDKs, or none where they are not installed.
pub(crate) fn both() -> Vec<Sdk> {
    if installed().is_some() { vec![Sdk::Python, Sdk::Node] } else { Vec::new() }
}

/// Returns whether the SDKs are installed. Reports a skipped case if they are not.
pub(crate) fn available() -> bool {
    installed().is_some()
}

impl Sdk {
    /// Runs a module with the settings that the hub prints.
    pub(crate) fn module(self, hub: &Hub, module: &str, steps: &[&str]) -> Client {
        self.spawn(hub, module, &hub.settings(module), steps)
    }

    /// Runs a downstream device that was added before.
    pub(crate) fn leaf(self, hub: &Hub, connection_string: &str, steps: &[&str]) -> Client {
        let root = hub.root();
        let mut all = vec!["--leaf", "--ca", root.to_str().expect("UTF-8")];
        all.extend(steps);
        self.spawn(hub, "leaf", &[("LEAF_CONNECTION_STRING".into(), connection_string.into())], &all)
    }

    /// Runs a client with these variables.
    pub(crate) fn spawn(self, hub: &Hub, name: &str, variables: &[(String, String)], steps: &[&str]) -> Client {
        let place = installed().expect("the SDKs are installed");
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/acceptance");
        let name = format!("{name}-{self:?}");
        let errors = File::create(hub.file(&format!("{name}.errors"))).expect("a file for errors");
        let mut command = match self {
            Self::Python => Command::new(place.join("venv/bin/python")),
            Self::Node => Command::new("node"),
        };
        command.arg(match self {
            Self::Python => scripts.join("client.py"),
            Self::Node => scripts.join("client.js"),
        });
        command.args(steps).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("NODE_PATH", place.join("node_modules")).env("PYTHONDONTWRITEBYTECODE", "1").env("RUN", "run");
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn().expect("the client runs");
        let output = child.stdout.take().expect("its output is read");
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if send.send(event).is_err() {
                    break;
                }
            }
        });
        Client { child, lines, events: Vec::new(), name }
    }
}

impl Client {
    /// Waits until there are `count` results of a kind.
    pub(crate) fn until(&mut self, event: &str, count: usize, seconds: u64) {
        let mut rest = count;
        self.until_that(&format!("{count} `{event}`"), seconds, |line| {
            rest = rest.saturating_sub(usize::from(line["event"] == event));
            rest == 0
        });
    }

    /// Waits until there is a result of which `found` is true. Looks at those that are there first.
    pub(crate) fn until_that(&mut self, what: &str, seconds: u64, mut found: impl FnMut(&Value) -> bool) {
        if self.events.iter().any(&mut found) {
            return;
        }
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(rest) {
                Ok(line) => {
                    let last = found(&line);
                    self.events.push(line);
                    if last {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.fail(&format!("no {what} within {seconds} s")),
                Err(RecvTimeoutError::Disconnected) => self.fail(&format!("ends before {what}")),
            }
        }
    }

    /// Waits for the end. All steps have to be done.
    pub(crate) fn finish(mut self) -> Self {
        let end = Instant::now() + Duration::from_secs(90);
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.events.push(line),
                Err(RecvTimeoutError::Timeout) => self.fail("does not end"),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = self.child.wait().expect("the client can be waited for");
        if !status.success() {
            self.fail(&status.to_string());
        }
        self
    }

    /// Waits for the end, and returns the exit code.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let status = crate::eventually("the client ends", 60, || self.child.try_wait().expect("a child"));
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(5)) {
            self.events.push(line);
        }
        status.code()
    }

    /// Returns the results of a kind.
    pub(crate) fn of(&self, event: &str) -> Vec<&Value> {
        self.events.iter().filter(|line| line["event"] == event).collect()
    }

    /// Returns the number of results of a kind.
    pub(crate) fn count(&self, event: &str) -> usize {
        self.of(event).len()
    }

    fn fail(&mut self, what: &str) -> ! {
        let _ = self.child.kill();
        let events: Vec<_> = self.events.iter().map(ToString::to_string).collect();
        panic!("{}: {what}\n{}", self.name, events.join("\n"));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
