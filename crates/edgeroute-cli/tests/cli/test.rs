//! End-to-end tests of `edgeroute test`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Output};
use std::time::{Duration, Instant};

use crate::command::{run, start, stderr, stdout};

fn texts(output: &Output) -> (&str, &str) {
    (stdout(output), stderr(output))
}

#[test]
fn the_examples_pass_in_every_language() {
    let output = run(&["test", "examples/cases.yaml", "examples/cases.toml", "examples/cases.json"], "");
    let (stdout, stderr) = texts(&output);
    assert!(stdout.starts_with("examples/cases.yaml\n  pass  raw readings go to the filter\n"), "{stdout}");
    assert!(stdout.ends_with("\n11 cases, 11 passed, 0 failed\n"), "{stdout}");
    assert_eq!((stderr, output.status.code()), ("", Some(0)));
}

#[test]
fn a_case_that_fails_shows_the_difference_and_why() {
    let output = run(&["test", "tests/cases/failing.yaml"], "");
    assert_eq!(texts(&output), (include_str!("../../../../tests/cases/failing.txt"), ""));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn json_has_the_differences_and_the_explanations() {
    let output = run(&["test", "--format", "json", "tests/cases/failing.yaml"], "");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["cases"], &report["failed"]), (&4.into(), &3.into()));
    let cases = report["files"][0]["cases"].as_array().unwrap();
    let brief = |index: usize| (cases[index]["name"].as_str().unwrap(), cases[index]["result"].as_str().unwrap());
    assert_eq!(brief(0), ("hot readings go to the cloud first", "failed"));
    assert_eq!(brief(3), ("case 4", "passed"));
    let different = &cases[0]["failure"]["different"][0];
    assert_eq!((&different["expected"]["priority"], &different["delivered"]["priority"]), (&0.into(), &2.into()));
    assert_eq!(cases[1]["failure"]["missing"].as_array().unwrap().len(), 2);
    assert_eq!(cases[1]["line"], 10);
    assert_eq!(cases[2]["failure"]["surplus"][0]["route"], "leafTelemetryUpstream");
    assert_eq!(cases[2]["failure"]["explanation"]["source"], "/messages");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn junit_has_a_suite_for_each_file() {
    let output = run(&["test", "--format", "junit", "tests/cases/failing.yaml", "examples/cases.toml"], "");
    let (stdout, _) = texts(&output);
    let lines: Vec<&str> = stdout.lines().map(str::trim).collect();
    assert_eq!(lines[1], r#"<testsuites name="edgeroute" tests="6" failures="3" errors="0">"#);
    assert_eq!(lines[2], r#"<testsuite name="tests/cases/failing.yaml" tests="4" failures="3" errors="0">"#);
    assert!(stdout.contains("&gt;= 80 INTO $upstream"), "{stdout}");
    assert!(lines.contains(&r#"<testcase name="case 4" classname="tests/cases/failing.yaml"/>"#), "{stdout}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("<failure ")).count(), 3);
}

#[test]
fn files_that_cannot_be_run_are_errors_in_the_formats_for_machines() {
    let arguments = ["test", "--manifest", "examples/deployment.json", "-", "examples/cases.toml", "--format"];
    let bad = "cases:\n  - mesage: {}\n    expect: []\n";
    let output = run(&[&arguments[..], &["junit"]].concat(), bad);
    let xml = roxmltree::Document::parse(stdout(&output)).unwrap();
    let root = xml.root_element();
    assert_eq!((root.attribute("tests"), root.attribute("errors")), (Some("3"), Some("1")));
    let errors: Vec<_> = xml.descendants().filter(|node| node.has_tag_name("error")).collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].attribute("message"), Some("error: unknown key `mesage`"));
    assert!(errors[0].text().unwrap().contains("<stdin>:2:5"));
    assert_eq!(output.status.code(), Some(2));
    let output = run(&[&arguments[..], &["json"]].concat(), bad);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["cases"], &report["unusable"][0]["file"]), (&2.into(), &"<stdin>".into()));
    assert!(report["unusable"][0]["message"].as_str().unwrap().starts_with("error: unknown key `mesage`"));
}

