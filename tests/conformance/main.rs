//! Checks that we answer as the reference engine does; see README.md in this directory.
//!
//! `cargo test --test conformance` reads this directory; `EDGEROUTE_VECTORS=dir` selects another one of the same
//! structure. Every row runs against every engine configuration. A row must agree or differ for a reason listed in
//! `grammar/DEVIATIONS.md`; otherwise the run fails.
//!
//! It has its own `main`, because its output is wanted when it passes, too.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report on standard output is its purpose")]

mod compare;
mod corpus;
mod deviations;
mod engine;
mod front;
mod report;
mod runner_cases;

use std::process::ExitCode;

use crate::corpus::Corpus;
use crate::report::{Report, Tally};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let engines = engine::all();
    if has("--list") {
        for engine in engines.iter().filter(|_| !has("--ignored")) {
            println!("{}: test", engine.name());
        }
        return ExitCode::SUCCESS;
    }
    // Like the usual harness, runs a test if its name contains one of the given words, or if no words are given.
    let words: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let selected: Vec<_> = engines
        .iter()
        .filter(|engine| words.is_empty() || words.iter().any(|word| engine.name().contains(word.as_str())))
        .collect();
    let own = edgeroute_testkit::repository().join("tests/conformance");
    let directory = std::env::var_os("EDGEROUTE_VECTORS").map_or_else(|| own.clone(), Into::into);
    let corpus = match Corpus::read(&directory, &own.join("messages.jsonl")) {
        Ok(corpus) => corpus,
        Err(error) => {
            eprintln!("{}: {error}", directory.display());
            return ExitCode::FAILURE;
        }
    };
    if corpus.files.is_empty() {
        eprintln!("{}: no file ends in .jsonl", directory.display());
        return ExitCode::FAILURE;
    }
    let mut faults = deviations::faults();
    faults.extend(engines.iter().flat_map(|engine| runner_cases::faults(engine.as_ref())));
    let mut report = Report::default();
    for engine in selected {
        println!("\nengine {}", engine.name());
        for file in &corpus.files {
            let mut tally = Tally::default();
            for row in &file.rows {
                let differences = compare::compare(engine.as_ref(), &row.question, &corpus.messages);
                report.row(&mut tally, &file.name, row, &differences);
            }
            println!("{}", tally.line(&file.name));
        }
        report.deviations();
    }
    report.finish();
    let failed = report.disagreements() > 0 || !faults.is_empty();
    for fault in &faults {
        println!("fault of the runner: {fault}");
    }
    let outcome = if failed { "FAILED" } else { "ok" };
    println!("\nconformance: {outcome}, {} rows disagree, {} faults", report.disagreements(), faults.len());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
