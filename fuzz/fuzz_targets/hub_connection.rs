//! Checks that a hub answers whatever a client sends on a connection, or ends the connection: in bounded time, with a
//! bounded number of bytes, without a panic, and without a word to or from other clients.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{env, fs, process};

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/edgeroute-hub/tests/connection/scenarios/mod.rs"]
mod scenarios;

/// A hub for all inputs: each leaves it as new.
static RIG: LazyLock<scenarios::Rig> = LazyLock::new(|| scenarios::Rig::new(&directory()));

/// Makes a directory for this process. Nothing runs when the fuzzer ends, so the next process removes it.
fn directory() -> PathBuf {
    let all = env::temp_dir().join("edgeroute-fuzz-hub");
    for other in fs::read_dir(&all).into_iter().flatten().flatten() {
        if !Path::new("/proc").join(other.file_name()).exists() {
            // Another process may be removing it.
            let _ = fs::remove_dir_all(other.path());
        }
    }
    all.join(process::id().to_string())
}

fuzz_target!(|choices: &[u8]| RIG.run(choices));
