//! Runs the commands of `docs/TOUR.md` and compares what they print.
//!
//! A block whose first line is `` ```LANGUAGE FILE `` is written to that file. A `console` block has commands after `$
//! `, which a shell runs. Each command is followed by `? N` if it exits with a code other than 0, and by its output,
//! standard output before standard error. `EDGEROUTE_BLESS=1 cargo test -p edgeroute-cli --test cli tour` updates the page with the current
//! output.
#![cfg(unix)]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The page with the output of its commands, run in `directory`.
fn run(page: &str, directory: &Path) -> String {
    let mut out = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        writeln!(out, "{line}").unwrap();
        let Some(info) = line.strip_prefix("```") else { continue };
        let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match info.split_once(' ') {
            Some((_, file)) => {
                let text = content.iter().fold(String::new(), |text, line| text + line + "\n");
                fs::write(directory.join(file), &text).unwrap();
                out.push_str(&text);
            }
            None if info == "console" => {
                let commands = content.iter().filter_map(|line| line.strip_prefix("$ "));
                commands.for_each(|command| out.push_str(&printed(command, directory)));
            }
            None => content.iter().for_each(|line| writeln!(out, "{line}").unwrap()),
        }
        out.push_str("```\n");
    }
    out
}

/// A command in the form of the page, with its output.
fn printed(command: &str, directory: &Path) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_edgeroute")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), env::var("PATH").unwrap_or_default());
    let output = Command::new("sh").args(["-c", command]).current_dir(directory).env("PATH", path).output().unwrap();
    let code = output.status.code().unwrap();
    let mut out = format!("$ {command}\n");
    if code != 0 {
        writeln!(out, "? {code}").unwrap();
    }
    for bytes in [output.stdout, output.stderr] {
        out.push_str(&String::from_utf8(bytes).unwrap());
    }
    // No line of output may end a block or begin a command.
    assert!(!out.lines().skip(1).any(|line| line.starts_with("```") || line.starts_with("$ ")), "{out}");
    out
}

#[test]
fn the_tour_shows_what_its_commands_print() {
    let path = edgeroute_testkit::repository().join("docs/TOUR.md");
    let page = fs::read_to_string(&path).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let now = run(&page, directory.path());
    if env::var_os("EDGEROUTE_BLESS").is_some() {
        fs::write(&path, &now).unwrap();
    }
    for (number, (shown, printed)) in page.lines().zip(now.lines()).enumerate() {
        assert_eq!(shown, printed, "line {} of docs/TOUR.md", number + 1);
    }
    assert_eq!(page.lines().count(), now.lines().count());
    // The tour must lead from a manifest that a hub rejects to one that passes everything.
    assert!(page.contains("$ edgeroute check deployment.json\n? 1\n") && page.contains("3 cases, 3 passed, 0 failed"));
}

#[test]
fn another_output_or_exit_code_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let page = "```text f.txt\nx\n```\n```console\n$ cat f.txt\n$ cat f.txt >&2; exit 3\nold\n```\nend\n";
    let now = "```text f.txt\nx\n```\n```console\n$ cat f.txt\nx\n$ cat f.txt >&2; exit 3\n? 3\nx\n```\nend\n";
    assert_eq!(run(page, directory.path()), now);
    assert_eq!(run(now, directory.path()), now);
}
