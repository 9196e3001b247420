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
    assert!(
        stderr(&output).contains("error: expected `allow`, `warn` or `deny`, found `forbid`"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("edgeroute.toml:2:7"), "{}", stderr(&output));
    assert_eq!((stdout(&output), output.status.code()), ("", Some(2)));
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

#[test]
fn every_command_reports_all_mistakes_of_the_configuration() {
    let directory = directory();
    fs::write(directory.path().join("edgeroute.toml"), "[fmt]\n[lints]\nnever-treu = 'deny'\nself-loop = 3\n").unwrap();
    for command in ["lint", "check", "fmt"] {
        let output = run_in(directory.path(), &[command, "m.json", "m.json"], "");
        let shown = stderr(&output);
        assert_eq!(shown.matches("error: ").count(), 3, "{shown}");
        for part in ["edgeroute.toml:1:2", "edgeroute.toml:3:1", "edgeroute.toml:4:13", "unknown key `fmt`"] {
            assert!(shown.contains(part), "{command}: {shown}");
        }
        assert_eq!((stdout(&output), output.status.code()), ("", Some(2)), "{command}");
    }
    assert_eq!(fs::read_to_string(directory.path().join("m.json")).unwrap(), MANIFEST);
}

#[test]
fn the_configuration_sets_levels_for_files_and_routes() {
    let directory = directory();
    let summary = |config: &str, arguments: &[&str]| {
        fs::write(directory.path().join("edgeroute.toml"), config).unwrap();
        let output = run(directory.path(), &[&["--format", "short", "m.json"], arguments].concat(), "");
        stdout(&output).lines().find(|line| line.contains("2 routes")).unwrap().to_owned()
    };
    let warnings = |number: usize| format!("0 errors, {number} warnings, 2 routes in 1 file");
    assert_eq!(summary("[routes.in.lints]\nsyntax = 'allow'\n", &[]), warnings(2));
    assert_eq!(summary("[routes.up.lints]\nall = 'allow'\n", &[]), "0 errors, 1 warning, 2 routes in 1 file");
    assert_eq!(summary("[routes.up.lints]\nW0101 = 'allow'\n", &["-W", "W0101"]), warnings(2));
    assert_eq!(summary("[files.'*.json'.lints]\nall = 'allow'\n", &[]), warnings(0));
    assert_eq!(summary("[files.'x/*.json'.lints]\nall = 'allow'\n", &[]), warnings(3));
    let both = "[files.'m.json'.lints]\nall = 'allow'\n[routes.in.lints]\nW0108 = 'deny'\n";
    assert_eq!(summary(both, &[]), "1 error, 0 warnings, 2 routes in 1 file");
}

#[test]
fn a_baseline_hides_what_is_known_and_counts_what_is_gone() {
    let directory = directory();
    let path = directory.path().join("m.json");
    let written = run(directory.path(), &["--write-baseline", "known.json", "m.json"], "");
    assert_eq!(stderr(&written), "3 findings written to known.json\n");
    assert_eq!((stdout(&written), written.status.code()), ("0 errors, 0 warnings, 2 routes in 1 file\n", Some(0)));
    let baseline: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(directory.path().join("known.json")).unwrap()).unwrap();
    assert_eq!(
        baseline["findings"][1],
        serde_json::json!({ "file": "m.json", "route": "up", "code": "W0101", "text": "level!", "count": 1 })
    );
    let lint =
        || run(directory.path(), &["--format", "short", "--deny", "all", "--baseline", "known.json", "m.json"], "");
    let output = lint();
    assert_eq!(stdout(&output).lines().nth(1), Some("3 findings in the baseline"), "{}", stdout(&output));
    // Lines may move, and what is fixed is counted; what is new is reported, also if it resembles what is known.
    let moved = MANIFEST.replace('\n', "\n\n").replace("level!=", "level !=");
    fs::write(&path, moved.replace("\"in\": ", "\"to\": ")).unwrap();
    let output = lint();
    assert!(stdout(&output).contains("m.json:7:38: error[W0108]"), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("1 finding in the baseline; 2 of its findings no longer occur"),
        "{}",
        stdout(&output)
    );
    assert_eq!(output.status.code(), Some(1));
    let output = run(directory.path(), &["--baseline", "m.json", "m.json"], "");
    assert!(stderr(&output).contains("m.json: not a baseline: "), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn errors_are_never_in_a_baseline() {
    let directory = tempfile::tempdir().unwrap();
    let manifest = MANIFEST.replace("level!=", "level ==");
    fs::write(directory.path().join("m.json"), manifest).unwrap();
    let output = run(directory.path(), &["--format", "short", "--write-baseline", "known.json", "m.json"], "");
    assert!(stdout(&output).contains("error[E0101]"), "{}", stdout(&output));
    assert_eq!(output.status.code(), Some(1));
    assert!(!fs::read_to_string(directory.path().join("known.json")).unwrap().contains("E0101"));
}

#[test]
fn too_many_warnings_fail() {
    let directory = directory();
    for (most, code) in [("3", 0), ("2", 1), ("0", 1)] {
        let output = run(directory.path(), &["--quiet", "--format", "short", "--max-warnings", most, "m.json"], "");
        assert_eq!(output.status.code(), Some(code), "{most}");
        assert_eq!(stdout(&output).lines().count(), 3, "{}", stdout(&output));
        let expected = format!("there are 3 warnings; the limit --max-warnings is {most}\n");
        assert_eq!(stderr(&output), if code == 0 { "" } else { &expected });
    }
}

#[test]
fn formats_for_services_contain_the_findings() {
    let directory = directory();
    let output = run(directory.path(), &["--format", "github", "m.json", "missing.json"], "");
    let lines: Vec<&str> = stdout(&output).lines().collect();
    assert!(
        lines[0].starts_with(
            "::warning file=m.json,line=3,col=35,endLine=3,endColumn=41,title=W0101::`level!` is read as a single \
             property name (in route `up`)%0Ahelp: "
        ),
        "{}",
        lines[0]
    );
    assert!(lines[3].starts_with("::error file=missing.json::"), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
    let output = run(directory.path(), &["--format", "gitlab", "./m.json"], "");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.as_array().unwrap().len(), 3);
    assert_eq!((&report[0]["location"]["path"], &report[0]["check_name"]), (&"m.json".into(), &"W0101".into()));
}

#[test]
fn the_list_of_lints_has_a_form_for_machines() {
    let output = run(Path::new("."), &["--list", "--format", "json", "--deny", "never-true"], "");
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), edgeroute_analysis::lint::all().count());
    let lint = list.iter().find(|lint| lint["name"] == "never-true").unwrap();
    assert_eq!(
        (&lint["level"], &lint["defaultLevel"], &lint["fixes"]),
        (&"deny".into(), &"warn".into(), &serde_json::Value::Null)
    );
    let output = run(Path::new("."), &["--list", "--format", "sarif"], "");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_comment_in_a_route_turns_lints_off() {
    let directory = tempfile::tempdir().unwrap();
    let manifest =
        MANIFEST.replace("\"FROM /messages/* WHERE", "\"/* edgeroute: allow(syntax, zzz) */ FROM /messages/* WHERE");
    fs::write(directory.path().join("m.json"), manifest).unwrap();
    let output = run(directory.path(), &["--format", "short", "m.json"], "");
    assert!(
        stdout(&output).ends_with("0 errors, 1 warning, 2 routes in 1 file\n1 fixable with --fix\n"),
        "{}",
        stdout(&output)
    );
}
