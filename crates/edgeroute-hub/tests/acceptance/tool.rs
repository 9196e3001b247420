//! The load tool, `examples/load`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::hub::{DEVICE, Hub, IOT_HUB};

/// Returns the tool. `cargo test` builds it, unless it is asked for this test alone.
fn path() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_edgeroute-hub")).with_file_name("examples").join("load");
    assert!(path.exists(), "no load tool: run `cargo test --package edgeroute-hub --examples --no-run` first");
    path
}

/// The tool while it runs.
pub(crate) struct Running {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
    arguments: Vec<String>,
}

/// Starts the tool.
pub(crate) fn start(arguments: &[String]) -> Running {
    let mut child = Command::new(path())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the load tool runs");
    let output = child.stdout.take().map(BufReader::new);
    Running { child, output, arguments: arguments.to_vec() }
}

/// Returns the arguments with which the tool connects to a hub.
pub(crate) fn connection(hub: &Hub) -> Vec<String> {
    let root = hub.root();
    let identities = hub.data().join("identities.json");
    ["--server", "localhost:8883", "--hub", IOT_HUB, "--ca"]
        .into_iter()
        .map(str::to_owned)
        .chain([root.display().to_string(), "--identities".into(), identities.display().to_string()])
        .collect()
}

/// Starts a sink that is `module`.
pub(crate) fn sink(hub: &Hub, module: &str, arguments: &[&str]) -> Running {
    let mut all = vec!["sink".to_owned(), "--client".into(), format!("{DEVICE}/{module}")];
    all.extend(connection(hub));
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    start(&all)
}

/// Starts senders whose modules begin with `prefix`.
pub(crate) fn send(hub: &Hub, prefix: &str, arguments: &[&str]) -> Running {
    let mut all = vec!["send".to_owned(), "--prefix".into(), format!("{DEVICE}/{prefix}")];
    all.extend(connection(hub));
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    start(&all)
}

/// Compares ledgers.
pub(crate) fn compare(sent: &Path, received: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["compare".to_owned(), "--sent".into(), sent.display().to_string(), "--received".into()];
    all.push(received.display().to_string());
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    start(&all).passed()
}

impl Running {
    /// Returns the next line.
    pub(crate) fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.output.as_mut()?.read_line(&mut line).expect("the output can be read");
        serde_json::from_str(&line).ok()
    }

    /// Waits for the end. Returns the last line, and whether all went well.
    pub(crate) fn finished(mut self) -> (Value, bool) {
        let mut rest = String::new();
        self.output.take().expect("the output was not taken").read_to_string(&mut rest).expect("UTF-8");
        let status = self.child.wait().expect("the tool can be waited for");
        let line = rest.lines().last().and_then(|line| serde_json::from_str(line).ok());
        (line.unwrap_or(Value::Null), status.success())
    }

    /// Waits for the end, which has to be a success. Returns the last line.
    pub(crate) fn passed(self) -> Value {
        let arguments = self.arguments.join(" ");
        let (line, passed) = self.finished();
        assert!(passed, "load {arguments}: {line:#}");
        line
    }

    /// Asks a sink to end, and returns its last line.
    pub(crate) fn terminate(self) -> Value {
        crate::hub::signal("TERM", self.child.id());
        self.passed()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
