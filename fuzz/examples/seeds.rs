//! Writes the seeds of all targets to `fuzz/corpus/` from the conformance vectors: a file for each text. Texts are
//! picked evenly, because a few hundred suffice. A target that generates its input from choices gets random bytes.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The number of texts that are taken from each file of vectors.
const OF_EACH: usize = 200;
/// Which texts feed which targets: file, key, targets.
const SOURCES: [(&str, &str, &[&str]); 5] = [
    ("conditions.jsonl", "condition", &["parse_never_panics", "print_round_trips"]),
    ("targeted.jsonl", "condition", &["parse_never_panics", "print_round_trips"]),
    ("reference_suite.jsonl", "condition", &["parse_never_panics", "print_round_trips"]),
    ("routes.jsonl", "route", &["parse_never_panics", "print_round_trips", "fmt_preserves_meaning"]),
    ("manifests.jsonl", "json", &["manifest_never_panics", "manifest_positions_in_bounds", "fmt_preserves_meaning"]),
];
/// Targets whose input is a sequence of choices.
const OF_CHOICES: [&str; 5] = [
    "tree_agrees_with_interpreter",
    "incremental_agrees_with_fresh_build",
    "explain_agrees_with_match",
    "lints_are_sound",
    "hub_connection",
];

fn main() -> io::Result<()> {
    let fuzz = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let vectors = env::args_os().nth(1).map_or_else(|| fuzz.join("../tests/conformance"), PathBuf::from);
    for (file, key, targets) in SOURCES {
        let texts = texts(&vectors.join(file), key)?;
        let step = texts.len().div_ceil(OF_EACH).max(1);
        for target in targets {
            let directory = fuzz.join("corpus").join(target);
            fs::create_dir_all(&directory)?;
            for (index, text) in texts.iter().enumerate().step_by(step) {
                let name = format!("{}-{index:04}", file.trim_end_matches(".jsonl"));
                fs::write(directory.join(name), text)?;
            }
        }
    }
    bodies(&vectors, &fuzz.join("corpus/body_scanner_agrees_with_serde_json"))?;
    for target in OF_CHOICES {
        let directory = fuzz.join("corpus").join(target);
        fs::create_dir_all(&directory)?;
        for number in 0..OF_EACH {
            fs::write(directory.join(format!("choices-{number:04}")), choices(number))?;
        }
    }
    Ok(())
}

/// Writes the bodies of all messages, each after a byte that chooses the depth limit.
fn bodies(vectors: &Path, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let rows = fs::read_to_string(vectors.join("messages.jsonl"))?;
    for (number, line) in rows.lines().enumerate() {
        let row: Value = serde_json::from_str(line)?;
        let text = |key| row.get(key).and_then(Value::as_str);
        let body = match (text("body"), text("bodyBase64")) {
            (Some(body), _) => body.as_bytes().to_vec(),
            (None, Some(encoded)) => STANDARD.decode(encoded).map_err(io::Error::other)?,
            (None, None) => continue,
        };
        fs::write(directory.join(format!("messages-{number:04}")), [&[0], &body[..]].concat())?;
    }
    Ok(())
}

/// Random bytes that are the same in every run. A longer input makes more routes and messages.
fn choices(number: usize) -> Vec<u8> {
    let mut state = number as u64;
    let bytes = (0..number * 20).map(|_| {
        // Knuth, The Art of Computer Programming, vol. 2, 3.3.4, line 26
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()[7]
    });
    bytes.collect()
}

/// The values under `key` in the rows of a file. A manifest given as JSON is written as text.
fn texts(file: &Path, key: &str) -> io::Result<Vec<String>> {
    let mut texts = Vec::new();
    for line in fs::read_to_string(file)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        match row.get(key) {
            Some(Value::String(text)) => texts.push(text.clone()),
            Some(other) => texts.push(other.to_string()),
            None => {}
        }
    }
    Ok(texts)
}
