//! A hub of its own for each case: the binary, its data directory, and its administration API.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::eventually;
use crate::http::{self, Answer};

/// The device of the hub.
pub(crate) const DEVICE: &str = "edge-1";
/// The name of the IoT hub.
pub(crate) const IOT_HUB: &str = "my-hub.azure-devices.net";
/// Where the hub is administered, unless an argument says otherwise.
const ADMIN: &str = "127.0.0.1:9600";

/// A hub with a data directory that lives as long as this.
pub(crate) struct Hub {
    child: Option<Child>,
    directory: TempDir,
    arguments: Vec<String>,
    starts: usize,
    wrapper: Vec<String>,
}

/// A route: its name, its text, its priority and its time to live in seconds, 0 for that of the hub.
pub(crate) struct Route<'r>(pub(crate) &'r str, pub(crate) &'r str, pub(crate) u32, pub(crate) u32);

/// Returns a deployment manifest with these routes.
pub(crate) fn manifest(routes: &[Route<'_>]) -> Value {
    manifest_with(routes, 0)
}

/// Returns a deployment manifest with these routes and the modules `load-000`, `load-001` and so on.
pub(crate) fn manifest_with(routes: &[Route<'_>], senders: usize) -> Value {
    let module = json!({"version": "1.0", "type": "docker", "status": "running", "restartPolicy": "always",
        "settings": {"image": "load", "createOptions": "{}"}});
    let modules: serde_json::Map<_, _> =
        (0..senders).map(|number| (format!("load-{number:03}"), module.clone())).collect();
    let route = |Route(name, text, priority, ttl): &Route<'_>| {
        ((*name).to_owned(), json!({"route": text, "priority": priority, "timeToLiveSecs": ttl}))
    };
    let routes: serde_json::Map<_, _> = routes.iter().map(route).collect();
    json!({"modulesContent": {
        "$edgeAgent": {"properties.desired": {
            "schemaVersion": "1.1", "runtime": {"type": "docker", "settings": {}},
            "systemModules": {}, "modules": modules,
        }},
        "$edgeHub": {"properties.desired": {
            "schemaVersion": "1.1", "routes": routes,
            "storeAndForwardConfiguration": {"timeToLiveSecs": 7200},
        }},
    }})
}

/// Returns the text of a route from an output to an input.
pub(crate) fn route(from: &str, output: &str, to: &str, input: &str) -> String {
    format!(r#"FROM /messages/modules/{from}/outputs/{output} INTO BrokeredEndpoint("/modules/{to}/inputs/{input}")"#)
}

impl Hub {
    /// Starts a hub with these routes, and waits until it is ready.
    pub(crate) fn start(routes: &[Route<'_>]) -> Self {
        Self::start_with(&manifest(routes), &[])
    }

    /// Starts a hub with a manifest and arguments, and waits until it is ready.
    pub(crate) fn start_with(manifest: &Value, arguments: &[&str]) -> Self {
        let mut hub = Self::prepare(manifest, arguments);
        hub.launch();
        hub
    }

    /// Makes the directory of a hub without starting it.
    pub(crate) fn prepare(manifest: &Value, arguments: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("hub").tempdir().expect("a directory");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let hub = Self { child: None, directory, arguments, starts: 0, wrapper: Vec::new() };
        hub.write_manifest(&manifest.to_string());
        hub
    }

    /// Starts the hub again, in the same directory, and waits until it is ready.
    pub(crate) fn launch(&mut self) {
        self.spawn();
        eventually("the hub is ready", 20, || {
            let status = self.child.as_mut().and_then(|child| child.try_wait().expect("a child"));
            assert!(status.is_none(), "the hub ends: {status:?}");
            http::tcp(self.admin(), "GET /readyz", "Host: localhost:9600\r\n", "")
                .ok()
                .filter(|answer| answer.status == 200)
        });
    }

    /// Starts the hub without waiting.
    pub(crate) fn spawn(&mut self) {
        assert!(self.child.is_none(), "the hub runs already");
        self.starts += 1;
        let log = File::create(self.log_file()).expect("a log file");
        let mut command = match self.wrapper.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(env!("CARGO_BIN_EXE_edgeroute-hub"));
                command
            }
            None => Command::new(env!("CARGO_BIN_EXE_edgeroute-hub")),
        };
        let child = command
            .args(["--iot-hub", IOT_HUB, "--device-id", DEVICE])
            .arg("--manifest")
            .arg(self.manifest_file())
            .arg("--data")
            .arg(self.data())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the file can be shared"))
            .stderr(log)
            .spawn()
            .expect("the hub can be started");
        self.child = Some(child);
    }

    /// Has the hub started by another program, which runs it in its place.
    pub(crate) fn run_under(&mut self, command: &[&str]) {
        self.wrapper = command.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Ends the hub with SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("the hub runs");
        child.kill().expect("the hub can be killed");
        child.wait().expect("the hub can be waited for");
    }

    /// Ends the hub with SIGTERM, and waits for it.
    pub(crate) fn stop(&mut self) {
        let mut child = self.child.take().expect("the hub runs");
        assert!(signal("TERM", child.id()), "SIGTERM can be sent");
        let status = eventually("the hub stops", 15, || child.try_wait().expect("a child"));
        assert!(status.success(), "the hub stops with {status}");
    }

    /// Waits for a hub that ends by itself, and returns its exit code.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("the hub runs");
        eventually("the hub ends", 15, || child.try_wait().expect("a child")).code()
    }

    /// Sends SIGHUP.
    pub(crate) fn hang_up(&self) {
        assert!(signal("HUP", self.process()), "SIGHUP can be sent");
    }

    /// Returns the id of the process.
    pub(crate) fn process(&self) -> u32 {
        self.child.as_ref().expect("the hub runs").id()
    }

    /// Returns the data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Returns a file beside the data directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns the path of the manifest.
    pub(crate) fn manifest_file(&self) -> PathBuf {
        self.file("deployment.json")
    }

    /// Replaces the manifest, in one step as editors and deployments do.
    pub(crate) fn write_manifest(&self, text: &str) {
        let new = self.file("deployment.json.new");
        std::fs::write(&new, text).expect("the manifest can be written");
        std::fs::rename(new, self.manifest_file()).expect("the manifest can be replaced");
    }

    fn admin(&self) -> &str {
        let place = self.arguments.iter().position(|argument| argument == "--admin");
        place.and_then(|place| self.arguments.get(place + 1)).map_or(ADMIN, String::as_str)
    }

    fn log_file(&self) -> PathBuf {
        self.file(&format!("log.{}", self.starts))
    }

    /// Returns all that the hub has written since its last start.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Returns the root certificate.
    pub(crate) fn root(&self) -> PathBuf {
        self.data().join("ca.pem")
    }

    /// Runs a command of the binary on the data directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_edgeroute-hub"))
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::null())
            .output()
            .expect("the command runs")
    }

    /// Runs a command that has to succeed, and returns what it prints.
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {}\n{error}", output.status);
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Returns the variables with which a module runs in development mode.
    pub(crate) fn settings(&self, module: &str) -> Vec<(String, String)> {
        let key = self.key(&format!("{DEVICE}/{module}"));
        let string = format!(
            "HostName={IOT_HUB};GatewayHostName=localhost;DeviceId={DEVICE};ModuleId={module};SharedAccessKey={key}"
        );
        vec![
            ("EdgeHubConnectionString".into(), string),
            ("EdgeModuleCACertificateFile".into(), self.root().display().to_string()),
        ]
    }

    /// Returns the variables with which a module runs in production mode.
    pub(crate) fn production_settings(&self, module: &str) -> Vec<(String, String)> {
        let generation = self.identity(&format!("{DEVICE}/{module}"))["generation"].clone();
        let socket = format!("unix://{}", self.data().join("workload.sock").display());
        [
            ("IOTEDGE_IOTHUBHOSTNAME", IOT_HUB),
            ("IOTEDGE_DEVICEID", DEVICE),
            ("IOTEDGE_MODULEID", module),
            ("IOTEDGE_GATEWAYHOSTNAME", "localhost"),
            ("IOTEDGE_MODULEGENERATIONID", generation.as_str().expect("a generation")),
            ("IOTEDGE_WORKLOADURI", &socket),
            ("IOTEDGE_APIVERSION", "2019-01-30"),
            ("IOTEDGE_AUTHSCHEME", "sasToken"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Adds a downstream device, and returns its connection string.
    pub(crate) fn add_device(&self, id: &str) -> String {
        let answer = self.api(&format!("POST /api/identities/{id}"), &Value::Null);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["connectionString"].as_str().expect("a string").to_owned()
    }

    /// Returns what the hub keeps of an identity.
    fn identity(&self, id: &str) -> Value {
        let text = std::fs::read_to_string(self.data().join("identities.json")).expect("the file of identities");
        let file: Value = serde_json::from_str(&text).expect("JSON");
        file["identities"].get(id).unwrap_or_else(|| panic!("no identity {id}")).clone()
    }

    /// Returns the primary key of a module or device, in base64.
    pub(crate) fn key(&self, id: &str) -> String {
        self.identity(id)["primaryKey"].as_str().expect("a key").to_owned()
    }

    /// Sends a request to the administration API.
    pub(crate) fn api(&self, line: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.request(line, "Host: localhost:9600\r\nContent-Type: application/json\r\n", &body)
    }

    /// Sends a request with these headers to the administration API.
    pub(crate) fn request(&self, line: &str, headers: &str, body: &str) -> Answer {
        http::tcp(self.admin(), line, headers, body).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Returns what the administration API has at a path.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.api(&format!("GET {path}"), &Value::Null);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// Returns the sum of all samples of a metric whose labels contain all these texts.
    pub(crate) fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let answer = self.api("GET /metrics", &Value::Null);
        assert_eq!(answer.status, 200, "{answer:?}");
        let value = |line: &str| {
            let rest = line.strip_prefix(name)?;
            let (found, value) = match rest.strip_prefix('{') {
                Some(rest) => rest.rsplit_once("} ")?,
                None => ("", rest.strip_prefix(' ')?),
            };
            if labels.iter().all(|label| found.contains(label)) { value.parse::<f64>().ok() } else { None }
        };
        answer.body.lines().filter_map(value).sum()
    }

    /// Returns the resident memory in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process())).expect("the hub runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
    }

    /// Returns the bytes that the data directory takes on the disk.
    pub(crate) fn disk(&self) -> u64 {
        fn of(path: &Path) -> u64 {
            use std::os::unix::fs::MetadataExt as _;
            let Ok(metadata) = path.symlink_metadata() else { return 0 };
            let own = metadata.blocks() * 512;
            if !metadata.is_dir() {
                return own;
            }
            let Ok(entries) = path.read_dir() else { return own };
            own + entries.flatten().map(|entry| of(&entry.path())).sum::<u64>()
        }
        of(&self.data())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let last = lines.get(lines.len().saturating_sub(60)..).unwrap_or_default();
            println!("the last lines of the hub's log:\n{}", last.join("\n"));
        }
    }
}

/// Sends a signal. Returns whether the process is there.
pub(crate) fn signal(name: &str, process: u32) -> bool {
    let status = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    status.is_ok_and(|status| status.success())
}

/// Reads what `env --format json` prints.
pub(crate) fn variables(text: &str) -> Vec<(String, String)> {
    let object: serde_json::Map<String, Value> = serde_json::from_str(text).expect("an object of variables");
    object.into_iter().map(|(name, value)| (name, value.as_str().expect("a string").to_owned())).collect()
}

/// Waits, for things that must not happen.
pub(crate) fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
