//! A network of its own for each case: the SDKs know no other ports than 8883 and 443.

use std::any::type_name;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Set in the process that runs a case in its namespaces.
const INSIDE: &str = "EDGEROUTE_ACCEPTANCE_INSIDE";

/// The longest time that a case may take.
const LONGEST: Duration = Duration::from_secs(180);

/// Names of the loopback interface in each case.
const HOSTS: &str = "127.0.0.1 localhost edge-hub.local other-name.local\n";

/// Runs a case in network, mount and process namespaces of its own, by running this program again for this test.
///
/// Where that is not possible the case is skipped, and fails if the variable `CI` is `true`. All processes of the case
/// end with it.
pub(crate) fn isolated<F: FnOnce()>(case: F) {
    if std::env::var_os(INSIDE).is_some() {
        prepare();
        case();
        return;
    }
    let name = type_name::<F>();
    let name = name.split_once("::").map_or(name, |(_, path)| path);
    let name = name.split("::{{").next().unwrap_or(name);
    let Some(unshare) = unshare() else {
        skip(&format!("{name}: needs `unshare` and the right to make network namespaces"));
        return;
    };
    let log = tempfile::NamedTempFile::new().expect("a file for the output");
    let output = || Stdio::from(log.as_file().try_clone().expect("the file can be shared"));
    let mut child = Command::new("unshare")
        .args(unshare)
        .arg(std::env::current_exe().expect("this program has a path"))
        .args([name, "--exact", "--nocapture", "--include-ignored", "--test-threads=1"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .stdout(output())
        .stderr(output())
        .spawn()
        .expect("unshare runs");
    let end = Instant::now() + LONGEST;
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            break Some(status);
        }
        if Instant::now() > end {
            child.kill().expect("the child can be killed");
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let output = String::from_utf8_lossy(&std::fs::read(log.path()).expect("the output can be read")).into_owned();
    let passed = status.is_some_and(|status| status.success()) && output.contains("1 passed");
    assert!(passed, "{name}: {}\n{output}", status.map_or("takes too long".into(), |status| status.to_string()));
    print!("{output}");
}

/// Reports that something is not tested here. Fails where all has to be tested.
pub(crate) fn skip(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "skipped, though CI=true: {what}");
    // Not by a macro, whose output the test harness keeps to itself.
    let _ = writeln!(std::io::stderr(), "SKIPPED {what}");
}

/// Returns the arguments with which `unshare` works here, if it does.
fn unshare() -> Option<&'static [&'static str]> {
    const NAMESPACES: [&str; 6] = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    // Without root, a user namespace gives the rights.
    const USER: [&str; 7] = ["--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    static WORKS: OnceLock<Option<&'static [&'static str]>> = OnceLock::new();
    let works = |arguments: &[&str]| {
        let mut probe = Command::new("unshare");
        probe.args(arguments).args(["ip", "link", "set", "lo", "up"]).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    *WORKS.get_or_init(|| {
        if works(&NAMESPACES) {
            Some(&NAMESPACES)
        } else if works(&USER) {
            Some(&USER)
        } else {
            None
        }
    })
}

/// Makes the loopback interface work, and gives it names.
fn prepare() {
    run(Command::new("ip").args(["link", "set", "lo", "up"]));
    let mut file = tempfile::Builder::new().prefix("hosts").tempfile().expect("a file for the names");
    file.write_all(HOSTS.as_bytes()).expect("the names can be written");
    let (_, path) = file.keep().expect("the file can be kept");
    run(Command::new("mount").arg("--bind").arg(&path).arg("/etc/hosts"));
    let _ = std::fs::remove_file(path);
}

/// Runs a command that has to succeed.
fn run(command: &mut Command) {
    let status = command.status().expect("the command is installed");
    assert!(status.success(), "{command:?}: {status}");
}