#[test]
fn a_filter_selects_cases_by_their_name() {
    let filtered = |filter: &str| run(&["test", "--filter", filter, "examples/cases.yaml", "examples/cases.toml"], "");
    let output = filtered("raw readings");
    assert_eq!(
        texts(&output),
        (
            "examples/cases.yaml\n  pass  raw readings go to the filter\nexamples/cases.toml\n\
             1 case, 1 passed, 0 failed, 8 filtered out\n",
            ""
        )
    );
    assert_eq!(output.status.code(), Some(0));
    let output = filtered("nothing");
    assert_eq!(stderr(&output), "edgeroute: no case has `nothing` in its name\n");
    assert_eq!(output.status.code(), Some(2));
    let json = run(&["test", "--filter", "raw", "--format", "json", "examples/cases.yaml"], "");
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(report["filteredOut"].as_u64() > Some(0), "{report}");
}

#[test]
fn cases_come_from_standard_input_and_the_manifest_from_the_command_line() {
    let arguments = ["test", "--manifest", "examples/deployment.json", "-"];
    let yaml = run(&arguments, "cases:\n  - message: {origin: {device: leaf-7}}\n    expect: [$upstream]\n");
    assert_eq!(texts(&yaml), ("<stdin>\n  pass  case 1\n1 case, 1 passed, 0 failed\n", ""));
    let json = run(&arguments, r#"{"cases": [{"message": {"origin": {"device": "leaf-7"}}, "expect": []}]}"#);
    assert_eq!(json.status.code(), Some(1), "{:?}", texts(&json));
    let toml = run(
        &["test", "--language", "toml", "--manifest", "examples/deployment.json", "-"],
        "[[cases]]\nmessage = {origin.device = 'leaf-7'}\nexpect = ['$upstream']\n",
    );
    assert_eq!(toml.status.code(), Some(0), "{:?}", texts(&toml));
}

#[test]
fn what_cannot_be_used_is_reported_with_its_place_and_the_other_files_run() {
    let bad = run(
        &["test", "--manifest", "examples/deployment.json", "-", "examples/cases.toml"],
        "cases:\n  - mesage: {}\n    expect: []\n  - message: {}\n    expects: []\n",
    );
    let (stdout, stderr) = texts(&bad);
    assert!(stdout.ends_with("2 cases, 2 passed, 0 failed\n"), "{stdout}");
    assert_eq!(
        stderr,
        "\
error: unknown key `mesage`
 --> <stdin>:2:5
  |
2 |   - mesage: {}
  |     ^^^^^^
  = help: did you mean `message`?

error: unknown key `expects`
 --> <stdin>:5:5
  |
5 |     expects: []
  |     ^^^^^^^
  = help: did you mean `expect`?

"
    );
    assert_eq!(bad.status.code(), Some(2));
    for (arguments, input, expected) in [
        (&["test", "-"][..], "cases: []", "<stdin>: no manifest: set `manifest` in the file or pass --manifest\n"),
        (&["test", "-"], "manifest: none.json\ncases: []", "edgeroute: none.json: "),
        (&["test", "none.yaml"], "", "edgeroute: none.yaml: "),
        (&["test", "-", "--manifest", "-"], "", "edgeroute: standard input can be given only once\n"),
        (&["test", "--watch", "-"], "", "edgeroute: standard input cannot be watched\n"),
    ] {
        let output = run(arguments, input);
        let (stdout, stderr) = texts(&output);
        assert!(stderr.starts_with(expected), "{stderr}");
        assert_eq!((stdout, output.status.code()), ("", Some(2)));
    }
}

#[test]
fn a_manifest_with_problems_is_not_run_unless_they_are_to_be_skipped() {
    let directory = tempfile::tempdir().unwrap();
    let manifest = directory.path().join("manifest.json");
    let routes = r#"{"all": "FROM /messages/* INTO $upstream", "bad": "FROM /messages/* INTO $upsteam"}"#;
    let json = format!(r#"{{"schemaVersion": "1.1", "routes": {routes}, "storeAndForwardConfiguration": {{}}}}"#);
    fs::write(&manifest, json).unwrap();
    let arguments = ["test", "--manifest", manifest.to_str().unwrap(), "-"];
    let cases = "cases:\n  - message: {origin: {device: d}}\n    expect: [$upstream]\n";
    let refused = run(&arguments, cases);
    let (stdout, stderr) = texts(&refused);
    assert!(
        stderr.contains("did you mean $upstream?") && stderr.ends_with("<stdin>: tests were not run\n"),
        "{stderr}"
    );
    assert_eq!((stdout, refused.status.code()), ("", Some(2)));
    let skipped = run(&[&arguments[..], &["--skip-bad-routes"]].concat(), cases);
    assert_eq!(skipped.status.code(), Some(0), "{:?}", texts(&skipped));
}

#[test]
fn hostile_cases_are_refused_in_no_time() {
    let mut bomb = String::from("manifest: m.json\nx0: &x0 lol\n");
    for level in 1..40 {
        let aliases = vec![format!("*x{}", level - 1); 9].join(", ");
        bomb = format!("{bomb}x{level}: &x{level} [{aliases}]\n");
    }
    let deep = format!("cases: {}", "[".repeat(200_000));
    let long_key = format!("? {}\n: x", "k".repeat(1 << 20));
    let start = Instant::now();
    for (text, expected) in [
        (bomb.as_str(), "with its aliases written out, the document is larger than 64 MiB"),
        (&deep, "recursion limit exceeded"),
        (&long_key, "unknown key `kkkk"),
        (&format!("{{\"cases\": {}", "[".repeat(200_000)), "the text ends while parsing a list"),
    ] {
        let output = run(&["test", "-"], text);
        let (_, stderr) = texts(&output);
        assert!(stderr.contains(expected), "{}", stderr.chars().take(500).collect::<String>());
        assert!(stderr.len() < 3000, "{}", stderr.len());
        assert_eq!(output.status.code(), Some(2));
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

/// A command that runs until it is killed, which happens on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn watching_runs_again_when_a_case_or_the_manifest_changes() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    let manifest = |route: &str| {
        format!(r#"{{"schemaVersion": "1.1", "routes": {{"r": "{route}"}}, "storeAndForwardConfiguration": {{}}}}"#)
    };
    let cases = |expect: &str| {
        format!("manifest: m.json\ncases:\n  - name: c\n    message: {{origin: {{device: d}}}}\n    expect: {expect}\n")
    };
    write("m.json", &manifest("FROM /messages/* INTO $upstream"));
    write("cases.yaml", &cases("[]"));
    let mut running = Running(start(directory.path(), &["test", "--watch", "cases.yaml"]));
    let mut out = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut err = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let mut summary = || loop {
        let line = out.next().unwrap().unwrap();
        if line.starts_with("1 case") {
            return line;
        }
    };
    let mut watching = || {
        while !err.next().unwrap().unwrap().starts_with("watching 2 files") {}
    };
    assert_eq!(summary(), "1 case, 0 passed, 1 failed");
    watching();
    write("cases.yaml", &cases("[$upstream]"));
    assert_eq!(summary(), "1 case, 1 passed, 0 failed");
    watching();
    // Unusable input is reported, and the command waits for a change.
    write("m.json", "{");
    watching();
    write("m.json", &manifest("FROM /twinChangeNotifications INTO $upstream"));
    assert_eq!(summary(), "1 case, 0 passed, 1 failed");
    watching();
}
