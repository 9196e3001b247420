//! The tests: which there are, what each reaches, and how it ends with a mutant.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::config::Config;
use crate::{Folders, Result};

/// Memory of a test, in KiB; more is as good as a failure.
const MEMORY: u64 = 8 << 20;

pub(crate) struct Suite {
    binaries: Vec<PathBuf>,
    folder: PathBuf,
}

/// A test and what it does without mutants.
pub(crate) struct Test {
    /// Which binary has it.
    pub(crate) binary: usize,
    /// None, of a binary that is a test as a whole.
    pub(crate) name: Option<String>,
    pub(crate) reaches: BTreeSet<usize>,
    pub(crate) seconds: f64,
}

#[derive(PartialEq, Eq)]
pub(crate) enum Ending {
    Passed,
    /// What failed.
    Failed(String),
    /// By a limit.
    Stopped,
}

#[derive(Deserialize)]
struct Artifact {
    reason: String,
    executable: Option<PathBuf>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// With or without a mutant.
#[derive(Clone, Copy)]
pub(crate) enum Switch<'p> {
    On(usize),
    Trace(&'p Path),
}

impl Suite {
    pub(crate) fn build(folders: &Folders, config: &Config) -> Result<Self> {
        let output = Command::new("cargo")
            .args(["test", "--locked", "--no-run", "--message-format=json", &config.features()])
            .args(config.tests())
            .env("RUSTFLAGS", "--cap-lints=allow")
            .current_dir(&folders.woven)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err("the tests do not compile".into());
        }
        let mut binaries = Vec::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Artifact { reason, executable, profile } = serde_json::from_str(line)?;
            // A test without the harness of the standard library is compiled for testing, too, and a bench is none.
            if let ("compiler-artifact", Some(executable), Some(Profile { test: true })) =
                (reason.as_str(), executable, profile)
            {
                binaries.push(executable);
            }
        }
        Ok(Self { binaries, folder: folders.woven.clone() })
    }

    /// All tests that pass without mutants, each run by itself.
    pub(crate) fn trace(&self, run: &Path) -> Result<Vec<Test>> {
        let mut tests = Vec::new();
        for (binary, path) in self.binaries.iter().enumerate() {
            let output = Command::new(path).args(["--list", "--format=terse"]).current_dir(&self.folder).output()?;
            let list = String::from_utf8_lossy(&output.stdout).into_owned();
            let mut names: Vec<_> =
                list.lines().filter_map(|line| Some(Some(line.strip_suffix(": test")?.to_owned()))).collect();
            if names.is_empty() {
                names.push(None);
            }
            tests.extend(names.into_iter().map(|name| (binary, name)));
        }
        let found = Mutex::new(Vec::new());
        in_parallel(&tests, |number, (binary, name)| {
            let names: Vec<&str> = name.as_deref().into_iter().collect();
            let trace = run.join(format!("trace-{number}"));
            // What an earlier run has left.
            let _ = fs::remove_file(&trace);
            let passes = self.run(*binary, &names, Switch::Trace(&trace), 600.0) == Ending::Passed;
            let start = Instant::now();
            let passes = passes && self.run(*binary, &names, Switch::On(0), 600.0) == Ending::Passed;
            let seconds = start.elapsed().as_secs_f64();
            let ids = fs::read_to_string(&trace).unwrap_or_default();
            let _ = fs::remove_file(&trace);
            let reaches = ids.lines().filter_map(|id| id.parse().ok()).collect();
            if passes {
                let test = Test { binary: *binary, name: name.clone(), reaches, seconds };
                found.lock().unwrap_or_else(PoisonError::into_inner).push((number, test));
            } else {
                println!("left out, since it fails without mutants: {name:?}");
            }
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(number, _)| *number);
        Ok(found.into_iter().map(|(_, test)| test).collect())
    }

    /// Runs these tests of a binary, all if none is named, until one fails, or for so many seconds of a core.
    pub(crate) fn run(&self, binary: usize, names: &[&str], switch: Switch<'_>, seconds: f64) -> Ending {
        let mut command = Command::new("sh");
        // The limits of the shell are those of what it becomes.
        let limits = format!("ulimit -c 0; ulimit -v {MEMORY}; ulimit -t {}; exec \"$@\"", seconds.ceil());
        command.args(["-c", &limits, "sh"]).arg(&self.binaries[binary]).current_dir(&self.folder);
        if !names.is_empty() {
            command.args(["--exact", "--test-threads=1"]).args(names);
        }
        command.env("CARGO_MANIFEST_DIR", &self.folder).env("RUST_BACKTRACE", "0").env("PROPTEST_RNG_SEED", "1");
        match switch {
            Switch::On(id) => command.env("MUTANT", id.to_string()),
            Switch::Trace(path) => command.env("MUTANT_TRACE", path),
        };
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = child else { return Ending::Failed("it does not start".to_owned()) };
        let (sender, lines) = mpsc::channel();
        let output = child.stdout.take();
        let reader = thread::spawn(move || {
            for line in output.into_iter().flat_map(|output| BufReader::new(output).lines()).map_while(io::Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        // A test that waits for ever takes no time of a core.
        let end = Instant::now() + Duration::from_secs_f64(60.0 + 30.0 * seconds);
        let mut ending = None;
        loop {
            match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(test) = line.strip_suffix(" ... FAILED") {
                        ending = Some(Ending::Failed(test.trim_start_matches("test ").to_owned()));
                        break;
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    ending = Some(Ending::Stopped);
                    break;
                }
            }
        }
        if ending.is_some() {
            // It may have ended meanwhile.
            let _ = child.kill();
        }
        let status = child.wait();
        drop(lines);
        let _ = reader.join();
        ending.unwrap_or_else(|| match status {
            Ok(status) if status.success() => Ending::Passed,
            Ok(status) if is_out_of_time(status) => Ending::Stopped,
            Ok(status) => Ending::Failed(status.to_string()),
            Err(error) => Ending::Failed(error.to_string()),
        })
    }
}

/// Whether the limit of CPU time has ended it.
fn is_out_of_time(status: std::process::ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    const SIGXCPU: i32 = 24;
    const SIGKILL: i32 = 9;
    matches!(status.signal(), Some(SIGXCPU | SIGKILL))
}

/// Does this with all items, as many at a time as there are cores.
pub(crate) fn in_parallel<T: Sync>(items: &[T], work: impl Fn(usize, &T) + Sync) {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(number) else { break };
                    work(number, item);
                }
            });
        }
    });
}
