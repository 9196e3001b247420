//! End-to-end tests of `edgeroute lint`.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::command::{run_in, stderr, stdout};

/// Two findings with fixes that keep the meaning, one with a fix that changes it; escapes and layout of several kinds.
const MANIFEST: &str = r#"{ "schemaVersion": "1.0",
  "routes": {
    "up": "FROM /messages/* WHERE level!=\u0027low\u0027 INTO $upstream ; \u00e9",
    "in":   "FROM /messages/modules/a* INTO BrokeredEndpoint(\"\/modules/b\/inputs/in\")"
  }, "storeAndForwardConfiguration": {"timeToLiveSecs": 7200 , "_more": [1.50]} }
"#;

fn run(directory: &Path, arguments: &[&str], input: &str) -> Output {
    run_in(directory, &[&["lint"][..], arguments].concat(), input)
}

/// A directory that contains the manifest as `m.json`.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("m.json"), MANIFEST).unwrap();
    directory
}

#[test]
fn findings_are_warnings_until_they_are_denied() {
    let directory = directory();
    let output = run(directory.path(), &["--format", "short", "m.json"], "");
    assert_eq!(
        stdout(&output),
        "m.json:3:35: warning[W0101]: `level!` is read as a single property name (in route `up`)\n\
         m.json:3:73: warning[W0105]: text after the sink is ignored (in route `up`)\n\
         m.json:4:38: warning[W0108]: `a*` matches only `a`, not every name that starts with it (in route `in`)\n\
         0 errors, 3 warnings, 2 routes in 1 file\n\
         2 fixable with --fix, 1 more with --unsafe-fixes\n"
    );
    assert_eq!(output.status.code(), Some(0));
    let output = run(directory.path(), &["--format", "short", "--deny", "glued-operator", "m.json"], "");
    assert!(stdout(&output).contains("m.json:3:35: error[W0101]"), "{}", stdout(&output));
    assert!(stdout(&output).contains("1 error, 2 warnings, 2 routes in 1 file\n"), "{}", stdout(&output));
    assert_eq!(output.status.code(), Some(1));
    let output = run(directory.path(), &["--allow", "syntax", "-D", "warnings", "m.json"], "");
    assert_eq!((stdout(&output), output.status.code()), ("0 errors, 0 warnings, 2 routes in 1 file\n", Some(0)));
}

#[test]
fn a_file_beside_the_manifest_sets_levels_and_the_command_line_has_the_last_word() {
    let directory = directory();
    fs::write(directory.path().join("edgeroute.toml"), "[lints]\nsyntax = \"deny\"\nW0108 = \"allow\"\n").unwrap();
    let output = run(directory.path(), &["--format", "short", "m.json"], "");
    assert!(stdout(&output).contains("2 errors, 0 warnings, 2 routes in 1 file\n"), "{}", stdout(&output));
    let output = run(directory.path(), &["--format", "short", "-W", "syntax", "m.json"], "");
    assert!(stdout(&output).contains("0 errors, 2 warnings, 2 routes in 1 file\n"), "{}", stdout(&output));
    fs::write(directory.path().join("other.toml"), "").unwrap();
    let output = run(directory.path(), &["--format", "short", "--config", "other.toml", "m.json"], "");
    assert!(stdout(&output).contains("0 errors, 3 warnings, 2 routes in 1 file\n"), "{}", stdout(&output));
}

#[test]
fn what_cannot_be_used_is_said_and_gives_two() {
    let directory = directory();
    let output = run(directory.path(), &["--deny", "glued-operators", "m.json"], "");
    assert!(stderr(&output).contains("unknown lint `glued-operators`, did you mean `glued-operator`?"));
    assert_eq!(output.status.code(), Some(2));
    fs::write(directory.path().join("edgeroute.toml"), "[lints]\nall = \"forbid\"\n").unwrap();
    let output = run(directory.path(), &["m.json"], "");
    assert!(stderr(&output).contains("edgeroute.toml: [lints]: expected `allow`, `warn` or `deny`, found `forbid`"));
    assert_eq!(output.status.code(), Some(2));
    let output = run(directory.path(), &["--config", "missing.toml", "missing.json"], "");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn fixes_change_what_they_fix_and_no_other_byte() {
    let directory = directory();
    let path = directory.path().join("m.json");
    let output = run(directory.path(), &["--fix", "--format", "short", "m.json"], "");
    let summary =
        "0 errors, 1 warning, 2 routes in 1 file\n2 fixes were applied\n1 fixable with --fix --unsafe-fixes\n";
    assert!(stdout(&output).ends_with(summary), "{}", stdout(&output));
    let kept = MANIFEST.replace("$upstream ; \\u00e9\"", "$upstream\"").replace("modules/a* INTO", "modules/a/* INTO");
    assert_eq!(fs::read_to_string(&path).unwrap(), kept);
    let output = run(directory.path(), &["--fix", "--unsafe-fixes", "--format", "short", "m.json"], "");
    assert!(stdout(&output).ends_with("0 errors, 0 warnings, 2 routes in 1 file\n1 fix was applied\n"));
    assert_eq!(fs::read_to_string(&path).unwrap(), kept.replace("level!=", "level !="));
}

#[test]
fn standard_input_is_fixed_to_standard_output() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), &["--fix", "-"], MANIFEST);
    assert!(stdout(&output).starts_with("{ \"schemaVersion\": \"1.0\",") && !stdout(&output).contains("00e9"));
    assert!(stderr(&output).contains("<stdin>:3:35: warning[W0101]"), "{}", stderr(&output));
}

#[test]
fn lints_are_listed_with_the_levels_that_they_have() {
    let directory = directory();
    let output = run(directory.path(), &["--list", "--deny", "never-true"], "");
    let shown = stdout(&output);
    assert!(shown.contains("  W0201  deny   never-true "), "{shown}");
    assert!(shown.contains("  W0311  allow  unserved-leaf-devices "), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.starts_with("  W")).count(), edgeroute_analysis::lint::all().count());
}
