//! The live page in a real browser. `page.cjs` drives Chromium against the example `page`.
//!
//! `EDGEROUTE_SCREENSHOTS=DIRECTORY` also takes pictures of the page, to look at them.
#![expect(clippy::expect_used, reason = "a test that cannot run fails")]
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The server. It ends with the test.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(example: &Path) -> Self {
        let mut child = Command::new(example).stdout(Stdio::piped()).spawn().expect("the example runs");
        let mut url = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut url).expect("it prints its address");
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the directory of node's modules, the browser and the example, or what is missing.
fn installed() -> Result<(PathBuf, PathBuf, PathBuf), &'static str> {
    let binary = Path::new(env!("CARGO_BIN_EXE_edgeroute-hub"));
    let directory = binary.parent().expect("a directory");
    let example = directory.join("examples/page");
    if !example.exists() {
        return Err("needs the example: run cargo build -p edgeroute-hub --example page");
    }
    let place = match std::env::var_os("EDGEROUTE_SDKS") {
        Some(place) => PathBuf::from(place),
        None => directory.parent().expect("a target directory").join("acceptance"),
    };
    let modules = place.join("node_modules");
    if !modules.join("playwright-core").exists() {
        return Err("needs playwright-core: run crates/edgeroute-hub/tests/acceptance/install");
    }
    if !Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Err("needs node");
    }
    let browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let browser = browsers.into_iter().map(PathBuf::from).find(|browser| browser.exists());
    Ok((modules, browser.ok_or("needs Chromium")?, example))
}

#[test]
fn the_page_works_in_a_browser() {
    let (modules, browser, example) = match installed() {
        Ok(installed) => installed,
        Err(missing) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "skipped, though CI=true: {missing}");
            // Not by a macro, whose output the test harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "SKIPPED the page in a browser: {missing}");
            return;
        }
    };
    let server = Server::start(&example);
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/page.cjs"));
    command.arg(&server.url).arg(browser).env("NODE_PATH", modules);
    if let Some(directory) = std::env::var_os("EDGEROUTE_SCREENSHOTS") {
        command.arg(directory);
    }
    let output = command.output().expect("node runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.lines().filter(|line| line.starts_with("ok ")).count() >= 13, "{text}");
}
