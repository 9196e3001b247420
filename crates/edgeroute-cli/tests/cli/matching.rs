//! End-to-end tests of the command.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::thread;

use edgeroute_testkit::repository;

use crate::command::{run, start, stderr, stdout};

const ONE_ROUTE: &str = r#"{
  "schemaVersion": "1.1",
  "routes": { "hot": { "route": "FROM /messages/* WHERE as_number(t) > 80 INTO $upstream", "priority": 3, "timeToLiveSecs": 60 } },
  "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
}"#;

const TWO_BAD_OF_THREE: &str = r#"{
  "schemaVersion": "1.1",
  "routes": {
    "good": "FROM /messages/* INTO $upstream",
    "typo": "FROM /messages/* WHERE lenght(a) > 3 INTO BrokeredEndpoint(\"/modules/m/inputs/i\")",
    "types": "FROM /messages/* WHERE concat(\"a\", b) = 5 INTO $upstream"
  },
  "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
}"#;

/// A temporary file for one test, removed at its end.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn match_on_the_examples_gives_the_deliveries_beside_them() {
    let output =
        run(&["match", "--manifest", "examples/deployment.json", "--messages", "examples/messages.jsonl"], b"");
    let expected = edgeroute_testkit::read("examples/deliveries.jsonl");
    for (found, expected) in stdout(&output).lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(stdout(&output).lines().count(), expected.lines().count());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn the_readme_shows_what_its_command_prints() {
    let readme = edgeroute_testkit::read("README.md");
    let shown = readme.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let printed = edgeroute_testkit::read("examples/deliveries.jsonl");
    assert!(printed.starts_with(shown) && shown.lines().count() > 2, "{shown}");
}

