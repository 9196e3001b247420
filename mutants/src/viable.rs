//! Weaves all mutants in, and takes out again those that do not compile, until the rest does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::config::Config;
use crate::list::Mutant;
use crate::render::Rendered;
use crate::weave::{self, Form};
use crate::{Folders, Result};

/// What no switch is for.
#[derive(Default)]
pub(crate) struct Viability {
    /// They do not compile.
    pub(crate) unviable: BTreeSet<usize>,
    /// They do not compile with their switch: in constants, or beside it of another type.
    pub(crate) unswitched: BTreeSet<usize>,
}

/// Errors that are of the mutant: types that lack a trait, and the like. Others may be of the switch.
const OF_THE_MUTANT: [&str; 6] = ["E0061", "E0271", "E0277", "E0369", "E0507", "E0599"];
/// A function called where constants are computed.
const NOT_CONSTANT: &str = "E0015";

/// The switches themselves.
const SWITCHES: &str = include_str!("mutation.rs");

#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    #[serde(rename = "message")]
    text: String,
    level: String,
    code: Option<Code>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}

impl Viability {
    fn leaves_out(&self, id: usize) -> bool {
        self.unviable.contains(&id) || self.unswitched.contains(&id)
    }

    fn count(&self) -> usize {
        self.unviable.len() + self.unswitched.len()
    }
}

/// Leaves the woven source behind, which compiles.
pub(crate) fn weave_what_compiles(folders: &Folders, config: &Config, mutants: &[Mutant]) -> Result<Viability> {
    let mut viability = Viability::default();
    // Functions that constants call stay `const`.
    let mut constant = BTreeSet::new();
    loop {
        let files = write(folders, mutants, &mut viability, &constant)?;
        let errors = errors(&folders.woven, config)?;
        if errors.is_empty() {
            return Ok(viability);
        }
        let before = (viability.count(), constant.len());
        let mut others = Vec::new();
        for error in &errors {
            let code = error.code.as_ref().map_or("", |code| &code.code);
            let called = error.text.split('`').nth(1).and_then(|path| path.rsplit("::").next()).unwrap_or_default();
            if code == NOT_CONSTANT && called != "on" {
                constant.insert(called.split('<').next().unwrap_or_default().to_owned());
                continue;
            }
            let of = if OF_THE_MUTANT.contains(&code) { &mut viability.unviable } else { &mut viability.unswitched };
            match blamed(&files, error) {
                Some(ids) => of.extend(ids),
                None => others.push(&error.text),
            }
        }
        if before == (viability.count(), constant.len()) {
            return Err(format!("errors that no mutant is found for: {others:?}").into());
        }
    }
}

/// Writes the library with switches; tests and the like stay as they are.
fn write(
    folders: &Folders,
    mutants: &[Mutant],
    viability: &mut Viability,
    constant: &BTreeSet<String>,
) -> Result<BTreeMap<String, Rendered>> {
    let mut files = BTreeMap::new();
    let mut paths = Vec::new();
    sources(&folders.base.join("src"), &mut paths)?;
    for path in paths {
        let name = path.strip_prefix(&folders.base)?.to_str().ok_or("a path is no text")?.to_owned();
        if name.starts_with("src/bin/") {
            continue;
        }
        let source = fs::read_to_string(&path)?;
        let here = mutants.iter().filter(|mutant| mutant.file == name && !viability.leaves_out(mutant.id));
        let woven = weave::edits(&source, here, constant)?;
        viability.unviable.extend(woven.beside_let);
        // Functions stay `const` where nothing is asked in them.
        let is_empty = woven.edits.iter().all(|edit| matches!(edit.form, Form::Const));
        let mut rendered = Rendered::of(&source, if is_empty { &[] } else { &woven.edits });
        if name == "src/lib.rs" {
            rendered.text.push_str("\n#[allow(warnings, clippy::all)]\npub(crate) mod mutation;\n");
        }
        write_new(&folders.woven.join(&name), &rendered.text)?;
        files.insert(name, rendered);
    }
    let words = mutants.iter().map(|mutant| mutant.id).max().unwrap_or(0) / 64 + 1;
    write_new(&folders.woven.join("src/mutation.rs"), &SWITCHES.replace("[WORDS]", &format!("[{words}]")))?;
    Ok(files)
}

/// Writes what is not there already, so that nothing is compiled again for nothing.
fn write_new(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    Ok(fs::write(path, text)?)
}

fn sources(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}

fn errors(woven: &Path, config: &Config) -> Result<Vec<Finding>> {
    let output = Command::new("cargo")
        .args(["check", "--locked", "--lib", "--message-format=json", &config.features()])
        .env("RUSTFLAGS", "--cap-lints=allow")
        .current_dir(woven)
        .output()?;
    let mut errors = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Line { reason, message } = serde_json::from_str(line)?;
        if let (true, Some(message)) = (reason == "compiler-message", message)
            && message.level == "error"
            && !message.spans.is_empty()
        {
            errors.push(message);
        }
    }
    if errors.is_empty() && !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(errors)
}

/// The mutants whose text an error is in; the main places of an error go before the others.
fn blamed(files: &BTreeMap<String, Rendered>, error: &Finding) -> Option<Vec<usize>> {
    let (main, others): (Vec<&Span>, Vec<&Span>) = error.spans.iter().partition(|span| span.is_primary);
    main.into_iter().chain(others).find_map(|span| {
        let rendered = files.get(&span.file_name)?;
        let has = |start: usize, end: usize| start <= span.byte_start && span.byte_end <= end;
        let own: Vec<usize> =
            rendered.own.iter().filter(|(_, range)| has(range.start, range.end + 1)).map(|(id, _)| *id).collect();
        if !own.is_empty() {
            return Some(own);
        }
        let around = rendered.shared.iter().filter(|(ids, range)| !ids.is_empty() && has(range.start, range.end));
        around.min_by_key(|(_, range)| range.len()).map(|(ids, _)| ids.clone())
    })
}
