//! Mutants where no switch can stand are compiled and tested one by one: the unit tests first, which notice most, and the
//! others where those pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::config::Config;
use crate::judge::Verdict;
use crate::list::Mutant;
use crate::viable::Viability;
use crate::{Folders, Result};

pub(crate) fn judge(
    folders: &Folders,
    config: &Config,
    mutants: &[Mutant],
    viability: &Viability,
) -> Result<BTreeMap<usize, Verdict>> {
    let mut verdicts = BTreeMap::new();
    for mutant in mutants.iter().filter(|mutant| viability.unswitched.contains(&mutant.id)) {
        let original = fs::read_to_string(folders.base.join(&mutant.file))?;
        let (from, to) = (mutant.from.offset(&original), mutant.to.offset(&original));
        let path = folders.alone.join(&mutant.file);
        fs::write(&path, [&original[..from], &mutant.replacement, &original[to..]].concat())?;
        let verdict = verdict(&folders.alone, config)?;
        println!("{}: {verdict:?}", mutant.name);
        verdicts.insert(mutant.id, verdict);
        fs::write(&path, &original)?;
    }
    Ok(verdicts)
}

fn verdict(folder: &Path, config: &Config) -> Result<Verdict> {
    if !cargo(folder, config, &["check", "--lib"])?.status.success() {
        return Ok(Verdict::Unviable);
    }
    let (unit, others): (Vec<&str>, Vec<&str>) =
        config.tests().iter().map(String::as_str).partition(|&test| test == "--lib");
    for tests in [unit, others] {
        let arguments: Vec<&str> = std::iter::once("test").chain(tests).collect();
        let output = cargo(folder, config, &arguments)?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout);
            let failed = text.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
            return Ok(Verdict::Caught(failed.unwrap_or("cargo test").to_owned()));
        }
    }
    Ok(Verdict::Missed)
}

fn cargo(folder: &Path, config: &Config, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new("timeout");
    Ok(command
        .args(["900", "cargo"])
        .args(arguments)
        .args(["--locked", &config.features()])
        .env("RUSTFLAGS", "--cap-lints=allow")
        .env("PROPTEST_RNG_SEED", "1")
        .current_dir(folder)
        .output()?)
}