#[test]
fn match_reads_messages_from_standard_input() {
    let manifest = TemporaryFile::new("stdin.json", ONE_ROUTE.as_bytes());
    let output = run(&["match", "--manifest", manifest.path()], b"{}\r\n\n{\"properties\": {\"t\": \"81\"}}");
    assert_eq!(
        stdout(&output),
        "{\"message\":3,\"endpoint\":\"$upstream\",\"priority\":3,\"timeToLiveSecs\":60,\"effectiveTimeToLiveSecs\":60,\"route\":\"hot\"}\n"
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_bad_line_is_reported_with_its_number_and_the_rest_goes_on() {
    let manifest = TemporaryFile::new("lines.json", ONE_ROUTE.as_bytes());
    let messages =
        b"{\"properties\": {\"t\": 81}}\n\xFF\n{\"properties\": {\"t\": \"82\"}}\n{\"propertes\": {}}\n".as_slice();
    let output = run(&["match", "--manifest", manifest.path()], messages);
    assert_eq!(stdout(&output).lines().count(), 1);
    assert!(stdout(&output).starts_with("{\"message\":3,"));
    let errors: Vec<&str> = stderr(&output).lines().collect();
    assert!(errors[0].starts_with("<stdin>:1:22: expected a string, found the number 81"), "{errors:?}");
    assert!(errors[1].starts_with("<stdin>:2:1: not valid UTF-8"), "{errors:?}");
    assert!(errors[2].starts_with("<stdin>:4:2: unknown key `propertes`; did you mean `properties`?"), "{errors:?}");
    assert!(errors.last().unwrap().contains("3 bad lines"), "{errors:?}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_line_over_the_limit_is_reported_and_read_past() {
    let manifest = TemporaryFile::new("long.json", ONE_ROUTE.as_bytes());
    let mut messages = vec![b'x'; 100 << 20];
    messages.extend_from_slice(b"\n{\"properties\": {\"t\": \"81\"}}\n");
    let output = run(&["match", "--manifest", manifest.path(), "--max-line-bytes", "1000"], messages);
    assert!(stdout(&output).starts_with("{\"message\":2,"), "{}", stdout(&output));
    let error = "<stdin>:1: the line has 104857600 bytes; the limit --max-line-bytes is 1000";
    assert!(stderr(&output).starts_with(error), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let manifest = TemporaryFile::new("pipe.json", ONE_ROUTE.as_bytes());
    let mut child = start(repository(), &["match", "--manifest", manifest.path()]);
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || {
        let line = b"{\"properties\": {\"t\": \"81\"}}\n".repeat(1000);
        while stdin.write_all(&line).is_ok() {}
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!((stderr(&output), output.status.code()), ("", Some(0)));
}

#[test]
fn deliveries_are_written_before_the_next_message_comes() {
    let manifest = TemporaryFile::new("live.json", ONE_ROUTE.as_bytes());
    let mut child = start(repository(), &["match", "--manifest", manifest.path()]);
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for number in 1..4 {
        stdin.write_all(b"{\"properties\": {\"t\": \"81\"}}\n").unwrap();
        assert!(lines.next().unwrap().unwrap().starts_with(&format!("{{\"message\":{number},")));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn match_refuses_a_manifest_with_problems_unless_asked_to_skip_them() {
    let manifest = TemporaryFile::new("skip.json", TWO_BAD_OF_THREE.as_bytes());
    let refused = run(&["match", "--manifest", manifest.path()], b"{}\n");
    assert_eq!((stdout(&refused), refused.status.code()), ("", Some(1)));
    assert!(stderr(&refused).contains("typo") && stderr(&refused).contains("types"), "{}", stderr(&refused));
    let skipped = run(&["match", "--skip-bad-routes", "--manifest", manifest.path()], b"{}\n");
    assert!(stdout(&skipped).contains("\"route\":\"good\""), "{}", stdout(&skipped));
    assert!(stderr(&skipped).contains("left out: `typo`, `types`"), "{}", stderr(&skipped));
    assert_eq!(skipped.status.code(), Some(0));
}

#[test]
fn check_reports_every_problem_of_every_file_with_its_place() {
    let first = TemporaryFile::new("first.json", TWO_BAD_OF_THREE.as_bytes());
    let second = TemporaryFile::new("second.json", b"{\n  \"schemaVersion\": 2\n}");
    let output = run(&["check", first.path(), second.path(), "-"], ONE_ROUTE.as_bytes());
    let report = stdout(&output);
    // The function's name, after an escape in the same string, and the comparison.
    assert!(report.contains(&format!("{}:5:37", first.path())), "{report}");
    assert!(report.contains("did you mean") && report.contains("route `typo`"), "{report}");
    assert!(report.contains(&format!("{}:6:", first.path())) && report.contains("route `types`"), "{report}");
    assert!(report.contains(&format!("{}:2:20", second.path())), "{report}");
    assert!(report.contains("in 3 files"), "{report}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_problem_beside_a_routes_text_does_not_hide_those_in_it() {
    let manifest = TemporaryFile::new(
        "beside.json",
        br#"{"schemaVersion": "1.1", "routes": {
            "a": {"route": "FROM /* WHERE b == 'c' INTO $upstream", "priority": 11},
            "d": "FROM /* INTO upstream"
        }}"#,
    );
    let output = run(&["check", manifest.path()], b"");
    for code in ["E0101", "E0406", "E0402"] {
        assert!(stdout(&output).contains(code), "{code} in {}", stdout(&output));
    }
    assert!(stdout(&output).contains("in route `a`") && stdout(&output).contains("in route `d`"));
    let summary = ", 2 routes in 1 file\n2 fixable with `edgeroute lint --fix`\nfor details, run `edgeroute explain-code E0101 E0301 E0402 E0406`\n";
    assert!(stdout(&output).ends_with(summary), "{}", stdout(&output));
}

#[test]
fn the_example_of_the_readme_is_what_check_says() {
    let readme = edgeroute_testkit::read("README.md");
    let shown = readme.split("```text\n").find(|block| block.starts_with("error[")).unwrap();
    let shown = shown.split("```").next().unwrap();
    let manifest = format!(
        "{{\n  \"schemaVersion\": \"1.1\",\n  \"storeAndForwardConfiguration\": {{}},\n    \"routes\": {{\n{}\n}}}}",
        shown.lines().find_map(|line| line.strip_prefix("5 | ")).unwrap().trim_end_matches(',')
    );
    let output = run(&["check", "-"], manifest.as_bytes());
    let printed = stdout(&output).replace("<stdin>", "deployment.json").replace("upstream\"\n", "upstream\",\n");
    assert!(printed.starts_with(shown), "{printed}");
}

#[test]
fn check_passes_the_example() {
    let output = run(&["check", "examples/deployment.json"], b"");
    assert_eq!((stdout(&output), output.status.code()), ("0 problems, 11 routes in 1 file\n", Some(0)));
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_checked() {
    let binary = TemporaryFile::new("binary.json", b"{\xFF}");
    let output = run(&["check", "no-such-file.json", binary.path(), "-"], TWO_BAD_OF_THREE.as_bytes());
    assert!(stderr(&output).starts_with("error: no-such-file.json: "), "{}", stderr(&output));
    assert!(stderr(&output).contains("not valid UTF-8 at byte 1"), "{}", stderr(&output));
    assert!(stdout(&output).contains("<stdin>:5:"), "{}", stdout(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn control_characters_of_the_input_do_not_reach_the_terminal() {
    let manifest = TemporaryFile::new("control.json", ONE_ROUTE.as_bytes());
    let output = run(&["match", "--manifest", manifest.path()], "{\"\\u001b[2J\": 1}\n".as_bytes());
    assert!(!stderr(&output).contains('\u{1b}'), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn graph_prints_the_structure_as_text_and_dot() {
    let manifest = TemporaryFile::new("graph.json", ONE_ROUTE.as_bytes());
    let path = manifest.0.to_str().unwrap();
    let text = run(&["graph", "--tree", "--manifest", path], b"");
    assert_eq!(text.status.code(), Some(0), "{}", stderr(&text));
    assert_eq!(
        stdout(&text),
        "RouteTable of 1 routes to 1 endpoints\n/MESSAGES/\n  hot -> $upstream: by the term on T, if number T > 80\n"
    );
    let dot = run(&["graph", "--tree", "--format", "dot", "--manifest", path], b"");
    assert!(stdout(&dot).starts_with("digraph routes {"), "{}", stdout(&dot));
    assert!(stdout(&dot).contains(">number T &gt; 80<"), "{}", stdout(&dot));
}

#[test]
fn graph_of_a_manifest_with_problems_reports_them_and_prints_nothing() {
    let output = run(&["graph", "--tree", "--manifest", "-"], TWO_BAD_OF_THREE.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    assert!(stderr(&output).contains("`lenght`"), "{}", stderr(&output));
}

#[test]
fn the_document_of_the_output_shows_what_check_writes() {
    let document = edgeroute_testkit::read("docs/output.md");
    let blocks: Vec<&str> = document.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let output = run(&["check", "--format", "json", "-"], blocks[0].as_bytes());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let shown: serde_json::Value = serde_json::from_str(&blocks[1].replace("deployment.json", "<stdin>")).unwrap();
    let printed: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(printed, shown);
    assert_eq!(stdout(&output).lines().count(), 1);
    // Keys come in the order that the document shows.
    let order = |text: &str| {
        let keys = ["version", "summary", "files", "code", "severity", "message", "location", "route", "help", "fix"];
        keys.map(|key| text.find(&format!("\"{key}\":")).unwrap())
    };
    assert!(order(stdout(&output)).is_sorted() && order(blocks[1]).is_sorted());
}

#[test]
fn check_writes_a_line_for_each_problem() {
    let output = run(&["check", "--format", "short", "-"], TWO_BAD_OF_THREE.as_bytes());
    let lines: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines[0], "<stdin>:5:37: error[E0202]: unknown function `lenght` (in route `typo`)");
    assert_eq!(lines[2], "2 problems, 3 routes in 1 file");
    assert_eq!(lines[3], "1 fixable with `edgeroute lint --fix --unsafe-fixes`");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn check_writes_sarif_also_of_files_that_cannot_be_read() {
    let output = run(&["check", "--format", "sarif", "-", "no-such-file.json"], TWO_BAD_OF_THREE.as_bytes());
    let log: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 2);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert!(stderr(&output).starts_with("error: no-such-file.json: "), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn colours_are_used_when_asked_for_and_not_in_a_pipe() {
    for (when, coloured) in [("auto", false), ("always", true), ("never", false)] {
        let output = run(&["check", "--color", when, "-"], TWO_BAD_OF_THREE.as_bytes());
        assert_eq!(stdout(&output).contains('\u{1b}'), coloured, "{when}");
    }
}

#[test]
fn a_manifest_of_one_long_line_is_shown_in_part() {
    let long = "x".repeat(1_000_000);
    let manifest = format!(
        "{{\"schemaVersion\":\"1.1\",\"storeAndForwardConfiguration\":{{}},\"{long}\":0,\"routes\":{{\
         \"a\":\"FROM /* WHERE b > 1 and {long}(c) and \u{202e}\u{200b}() INTO $upstream\"}},\"{long}\":1}}"
    );
    let place = format!("<stdin>:1:{}", manifest.find("> 1").unwrap() + 1);
    for format in ["text", "short"] {
        let output = run(&["check", "--format", format, "-"], manifest.as_bytes());
        let shown = stdout(&output);
        assert!(shown.contains(&place), "{shown}");
        assert!(shown.len() < 5_000, "{}", shown.len());
        assert!(!shown.contains(['\u{202e}', '\u{200b}']) && shown.contains("<U+202E><U+200B>"), "{shown}");
        assert_eq!(output.status.code(), Some(1));
    }
}
