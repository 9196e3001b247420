//! What was found.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::Result;
use crate::judge::Verdict;
use crate::list::Mutant;

/// Mutants of a part of the library, by what became of them.
#[derive(Default)]
struct Counts {
    unviable: usize,
    caught: usize,
    timed_out: usize,
    unreached: usize,
    missed: usize,
}

pub(crate) fn write(run: &Path, mutants: &[Mutant], verdicts: &BTreeMap<usize, Verdict>) -> Result<()> {
    let (mut results, mut missed) = (String::new(), String::new());
    let mut parts: BTreeMap<String, Counts> = BTreeMap::new();
    for mutant in mutants {
        let Some(verdict) = verdicts.get(&mutant.id) else { continue };
        let (word, by) = match verdict {
            Verdict::Unviable => ("unviable", ""),
            Verdict::Caught(test) => ("caught", test.as_str()),
            Verdict::TimedOut => ("timeout", ""),
            Verdict::Unreached => ("unreached", ""),
            Verdict::Missed => ("missed", ""),
        };
        writeln!(results, "{}", json!({ "id": mutant.id, "name": mutant.name, "verdict": word, "by": by }))?;
        for part in [part(&mutant.file), "sum".to_owned()] {
            let counts = parts.entry(part).or_default();
            *match verdict {
                Verdict::Unviable => &mut counts.unviable,
                Verdict::Caught(_) => &mut counts.caught,
                Verdict::TimedOut => &mut counts.timed_out,
                Verdict::Unreached => &mut counts.unreached,
                Verdict::Missed => &mut counts.missed,
            } += 1;
        }
        if matches!(verdict, Verdict::Missed | Verdict::Unreached) {
            writeln!(missed, "{}", mutant.name)?;
        }
    }
    fs::write(run.join("results.jsonl"), results)?;
    fs::write(run.join("missed.txt"), missed)?;
    println!("\n| | in all | unviable | caught | timeout | no test | missed |\n|---|--:|--:|--:|--:|--:|--:|");
    for (part, Counts { unviable, caught, timed_out, unreached, missed }) in parts {
        let all = unviable + caught + timed_out + unreached + missed;
        println!("| `{part}` | {all} | {unviable} | {caught} | {timed_out} | {unreached} | {missed} |");
    }
    Ok(())
}

/// The module at the top, the scanner of bodies apart.
fn part(file: &str) -> String {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    if path.starts_with("matcher/body") {
        return "matcher/body".to_owned();
    }
    path.split('/').next().unwrap_or(path).to_owned()
}
