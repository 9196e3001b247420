//! End-to-end tests of `edgeroute record`.

use std::fs;

use crate::command::{run, run_in, stderr, stdout};

#[test]
fn recorded_cases_pass() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["deployment.json", "messages.jsonl"] {
        fs::write(directory.path().join(name), edgeroute_testkit::read(&format!("examples/{name}"))).unwrap();
    }
    for exact in [&[][..], &["--exact"]] {
        let arguments = ["record", "deployment.json", "--messages", "messages.jsonl", "-o", "cases.yaml", "--force"];
        let output = run_in(directory.path(), &[&arguments[..], exact].concat(), "");
        assert_eq!(stdout(&output), "");
        assert!(stderr(&output).starts_with("22 messages, "), "{}", stderr(&output));
        assert_eq!(output.status.code(), Some(0));
        let tested = run_in(directory.path(), &["test", "cases.yaml"], "");
        assert!(stdout(&tested).ends_with(" 0 failed\n") && stderr(&tested).is_empty(), "{}", stdout(&tested));
        assert_eq!(tested.status.code(), Some(0));
    }
    // A file is not overwritten, and the recorded deliveries are those of this manifest only.
    let refused = run_in(directory.path(), &["record", "deployment.json", "-o", "cases.yaml"], "{}");
    assert_eq!(stderr(&refused), "edgeroute: cases.yaml: the file exists; replace it with --force\n");
    assert_eq!(refused.status.code(), Some(2));
    let changed = edgeroute_testkit::read("examples/deployment.json")
        .replace("$upstream", "BrokeredEndpoint('/modules/x/inputs/y')");
    fs::write(directory.path().join("deployment.json"), changed).unwrap();
    let tested = run_in(directory.path(), &["test", "cases.yaml"], "");
    assert_eq!(tested.status.code(), Some(1), "{}", stderr(&tested));
}

#[test]
fn identical_messages_become_one_case() {
    let messages = concat!(
        r#"{"origin": {"device": "leaf-7"}, "properties": {"note": "a\u2028\"b\\"}, "body": {"a": [1]}}"#,
        "\n{}\n",
        r#"{"body": {"a": [1]}, "properties": {"note": "a\u2028\"b\\"}, "origin": {"device": "leaf-7"}}"#,
        "\n",
    );
    let output = run(&["record", "-m", "examples/deployment.json"], messages);
    assert_eq!(
        stdout(&output),
        r#"manifest: "examples/deployment.json"
cases:
  - name: "message 1 from /messages"
    message:
      origin: {device: "leaf-7"}
      properties: {"note": "a\u2028\"b\\"}
      body: {"a": [1]}
    expect:
      - "$upstream"
  - name: "message 2 from /messages"
    message: {}
    expect:
      - "$upstream"
"#
    );
    assert_eq!(stderr(&output), "3 messages, 2 cases\n");
}

#[test]
fn messages_that_are_not_valid_are_reported() {
    let output = run(&["record", "-m", "examples/deployment.json"], "{\"orgin\": {}}\n");
    assert!(stdout(&output).ends_with("cases: []\n"), "{}", stdout(&output));
    assert!(stderr(&output).starts_with("<stdin>:1:2: unknown key `orgin`"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}
