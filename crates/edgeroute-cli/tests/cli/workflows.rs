//! Tests of the files that run the command in other tools: hooks of pre-commit, and the action for GitHub.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::command::{run, run_in, stdout};

/// The values of a key in YAML, without what is around them.
fn values<'t>(yaml: &'t str, key: &str) -> Vec<&'t str> {
    let prefix = format!("{key}: ");
    yaml.lines().filter_map(|line| line.trim_start_matches(['-', ' ']).strip_prefix(&prefix)).collect()
}

/// Checks that a command has the options that are among its arguments.
fn assert_has_options(command: &str, arguments: &[&str]) {
    let output = run(&[command, "--help"], "");
    assert!(output.status.success(), "{command}");
    for option in arguments.iter().filter(|argument| argument.starts_with("--")) {
        assert!(
            stdout(&output).contains(&format!("{option} ")) || stdout(&output).contains(&format!("{option}\n")),
            "{option}"
        );
    }
}

/// A directory with a manifest that is valid, but has a warning and is not formatted.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let routes = r#"{"up": "FROM /messages/* where a!='b' INTO $upstream"}"#;
    let text = format!(r#"{{"schemaVersion": "1.1", "routes": {routes}, "storeAndForwardConfiguration": {{}}}}"#);
    fs::write(directory.path().join("deployment.json"), text).unwrap();
    directory
}

#[test]
fn hooks_run_commands_that_exist() {
    let hooks = edgeroute_testkit::read(".pre-commit-hooks.yaml");
    assert_eq!(values(&hooks, "id"), ["edgeroute-check", "edgeroute-lint", "edgeroute-fmt"]);
    let entries = values(&hooks, "entry");
    assert_eq!(entries.len(), 3);
    for entry in entries {
        let words: Vec<&str> = entry.split(' ').collect();
        assert!(edgeroute_testkit::repository().join(words[0]).is_file(), "{entry}");
        assert_has_options(words[1], &words[2..]);
        let output = run_in(directory().path(), &[&words[1..], &["deployment.json"]].concat(), "");
        assert_ne!(output.status.code(), Some(2), "{entry}");
    }
}

/// Runs the last step of the action.
#[cfg(unix)]
fn run_action(command: &str, arguments: &str) -> Output {
    let action = edgeroute_testkit::read("action.yml");
    let (_, script) = action.rsplit_once("run: |\n").unwrap();
    let temp = directory();
    let bin = temp.path().join("edgeroute/bin");
    fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_edgeroute"), bin.join("edgeroute")).unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-eo", "pipefail", "-c", script]).current_dir(temp.path());
    shell.env("RUNNER_TEMP", temp.path()).env("COMMAND", command).env("ARGS", arguments);
    shell.env("FILES", "deployment.json\n").output().unwrap()
}

#[cfg(unix)]
#[test]
fn the_action_runs_commands_that_exist() {
    let action = edgeroute_testkit::read("action.yml");
    assert_eq!(values(&action, "default"), [".", "lint", "\"\""]);
    for (command, arguments, code) in [
        ("lint", "--allow all", 0),
        ("check", "", 0),
        ("fmt", "", 1),
        ("graph; true", "", 2),
        ("lint", "$(touch x) --no-such-option", 2),
    ] {
        let output = run_action(command, arguments);
        assert_eq!(output.status.code(), Some(code), "{command} {arguments}: {output:?}");
    }
    let output = run_action("lint", "");
    assert!(stdout(&output).lines().all(|line| line.starts_with("::warning file=deployment.json,line=")));
    assert!(!stdout(&output).is_empty());
}
